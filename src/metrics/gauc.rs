//! GAUC: the AUC within each user, averaged with the user's number of rows as weight.
//!
//! ```text
//! GAUC = sum over users u of  n_u AUC_u  /  sum over users u of  n_u
//! ```
//!
//! where n_u is the number of rows (impressions) of user u and AUC_u the [AUC](super::auc) of these rows alone. A user
//! whose rows are all positive or all negative has no AUC and is left out of both sums. Source: Zhu et al., "Optimized
//! Cost per Click in Taobao Display Advertising", KDD 2017; used with this weight by DIN (Zhou et al., KDD 2018).
//! Unlike the AUC it is blind to what tells users apart: a score that depends on the user only has 0.5.
//!
//! Range 0..1. Undefined (`None`) when no user has rows of both classes.

use super::metric::{Metric, Of, metric};
use super::{auc::auc_of_ranked, ranking::UserRanking};

/// Its entry in the list.
pub const METRIC: Metric = metric(
    "gauc",
    "AUC within each user, weighted by the user's rows",
    true,
    Of::User(gauc_of_user),
)
.usual();

/// The AUC of one user's rows and its weight, their number. `None` when they are of one class.
pub fn gauc_of_user(user: &UserRanking<'_>) -> Option<(f64, f64)> {
    let ranked = user.keys.iter().copied().zip(user.labels.iter().copied());
    auc_of_ranked(ranked).map(|auc| (auc, user.rows.len() as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::auc::auc;
    use crate::metrics::ranking::Rankings;
    use proptest::prelude::*;

    fn gauc(rankings: &Rankings) -> Option<f64> {
        rankings.weighted_mean(gauc_of_user)
    }

    #[test]
    fn by_hand() {
        // User 0: positive .9 over negative .1: AUC 1, 2 rows. User 1: positive .5 against negatives .5 and .8:
        // 1/2 and 0 of 2 pairs: AUC 1/4, 3 rows. User 2: one positive, no AUC. (2 * 1 + 3 * 1/4) / (2 + 3) = .55.
        let scores = [0.9_f32, 0.1, 0.5, 0.5, 0.8, 0.3];
        let rankings = Rankings::new(&scores, &[1, 0, 1, 0, 0, 1], &[0, 0, 1, 1, 1, 2]).unwrap();
        assert!((gauc(&rankings).unwrap() - 0.55).abs() < 1e-15);
    }

    #[test]
    fn a_score_of_the_user_alone_is_blind() {
        let (scores, labels, users) = (
            [2.0_f32, 2.0, 2.0, 1.0, 1.0, 1.0],
            [1, 1, 0, 1, 0, 0],
            [0, 0, 0, 1, 1, 1],
        );
        // Positives 2, 2, 1 against negatives 2, 1, 1: (1/2 + 1 + 1) twice, then 0 + 1/2 + 1/2: 6 of 9.
        assert_eq!(auc(&scores, &labels).unwrap(), Some(6.0 / 9.0));
        let rankings = Rankings::new(&scores, &labels, &users).unwrap();
        assert_eq!(gauc(&rankings), Some(0.5));
    }

    #[test]
    fn no_user_with_both_classes() {
        let rankings = Rankings::new(&[1.0_f32, 2.0, 3.0], &[1, 0, 0], &[0, 1, 1]).unwrap();
        assert_eq!(gauc(&rankings), None);
        assert_eq!(gauc(&Rankings::new::<f32>(&[], &[], &[]).unwrap()), None);
    }

    proptest! {
        #[test]
        fn of_one_user_equals_the_auc(rows in prop::collection::vec((-3i8..4, 0u8..2), 0..60)) {
            let scores: Vec<f32> = rows.iter().map(|r| f32::from(r.0)).collect();
            let labels: Vec<u8> = rows.iter().map(|r| r.1).collect();
            let rankings = Rankings::new(&scores, &labels, &vec![4; rows.len()]).unwrap();
            match (gauc(&rankings), auc(&scores, &labels).unwrap()) {
                (Some(a), Some(b)) => prop_assert!((a - b).abs() < 1e-14),
                (a, b) => prop_assert_eq!(a, b),
            }
        }
    }
}
