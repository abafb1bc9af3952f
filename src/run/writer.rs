//! Making a run directory, so that it can be watched while it grows and is whole in the end.

use std::ffi::OsString;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde::Serialize;

use super::checkpoint::{self, Snapshot};
use super::directory::{
    CATALOGUE, CHECKPOINT, CONFIG, DISTRIBUTION, EVALUATION, FILES, METRICS, PROVENANCE, REPORT,
    SCHEMA, TRACE, WEIGHTS, has_checkpoint, names_in, remove_temporaries, schema_bytes,
};
use super::history::EpochRecord;
use super::lock::{LOCK, Lock};
use super::provenance::{Origin, Provenance};
use super::saving::{Plan, Weights};
use super::seal::{self, Summed};
use crate::autograd::Layout;
use crate::data::catalogue::Catalogue;
use crate::data::schema::Schema;
use crate::error::{Error, Result};
use crate::files::{Draft, is_temporary, write_whole};
use crate::score::{Distribution, Evaluation};
use crate::settings::Settings;

/// Folders that [`Writer::next_free`] tries.
const MOST_RUNS: usize = 100_000;

/// A run directory in the making. Dropped before an epoch or a checkpoint worth having was recorded, it leaves nothing behind.
#[derive(Debug)]
pub struct Writer {
    /// Dropped last.
    lock: Lock,
    /// `metrics.jsonl` so far.
    metrics: String,
    /// Whether it holds something that took time to make.
    worth: bool,
}

/// What a finished run is written from.
#[derive(Clone, Copy)]
pub struct Finished<'a> {
    /// Becomes `config.toml`.
    pub settings: &'a Settings,
    /// Becomes `schema.json`.
    pub schema: &'a Schema,
    /// Becomes `data.json`, with the sums of the other files.
    pub provenance: &'a Provenance,
    /// Which tensors the weights have.
    pub layout: &'a Layout,
    /// Become `model.safetensors`, wherever they lie.
    pub weights: &'a dyn Weights,
    /// None without data.
    pub distribution: Option<&'a Distribution>,
    /// None without users and items, or where none is wanted.
    pub catalogue: Option<&'a Catalogue>,
}

impl Writer {
    /// Starts a run in the folder `path`, which must be new or empty. With `force` it may also hold an older run, and nothing
    /// else: that is removed.
    ///
    /// # Errors
    /// When the folder holds something, another program works on it, or it cannot be made.
    pub fn create(path: &Path, force: bool) -> Result<Writer> {
        let lock = Lock::make(path)?;
        let mut held = names_in(path)?;
        held.retain(|name| **name != *LOCK);
        let known = |name: &OsString| {
            FILES.iter().any(|f| *name == *f) || *name == *CHECKPOINT || is_temporary(name)
        };
        if let Some(name) = held.iter().find(|name| !known(name)) {
            let what = format!(
                "holds `{}`, which is no file of a run: choose another folder",
                name.display()
            );
            return Err(Error::file(path, what));
        }
        if !held.is_empty() && !force {
            let what = if has_checkpoint(path) {
                "holds a run that was stopped: go on with it with --resume, replace it with --force, or choose another folder"
            } else {
                "holds a run already: choose another folder, or replace it with --force"
            };
            return Err(Error::file(path, what));
        }
        checkpoint::remove(path)?;
        for name in held.iter().filter(|name| **name != *CHECKPOINT) {
            let file = path.join(name);
            fs::remove_file(&file).map_err(Error::io(&file, "remove"))?;
        }
        Writer::start(lock)
    }

    /// Starts a run in the first of the folders `name`, `name-2`, `name-3`, ... of `parent` that does not exist.
    ///
    /// # Errors
    /// When no folder can be made.
    pub fn next_free(parent: &Path, name: &str) -> Result<Writer> {
        for number in 1..MOST_RUNS {
            let path = match number {
                1 => parent.join(name),
                _ => parent.join(format!("{name}-{number}")),
            };
            // Making it is the test: two trainings that start at once get two folders.
            if let Some(lock) = Lock::new(&path)? {
                return Writer::start(lock);
            }
        }
        let what = format!("holds {MOST_RUNS} runs called `{name}`: name one with --out");
        Err(Error::file(parent, what))
    }

