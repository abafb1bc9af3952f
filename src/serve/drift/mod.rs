//! Whether what comes is still what the model was trained on: the values of each field and the scores in a sliding window, against
//! [`Distribution`], with the population stability index ([`psi`](mod@psi)) and the share of unknown values.
//!
//! `POST /v1/score` counts whole rows and their scores. `POST /v1/recommend` counts the fields of the user and the moment only: its
//! items are the whole catalogue every time, and the best of them say nothing about what is asked.

mod text;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

pub use self::text::text;
use crate::data::batch::Batch;
use crate::metrics::psi::{self, by_chance};
use crate::score::Distribution;
use crate::score::distribution::UNKNOWN_BIN;

/// The window moves by a part of itself at a time.
const SLOTS: u32 = 60;

/// See the module.
#[derive(Debug)]
pub struct Drift {
    /// What it is compared with.
    trained: Distribution,
    /// The first table row of each field.
    offsets: Vec<usize>,
    /// How long traffic is remembered.
    window: Duration,
    start: Instant,
    /// The oldest first.
    slots: Mutex<VecDeque<Slot>>,
}

/// What came in a part of the window.
#[derive(Debug, Clone)]
struct Slot {
    /// Parts since the start.
    number: u64,
    /// By field and bin.
    fields: Vec<Vec<u64>>,
    /// By bin.
    scores: Vec<u64>,
}

/// How far a model's traffic is from its training.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// How long traffic is remembered.
    pub window_seconds: u64,
    /// One a field, in the order of the schema.
    pub fields: Vec<FieldDrift>,
    /// Of whole rows that were scored.
    pub scores: ScoreDrift,
}

/// Of one field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldDrift {
    /// As in the schema.
    pub name: String,
    /// Values that came in the window; each of a list counts.
    pub values: u64,
    /// The share of them that is unknown or missing; none when nothing came.
    pub unknown: Option<f64>,
    /// The same share of the training rows, 0 to 1.
    pub unknown_in_training: f64,
    /// How far its values are from training's.
    #[serde(flatten)]
    pub moved: Moved,
}

/// Of the probabilities.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreDrift {
    /// Rows that were scored in the window.
    pub rows: u64,
    /// Between the bins.
    pub bounds: Vec<f32>,
    /// The share of each bin, one more than bounds.
    pub shares: Vec<f64>,
    /// As `shares`, of the rows that [`Distribution`] was made of.
    pub shares_in_training: Vec<f64>,
    /// How far the scores are from training's.
    #[serde(flatten)]
    pub moved: Moved,
}

/// The population stability index, and what it would be by chance; none when nothing came.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Moved {
    /// 0 for the same shares; .1 and .25 are the customary bounds.
    pub psi: Option<f64>,
    /// What so many rows of the training's own distribution would have on average.
    pub psi_by_chance: Option<f64>,
}

/// In words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing came.
    Silent,
    /// Below .1, or no more than chance does now and then.
    Stable,
    /// From .1.
    Moving,
    /// From .25.
    Moved,
}

impl Moved {
    fn of(then: &[u64], now: &[u64]) -> Moved {
        Moved {
            psi: psi::psi(then, now),
            psi_by_chance: by_chance(then, now),
        }
    }

    /// By the customary thresholds (see [`psi`](mod@psi)), unless chance alone could explain it: twice its mean is beyond
    /// the 99 % point for twenty bins (chi-squared: 36.2 / 19).
    pub fn verdict(&self) -> Verdict {
        match (self.psi, self.psi_by_chance) {
            (Some(psi), Some(chance)) if psi < 0.1 || psi < 2.0 * chance => Verdict::Stable,
            (Some(psi), _) if psi < 0.25 => Verdict::Moving,
            (Some(_), _) => Verdict::Moved,
            (None, _) => Verdict::Silent,
        }
    }
}

impl Drift {
    /// Of a model with these table offsets, which was trained on `trained`.
    pub fn new(trained: Distribution, offsets: Vec<usize>, window: Duration) -> Drift {
        Drift {
            trained,
            offsets,
            window,
            start: Instant::now(),
            slots: Mutex::default(),
        }
    }

    /// Counts the rows of a batch, of those fields (by number) that are asked for, and scores.
    pub fn count(&self, batch: &Batch, wanted: impl Fn(usize) -> bool, scores: &[f32]) {
        self.count_at(self.start.elapsed(), batch, wanted, scores);
    }

