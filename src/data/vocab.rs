//! The vocabulary of a field: which texts have an embedding row of their own, and which row that is.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// The code of every text that is not in the vocabulary, and of a missing value.
pub const UNKNOWN: u32 = 0;

/// Distinct texts. Code 0 means unknown; code i + 1 is the i-th text.
///
/// A fitted vocabulary is in byte-wise order; one that has grown ([`Vocabulary::grown`]) keeps its old codes and has the new
/// texts behind them. The empty text means "missing" and is never part of a vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vocabulary {
    /// The texts one behind the other: a vocabulary may have ten million.
    text: String,
    /// Where each text ends, in bytes.
    ends: Vec<u32>,
    /// The places of the texts in byte-wise order; empty when that is their order.
    sorted: Vec<u32>,
}

impl Vocabulary {
    /// The texts that were counted at least `min_count` times (and at least once), in byte-wise order.
    ///
    /// A text may come several times: its counts are added. The empty text is left out.
    pub fn fit<S: AsRef<str>>(
        counts: impl IntoIterator<Item = (S, u64)>,
        min_count: u32,
    ) -> Vocabulary {
        let texts = frequent(counts, min_count, None);
        // Sorted, distinct and not empty; what does not fit into 4 GiB is refused before it comes here.
        Vocabulary::new(texts.iter().map(|(text, _)| text.as_ref())).unwrap_or_default()
    }

    /// As [`Vocabulary::fit`], with at most `most` texts: the most frequent, of equally frequent ones the first in byte order.
    ///
    /// # Errors
    /// When the texts take 4 GiB or more.
    pub fn fit_most<S: AsRef<str>>(
        counts: impl IntoIterator<Item = (S, u64)>,
        min_count: u32,
        most: Option<u32>,
    ) -> Result<Vocabulary, String> {
        let texts = frequent(counts, min_count, most);
        Vocabulary::new(texts.iter().map(|(text, _)| text.as_ref()))
    }

    /// The texts in the given order.
    ///
    /// # Errors
    /// When one is empty or there twice, or they are too many.
    pub fn new<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Result<Vocabulary, String> {
        let mut vocabulary = Vocabulary::default();
        let mut rising = true;
        for text in texts {
            let text = text.as_ref();
            if text.is_empty() {
                return Err("a vocabulary holds the empty text, which means \"missing\"".into());
            }
            rising &= vocabulary.ends.is_empty() || vocabulary.last() < text;
            vocabulary.text.push_str(text);
            let end = u32::try_from(vocabulary.text.len()).map_err(|_| {
                "a vocabulary takes more than 4 GiB of text: use `hash_buckets` or a larger `min_count`"
            })?;
            vocabulary.ends.push(end);
        }
        if !rising {
            vocabulary.index()?;
        }
        Ok(vocabulary)
    }

    /// Looks for the order of texts that are not in it.
    fn index(&mut self) -> Result<(), String> {
        let mut sorted: Vec<u32> = (0..self.ends.len() as u32).collect();
        sorted.sort_unstable_by(|&a, &b| self.at(a as usize).cmp(self.at(b as usize)));
        let twice = |pair: &&[u32]| self.at(pair[0] as usize) == self.at(pair[1] as usize);
        if let Some(pair) = sorted.windows(2).find(twice) {
            let text = self.at(pair[0] as usize);
            return Err(format!("a vocabulary holds {text:?} twice"));
        }
        self.sorted = sorted;
        Ok(())
    }

    /// This vocabulary with those of `texts` behind it that it does not know, in byte-wise order.
    ///
    /// # Errors
    /// When they are too many.
    pub fn grown(&self, texts: &Vocabulary) -> Result<Vocabulary, String> {
        let mut new: Vec<&str> = texts
            .texts()
            .filter(|text| self.code(text) == UNKNOWN)
            .collect();
        new.sort_unstable();
        Vocabulary::new(self.texts().chain(new))
    }

    /// The number of known texts (the unknown row not counted).
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether no text is known.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The code of a text: its place plus one, [`UNKNOWN`] when it has none.
    pub fn code(&self, text: &str) -> u32 {
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let place = match self.sorted.get(middle) {
                Some(&place) => place as usize,
                None => middle,
            };
            match self.at(place).cmp(text) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return place as u32 + 1,
            }
        }
        UNKNOWN
    }

    /// The text of a code; `None` for [`UNKNOWN`] and for codes beyond the vocabulary.
    pub fn text(&self, code: u32) -> Option<&str> {
        let place = (code as usize).checked_sub(1)?;
        (place < self.ends.len()).then(|| self.at(place))
    }

    /// All texts, in the order of their codes (from code 1 on).
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).map(|place| self.at(place))
    }

    /// 16 hexadecimal digits that name the content: the first eight bytes of SHA-256 over every text, each preceded by its
    /// length in bytes (u64, little-endian; without it `["ab"]` and `["a", "b"]` would be the same).
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for text in self.texts() {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        hex(&hash.finalize()[..8])
    }

    fn at(&self, place: usize) -> &str {
        let start = match place {
            0 => 0,
            _ => self.ends[place - 1] as usize,
        };
        &self.text[start..self.ends[place] as usize]
    }

    fn last(&self) -> &str {
        self.at(self.ends.len() - 1)
    }
}

