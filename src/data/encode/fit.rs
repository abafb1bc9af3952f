//! Fitting a field to what was collected of it.

use std::borrow::Cow;

use super::collect::Collected;
use super::intern::Interner;
use super::spool::{Marks, Spool};
use crate::data::protocol::field::Transform;
use crate::data::schema::{Encoding, FieldSpec};
use crate::data::vocab::Vocabulary;
use crate::error::{Error, Result};

/// Numbers that quantiles are taken from: as many rows as this at most, evenly spaced.
const QUANTILE_ROWS: u64 = 1 << 20;

/// What a field is fitted to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Basis<'a> {
    /// The data alone.
    New,
    /// The data may only add values to this encoding.
    Grow(&'a Encoding),
}

/// A fitted field, and for interned texts the final code of each.
pub(super) struct Fitted {
    /// What the schema keeps.
    pub encoding: Encoding,
    /// By the interner's code, the code in the vocabulary (0: unknown); empty for values that were not interned.
    pub code_of: Vec<u32>,
}

/// Fits a field to the rows that `used` marks.
///
/// # Errors
/// When it has more values than can be, or a temporary file cannot be read.
pub(super) fn fit(
    spec: &FieldSpec,
    collected: &mut Collected,
    used: Marks<'_>,
    basis: Basis<'_>,
) -> Result<Fitted> {
    let counted = match collected {
        Collected::One { texts, codes } => {
            let mut counts = vec![0u64; texts.len()];
            let mut row = 0;
            codes.read(|codes| {
                for &code in codes {
                    counts[code as usize] += u64::from(used.has(row));
                    row += 1;
                }
                Ok(())
            })?;
            Some((&*texts, counts))
        }
        Collected::Many {
            texts,
            lengths,
            codes,
        } => {
            let counts = count_lists(texts.len(), lengths, codes, used)?;
            Some((&*texts, counts))
        }
        Collected::Numbers(_) | Collected::Buckets(_) | Collected::BucketLists { .. } => None,
    };
    if let Some((texts, counts)) = counted {
        return vocabulary(spec, texts, &counts, basis);
    }
    let encoding = match (basis, collected) {
        (Basis::Grow(old), _) => old.clone(),
        (Basis::New, Collected::Numbers(numbers)) => numeric(spec, numbers, used)?,
        (Basis::New, _) => Encoding::Buckets(spec.hash_buckets.unwrap_or(1)),
    };
    Ok(Fitted {
        encoding,
        code_of: Vec::new(),
    })
}

fn count_lists(
    texts: usize,
    lengths: &mut Spool<u32>,
    codes: &mut Spool<u32>,
    used: Marks<'_>,
) -> Result<Vec<u64>> {
    let lengths = lengths.all()?;
    let mut counts = vec![0u64; texts];
    let (mut row, mut left) = (0, lengths.first().copied().unwrap_or(0));
    codes.read(|codes| {
        for &code in codes {
            while left == 0 {
                row += 1;
                left = lengths.get(row).copied().unwrap_or(u32::MAX);
            }
            left -= 1;
            counts[code as usize] += u64::from(used.has(row));
        }
        Ok(())
    })?;
    Ok(counts)
}

fn vocabulary(
    spec: &FieldSpec,
    texts: &Interner,
    counts: &[u64],
    basis: Basis<'_>,
) -> Result<Fitted> {
    let wrong = |what: String| Error::Data(format!("field `{}`: {what}", spec.name));
    let counted = texts.texts().zip(counts.iter().copied());
    let seen = Vocabulary::fit_most(counted, spec.min_count, spec.max_values).map_err(wrong)?;
    let vocabulary: Cow<'_, Vocabulary> = match basis {
        Basis::Grow(Encoding::Vocabulary(old)) => Cow::Owned(old.grown(&seen).map_err(wrong)?),
        _ => Cow::Owned(seen),
    };
    Ok(Fitted {
        code_of: codes_of(texts, &vocabulary),
        encoding: Encoding::Vocabulary(vocabulary.into_owned()),
    })
}

/// The code of each interned text.
pub(super) fn codes_of(texts: &Interner, vocabulary: &Vocabulary) -> Vec<u32> {
    texts.texts().map(|text| vocabulary.code(text)).collect()
}

fn numeric(spec: &FieldSpec, numbers: &mut Spool<f64>, used: Marks<'_>) -> Result<Encoding> {
    Ok(match spec.transform() {
        Transform::MinMax => bounds(numbers, used)?,
        Transform::Standard => moments(numbers, used)?,
        Transform::Quantile => quantiles(spec, numbers, used)?,
        Transform::None | Transform::Log | Transform::Log2 => Encoding::Plain,
    })
}

/// Hands every number of a used row to `each`, in their order.
fn each(numbers: &mut Spool<f64>, used: Marks<'_>, mut each: impl FnMut(f64)) -> Result<()> {
    let mut row = 0;
    numbers.read(|numbers| {
        for &x in numbers {
            if x.is_finite() && used.has(row) {
                each(x);
            }
            row += 1;
        }
        Ok(())
    })
}

/// The least and the greatest finite number; 0 and 0 when there is none.
fn bounds(numbers: &mut Spool<f64>, used: Marks<'_>) -> Result<Encoding> {
    let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
    each(numbers, used, |x| (min, max) = (x.min(min), x.max(max)))?;
    Ok(match min > max {
        true => Encoding::MinMax { min: 0.0, max: 0.0 },
        false => Encoding::MinMax { min, max },
    })
}

/// Mean and deviation (of the population), in two sweeps: what is summed then is small.
fn moments(numbers: &mut Spool<f64>, used: Marks<'_>) -> Result<Encoding> {
    let (mut count, mut mean, mut square) = (0.0, 0.0, 0.0);
    // A running mean cannot overflow.
    each(numbers, used, |x| {
        count += 1.0;
        mean += (x - mean) / count;
    })?;
    each(numbers, used, |x| square += (x - mean) * (x - mean))?;
    let deviation = if count > 0.0 {
        f64::sqrt(square / count)
    } else {
        0.0
    };
    Ok(Encoding::Standard {
        mean: if mean.is_finite() { mean } else { 0.0 },
        deviation: if deviation.is_finite() {
            deviation
        } else {
            f64::MAX
        },
    })
}

/// The bounds between `buckets` parts of about equally many rows; fewer where many rows have the same number.
fn quantiles(spec: &FieldSpec, numbers: &mut Spool<f64>, used: Marks<'_>) -> Result<Encoding> {
    let stride = numbers.len().div_ceil(QUANTILE_ROWS).max(1);
    let (mut row, mut sample) = (0u64, Vec::new());
    each(numbers, used, |x| {
        if row.is_multiple_of(stride) {
            sample.push(x);
        }
        row += 1;
    })?;
    sample.sort_unstable_by(f64::total_cmp);
    let buckets = spec.buckets.unwrap_or(2) as usize;
    let mut bounds: Vec<f64> = (1..buckets)
        .filter_map(|part| sample.get(part * sample.len() / buckets).copied())
        // No row lies below the least number: it bounds nothing.
        .filter(|bound| Some(bound) != sample.first())
        .map(|bound| bound + 0.0)
        .collect();
    bounds.dedup();
    Ok(Encoding::Quantiles(bounds))
}
