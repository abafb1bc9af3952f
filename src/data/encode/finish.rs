//! The second pass: what was collected is encoded and written, column by column.

use super::collect::Collected;
use super::fit::Fitted;
use super::spool::{Marks, Spool};
use super::value::bucket;
use crate::data::schema::{Encoding, Field, FieldSpec};
use crate::data::store::builder::Builder;
use crate::data::store::column::{DType, packed};
use crate::data::store::directory::Role;
use crate::error::{Error, Result};

/// Writes the columns of a field, those rows that `stay` marks.
///
/// # Errors
/// When the system refuses, or a multi-valued field has too many values in all.
pub(super) fn write_field(
    builder: &mut Builder,
    spec: &FieldSpec,
    fitted: &Fitted,
    collected: &mut Collected,
    stay: Marks<'_>,
) -> Result<()> {
    let dtype = DType::narrowest(fitted.encoding.table_rows());
    let remapped = |code: u32| fitted.code_of.get(code as usize).copied().unwrap_or(0);
    let name = spec.name.as_str();
    match collected {
        Collected::One { codes, .. } => {
            write_codes(builder, (name, Role::Codes, dtype), codes, stay, remapped)
        }
        Collected::Buckets(codes) => {
            write_codes(builder, (name, Role::Codes, dtype), codes, stay, |code| {
                code
            })
        }
        Collected::Many { lengths, codes, .. } => {
            write_lists(builder, (name, dtype), (lengths, codes), stay, remapped)
        }
        Collected::BucketLists { lengths, codes } => {
            write_lists(builder, (name, dtype), (lengths, codes), stay, |code| code)
        }
        Collected::Numbers(numbers) => match &fitted.encoding {
            Encoding::Quantiles(bounds) => builder.column(name, Role::Codes, dtype, |write| {
                let mut bytes = Vec::new();
                each_row(numbers, stay, |numbers| {
                    let codes: Vec<u32> = numbers.iter().map(|&x| bucket(bounds, x)).collect();
                    packed(dtype, &codes, &mut bytes);
                    write(&bytes)
                })
            }),
            encoding => {
                let field = Field {
                    spec: spec.clone(),
                    encoding: encoding.clone(),
                };
                builder.column(name, Role::Number, DType::F32, |write| {
                    each_row(numbers, stay, |numbers| {
                        let all: Vec<f32> = numbers.iter().map(|&x| field.transformed(x)).collect();
                        write(bytemuck::cast_slice(&all))
                    })
                })
            }
        },
    }
}

/// Writes codes, one a row.
pub(super) fn write_codes(
    builder: &mut Builder,
    (name, role, dtype): (&str, Role, DType),
    codes: &mut Spool<u32>,
    stay: Marks<'_>,
    code: impl Fn(u32) -> u32,
) -> Result<()> {
    builder.column(name, role, dtype, |write| {
        let (mut bytes, mut all) = (Vec::new(), Vec::new());
        each_row(codes, stay, |codes| {
            all.clear();
            all.extend(codes.iter().map(|&c| code(c)));
            packed(dtype, &all, &mut bytes);
            write(&bytes)
        })
    })
}

/// Hands the entries of the rows that stay to `each`, some at a time.
fn each_row<T: bytemuck::Pod>(
    spool: &mut Spool<T>,
    Marks(stay): Marks<'_>,
    mut each: impl FnMut(&[T]) -> Result<()>,
) -> Result<()> {
    let Some(stay) = stay else {
        return spool.read(each);
    };
    let (mut start, mut some) = (0, Vec::new());
    spool.read(|part| {
        some.clear();
        let marks = &stay[start..start + part.len()];
        some.extend(
            part.iter()
                .zip(marks)
                .filter(|(_, stays)| **stays)
                .map(|(x, _)| *x),
        );
        start += part.len();
        each(&some)
    })
}

/// Writes lists: where each begins, and their codes. A missing list is one 0.
fn write_lists(
    builder: &mut Builder,
    (name, dtype): (&str, DType),
    (lengths, codes): (&mut Spool<u32>, &mut Spool<u32>),
    stay: Marks<'_>,
    code: impl Fn(u32) -> u32,
) -> Result<()> {
    let lengths = lengths.all()?;
    let too_many = || {
        let what = format!("column `{name}` has more than 2^32 - 1 values in all; use fewer rows");
        Error::Data(what)
    };
    builder.column(name, Role::Starts, DType::U32, |write| {
        let mut starts = vec![0u32];
        let mut end = 0u32;
        for (row, &length) in lengths.iter().enumerate() {
            if stay.has(row) {
                end = end.checked_add(length.max(1)).ok_or_else(too_many)?;
                starts.push(end);
            }
        }
        write(bytemuck::cast_slice(&starts))
    })?;
    builder.column(name, Role::Codes, dtype, |write| {
        write_list_codes(write, dtype, (&lengths, codes), stay, code)
    })
}

/// The codes of all lists; rows without any value stand between those that have some.
fn write_list_codes(
    write: &mut dyn FnMut(&[u8]) -> Result<()>,
    dtype: DType,
    (lengths, codes): (&[u32], &mut Spool<u32>),
    stay: Marks<'_>,
    code: impl Fn(u32) -> u32,
) -> Result<()> {
    let (mut bytes, mut all) = (Vec::new(), Vec::new());
    let (mut row, mut left) = (0, lengths.first().copied().unwrap_or(0));
    let missing = |from: usize, to: usize, all: &mut Vec<u32>| {
        let between = from..to.min(lengths.len());
        all.extend(
            between
                .filter(|&r| lengths[r] == 0 && stay.has(r))
                .map(|_| 0),
        );
    };
    codes.read(|codes| {
        all.clear();
        for &c in codes {
            let from = row;
            while left == 0 && row < lengths.len() {
                row += 1;
                left = lengths.get(row).copied().unwrap_or(0);
            }
            missing(from, row, &mut all);
            left = left.saturating_sub(1);
            if stay.has(row) {
                all.push(code(c));
            }
        }
        packed(dtype, &all, &mut bytes);
        write(&bytes)
    })?;
    all.clear();
    // Those behind the last value: the row that had it is none of them.
    missing(row, lengths.len(), &mut all);
    packed(dtype, &all, &mut bytes);
    write(&bytes)
}
