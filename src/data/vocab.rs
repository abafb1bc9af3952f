//! The vocabulary of a field: which texts have an embedding row of their own, and which row that is.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The code of every text that is not in the vocabulary, and of a missing value.
pub const UNKNOWN: u32 = 0;

/// Distinct texts in byte-wise order. Code 0 means unknown; code i + 1 is the i-th text.
///
/// The empty text means "missing" and is never part of a vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Vocabulary {
    texts: Vec<String>,
}

impl Vocabulary {
    /// The texts that were counted at least `min_count` times (and at least once), in byte-wise order.
    ///
    /// A text may come several times: its counts are added. The empty text is left out.
    pub fn fit<S: AsRef<str>>(
        counts: impl IntoIterator<Item = (S, u64)>,
        min_count: u32,
    ) -> Vocabulary {
        let mut counts: Vec<(S, u64)> = counts
            .into_iter()
            .filter(|(text, count)| *count > 0 && !text.as_ref().is_empty())
            .collect();
        counts.sort_unstable_by(|a, b| a.0.as_ref().cmp(b.0.as_ref()));
        let texts = counts
            .chunk_by(|a, b| a.0.as_ref() == b.0.as_ref())
            .filter(|same| {
                let sum = same.iter().fold(0u64, |sum, s| sum.saturating_add(s.1));
                sum >= u64::from(min_count)
            })
            .filter_map(|same| same.first())
            .map(|(text, _)| text.as_ref().to_owned())
            .collect();
        Vocabulary { texts }
    }

    /// The number of known texts (the unknown row not counted).
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether no text is known.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The code of a text: its place in the byte-wise order plus one, [`UNKNOWN`] when it has none.
    pub fn code(&self, text: &str) -> u32 {
        self.texts
            .binary_search_by(|known| known.as_str().cmp(text))
            .ok()
            .and_then(|place| u32::try_from(place + 1).ok())
            .unwrap_or(UNKNOWN)
    }

    /// The text of a code; `None` for [`UNKNOWN`] and for codes beyond the vocabulary.
    pub fn text(&self, code: u32) -> Option<&str> {
        let place = (code as usize).checked_sub(1)?;
        self.texts.get(place).map(String::as_str)
    }

    /// All texts, in the order of their codes (from code 1 on).
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// 16 hexadecimal digits that name the content: the first eight bytes of SHA-256 over every text, each preceded by its
    /// length in bytes (u64, little-endian; without it `["ab"]` and `["a", "b"]` would be the same).
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for text in &self.texts {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        hex(&hash.finalize()[..8])
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl From<Vocabulary> for Vec<String> {
    fn from(vocabulary: Vocabulary) -> Vec<String> {
        vocabulary.texts
    }
}

impl TryFrom<Vec<String>> for Vocabulary {
    type Error = String;

    /// Accepts texts that are in byte-wise order, distinct and not empty: binary search relies on it.
    fn try_from(texts: Vec<String>) -> Result<Vocabulary, String> {
        if texts.first().is_some_and(String::is_empty) {
            return Err("a vocabulary holds the empty text, which means \"missing\"".into());
        }
        if let Some(pair) = texts.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(format!(
                "a vocabulary is not in byte-wise order without repetition: {:?} stands before {:?}",
                pair[0], pair[1]
            ));
        }
        if u32::try_from(texts.len()).is_err() {
            return Err(format!(
                "a vocabulary has {} texts, at most 2^32 - 1 are possible",
                texts.len()
            ));
        }
        Ok(Vocabulary { texts })
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
        assert_eq!(all.texts(), ["1", "10", "2", "é"]);
        assert_eq!((all.code("10"), all.code("z"), all.code("")), (2, 0, 0));
        assert_eq!(
            (all.text(0), all.text(4), all.text(5)),
            (None, Some("é"), None)
        );
        assert_eq!(Vocabulary::fit(counts, 2).texts(), ["10", "é"]);
        // Zero asks for no more than one does: a text that was never seen is not known.
        assert_eq!(Vocabulary::fit(counts, 0), all);
    }

    #[test]
    fn counts_of_one_text_are_added() {
        let fitted = Vocabulary::fit([("a", 1), ("b", 1), ("a", 1)], 2);
        assert_eq!(fitted.texts(), ["a"]);
    }

    #[test]
    fn deserialisation_refuses_what_binary_search_cannot_use() {
        for (json, word) in [
            (r#"["b","a"]"#, "order"),
            (r#"["a","a"]"#, "order"),
            (r#"["","a"]"#, "missing"),
        ] {
            let error = serde_json::from_str::<Vocabulary>(json).unwrap_err();
            assert!(error.to_string().contains(word), "{json}: {error}");
        }
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