/// The texts that count, with how often they were counted, in byte-wise order.
fn frequent<S: AsRef<str>>(
    counts: impl IntoIterator<Item = (S, u64)>,
    min_count: u32,
    most: Option<u32>,
) -> Vec<(S, u64)> {
    let mut counts: Vec<(S, u64)> = counts
        .into_iter()
        .filter(|(text, count)| *count > 0 && !text.as_ref().is_empty())
        .collect();
    counts.sort_unstable_by(|a, b| a.0.as_ref().cmp(b.0.as_ref()));
    counts.dedup_by(|again, first| {
        let same = again.0.as_ref() == first.0.as_ref();
        if same {
            first.1 = first.1.saturating_add(again.1);
        }
        same
    });
    counts.retain(|(_, count)| *count >= u64::from(min_count));
    let most = most.map_or(usize::MAX, |most| most as usize);
    if counts.len() > most {
        // Stable, so that of equally frequent texts the first in byte order stay.
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts.truncate(most);
        counts.sort_unstable_by(|a, b| a.0.as_ref().cmp(b.0.as_ref()));
    }
    counts
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Serialize for Vocabulary {
    /// A list of its texts.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.texts())
    }
}

impl<'de> Deserialize<'de> for Vocabulary {
    /// Accepts texts that are distinct and not empty: looking them up relies on it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Vocabulary, D::Error> {
        deserializer.deserialize_seq(Texts)
    }
}

/// Reads a list text by text: ten million texts on the way would take more memory than the vocabulary.
struct Texts;

impl<'de> Visitor<'de> for Texts {
    type Value = Vocabulary;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vocabulary, A::Error> {
        let mut failed = None;
        let texts = std::iter::from_fn(|| match list.next_element::<String>() {
            Ok(text) => text,
            Err(error) => {
                failed = Some(error);
                None
            }
        });
        let vocabulary = Vocabulary::new(texts);
        match failed {
            Some(error) => Err(error),
            None => vocabulary.map_err(serde::de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn order_is_byte_wise_and_rare_or_empty_texts_are_left_out() {
        let counts = [("2", 1), ("10", 3), ("1", 1), ("", 9), ("é", 2), ("z", 0)];
        let all = Vocabulary::fit(counts, 1);
        assert_eq!(all.texts().collect::<Vec<_>>(), ["1", "10", "2", "é"]);
        assert_eq!((all.code("10"), all.code("z"), all.code("")), (2, 0, 0));
        assert_eq!(
            (all.text(0), all.text(4), all.text(5)),
            (None, Some("é"), None)
        );
        assert_eq!(
            Vocabulary::fit(counts, 2).texts().collect::<Vec<_>>(),
            ["10", "é"]
        );
        // Zero asks for no more than one does: a text that was never seen is not known.
        assert_eq!(Vocabulary::fit(counts, 0), all);
    }

    #[test]
    fn counts_of_one_text_are_added() {
        let fitted = Vocabulary::fit([("a", 1), ("b", 1), ("a", 1)], 2);
        assert_eq!(fitted.texts().collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn deserialisation_refuses_what_cannot_be_looked_up() {
        for (json, word) in [
            (r#"["a","a"]"#, "twice"),
            (r#"["b","a","b"]"#, "twice"),
            (r#"["","a"]"#, "missing"),
        ] {
            let error = serde_json::from_str::<Vocabulary>(json).unwrap_err();
            assert!(error.to_string().contains(word), "{json}: {error}");
        }
    }

    #[test]
    fn a_grown_vocabulary_keeps_its_codes() {
        let old = Vocabulary::fit([("b", 1), ("d", 1)], 1);
        let grown = old
            .grown(&Vocabulary::fit([("c", 1), ("a", 1), ("b", 1)], 1))
            .unwrap();
        assert_eq!(grown.texts().collect::<Vec<_>>(), ["b", "d", "a", "c"]);
        let codes = ["a", "b", "c", "d", "e"].map(|text| grown.code(text));
        assert_eq!(codes, [3, 1, 4, 2, 0]);
        let json = serde_json::to_string(&grown).unwrap();
        assert_eq!(serde_json::from_str::<Vocabulary>(&json).unwrap(), grown);
    }

    #[test]
    fn of_too_many_the_most_frequent_stay() {
        let counts = [("a", 1), ("b", 3), ("c", 2), ("d", 2), ("e", 9)];
        let fitted = Vocabulary::fit_most(counts, 1, Some(3)).unwrap();
        assert_eq!(fitted.texts().collect::<Vec<_>>(), ["b", "c", "e"]);
    }

    #[test]
    fn the_fingerprint_sees_where_texts_end() {
        let joined = Vocabulary::fit([("ab", 1)], 1).fingerprint();
        let apart = Vocabulary::fit([("a", 1), ("b", 1)], 1).fingerprint();
        assert_ne!(joined, apart);
        // SHA-256 of the empty input begins so.
        assert_eq!(Vocabulary::default().fingerprint(), "e3b0c44298fc1c14");
    }

    proptest! {
        #[test]
        fn every_text_decodes_to_itself(texts in proptest::collection::vec(".{0,4}", 0..40)) {
            let fitted = Vocabulary::fit(texts.iter().map(|t| (t, 1)), 1);
            for text in &texts {
                let expected = if text.is_empty() { None } else { Some(text.as_str()) };
                prop_assert_eq!(fitted.text(fitted.code(text)), expected);
            }
            let json = serde_json::to_string(&fitted).unwrap();
            prop_assert_eq!(serde_json::from_str::<Vocabulary>(&json).unwrap(), fitted);
        }
    }
}
