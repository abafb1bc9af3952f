//! What broke the program, or made it answer wrongly in silence, when it was attacked: one test a finding.

mod columns;
mod duplicates;
mod folders;
mod hashes;
mod movielens;
mod numbers;
#[cfg(unix)]
mod outputs;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod stores;
#[cfg(unix)]
mod two_at_once;
mod weights;
