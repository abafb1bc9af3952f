//! Gradients against central differences of the f64 definitions.
//!
//! For a result `y` and a random cotangent c, the checked scalar is L = sum over rows and units of c * y. Random cotangents
//! matter: with all ones the gradient through a softmax is zero whatever backward does.

use super::batch_op::Statistics;
use super::factors::WeightPairs;
use super::layout::Parameters;
use super::op::{Shard, place, unit_and_row};
use super::part::Part;
use super::phases::{Phase, phases};
use super::reference::{Evaluated, Parameters64, Reference};
use super::sparse::SparseIndex;
use super::tape::{Tape, Var};
use super::workspace::{Replay, ShardGrads, Workspace};
use crate::data::batch::Batch;
use crate::kernels::dropout::Draw;
use crate::simd::{Aligned, Isa};

/// Step of the central difference: its error, of order h^2, is far below f32's.
const H: f64 = 1e-5;

/// A ReLU whose input lies closer to 0 than this may sit on different sides in f32 and f64: such inputs are rejected.
const KINK: f64 = 1e-4;

/// What to check: a tape, its leaves' values and everything else a replay needs.
#[derive(Debug)]
pub struct Check<'a> {
    /// Holds the result and everything before it.
    pub tape: &'a Tape,
    /// The result that is differentiated.
    pub result: &'a Var,
    /// Leaves recorded with [`Tape::input`], in order, with their values as [`super::op::BLOCK`] lays them out.
    pub leaves: Vec<(Var, Vec<f32>)>,
    /// All of the tape's.
    pub parameters: &'a Parameters,
    /// At most `rows` rows.
    pub batch: &'a Batch,
    /// R: a multiple of the widest vector.
    pub rows: usize,
    /// Turns training on: dropout, and a batch's own statistics.
    pub draw: Option<Draw>,
    /// Of the result, laid out likewise.
    pub cotangent: &'a [f32],
}

