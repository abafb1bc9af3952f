//! Tables that are spread over ranks: the run's files are those of one process, whoever begins and whoever goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use autoint::Result;
use autoint::data::dataset::Dataset;
use autoint::data::source::Source;
use autoint::data::store::Target;
use autoint::ranks::threads::together;
use autoint::run::{Checkpoint, Ended, EpochRecord, Lock, Origin, Writer};
use autoint::settings::cluster::TablePlace;
use autoint::simd::Isa;
use autoint::train::session::{Extras, Session, help};
use autoint::train::{Machine, Observer, Trainer};

use super::settings;

/// Wants to leave after some batches.
struct Stopper<'a> {
    left: u64,
    stop: &'a AtomicBool,
}

impl Observer for Stopper<'_> {
    fn batch(&mut self, _: usize, _: usize, _: usize, _: f64) {
        self.left -= 1;
        self.stop.store(self.left == 0, Ordering::Relaxed);
    }

    fn epoch(&mut self, _: &EpochRecord, _: bool) -> Result<()> {
        Ok(())
    }
}

struct Case {
    data: Dataset,
    origin: Origin,
    isa: Isa,
}

impl Case {
    fn new(tables: TablePlace, mode: &str) -> Case {
        let source = Source::named("synthetic:900").unwrap();
        let data = source.encode(None, Target::Anywhere).unwrap();
        let mode = format!("optimizer.embedding_mode={mode}");
        let mut settings = settings("autoint", &["train.batch_size=100", &mode]);
        settings.cluster.tables = tables;
        let isa = Isa::choose().unwrap();
        let origin = Origin::new(settings, source, &data, isa).unwrap();
        Case { data, origin, isa }
    }

    /// Trains for so many batches as so many ranks, in the folder of a run that is new or was stopped.
    fn train(&self, folder: &Path, size: usize, batches: u64) -> Result<Ended> {
        let checkpoint = Checkpoint::open(folder).ok();
        let writer = match &checkpoint {
            None => Writer::create(folder, false)?,
            Some((_, checkpoint)) => {
                Writer::resume(Lock::of(folder)?, &checkpoint.position().history)?
            }
        };
        let writer = Mutex::new(Some(writer));
        let begun = checkpoint.is_some();
        let ends = together(size, |ranks| {
            let first = ranks.first();
            let machine = Machine {
                ranks,
                ..Machine::new(self.isa, 1)
            };
            let mut trainer = match begun {
                false => Trainer::new(&self.data, &self.origin.settings, &machine)?,
                true => {
                    let (_, checkpoint) = Checkpoint::open(folder)?;
                    Trainer::resume(&self.data, &self.origin.settings, checkpoint, &machine)?
                }
            };
            let stop = AtomicBool::new(false);
            if !first {
                return help(&mut trainer, &self.origin, folder, &stop);
            }
            let mut session = Session {
                data: &self.data,
                origin: &self.origin,
                trainer,
                run: writer.lock().unwrap().take().unwrap(),
            };
            let mut stopper = Stopper {
                left: batches,
                stop: &stop,
            };
            let outcome = session.train(None, &mut stopper, &stop)?;
            let extras = Extras {
                tested: true,
                report: true,
                ..Extras::default()
            };
            session.finish(&outcome, &extras)?;
            Ok(outcome.ended)
        });
        ends.into_iter().next().unwrap()
    }
}

/// The parts beside a checkpoint.
fn parts(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder.join("checkpoint")).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    let mut parts: Vec<PathBuf> = files.filter(|path| !path.ends_with("state.bin")).collect();
    parts.sort();
    parts
}

/// What must not hang on how many ranks there were.
fn kept(folder: &Path) -> (Vec<u8>, String, String) {
    let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let evaluation = text("evaluation.json");
    let (evaluation, _) = evaluation.split_once("\"seconds\"").unwrap();
    let weights = fs::read(folder.join("model.safetensors")).unwrap();
    (weights, evaluation.to_owned(), text("distribution.json"))
}

#[test]
fn any_number_of_ranks_goes_on_with_what_any_other_began() {
    for mode in ["lazy", "exact"] {
        let folder = tempfile::tempdir().unwrap();
        let (one, many) = (folder.path().join("one"), folder.path().join("many"));
        let whole = Case::new(TablePlace::Replicated, mode);
        assert_eq!(whole.train(&one, 1, u64::MAX).unwrap(), Ended::Done);
        let spread = Case::new(TablePlace::Sharded, mode);
        // In the first epoch, at its end, in the second epoch.
        for (ranks, batches) in [(3, 5), (2, 2), (4, 1), (3, 1)] {
            assert_eq!(spread.train(&many, ranks, batches).unwrap(), Ended::Stopped);
            assert_eq!(parts(&many).len(), ranks, "{:?}", parts(&many));
        }
        assert_eq!(spread.train(&many, 2, u64::MAX).unwrap(), Ended::Done);
        assert!(kept(&many) == kept(&one), "{mode}");
    }
}

/// One process takes over what ranks began, and ranks what one process began.
#[test]
fn alone_and_together_go_on_with_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (one, many) = (folder.path().join("one"), folder.path().join("many"));
    let spread = Case::new(TablePlace::Sharded, "lazy");
    assert_eq!(spread.train(&one, 1, u64::MAX).unwrap(), Ended::Done);
    for (ranks, parts_left) in [(1, 0), (3, 3), (1, 0), (2, 2)] {
        assert_eq!(spread.train(&many, ranks, 3).unwrap(), Ended::Stopped);
        assert_eq!(parts(&many).len(), parts_left);
    }
    assert_eq!(spread.train(&many, 1, u64::MAX).unwrap(), Ended::Done);
    assert!(kept(&many) == kept(&one));
}

#[test]
fn a_part_that_is_missing_damaged_or_of_another_checkpoint_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let case = Case::new(TablePlace::Sharded, "lazy");
    let refused = || case.train(&run, 2, 1).unwrap_err().to_string();
    assert_eq!(case.train(&run, 2, 3).unwrap(), Ended::Stopped);
    let before = fs::read(&parts(&run)[1]).unwrap();
    assert_eq!(case.train(&run, 2, 1).unwrap(), Ended::Stopped);
    let part = parts(&run).remove(1);
    let name = part.file_name().unwrap().to_str().unwrap().to_owned();
    let good = fs::read(&part).unwrap();
    fs::write(&part, before).unwrap();
    let message = refused();
    assert!(
        message.contains(&name) && message.contains("of another checkpoint"),
        "{message}"
    );
    let mut flipped = good.clone();
    let middle = flipped.len() - 100;
    flipped[middle] ^= 1;
    fs::write(&part, flipped).unwrap();
    let message = refused();
    assert!(
        message.contains(&name) && message.contains("the checksum of section"),
        "{message}"
    );
    fs::remove_file(&part).unwrap();
    assert!(refused().contains(&name));
    fs::write(&part, good).unwrap();
    assert_eq!(case.train(&run, 3, 1).unwrap(), Ended::Stopped);
}
