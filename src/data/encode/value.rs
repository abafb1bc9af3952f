//! One raw value becomes codes or a number. Training, evaluation, prediction and serving all come through here.

use std::borrow::Cow;

use super::intern::fingerprint;
use crate::data::protocol::field::{FieldSpec, Transform};
use crate::data::schema::{Encoding, Field, FieldKind};
use crate::data::source::cells::LIST;
use crate::data::vocab::UNKNOWN;

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
    /// When a number or a time is expected and the text is none; the message names the field's column and the text.
    pub fn encode_text(&self, text: &str) -> Result<(Encoded, bool), String> {
        if self.kind == FieldKind::MultiValued {
            let mut codes: Vec<u32> = values(text, self.separator())
                .map(|v| self.code(v))
                .collect();
            let unknown = codes.contains(&UNKNOWN);
            if codes.is_empty() {
                codes.push(UNKNOWN);
            }
            return Ok((Encoded::Codes(codes), unknown));
        }
        if self.spec.collects_numbers() {
            let number = self.spec.number(text)?;
            if self.kind == FieldKind::Numeric {
                return Ok((Encoded::Number(self.transformed(number)), false));
            }
            if let Encoding::Quantiles(bounds) = &self.encoding {
                return Ok((Encoded::Code(bucket(bounds, number)), false));
            }
        }
        let text = self.spec.text(text)?;
        let code = self.code(&text);
        Ok((Encoded::Code(code), code == UNKNOWN && !text.is_empty()))
    }

    /// The code of one prepared value.
    pub(crate) fn code(&self, text: &str) -> u32 {
        match &self.encoding {
            Encoding::Vocabulary(vocabulary) => vocabulary.code(text),
            &Encoding::Buckets(buckets) => bucket_of(text, buckets),
            _ => UNKNOWN,
        }
    }

    /// A number of a numeric field as the model sees it; NaN stays NaN.
    pub(crate) fn transformed(&self, x: f64) -> f32 {
        match self.encoding {
            Encoding::MinMax { min, max } => min_max(x, min, max),
            Encoding::Standard { mean, deviation } => standard(x, mean, deviation),
            _ => plain(self.transform(), x) as f32,
        }
    }
}

impl Field {
    /// The number that [`Field::transformed`] made into `x`, as nearly as `f32` kept it; none where several become one (log2).
    pub(crate) fn untransformed(&self, x: f32) -> Option<f64> {
        let x = f64::from(x);
        match (&self.encoding, self.transform()) {
            (Encoding::MinMax { min, max }, _) => Some(min + x * (max - min)),
            (Encoding::Standard { mean, deviation }, _) => Some(mean + x * deviation),
            (_, Transform::Log) => Some(x.signum() * x.abs().exp_m1()),
            (_, Transform::None) => Some(x),
            _ => None,
        }
    }
}

/// The hash bucket of a text, from 1 on; 0 when it is missing.
pub(crate) fn bucket_of(text: &str, buckets: u32) -> u32 {
    match text.is_empty() {
        true => UNKNOWN,
        false => (fingerprint(text) % u64::from(buckets.max(1))) as u32 + 1,
    }
}

/// Which quantile bucket a number is in, from 1 on; 0 when it is missing.
pub(crate) fn bucket(bounds: &[f64], x: f64) -> u32 {
    match x.is_nan() {
        true => UNKNOWN,
        false => bounds.partition_point(|&bound| bound <= x) as u32 + 1,
    }
}

impl FieldSpec {
    /// The text that is looked up in the field's vocabulary; the raw one where nothing is derived of it.
    ///
    /// # Errors
    /// When it is no time or no number, and the field wants one.
    pub(crate) fn text<'t>(&self, raw: &'t str) -> Result<Cow<'t, str>, String> {
        if let Some(part) = self.part {
            return part
                .text(raw)
                .map(Cow::Owned)
                .map_err(|what| self.blamed(&what));
        }
        if self.transform() == Transform::Log2 {
            let number = self.number(raw)?;
            return Ok(Cow::Owned(match number.is_nan() {
                true => String::new(),
                false => (log2(number) + 0.0).to_string(),
            }));
        }
        Ok(Cow::Borrowed(raw))
    }

    /// Whether the field is fitted to numbers, not to texts.
    pub(crate) fn collects_numbers(&self) -> bool {
        self.kind == FieldKind::Numeric || self.transform() == Transform::Quantile
    }

    /// Whether [`FieldSpec::text`] gives something else than the raw text.
    pub(crate) fn derives(&self) -> bool {
        self.part.is_some()
            || (self.kind == FieldKind::Categorical && self.transform() == Transform::Log2)
    }

    /// The number in a raw text, before its transform; NaN when it is missing.
    ///
    /// # Errors
    /// When the text is anything else than a finite number (or a time, for a part of one).
    pub(crate) fn number(&self, raw: &str) -> Result<f64, String> {
        let of_time = self
            .part
            .map(|part| part.text(raw).map_err(|what| self.blamed(&what)));
        let text = of_time.transpose()?;
        parse_number(text.as_deref().unwrap_or(raw)).map_err(|what| self.blamed(&what))
    }

    /// `what`, with the column that it is said of.
    pub(crate) fn blamed(&self, what: &str) -> String {
        let columns: Vec<String> = self.sources().iter().map(|c| format!("`{c}`")).collect();
        format!("column {}: {what}", columns.join(", "))
    }
}

