//! Gradients against central differences of the f64 definitions.
//!
//! For a result `y` and a random cotangent c, the checked scalar is L = sum over rows and units of c * y. Random cotangents
//! matter: with all ones the gradient through a softmax is zero whatever backward does.

use super::layout::Parameters;
use super::op::Shard;
use super::reference::{Parameters64, Reference, loss_scale};
use super::tape::{Tape, Var};
use super::workspace::{ShardGrads, Workspace};
use crate::data::batch::Batch;
use crate::kernels::dropout::Draw;
use crate::simd::Isa;

/// Step of the central difference: its error, of order h^2, is far below f32's.
const H: f64 = 1e-5;

/// A ReLU whose input lies closer to 0 than this may sit on different sides in f32 and f64: such inputs are rejected.
const KINK: f64 = 1e-4;

/// What to check: a tape, its leaves' values and everything else a replay needs.
#[derive(Debug)]
pub struct Check<'a> {
    pub tape: &'a Tape,
    /// The result that is differentiated.
    pub result: &'a Var,
    /// Leaves recorded with [`Tape::input`], in order, with their values `[units, rows]`.
    pub leaves: Vec<(Var, Vec<f32>)>,
    pub parameters: &'a Parameters,
    /// At most `rows` rows.
    pub batch: &'a Batch,
    /// R: a multiple of the widest vector.
    pub rows: usize,
    pub draw: Option<Draw>,
    /// `[units of the result, rows]`
    pub cotangent: &'a [f32],
}

/// The worst disagreement found.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The values stood too close to a kink to compare.
    Rejected,
    /// Relative errors: of the result's values, and of each gradient tensor (named).
    Compared {
        value: f64,
        gradients: Vec<(String, f64)>,
    },
}

impl Outcome {
    /// The largest error; infinite when rejected.
    pub fn worst(&self) -> f64 {
        match self {
            Outcome::Rejected => f64::INFINITY,
            Outcome::Compared { value, gradients } => {
                gradients.iter().fold(*value, |worst, (_, e)| worst.max(*e))
            }
        }
    }
}

/// Below this an entry is compared by its absolute error: cotangents lie in -1..1, and where terms of that size cancel (a
/// saturated softmax), f32 keeps some 1e-7 of them, not of what is left.
const FLOOR: f64 = 1e-2;

/// max |a - b| / max(|b|, a hundredth of the tensor's largest |b|, [`FLOOR`]): relative, but an entry that cancels to nearly
/// nothing is measured by the scale of what cancelled.
pub fn relative_error(a: &[f64], b: &[f64]) -> f64 {
    let scale = b.iter().fold(0.0f64, |m, x| m.max(x.abs())) / 100.0;
    a.iter().zip(b).fold(0.0, |worst, (a, b)| {
        let error = (a - b).abs() / b.abs().max(scale).max(FLOOR);
        if error > worst || error.is_nan() {
            error
        } else {
            worst
        }
    })
}

