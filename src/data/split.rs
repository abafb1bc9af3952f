//! Which rows are for training, which for validation and which for the test.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};

use super::mersenne::{Mersenne, permutation, torch_permutation};
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
        seed: u32,
        /// The validation rows' share of the other rows; the training rows are rounded down to whole rows.
        validation: f64,
    },
    /// A random permutation cut into training, validation and test rows in the ratio of `parts`.
    ///
    /// The permutation is [`permutation`] on the words of ChaCha8 whose key is `seed` as eight little-endian bytes and 24
    /// zeros: it depends on no library's shuffle and never changes.
    Random { parts: [u32; 3], seed: u64 },
    /// The rows of `torch.randperm` after `torch.manual_seed(seed)`, as the library RecBole cuts them: the second and the third part
    /// have their share of the rows rounded down, the first the others.
    Torch { parts: [u32; 3], seed: u32 },
    /// As [`SplitRule::Random`] within the positive and within the negative rows, so that every part has the same share of both.
    Stratified { parts: [u32; 3], seed: u64 },
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

/// Row numbers, each in at most one of the three.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    pub train: Vec<u32>,
    pub valid: Vec<u32>,
    pub test: Vec<u32>,
}

impl SplitRule {
    /// Whether [`SplitRule::apply`] needs the rows' times.
    pub fn needs_time(&self) -> bool {
        matches!(self, SplitRule::LeaveLastOut | SplitRule::GlobalTime { .. })
    }

    /// Whether [`SplitRule::apply`] needs the rows' users.
    pub fn needs_user(&self) -> bool {
        matches!(self, SplitRule::LeaveLastOut)
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
                "the split by each user's last row needs a user column".into(),
            ));
        }
        if self.needs_time() {
            check_times(rows, times)?;
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
            SplitRule::LeaveLastOut => leave_last_out(users, times),
            SplitRule::GlobalTime { validation, test } => global_time(times, validation, test),
            SplitRule::Files => by_files(of_files),
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
            | SplitRule::LeaveLastOut
            | SplitRule::Files => Ok(()),
        }
    }
}

impl Split {
    /// Proves that every row number is below `rows` and that none occurs twice.
    ///
    /// # Errors
    /// Names the first row number for which that is not so.
    pub fn check(&self, rows: u32) -> Result<()> {
        check_disjoint(rows, [&self.train, &self.valid, &self.test]).map_err(Error::Data)
    }
}

