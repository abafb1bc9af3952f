//! From raw files to batches: readers, schema, vocabulary, encoding, the encoded store, splits.
//!
//! Reading order: [`table`] (what readers give), [`movielens`] and [`synthetic`] (the readers), [`protocol`] (what is asked
//! of a table), [`split`], [`schema`] and [`vocab`] (what is fitted), [`encode`], [`dataset`] and [`store`] (encoded rows in
//! memory and on disk), [`source`] (all of it by one name), [`catalogue`] (who and what there is), [`batch`] (what the model gets).
//!
//! Its idea: what a raw value becomes is decided once, by a protocol and the training rows, and kept as a schema that every later row goes
//! through. Nothing here knows what a model does with rows: no tape, no weights, no gradient; a [`batch::Batch`] is where it ends. Of
//! what comes before it, it uses the names of metrics, as a protocol says what is to be measured.
//!
//! ```
//! use autoint::data::encode::value::Encoded;
//! use autoint::data::protocol::Protocol;
//! use autoint::data::protocol::label::LabelRule;
//! use autoint::data::schema::{FieldKind, FieldSpec};
//! use autoint::data::source::Source;
//! use autoint::data::store::Target;
//!
//! let folder = tempfile::tempdir()?;
//! let file = folder.path().join("clicks.csv");
//! std::fs::write(&file, format!("user,clicked\n{}", "ann,1\nbob,0\n".repeat(5)))?;
//! let mut protocol = Protocol::new("shop", LabelRule { column: "clicked".into(), positive: None });
//! protocol.fields = vec![FieldSpec::new("user", FieldKind::Categorical)];
//!
//! let data = Source::of_files(vec![file]).encode(Some(&protocol), Target::Anywhere)?;
//! assert_eq!((data.rows(), data.label_rate()), (10, 0.5));
//! // Code 0 is for whoever is unknown; the others are numbered in the order of their bytes.
//! let user = &data.schema().fields[0];
//! assert_eq!(user.encode_text("bob")?, (Encoded::Code(2), false));
//! assert_eq!(user.encode_text("zoe")?, (Encoded::Code(0), true));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Adding a reader of a file format
//!
//! A [`source::reader::Reader`] that cuts an input into blocks, and a block that parses itself. The first bytes tell the format
//! (`sniff.rs`); `src/data/init/columns.rs` names the columns of a format without a header.
//!
//! Files: `src/data/source/NAME.rs` (new), `src/data/source/mod.rs`, `src/data/source/layout.rs`, `src/data/source/open.rs`, `src/data/source/sniff.rs`, `src/data/init/columns.rs`

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
