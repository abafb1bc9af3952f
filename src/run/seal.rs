//! What tells that the files of a run are those that training wrote: their SHA-256 in `data.json`, its own among them.
//!
//! ```json
//! "sha256": {"config.toml": "...", "data.json": "...", "model.safetensors": "...", "schema.json": "..."}
//! ```
//!
//! The sum of `data.json` is that of its content without this one entry, as JSON with sorted keys and nothing between them, so
//! that other spaces or another order of keys are no damage. It guards against accidents (a disk, an editor, files of two runs
//! in one folder), not against someone who writes new sums.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::directory::PROVENANCE;
use crate::data::vocab::hex;
use crate::error::{Error, Result};

/// The key of the sums.
const SUMS: &str = "sha256";

/// The sums of a run's files, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums(BTreeMap<String, String>);

/// The SHA-256 of a file's bytes, in hexadecimal.
pub fn sum(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Writes through, and sums up what is written.
pub(super) struct Summed<'w> {
    to: &'w mut dyn Write,
    digest: Sha256,
}

impl<'w> Summed<'w> {
    /// Nothing yet.
    pub fn of(to: &'w mut dyn Write) -> Summed<'w> {
        Summed {
            to,
            digest: Sha256::new(),
        }
    }

    /// The sum of all.
    pub fn sum(self) -> String {
        hex(&self.digest.finalize())
    }
}

impl Write for Summed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// The bytes of `data.json`: its content, and the sums of the other files and of its own.
pub(super) fn seal(
    content: &impl Serialize,
    sums: impl IntoIterator<Item = (String, String)>,
) -> Result<Vec<u8>> {
    reseal(content, &Sums(sums.into_iter().collect()))
}

/// The same with sums that are known.
pub(super) fn reseal(content: &impl Serialize, Sums(sums): &Sums) -> Result<Vec<u8>> {
    let unwritten = |e| Error::Data(format!("the provenance cannot be written as JSON: {e}"));
    let mut content = serde_json::to_value(content).map_err(unwritten)?;
    content[SUMS] = serde_json::to_value(sums).map_err(unwritten)?;
    let own = canonical(&mut content).map_err(unwritten)?;
    content[SUMS][PROVENANCE] = sum(&own).into();
    serde_json::to_vec_pretty(&content).map_err(unwritten)
}

/// The content of `data.json`, and the sums of the other files.
///
/// # Errors
/// When it is damaged: when it is not what its own sum says.
pub(super) fn unseal<T: DeserializeOwned>(file: &Path, bytes: &[u8]) -> Result<(T, Sums)> {
    let wrong = |e| Error::file(file, format!("is not a run's provenance: {e}"));
    let mut content: Value = serde_json::from_slice(bytes).map_err(wrong)?;
    let own = content.get_mut(SUMS).and_then(Value::as_object_mut);
    let own = own.and_then(|sums| sums.remove(PROVENANCE));
    let Some(own) = own else {
        let what = "is not a run's provenance, or one without the SHA-256 of its files: train the run anew";
        return Err(Error::file(file, what));
    };
    if own != sum(&canonical(&mut content).map_err(wrong)?) {
        return Err(changed(file));
    }
    let sums = content.as_object_mut().and_then(|all| all.remove(SUMS));
    let sums = serde_json::from_value(sums.unwrap_or_default()).map_err(wrong)?;
    let content = serde_json::from_value(content).map_err(wrong)?;
    Ok((content, Sums(sums)))
}

/// With sorted keys and without spaces.
fn canonical(content: &mut Value) -> serde_json::Result<Vec<u8>> {
    content.sort_all_objects();
    serde_json::to_vec(content)
}

fn changed(file: &Path) -> Error {
    let what = "was changed or damaged after training: its SHA-256 is not the one in data.json; \
        put the right file back, or train the run anew";
    Error::file(file, what)
}

/// Refuses bytes that have another sum.
///
/// # Errors
/// Names the file.
pub(super) fn check(file: &Path, bytes: &[u8], expected: &str) -> Result<()> {
    match sum(bytes) == expected {
        true => Ok(()),
        false => Err(changed(file)),
    }
}

impl Sums {
    /// That of a file.
    pub fn of(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_of_a_sealed_file_is_noticed() {
        let content = serde_json::json!({"rows": 7, "source": {"kind": "x"}, "isa": "avx2"});
        let bytes = seal(
            &content,
            [("b", b"2"), ("a", b"1")].map(|(name, bytes)| (name.to_owned(), sum(bytes))),
        )
        .unwrap();
        let file = Path::new("data.json");
        let (read, sums) = unseal::<Value>(file, &bytes).unwrap();
        assert_eq!(read, content);
        assert_eq!((sums.of("a"), sums.of("b")), (&*sum(b"1"), &*sum(b"2")));
        check(file, b"1", sums.of("a")).unwrap();
        assert!(check(file, b"1", sums.of("c")).is_err());
        for bit in 0..8 * bytes.len() {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            // But for one kind of space in the place of another.
            match unseal::<Value>(file, &bytes) {
                Ok(same) => assert_eq!(same, (read.clone(), sums.clone()), "{bit}"),
                Err(error) => assert!(error.to_string().starts_with("data.json: ")),
            }
        }
    }
}
