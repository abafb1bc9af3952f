//! Training: settings, the loop over epochs, the run directory it leaves behind, and what is done with one.
//!
//! Reading order: [`settings`] (what a run is told), [`trainer`] (the loop), [`writer`] and [`run`] (what it leaves),
//! [`evaluation`], [`predict`](mod@predict) and [`report`] (what is made of it).

pub mod config;
pub mod evaluation;
pub mod predict;
pub mod report;
pub mod run;
pub mod score;
pub mod settings;
pub mod shuffle;
pub mod trainer;
pub mod weights;
pub mod writer;

pub use config::TrainConfig;
pub use evaluation::{Evaluation, evaluate};
pub use predict::predict;
pub use run::{Provenance, Run};
pub use settings::Settings;
pub use trainer::{Ended, EpochRecord, Observer, Trainer};
pub use writer::Writer;