    fn count_at(
        &self,
        time: Duration,
        batch: &Batch,
        wanted: impl Fn(usize) -> bool,
        scores: &[f32],
    ) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = self.current(&mut slots, time);
        let all = self
            .trained
            .fields
            .iter()
            .zip(&batch.fields)
            .zip(&self.offsets);
        for (number, ((bins, column), &offset)) in all.enumerate().filter(|(n, _)| wanted(*n)) {
            for row in 0..batch.rows {
                let bins = bins.bins_of(offset as u32, column, row);
                bins.for_each(|bin| slot.fields[number][bin] += 1);
            }
        }
        for &score in scores {
            slot.scores[self.trained.scores.of(score)] += 1;
        }
    }

    /// The part of the window that `time` is in; those that have left it are gone.
    fn current<'s>(&self, slots: &'s mut VecDeque<Slot>, time: Duration) -> &'s mut Slot {
        let now = self.forget(slots, time);
        if slots.back().is_none_or(|slot| slot.number != now) {
            let fields = self.trained.fields.iter();
            slots.push_back(Slot {
                number: now,
                fields: fields.map(|field| vec![0; field.counts.len()]).collect(),
                scores: vec![0; self.trained.scores.counts.len()],
            });
        }
        let last = slots.len() - 1;
        &mut slots[last]
    }

    /// Drops the parts that have left the window; gives the number of the one that `time` is in.
    fn forget(&self, slots: &mut VecDeque<Slot>, time: Duration) -> u64 {
        let part = (self.window / SLOTS).as_nanos().max(1);
        let now = u64::try_from(time.as_nanos() / part).unwrap_or(u64::MAX);
        while slots
            .front()
            .is_some_and(|slot| slot.number + u64::from(SLOTS) <= now)
        {
            slots.pop_front();
        }
        now
    }

    /// How it is now.
    pub fn report(&self) -> Report {
        self.report_at(self.start.elapsed())
    }

    fn report_at(&self, time: Duration) -> Report {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        self.forget(&mut slots, time);
        let fields = self
            .trained
            .fields
            .iter()
            .enumerate()
            .map(|(number, field)| {
                let now = sum(slots.iter().map(|s| &s.fields[number]), field.counts.len());
                let unknown = |counts: &[u64]| shares(counts).get(UNKNOWN_BIN).copied();
                FieldDrift {
                    name: field.name.clone(),
                    values: now.iter().sum(),
                    unknown: unknown(&now),
                    unknown_in_training: unknown(&field.counts).unwrap_or(0.0),
                    moved: Moved::of(&field.counts, &now),
                }
            });
        let fields = fields.collect();
        let then = &self.trained.scores;
        let now = sum(slots.iter().map(|slot| &slot.scores), then.counts.len());
        Report {
            window_seconds: self.window.as_secs(),
            fields,
            scores: ScoreDrift {
                rows: now.iter().sum(),
                bounds: then.bounds.clone(),
                shares: shares(&now),
                shares_in_training: shares(&then.counts),
                moved: Moved::of(&then.counts, &now),
            },
        }
    }
}

fn sum<'a>(all: impl Iterator<Item = &'a Vec<u64>>, bins: usize) -> Vec<u64> {
    all.fold(vec![0; bins], |mut sums, counts| {
        sums.iter_mut().zip(counts).for_each(|(sum, n)| *sum += n);
        sums
    })
}

/// The share of each bin; empty when there is nothing.
fn shares(counts: &[u64]) -> Vec<f64> {
    match counts.iter().sum::<u64>() {
        0 => Vec::new(),
        all => counts.iter().map(|&n| n as f64 / all as f64).collect(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::data::batch::FieldBatch;

    const HOUR: Duration = Duration::from_secs(3_600);

    /// One field of two values (codes 1 and 2, table rows 10 to 12), half of the rows each, and scores of two halves.
    pub fn drift() -> Drift {
        let trained = serde_json::json!({
            "fields": [{"name": "colour", "bins": {"codes": [1, 2]}, "counts": [0, 500, 500, 0]}],
            "scores": {"bounds": [0.5], "counts": [50, 50]},
        });
        Drift::new(serde_json::from_value(trained).unwrap(), vec![10], HOUR)
    }

    pub fn batch(ids: Vec<u32>) -> Batch {
        Batch {
            rows: ids.len(),
            fields: vec![FieldBatch::One { ids }],
            ..Batch::default()
        }
    }

    #[test]
    fn the_same_mixture_is_stable_and_another_has_moved() {
        let drift = drift();
        assert_eq!(drift.report().fields[0].moved.verdict(), Verdict::Silent);
        drift.count(
            &batch([[11; 500], [12; 500]].concat()),
            |_| true,
            &[0.1, 0.9],
        );
        let report = drift.report();
        assert_eq!(report.fields[0].values, 1_000);
        assert_eq!(report.fields[0].moved.verdict(), Verdict::Stable);
        assert_eq!(report.scores.shares, [0.5, 0.5]);
        drift.count(&batch(vec![11; 4_000]), |_| true, &[]);
        assert_eq!(drift.report().fields[0].moved.verdict(), Verdict::Moved);
    }

    #[test]
    fn unknown_values_are_a_share_and_unwanted_fields_are_not_counted() {
        let drift = drift();
        drift.count(&batch(vec![10, 11, 12, 13]), |_| true, &[]);
        drift.count(&batch(vec![10; 100]), |_| false, &[]);
        let field = &drift.report().fields[0];
        assert_eq!((field.values, field.unknown), (4, Some(0.25)));
        assert_eq!(field.unknown_in_training, 0.0);
    }

    #[test]
    fn few_values_prove_nothing() {
        let drift = drift();
        drift.count(&batch(vec![11, 11]), |_| true, &[]);
        let moved = drift.report().fields[0].moved;
        assert!(moved.psi.unwrap() > 0.25, "{moved:?}");
        assert_eq!(moved.verdict(), Verdict::Stable);
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let drift = drift();
        let values = |time| drift.report_at(time).fields[0].values;
        drift.count_at(Duration::ZERO, &batch(vec![11]), |_| true, &[]);
        drift.count_at(HOUR / 2, &batch(vec![11, 12]), |_| true, &[]);
        assert_eq!(values(HOUR / 2), 3);
        assert_eq!(values(HOUR - Duration::from_secs(1)), 3);
        assert_eq!(values(HOUR), 2);
        assert_eq!(values(2 * HOUR), 0);
        // However long it goes on, there are never more parts than the window has.
        for minute in 0..500 {
            drift.count_at(
                3 * HOUR + Duration::from_secs(60 * minute),
                &batch(vec![11]),
                |_| true,
                &[],
            );
        }
        assert_eq!(drift.slots.lock().unwrap().len(), SLOTS as usize);
    }
}
