//! From raw files to batches: readers, schema, vocabulary, encoding, the encoded store, splits.

pub mod batch;
pub mod mersenne;
pub mod protocol;
pub mod schema;
pub mod split;
pub mod table;
pub mod vocab;
