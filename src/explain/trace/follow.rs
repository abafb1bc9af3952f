//! A row's way, followed.

use std::ops::Range;

use super::steps::{Ask, Step, Trace};
use super::tensor::{self, Gradient, Tensor};
use crate::autograd::kind::OpKind;
use crate::autograd::tape::Node;
use crate::autograd::walk::{By, Slopes, Walk};
use crate::autograd::{Tape, Var};
use crate::data::batch::Batch;
use crate::error::{Error, Result};
use crate::explain::row;
use crate::score::Scorer;
use crate::score::predict::probability;

impl Trace {
    /// Follows a raw row, whose columns `header` names; see [`row::encode`].
    ///
    /// # Errors
    /// As there, and as [`Trace::of`].
    pub fn raw(
        scorer: &Scorer<'_>,
        header: &[String],
        values: &[String],
        ask: Ask,
    ) -> Result<Trace> {
        let (batch, unknown) = row::encode(scorer.schema(), header, values)?;
        Ok(Trace {
            unknown: unknown.into_iter().map(str::to_owned).collect(),
            ..Trace::of(scorer, &batch, ask)?
        })
    }

    /// Follows the row of `batch` through the model of `scorer`.
    ///
    /// # Errors
    /// When it is not one row, or a label is given and the model was recorded without a loss.
    pub fn of(scorer: &Scorer<'_>, batch: &Batch, ask: Ask) -> Result<Trace> {
        if batch.rows != 1 {
            let what = format!("a trace follows one row, got {}: give one", batch.rows);
            return Err(Error::Data(what));
        }
        let (mut batch, runtime) = (batch.clone(), scorer.runtime());
        batch.labels = ask.label.into_iter().collect();
        let tape = runtime.tape();
        let (name, end) = match ask.label {
            None => ("logit", runtime.logit()),
            Some(_) => ("loss", loss(tape)?),
        };
        let mut walk = Walk::new(tape, scorer.parameters(), &batch, end, runtime.isa());
        let slopes = ask.gradients.map(|_| walk.slopes());
        let mut scored = Vec::new();
        scorer.logits(&batch, &mut scored);
        let mut viewed = Viewed {
            tape,
            values: walk.values(),
            most: ask.gradients.unwrap_or(0),
            walk,
            slopes,
        };
        let fields = scorer.schema().field_names().into_iter().map(str::to_owned);
        let kink = viewed.walk.kink_distance();
        Ok(Trace {
            fields: fields.collect(),
            unknown: Vec::new(),
            looked_up: batch
                .fields
                .iter()
                .map(|field| field.bag(0).collect())
                .collect(),
            end: name,
            logit: viewed.values[runtime.logit().units().start],
            scored: scored[0],
            probability: probability(scored[0]),
            steps: viewed.steps(),
            parameters: viewed.parameters(),
            kink: (ask.gradients.is_some() && kink.is_finite()).then_some(kink),
        })
    }
}

/// Where the loss lies.
fn loss(tape: &Tape) -> Result<&Var> {
    let mut nodes = tape.nodes().iter().rev();
    let loss = nodes.find(|node| node.op.kind() == OpKind::Bce);
    let missing = || Error::Data("the model has no loss: trace it without a label".into());
    loss.map(|node| &node.result).ok_or_else(missing)
}

/// A walk and what was seen on it.
struct Viewed<'a> {
    tape: &'a Tape,
    walk: Walk<'a>,
    /// By unit of the tape.
    values: Vec<f32>,
    slopes: Option<Slopes>,
    /// Numbers of a tensor that are looked at by differences.
    most: usize,
}

impl Viewed<'_> {
    fn steps(&mut self) -> Vec<Step> {
        let nodes = &self.tape.nodes()[..self.walk.nodes()];
        let steps = nodes.iter().map(|node| Step {
            op: node.label(),
            formula: node.op.formula().to_owned(),
            operands: node
                .operands
                .iter()
                .map(|units| self.walk.node_of(units.start))
                .collect(),
            results: parts(node)
                .into_iter()
                .map(|(name, start, shape)| self.result(name, start, shape))
                .collect(),
        });
        steps.collect()
    }

    /// Some units of a result.
    fn result(&mut self, name: &str, start: usize, shape: Vec<usize>) -> Tensor {
        let units = start..start + shape.iter().product::<usize>();
        let values = self.values[units.clone()].to_vec();
        // Attention weights are looked at inside their op, and by nobody behind it: what is seen here has no gradient.
        let slopes = self.slopes.as_ref().filter(|_| self.is_taken(&units));
        let gradient = slopes.map(|slopes| {
            let slopes = slopes.units[units.clone()].to_vec();
            Gradient::checked(slopes, self.most, |at| {
                self.walk.difference(By::Unit(start + at))
            })
        });
        Tensor {
            error: Some(tensor::error(&values, &self.walk.defined()[units])),
            name: name.to_owned(),
            shape,
            values,
            gradient,
        }
    }

    /// Whether another op takes them, or they are the end.
    fn is_taken(&self, units: &Range<usize>) -> bool {
        let last = self.tape.nodes()[self.walk.nodes() - 1].result.units();
        let taken = |by: &Range<usize>| by.start < units.end && units.start < by.end;
        taken(&last) || self.tape.consumed().iter().any(taken)
    }

    /// The parameters that have a gradient.
    fn parameters(&mut self) -> Vec<Tensor> {
        let Some(slopes) = self.slopes.take() else {
            return Vec::new();
        };
        let (layout, most, walk) = (self.tape.layout(), self.most, &mut self.walk);
        let mut all = Vec::new();
        for (number, (table, rows)) in layout.tables.iter().zip(slopes.tables).enumerate() {
            let ids: Vec<usize> = rows.iter().map(|(id, _)| *id as usize).collect();
            let place = |at: usize| ids[at / table.dim] * table.dim + at % table.dim;
            let slopes: Vec<f32> = rows.into_iter().flat_map(|(_, slopes)| slopes).collect();
            let values = (0..slopes.len()).map(|at| walk.parameters().tables[number][place(at)]);
            all.push(Tensor {
                name: format!("{}, rows {ids:?}", table.name),
                shape: vec![ids.len(), table.dim],
                values: values.collect(),
                error: None,
                gradient: Some(Gradient::checked(slopes, most, |at| {
                    walk.difference(By::Table(number, place(at)))
                })),
            });
        }
        for spec in &layout.dense {
            let range = spec.param.range.clone();
            let slopes = slopes.dense[range.clone()].to_vec();
            all.push(Tensor {
                name: spec.name.clone(),
                shape: spec.param.shape.clone(),
                values: walk.parameters().dense[range.clone()].to_vec(),
                error: None,
                gradient: Some(Gradient::checked(slopes, most, |at| {
                    walk.difference(By::Dense(range.start + at))
                })),
            });
        }
        all
    }
}

