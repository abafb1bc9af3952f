//! One raw value becomes codes or a number. Training, evaluation, prediction and serving all come through here.

use crate::data::schema::{Encoding, Field, FieldKind};
use crate::data::vocab::UNKNOWN;
use crate::error::{Error, Result};

/// What a raw value became.
#[derive(Debug, Clone, PartialEq)]
pub enum Encoded {
    /// A categorical value: its code, 0 for unknown or missing.
    Code(u32),
    /// A multi-valued one: the code of each value, 0 for an unknown one. Never empty: a missing list is one 0.
    Codes(Vec<u32>),
    /// A number, transformed; NaN when it is missing.
    Number(f32),
}

impl Encoded {
    /// The codes of a categorical or multi-valued value; none for a number.
    pub fn codes(&self) -> &[u32] {
        match self {
            Encoded::Code(code) => std::slice::from_ref(code),
            Encoded::Codes(codes) => codes,
            Encoded::Number(_) => &[],
        }
    }
}

impl Field {
    /// Encodes one raw text, and says whether it (or one of several values) is unknown to the vocabulary.
    /// The empty text is missing, which is not the same as unknown although both have code 0.
    ///
    /// # Errors
    /// When a number is expected and the text is not a finite one; the message names the column and the text.
    pub fn encode_text(&self, text: &str) -> Result<(Encoded, bool)> {
        let vocabulary = match &self.encoding {
            Encoding::Vocabulary(vocabulary) => vocabulary,
            &Encoding::MinMax { min, max } => {
                let number = parse_number(&self.name, text)?;
                return Ok((Encoded::Number(min_max(number, min, max)), false));
            }
        };
        if self.kind != FieldKind::MultiValued {
            let code = vocabulary.code(text);
            return Ok((Encoded::Code(code), code == UNKNOWN && !text.is_empty()));
        }
        let mut codes: Vec<u32> = values(text).map(|v| vocabulary.code(v)).collect();
        let unknown = codes.contains(&UNKNOWN);
        if codes.is_empty() {
            codes.push(UNKNOWN);
        }
        Ok((Encoded::Codes(codes), unknown))
    }
}

/// The single values of a multi-valued text: `a|b` is a and b; empty ones do not count.
pub(crate) fn values(text: &str) -> impl Iterator<Item = &str> {
    text.split('|').filter(|value| !value.is_empty())
}

/// A number from text, NaN when the text is empty (missing). Space around it does not matter.
///
/// # Errors
/// When the text is anything else than a finite number.
pub(crate) fn parse_number(column: &str, text: &str) -> Result<f64> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(f64::NAN);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(Error::Data(format!(
            "column `{column}`: {text:?} is not a finite number (leave it empty when it is missing)"
        ))),
    }
}

/// `(x - min) / (max - min)`, clamped to 0..1; 0 when the bounds are equal; NaN stays NaN.
pub(crate) fn min_max(x: f64, min: f64, max: f64) -> f32 {
    if x.is_nan() {
        return f32::NAN;
    }
    // Halved first: the difference of two large bounds of opposite sign would be infinite.
    let width = max / 2.0 - min / 2.0;
    if width <= 0.0 {
        return 0.0;
    }
    ((x / 2.0 - min / 2.0) / width).clamp(0.0, 1.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::vocab::Vocabulary;
    use proptest::prelude::*;

    fn field(kind: FieldKind, encoding: Encoding) -> Field {
        Field {
            name: "f".into(),
            kind,
            encoding,
        }
    }

    fn vocabulary() -> Encoding {
        Encoding::Vocabulary(Vocabulary::fit([("a", 1), ("b", 1)], 1))
    }

    #[test]
    fn unknown_is_told_and_missing_is_not() {
        let one = field(FieldKind::Categorical, vocabulary());
        assert_eq!(one.encode_text("b").unwrap(), (Encoded::Code(2), false));
        assert_eq!(one.encode_text("c").unwrap(), (Encoded::Code(0), true));
        assert_eq!(one.encode_text("").unwrap(), (Encoded::Code(0), false));
        assert_eq!(one.encode_text("a|b").unwrap(), (Encoded::Code(0), true));
        let many = field(FieldKind::MultiValued, vocabulary());
        let encoded = |text| many.encode_text(text).unwrap();
        assert_eq!(encoded("b|a"), (Encoded::Codes(vec![2, 1]), false));
        assert_eq!(encoded("c|a|"), (Encoded::Codes(vec![0, 1]), true));
        assert_eq!(encoded(""), (Encoded::Codes(vec![0]), false));
        assert_eq!(encoded("|"), (Encoded::Codes(vec![0]), false));
    }

    #[test]
    fn numbers_are_scaled_clamped_and_checked() {
        let number = field(
            FieldKind::Numeric,
            Encoding::MinMax {
                min: 10.0,
                max: 20.0,
            },
        );
        for (text, expected) in [("15", 0.5), (" 10 ", 0.0), ("99", 1.0), ("-1e300", 0.0)] {
            let (encoded, unknown) = number.encode_text(text).unwrap();
            assert_eq!((encoded, unknown), (Encoded::Number(expected), false));
        }
        let (missing, _) = number.encode_text(" ").unwrap();
        assert!(matches!(missing, Encoded::Number(x) if x.is_nan()));
        for text in ["x", "nan", "inf", "1,5"] {
            let error = number.encode_text(text).unwrap_err().to_string();
            assert!(error.contains("`f`") && error.contains(text), "{error}");
        }
        assert_eq!(min_max(7.0, 7.0, 7.0), 0.0);
    }

    proptest! {
        #[test]
        fn a_number_always_lands_in_0_to_1(x: f64, a: f64, b: f64) {
            prop_assume!(x.is_finite() && a.is_finite() && b.is_finite());
            let scaled = min_max(x, a.min(b), a.max(b));
            prop_assert!((0.0..=1.0).contains(&scaled), "{scaled}");
        }
    }
}
