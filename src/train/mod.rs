//! Training: settings, the loop over epochs, the run directory it leaves behind, and what is done with one.
//!
//! Reading order: [`settings`] (what a run is told), [`trainer`] (the loop), [`position`] and [`checkpoint`] (how it goes on
//! after a stop), [`writer`] and [`run`] (what it leaves), [`evaluation`], [`predict`](mod@predict) and [`report`] (what is
//! made of it), [`verify`](mod@verify) (whether it can be made again).

pub mod checkpoint;
pub mod config;
pub mod evaluation;
pub mod grid;
pub mod position;
pub mod predict;
pub mod profile;
pub mod report;
pub mod run;
pub mod score;
pub mod settings;
pub mod shuffle;
pub mod trainer;
pub mod verify;
pub mod weights;
pub mod writer;

pub use checkpoint::{Checkpoint, Origin, Snapshot};
pub use config::TrainConfig;
pub use evaluation::{Evaluation, evaluate};
pub use position::Position;
pub use predict::predict;
pub use run::{Provenance, Run};
pub use settings::Settings;
pub use trainer::{Ended, EpochRecord, Observer, Trainer};
pub use writer::Writer;
