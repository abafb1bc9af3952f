//! Mending what a model's probabilities say, without training it again: a map from its logit to a better one, fitted on the validation rows.
//!
//! - Platt's: `a z + b` (Platt, "Probabilistic Outputs for Support Vector Machines", 1999, without his smoothing of the labels, which thousands
//!   of rows do not need). It keeps the order of rows, so AUC and rankings stay.
//! - isotonic: the rising steps closest to the labels (Zadrozny and Elkan, "Transforming Classifier Scores into Accurate Multiclass Probability
//!   Estimates", KDD 2002), found by pooling neighbours that fall (Ayer et al., 1955) and joined by straight lines as scikit-learn does.
//!   It can mend any shape, takes more rows, and makes ties.

use serde::{Deserialize, Serialize};

use super::logistic::Problem;
use crate::error::{Error, Result};

/// A fitted map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "method", deny_unknown_fields)]
pub enum Calibration {
    /// A line: the better logit is `a z + b`.
    Platt {
        /// Above 0, so that the order stays; below 1 where the model was too sure.
        a: f32,
        /// Above 0 where the model said too little.
        b: f32,
    },
    /// Where the logit is `at[i]`, the probability is `probability[i]`; between two it lies on the line, beyond them it stays.
    Isotonic {
        /// Logits, not falling.
        at: Vec<f32>,
        /// Above 0 and below 1, not falling; as many as `at`.
        probability: Vec<f32>,
    },
}

/// How a map is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Two numbers: [`Calibration::Platt`].
    Platt,
    /// Steps: [`Calibration::Isotonic`].
    Isotonic,
}

impl Calibration {
    /// Fits a map to logits and labels, both `[n]`.
    ///
    /// # Errors
    /// When there are no rows of both labels, or a logit is not finite.
    pub fn fit(method: Method, logits: &[f32], labels: &[u8]) -> Result<Calibration> {
        let column: Vec<f64> = logits.iter().map(|&z| f64::from(z)).collect();
        // The isotonic map is not made of it, but its rows are checked by it.
        let problem = Problem {
            columns: &[column],
            labels,
            towards: 1.0,
            ridge: 1e-6,
        };
        let line = problem.fit()?;
        if line.weights[0] <= 0.0 {
            let what = "the model orders the validation rows no better than chance, so a calibration would turn its order round: train it longer, or on more rows";
            return Err(Error::Data(what.into()));
        }
        Ok(match method {
            Method::Platt => Calibration::Platt {
                a: line.weights[0] as f32,
                b: line.bias as f32,
            },
            Method::Isotonic => isotonic(logits, labels),
        })
    }

    /// The better logit.
    pub fn apply(&self, logit: f32) -> f32 {
        match self {
            Calibration::Platt { a, b } => a * logit + b,
            Calibration::Isotonic { at, probability } => {
                let p = between(at, probability, logit);
                (p / (1.0 - p)).ln()
            }
        }
    }

    /// Refuses what was not fitted.
    ///
    /// # Errors
    /// When numbers are missing, not finite or do not rise.
    pub fn check(&self) -> Result<()> {
        let good = match self {
            Calibration::Platt { a, b } => a.is_finite() && b.is_finite(),
            Calibration::Isotonic { at, probability } => {
                let within = |p: &f32| *p > 0.0 && *p < 1.0;
                !at.is_empty()
                    && at.len() == probability.len()
                    && at.iter().all(|x| x.is_finite())
                    && at.is_sorted()
                    && probability.is_sorted()
                    && probability.iter().all(within)
            }
        };
        match good {
            true => Ok(()),
            false => Err(Error::Data(
                "the calibration is none that was fitted: calibrate the run anew".into(),
            )),
        }
    }
}

/// Rows whose probability is one step.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// The least logit in it.
    first: f32,
    /// The greatest logit in it.
    last: f32,
    positives: f64,
    rows: f64,
}

fn isotonic(logits: &[f32], labels: &[u8]) -> Calibration {
    let mut order: Vec<(f32, u8)> = logits.iter().copied().zip(labels.iter().copied()).collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut steps: Vec<Step> = Vec::new();
    for same in order.chunk_by(|a, b| a.0 == b.0) {
        let mut step = Step {
            first: same[0].0,
            last: same[0].0,
            positives: same.iter().map(|(_, label)| f64::from(*label)).sum(),
            rows: same.len() as f64,
        };
        // A step that does not rise above the one before is pooled with it.
        while let Some(before) = steps.last().copied() {
            if before.positives * step.rows < step.positives * before.rows {
                break;
            }
            steps.pop();
            step.first = before.first;
            step.positives += before.positives;
            step.rows += before.rows;
        }
        steps.push(step);
    }
    // No certainty from a sample: as if every end had half a row of the other label.
    let least = 0.5 / logits.len() as f64;
    let (mut at, mut probability) = (Vec::new(), Vec::new());
    for step in steps {
        let p = (step.positives / step.rows).clamp(least, 1.0 - least) as f32;
        let p = p.clamp(f32::MIN_POSITIVE, 1.0 - f32::EPSILON);
        at.push(step.first);
        probability.push(p);
        if step.last > step.first {
            at.push(step.last);
            probability.push(p);
        }
    }
    Calibration::Isotonic { at, probability }
}

