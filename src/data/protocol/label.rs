//! Which rows are positive.

use serde::{Deserialize, Serialize};

use super::condition::Test;
use crate::data::source::columns::ColumnRef;

/// What makes a label of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelRule {
    /// Its raw value is no field: the model would be told what to predict.
    pub column: ColumnRef,
    /// Positive is what passes; without a test the column is 0 or 1 already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<Test>,
}

impl LabelRule {
    /// The label of a raw text.
    ///
    /// # Errors
    /// When the value is missing, or is not what the rule can tell a label from.
    pub fn label(&self, text: &str) -> Result<bool, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("the label is missing".into());
        }
        match &self.positive {
            None => plain(text),
            Some(test) if test.wants_number() && text.parse::<f64>().map_or(true, f64::is_nan) => {
                Err(format!(
                    "the label's value {text:?} is missing or not a number, which `{test}` compares"
                ))
            }
            Some(test) => Ok(test.passes(text)),
        }
    }

    /// The label of a number; NaN is the missing value.
    ///
    /// # Errors
    /// As [`LabelRule::label`].
    pub fn label_of_number(&self, x: f64) -> Result<bool, String> {
        match &self.positive {
            _ if x.is_nan() => Err("the label's value is missing or not a number".into()),
            None => plain(&x.to_string()),
            Some(test) => Ok(test.passes_number(x)),
        }
    }
}

/// A label that needs no rule.
fn plain(text: &str) -> Result<bool, String> {
    match text.parse::<f64>() {
        Ok(1.0) => return Ok(true),
        // libsvm's files say -1 for negative.
        Ok(0.0 | -1.0) => return Ok(false),
        _ => {}
    }
    match text {
        _ if text.eq_ignore_ascii_case("true") => Ok(true),
        _ if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(format!(
            "the label is {text:?}, expected 0 or 1: say what is positive, such as positive = '== \"yes\"' or positive = \">= 4\""
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(positive: Option<&str>) -> LabelRule {
        LabelRule {
            column: ColumnRef::from("y"),
            positive: positive.map(|text| text.parse().unwrap()),
        }
    }

    #[test]
    fn labels_of_texts_and_numbers() {
        let plain = rule(None);
        for (text, label) in [
            ("1", true),
            ("0", false),
            ("1.0", true),
            (" TRUE", true),
            ("-1", false),
        ] {
            assert_eq!(plain.label(text), Ok(label));
        }
        assert!(plain.label("2").unwrap_err().contains("expected 0 or 1"));
        assert!(plain.label("").unwrap_err().contains("missing"));
        let stars = rule(Some(">= 4"));
        assert_eq!((stars.label("4"), stars.label("3")), (Ok(true), Ok(false)));
        assert!(stars.label("many").unwrap_err().contains("not a number"));
        assert_eq!(stars.label_of_number(5.0), Ok(true));
        assert!(stars.label_of_number(f64::NAN).is_err());
        assert_eq!(rule(Some("== yes")).label("no"), Ok(false));
    }
}
