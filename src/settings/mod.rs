//! What a run is told: presets, configuration files and single settings, layered; several runs from one file.
//!
//! Reading order: [`presets`] (named hyper-parameters, as files), [`config`] (how a model is trained), [`cluster`] (by how many),
//! [`resolved`] (every
//! setting of a run, and the layers that it is made of; `parts` keeps account of the
//! model's parts among them; `log` where to start on a log that nobody tuned on), [`grid`] (variants and grids),
//! [`reproduce`] (those whose results stand beside published ones).
//!
//! Its idea: whatever is told in whatever way becomes one [`Settings`], every default resolved, before anything is done; the rest of the crate
//! never asks where a value came from. It knows the sections of the model, the optimiser and the schedule, and no data: these are a
//! protocol's, and a run is a preset *and* a protocol.
//!
//! # Adding a preset
//!
//! A file that names the preset it starts from and says what differs; its name in the list and in the match beside it.
//!
//! Files: `src/settings/presets/NAME.toml` (new), `src/settings/presets.rs`

mod before;
pub mod cluster;
pub mod config;
pub mod grid;
mod layers;
mod log;
mod parts;
pub mod presets;
pub mod reproduce;
pub mod resolved;

pub use config::TrainConfig;
pub use presets::DEFAULT_PRESET;
pub use resolved::Settings;
