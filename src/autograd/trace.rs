//! What a step is made of, recorded so that it can be replayed as if on more cores than there are (`cargo bench --bench scaling`).
//!
//! A step is a list of stages, each of which begins when the one before has ended. A stage is one task, or cut into so many that workers
//! take one after the other; of a round of the engine the time of every task, a group of rows, is known by itself. Recorded with one
//! thread, the times are those of one core that waits for nobody.
//!
//! It is off until [`Trace::start`], and then costs one look at whether it is on per stage and group.

use std::borrow::Cow;
use std::ops::Not;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::data::batch::Batch;

/// The most groups that are recorded, over all steps: some ten bytes of text each.
const MOST_GROUPS: usize = 200_000;

/// What all steps of a trace have in common: the first line of `trace.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// How many worked at once: times of more than one say how they waited too.
    pub threads: usize,
    /// The name of the instruction set.
    pub isa: String,
    /// Rows of a group.
    pub group_rows: usize,
    /// Dense weights.
    pub dense: usize,
    /// Numbers of a table row, those of all tables together.
    pub width: usize,
}

/// A step: a further line of `trace.jsonl`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Rows of the batch.
    pub rows: usize,
    /// From the beginning of the first stage to the end of the last one, nanoseconds. What is not in a stage is between two.
    pub ns: u64,
    /// In the order in which they ended.
    pub stages: Vec<Stage>,
}

/// What happens between two points at which all wait for each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// What is done in it; more than one of a step may have the same.
    pub name: Cow<'static, str>,
    /// Nanoseconds of all tasks.
    pub ns: u64,
    /// What it is cut into; 1 is work that nobody can help with.
    pub tasks: usize,
    /// What it has to read and write at least, in bytes, when none of it is in a cache.
    pub bytes: usize,
    /// One worker does it while the others go on with the next stage.
    #[serde(default, skip_serializing_if = "<&bool>::not")]
    pub beside: bool,
    /// Nanoseconds of each task, of a round.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<u64>,
}

impl Stage {
    /// Work that is cut into `tasks` alike, and moves so many bytes.
    pub fn of(name: &'static str, tasks: usize, bytes: usize) -> Stage {
        Stage {
            name: Cow::Borrowed(name),
            ns: 0,
            tasks,
            bytes,
            beside: false,
            groups: Vec::new(),
        }
    }

    /// Work of one worker while the others go on.
    pub fn beside(name: &'static str, bytes: usize) -> Stage {
        Stage {
            beside: true,
            ..Stage::of(name, 1, bytes)
        }
    }
}

/// A recorder that is off, or on.
#[derive(Debug, Default)]
pub struct Trace(OnceLock<Mutex<Recorded>>);

#[derive(Debug)]
struct Recorded {
    /// The most steps.
    most: usize,
    groups: usize,
    steps: Vec<Step>,
    /// When the last of them began; none when enough are recorded.
    begun: Option<Instant>,
    /// Of the round that is under way.
    round: Vec<u64>,
}

impl Recorded {
    fn add(&mut self, stage: Stage) {
        if let (Some(begun), Some(step)) = (self.begun, self.steps.last_mut()) {
            step.ns = nanoseconds(begun);
            step.stages.push(stage);
        }
    }
}

impl Trace {
    /// Records the next `most` steps. (Fewer when they are of very many groups.)
    pub fn start(&self, most: usize) {
        self.0.get_or_init(|| {
            Mutex::new(Recorded {
                most,
                groups: 0,
                steps: Vec::new(),
                begun: None,
                round: Vec::new(),
            })
        });
    }

    /// The steps that were recorded since the start, or since this was asked before.
    pub fn take(&self) -> Vec<Step> {
        let recorded = self.recorded();
        recorded.map_or_else(Vec::new, |mut recorded| {
            recorded.groups = 0;
            recorded.begun = None;
            std::mem::take(&mut recorded.steps)
        })
    }

