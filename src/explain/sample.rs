//! Many rows explained: the mean of what [`Explanation`](super::Explanation) says of each.

use serde::Serialize;

use super::agreement::{Agreements, MeanAgreement};
use super::attention::{Attention, Interaction};
use super::explanation::{Explainer, Measured, STRONGEST};
use crate::data::batch::Batch;
use crate::data::dataset::Dataset;
use crate::error::{Error, Result};

/// Rows explained at a time: each is scored F + 1 times, and its attention weights are kept.
const CHUNK: usize = 128;

/// What a model looks at, and what it hangs on, on average. Lists by field are in the order of `fields`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The names of the fields, `[F]`.
    pub fields: Vec<String>,
    /// How many rows were explained.
    pub rows: usize,
    /// The mean of the attention weights, `[L, H, F, F]`.
    pub attention: Attention,
    /// The mean of the absolute contributions, `[F]`, in logits.
    pub contributions: Vec<f32>,
    /// The mean attention that each field receives, `[F]`.
    pub received: Vec<f64>,
    /// The pairs of different fields with the most attention.
    pub strongest: Vec<Interaction>,
    /// The mean of the rows' agreement; none when no row has one.
    pub agreement: Option<MeanAgreement>,
}

/// Up to `most` of some rows, evenly spaced in their order: always the same ones.
pub fn chosen(rows: &[u32], most: usize) -> Vec<u32> {
    let count = rows.len().min(most);
    // As u128 nothing overflows; i * n / count < n.
    let at = |i: usize| (i as u128 * rows.len() as u128 / count as u128) as usize;
    (0..count).map(|i| rows[at(i)]).collect()
}

impl Explainer<'_> {
    /// Explains the given rows of a data set that is encoded with the model's schema.
    ///
    /// # Errors
    /// When there is no row.
    pub fn sample(&self, data: &Dataset, rows: &[u32]) -> Result<Summary> {
        if rows.is_empty() {
            return Err(Error::Data(
                "there are no rows to explain: choose others, or give more data".into(),
            ));
        }
        let mut sums = Sums::default();
        let mut batch = Batch::default();
        for chunk in rows.chunks(CHUNK) {
            data.gather(chunk, &mut batch);
            sums.add(&self.measure(&batch), self.fields().len());
        }
        sums.summary(self.fields(), rows.len())
    }
}

/// Sums over rows.
#[derive(Default)]
struct Sums {
    heads: usize,
    attention: Vec<f64>,
    contributions: Vec<f64>,
    agreements: Agreements,
}

impl Sums {
    fn add(&mut self, measured: &Measured, fields: usize) {
        let contributions = measured.contributions.chunks(fields.max(1));
        for (attention, contributions) in measured.attention.iter().zip(contributions) {
            self.heads = attention.heads();
            add(&mut self.attention, attention.weights().iter().copied());
            add(
                &mut self.contributions,
                contributions.iter().map(|c| c.abs()),
            );
            self.agreements.add(&attention.received(), contributions);
        }
    }

    fn summary(self, fields: &[String], rows: usize) -> Result<Summary> {
        let mean = |sums: Vec<f64>| -> Vec<f32> {
            let means = sums.into_iter().map(|sum| (sum / rows as f64) as f32);
            means.collect()
        };
        let attention = Attention::new(self.heads, fields.len(), mean(self.attention));
        Ok(Summary {
            fields: fields.to_vec(),
            rows,
            contributions: mean(self.contributions),
            received: attention.received(),
            strongest: attention.interactions(fields, STRONGEST),
            attention,
            agreement: self.agreements.mean()?,
        })
    }
}

fn add(sums: &mut Vec<f64>, values: impl ExactSizeIterator<Item = f32>) {
    sums.resize(values.len(), 0.0);
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += f64::from(value);
    }
}

#[cfg(test)]
mod tests {
    use super::super::agreement::agreement;
    use super::super::explanation::tests::Case;
    use super::*;

    #[test]
    fn chosen_rows_are_spread_and_always_the_same() {
        let rows: Vec<u32> = (100..110).collect();
        assert_eq!(chosen(&rows, 4), [100, 102, 105, 107]);
        assert_eq!(chosen(&rows, 10), rows);
        assert_eq!(chosen(&rows, usize::MAX), rows);
        assert!(chosen(&rows, 0).is_empty());
        assert!(chosen(&[], 4).is_empty());
    }

    #[test]
    fn it_is_the_mean_of_the_rows() {
        let case = Case::new(1.0);
        let explainer = case.explainer();
        // More than a chunk, and not in order.
        let rows: Vec<u32> = (0..200).rev().collect();
        let summary = explainer.sample(&case.data, &rows).unwrap();
        assert_eq!((summary.rows, summary.fields.len()), (200, 7));
        let (mut weight, mut contribution, mut values) = (0.0, 0.0, Vec::new());
        for &row in &rows {
            let one = explainer.measure(&case.batch(&[row]));
            weight += f64::from(one.attention[0].head(1, 1)[10]) / 200.0;
            contribution += f64::from(one.contributions[3].abs()) / 200.0;
            let received = one.attention[0].received();
            values.push(agreement(&received, &one.contributions).unwrap().value);
        }
        assert!((f64::from(summary.attention.head(1, 1)[10]) - weight).abs() < 1e-6);
        assert!((f64::from(summary.contributions[3]) - contribution).abs() < 1e-6);
        let found = summary.agreement.unwrap();
        let mean = values.iter().sum::<f64>() / 200.0;
        assert!((found.mean - mean).abs() < 1e-9, "{found:?} {mean}");
        let interval = found.interval.unwrap();
        assert!(interval.low < mean && mean < interval.high);
        assert!(found.random_baseline.standard_deviation <= (1.0_f64 / 6.0).sqrt());
    }

    #[test]
    fn no_rows_are_an_error() {
        let case = Case::new(1.0);
        let error = case.explainer().sample(&case.data, &[]).unwrap_err();
        assert!(error.to_string().contains("no rows to explain"));
    }
}