impl Check<'_> {
    /// Replays in f32 on `isa`, differentiates in f64, compares.
    pub fn run(&self, isa: Isa) -> Outcome {
        let wide = Parameters64::from(self.parameters);
        let leaves: Vec<Vec<f64>> = self
            .leaves
            .iter()
            .map(|(_, x)| x.iter().map(|&x| f64::from(x)).collect())
            .collect();
        if self.near_a_kink(&wide, &leaves) {
            return Outcome::Rejected;
        }
        let (value, analytic) = self.replay(isa);
        let mut reference = Vec::new();
        for row in 0..self.batch.rows {
            reference.push(self.reference_row(row, &wide, &leaves)[self.result.units()].to_vec());
        }
        let by_unit: Vec<f64> = (0..self.result.units().len())
            .flat_map(|u| reference.iter().map(move |row| row[u]))
            .collect();
        let gradients = analytic
            .into_iter()
            .map(|(name, grad)| {
                let numeric = self.numeric(&name, &wide, &leaves);
                let grad: Vec<f64> = grad.iter().map(|&x| f64::from(x)).collect();
                let error = relative_error(&grad, &numeric);
                (self.name_of(&name), error)
            })
            .collect();
        Outcome::Compared {
            value: relative_error(&value, &by_unit),
            gradients,
        }
    }

    /// The result's values (used rows only, unit by unit) and all gradients, from the f32 replay.
    fn replay(&self, isa: Isa) -> (Vec<f64>, Vec<(Place, Vec<f32>)>) {
        let layout = self.tape.layout();
        let mut workspace = Workspace::new(self.tape, self.rows);
        for (leaf, values) in &self.leaves {
            workspace.value_mut(leaf).copy_from_slice(values);
        }
        let shard = Shard {
            batch: self.batch,
            first_row: 0,
            used: self.batch.rows,
            loss_scale: loss_scale(self.batch) as f32,
            draw: self.draw,
        };
        workspace.forward(isa, self.tape, self.result, self.parameters, shard);
        let mut dense = vec![0.0; layout.dense_len()];
        let fields = self.batch.fields.len();
        let mut samples: Vec<Vec<f32>> = layout
            .tables
            .iter()
            .map(|t| vec![0.0; self.batch.rows * fields * t.dim])
            .collect();
        let grads = ShardGrads {
            dense: &mut dense,
            samples: &mut samples,
            first_sample: 0,
        };
        let seed = |s: &mut [f32]| s.copy_from_slice(self.cotangent);
        workspace.backward(
            isa,
            self.tape,
            self.result,
            seed,
            self.parameters,
            shard,
            grads,
        );
        let mut all: Vec<(Place, Vec<f32>)> = (0..layout.dense.len())
            .map(|i| {
                (
                    Place::Dense(i),
                    dense[layout.dense[i].param.range.clone()].to_vec(),
                )
            })
            .collect();
        let mut index = super::sparse::SparseIndex::new(
            layout.tables.iter().map(|t| t.rows).max().unwrap_or(0),
        );
        index.build(self.batch);
        for (i, table) in layout.tables.iter().enumerate() {
            let stride = fields * table.dim;
            let mut touched = Vec::new();
            index.sum(
                table.dim,
                |row| &samples[i][row * stride..(row + 1) * stride],
                &mut touched,
            );
            let mut whole = vec![0.0; table.rows * table.dim];
            for (slot, &id) in index.ids().iter().enumerate() {
                let id = id as usize;
                whole[id * table.dim..(id + 1) * table.dim]
                    .copy_from_slice(&touched[slot * table.dim..(slot + 1) * table.dim]);
            }
            all.push((Place::Table(i), whole));
        }
        for (i, (leaf, _)) in self.leaves.iter().enumerate() {
            all.push((Place::Leaf(i), self.used(workspace.grad(leaf))));
        }
        let value = self
            .used(workspace.value(self.result))
            .iter()
            .map(|&x| f64::from(x))
            .collect();
        (value, all)
    }

    /// The used rows of `[units, rows]`.
    fn used<T: Copy>(&self, x: &[T]) -> Vec<T> {
        x.chunks_exact(self.rows)
            .flat_map(|unit| &unit[..self.batch.rows])
            .copied()
            .collect()
    }

    fn reference_row(&self, row: usize, wide: &Parameters64, leaves: &[Vec<f64>]) -> Vec<f64> {
        let of_row: Vec<Vec<f64>> = leaves
            .iter()
            .map(|x| x.chunks_exact(self.rows).map(|unit| unit[row]).collect())
            .collect();
        let slices: Vec<&[f64]> = of_row.iter().map(Vec::as_slice).collect();
        self.reference().row(row, wide, &slices)
    }

    /// L, summed over the given rows.
    fn scalar(
        &self,
        rows: impl Iterator<Item = usize>,
        wide: &Parameters64,
        leaves: &[Vec<f64>],
    ) -> f64 {
        rows.map(|row| {
            let values = &self.reference_row(row, wide, leaves)[self.result.units()];
            let products = values.iter().enumerate();
            products
                .map(|(u, y)| y * f64::from(self.cotangent[u * self.rows + row]))
                .sum::<f64>()
        })
        .sum()
    }

    /// dL / d(every number of a tensor), by central differences.
    fn numeric(&self, place: &Place, wide: &Parameters64, leaves: &[Vec<f64>]) -> Vec<f64> {
        let (mut wide, mut leaves) = (wide.clone(), leaves.to_vec());
        let used = self.batch.rows;
        let numbers: Vec<(usize, std::ops::Range<usize>)> = match *place {
            Place::Dense(i) => self.tape.layout().dense[i]
                .param
                .range
                .clone()
                .map(|at| (at, 0..used))
                .collect(),
            Place::Table(i) => (0..wide.tables[i].len()).map(|at| (at, 0..used)).collect(),
            // A leaf's number belongs to one row: only that row moves.
            Place::Leaf(i) => (0..leaves[i].len())
                .filter(|at| at % self.rows < used)
                .map(|at| (at, at % self.rows..at % self.rows + 1))
                .collect(),
        };
        let mut gradient = Vec::with_capacity(numbers.len());
        for (at, rows) in numbers {
            let mut shifted = |by: f64| {
                let number = match *place {
                    Place::Dense(_) => &mut wide.dense[at],
                    Place::Table(i) => &mut wide.tables[i][at],
                    Place::Leaf(i) => &mut leaves[i][at],
                };
                *number += by;
                let shifted_by = self.scalar(rows.clone(), &wide, &leaves);
                let number = match *place {
                    Place::Dense(_) => &mut wide.dense[at],
                    Place::Table(i) => &mut wide.tables[i][at],
                    Place::Leaf(i) => &mut leaves[i][at],
                };
                *number -= by;
                shifted_by
            };
            gradient.push((shifted(H) - shifted(-H)) / (2.0 * H));
        }
        gradient
    }

    fn near_a_kink(&self, wide: &Parameters64, leaves: &[Vec<f64>]) -> bool {
        let reference = self.reference();
        (0..self.batch.rows).any(|row| {
            let values = self.reference_row(row, wide, leaves);
            reference.kink_distance(row, wide, &values) < KINK
        })
    }

    fn reference(&self) -> Reference<'_> {
        Reference {
            tape: self.tape,
            batch: self.batch,
            draw: self.draw,
        }
    }

    fn name_of(&self, place: &Place) -> String {
        let layout = self.tape.layout();
        match *place {
            Place::Dense(i) => layout.dense[i].name.clone(),
            Place::Table(i) => layout.tables[i].name.clone(),
            Place::Leaf(i) => format!("leaf {i}"),
        }
    }
}

/// A tensor that can be differentiated by.
#[derive(Debug, Clone, Copy)]
enum Place {
    Dense(usize),
    Table(usize),
    Leaf(usize),
}
