//! The cells of one column of a chunk.

use std::borrow::Cow;
use std::sync::Arc;

/// One cell a row. The empty text and NaN mean "missing".
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// Each row has a text of its own.
    Text(Texts),
    /// `texts[codes[row]]`: what came as a dictionary stays one, so that each text is looked at once. Texts are distinct or
    /// not; not every one needs to occur.
    Dictionary {
        /// Shared by all chunks that a joined table's column comes with.
        texts: Arc<[String]>,
        /// Places in `texts`, one a row.
        codes: Vec<u32>,
    },
    /// Numbers.
    Number(Vec<f64>),
}

/// Texts one behind the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// All of them, without anything between.
    text: String,
    /// Where each text ends, in bytes.
    ends: Vec<u32>,
}

/// What separates the values of a cell that came as a list (JSON, Parquet): no value of a list is split at a character that
/// it holds itself. The ASCII unit separator.
pub const LIST: char = '\u{1f}';

/// Ends the list of `count` values that began at `start`: an only value gets [`LIST`] behind it when it may hold what separates the
/// values of other cells.
pub(crate) fn close_list(text: &mut String, start: usize, count: usize) {
    if count == 1 && text[start..].contains(|c: char| !c.is_alphanumeric()) {
        text.push(LIST);
    }
}

impl Texts {
    /// Texts whose bytes lie one behind the other; `ends` rise, and the last is the length of `text`.
    ///
    /// Cells must end on borders of characters; what does not, reads as missing.
    pub fn new(text: String, ends: Vec<u32>) -> Texts {
        Texts { text, ends }
    }

    /// Appends a text. The bytes of one chunk's column stay below 4 GiB: blocks are a few MiB.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len() as u32);
    }

    /// The number of texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of a row; the empty one beyond the last row.
    pub fn get(&self, row: usize) -> &str {
        let start = match row.checked_sub(1) {
            None => 0,
            Some(before) => self.ends.get(before).copied().unwrap_or(0) as usize,
        };
        let end = self.ends.get(row).map_or(start, |&end| end as usize);
        self.text.get(start..end).unwrap_or_default()
    }

    /// All texts in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let text = self.text.get(start..end as usize).unwrap_or_default();
            start = end as usize;
            text
        })
    }
}

impl<S: AsRef<str>> FromIterator<S> for Texts {
    fn from_iter<I: IntoIterator<Item = S>>(texts: I) -> Texts {
        let mut all = Texts::default();
        for text in texts {
            all.push(text.as_ref());
        }
        all
    }
}

impl Default for Cells {
    fn default() -> Cells {
        Cells::Number(Vec::new())
    }
}

impl Cells {
    /// The text of a row; the empty one for a missing value, and beyond the last row. Minus zero is zero.
    pub fn text(&self, row: usize) -> Cow<'_, str> {
        match self {
            Cells::Text(texts) => Cow::Borrowed(texts.get(row)),
            Cells::Dictionary { texts, codes } => {
                let text = codes.get(row).and_then(|&code| texts.get(code as usize));
                Cow::Borrowed(text.map_or("", String::as_str))
            }
            Cells::Number(numbers) => match numbers.get(row) {
                Some(number) if !number.is_nan() => Cow::Owned((number + 0.0).to_string()),
                _ => Cow::Borrowed(""),
            },
        }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Cells::Text(texts) => texts.len(),
            Cells::Dictionary { codes, .. } => codes.len(),
            Cells::Number(numbers) => numbers.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_were() {
        let rows = ["", "é", "abc", "", "x"];
        let texts: Texts = rows.into_iter().collect();
        assert_eq!(texts.len(), 5);
        assert_eq!(texts.iter().collect::<Vec<_>>(), rows);
        assert_eq!((0..5).map(|r| texts.get(r)).collect::<Vec<_>>(), rows);
        assert_eq!(texts.get(5), "");
    }
}
