//! The columns of the encoded store: numbers of one of four types.

use serde::{Deserialize, Serialize};

/// The type of a column's numbers; little-endian in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DType {
    /// Labels, and codes of fields of up to 256 table rows.
    U8,
    /// Codes of fields of up to 65,536 table rows.
    U16,
    /// Other codes, users, items, starts of lists, row numbers.
    U32,
    /// Numbers, weights, probabilities.
    F32,
}

impl DType {
    /// The narrowest type for codes below `bound`.
    pub fn narrowest(bound: usize) -> DType {
        match bound {
            0..=0x100 => DType::U8,
            0x101..=0x1_0000 => DType::U16,
            _ => DType::U32,
        }
    }

    /// Bytes of one number.
    pub fn size(self) -> usize {
        match self {
            DType::U8 => 1,
            DType::U16 => 2,
            DType::U32 | DType::F32 => 4,
        }
    }
}

/// Codes, all below what `dtype` holds, as they lie in a file (all supported machines are little-endian).
pub(crate) fn packed(dtype: DType, codes: &[u32], bytes: &mut Vec<u8>) {
    bytes.clear();
    match dtype {
        DType::U8 => bytes.extend(codes.iter().map(|&code| code as u8)),
        DType::U16 => bytes.extend(codes.iter().flat_map(|&code| (code as u16).to_le_bytes())),
        DType::U32 | DType::F32 => bytes.extend_from_slice(bytemuck::cast_slice(codes)),
    }
}

/// A column of the store.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum View<'a> {
    U8(&'a [u8]),
    U16(&'a [u16]),
    U32(&'a [u32]),
    F32(&'a [f32]),
}

impl<'a> View<'a> {
    /// `bytes` as numbers. They lie on a multiple of 64 bytes and are whole numbers: the directory of the store was checked.
    pub fn new(dtype: DType, bytes: &'a [u8]) -> View<'a> {
        match dtype {
            DType::U8 => View::U8(bytes),
            DType::U16 => View::U16(bytemuck::cast_slice(bytes)),
            DType::U32 => View::U32(bytemuck::cast_slice(bytes)),
            DType::F32 => View::F32(bytemuck::cast_slice(bytes)),
        }
    }

    /// How many numbers there are.
    pub fn len(self) -> usize {
        match self {
            View::U8(numbers) => numbers.len(),
            View::U16(numbers) => numbers.len(),
            View::U32(numbers) => numbers.len(),
            View::F32(numbers) => numbers.len(),
        }
    }

    /// The greatest code; `None` when there is none.
    pub fn max(self) -> Option<u32> {
        match self {
            View::U8(codes) => codes.iter().max().map(|&code| u32::from(code)),
            View::U16(codes) => codes.iter().max().map(|&code| u32::from(code)),
            View::U32(codes) => codes.iter().max().copied(),
            View::F32(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_get_the_narrowest_type_that_holds_them() {
        for (bound, dtype) in [
            (1, DType::U8),
            (256, DType::U8),
            (257, DType::U16),
            (65_536, DType::U16),
            (65_537, DType::U32),
        ] {
            let last = (bound - 1) as u32;
            assert_eq!(DType::narrowest(bound), dtype);
            let mut bytes = Vec::new();
            packed(dtype, &[0, last], &mut bytes);
            assert_eq!(bytes.len(), 2 * dtype.size());
            let view = View::new(dtype, &bytes);
            assert_eq!((view.len(), view.max()), (2, Some(last)));
        }
    }
}
