//! Distinct texts and a number for each, in the order of their first occurrence.

use std::collections::HashMap;
use std::sync::Arc;

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use crate::error::{Error, Result};

/// Texts by their 64-bit fingerprint (XXH3): looking up one of ten million then misses the cache once, not three times. Two of n
/// texts have the same fingerprint, and would be taken for one, with a probability of n^2 / 2^65: for ten million, 3 in a million.
#[derive(Debug, Default)]
pub(super) struct Interner {
    /// Fingerprint and code.
    table: HashTable<(u64, u32)>,
    /// All texts, one behind the other.
    text: String,
    /// Where each text ends.
    ends: Vec<u64>,
    /// The codes of the texts of the dictionary that was seen last: a joined table's come with every chunk.
    dictionary: Option<(Arc<[String]>, Vec<u32>)>,
    /// The codes of numbers, by their bits.
    numbers: HashMap<u64, u32>,
}

/// No code: that of a dictionary's text that was not seen yet.
const NONE: u32 = u32::MAX;

/// A fingerprint of a text that never changes: also what `hash_buckets` are made of.
pub(crate) fn fingerprint(text: &str) -> u64 {
    xxh3_64(text.as_bytes())
}

impl Interner {
    /// The code of a text.
    pub fn code(&mut self, text: &str) -> Result<u32> {
        let key = fingerprint(text);
        let hash = |entry: &(u64, u32)| entry.0;
        if let Some(&(_, code)) = self.table.find(key, |entry| entry.0 == key) {
            return Ok(code);
        }
        let code = self.ends.len() as u32;
        if code == NONE {
            return Err(Error::Data(
                "a column has more than 2^32 - 2 distinct values: use `hash_buckets`".into(),
            ));
        }
        self.text.push_str(text);
        self.ends.push(self.text.len() as u64);
        self.table.insert_unique(key, (key, code), hash);
        Ok(code)
    }

    /// The code of a text of a dictionary.
    pub fn dictionary_code(&mut self, texts: &Arc<[String]>, place: u32) -> Result<u32> {
        let known = self
            .dictionary
            .as_ref()
            .is_some_and(|(last, _)| Arc::ptr_eq(last, texts));
        if !known {
            self.dictionary = Some((Arc::clone(texts), vec![NONE; texts.len()]));
        }
        if let Some((_, codes)) = &self.dictionary
            && let Some(&code) = codes.get(place as usize)
            && code != NONE
        {
            return Ok(code);
        }
        let code = self.code(texts.get(place as usize).map_or("", String::as_str))?;
        if let Some((_, codes)) = &mut self.dictionary
            && let Some(slot) = codes.get_mut(place as usize)
        {
            *slot = code;
        }
        Ok(code)
    }

    /// The code of a number, as its shortest text (`4`, `0.5`); NaN is the empty text, and a negative zero is zero.
    pub fn number_code(&mut self, number: f64) -> Result<u32> {
        let number = if number.is_nan() {
            f64::NAN
        } else {
            number + 0.0
        };
        if let Some(&code) = self.numbers.get(&number.to_bits()) {
            return Ok(code);
        }
        let code = match number.is_nan() {
            true => self.code("")?,
            false => self.code(&number.to_string())?,
        };
        self.numbers.insert(number.to_bits(), code);
        Ok(code)
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The texts, in the order of their codes.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let text = &self.text[start as usize..end as usize];
            start = end;
            text
        })
    }

    /// Gives back what only interning needs.
    pub fn close(&mut self) {
        self.table = HashTable::new();
        self.dictionary = None;
        self.numbers = HashMap::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_code_however_it_comes() {
        let mut interner = Interner::default();
        let texts: Arc<[String]> = ["a", "4", "a"].map(str::to_owned).into();
        assert_eq!(interner.code("x").unwrap(), 0);
        assert_eq!(interner.dictionary_code(&texts, 1).unwrap(), 1);
        assert_eq!(interner.number_code(4.0).unwrap(), 1);
        assert_eq!(interner.dictionary_code(&texts, 2).unwrap(), 2);
        assert_eq!(interner.dictionary_code(&texts, 0).unwrap(), 2);
        assert_eq!(interner.number_code(f64::NAN).unwrap(), 3);
        assert_eq!(interner.code("").unwrap(), 3);
        assert_eq!(
            interner.number_code(-0.0).unwrap(),
            interner.number_code(0.0).unwrap()
        );
        assert_eq!(
            interner.texts().collect::<Vec<_>>(),
            ["x", "4", "a", "", "0"]
        );
    }
}
