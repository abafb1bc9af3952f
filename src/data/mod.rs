//! From raw files to batches: readers, schema, vocabulary, encoding, the encoded store, splits.

pub mod batch;
pub mod calendar;
pub mod download;
pub mod movielens;
pub mod schema;
pub mod synthetic;
pub mod table;
pub mod vocab;