    /// Goes on with a run that was stopped after the epochs in `history`: what was recorded later is forgotten. The lock is older
    /// than what was read of the run.
    ///
    /// # Errors
    /// When a file cannot be written or removed.
    pub fn resume(lock: Lock, history: &[EpochRecord]) -> Result<Writer> {
        remove_temporaries(lock.folder())?;
        remove_temporaries(&lock.folder().join(CHECKPOINT))?;
        let mut writer = Writer {
            lock,
            metrics: String::new(),
            worth: true,
        };
        for record in history {
            writer.add(record)?;
        }
        writer.put(METRICS, writer.metrics.as_bytes())?;
        Ok(writer)
    }

    /// Writes what the data are encoded with, before the training: a run that is stopped goes on with it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn schema(&self, schema: &Schema) -> Result<()> {
        self.put(SCHEMA, &schema_bytes(schema)?)
    }

    fn start(lock: Lock) -> Result<Writer> {
        let writer = Writer {
            lock,
            metrics: String::new(),
            worth: false,
        };
        writer.put(METRICS, b"")?;
        Ok(writer)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.lock.folder()
    }

    /// Adds a line to `metrics.jsonl`, which is replaced as a whole: whoever watches it never sees half a line.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(&mut self, record: &EpochRecord) -> Result<()> {
        self.add(record)?;
        self.worth = true;
        self.put(METRICS, self.metrics.as_bytes())
    }

    fn add(&mut self, record: &EpochRecord) -> Result<()> {
        let line = json(record, "an epoch's numbers")?;
        self.metrics += &String::from_utf8_lossy(&line);
        self.metrics.push('\n');
        Ok(())
    }

    /// Replaces the checkpoint.
    ///
    /// # Errors
    /// When it cannot be written; the one before is still there.
    pub fn checkpoint(&mut self, origin: &Origin, snapshot: &Snapshot<'_>) -> Result<()> {
        checkpoint::save(self.path(), origin, snapshot)?;
        self.worth |= snapshot.position.step > 0;
        Ok(())
    }

    /// Writes the files that make it a run, the weights last.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn finish(&mut self, run: Finished<'_>) -> Result<()> {
        let config = run.settings.to_toml()?;
        let schema = schema_bytes(run.schema)?;
        let (weights, sum) = self.draft(&run)?;
        let catalogue = run.catalogue.map(Catalogue::to_bytes).transpose();
        let catalogue =
            catalogue.map_err(|e| Error::Data(format!("the catalogue cannot be written: {e}")))?;
        let distribution = run.distribution;
        let distribution = distribution.map(|d| json(d, "the distribution of the fields"));
        let distribution = distribution.transpose()?;
        let mut files = vec![(CONFIG, config.as_bytes()), (SCHEMA, &schema)];
        files.extend(distribution.iter().map(|bytes| (DISTRIBUTION, &bytes[..])));
        files.extend(catalogue.iter().map(|bytes| (CATALOGUE, &bytes[..])));
        let sums = files
            .iter()
            .map(|(name, bytes)| ((*name).to_owned(), seal::sum(bytes)));
        let sums = sums.chain([(WEIGHTS.to_owned(), sum)]);
        self.put(PROVENANCE, &seal::seal(run.provenance, sums)?)?;
        for (name, bytes) in files {
            self.put(name, bytes)?;
        }
        weights.persist()?;
        self.worth = true;
        Ok(())
    }

    /// The file of the weights, to be put in its place last, and its sum.
    fn draft(&self, run: &Finished<'_>) -> Result<(Draft, String)> {
        let plan = Plan::of(run.layout, run.schema, run.provenance.tables, None)?;
        let path = self.path().join(WEIGHTS);
        let draft = Draft::of(&path)?;
        let mut file = BufWriter::new(draft.reopen()?);
        let mut summed = Summed::of(&mut file);
        let written = plan.write(run.weights, &mut summed);
        let sum = summed.sum();
        let written = written.and_then(|()| file.flush());
        written.map_err(Error::io(path, "write"))?;
        Ok((draft, sum))
    }

    /// Writes `evaluation.json`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn evaluation(&self, evaluation: &Evaluation) -> Result<()> {
        self.put(EVALUATION, &json(evaluation, "the evaluation")?)
    }

    /// Writes `report.html`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn report(&self, html: &str) -> Result<()> {
        self.put(REPORT, html.as_bytes())
    }

    /// Writes `trace.jsonl`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn trace(&self, text: &str) -> Result<()> {
        self.put(TRACE, text.as_bytes())
    }

    /// The last act of a training that has come to its end: there is nothing to go on with.
    ///
    /// # Errors
    /// When the checkpoint cannot be removed.
    pub fn close(self) -> Result<()> {
        checkpoint::remove(self.path())
    }

    fn put(&self, name: &str, content: &[u8]) -> Result<()> {
        write_whole(&self.path().join(name), |file| file.write_all(content))
    }
}

