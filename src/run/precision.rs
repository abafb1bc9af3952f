//! How a run keeps its embedding tables: as they were trained, or in fewer bits.
//!
//! ```text
//! bf16: the nearest number of eight significant bits, see crate::simd::bf16
//! int8: q = round(x / s), s = max |x| / 127 of each row:  a row is q[0..d] and one s
//! ```
//!
//! (one scale a row, as FBGEMM's embedding tables have it: Khudia et al., "FBGEMM", 2021, section 5.) A run is opened into f32 either way, so nothing that
//! uses a model knows of it. Other weights are few and stay as they are.

use serde::{Deserialize, Serialize};

/// How numbers of tables are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tables {
    /// Four bytes a number, as they were trained.
    #[default]
    F32,
    /// Two bytes a number.
    Bf16,
    /// A byte a number, and four a row.
    Int8,
}

impl Tables {
    /// Whether they are as they were trained.
    pub fn is_whole(&self) -> bool {
        *self == Tables::F32
    }
}

/// A row in bytes, and its scale.
pub fn to_int8(row: &[f32]) -> (Vec<i8>, f32) {
    let most = row.iter().fold(0.0f32, |most, x| most.max(x.abs()));
    let scale = most / 127.0;
    let byte = |&x: &f32| match scale > 0.0 {
        true => (x / scale).round().clamp(-127.0, 127.0) as i8,
        false => 0,
    };
    (row.iter().map(byte).collect(), scale)
}

/// The number.
pub fn from_int8(byte: i8, scale: f32) -> f32 {
    f32::from(byte) * scale
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_byte_is_off_by_half_a_scale_at_most(row in prop::collection::vec(-3f32..3.0, 1..40)) {
            let (bytes, scale) = to_int8(&row);
            for (&byte, x) in bytes.iter().zip(&row) {
                prop_assert!((from_int8(byte, scale) - x).abs() <= 0.5001 * scale);
            }
            // Once more changes nothing.
            let read: Vec<f32> = bytes.iter().map(|&byte| from_int8(byte, scale)).collect();
            prop_assert_eq!(to_int8(&read).0, bytes);
        }
    }

    #[test]
    fn a_row_of_zeros_stays_one() {
        assert_eq!(to_int8(&[0.0, -0.0]), (vec![0, 0], 0.0));
    }
}