    /// A step began at `start`, with picking the rows of its batch: that is its first stage.
    pub fn begin(&self, batch: &Batch, start: Instant) {
        if let Some(mut recorded) = self.recorded() {
            let full = recorded.steps.len() >= recorded.most || recorded.groups >= MOST_GROUPS;
            recorded.begun = full.not().then_some(start);
            if !full {
                recorded.steps.push(Step {
                    rows: batch.rows,
                    ..Step::default()
                });
            }
            let mut gather = Stage::of("gather", 1, 8 * batch.rows * batch.fields.len());
            gather.ns = nanoseconds(start);
            recorded.add(gather);
        }
    }

    /// The step has ended.
    pub fn end(&self) {
        if let Some(mut recorded) = self.recorded() {
            recorded.begun = None;
        }
    }

    /// Does `work`, which is a stage.
    pub fn time<T>(&self, mut stage: Stage, work: impl FnOnce() -> T) -> T {
        let Some(start) = self.now() else {
            return work();
        };
        let result = work();
        stage.ns = nanoseconds(start);
        if let Some(mut recorded) = self.recorded() {
            recorded.add(stage);
        }
        result
    }

    /// Does `work`, a round whose groups say when they are done.
    pub fn round(&self, mut stage: Stage, work: impl FnOnce()) {
        let Some(start) = self.now() else {
            return work();
        };
        if let Some(mut recorded) = self.recorded() {
            recorded.round = vec![0; stage.tasks];
        }
        work();
        stage.ns = nanoseconds(start);
        if let Some(mut recorded) = self.recorded() {
            stage.groups = std::mem::take(&mut recorded.round);
            recorded.groups += stage.tasks;
            recorded.add(stage);
        }
    }

    /// Now, when it is on: for [`Trace::group`].
    pub fn now(&self) -> Option<Instant> {
        self.0.get().map(|_| Instant::now())
    }

    /// A group of the round that is under way began at `start`, and is done.
    pub fn group(&self, number: usize, start: Option<Instant>) {
        if let (Some(start), Some(mut recorded)) = (start, self.recorded()) {
            let ns = nanoseconds(start);
            if let Some(group) = recorded.round.get_mut(number) {
                *group = ns;
            }
        }
    }

    fn recorded(&self) -> Option<MutexGuard<'_, Recorded>> {
        let recorded = self.0.get()?;
        Some(recorded.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn nanoseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::batch::FieldBatch;

    fn step(trace: &Trace, groups: usize) {
        let ids = vec![0; 64 * groups];
        let batch = Batch {
            rows: ids.len(),
            fields: vec![FieldBatch::One { ids }; 3],
            ..Batch::default()
        };
        trace.begin(&batch, Instant::now());
        trace.time(Stage::beside("index", 5), || ());
        trace.round(Stage::of("round", groups, 7), || {
            (0..groups).for_each(|number| trace.group(number, trace.now()));
        });
        assert_eq!(trace.time(Stage::of("update", 4, 9), || 11), 11);
        trace.end();
        trace.time(Stage::of("of no step", 1, 0), || ());
    }

    #[test]
    fn it_records_once_it_is_on_and_no_more_than_asked() {
        let trace = Trace::default();
        step(&trace, 2);
        assert!(trace.take().is_empty() && trace.now().is_none());
        trace.start(2);
        (0..3).for_each(|_| step(&trace, 2));
        let steps = trace.take();
        assert_eq!(steps.len(), 2);
        for step in &steps {
            let stages = step.stages.iter().map(|p| (&*p.name, p.tasks, p.bytes));
            let expected = [
                ("gather", 1, 8 * 128 * 3),
                ("index", 1, 5),
                ("round", 2, 7),
                ("update", 4, 9),
            ];
            assert!(stages.eq(expected));
            assert_eq!((step.rows, step.stages[2].groups.len()), (128, 2));
            assert!(step.ns >= step.stages.iter().map(|p| p.ns).sum());
        }
        let text = serde_json::to_string(&steps[0]).unwrap();
        assert_eq!(serde_json::from_str::<Step>(&text).unwrap(), steps[0]);
        // Taken means that there is room again; very many groups are enough before so many steps are.
        step(&trace, MOST_GROUPS);
        step(&trace, 1);
        assert_eq!(trace.take().len(), 1);
    }
}
