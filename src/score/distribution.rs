//! What the values of every field and the scores of the model were like when it was trained, in a few bins each: what live traffic is
//! compared with.
//!
//! A field's bins are its most frequent values, one for all others and one for "unknown or missing"; a number's are its deciles. The
//! scores are those of the validation rows, which the model has not learnt, or of training rows where there are none.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::predict::probability;
use super::scorer::Scorer;
use crate::data::batch::{Batch, FieldBatch};
use crate::data::dataset::{Dataset, SplitName};
use crate::data::schema::Schema;
use crate::error::{Error, Result};
use crate::study::frequent::frequent as most_frequent;
use crate::study::parts::{bounds, part};

/// Rows that are looked at, evenly spread: shares are then within .2 % (two standard errors).
const MOST_ROWS: usize = 200_000;
/// Values that have a bin of their own.
const OWN_BINS: usize = 18;
/// Bins of numbers and scores.
const QUANTILES: usize = 10;
/// The bin of what is unknown or missing.
pub const UNKNOWN_BIN: usize = 0;

/// See the module. As JSON it is `distribution.json` of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// One a field, in the order of the schema.
    pub fields: Vec<FieldBins>,
    /// Of the probabilities.
    pub scores: ScoreBins,
}

/// The values of a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldBins {
    /// As in the schema.
    pub name: String,
    bins: Bins,
    /// How many values fell into each bin. Each value of a list counts.
    pub counts: Vec<u64>,
}

/// What falls where; bin 0 is [`UNKNOWN_BIN`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Bins {
    /// Codes in rising order, bin 1 on; one more bin for all others.
    Codes(Vec<u32>),
    /// Bin 1 is below the first bound, the last is from the last bound on. Bounds rise.
    Bounds(Vec<f32>),
}

impl Bins {
    /// How many there are.
    fn len(&self) -> usize {
        match self {
            Bins::Codes(codes) => codes.len() + 2,
            Bins::Bounds(bounds) => bounds.len() + 2,
        }
    }
}

/// The model's probabilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreBins {
    /// Bin 0 is below the first; as many bins as bounds and one. Bounds rise.
    pub bounds: Vec<f32>,
    /// Rows whose probability fell into each bin.
    pub counts: Vec<u64>,
}

impl Distribution {
    /// Of the training rows of a data set, and of what the model says about rows it has not learnt.
    pub fn of(scorer: &Scorer<'_>, data: &Dataset) -> Distribution {
        let train = sample(data.split(SplitName::Train));
        let mut batch = Batch::default();
        data.gather(&train, &mut batch);
        let offsets = scorer.schema().offsets();
        let named = scorer.schema().field_names().into_iter().zip(&batch.fields);
        let fields = named.zip(&offsets);
        let fields = fields.map(|((name, column), &offset)| {
            FieldBins::of(name, offset as u32, column, batch.rows)
        });
        let fields = fields.collect();
        let rows = match data.split(SplitName::Valid) {
            [] => train,
            valid => sample(valid),
        };
        let logits = scorer.rows(data, &rows);
        let scores: Vec<f32> = logits.into_iter().map(probability).collect();
        Distribution {
            fields,
            scores: ScoreBins::fit(scores),
        }
    }

    /// Refuses what does not fit a schema or itself: it may come from a file.
    ///
    /// # Errors
    /// Says what does not fit.
    pub fn check(&self, schema: &Schema) -> Result<()> {
        let names = self.fields.iter().map(|field| field.name.as_str());
        let rises = |bounds: &[f32]| bounds.is_sorted_by(|a, b| a < b);
        let whole = |field: &FieldBins| {
            let rises = match &field.bins {
                Bins::Codes(codes) => codes.is_sorted_by(|a, b| a < b),
                Bins::Bounds(bounds) => rises(bounds),
            };
            rises && field.counts.len() == field.bins.len()
        };
        let scores = &self.scores;
        let scored = scores.counts.len() == scores.bounds.len() + 1 && rises(&scores.bounds);
        let same = schema.field_names().into_iter().eq(names);
        match same && scored && self.fields.iter().all(whole) {
            true => Ok(()),
            false => Err(Error::Data(
                "the distribution is not one of this model's fields".into(),
            )),
        }
    }
}

/// At most [`MOST_ROWS`] of the rows, evenly spread.
fn sample(rows: &[u32]) -> Vec<u32> {
    let most = rows.len().min(MOST_ROWS);
    (0..most).map(|i| rows[i * rows.len() / most]).collect()
}