/// The single values of a multi-valued text: `a|b` is a and b; empty ones do not count. A list that came as one is split as it
/// was.
pub(crate) fn values<'t>(text: &'t str, separator: &'t str) -> impl Iterator<Item = &'t str> {
    let list = text.contains(LIST);
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let parts = if list {
            text.split_once(LIST)
        } else {
            text.split_once(separator)
        };
        let (value, behind) = match parts {
            Some((value, behind)) => (value, Some(behind)),
            None => (text, None),
        };
        rest = behind;
        Some(value.trim())
    })
    .filter(|value| !value.is_empty())
}

/// A number from text, NaN when the text is empty (missing). Space around it does not matter.
///
/// # Errors
/// When the text is anything else than a finite number.
pub(crate) fn parse_number(text: &str) -> Result<f64, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(f64::NAN);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        // What Python and SQL write for a number that is not there.
        Ok(number) if number.is_nan() => Ok(f64::NAN),
        _ => Err(format!(
            "{text:?} is not a finite number (leave it empty when it is missing, or name the text under `missing` in [input])"
        )),
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

/// `(x - mean) / deviation`, clamped to -10..10; 0 without a deviation; NaN stays NaN.
fn standard(x: f64, mean: f64, deviation: f64) -> f32 {
    if x.is_nan() {
        return f32::NAN;
    }
    match deviation > 0.0 {
        true => ((x - mean) / deviation).clamp(-10.0, 10.0) as f32,
        false => 0.0,
    }
}

/// The transforms that have nothing to fit.
fn plain(transform: Transform, x: f64) -> f64 {
    let x = match transform {
        Transform::Log => x.signum() * x.abs().ln_1p(),
        Transform::Log2 => log2(x),
        _ => x,
    };
    // A number that f32 cannot hold is its largest: a NaN out of infinities would end the training.
    if x.is_nan() {
        x
    } else {
        x.clamp(f64::from(f32::MIN), f64::from(f32::MAX))
    }
}

/// `floor(ln(x)^2)` for x > 2, x as it is otherwise.
fn log2(x: f64) -> f64 {
    if x > 2.0 { x.ln().powi(2).floor() } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::vocab::Vocabulary;
    use proptest::prelude::*;

    fn field(kind: FieldKind, encoding: Encoding) -> Field {
        Field {
            spec: FieldSpec::new("f", kind),
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
        let mut many = field(FieldKind::MultiValued, vocabulary());
        let encoded = |many: &Field, text| many.encode_text(text).unwrap();
        assert_eq!(encoded(&many, "b|a"), (Encoded::Codes(vec![2, 1]), false));
        assert_eq!(encoded(&many, "c|a|"), (Encoded::Codes(vec![0, 1]), true));
        assert_eq!(encoded(&many, ""), (Encoded::Codes(vec![0]), false));
        assert_eq!(encoded(&many, "|"), (Encoded::Codes(vec![0]), false));
        assert_eq!(
            encoded(&many, "b\u{1f}a|b"),
            (Encoded::Codes(vec![2, 0]), true)
        );
        many.spec.separator = Some(", ".into());
        assert_eq!(encoded(&many, "b, a"), (Encoded::Codes(vec![2, 1]), false));
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
        for missing in [" ", "nan", "NaN"] {
            let (missing, _) = number.encode_text(missing).unwrap();
            assert!(matches!(missing, Encoded::Number(x) if x.is_nan()));
        }
        for text in ["x", "inf", "1,5", "1e999"] {
            let error = number.encode_text(text).unwrap_err();
            assert!(error.contains("`f`") && error.contains(text), "{error}");
        }
        assert_eq!(min_max(7.0, 7.0, 7.0), 0.0);
    }

    #[test]
    fn every_transform_by_hand() {
        let of = |transform, encoding, x| {
            let mut field = field(FieldKind::Numeric, encoding);
            field.spec.transform = Some(transform);
            field.transformed(x)
        };
        assert_eq!(of(Transform::None, Encoding::Plain, -7.5), -7.5);
        assert_eq!(of(Transform::None, Encoding::Plain, 1e300), f32::MAX);
        assert_eq!(
            of(Transform::Log, Encoding::Plain, std::f64::consts::E - 1.0),
            1.0
        );
        assert_eq!(
            of(Transform::Log, Encoding::Plain, 1.0 - std::f64::consts::E),
            -1.0
        );
        // ln(10)^2 = 5.3.
        assert_eq!(
            [2.0, 10.0, -3.0].map(|x| of(Transform::Log2, Encoding::Plain, x)),
            [2.0, 5.0, -3.0]
        );
        let standard = Encoding::Standard {
            mean: 10.0,
            deviation: 2.0,
        };
        assert_eq!(
            [12.0, 1e9].map(|x| of(Transform::Standard, standard.clone(), x)),
            [1.0, 10.0]
        );
        assert!(of(Transform::Standard, standard, f64::NAN).is_nan());
        assert_eq!(
            [0.5, 1.0, 1.5, 9.0].map(|x| bucket(&[1.0, 2.0], x)),
            [1, 2, 2, 3]
        );
        assert_eq!(bucket(&[1.0], f64::NAN), 0);
    }

    #[test]
    fn buckets_never_change() {
        // XXH3 of 64 bits, as other programs compute it (xxhsum -H3): saved models rely on it.
        assert_eq!(fingerprint("autoint"), 0x7770_9745_cb6b_f55d);
        assert_eq!((bucket_of("", 10), bucket_of("a", 1)), (0, 1));
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
