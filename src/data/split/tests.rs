//! Splits by hand, against the libraries whose rows they are, and their properties.

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
fn every_user_has_its_share_of_each_part() {
    // 20, 9 and 2 rows: one at least for the test where there are three.
    let users: Vec<u32> = (0..31)
        .map(|row| [0, 1, 2][usize::from(row >= 20) + usize::from(row >= 29)])
        .collect();
    let split = |seed| {
        let rule = SplitRule::RandomByUser {
            parts: [8, 1, 1],
            seed,
        };
        rule.apply(31, facts(&users, &[])).unwrap()
    };
    let first = split(1);
    first.check(31).unwrap();
    let of = |part: &[u32]| {
        [0, 1, 2].map(|user| {
            part.iter()
                .filter(|&&row| users[row as usize] == user)
                .count()
        })
    };
    assert_eq!(
        (of(&first.train), of(&first.valid), of(&first.test)),
        ([16, 7, 2], [2, 1, 0], [2, 1, 0])
    );
    assert_ne!(first, split(2));
    assert_eq!(first, split(1));
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
