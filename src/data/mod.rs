//! From raw files to batches: readers, schema, vocabulary, encoding, the encoded store, splits.
//!
//! Reading order: [`table`] (what readers give), [`movielens`] and [`synthetic`] (the readers), [`protocol`] (what is asked
//! of a table), [`split`], [`schema`] and [`vocab`] (what is fitted), [`encode`], [`dataset`] and [`store`] (encoded rows in
//! memory and on disk), [`source`] (all of it by one name), [`catalogue`] (who and what there is), [`batch`] (what the model gets).

pub mod batch;
pub mod calendar;
pub mod catalogue;
pub mod counts;
pub mod dataset;
pub mod download;
pub mod encode;
pub(crate) mod gather;
pub mod had;
pub mod init;
pub mod lookup;
pub mod mersenne;
pub mod movielens;
pub(crate) mod numbers;
pub mod pairs;
pub mod protocol;
pub mod schema;
pub mod source;
pub mod split;
pub mod store;
pub mod summary;
pub mod synthetic;
pub mod table;
#[cfg(test)]
pub(crate) mod testing;
pub mod vocab;
