//! A column of texts: each distinct one once, and a code a row.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use crate::data::table::Values;

/// See the module.
#[derive(Debug, Default)]
pub struct Texts {
    /// Codes, by the hash of their text.
    known: HashTable<u32>,
    /// In the order of their first row.
    dictionary: Vec<String>,
    /// One a row.
    codes: Vec<u32>,
}

impl Texts {
    /// Appends a row; the empty text is a missing value.
    pub fn push(&mut self, text: &str) {
        let code = self.code(text);
        self.codes.push(code);
    }

    /// Appends a row by a code that [`Texts::code`] gave.
    pub fn push_code(&mut self, code: u32) {
        self.codes.push(code);
    }

    /// The code of a text.
    pub fn code(&mut self, text: &str) -> u32 {
        let Texts {
            known, dictionary, ..
        } = self;
        let hash = |text: &str| xxh3_64(text.as_bytes());
        let next = dictionary.len() as u32;
        let entry = known.entry(
            hash(text),
            |&code| dictionary[code as usize] == text,
            |&code| hash(&dictionary[code as usize]),
        );
        let code = *entry.or_insert(next).get();
        if code == next {
            dictionary.push(text.to_owned());
        }
        code
    }

    /// The column.
    pub fn values(self) -> Values {
        Values::Text {
            dictionary: self.dictionary,
            codes: self.codes,
        }
    }
}