impl FieldBins {
    /// Chooses the bins of a column of some rows and counts its values.
    fn of(name: &str, offset: u32, column: &FieldBatch, rows: usize) -> FieldBins {
        let bins = match column {
            FieldBatch::One { ids }
            | FieldBatch::Mean { ids, .. }
            | FieldBatch::Sum { ids, .. } => Bins::Codes(frequent(offset, ids)),
            FieldBatch::Scaled { ids, values } => {
                let there = ids.iter().zip(values).filter(|(id, _)| **id > offset);
                Bins::Bounds(bounds(there.map(|(_, &value)| value), QUANTILES))
            }
        };
        let mut field = FieldBins {
            name: name.to_owned(),
            bins,
            counts: Vec::new(),
        };
        let mut counts = vec![0; field.bins.len()];
        for row in 0..rows {
            field
                .bins_of(offset, column, row)
                .for_each(|bin| counts[bin] += 1);
        }
        field.counts = counts;
        field
    }

    /// The bin of each value that a row of a batch has in this field; `offset` is the field's first table row.
    pub fn bins_of<'a>(
        &'a self,
        offset: u32,
        column: &'a FieldBatch,
        row: usize,
    ) -> impl Iterator<Item = usize> + 'a {
        let bin = move |(id, value): (u32, f32)| match &self.bins {
            _ if id <= offset => UNKNOWN_BIN,
            Bins::Codes(codes) => 1 + codes.binary_search(&(id - offset)).unwrap_or(codes.len()),
            Bins::Bounds(bounds) => 1 + part(bounds, value),
        };
        column.bag(row).map(bin)
    }
}

impl ScoreBins {
    /// The deciles of some scores, and how many lie in each.
    fn fit(scores: Vec<f32>) -> ScoreBins {
        let bounds = bounds(scores.iter().copied(), QUANTILES);
        let mut bins = ScoreBins {
            counts: vec![0; bounds.len() + 1],
            bounds,
        };
        for score in scores {
            let bin = bins.of(score);
            bins.counts[bin] += 1;
        }
        bins
    }

    /// The bin of a score.
    pub fn of(&self, score: f32) -> usize {
        part(&self.bounds, score)
    }
}

/// The codes (above 0) that come most often, in rising order.
fn frequent(offset: u32, ids: &[u32]) -> Vec<u32> {
    let mut counts: HashMap<u32, u64> = HashMap::new();
    for &id in ids.iter().filter(|&&id| id > offset) {
        *counts.entry(id - offset).or_default() += 1;
    }
    let mut codes = most_frequent(counts, OWN_BINS);
    codes.sort_unstable();
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_codes_have_bins_and_the_rest_shares_one() {
        // Codes 1 to 20 once, 7 and 9 once more, two unknown.
        let ids: Vec<u32> = (101..=120).chain([107, 109, 100, 100]).collect();
        let column = FieldBatch::One { ids: ids.clone() };
        let field = FieldBins::of("f", 100, &column, ids.len());
        assert_eq!(field.counts.len(), OWN_BINS + 2);
        assert_eq!(field.counts[UNKNOWN_BIN], 2);
        assert_eq!((field.counts[7], field.counts[9]), (2, 2));
        // 1 to 18 have their own; 19 and 20 are others.
        assert_eq!(field.counts[OWN_BINS + 1], 2);
        assert_eq!(field.counts.iter().sum::<u64>(), 24);
    }

    #[test]
    fn numbers_fall_into_deciles_and_missing_ones_apart() {
        let values: Vec<f32> = (0..100).map(|x| x as f32).chain([1.0]).collect();
        let ids = values
            .iter()
            .enumerate()
            .map(|(row, _)| if row == 100 { 5 } else { 6 });
        let column = FieldBatch::Scaled {
            ids: ids.collect(),
            values,
        };
        let field = FieldBins::of("x", 5, &column, 101);
        assert_eq!(field.counts, [vec![1], vec![10; 10]].concat());
    }

    #[test]
    fn every_value_of_a_list_counts() {
        let column = FieldBatch::Mean {
            starts: vec![0, 2, 3],
            ids: vec![11, 12, 12],
        };
        let field = FieldBins::of("tags", 10, &column, 2);
        assert_eq!(field.counts, [0, 1, 2, 0]);
    }

    #[test]
    fn equal_scores_are_one_bin_more_than_bounds() {
        let bins = ScoreBins::fit(vec![0.5; 30]);
        assert_eq!((bins.bounds.len(), bins.counts.clone()), (1, vec![0, 30]));
        assert_eq!((bins.of(0.4), bins.of(0.5)), (0, 1));
        assert_eq!(ScoreBins::fit(Vec::new()).counts, [0]);
    }

    #[test]
    fn a_sample_is_spread_over_all_rows() {
        let rows: Vec<u32> = (0..3 * MOST_ROWS as u32).collect();
        let some = sample(&rows);
        assert_eq!((some.len(), some[0], some[1]), (MOST_ROWS, 0, 3));
        assert_eq!(sample(&rows[..5]), rows[..5]);
    }
}
