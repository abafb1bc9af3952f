//! Training: settings, the loop over epochs, and the run directory it leaves behind.
//!
//! Reading order: [`settings`] (what a run is told), [`trainer`] (the loop), [`run`] (what it leaves).

pub mod config;
pub mod run;
pub mod score;
pub mod settings;
pub mod shuffle;
pub mod trainer;
pub mod weights;

pub use config::TrainConfig;
pub use run::Run;
pub use settings::Settings;
pub use trainer::{EpochRecord, Observer, Trainer};