/// What [`Split::check`] does, for parts (training, validation, test) that lie elsewhere.
pub(crate) fn check_disjoint(rows: u32, parts: [&[u32]; 3]) -> Result<(), String> {
    let mut taken = vec![false; rows as usize];
    for (name, part) in ["train", "valid", "test"].into_iter().zip(parts) {
        for &row in part {
            match taken.get_mut(row as usize) {
                None => {
                    return Err(format!(
                        "split `{name}` has row {row}, but there are only {rows} rows"
                    ));
                }
                Some(true) => {
                    return Err(format!(
                        "split `{name}` has row {row}, which is in a split already"
                    ));
                }
                Some(free) => *free = true,
            }
        }
    }
    Ok(())
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn facts<'a>(users: &'a [u32], times: &'a [f64]) -> Facts<'a> {
        Facts {
            users,
            times,
            ..Facts::default()
        }
    }

    fn sizes(split: &Split) -> (usize, usize, usize) {
        (split.train.len(), split.valid.len(), split.test.len())
    }

    /// The first and last rows of each part as RecBole 1.2.1 has them, of the 739,012 ratings of MovieLens-1M without three stars.
    /// (That all of them are in the right part is shown on the real data, in `tests/ml1m.rs`.)
    #[test]
    fn recboles_parts_of_movielens() {
        let rule = SplitRule::Torch {
            parts: [8, 1, 1],
            seed: 2020,
        };
        let split = rule.apply(739_012, Facts::default()).unwrap();
        assert_eq!(sizes(&split), (591_210, 73_901, 73_901));
        split.check(739_012).unwrap();
    }

    /// The facts of `train_test_split(test_size=0.2, random_state=42)` on the 1,000,209 ratings of MovieLens-1M.
    #[test]
    fn scikit_learns_rows_of_movielens() {
        let rule = |validation| SplitRule::Sklearn {
            test_size: 0.2,
            seed: 42,
            validation,
        };
        let whole = rule(0.0).apply(1_000_209, Facts::default()).unwrap();
        assert_eq!(sizes(&whole), (800_167, 0, 200_042));
        assert_eq!(whole.train.first(), Some(&416_292));
        assert_eq!(whole.train.last(), Some(&121_958));
        assert_eq!(whole.test[..5], [895_536, 899_739, 55_687, 63_727, 822_011]);
        let cut = rule(0.1).apply(1_000_209, Facts::default()).unwrap();
        assert_eq!(sizes(&cut), (720_150, 80_017, 200_042));
        assert_eq!([cut.train, cut.valid].concat(), whole.train);
    }

    #[test]
    fn the_random_split_is_pinned() {
        let rule = SplitRule::Random {
            parts: [8, 1, 1],
            seed: 2020,
        };
        let split = rule.apply(10, Facts::default()).unwrap();
        assert_eq!(sizes(&split), (8, 1, 1));
        let order = [split.train, split.valid, split.test].concat();
        assert_eq!(order, [1, 7, 6, 4, 3, 8, 5, 9, 0, 2]);
    }

    #[test]
    fn the_last_rows_of_every_user_are_left_out() {
        let users = [0, 1, 0, 0, 1, 2, 0];
        let times = [5.0, 1.0, 9.0, 9.0, 0.0, 3.0, 1.0];
        let split = SplitRule::LeaveLastOut
            .apply(7, facts(&users, &times))
            .unwrap();
        // User 0: rows 6, 0, 2, 3 in time (2 before 3 by their place); users 1 and 2 have too few rows.
        assert_eq!(split.train, [6, 0, 4, 1, 5]);
        assert_eq!((split.valid, split.test), (vec![2], vec![3]));
    }

    #[test]
    fn every_part_of_a_stratified_split_has_its_share_of_positives() {
        let labels: Vec<u8> = (0..100).map(|row| u8::from(row % 5 == 0)).collect();
        let rule = SplitRule::Stratified {
            parts: [8, 1, 1],
            seed: 3,
        };
        let facts = Facts {
            labels: &labels,
            ..Facts::default()
        };
        let split = rule.apply(100, facts).unwrap();
        split.check(100).unwrap();
        assert_eq!(sizes(&split), (80, 10, 10));
        for (part, positives) in [(&split.train, 16), (&split.valid, 2), (&split.test, 2)] {
            let found: u32 = part
                .iter()
                .map(|&row| u32::from(labels[row as usize]))
                .sum();
            assert_eq!(found, positives);
        }
    }

    #[test]
    fn files_keep_their_rows() {
        let facts = Facts {
            of_files: [2, 0, 1],
            ..Facts::default()
        };
        let split = SplitRule::Files.apply(3, facts).unwrap();
        assert_eq!(
            (split.train, split.valid, split.test),
            (vec![0, 1], vec![], vec![2])
        );
    }

    #[test]
    fn a_moment_is_never_parted() {
        let rule = SplitRule::GlobalTime {
            validation: 0.2,
            test: 0.2,
        };
        let times = [4.0, 1.0, 4.0, 3.0, 2.0];
        let split = rule.apply(5, facts(&[], &times)).unwrap();
        assert_eq!(split.train, [1, 4]);
        assert_eq!((split.valid, split.test), (vec![3], vec![0, 2]));
    }

    #[test]
    fn settings_and_columns_that_cannot_work_are_refused() {
        let refused = |rule: SplitRule, users: &[u32], times: &[f64]| {
            rule.apply(2, facts(users, times)).unwrap_err().to_string()
        };
        let sklearn = SplitRule::Sklearn {
            test_size: 1.0,
            seed: 1,
            validation: 0.1,
        };
        assert!(refused(sklearn, &[], &[]).contains("split.test_size"));
        let parts = SplitRule::Random {
            parts: [0, 1, 1],
            seed: 1,
        };
        assert!(refused(parts, &[], &[]).contains("split.parts"));
        let time = SplitRule::GlobalTime {
            validation: 0.5,
            test: 0.5,
        };
        assert!(refused(time, &[], &[0.0, 1.0]).contains("validation + test"));
        let last = SplitRule::LeaveLastOut;
        assert!(refused(last.clone(), &[], &[0.0, 1.0]).contains("user column"));
        assert!(refused(last.clone(), &[0, 0], &[]).contains("`time` in [roles]"));
        assert!(refused(last, &[0, 0], &[0.0, f64::NAN]).contains("row 2"));
    }

    #[test]
    fn rows_twice_or_outside_are_found() {
        let split = |train: &[u32], test: &[u32]| Split {
            train: train.to_vec(),
            valid: vec![],
            test: test.to_vec(),
        };
        assert!(split(&[0, 1], &[2]).check(3).is_ok());
        let twice = split(&[0, 1], &[1]).check(3).unwrap_err().to_string();
        assert!(twice.contains("`test` has row 1"), "{twice}");
        let outside = split(&[3], &[]).check(3).unwrap_err().to_string();
        assert!(outside.contains("only 3 rows"), "{outside}");
    }

    fn any_rule() -> impl Strategy<Value = SplitRule> {
        prop_oneof![
            (0.0..0.9, any::<u32>(), 0.0..0.9).prop_map(|(test_size, seed, validation)| {
                SplitRule::Sklearn {
                    test_size,
                    seed,
                    validation,
                }
            }),
            ([1u32.., 0u32.., 0u32..], any::<u64>())
                .prop_map(|(parts, seed)| SplitRule::Random { parts, seed }),
            Just(SplitRule::LeaveLastOut),
            (0.0..0.5, 0.0..0.5)
                .prop_map(|(validation, test)| SplitRule::GlobalTime { validation, test }),
        ]
    }

    proptest! {
        #[test]
        fn every_row_is_in_exactly_one_part(
            rule in any_rule(),
            table in proptest::collection::vec((0u32..6, 0u8..9), 0..80),
        ) {
            let (users, times): (Vec<_>, Vec<_>) =
                table.iter().map(|&(user, time)| (user, f64::from(time))).unzip();
            let rows = table.len() as u32;
            let split = rule.apply(rows, facts(&users, &times)).unwrap();
            prop_assert!(split.check(rows).is_ok());
            prop_assert_eq!(split.train.len() + split.valid.len() + split.test.len(), table.len());
            if let SplitRule::GlobalTime { .. } = rule {
                let at = |rows: &[u32]| rows.iter().map(|&r| times[r as usize]).collect::<Vec<_>>();
                let latest = |times: Vec<f64>| times.into_iter().fold(-1.0, f64::max);
                for &time in &at(&split.test) {
                    prop_assert!(time > latest(at(&split.train)) && time > latest(at(&split.valid)));
                }
            }
        }
    }
}
