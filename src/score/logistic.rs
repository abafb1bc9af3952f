//! Logistic regression on a few columns, fitted to the last digit: what calibrates a logit, and what weighs the members of an ensemble.
//!
//! ```text
//! minimise  sum over rows of  ln(1 + e^-(2 y - 1)(w'x + b))  +  ridge/2 |w - w_0|^2
//! ```
//!
//! by Newton's method with halved steps (Hastie, Tibshirani and Friedman, "The Elements of Statistical Learning", section 4.4.1). The ridge keeps
//! columns that say the same from pulling apart.

use crate::error::{Error, Result};
use crate::metrics::logloss::LOSS;
use crate::metrics::loss::sigmoid;

/// Steps after which it is given up; a dozen is usual.
const MOST_STEPS: usize = 100;

/// What is done when no step changes the loss by more than this share.
const CLOSE: f64 = 1e-12;

/// A weight a column, and the bias.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// One a column.
    pub weights: Vec<f64>,
    /// Free of the ridge.
    pub bias: f64,
}

/// What is fitted: columns of one length, labels of 0 and 1.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// `[columns][n]`, all finite.
    pub columns: &'a [Vec<f64>],
    /// `[n]`, 0 or 1, both of which must occur.
    pub labels: &'a [u8],
    /// What weights are drawn to, and how strongly (the bias is free).
    pub towards: f64,
    /// See the formula of the module; above 0 where columns may say the same.
    pub ridge: f64,
}

impl Problem<'_> {
    /// Fits weights and bias.
    ///
    /// # Errors
    /// When rows are missing, all of one label, or a number is not finite.
    pub fn fit(&self) -> Result<Fitted> {
        let positives = self.labels.iter().filter(|&&label| label == 1).count();
        let finite = |column: &Vec<f64>| {
            column.len() == self.labels.len() && column.iter().all(|x| x.is_finite())
        };
        if positives == 0 || positives == self.labels.len() || !self.columns.iter().all(finite) {
            let what = format!(
                "{positives} of {} rows are positive: a fit needs rows of both labels, and a finite score for each",
                self.labels.len()
            );
            return Err(Error::Data(what));
        }
        let mut at = vec![self.towards; self.columns.len()];
        at.push(0.0);
        let mut loss = self.loss(&at);
        for _ in 0..MOST_STEPS {
            let Some(step) = solve(self.slope(&at)) else {
                break;
            };
            let mut length = 1.0;
            let better = loop {
                let next: Vec<f64> = at.iter().zip(&step).map(|(x, s)| x - length * s).collect();
                let found = self.loss(&next);
                if found <= loss {
                    break Some((next, found));
                }
                length /= 2.0;
                if length < 1e-9 {
                    break None;
                }
            };
            let Some((next, found)) = better else { break };
            let close = loss - found <= CLOSE * loss;
            (at, loss) = (next, found);
            if close {
                break;
            }
        }
        let bias = at.pop().unwrap_or(0.0);
        Ok(Fitted { weights: at, bias })
    }

    fn row(&self, row: usize) -> impl Iterator<Item = f64> + '_ {
        let columns = self.columns.iter().map(move |column| column[row]);
        columns.chain(std::iter::once(1.0))
    }

    fn logit(&self, at: &[f64], row: usize) -> f64 {
        self.row(row).zip(at).map(|(x, w)| x * w).sum()
    }

    fn loss(&self, at: &[f64]) -> f64 {
        let loss = |(row, &label): (usize, &u8)| (LOSS.of_logit)(self.logit(at, row), label);
        let away = at.iter().take(self.columns.len());
        let away: f64 = away.map(|w| (w - self.towards).powi(2)).sum();
        self.labels.iter().enumerate().map(loss).sum::<f64>() + self.ridge / 2.0 * away
    }

    /// The matrix of second derivatives, with the gradient as its last column.
    fn slope(&self, at: &[f64]) -> Vec<Vec<f64>> {
        let n = at.len();
        let mut matrix = vec![vec![0.0; n + 1]; n];
        let mut x = vec![0.0; n];
        for (row, &label) in self.labels.iter().enumerate() {
            x.iter_mut()
                .zip(self.row(row))
                .for_each(|(to, from)| *to = from);
            let p = sigmoid(self.logit(at, row));
            let (error, weight) = (p - f64::from(label), p * (1.0 - p));
            for (line, &a) in matrix.iter_mut().zip(&x) {
                for (cell, &b) in line.iter_mut().zip(&x) {
                    *cell += weight * a * b;
                }
                line[n] += error * a;
            }
        }
        for (place, line) in matrix.iter_mut().enumerate().take(n - 1) {
            line[place] += self.ridge;
            line[n] += self.ridge * (at[place] - self.towards);
        }
        matrix
    }
}

