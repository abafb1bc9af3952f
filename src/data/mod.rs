//! From raw files to batches: readers, schema, vocabulary, encoding, the encoded store, splits.

pub(crate) mod atomic;
pub mod batch;
pub mod dataset;
pub mod encode;
pub(crate) mod gather;
pub mod mersenne;
pub mod protocol;
pub mod schema;
pub mod split;
pub mod store;
pub mod summary;
pub mod table;
#[cfg(test)]
pub(crate) mod testing;
pub mod vocab;