/// `what` as JSON.
fn json(value: &impl Serialize, what: &str) -> Result<Vec<u8>> {
    let error = |e| Error::Data(format!("{what} cannot be written as JSON: {e}"));
    serde_json::to_vec(value).map_err(error)
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.worth {
            // Only tidiness: a file that stays does no harm. The lock removes the folder, if it made it.
            let _ = checkpoint::remove(self.path());
            let _ = fs::remove_file(self.path().join(METRICS));
            let _ = fs::remove_file(self.path().join(SCHEMA));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(epoch: usize) -> EpochRecord {
        EpochRecord {
            epoch,
            train_loss: 0.5,
            valid_loss: None,
            valid_auc: Some(0.75),
            train_seconds: 1.0,
            rows_per_second: 10.0,
            learning_rate: 1e-3,
        }
    }

    #[test]
    fn metrics_grow_by_whole_lines() {
        let parent = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(&parent.path().join("a/b"), false).unwrap();
        let read = |writer: &Writer| fs::read_to_string(writer.path().join(METRICS)).unwrap();
        assert_eq!(read(&writer), "");
        writer.append(&record(1)).unwrap();
        let first = read(&writer);
        assert!(first.starts_with(r#"{"epoch":1,"train_loss":0.5,"valid_loss":null,"#));
        writer.append(&record(2)).unwrap();
        assert!(read(&writer).starts_with(&first) && read(&writer).lines().count() == 2);
        // What was recorded stays, also without a model.
        let path = writer.path().to_owned();
        drop(writer);
        assert!(path.join(METRICS).exists());
    }

    #[test]
    fn nothing_stays_when_nothing_was_recorded() {
        let parent = tempfile::tempdir().unwrap();
        drop(Writer::next_free(parent.path(), "run").unwrap());
        assert_eq!(names_in(parent.path()).unwrap().len(), 0);
    }

    #[test]
    fn a_folder_with_something_in_it_is_not_taken() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("run");
        fs::create_dir(&path).unwrap();
        fs::write(path.join(WEIGHTS), "old").unwrap();
        let refused = |force| Writer::create(&path, force).unwrap_err().to_string();
        assert!(refused(false).contains("--force"));
        fs::write(path.join("thesis.doc"), "mine").unwrap();
        assert!(refused(true).contains("thesis.doc"));
        assert!(path.join(WEIGHTS).exists());
        fs::remove_file(path.join("thesis.doc")).unwrap();
        let writer = Writer::create(&path, true).unwrap();
        let mut names = names_in(&path).unwrap();
        names.sort();
        assert_eq!(names, [LOCK, METRICS]);
        drop(writer);
        fs::remove_dir(&path).unwrap();
        fs::write(&path, "a file").unwrap();
        assert!(Writer::create(&path, true).is_err());
    }

    #[test]
    fn the_next_free_name_is_taken() {
        let parent = tempfile::tempdir().unwrap();
        let runs = [(); 3].map(|()| Writer::next_free(&parent.path().join("runs"), "x").unwrap());
        let names = runs
            .each_ref()
            .map(|run| run.path().file_name().unwrap().to_owned());
        assert_eq!(names, ["x", "x-2", "x-3"]);
    }
}
