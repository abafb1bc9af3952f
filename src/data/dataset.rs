//! Encoded rows in columns, in memory or in a mapped file: what training and evaluation read.

use std::fmt;
use std::str::FromStr;

use super::counts::Counts;
use super::schema::Schema;
use super::store::column::View;
use super::store::directory::{Entry, FieldIndex, Index};
use super::store::payload::Payload;
use crate::error::{Error, Result};

/// Encoded rows, their labels and their split. Cheap to read from several threads at once.
pub struct Dataset {
    /// What the codes mean: it was fitted with these rows, or given by an older run.
    schema: Schema,
    /// What became of the raw rows on their way here.
    counts: Counts,
    /// The first table row of each field, and the number of all at the end.
    offsets: Vec<u32>,
    /// See [`Dataset::fingerprint`].
    fingerprint: String,
    /// One a column, in the order in which the payload holds them: type, length, place and checksum.
    entries: Vec<Entry>,
    /// Which of the entries is which field, role or part of the split.
    index: Index,
    /// The bytes of all columns, in memory or mapped from a file.
    payload: Payload,
}

/// One of the three parts of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SplitName {
    /// Rows that gradients come from, and (unless the protocol says otherwise) all that is fitted.
    Train,
    /// Rows that choose among epochs, settings, calibrations and the shares of an ensemble.
    Valid,
    /// Rows that choose nothing: they are scored when all else is decided.
    Test,
}

impl SplitName {
    /// All three, in this order.
    pub const ALL: [SplitName; 3] = [SplitName::Train, SplitName::Valid, SplitName::Test];
}

impl fmt::Display for SplitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            SplitName::Train => "train",
            SplitName::Valid => "valid",
            SplitName::Test => "test",
        })
    }
}

impl FromStr for SplitName {
    type Err = Error;

    /// `train`, `valid` or `test`.
    fn from_str(text: &str) -> Result<SplitName> {
        SplitName::ALL
            .into_iter()
            .find(|name| name.to_string() == text)
            .ok_or_else(|| {
                Error::config("split", format!("`{text}` is none of train, valid, test"))
            })
    }
}

/// The columns of one field.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FieldView<'a> {
    /// Codes, one a row.
    One(View<'a>),
    /// Transformed numbers, one a row; NaN for missing.
    Number(&'a [f32]),
    /// Row i has `codes[starts[i]..starts[i + 1]]`.
    Mean { starts: &'a [u32], codes: View<'a> },
}

impl Dataset {
    /// A dataset of parts that were checked.
    pub(crate) fn new(
        schema: Schema,
        counts: Counts,
        fingerprint: String,
        entries: Vec<Entry>,
        index: Index,
        payload: Payload,
    ) -> Dataset {
        // Schema::check holds: all rows are numbered with 32 bits.
        let offsets = schema.offsets().iter().map(|&o| o as u32).collect();
        Dataset {
            schema,
            counts,
            offsets,
            fingerprint,
            entries,
            index,
            payload,
        }
    }

    /// The number of rows, those of all splits and of none together.
    pub fn rows(&self) -> usize {
        self.labels().len()
    }

    /// What the rows were encoded with.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What became of the rows that were read.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The name of the protocol, which stands beside every number.
    pub fn protocol_name(&self) -> &str {
        &self.schema.protocol.name
    }

    /// 64 hexadecimal digits that name the content: SHA-256 over the schema and every column. The same data encoded twice has
    /// the same fingerprint, in memory or in a file.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// `[rows]`, 0 or 1.
    pub fn labels(&self) -> &[u8] {
        match self.view(self.index.label) {
            View::U8(labels) => labels,
            _ => &[],
        }
    }

    /// `[rows]`, a number for each distinct user, from 0 without gaps; empty when the protocol has no user column.
    ///
    /// Users are told apart by their raw text, also those that the vocabulary does not know; rows without a user share one.
    pub fn users(&self) -> &[u32] {
        self.index.user.map_or(&[], |place| self.u32s(place))
    }

    /// `[rows]`, a number for each distinct item; as [`Dataset::users`].
    pub fn items(&self) -> &[u32] {
        self.index.item.map_or(&[], |place| self.u32s(place))
    }

    /// `[rows]`, what each row counts in the training loss; empty (every row counts 1) when the data have no weight column.
    pub fn weights(&self) -> &[f32] {
        self.index.weight.map_or(&[], |place| self.f32s(place))
    }

    /// `[rows]`, the probability that each label was drawn with; only synthetic data knows it.
    pub fn true_probability(&self) -> Option<&[f32]> {
        self.index.true_probability.map(|place| self.f32s(place))
    }

    /// The rows of a part of the split, in the split's order; every one is below [`Dataset::rows`].
    pub fn split(&self, name: SplitName) -> &[u32] {
        self.u32s(self.index.splits[name as usize])
    }

    /// The share of positive rows.
    pub fn label_rate(&self) -> f64 {
        let positive: u64 = self.labels().iter().map(|&label| u64::from(label)).sum();
        positive as f64 / self.rows() as f64
    }

    /// The columns of field number `place`.
    pub(crate) fn field(&self, place: usize) -> FieldView<'_> {
        match self.index.fields[place] {
            FieldIndex::One(codes) => FieldView::One(self.view(codes)),
            FieldIndex::Number(numbers) => FieldView::Number(self.f32s(numbers)),
            FieldIndex::Mean { starts, codes } => FieldView::Mean {
                starts: self.u32s(starts),
                codes: self.view(codes),
            },
        }
    }

    /// The first table row of field number `place`.
    pub(crate) fn offset(&self, place: usize) -> u32 {
        self.offsets[place]
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Refuses a store that was written to since it was opened, see [`super::store`].
    ///
    /// # Errors
    /// Names the file.
    pub fn check_unchanged(&self) -> Result<()> {
        self.payload.check_unchanged()
    }

    pub(crate) fn payload(&self) -> &Payload {
        &self.payload
    }

    /// The column at a place of the directory; its range was checked when the dataset was made.
    fn view(&self, place: usize) -> View<'_> {
        let entry = &self.entries[place];
        let bytes = entry
            .range()
            .and_then(|range| self.payload.bytes().get(range));
        View::new(entry.dtype, bytes.unwrap_or_default())
    }

    fn u32s(&self, place: usize) -> &[u32] {
        match self.view(place) {
            View::U32(numbers) => numbers,
            _ => &[],
        }
    }

    fn f32s(&self, place: usize) -> &[f32] {
        match self.view(place) {
            View::F32(numbers) => numbers,
            _ => &[],
        }
    }
}

impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dataset")
            .field("protocol", &self.schema.protocol.name)
            .field("rows", &self.rows())
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_splits_read_back() {
        for name in SplitName::ALL {
            assert_eq!(name.to_string().parse::<SplitName>().unwrap(), name);
        }
        let error = "Test".parse::<SplitName>().unwrap_err().to_string();
        assert!(
            error.contains("`Test` is none of train, valid, test"),
            "{error}"
        );
    }
}
