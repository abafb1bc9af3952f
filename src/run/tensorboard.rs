//! TensorBoard's event files: a training's numbers, epoch by epoch, as its pages draw them.
//!
//! A file is a row of records (TFRecord: length, its checksum, content, its checksum), each content an `Event` message of
//! `tensorflow/core/util/event.proto`, which has a scalar a metric. Records are appended whole, so that a page that is open goes on; a
//! training that is gone on with writes another file beside the first, and the page shows both as one.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::history::EpochRecord;
use crate::error::{Error, Result};
use crate::protobuf::Message;

/// An event file that is written to.
#[derive(Debug)]
pub struct Events {
    /// For messages.
    path: PathBuf,
    file: File,
}

impl Events {
    /// A new file in the folder, which is made where it is missing.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(folder: &Path) -> Result<Events> {
        fs::create_dir_all(folder).map_err(Error::io(folder, "create"))?;
        let now = now();
        let path = folder.join(format!("events.out.tfevents.{}.autoint", now.as_millis()));
        let file = OpenOptions::new().append(true).create(true).open(&path);
        let file = file.map_err(Error::io(&path, "create"))?;
        let mut events = Events { path, file };
        events.append(time(now).text(3, "brain.Event:2"))?;
        Ok(events)
    }

    /// Appends an epoch.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn epoch(&mut self, record: &EpochRecord) -> Result<()> {
        let scalars = [
            ("loss/train", Some(record.train_loss)),
            ("loss/valid", record.valid_loss),
            ("auc/valid", record.valid_auc),
            ("learning_rate", Some(record.learning_rate)),
            ("rows_per_second", Some(record.rows_per_second)),
        ];
        let known = scalars
            .into_iter()
            .filter_map(|(tag, value)| Some((tag, value?)));
        let summary = known.fold(Message::new(), |summary, (tag, value)| {
            summary.message(1, &Message::new().text(1, tag).float(2, value as f32))
        });
        let event = time(now()).int(2, record.epoch as i64);
        self.append(event.message(5, &summary))
    }

    fn append(&mut self, event: Message) -> Result<()> {
        let record = record(&event.into_bytes());
        let written = self.file.write_all(&record);
        written.map_err(Error::io(&self.path, "write"))
    }
}

fn now() -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap_or_default()
}

/// The beginning of an event: when it happened.
fn time(now: Duration) -> Message {
    Message::new().double(1, now.as_secs_f64())
}

/// A TFRecord: TensorFlow's "TFRecord and tf.train.Example", section "TFRecords format details".
fn record(content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u64).to_le_bytes();
    let sums = [&length[..], content].map(|of| masked(crc32c(of)).to_le_bytes());
    [&length[..], &sums[0], content, &sums[1]].concat()
}

/// A checksum turned and moved, as a sum over bytes that hold their own sum is a weak one.
fn masked(sum: u32) -> u32 {
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The CRC with Castagnoli's polynomial (RFC 3720, appendix B.4), bit by bit: there are few bytes.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |sum: u32, _| sum >> 1 ^ (0x82f6_3b78 & (sum & 1).wrapping_neg());
    let byte = |sum: u32, &byte: &u8| (0..8).fold(sum ^ u32::from(byte), step);
    !bytes.iter().fold(!0, byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standard() {
        // RFC 3720, B.4: 32 bytes of zeros, of ones, and 0 to 31.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(&(0..32).collect::<Vec<u8>>()), 0x46dd_794e);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    /// The contents of the records; fails at a checksum that is wrong.
    fn contents(mut file: &[u8]) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        while !file.is_empty() {
            let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
            let sum = |of: &[u8]| {
                let crc = crc32c(of);
                ((u64::from(crc) << 17 | u64::from(crc) >> 15) as u32)
                    .wrapping_add(0xa282_ead8)
                    .to_le_bytes()
            };
            assert_eq!(file[8..12], sum(&file[..8]));
            assert_eq!(file[12 + length..16 + length], sum(&file[12..12 + length]));
            all.push(file[12..12 + length].to_vec());
            file = &file[16 + length..];
        }
        all
    }

    #[test]
    fn an_epoch_is_an_event_with_its_scalars() {
        let folder = tempfile::tempdir().unwrap();
        let mut events = Events::create(&folder.path().join("a/b")).unwrap();
        events
            .epoch(&EpochRecord {
                epoch: 300,
                train_loss: 0.5,
                valid_loss: None,
                valid_auc: Some(0.75),
                train_seconds: 1.0,
                rows_per_second: 10.0,
                learning_rate: 1e-3,
            })
            .unwrap();
        let all = contents(&fs::read(&events.path).unwrap());
        assert_eq!(all.len(), 2);
        // wall_time = 1 (eight bytes), then file_version = 3.
        assert_eq!(all[0][0], 0x09);
        assert_eq!(all[0][9..], *b"\x1a\x0dbrain.Event:2");
        // step = 2: 300 is 0xac 0x02; summary = 5, whose values have a tag and a simple_value.
        let scalar = |tag: &str, value: f32| {
            let content = [
                &[0x0a, tag.len() as u8],
                tag.as_bytes(),
                &[0x15],
                &value.to_le_bytes(),
            ]
            .concat();
            [&[0x0a, content.len() as u8], &content[..]].concat()
        };
        let scalars = [
            scalar("loss/train", 0.5),
            scalar("auc/valid", 0.75),
            scalar("learning_rate", 1e-3),
            scalar("rows_per_second", 10.0),
        ]
        .concat();
        let wanted = [&[0x10, 0xac, 0x02, 0x2a, scalars.len() as u8], &scalars[..]].concat();
        assert_eq!(all[1][9..], wanted);
    }
}
