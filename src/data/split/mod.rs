//! Which rows are for training, which for validation and which for the test.

pub mod listed;
mod parts;

use std::path::PathBuf;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};

pub use self::parts::Split;
pub(crate) use self::parts::check_disjoint;
use crate::data::mersenne::{Mersenne, permutation, torch_permutation};
use crate::data::numbers::end;
use crate::error::{Error, Result};

/// How rows are divided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "rule", deny_unknown_fields)]
pub enum SplitRule {
    /// scikit-learn's `train_test_split(test_size, random_state = seed)`, bit for bit, then Keras' `validation_split`: the last
    /// part of the training rows, in their permuted order.
    Sklearn {
        /// The test rows' share of all rows, rounded up to whole rows.
        test_size: f64,
        /// `random_state` of scikit-learn.
        seed: u32,
        /// The validation rows' share of the other rows; the training rows are rounded down to whole rows.
        validation: f64,
    },
    /// A random permutation cut into training, validation and test rows in the ratio of `parts`.
    ///
    /// The permutation is [`permutation`] on the words of ChaCha8 whose key is `seed` as eight little-endian bytes and 24
    /// zeros: it depends on no library's shuffle and never changes.
    Random {
        /// Training, validation, test: `[8, 1, 1]` is 80, 10 and 10 percent.
        parts: [u32; 3],
        /// Of the permutation; not the seed of training.
        seed: u64,
    },
    /// The rows of `torch.randperm` after `torch.manual_seed(seed)`, as the library RecBole cuts them: the second and the third part
    /// have their share of the rows rounded down, the first the others.
    Torch {
        /// As in [`SplitRule::Random`].
        parts: [u32; 3],
        /// `torch.manual_seed`'s.
        seed: u32,
    },
    /// As [`SplitRule::Random`] within the positive and within the negative rows, so that every part has the same share of both.
    Stratified {
        /// As in [`SplitRule::Random`].
        parts: [u32; 3],
        /// As in [`SplitRule::Random`].
        seed: u64,
    },
    /// As [`SplitRule::Random`] within each user's rows: the second and the third part have their share rounded down, but one row
    /// at least where the user has three. What rankings of a whole catalogue are measured on, RecBole's for one.
    RandomByUser {
        /// As in [`SplitRule::Random`].
        parts: [u32; 3],
        /// As in [`SplitRule::Random`].
        seed: u64,
    },
    /// A user's last row is for the test, the last but one for validation; users with fewer than three rows only train.
    /// Of rows at the same time, the later in the table is the later.
    LeaveLastOut,
    /// Rows before a moment train, rows after a second moment are for the test. Rows of one moment are never parted: the later
    /// part gets them all, so parts can be larger than asked for.
    GlobalTime {
        /// The share of all rows just before the test rows.
        validation: f64,
        /// The share of all rows at the end of time.
        test: f64,
    },
    /// Each part has files of its own, which the schema file names.
    Files,
    /// A file has a line for each row that the protocol keeps: `train`, `valid`, `test` or `none`.
    Listed {
        /// As it was given on the command line or in the schema.
        file: PathBuf,
        /// Of the file, 64 hexadecimal digits: another file of that name is refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sha256: Option<String>,
    },
}

impl Default for SplitRule {
    /// Random, 8:1:1.
    fn default() -> SplitRule {
        SplitRule::Random {
            parts: [8, 1, 1],
            seed: 1,
        }
    }
}

/// What of the rows a rule may look at; what it does not need may be empty.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// The number of each row's user.
    pub users: &'a [u32],
    /// Seconds.
    pub times: &'a [f64],
    /// 0 or 1.
    pub labels: &'a [u8],
    /// How many rows come from the files of each part, in this order.
    pub of_files: [u32; 3],
}

impl SplitRule {
    /// Whether [`SplitRule::apply`] needs the rows' times.
    pub fn needs_time(&self) -> bool {
        matches!(self, SplitRule::LeaveLastOut | SplitRule::GlobalTime { .. })
    }

    /// Whether [`SplitRule::apply`] needs the rows' users.
    pub fn needs_user(&self) -> bool {
        matches!(
            self,
            SplitRule::LeaveLastOut | SplitRule::RandomByUser { .. }
        )
    }

