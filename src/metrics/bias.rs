//! User and item biases: what a model without any interaction can say, fitted jointly.
//!
//! ```text
//! P(positive) = sigmoid( b + b_user + b_item )
//! minimise   - sum over rows of  ln P(its label)  +  RIDGE / 2 (sum b_user^2 + sum b_item^2)
//! ```
//!
//! The additive baseline of Koren, "Factorization Meets the Neighborhood" (KDD 2008, section 2.1), with the logistic loss of labels that are 0
//! or 1; found by Newton steps, one bias after the other, items before users. `positive_rate_user_item` adds the same two shifts without fitting
//! one in the presence of the other: somebody who rates good movies only counts as generous there.

use super::interactions::Interactions;
use super::loss::sigmoid;

/// The weight of the squares: about that of five rows of rate one half, as the rates of the other baselines have it.
const RIDGE: f64 = 1.25;

/// More change no digit that is shown.
const SWEEPS: usize = 8;

/// Probabilities of the test rows, of users and items that have numbers of their own; none without users. `p` is the rate of positives.
pub fn user_and_item(train: Interactions<'_>, test: Interactions<'_>, p: f64) -> Option<Vec<f64>> {
    let (users, test_users) = (train.users?, test.users?);
    let mut user = Biases::of(users, test_users);
    let mut item = Biases::of(train.items, test.items);
    let mut logits = vec![(p / (1.0 - p)).ln(); train.labels.len()];
    for _ in 0..SWEEPS {
        item.sweep(train.items, train.labels, &mut logits);
        user.sweep(users, train.labels, &mut logits);
    }
    let b = (p / (1.0 - p)).ln();
    let both = test_users.iter().zip(test.items);
    let probability = |(&u, &i): (&u32, &u32)| sigmoid(b + user.at(u) + item.at(i));
    Some(both.map(probability).collect())
}

/// The biases of one kind, by number.
struct Biases(Vec<f64>);

impl Biases {
    /// One for every number in training and test, 0 at first, which those stay that have no training row.
    fn of(train: &[u32], test: &[u32]) -> Biases {
        let end = train
            .iter()
            .chain(test)
            .max()
            .map_or(0, |&last| last as usize + 1);
        Biases(vec![0.0; end])
    }

    fn at(&self, number: u32) -> f64 {
        self.0.get(number as usize).copied().unwrap_or(0.0)
    }

    /// A Newton step for each, which the logits of the rows follow.
    fn sweep(&mut self, numbers: &[u32], labels: &[u8], logits: &mut [f64]) {
        // Gradient and second derivative; the squares' part first.
        let mut sums: Vec<(f64, f64)> = self.0.iter().map(|bias| (-RIDGE * bias, RIDGE)).collect();
        for ((&number, &label), &logit) in numbers.iter().zip(labels).zip(logits.iter()) {
            let p = sigmoid(logit);
            let (gradient, curvature) = &mut sums[number as usize];
            *gradient += f64::from(label) - p;
            *curvature += p * (1.0 - p);
        }
        let steps: Vec<f64> = sums
            .into_iter()
            .map(|(gradient, curvature)| gradient / curvature)
            .collect();
        for (bias, step) in self.0.iter_mut().zip(&steps) {
            *bias += step;
        }
        for (logit, &number) in logits.iter_mut().zip(numbers) {
            *logit += steps[number as usize];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the derivative of what is minimised is zero: sum of (label - P) = RIDGE * bias for every user and item.
    #[test]
    fn it_ends_where_no_bias_can_be_better() {
        let users = [0, 0, 0, 1, 1, 2, 2, 2, 2];
        let items = [0, 1, 2, 0, 1, 0, 1, 2, 3];
        let labels = [1, 1, 0, 1, 0, 0, 1, 0, 0];
        let rows = Interactions {
            users: Some(&users),
            items: &items,
            labels: &labels,
        };
        let said = user_and_item(rows, rows, 0.5).unwrap();
        // The bias of user 1 from its two rows, of item 3 from its single one (user 2, bias from the others).
        let logit = |p: f64| (p / (1.0 - p)).ln();
        // Item 3 minus item 2 at user 2, and user by user at item 0: differences of logits are differences of biases.
        let item = |row: usize, other: usize| logit(said[row]) - logit(said[other]);
        let gap = |of: &dyn Fn(usize) -> bool| -> f64 {
            (0..9)
                .filter(|&row| of(row))
                .map(|row| f64::from(labels[row]) - said[row])
                .sum()
        };
        let pull = |a: f64, b: f64| (a - b) / RIDGE;
        let items = pull(gap(&|row| items[row] == 3), gap(&|row| items[row] == 2));
        assert!((items - item(8, 7)).abs() < 1e-4, "{items} {}", item(8, 7));
        let users = pull(gap(&|row| users[row] == 1), gap(&|row| users[row] == 2));
        assert!((users - item(3, 5)).abs() < 1e-4, "{users} {}", item(3, 5));
    }

    #[test]
    fn an_unseen_user_is_like_all_and_without_users_there_is_nothing() {
        let train = Interactions {
            users: Some(&[0, 1]),
            items: &[4, 4],
            labels: &[1, 1],
        };
        let test = Interactions {
            users: Some(&[7, 7]),
            items: &[9, 4],
            labels: &[1, 1],
        };
        let said = user_and_item(train, test, 0.25).unwrap();
        assert!((said[0] - 0.25).abs() < 1e-12 && said[1] > 0.4, "{said:?}");
        let anonymous = Interactions {
            users: None,
            ..train
        };
        assert_eq!(user_and_item(anonymous, test, 0.25), None);
    }
}