/// What a node's result is looked at as: names, first units, shapes.
fn parts(node: &Node) -> Vec<(&'static str, usize, Vec<usize>)> {
    let start = node.result.units().start;
    match node.op.kind() {
        OpKind::Interacting(layer) => {
            let attention = vec![layer.heads, layer.fields, layer.fields];
            let behind = start + attention.iter().product::<usize>();
            let width = (node.result.units().end - behind) / layer.fields;
            vec![
                ("attention weights", start, attention),
                ("out", behind, vec![layer.fields, width]),
            ]
        }
        _ => vec![("out", start, node.result.shape().to_vec())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::explanation::tests::Case;
    use crate::explain::trace::NEAR;

    fn traced(label: Option<f32>, gradients: Option<usize>) -> Trace {
        let case = Case::new(1.0);
        Trace::of(case.scorer(), &case.batch(&[3]), Ask { label, gradients }).unwrap()
    }

    #[test]
    fn a_trace_ends_in_what_scoring_gives() {
        let case = Case::new(1.0);
        let trace = Trace::of(case.scorer(), &case.batch(&[3]), Ask::default()).unwrap();
        let mut scored = Vec::new();
        case.scorer().logits(&case.batch(&[3]), &mut scored);
        assert_eq!(trace.scored, scored[0]);
        // Scoring adds up the same numbers in another order.
        assert!((trace.logit - trace.scored).abs() < 1e-5);
        assert!((trace.probability - 1.0 / (1.0 + (-trace.scored).exp())).abs() < 1e-6);
        let last = &trace.steps.last().unwrap().results[0];
        assert_eq!(
            (last.values.as_slice(), trace.end),
            (&[trace.logit][..], "logit")
        );
        assert!(trace.parameters.is_empty() && trace.kink.is_none());
        // Attention of each field is whole.
        let attended = trace.steps.iter().filter(|step| step.results.len() == 2);
        let attended: Vec<_> = attended.collect();
        assert_eq!(attended.len(), 2);
        for line in attended[0].results[0].values.chunks(7) {
            assert!((line.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
        // Every step takes what was made before it.
        for (number, step) in trace.steps.iter().enumerate() {
            assert!(
                step.operands.iter().all(|operand| *operand < number),
                "{step:?}"
            );
            assert!(!step.formula.is_empty());
            assert!(
                step.results.iter().all(|r| r.error.unwrap() < 1e-5),
                "{step:?}"
            );
        }
    }

    #[test]
    fn gradients_are_what_differences_say() {
        let trace = traced(Some(1.0), Some(5));
        assert_eq!(trace.end, "loss");
        assert!(
            trace.kink.unwrap() > NEAR,
            "choose another row: {:?}",
            trace.kink
        );
        let of_steps = trace.steps.iter().flat_map(|step| &step.results);
        let mut compared = 0;
        for tensor in of_steps.chain(&trace.parameters) {
            let Some(gradient) = &tensor.gradient else {
                assert_eq!(tensor.name, "attention weights");
                continue;
            };
            assert_eq!(gradient.values.len(), tensor.values.len());
            assert_eq!(gradient.checked.len(), tensor.values.len().min(5));
            assert!(gradient.error < 1e-4, "{} {}", tensor.name, gradient.error);
            compared += gradient.checked.iter().filter(|c| c.numeric != 0.0).count();
        }
        assert!(compared > 50, "{compared} differences are not 0");
        // The loss of a positive by its logit: sigmoid(z) - 1.
        let steps = &trace.steps;
        let of_logit = steps[steps.len() - 2].results[0].gradient.as_ref().unwrap();
        let expected = 1.0 / (1.0 + (-trace.logit).exp()) - 1.0;
        assert!((of_logit.values[0] - expected).abs() < 1e-6);
        let names = trace.parameters.iter().map(|p| p.name.as_str());
        assert!(names.clone().any(|name| name == "interacting.0.query"));
        assert!(
            names
                .clone()
                .any(|name| name.starts_with("embedding, rows ["))
        );
    }

    #[test]
    fn no_row_and_two_are_refused() {
        let case = Case::new(1.0);
        for batch in [Batch::default(), case.batch(&[3, 7])] {
            let error = Trace::of(case.scorer(), &batch, Ask::default()).unwrap_err();
            assert!(error.to_string().contains("one row"), "{error}");
        }
    }
}
