//! What a page shows of a model beyond its metrics, on some of the rows: whether probabilities are what they say, how they tell the
//! labels apart, and where attention goes.

use maud::{Markup, html};

use crate::data::dataset::{Dataset, SplitName};
use crate::error::Result;
use crate::explain::{Explainer, Summary, chosen};
use crate::metrics::calibration::{BINS, of_equal_width};
use crate::metrics::loss::sigmoid;
use crate::page::histogram::{Group, histogram};
use crate::page::reliability::{Point, reliability};
use crate::score::Scorer;
use crate::score::scorer::labels_of;

/// The most rows that are scored for it: more change no drawing that can be told apart, and cost time at the end of every training.
const SCORED: usize = 20_000;
/// The most rows that are explained: each is scored once more for every field.
const EXPLAINED: usize = 256;
/// The bins of the histogram.
const STEPS: usize = 25;

/// See the module.
#[derive(Debug, Clone)]
pub struct Looked {
    /// The part that the rows are from.
    split: SplitName,
    /// How many rows were scored.
    rows: usize,
    /// Bins of probabilities that have rows.
    points: Vec<Point>,
    /// The rows of each bin, positive ones and negative ones.
    by_label: [Vec<usize>; 2],
    /// The mean attention of these rows, and what each field is worth.
    explained: Summary,
}

impl Looked {
    /// At evenly spaced rows of a part of the split; none where it has no row.
    ///
    /// # Errors
    /// When a score is not a number.
    pub fn at(
        explainer: &Explainer<'_>,
        scorer: &Scorer<'_>,
        data: &Dataset,
        split: SplitName,
    ) -> Result<Option<Looked>> {
        let all = data.split(split);
        if all.is_empty() {
            return Ok(None);
        }
        let rows = chosen(all, SCORED);
        let logits = scorer.rows(data, &rows);
        let said: Vec<f64> = logits
            .iter()
            .map(|&logit| sigmoid(f64::from(logit)))
            .collect();
        let labels = labels_of(data, &rows);
        let bins = of_equal_width(&said, &labels, BINS)?.into_iter();
        let points = bins.filter_map(|bin| {
            Some(Point {
                said: bin.mean()?,
                came: bin.rate()?,
                rows: bin.rows,
            })
        });
        let steps = of_equal_width(&said, &labels, STEPS)?;
        let positives = steps.iter().map(|bin| bin.positives).collect();
        let negatives = steps.iter().map(|bin| bin.rows - bin.positives).collect();
        Ok(Some(Looked {
            split,
            rows: rows.len(),
            points: points.collect(),
            by_label: [positives, negatives],
            explained: explainer.sample(data, &chosen(all, EXPLAINED))?,
        }))
    }

    /// The drawings.
    pub fn html(&self) -> Markup {
        let [positives, negatives] = &self.by_label;
        let groups = [
            Group {
                name: "positive",
                rows: positives,
            },
            Group {
                name: "negative",
                rows: negatives,
            },
        ];
        html! {
            h2 { "Probabilities" }
            p.note { "Of " (self.rows) " of the " (self.split) " rows. On the diagonal, what was said came; a point's area is its share of rows." }
            (reliability("Calibration: what was said against what came", &self.points))
            (histogram("What each label was given: the share of its rows", "probability that was given", &groups))
            h2 { "What it looks at" }
            p.note {
                "The mean of " (self.explained.rows) " " (self.split) " rows. Attention says where an interacting layer looked; \
                 a field's contribution is how far the logit moves without its value."
            }
            div.wide.drawn { (self.explained.drawing().inline()) }
        }
    }
}
