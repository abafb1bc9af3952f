//! What users did with what they were shown: `POST /v1/feedback`, appended to a log of JSON lines.
//!
//! A line is there whole or not at all: it is written in one call and synced before the answer, and what a crash has left without its
//! end is cut off at the next start. The log is bounded: a file that is full becomes `FILE.1`, in the place of the one before.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What somebody did with an item that a model showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feedback {
    /// The model that the answer named.
    pub model: String,
    /// The id that was asked for.
    pub user: String,
    /// The id that was shown.
    pub item: String,
    /// Whether they chose it; otherwise it was shown in vain.
    pub clicked: bool,
    /// The probability that the answer gave, where it is known: for calibration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f32>,
}

#[derive(Serialize)]
struct Line<'f> {
    /// Seconds since 1970.
    time: u64,
    #[serde(flatten)]
    feedback: &'f Feedback,
}

/// See the module.
#[derive(Debug)]
pub struct Log {
    /// The file that grows; the full one before it is called `FILE.1`.
    path: PathBuf,
    /// Bytes of a file.
    most: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    /// Bytes of the file.
    length: u64,
}

impl Log {
    /// Opens a log, or makes it; a last line without its end is cut off.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn open(path: &Path, most: u64) -> Result<Log> {
        let state = open(path).map_err(Error::io(path, "open"))?;
        Ok(Log {
            path: path.to_owned(),
            most,
            state: Mutex::new(state),
        })
    }

    /// Adds a line, synced when this returns.
    ///
    /// # Errors
    /// When it cannot be written; then nothing of it stays.
    pub fn add(&self, feedback: &Feedback) -> Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let time = now.map_or(0, |now| now.as_secs());
        let line = serde_json::to_string(&Line { time, feedback });
        let line =
            line.map_err(|error| Error::Data(format!("no line of feedback: {error}")))? + "\n";
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.append(&mut state, line.as_bytes())
            .map_err(Error::io(&self.path, "write"))
    }

    fn append(&self, state: &mut State, line: &[u8]) -> std::io::Result<()> {
        if state.length > 0 && state.length + line.len() as u64 > self.most {
            let mut old = self.path.clone().into_os_string();
            old.push(".1");
            std::fs::rename(&self.path, old)?;
            *state = open(&self.path)?;
        }
        let written = state
            .file
            .write_all(line)
            .and_then(|()| state.file.sync_data());
        match written {
            Ok(()) => state.length += line.len() as u64,
            Err(_) => state.file.set_len(state.length)?,
        }
        written
    }
}

fn open(path: &Path) -> std::io::Result<State> {
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(path)?;
    let length = whole(&mut file)?;
    file.set_len(length)?;
    Ok(State { file, length })
}

/// Where the last whole line ends.
fn whole(file: &mut File) -> std::io::Result<u64> {
    const STEP: u64 = 1 << 16;
    let mut end = file.seek(SeekFrom::End(0))?;
    while end > 0 {
        let start = end.saturating_sub(STEP);
        let mut bytes = vec![0; (end - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut bytes)?;
        if let Some(at) = bytes.iter().rposition(|&byte| byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feedback(item: &str) -> Feedback {
        Feedback {
            model: "m".into(),
            user: "u".into(),
            item: item.into(),
            clicked: true,
            score: None,
        }
    }

    fn items(path: &Path) -> Vec<String> {
        let text = std::fs::read_to_string(path).unwrap();
        let line = |line: &str| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            value["item"].as_str().unwrap().to_owned()
        };
        text.lines().map(line).collect()
    }

    #[test]
    fn half_a_line_is_cut_off_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        Log::open(&path, 1 << 20)
            .unwrap()
            .add(&feedback("a"))
            .unwrap();
        let whole = std::fs::read(&path).unwrap();
        for cut in 1..whole.len() {
            std::fs::write(&path, [&whole[..], &whole[..cut]].concat()).unwrap();
            if cut == whole.len() {
                break;
            }
            Log::open(&path, 1 << 20)
                .unwrap()
                .add(&feedback("b"))
                .unwrap();
            assert_eq!(items(&path), ["a", "b"], "{cut}");
        }
    }

    #[test]
    fn a_full_file_makes_room_for_one_more_and_no_third() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = Log::open(&path, 200).unwrap();
        for number in 0..20 {
            log.add(&feedback(&number.to_string())).unwrap();
        }
        assert!(std::fs::metadata(&path).unwrap().len() <= 200);
        assert_eq!(items(&path).last().unwrap(), "19");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
