//! The tape in f64, op by op and row by row, by the ops' definitions: slow, plain, and the truth that f32 replay is held against.

use std::ops::Range;

use super::batch_op::Statistics;
use super::layout::Parameters;
use super::op::Definition;
use super::part::Part;
use super::tape::{Node, Tape, Var};
use crate::data::batch::Batch;
use crate::kernels::dropout::Draw;

/// All parameters in f64.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters64 {
    /// As [`Parameters::dense`].
    pub dense: Vec<f64>,
    /// As [`Parameters::tables`].
    pub tables: Vec<Vec<f64>>,
    /// As [`Parameters::buffers`].
    pub buffers: Vec<f64>,
}

impl From<&Parameters> for Parameters64 {
    fn from(p: &Parameters) -> Parameters64 {
        let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect();
        Parameters64 {
            dense: wide(&p.dense),
            tables: p.tables.iter().map(|t| wide(t)).collect(),
            buffers: wide(&p.buffers),
        }
    }
}

/// What a replay in f64 is given.
#[derive(Debug, Clone)]
pub struct Reference<'a> {
    /// What is replayed.
    pub tape: &'a Tape,
    /// All of its step.
    pub batch: &'a Batch,
    /// Turns training on: dropout, and a batch's own statistics.
    pub draw: Option<Draw>,
}

impl Reference<'_> {
    /// All results of the given rows, in the tape's units. `leaves[leaf][row]` are the values of [`Tape::input`] leaves, in the
    /// order they were recorded, for the same rows.
    ///
    /// In training, batch ops take their sums over exactly these rows: give all of the batch then.
    pub fn rows(
        &self,
        rows: &[usize],
        parameters: &Parameters64,
        leaves: &[Vec<Vec<f64>>],
    ) -> Evaluated {
        let mut values = vec![vec![0.0; self.tape.units()]; rows.len()];
        let mut statistics = Vec::new();
        let mut leaves = leaves.iter();
        for node in self.tape.nodes() {
            if let Some(op) = node.op.batch_op() {
                let mut sums = vec![0.0; op.sums()];
                for values in &values {
                    op.add_sums_definition(&values[node.operands[0].clone()], &mut sums);
                }
                statistics.push(Statistics {
                    forward: sums,
                    ..Statistics::default()
                });
            }
            let leaf = match node.op.is_leaf() {
                true => leaves.next(),
                false => None,
            };
            for (i, &row) in rows.iter().enumerate() {
                let result = match leaf {
                    Some(leaf) => leaf[i].clone(),
                    None => node.op.definition(&self.context(
                        node,
                        row,
                        parameters,
                        &values[i],
                        &statistics,
                    )),
                };
                values[i][node.result.units()].copy_from_slice(&result);
            }
        }
        Evaluated { values, statistics }
    }

    /// The results of the batch's first row from some nodes on, those before them being there; for a tape of which nothing is drawn.
    pub fn resume(&self, nodes: Range<usize>, parameters: &Parameters64, values: &mut [f64]) {
        for node in &self.tape.nodes()[nodes] {
            let result = {
                let context = self.context(node, 0, parameters, values, &[]);
                node.op.definition(&context)
            };
            values[node.result.units()].copy_from_slice(&result);
        }
    }

    fn context<'c>(
        &'c self,
        node: &Node,
        row: usize,
        parameters: &'c Parameters64,
        values: &'c [f64],
        statistics: &'c [Statistics],
    ) -> Definition<'c> {
        Definition {
            operands: node
                .operands
                .iter()
                .map(|units| &values[units.clone()])
                .collect(),
            dense: &parameters.dense,
            tables: &parameters.tables,
            buffers: &parameters.buffers,
            batch: self.batch,
            row,
            part: Part::whole(self.batch),
            draw: self.draw,
            statistics,
        }
    }

    /// How far the results of the given rows are from the nearest kink.
    pub fn kink_distance(
        &self,
        rows: &[usize],
        parameters: &Parameters64,
        evaluated: &Evaluated,
    ) -> f64 {
        let Evaluated { values, statistics } = evaluated;
        let nodes = 0..self.tape.nodes().len();
        let distances = rows.iter().zip(values).map(|(&row, values)| {
            self.kink_of_row(nodes.clone(), row, parameters, values, statistics)
        });
        distances.fold(f64::INFINITY, f64::min)
    }

    /// The same of some nodes and one row, whose results are there.
    pub(super) fn kink_of_row(
        &self,
        nodes: Range<usize>,
        row: usize,
        parameters: &Parameters64,
        values: &[f64],
        statistics: &[Statistics],
    ) -> f64 {
        let nodes = self.tape.nodes()[nodes].iter();
        let distances = nodes.map(|node| {
            let context = self.context(node, row, parameters, values, statistics);
            node.op.kink_distance(&context)
        });
        distances.fold(f64::INFINITY, f64::min)
    }

    /// The value of one result for every row of the batch, `[rows][units]`; for tapes without leaves.
    pub fn value(&self, var: &Var, parameters: &Parameters64) -> Vec<Vec<f64>> {
        let rows: Vec<usize> = (0..self.batch.rows).collect();
        let values = self.rows(&rows, parameters, &[]).values;
        values.iter().map(|row| row[var.units()].to_vec()).collect()
    }
}

/// What a replay in f64 gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    /// `[rows][units of the tape]`
    pub values: Vec<Vec<f64>>,
    /// Of batch ops, by their number.
    pub statistics: Vec<Statistics>,
}
