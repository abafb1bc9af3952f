//! Each user's rows, best first: what GAUC, NDCG, recall, hit and the course metrics are computed from.
//!
//! A user's rows are ordered by score, highest first; rows of equal score keep the order they were given in. (The order
//! of ties is part of a result: a popularity ranking has many.) One sort serves all users and all metrics.

use super::input;
use crate::error::Result;

/// The rankings of all users, in ascending order of their codes.
#[derive(Debug, Clone)]
pub struct Rankings {
    // All `[n]`, user after user, best row first.
    rows: Vec<u32>,
    /// The rank key of each row's score, falling within a user.
    keys: Vec<u64>,
    labels: Vec<u8>,
    users: Vec<User>,
}

/// A user's part of the arrays: `start..end`.
#[derive(Debug, Clone)]
struct User {
    /// As the rows have it.
    code: u32,
    start: usize,
    end: usize,
}

/// One user's rows, best first.
#[derive(Debug, Clone, Copy)]
pub struct UserRanking<'a> {
    /// The user's code.
    pub user: u32,
    /// Row numbers of the input.
    pub rows: &'a [u32],
    /// The label of each of `rows`.
    pub labels: &'a [u8],
    /// Rank keys of `rows`, ascending; equal where scores are equal.
    pub(super) keys: &'a [u64],
}

impl<'a> UserRanking<'a> {
    /// The rows of the `k` best (of all, when the user has fewer).
    pub fn top(&self, k: usize) -> &'a [u32] {
        &self.rows[..k.min(self.rows.len())]
    }

    /// The labels in ranked order.
    pub fn ranked(&self) -> Ranked<'a> {
        Ranked::whole(self.labels)
    }
}

impl Rankings {
    /// Ranks rows with `scores`, `labels` (0 or 1) and `users`, all `[n]`. User codes are usually dense, but need not
    /// be.
    ///
    /// # Errors
    /// On unequal lengths, a label other than 0 and 1, or a NaN score.
    pub fn new<S: Copy + Into<f64>>(
        scores: &[S],
        labels: &[u8],
        users: &[u32],
    ) -> Result<Rankings> {
        input::check(scores, labels)?;
        input::check_length("user codes", users.len(), labels)?;
        // (user, rank key, row) in one integer: 32 + 64 + 32 bits. The row in the low bits makes the unstable sort
        // stable.
        let mut order: Vec<u128> = (0u32..)
            .zip(users.iter().zip(scores))
            .map(|(row, (&user, &score))| {
                u128::from(user) << 96 | u128::from(rank_key(score.into())) << 32 | u128::from(row)
            })
            .collect();
        order.sort_unstable();
        let rows: Vec<u32> = order.iter().map(|&entry| entry as u32).collect();
        Ok(Rankings {
            keys: order.iter().map(|&entry| (entry >> 32) as u64).collect(),
            labels: rows.iter().map(|&row| labels[row as usize]).collect(),
            users: runs_of_users(&order),
            rows,
        })
    }

    /// Every user with at least one row, in ascending order of their codes.
    pub fn users(&self) -> impl Iterator<Item = UserRanking<'_>> {
        self.users.iter().map(|user| UserRanking {
            user: user.code,
            rows: &self.rows[user.start..user.end],
            labels: &self.labels[user.start..user.end],
            keys: &self.keys[user.start..user.end],
        })
    }

    /// `metric` of each user's labels (best first), for the users where it is defined, in ascending order of their
    /// codes.
    ///
    /// Which users have a value depends on the labels only, so the values of two models on the same rows go pairwise
    /// (see [`paired_difference`](super::interval::paired_difference)).
    pub fn values(&self, metric: impl Fn(Ranked<'_>) -> Option<f64>) -> Vec<f64> {
        self.users()
            .filter_map(|user| metric(user.ranked()))
            .collect()
    }

    /// The mean of a value with a weight for each user. `None` when no user has one.
    pub fn weighted_mean(
        &self,
        metric: impl Fn(&UserRanking<'_>) -> Option<(f64, f64)>,
    ) -> Option<f64> {
        let (mut sum, mut weights) = (0.0, 0.0);
        for (value, weight) in self.users().filter_map(|user| metric(&user)) {
            sum += weight * value;
            weights += weight;
        }
        (weights > 0.0).then(|| sum / weights)
    }

    /// The mean of [`values`](Self::values): every user counts the same. `None` when no user has a value.
    pub fn mean(&self, metric: impl Fn(Ranked<'_>) -> Option<f64>) -> Option<f64> {
        mean(self.users().filter_map(|user| metric(user.ranked())))
    }
}

/// The mean of values; `None` when there is none.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0usize), |(sum, count), value| {
        (sum + value, count + 1)
    });
    (count > 0).then(|| sum / count as f64)
}

/// Where each user's run of sorted entries begins and ends.
fn runs_of_users(order: &[u128]) -> Vec<User> {
    let code = |entry: u128| (entry >> 96) as u32;
    let mut start = 0;
    order
        .chunk_by(|&a, &b| code(a) == code(b))
        .map(|run| {
            let user = User {
                code: code(run[0]),
                start,
                end: start + run.len(),
            };
            start = user.end;
            user
        })
        .collect()
}

