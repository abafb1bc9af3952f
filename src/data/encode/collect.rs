//! The first pass: what of a field goes into memory and temporary files while the input is read. Each field has a collector of its
//! own, so that collectors of different fields run in parallel and no result depends on threads.

use super::admit::{Admitted, Made};
use super::intern::Interner;
use super::spool::Spool;
use super::value::{bucket_of, values};
use crate::data::schema::{FieldKind, FieldSpec};
use crate::data::source::cells::Cells;
use crate::error::Result;

/// The values of one field, not encoded for good yet.
pub(super) enum Collected {
    /// Codes of an interner, one a row.
    One {
        /// In the order of their first row; their codes are not the final ones.
        texts: Interner,
        /// `[rows]`
        codes: Spool<u32>,
    },
    /// How many codes each row has, and the codes.
    Many {
        texts: Interner,
        /// `[rows]`
        lengths: Spool<u32>,
        /// Row after row, as many as the lengths say.
        codes: Spool<u32>,
    },
    /// Numbers, NaN where missing.
    Numbers(Spool<f64>),
    /// Hash buckets: final already.
    Buckets(Spool<u32>),
    /// The same of rows with several values.
    BucketLists {
        lengths: Spool<u32>,
        codes: Spool<u32>,
    },
}

/// Collects one field, or a role that is grouped like one.
pub(super) struct Collector {
    /// In the form that the field's kind asks for.
    pub values: Collected,
    spec: FieldSpec,
    /// Texts that mean "missing", beside the empty one.
    missing: Vec<String>,
    /// Whether any row had a value, for values that leave no other trace.
    pub(super) some: bool,
    /// What is written in one go.
    codes: Vec<u32>,
    lengths: Vec<u32>,
}

impl Collector {
    /// An empty collector for a field; `missing` are the protocol's texts for missing values.
    pub fn new(spec: &FieldSpec, missing: &[String]) -> Collector {
        let many = spec.kind == FieldKind::MultiValued;
        let number = spec.collects_numbers();
        let values = match (spec.hash_buckets, number) {
            (Some(_), _) if many => Collected::BucketLists {
                lengths: Spool::new(),
                codes: Spool::new(),
            },
            (Some(_), _) => Collected::Buckets(Spool::new()),
            (None, true) => Collected::Numbers(Spool::new()),
            (None, false) if many => Collected::Many {
                texts: Interner::default(),
                lengths: Spool::new(),
                codes: Spool::new(),
            },
            (None, false) => Collected::One {
                texts: Interner::default(),
                codes: Spool::new(),
            },
        };
        Collector {
            values,
            spec: spec.clone(),
            missing: missing.to_vec(),
            some: false,
            codes: Vec::new(),
            lengths: Vec::new(),
        }
    }

    /// No more rows will come: what only counting needs is given back.
    pub fn close(&mut self) {
        if let Collected::One { texts, .. } | Collected::Many { texts, .. } = &mut self.values {
            texts.close();
        }
    }

    /// Whether no row had any value.
    pub fn is_empty(&self) -> bool {
        match &self.values {
            Collected::One { texts, .. } | Collected::Many { texts, .. } => {
                texts.texts().all(str::is_empty)
            }
            Collected::Numbers(_) | Collected::Buckets(_) | Collected::BucketLists { .. } => {
                !self.some
            }
        }
    }

    /// Adds the kept rows of a chunk; `slot` is the field's column.
    pub fn add(&mut self, admitted: &Admitted, slot: usize, made: Option<&Made>) -> Result<()> {
        let kept = &admitted.kept[..];
        let cells = match made {
            Some(Made::Numbers(numbers)) => {
                if let Collected::Numbers(spool) = &mut self.values {
                    let numbers: Vec<f64> = kept.iter().map(|&row| numbers[row as usize]).collect();
                    self.some |= numbers.iter().any(|x| !x.is_nan());
                    spool.extend(&numbers)?;
                }
                return Ok(());
            }
            Some(Made::Cells(cells)) => cells,
            None => &admitted.chunk.columns[slot],
        };
        self.add_cells(cells, kept)
    }

