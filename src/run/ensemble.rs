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
use crate::autograd::{Layout, Parameters};
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

/// A model of several runs: settings, layout and weights.
#[derive(Debug)]
pub struct Ensemble {
    pub settings: Settings,
    pub layout: Layout,
    pub parameters: Parameters,
}

impl Ensemble {
    /// Puts the models of `runs` together, with a share for each.
    ///
    /// # Errors
    /// When one is an ensemble itself, or they have not the same fields and values.
    pub fn of(runs: &[Run], shares: &Fitted) -> Result<Ensemble> {
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
        let models: Vec<ModelConfig> = runs.iter().map(|run| run.settings.model.clone()).collect();
        let mut settings = first.settings.clone();
        settings.model = ModelConfig {
            embedding: models[0].embedding.clone(),
            interacting: None,
            mlp: None,
            linear: None,
            fm: None,
            cross: None,
            cin: None,
            members: models,
        };
        let offsets = first.schema.offsets();
        let Model { tape, .. } = build(&settings.model, &offsets)?;
        let layout = tape.layout().clone();
        let mut parameters = Parameters::initialise(&layout, 0);
        let wanted = tensors(&layout, &first.schema);
        for (number, run) in runs.iter().enumerate() {
            let own = tensors(run.runtime.tape().layout(), &run.schema);
            for tensor in &own {
                let name = format!("{}.{}", member_prefix(number), tensor.name);
                put(
                    &wanted,
                    &name,
                    tensor.values(&run.parameters),
                    &mut parameters,
                )?;
            }
            let share = |what: &str| format!("{}.{SHARE}.{what}", member_prefix(number));
            let weight = shares.weights.get(number).copied().unwrap_or(0.0);
            put(&wanted, &share("weight"), &[weight as f32], &mut parameters)?;
            if number + 1 == runs.len() {
                put(
                    &wanted,
                    &share("bias"),
                    &[shares.bias as f32],
                    &mut parameters,
                )?;
            }
        }
        Ok(Ensemble {
            settings,
            layout,
            parameters,
        })
    }
}

fn put(wanted: &[Tensor], name: &str, numbers: &[f32], parameters: &mut Parameters) -> Result<()> {
    let place = wanted.iter().find(|tensor| tensor.name == name);
    let place = place.filter(|tensor| tensor.len() == numbers.len());
    let missing = || Error::Data(format!("the ensemble has no place for the tensor `{name}`"));
    place
        .ok_or_else(missing)?
        .of_mut(parameters)
        .copy_from_slice(numbers);
    Ok(())
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