/// An integer that orders scores (not NaN) the other way round: the higher the score, the smaller the key; equal scores
/// (also 0 and -0) have equal keys. f32 scores widen to f64 without loss, so they are ranked as given.
pub(super) fn rank_key(score: f64) -> u64 {
    // Adding 0 turns -0 into 0.
    let bits = (score + 0.0).to_bits();
    // IEEE 754 orders like sign and magnitude: positive numbers fall when complemented, negative ones already do.
    let positive = bits >> 63 == 0;
    if positive {
        !bits & (u64::MAX >> 1)
    } else {
        bits
    }
}

/// The number of positives among labels.
fn positives(labels: &[u8]) -> usize {
    labels.iter().filter(|&&label| label != 0).count()
}

/// A user's list, best first: of all the rows there are, or the beginning of a longer one (the first k of a catalogue).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranked<'a> {
    /// 0 or 1, in the list's order.
    pub labels: &'a [u8],
    /// The user's positives, those that are not on the list included.
    pub positives: usize,
}

impl<'a> Ranked<'a> {
    /// The list of all the user's rows.
    pub fn whole(labels: &'a [u8]) -> Ranked<'a> {
        Ranked {
            labels,
            positives: positives(labels),
        }
    }

    /// The first `k`, or fewer where there are no more.
    pub fn top(&self, k: usize) -> &'a [u8] {
        &self.labels[..k.min(self.labels.len())]
    }

    /// The ranks (from 0) of the positives among the first `k`.
    pub fn hits(&self, k: usize) -> impl Iterator<Item = usize> + use<'a> {
        let ranked = self.top(k).iter().enumerate();
        ranked
            .filter(|&(_, &label)| label != 0)
            .map(|(rank, _)| rank)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn users_apart_best_first_ties_in_row_order() {
        //           row 0    1    2    3    4    5
        let scores = [0.1_f32, 0.9, 0.5, 0.5, 0.7, 0.5];
        let users = [7, 3, 7, 7, 3, 7];
        let rankings = Rankings::new(&scores, &[1, 0, 0, 1, 1, 0], &users).unwrap();
        let got: Vec<_> = rankings
            .users()
            .map(|u| (u.user, u.rows, u.labels))
            .collect();
        let expected: [(u32, &[u32], &[u8]); 2] =
            [(3, &[1, 4], &[0, 1]), (7, &[2, 3, 5, 0], &[0, 1, 0, 1])];
        assert_eq!(got, expected);
        let tops: Vec<_> = rankings.users().map(|u| u.top(3).len()).collect();
        assert_eq!(tops, [2, 3]);
        assert_eq!(
            rankings.values(|ranked| Some(ranked.hits(1).count() as f64)),
            [0.0, 0.0]
        );
        assert_eq!(
            rankings.values(|ranked| Some(ranked.hits(2).count() as f64)),
            [1.0, 1.0]
        );
    }

    #[test]
    fn degenerate_input() {
        let none = Rankings::new::<f32>(&[], &[], &[]).unwrap();
        assert_eq!((none.users().count(), none.mean(|_| Some(1.0))), (0, None));
        let sparse = Rankings::new(&[1.0_f32, 2.0], &[0, 1], &[u32::MAX, 0]).unwrap();
        assert_eq!(
            sparse.users().map(|u| u.user).collect::<Vec<_>>(),
            [0, u32::MAX]
        );
        assert_eq!(
            sparse.mean(|ranked| (ranked.labels == [1]).then_some(5.0)),
            Some(5.0)
        );
        assert!(Rankings::new(&[f32::NAN], &[1], &[0]).is_err());
        let short = Rankings::new(&[1.0_f32], &[1], &[]).unwrap_err();
        assert!(short.to_string().contains("0 user codes for 1 labels"));
    }

    /// Scores as they come, with many ties and the special values.
    fn any_score() -> impl Strategy<Value = f64> {
        prop_oneof![
            (-2i8..3).prop_map(f64::from),
            prop::sample::select(vec![
                0.0,
                -0.0,
                f64::INFINITY,
                f64::NEG_INFINITY,
                f64::MIN_POSITIVE,
                5e-324,
                -5e-324
            ]),
            any::<f64>().prop_filter("NaN is refused", |x| !x.is_nan()),
        ]
    }

    proptest! {
        #[test]
        fn keys_order_like_scores_reversed(a in any_score(), b in any_score()) {
            prop_assert_eq!(b.partial_cmp(&a).unwrap(), rank_key(a).cmp(&rank_key(b)));
        }

        #[test]
        fn equals_a_stable_sort_of_each_user(rows in prop::collection::vec((any_score(), 0u8..2, 0u32..6), 0..80)) {
            let scores: Vec<f64> = rows.iter().map(|r| r.0).collect();
            let labels: Vec<u8> = rows.iter().map(|r| r.1).collect();
            let users: Vec<u32> = rows.iter().map(|r| r.2).collect();
            let rankings = Rankings::new(&scores, &labels, &users).unwrap();
            let mut seen = 0;
            for user in rankings.users() {
                let mut own: Vec<u32> = (0..rows.len() as u32).filter(|&r| users[r as usize] == user.user).collect();
                own.sort_by(|&a, &b| scores[b as usize].partial_cmp(&scores[a as usize]).unwrap());
                prop_assert_eq!(user.rows, &own[..]);
                prop_assert!(own.iter().zip(user.labels).all(|(&r, &y)| labels[r as usize] == y));
                seen += own.len();
            }
            prop_assert_eq!(seen, rows.len());
        }
    }
}
