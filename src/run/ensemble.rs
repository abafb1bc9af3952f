//! One model of several runs: their logits, weighted and added on one tape, so that it predicts, explains and serves as any other.
//!
//! ```text
//! logit = sum over members m of  w_m logit_m  +  b
//! ```
//!
//! The weights (at least 0) and b are those of the logistic regression of the labels on the members' logits, over the validation rows (stacking:
//! Wolpert, "Stacked Generalization", Neural Networks 1992; with weights of at least 0: Breiman, "Stacked Regressions", Machine Learning 1996).

use super::open::Run;
use super::weights::{Tensor, tensors};
use crate::autograd::Parameters;
use crate::error::{Error, Result};
use crate::model::build::{SHARE, member_prefix};
use crate::model::{Model, ModelConfig, build};
use crate::score::logistic::{Fitted, Problem};
use crate::settings::Settings;

/// How strongly weights are drawn to 1 / members, in rows: members that say the same share it.
const RIDGE: f64 = 1.0;

/// The weights of members and the bias.
///
/// # Errors
/// When the rows are not of both labels, or a logit is not finite.
pub fn fitted(logits: &[Vec<f32>], labels: &[u8]) -> Result<Fitted> {
    let column = |of: &Vec<f32>| of.iter().map(|&z| f64::from(z)).collect::<Vec<f64>>();
    let all: Vec<Vec<f64>> = logits.iter().map(column).collect();
    let mut taken: Vec<usize> = (0..all.len()).collect();
    loop {
        let columns: Vec<Vec<f64>> = taken.iter().map(|&place| all[place].clone()).collect();
        let problem = Problem {
            columns: &columns,
            labels,
            towards: 1.0 / columns.len() as f64,
            ridge: RIDGE,
        };
        let fit = problem.fit()?;
        // A weight below 0 is overfitting: that member is left out, the worst first.
        let worst = (0..taken.len()).min_by(|&a, &b| fit.weights[a].total_cmp(&fit.weights[b]));
        match worst.filter(|&place| fit.weights[place] < 0.0 && taken.len() > 1) {
            Some(place) => drop(taken.remove(place)),
            None => {
                let mut weights = vec![0.0; all.len()];
                for (&place, weight) in taken.iter().zip(fit.weights) {
                    weights[place] = weight;
                }
                return Ok(Fitted {
                    weights,
                    bias: fit.bias,
                });
            }
        }
    }
}

/// The same weight for every member, and no bias.
pub fn equal(members: usize) -> Fitted {
    Fitted {
        weights: vec![1.0 / members as f64; members],
        bias: 0.0,
    }
}

/// A model of several runs, each with the same share.
#[derive(Debug)]
pub struct Ensemble {
    /// The first run's, with all models as members.
    pub settings: Settings,
    /// One tape with all members on it.
    pub model: Model,
    /// The members' own, and the weight of each.
    pub parameters: Parameters,
    /// Where each member's numbers lie.
    tensors: Vec<Tensor>,
}

impl Ensemble {
    /// Puts the models of `runs` together.
    ///
    /// # Errors
    /// When one is an ensemble itself, or they have not the same fields and values.
    pub fn of(runs: &[Run]) -> Result<Ensemble> {
        let Some((first, others)) = runs.split_first() else {
            return Err(Error::Data("an ensemble needs a run".into()));
        };
        for run in others {
            if run.schema != first.schema {
                let what = format!(
                    "has other fields, values or another split than {}: an ensemble is made of runs of one protocol on the same data",
                    first.path.display()
                );
                return Err(Error::file(&run.path, what));
            }
        }
        let mut settings = first.settings.clone();
        settings.model = ModelConfig {
            members: runs.iter().map(|run| run.settings.model.clone()).collect(),
            ..ModelConfig::without_parts(first.settings.model.embedding.clone())
        };
        let model = build(&settings.model, &first.schema.offsets())?;
        let layout = model.tape.layout();
        let mut ensemble = Ensemble {
            settings,
            parameters: Parameters::initialise(layout, 0),
            tensors: tensors(layout, &first.schema),
            model,
        };
        for (number, run) in runs.iter().enumerate() {
            for tensor in tensors(run.runtime.tape().layout(), &run.schema) {
                ensemble.put(number, &tensor.name, tensor.values(&run.parameters))?;
            }
        }
        Ok(ensemble)
    }

    /// Gives each member its share.
    ///
    /// # Errors
    /// When there are not as many shares as members.
    pub fn share(&mut self, shares: &Fitted) -> Result<()> {
        for (number, &weight) in shares.weights.iter().enumerate() {
            self.put(number, &format!("{SHARE}.weight"), &[weight as f32])?;
        }
        let last = shares.weights.len().saturating_sub(1);
        self.put(last, &format!("{SHARE}.bias"), &[shares.bias as f32])
    }

    /// Sets the tensor `name` of a member.
    fn put(&mut self, member: usize, name: &str, numbers: &[f32]) -> Result<()> {
        let name = format!("{}.{name}", member_prefix(member));
        let place = self.tensors.iter().find(|tensor| tensor.name == name);
        let place = place.filter(|tensor| tensor.len() == numbers.len());
        let missing = || Error::Data(format!("the ensemble has no place for the tensor `{name}`"));
        let place = place.ok_or_else(missing)?;
        place.of_mut(&mut self.parameters).copy_from_slice(numbers);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_knows_nothing_gets_no_weight() {
        let good: Vec<f32> = (0..200)
            .map(|row| if row % 2 == 0 { 2.0 } else { -2.0 })
            .collect();
        let noise: Vec<f32> = (0..200)
            .map(|row| ((row * 7919) % 13) as f32 - 6.0)
            .collect();
        let wrong: Vec<f32> = good.iter().map(|z| -z).collect();
        // Nine of ten rows are as the good member says.
        let labels: Vec<u8> = (0..200)
            .map(|row| u8::from((row % 2 == 0) != (row % 20 < 2)))
            .collect();
        let fit = fitted(&[good, noise, wrong], &labels).unwrap();
        assert!(fit.weights[0] > 0.9, "{fit:?}");
        assert!(
            fit.weights[1].abs() < 0.1 && fit.weights[2] == 0.0,
            "{fit:?}"
        );
    }

    #[test]
    fn members_that_say_the_same_share() {
        let logits: Vec<f32> = (0..100).map(|row| (row % 11) as f32 / 3.0 - 1.5).collect();
        let labels: Vec<u8> = (0..100)
            .map(|row| u8::from((row * 37) % 11 < row % 11))
            .collect();
        let fit = fitted(&[logits.clone(), logits], &labels).unwrap();
        assert!((fit.weights[0] - fit.weights[1]).abs() < 1e-6, "{fit:?}");
        assert_eq!(equal(4).weights, [0.25; 4]);
    }
}