    fn add_cells(&mut self, cells: &Cells, kept: &[u32]) -> Result<()> {
        let Collector {
            values: collected,
            spec,
            missing,
            some,
            codes,
            lengths,
        } = self;
        codes.clear();
        lengths.clear();
        let buckets = spec.hash_buckets.unwrap_or(1);
        match collected {
            Collected::Numbers(_) => Ok(()),
            Collected::One {
                texts,
                codes: spool,
            } => {
                intern(texts, cells, kept, missing, codes)?;
                spool.extend(codes)
            }
            Collected::Buckets(spool) => {
                each_text(cells, kept, |text| {
                    codes.push(bucket_of(plain(text, missing), buckets));
                    Ok(())
                })?;
                *some |= codes.iter().any(|&code| code > 0);
                spool.extend(codes)
            }
            Collected::Many {
                texts,
                lengths: all,
                codes: spool,
            } => {
                let separator = spec.separator();
                lists(cells, kept, lengths, codes, |text, codes| {
                    for value in values(plain(text, missing), separator) {
                        codes.push(texts.code(value)?);
                    }
                    Ok(())
                })?;
                all.extend(lengths)?;
                spool.extend(codes)
            }
            Collected::BucketLists {
                lengths: all,
                codes: spool,
            } => {
                let separator = spec.separator();
                lists(cells, kept, lengths, codes, |text, codes| {
                    let single = values(plain(text, missing), separator);
                    codes.extend(single.map(|value| bucket_of(value, buckets)));
                    Ok(())
                })?;
                *some |= !codes.is_empty();
                all.extend(lengths)?;
                spool.extend(codes)
            }
        }
    }
}

/// The codes of each kept row's list, and how many they are.
fn lists(
    cells: &Cells,
    kept: &[u32],
    lengths: &mut Vec<u32>,
    codes: &mut Vec<u32>,
    mut each: impl FnMut(&str, &mut Vec<u32>) -> Result<()>,
) -> Result<()> {
    each_text(cells, kept, |text| {
        let before = codes.len();
        each(text, codes)?;
        lengths.push((codes.len() - before) as u32);
        Ok(())
    })
}

/// The empty text for one that means "missing".
fn plain<'t>(text: &'t str, missing: &[String]) -> &'t str {
    match missing.iter().any(|m| m == text) {
        true => "",
        false => text,
    }
}

/// The codes of the kept rows' texts.
fn intern(
    texts: &mut Interner,
    cells: &Cells,
    kept: &[u32],
    missing: &[String],
    codes: &mut Vec<u32>,
) -> Result<()> {
    codes.reserve(kept.len());
    match cells {
        Cells::Text(all) if kept.len() == all.len() => {
            for text in all.iter() {
                codes.push(texts.code(plain(text, missing))?);
            }
        }
        Cells::Text(all) => {
            for &row in kept {
                codes.push(texts.code(plain(all.get(row as usize), missing))?);
            }
        }
        Cells::Dictionary {
            texts: all,
            codes: places,
        } => {
            for &row in kept {
                let place = places[row as usize];
                codes.push(match missing.is_empty() {
                    true => texts.dictionary_code(all, place)?,
                    false => texts.code(plain(&all[place as usize], missing))?,
                });
            }
        }
        Cells::Number(numbers) => {
            for &row in kept {
                codes.push(texts.number_code(numbers[row as usize])?);
            }
        }
    }
    Ok(())
}

/// Hands the text of each kept row to `each`.
fn each_text(cells: &Cells, kept: &[u32], mut each: impl FnMut(&str) -> Result<()>) -> Result<()> {
    for &row in kept {
        each(&cells.text(row as usize))?;
    }
    Ok(())
}
