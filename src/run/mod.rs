//! The run directory: what training leaves and what every later command opens.
//!
//! | file | holds |
//! |---|---|
//! | `model.safetensors` | the weights of the best epoch |
//! | `schema.json` | fields, vocabularies, label rule: how raw values are encoded |
//! | `config.toml` | every setting, defaults resolved |
//! | `data.json` | where the data came from, their fingerprint, rows and instruction set; the SHA-256 of all files above, and its own |
//! | `catalogue.bin` | users, items, who had what: what `recommend` and `serve` need of the data; not without both roles, nor with `--no-catalogue` |
//! | `distribution.json` | how often the values of each field came in training, and the scores: what live traffic is compared with |
//! | `metrics.jsonl` | one line an epoch, there while training runs |
//! | `evaluation.json` | the metrics on the test rows, beside those of the baselines |
//! | `report.html` | all of it for people |
//! | `trace.jsonl` | what the first steps were made of; with `AUTOINT_TRACE=1` only |
//! | `checkpoint/` | how to go on, see [`checkpoint`]; until training has come to its end |
//! | `autoint.lock` | nothing; it is locked while a program works on the run, see [`lock`] |
//!
//! [`writer`] makes one, [`Run::open`] reads one: each file once, and every byte that is parsed is the one that was hashed. A file
//! that was changed is refused by its name. Hashing takes 2 GB a second where the processor has SHA instructions: opening takes
//! 2.2 instead of 1.55 ms for the default model of MovieLens-1M (1.4 MB), and 18 instead of 5 ms for weights of 25 MB.
//!
//! Reading order: [`directory`] (the files), [`lock`] (whose they are), [`history`] and [`position`] (what happened, and where a training stands),
//! [`seal`] (whether they are what they were), [`provenance`] (what a run was made from), [`weights`], [`saving`] and [`checkpoint`] (numbers on disk), [`writer`], [`open`],
//! [`ensemble`] (several runs in one), [`recorded`](mod@recorded), [`tensorboard`].
//!
//! Its idea: a run is a folder that is whole or says that it is not. It knows settings, schema and weights, and how to score with them, but
//! neither what the loop over epochs does ([`crate::train`] hands over its position and its weights) nor what is shown of a run.
//!
//! # Adding a file to a run
//!
//! Its name in the list of those that a folder may hold, who writes it, who reads it; its line in the table above.
//!
//! Files: `src/run/directory.rs`, `src/run/writer.rs`, `src/run/open.rs`, `src/run/mod.rs`

pub mod checkpoint;
pub mod directory;
pub mod ensemble;
pub mod history;
pub mod lock;
pub mod open;
pub mod position;
pub mod precision;
pub mod provenance;
pub mod recorded;
pub mod saving;
pub mod seal;
pub mod tensorboard;
pub mod weights;
pub mod writer;

pub use checkpoint::{Checkpoint, Snapshot};
pub use history::{Ended, EpochRecord};
pub use lock::Lock;
pub use open::{Computing, Run};
pub use position::Position;
pub use provenance::{Origin, Provenance};
pub use recorded::{Recorded, recorded};
pub use writer::Writer;
