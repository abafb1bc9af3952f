//! Trained runs over HTTP: a JSON API for programs, pages for people.
//!
//! Nothing from outside is trusted: bodies, rows, waiting and connections are bounded ([`limits`]), every refusal is a
//! [`problem`] that names the field, and the network threads never compute (a fixed number of other threads does).
//!
//! Reading order: [`limits`], [`problem`], [`metrics`], [`drift`] (whether what comes is what the model was trained on), [`served`]
//! (a run in memory), [`traffic`] and [`feedback`] (several models at once, and what came of it), [`app`] (all of them, and what
//! requests share), [`api`], [`admin`], [`pages`], [`server`] (connections, from the first to the last).
//!
//! It is the last that answers: it knows runs, rankings and explanations, and nothing of training, of a search or of the command line.
//!
//! # Adding a route
//!
//! A handler that computes away from the network threads ([`App::work`]), its line among the routes, and its description for programs.
//!
//! Files: `src/serve/api/NAME.rs` (new), `src/serve/api/mod.rs`, `src/serve/api/openapi.json`

pub mod admin;
pub mod api;
pub mod app;
pub mod drift;
pub mod feedback;
pub mod guard;
pub mod limits;
pub mod metrics;
pub mod pages;
pub mod problem;
pub mod served;
pub mod server;
pub mod traffic;

pub use app::App;
pub use feedback::Log;
pub use limits::Limits;
pub use served::Served;
pub use server::{Config, serve};
pub use traffic::Shares;