    /// Divides `rows` rows.
    ///
    /// # Errors
    /// When shares or parts make no sense, a fact is needed and not there, or a time is missing.
    pub fn apply(&self, rows: u32, facts: Facts<'_>) -> Result<Split> {
        let Facts {
            users,
            times,
            labels,
            of_files,
        } = facts;
        self.check_settings()?;
        if self.needs_user() && users.len() != rows as usize {
            return Err(Error::Data(
                "the split within each user's rows needs a user column".into(),
            ));
        }
        if self.needs_time() {
            check_times(rows, times)?;
        }
        if let SplitRule::Listed { file, sha256 } = self {
            return listed::read(file, sha256.as_deref(), rows);
        }
        Ok(match *self {
            SplitRule::Sklearn {
                test_size,
                seed,
                validation,
            } => sklearn(rows, test_size, seed, validation),
            SplitRule::Random { parts, seed } => random((0..rows).collect(), parts, seed),
            SplitRule::Torch { parts, seed } => torch(rows, parts, seed),
            SplitRule::Stratified { parts, seed } => stratified(labels, parts, seed),
            SplitRule::RandomByUser { parts, seed } => random_by_user(users, parts, seed),
            SplitRule::LeaveLastOut => leave_last_out(users, times),
            SplitRule::GlobalTime { validation, test } => global_time(times, validation, test),
            SplitRule::Files | SplitRule::Listed { .. } => by_files(of_files),
        })
    }

    /// Refuses shares and parts that make no sense.
    ///
    /// # Errors
    /// Names the setting.
    pub fn check_settings(&self) -> Result<()> {
        let share = |name: &str, value: f64| {
            if value.is_finite() && (0.0..1.0).contains(&value) {
                return Ok(());
            }
            Err(Error::config(
                format!("split.{name}"),
                format!("is {value}, must be at least 0 and below 1"),
            ))
        };
        match *self {
            SplitRule::Sklearn {
                test_size,
                validation,
                ..
            } => {
                share("test_size", test_size)?;
                share("validation", validation)
            }
            SplitRule::Random { parts, .. }
            | SplitRule::Torch { parts, .. }
            | SplitRule::Stratified { parts, .. }
            | SplitRule::RandomByUser { parts, .. }
                if parts[0] == 0 =>
            {
                Err(Error::config(
                    "split.parts",
                    format!("are {parts:?}, the first (training) must be at least 1"),
                ))
            }
            SplitRule::GlobalTime { validation, test } => {
                share("validation", validation)?;
                share("test", test)?;
                share("validation + test", validation + test)
            }
            SplitRule::Random { .. }
            | SplitRule::Torch { .. }
            | SplitRule::Stratified { .. }
            | SplitRule::RandomByUser { .. }
            | SplitRule::LeaveLastOut
            | SplitRule::Files
            | SplitRule::Listed { .. } => Ok(()),
        }
    }
}

fn check_times(rows: u32, times: &[f64]) -> Result<()> {
    if times.len() != rows as usize {
        return Err(Error::Data(
            "the split in time needs every row's time: name the column as `time` in [roles]".into(),
        ));
    }
    match times.iter().position(|time| time.is_nan()) {
        None => Ok(()),
        Some(row) => Err(Error::Data(format!(
            "the split in time needs every row's time, but row {} (counted from 1, dropped rows left out) has none",
            row + 1
        ))),
    }
}

/// `share * rows` rounded as told, never more than `rows`.
fn part_of(rows: usize, share: f64, round: impl Fn(f64) -> f64) -> usize {
    (round(share * rows as f64) as usize).min(rows)
}

fn sklearn(rows: u32, test_size: f64, seed: u32, validation: f64) -> Split {
    let mut generator = Mersenne::new(seed);
    let mut test = permutation(rows, || generator.next_u32());
    let mut train = test.split_off(part_of(test.len(), test_size, f64::ceil));
    let valid = train.split_off(part_of(train.len(), 1.0 - validation, f64::floor));
    Split { train, valid, test }
}

/// The given rows in three parts.
fn random(rows: Vec<u32>, parts: [u32; 3], seed: u64) -> Split {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut generator = ChaCha8Rng::from_seed(key);
    let mut train = permutation(rows.len() as u32, || generator.next_u32());
    for place in &mut train {
        *place = rows[*place as usize];
    }
    let rows = rows.len() as u32;
    let [first, second, third] = parts.map(u64::from);
    // At most 2^32 rows times 2^33: no overflow. The sum is not 0, the first part is at least 1.
    let cut = |upto: u64| (u64::from(rows) * upto / (first + second + third)) as usize;
    let test = train.split_off(cut(first + second));
    let valid = train.split_off(cut(first));
    Split { train, valid, test }
}

