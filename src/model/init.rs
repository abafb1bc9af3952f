//! How a part's weights start, as a configuration writes it.

use serde::{Deserialize, Serialize};

use crate::autograd::Init;
use crate::error::{Error, Result};

/// An initialiser as text: `glorot`, `normal(0.05)` or `truncated-normal(0.05)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InitConfig(pub Init);

impl TryFrom<String> for InitConfig {
    type Error = Error;

    fn try_from(text: String) -> Result<InitConfig> {
        let deviation = |name: &str| {
            let inner = text
                .strip_prefix(name)?
                .strip_prefix('(')?
                .strip_suffix(')')?;
            inner
                .parse::<f32>()
                .ok()
                .filter(|d| d.is_finite() && *d > 0.0)
        };
        let init = if text == "glorot" {
            Init::GlorotUniform
        } else if let Some(deviation) = deviation("normal") {
            Init::Normal { deviation }
        } else if let Some(deviation) = deviation("truncated-normal") {
            Init::TruncatedNormal { deviation }
        } else {
            let what =
                format!("expected glorot, normal(0.05) or truncated-normal(0.05), got `{text}`");
            return Err(Error::config("init", what));
        };
        Ok(InitConfig(init))
    }
}

impl From<InitConfig> for String {
    fn from(init: InitConfig) -> String {
        match init.0 {
            Init::GlorotUniform => "glorot".into(),
            Init::Normal { deviation } => format!("normal({deviation})"),
            Init::TruncatedNormal { deviation } => format!("truncated-normal({deviation})"),
            Init::Constant(value) => format!("constant({value})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initialisers_read_as_they_are_written() {
        for text in ["glorot", "normal(0.05)", "truncated-normal(0.001)"] {
            let init = InitConfig::try_from(text.to_owned()).unwrap();
            assert_eq!(String::from(init), text);
        }
        for text in [
            "",
            "normal",
            "normal()",
            "normal(-1)",
            "normal(inf)",
            "xavier",
        ] {
            assert!(InitConfig::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
