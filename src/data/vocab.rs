//! The vocabulary of a field.

use serde::{Deserialize, Serialize};

/// Distinct texts in byte-wise order. Code 0 means unknown; code i + 1 is the i-th text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Vocabulary {
    texts: Vec<String>,
}

impl Vocabulary {
    /// The number of known texts (the unknown row not counted).
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether no text is known.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}
