//! Trainings that stop at a given batch, in this process.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use autoint::data::dataset::Dataset;
use autoint::data::source::Source;
use autoint::data::store::Target;
use autoint::run::{Checkpoint, Ended, EpochRecord, Lock, Origin, Snapshot, Writer};
use autoint::settings::Settings;
use autoint::simd::Isa;
use autoint::train::Outcome;
use autoint::train::{Machine, Observer, Silent, Trainer};
use autoint::{Error, Result};

/// A training on the 432 of 600 rows that protocol `course` trains on, in batches of 50: [`STEPS`] an epoch.
pub struct Case {
    pub data: Dataset,
    pub origin: Origin,
    pub isa: Isa,
}

pub const STEPS: u64 = 9;

impl Case {
    /// A small model with everything that has state or is drawn: dropout, batch normalisation.
    pub fn new(sets: &[&str]) -> Case {
        let source = Source::Synthetic { rows: Some(600) };
        let base = [
            "train.batch_size=50",
            "train.epochs=3",
            "train.patience=9",
            "model.embedding.dim=8",
            "model.embedding.dropout=0.1",
            "model.interacting.width=16",
            "model.interacting.dropout=0.1",
            "model.mlp.hidden=[16]",
            "model.mlp.batch_norm=true",
            "model.mlp.dropout=0.2",
        ];
        let sets: Vec<String> = base.iter().chain(sets).map(|s| (*s).to_owned()).collect();
        let settings = Settings::layered(None, None, &sets).unwrap();
        let data = source.encode(None, Target::Anywhere).unwrap();
        let isa = Isa::choose().unwrap();
        let origin = Origin::new(settings, source, &data, isa).unwrap();
        Case { data, origin, isa }
    }

    /// Trains without a stop and without a run directory.
    pub fn whole(&self) -> Outcome {
        let mut trainer = Trainer::new(
            &self.data,
            &self.origin.settings,
            &Machine::new(self.isa, 2),
        )
        .unwrap();
        let never = AtomicBool::new(false);
        trainer.run(&mut Silent, &never).unwrap()
    }

    /// Starts a run in the folder and stops after step `last`.
    pub fn start(&self, folder: &Path, last: u64, threads: usize) -> Outcome {
        let writer = Writer::create(folder, true).unwrap();
        writer.schema(self.data.schema()).unwrap();
        let settings = &self.origin.settings;
        let trainer = Trainer::new(&self.data, settings, &Machine::new(self.isa, threads)).unwrap();
        let outcome = self.run(writer, trainer, last).unwrap();
        assert_eq!(outcome.ended, Ended::Stopped);
        outcome
    }

    /// Goes on with the run until after step `last`.
    pub fn resume(&self, folder: &Path, last: u64, threads: usize) -> Result<Outcome> {
        let lock = Lock::of(folder)?;
        let (origin, checkpoint) = Checkpoint::open(folder)?;
        if origin != self.origin {
            return Err(Error::Data("another run's checkpoint".into()));
        }
        let settings = &self.origin.settings;
        let trainer = Trainer::resume(
            &self.data,
            settings,
            checkpoint,
            &Machine::new(self.isa, threads),
        )?;
        let writer = Writer::resume(lock, &trainer.position().history)?;
        self.run(writer, trainer, last)
    }

    fn run(&self, mut writer: Writer, mut trainer: Trainer<'_>, last: u64) -> Result<Outcome> {
        let stop = AtomicBool::new(false);
        let mut stopper = Stopper {
            writer: &mut writer,
            origin: &self.origin,
            left: last.saturating_sub(trainer.position().step),
            stop: &stop,
        };
        trainer.run(&mut stopper, &stop)
    }
}

/// Asserts that two trainings ended alike, to the last bit; seconds are not compared.
pub fn assert_same(got: &Outcome, expected: &Outcome, what: &str) {
    assert_eq!(got.ended, expected.ended, "{what}");
    assert_eq!(got.best_epoch, expected.best_epoch, "{what}");
    let timeless = |outcome: &Outcome| -> Vec<EpochRecord> {
        outcome.history.iter().map(without_time).collect()
    };
    assert_eq!(timeless(got), timeless(expected), "{what}");
    let bits = |outcome: &Outcome| -> Vec<u32> {
        let p = &outcome.parameters;
        let all = p.tables.iter().flatten().chain(&p.dense).chain(&p.buffers);
        all.map(|x| x.to_bits()).collect()
    };
    assert!(bits(got) == bits(expected), "{what}: other weights");
}

/// A record without what hangs on how busy the machine was.
pub fn without_time(record: &EpochRecord) -> EpochRecord {
    EpochRecord {
        train_seconds: 0.0,
        rows_per_second: 0.0,
        ..record.clone()
    }
}

/// Records into a run directory and stops after some batches.
struct Stopper<'a> {
    writer: &'a mut Writer,
    origin: &'a Origin,
    left: u64,
    stop: &'a AtomicBool,
}

impl Observer for Stopper<'_> {
    fn batch(&mut self, _: usize, _: usize, _: usize, _: f64) {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    fn epoch(&mut self, record: &EpochRecord, _: bool) -> Result<()> {
        self.writer.append(record)
    }

    fn checkpoint(&mut self, snapshot: &Snapshot<'_>) -> Result<()> {
        self.writer.checkpoint(self.origin, snapshot)
    }
}