/// RecBole's `split_by_ratio` of a shuffled data set (`recbole/data/dataset/dataset.py`).
fn torch(rows: u32, parts: [u32; 3], seed: u32) -> Split {
    let mut generator = Mersenne::new(seed);
    let mut train = torch_permutation(rows, || generator.next_u32());
    let all: u64 = parts.iter().map(|&part| u64::from(part)).sum();
    let share = |part: u32| (u64::from(rows) * u64::from(part) / all) as usize;
    let test = train.split_off(train.len() - share(parts[2]));
    let valid = train.split_off(train.len() - share(parts[1]));
    Split { train, valid, test }
}

/// Positive rows and negative rows, each in three parts; within a part the negative ones stand behind.
fn stratified(labels: &[u8], parts: [u32; 3], seed: u64) -> Split {
    let of = |label: u8| {
        let rows = (0..).zip(labels).filter(|&(_, &l)| l == label);
        random(rows.map(|(row, _)| row).collect(), parts, seed)
    };
    let (mut split, negative) = (of(1), of(0));
    split.train.extend(negative.train);
    split.valid.extend(negative.valid);
    split.test.extend(negative.test);
    split
}

/// One permutation of all rows, of which each user's part is cut by itself.
fn random_by_user(users: &[u32], parts: [u32; 3], seed: u64) -> Split {
    let all = random((0..users.len() as u32).collect(), [1, 0, 0], seed).train;
    let mut of_user = vec![Vec::new(); end(users)];
    for row in all {
        of_user[users[row as usize] as usize].push(row);
    }
    let whole: u64 = parts.iter().map(|&part| u64::from(part)).sum();
    let mut split = Split::default();
    for mut train in of_user {
        let rows = train.len() as u64;
        let share = |part: u32| match rows * u64::from(part) / whole {
            0 if part > 0 && rows >= 3 => 1,
            share => share as usize,
        };
        let (valid, test) = (share(parts[1]), share(parts[2]));
        split.test.extend(train.split_off(train.len() - test));
        split.valid.extend(train.split_off(train.len() - valid));
        split.train.extend(train);
    }
    split
}

/// Rows stand in the order of their files: training, validation, test.
fn by_files([train, valid, test]: [u32; 3]) -> Split {
    Split {
        train: (0..train).collect(),
        valid: (train..train + valid).collect(),
        test: (train + valid..train + valid + test).collect(),
    }
}

fn leave_last_out(users: &[u32], times: &[f64]) -> Split {
    let mut order: Vec<usize> = (0..users.len()).collect();
    // Stable: rows of one user and one time stay in the order of the table.
    order.sort_by(|&a, &b| users[a].cmp(&users[b]).then(times[a].total_cmp(&times[b])));
    let mut split = Split::default();
    for of_one_user in order.chunk_by(|&a, &b| users[a] == users[b]) {
        let rows = of_one_user.iter().map(|&row| row as u32);
        let train = match of_one_user.len() {
            few @ 0..=2 => few,
            many => many - 2,
        };
        split.train.extend(rows.clone().take(train));
        split.valid.extend(rows.clone().skip(train).take(1));
        split.test.extend(rows.skip(train + 1));
    }
    split
}

fn global_time(times: &[f64], validation: f64, test: f64) -> Split {
    let mut train: Vec<u32> = (0..times.len() as u32).collect();
    train.sort_by(|&a, &b| times[a as usize].total_cmp(&times[b as usize]));
    let time = |place: usize| times[train[place] as usize];
    // Moves a cut down to the first row of its moment.
    let whole_moment = |mut cut: usize| {
        while cut > 0 && cut < times.len() && time(cut - 1) == time(cut) {
            cut -= 1;
        }
        cut
    };
    let test_from = whole_moment(times.len() - part_of(times.len(), test, f64::round));
    let valid_rows = part_of(times.len(), validation, f64::round);
    let valid_from = whole_moment(test_from.saturating_sub(valid_rows));
    let test = train.split_off(test_from);
    let valid = train.split_off(valid_from);
    Split { train, valid, test }
}

#[cfg(test)]
mod tests;