/// The height at `x` of the line through these points.
fn between(at: &[f32], heights: &[f32], x: f32) -> f32 {
    let after = at.partition_point(|&start| start <= x);
    let height = |place: usize| heights.get(place).copied().unwrap_or(0.5);
    if after == 0 || after == at.len() {
        return height(after.saturating_sub(1));
    }
    let (left, right) = (at[after - 1], at[after]);
    let share = (x - left) / (right - left);
    height(after - 1) + share * (height(after) - height(after - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::loss::sigmoid;
    use proptest::prelude::*;

    /// scikit-learn 1.9: `IsotonicRegression().fit(range(6), [0, 1, 0, 0, 1, 1])` has the thresholds 0, 1, 3, 4, 5 with 0, 1/3, 1/3, 1, 1.
    #[test]
    fn neighbours_that_fall_are_pooled() {
        let fitted = Calibration::fit(
            Method::Isotonic,
            &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0],
            &[0, 1, 0, 0, 1, 1],
        )
        .unwrap();
        fitted.check().unwrap();
        let p = |z: f32| sigmoid(f64::from(fitted.apply(z)));
        // Half a row in six keeps the ends from certainty.
        for (z, expected) in [
            (0.0, 1.0 / 12.0),
            (1.0, 1.0 / 3.0),
            (2.0, 1.0 / 3.0),
            (3.0, 1.0 / 3.0),
            (4.0, 11.0 / 12.0),
            (9.0, 11.0 / 12.0),
        ] {
            assert!((p(z) - expected).abs() < 1e-6, "{z}: {}", p(z));
        }
        assert!(
            (p(3.5) - (1.0 / 3.0 + 11.0 / 12.0) / 2.0).abs() < 1e-6,
            "{}",
            p(3.5)
        );
    }

    /// Logits that are twice too large, and shifted by one.
    #[test]
    fn platt_undoes_a_stretch_and_a_shift() {
        let (mut logits, mut labels) = (Vec::new(), Vec::new());
        for step in -20i32..=20 {
            let z = f64::from(step) / 5.0;
            // Of each hundred rows the share that the true logit says.
            let positives = (1000.0 * sigmoid(z)).round() as usize;
            for row in 0..1000 {
                logits.push((2.0 * z + 1.0) as f32);
                labels.push(u8::from(row < positives));
            }
        }
        let fitted = Calibration::fit(Method::Platt, &logits, &labels).unwrap();
        let Calibration::Platt { a, b } = fitted else {
            panic!("{fitted:?}")
        };
        assert!((a - 0.5).abs() < 2e-3 && (b + 0.5).abs() < 2e-3, "{a} {b}");
    }

    #[test]
    fn what_was_not_fitted_is_refused() {
        let broken = [
            Calibration::Platt {
                a: f32::NAN,
                b: 0.0,
            },
            Calibration::Isotonic {
                at: vec![],
                probability: vec![],
            },
            Calibration::Isotonic {
                at: vec![1.0],
                probability: vec![1.0],
            },
            Calibration::Isotonic {
                at: vec![2.0, 1.0],
                probability: vec![0.1, 0.2],
            },
            Calibration::Isotonic {
                at: vec![1.0, 2.0],
                probability: vec![0.3, 0.2],
            },
            Calibration::Isotonic {
                at: vec![1.0, 2.0],
                probability: vec![0.3],
            },
        ];
        for one in broken {
            assert!(one.check().is_err(), "{one:?}");
        }
        assert!(Calibration::fit(Method::Isotonic, &[1.0], &[1]).is_err());
        let turned = Calibration::fit(Method::Platt, &[2.0, 1.0, 0.0, -1.0], &[0, 1, 0, 1]);
        assert!(
            turned
                .unwrap_err()
                .to_string()
                .contains("no better than chance")
        );
    }

    proptest! {
        #[test]
        fn the_isotonic_map_rises_and_never_is_certain(rows in prop::collection::vec((-40i8..40, 0u8..2), 2..80), probes in prop::collection::vec(-50.0f32..50.0, 2..20)) {
            let logits: Vec<f32> = rows.iter().map(|r| f32::from(r.0) / 4.0).collect();
            let labels: Vec<u8> = rows.iter().map(|r| r.1).collect();
            if let Ok(fitted) = Calibration::fit(Method::Isotonic, &logits, &labels) {
                fitted.check().unwrap();
                let mut probes = probes;
                probes.sort_unstable_by(f32::total_cmp);
                let mapped: Vec<f32> = probes.iter().map(|&z| fitted.apply(z)).collect();
                prop_assert!(mapped.is_sorted(), "{:?}", mapped);
                prop_assert!(mapped.iter().all(|z| z.is_finite()));
            }
        }
    }
}