/// The worst disagreement found.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The values stood too close to a kink to compare.
    Rejected,
    /// Relative errors: of the result's values, and of each gradient tensor (named).
    Compared {
        /// The largest of the result's numbers.
        value: f64,
        /// The largest of each parameter, table and leaf.
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

/// max |a - b| / max(|b|, a hundredth of the tensor's largest |b|, `FLOOR`): relative, but an entry that cancels to nearly
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
        let rows: Vec<usize> = (0..self.batch.rows).collect();
        let reference = self.reference_rows(&rows, &wide, &leaves);
        if self.reference().kink_distance(&rows, &wide, &reference) < KINK {
            return Outcome::Rejected;
        }
        let (value, analytic) = self.replay(isa);
        let by_unit: Vec<f64> = self
            .result
            .units()
            .flat_map(|unit| reference.values.iter().map(move |row| row[unit]))
            .collect();
        let gradients = analytic
            .into_iter()
            .map(|(place, grad)| {
                let numeric = self.numeric(place, &wide, &leaves);
                let grad: Vec<f64> = grad.iter().map(|&x| f64::from(x)).collect();
                (self.name_of(place), relative_error(&grad, &numeric))
            })
            .collect();
        Outcome::Compared {
            value: relative_error(&value, &by_unit),
            gradients,
        }
    }

    /// The result's values (used rows only, unit by unit) and all gradients, from the f32 replay of one shard.
    fn replay(&self, isa: Isa) -> (Vec<f64>, Vec<(Place, Vec<f32>)>) {
        let layout = self.tape.layout();
        let fields = self.batch.fields.len();
        let mut workspace = Workspace::new(self.tape, self.rows);
        for (leaf, values) in &self.leaves {
            workspace.value_mut(leaf).copy_from_slice(values);
        }
        let mut dense = vec![0.0; layout.dense_len()];
        let mut samples: Vec<Aligned> = layout
            .tables
            .iter()
            .map(|t| Aligned::zeros(self.batch.rows * fields * t.dim))
            .collect();
        let pairs = WeightPairs::of(isa, layout, self.parameters);
        let replay = Replay {
            isa,
            tape: self.tape,
            parameters: self.parameters,
            pairs: &pairs,
        };
        self.replay_phases(replay, &mut workspace, &mut dense, &mut samples);
        let mut all: Vec<(Place, Vec<f32>)> = (0..layout.dense.len())
            .map(|i| {
                (
                    Place::Dense(i),
                    dense[layout.dense[i].param.range.clone()].to_vec(),
                )
            })
            .collect();
        all.extend(self.table_gradients(isa, &samples));
        for (i, (leaf, _)) in self.leaves.iter().enumerate() {
            all.push((Place::Leaf(i), self.used(workspace.grad(leaf))));
        }
        let value = self.used(workspace.value(self.result));
        (value.iter().map(|&x| f64::from(x)).collect(), all)
    }

    /// Runs all phases of a step that ends in the checked result, as the engine would for a batch of one shard.
    fn replay_phases(
        &self,
        replay: Replay<'_>,
        workspace: &mut Workspace,
        dense: &mut [f32],
        samples: &mut [Aligned],
    ) {
        let mut statistics: Vec<Statistics> = Vec::new();
        for phase in phases(self.tape, self.result) {
            let shard = Shard {
                batch: self.batch,
                first_row: 0,
                used: self.batch.rows,
                part: Part::whole(self.batch),
                draw: self.draw,
                statistics: &statistics,
                backward: true,
            };
            match phase {
                Phase::Forward(nodes) => workspace.forward(replay, nodes, shard),
                Phase::Seed => workspace
                    .seed(self.tape, self.result)
                    .copy_from_slice(self.cotangent),
                Phase::Backward(nodes) => {
                    let mut grads = ShardGrads {
                        dense,
                        samples,
                        first_sample: 0,
                    };
                    workspace.backward(replay, nodes, shard, &mut grads);
                }
                Phase::Sums(at) => {
                    let node = &self.tape.nodes()[at];
                    if let Some(op) = node.op.batch_op() {
                        let mut sums = vec![0.0; op.sums()];
                        op.add_sums(workspace.values(&node.operands[0]), shard.used, &mut sums);
                        statistics.push(Statistics {
                            forward: sums,
                            ..Statistics::default()
                        });
                    }
                }
                Phase::GradSums(at) => {
                    let node = &self.tape.nodes()[at];
                    if let Some(op) = node.op.batch_op() {
                        let mut sums = vec![0.0; op.sums()];
                        let (saved, d_out) = (workspace.saved(node), workspace.grad(&node.result));
                        op.add_grad_sums(saved, d_out, shard.used, &mut sums);
                        statistics[op.number()].backward = sums;
                    }
                }
            }
        }
    }

    /// Whole-table gradients from those of the samples.
    fn table_gradients(&self, isa: Isa, samples: &[Aligned]) -> Vec<(Place, Vec<f32>)> {
        let layout = self.tape.layout();
        if layout.tables.is_empty() {
            return Vec::new();
        }
        let mut index = SparseIndex::new(layout.table_rows());
        index.build(self.batch);
        let mut all = Vec::new();
        for (i, table) in layout.tables.iter().enumerate() {
            let stride = self.batch.fields.len() * table.dim;
            let mut touched = Vec::new();
            index.sum(
                isa,
                table.dim,
                |row| &samples[i][row * stride..(row + 1) * stride],
                &mut touched,
            );
            let mut whole = vec![0.0; table.rows * table.dim];
            for (&id, grad) in index
                .touched()
                .ids()
                .iter()
                .zip(touched.chunks_exact(table.dim))
            {
                let at = id as usize * table.dim;
                whole[at..at + table.dim].copy_from_slice(grad);
            }
            all.push((Place::Table(i), whole));
        }
        all
    }

    /// The used rows of a result, unit by unit.
    fn used(&self, x: &[f32]) -> Vec<f32> {
        let places = self.used_places(x.len()).into_iter();
        places.map(|at| x[at]).collect()
    }

    /// Where the used rows of a leaf of so many numbers lie, unit by unit.
    fn used_places(&self, numbers: usize) -> Vec<usize> {
        let units = numbers / self.rows;
        let of_unit = |unit| (0..self.batch.rows).map(move |row| place(units, unit, row));
        (0..units).flat_map(of_unit).collect()
    }

    fn reference(&self) -> Reference<'_> {
        Reference {
            tape: self.tape,
            batch: self.batch,
            draw: self.draw,
        }
    }

    fn reference_rows(
        &self,
        rows: &[usize],
        wide: &Parameters64,
        leaves: &[Vec<f64>],
    ) -> Evaluated {
        let of_rows: Vec<Vec<Vec<f64>>> = leaves
            .iter()
            .map(|x| {
                let units = x.len() / self.rows;
                let of_row =
                    |&row: &usize| (0..units).map(|unit| x[place(units, unit, row)]).collect();
                rows.iter().map(of_row).collect()
            })
            .collect();
        self.reference().rows(rows, wide, &of_rows)
    }

    /// L, summed over the given rows.
    fn scalar(&self, rows: &[usize], wide: &Parameters64, leaves: &[Vec<f64>]) -> f64 {
        let evaluated = self.reference_rows(rows, wide, leaves);
        let products = rows
            .iter()
            .zip(&evaluated.values)
            .flat_map(|(row, values)| {
                let values = &values[self.result.units()];
                let cotangent = |unit| self.cotangent[place(values.len(), unit, *row)];
                let units = values.iter().enumerate();
                units.map(move |(unit, y)| y * f64::from(cotangent(unit)))
            });
        products.sum()
    }

    /// dL / d(every number of a tensor), by central differences.
    fn numeric(&self, place: Place, wide: &Parameters64, leaves: &[Vec<f64>]) -> Vec<f64> {
        let (mut wide, mut leaves) = (wide.clone(), leaves.to_vec());
        let every: Vec<usize> = (0..self.batch.rows).collect();
        // A leaf's number belongs to one row. Without batch ops only that row moves.
        let apart = self.tape.nodes().iter().all(|n| n.op.batch_op().is_none());
        let numbers: Vec<usize> = match place {
            Place::Dense(i) => self.tape.layout().dense[i].param.range.clone().collect(),
            Place::Table(i) => (0..wide.tables[i].len()).collect(),
            Place::Leaf(i) => self.used_places(leaves[i].len()),
        };
        let mut gradient = Vec::with_capacity(numbers.len());
        for at in numbers {
            let one = match place {
                Place::Leaf(i) => [unit_and_row(leaves[i].len() / self.rows, at).1],
                _ => [0],
            };
            let rows = match place {
                Place::Leaf(_) if apart => &one[..],
                _ => &every,
            };
            let mut shifted = |by: f64| {
                *place.number(at, &mut wide, &mut leaves) += by;
                let scalar = self.scalar(rows, &wide, &leaves);
                *place.number(at, &mut wide, &mut leaves) -= by;
                scalar
            };
            gradient.push((shifted(H) - shifted(-H)) / (2.0 * H));
        }
        gradient
    }

    fn name_of(&self, place: Place) -> String {
        let layout = self.tape.layout();
        match place {
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

impl Place {
    /// Number `at` of the tensor.
    fn number<'a>(
        self,
        at: usize,
        wide: &'a mut Parameters64,
        leaves: &'a mut [Vec<f64>],
    ) -> &'a mut f64 {
        match self {
            Place::Dense(_) => &mut wide.dense[at],
            Place::Table(i) => &mut wide.tables[i][at],
            Place::Leaf(i) => &mut leaves[i][at],
        }
    }
}