/// Solves a system whose last column is its right side, by elimination with pivots; none when it has no single solution.
fn solve(mut matrix: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let n = matrix.len();
    for place in 0..n {
        let pivot = (place..n)
            .max_by(|&a, &b| matrix[a][place].abs().total_cmp(&matrix[b][place].abs()))?;
        matrix.swap(place, pivot);
        let line = matrix[place].clone();
        if line[place].abs() < 1e-300 {
            return None;
        }
        for (other, row) in matrix.iter_mut().enumerate() {
            let factor = row[place] / line[place];
            if other != place && factor != 0.0 {
                row.iter_mut()
                    .zip(&line)
                    .for_each(|(x, y)| *x -= factor * y);
            }
        }
    }
    let solution: Vec<f64> = (0..n)
        .map(|place| matrix[place][n] / matrix[place][place])
        .collect();
    solution.iter().all(|x| x.is_finite()).then_some(solution)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem<'a>(columns: &'a [Vec<f64>], labels: &'a [u8], ridge: f64) -> Problem<'a> {
        Problem {
            columns,
            labels,
            towards: 0.0,
            ridge,
        }
    }

    /// Of a column of 0 and 1 the fit is the log odds of the two groups: 1 of 4, and 3 of 4.
    #[test]
    fn two_groups_by_hand() {
        let columns = [vec![0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]];
        let fitted = problem(&columns, &[1, 0, 0, 0, 1, 1, 1, 0], 0.0)
            .fit()
            .unwrap();
        assert!((fitted.bias + 3f64.ln()).abs() < 1e-9, "{fitted:?}");
        assert!(
            (fitted.weights[0] - 2.0 * 3f64.ln()).abs() < 1e-9,
            "{fitted:?}"
        );
    }

    /// scikit-learn 1.9: `LogisticRegression(C=1, tol=1e-12).fit([[0], [1], [2], [3], [4]], [0, 0, 1, 0, 1])` has the weight 0.63302640 and the
    /// bias -1.74928391.
    #[test]
    fn as_scikit_learn_has_it() {
        let columns = [vec![0.0, 1.0, 2.0, 3.0, 4.0]];
        let fitted = problem(&columns, &[0, 0, 1, 0, 1], 1.0).fit().unwrap();
        assert!(
            (fitted.weights[0] - 0.63302640).abs() < 1e-6
                && (fitted.bias - (-1.74928391)).abs() < 1e-6,
            "{fitted:?}"
        );
    }

    #[test]
    fn columns_that_are_the_same_share_the_weight() {
        let column = vec![-1.0, 2.0, 0.5, -0.5, 1.0, -2.0];
        let labels = [0, 1, 1, 0, 0, 1];
        let one = problem(std::slice::from_ref(&column), &labels, 1e-9)
            .fit()
            .unwrap();
        let two = problem(&[column.clone(), column], &labels, 1e-9)
            .fit()
            .unwrap();
        assert!((two.weights[0] - two.weights[1]).abs() < 1e-6, "{two:?}");
        assert!(
            (two.weights[0] + two.weights[1] - one.weights[0]).abs() < 1e-6,
            "{two:?}"
        );
    }

    #[test]
    fn what_cannot_be_fitted_is_refused_and_what_is_parted_ends() {
        let refused =
            |column: Vec<f64>, labels: &[u8]| problem(&[column], labels, 0.0).fit().is_err();
        assert!(refused(vec![1.0, 2.0], &[1, 1]) && refused(vec![], &[]));
        assert!(refused(vec![1.0, f64::NAN], &[0, 1]) && refused(vec![1.0], &[0, 1]));
        // Without a ridge the weight would grow without end.
        let fitted = problem(&[vec![-1.0, 1.0]], &[0, 1], 1e-3).fit().unwrap();
        assert!(fitted.weights[0].is_finite() && fitted.weights[0] > 1.0);
    }
}
