//! The tape in f64, one row at a time, by the ops' definitions: slow, plain, and the truth that f32 replay is held against.

use super::layout::Parameters;
use super::op::Definition;
use super::tape::{Node, Tape, Var};
use crate::data::batch::Batch;
use crate::kernels::dropout::Draw;

/// All parameters in f64.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters64 {
    pub dense: Vec<f64>,
    pub tables: Vec<Vec<f64>>,
}

impl From<&Parameters> for Parameters64 {
    fn from(p: &Parameters) -> Parameters64 {
        let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect();
        Parameters64 {
            dense: wide(&p.dense),
            tables: p.tables.iter().map(|t| wide(t)).collect(),
        }
    }
}

/// What a replay in f64 is given.
#[derive(Debug, Clone)]
pub struct Reference<'a> {
    pub tape: &'a Tape,
    pub batch: &'a Batch,
    pub draw: Option<Draw>,
}

impl Reference<'_> {
    /// All results of one row, in the tape's units. `leaves` are the values of [`Tape::input`] leaves for this row, in the
    /// order they were recorded.
    pub fn row(&self, row: usize, parameters: &Parameters64, leaves: &[&[f64]]) -> Vec<f64> {
        let mut values = vec![0.0; self.tape.units()];
        let mut leaves = leaves.iter();
        for node in self.tape.nodes() {
            let result = if node.op.name() == "input" {
                leaves.next().map_or_else(Vec::new, |leaf| leaf.to_vec())
            } else {
                self.evaluate(node, row, parameters, &values)
            };
            values[node.result.units()].copy_from_slice(&result);
        }
        values
    }

    fn evaluate(
        &self,
        node: &Node,
        row: usize,
        parameters: &Parameters64,
        values: &[f64],
    ) -> Vec<f64> {
        node.op
            .definition(&self.context(node, row, parameters, values))
    }

    fn context<'c>(
        &'c self,
        node: &Node,
        row: usize,
        parameters: &'c Parameters64,
        values: &'c [f64],
    ) -> Definition<'c> {
        Definition {
            operands: node
                .operands
                .iter()
                .map(|units| &values[units.clone()])
                .collect(),
            dense: &parameters.dense,
            tables: &parameters.tables,
            batch: self.batch,
            row,
            loss_scale: loss_scale(self.batch),
            draw: self.draw,
        }
    }

    /// How far a row's results (from [`Reference::row`]) are from the nearest kink.
    pub fn kink_distance(&self, row: usize, parameters: &Parameters64, values: &[f64]) -> f64 {
        let distances = self.tape.nodes().iter().map(|node| {
            node.op
                .kink_distance(&self.context(node, row, parameters, values))
        });
        distances.fold(f64::INFINITY, f64::min)
    }

    /// The value of one result for every row, `[rows, units]`.
    pub fn value(&self, var: &Var, parameters: &Parameters64) -> Vec<Vec<f64>> {
        (0..self.batch.rows)
            .map(|row| self.row(row, parameters, &[])[var.units()].to_vec())
            .collect()
    }
}

/// 1 / the sum of a batch's weights.
pub fn loss_scale(batch: &Batch) -> f64 {
    let total = match batch.weights.as_slice() {
        [] => batch.rows as f64,
        weights => weights.iter().map(|&w| f64::from(w)).sum(),
    };
    1.0 / total
}
