//! One row followed through a tape: every result in f32 as a replay computes it and in f64 as the ops define it, every gradient, and
//! what differences say of it. It is what `autoint trace` shows.
//!
//! Nothing is drawn: a dropout lets all pass, a batch norm goes by its moving averages. So the numbers are those of a prediction (where
//! scoring takes a short cut, see [`super::frozen`], up to rounding), and the gradients are those of a training without dropout.

use super::factors::WeightPairs;
use super::layout::Parameters;
use super::op::{BLOCK, Shard, place};
use super::part::Part;
use super::phases::nodes_until;
use super::reference::{Parameters64, Reference};
use super::sparse::SparseIndex;
use super::tape::{Tape, Var};
use super::workspace::{Replay, ShardGrads, Workspace};
use crate::data::batch::Batch;
use crate::simd::{Aligned, Isa};

/// Step of the central differences. A tenth of that of [`super::check`]: among the ReLUs of a whole model some argument is near to 0, and
/// few numbers may cross it. What rounding adds in f64, some 1e-10, is still far below f32's.
const H: f64 = 1e-6;

/// See the module.
#[derive(Debug)]
pub struct Walk<'a> {
    tape: &'a Tape,
    batch: &'a Batch,
    end: &'a Var,
    isa: Isa,
    parameters: &'a Parameters,
    pairs: WeightPairs,
    wide: Parameters64,
    workspace: Workspace,
    /// By unit of the tape, in f64.
    defined: Vec<f64>,
}

/// A number that the end of the tape can be differentiated by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A unit of the tape.
    Unit(usize),
    /// A number of the flat vector of dense parameters.
    Dense(usize),
    /// A table's number: the table, and the place in it.
    Table(usize, usize),
}

/// The derivatives of the end of a tape.
#[derive(Debug, Clone, PartialEq)]
pub struct Slopes {
    /// By unit of the tape. Units that no op takes have none: zero.
    pub units: Vec<f32>,
    /// By number of the flat vector.
    pub dense: Vec<f32>,
    /// For each table the rows that the row looked up, and the derivatives by their numbers, `[dim]`.
    pub tables: Vec<Vec<(u32, Vec<f32>)>>,
}

impl<'a> Walk<'a> {
    /// Follows the only row of `batch` to `end`, of shape `[1]`: the logit or the loss. (The loss needs a label in the batch.)
    pub fn new(
        tape: &'a Tape,
        parameters: &'a Parameters,
        batch: &'a Batch,
        end: &'a Var,
        isa: Isa,
    ) -> Walk<'a> {
        let mut walk = Walk {
            workspace: Workspace::new(tape, BLOCK),
            defined: vec![0.0; tape.units()],
            wide: Parameters64::from(parameters),
            tape,
            batch,
            end,
            isa,
            parameters,
            pairs: WeightPairs::of(isa, tape.layout(), parameters),
        };
        let nodes = 0..walk.nodes();
        let replay = Replay {
            isa,
            tape,
            parameters,
            pairs: &walk.pairs,
        };
        walk.workspace.forward(replay, nodes.clone(), shard(batch));
        let reference = walk.reference();
        reference.resume(nodes, &walk.wide, &mut walk.defined);
        walk
    }

    /// The parameters that it goes by.
    pub fn parameters(&self) -> &'a Parameters {
        self.parameters
    }

    /// How many nodes lead to the end.
    pub fn nodes(&self) -> usize {
        nodes_until(self.tape, self.end)
    }

    /// The values in f32, by unit of the tape; zero behind the end.
    pub fn values(&self) -> Vec<f32> {
        self.of_row(|result| self.workspace.value(result))
    }

    /// The values in f64, by the ops' definitions.
    pub fn defined(&self) -> &[f64] {
        &self.defined
    }

    /// All derivatives of the end, by backward.
    pub fn slopes(&mut self) -> Slopes {
        let layout = self.tape.layout();
        let mut dense = vec![0.0; layout.dense_len()];
        let fields = self.batch.fields.len();
        let tables = layout.tables.iter();
        let mut samples: Vec<_> = tables.map(|t| Aligned::zeros(fields * t.dim)).collect();
        let seed = self.workspace.seed(self.tape, self.end);
        seed.fill(0.0);
        seed[0] = 1.0;
        let nodes = 0..self.nodes();
        let replay = Replay {
            isa: self.isa,
            tape: self.tape,
            parameters: self.parameters,
            pairs: &self.pairs,
        };
        let mut grads = ShardGrads {
            dense: &mut dense,
            samples: &mut samples,
            first_sample: 0,
        };
        let shard = shard(self.batch);
        self.workspace.backward(replay, nodes, shard, &mut grads);
        Slopes {
            units: self.of_row(|result| self.workspace.grad(result)),
            dense,
            tables: self.of_tables(&samples),
        }
    }

    /// The derivative of the end by one number, estimated: (end(x + h) - end(x - h)) / 2h, in f64.
    pub fn difference(&mut self, by: By) -> f64 {
        let above = self.moved(by, H);
        let below = self.moved(by, -H);
        (above - below) / (2.0 * H)
    }

    /// The end when one number is moved.
    fn moved(&mut self, by: By, step: f64) -> f64 {
        let from = match by {
            // What it is made of does not move with it.
            By::Unit(unit) => 1 + self.node_of(unit),
            By::Dense(_) | By::Table(..) => 0,
        };
        let mut values = self.defined.clone();
        let mut wide = std::mem::take(&mut self.wide);
        let number = match by {
            By::Unit(unit) => &mut values[unit],
            By::Dense(at) => &mut wide.dense[at],
            By::Table(table, at) => &mut wide.tables[table][at],
        };
        let before = *number;
        *number += step;
        let nodes = from..self.nodes();
        self.reference().resume(nodes, &wide, &mut values);
        match by {
            By::Unit(_) => {}
            By::Dense(at) => wide.dense[at] = before,
            By::Table(table, at) => wide.tables[table][at] = before,
        }
        self.wide = wide;
        values[self.end.units().start]
    }

    /// How far the nearest argument of a ReLU is from its kink, where it has no derivative.
    pub fn kink_distance(&self) -> f64 {
        let (reference, nodes) = (self.reference(), 0..self.nodes());
        reference.kink_of_row(nodes, 0, &self.wide, &self.defined, &[])
    }

    /// The node that a unit of the tape is of.
    pub fn node_of(&self, unit: usize) -> usize {
        let nodes = self.tape.nodes();
        nodes.partition_point(|node| node.result.units().end <= unit)
    }

    /// The row's numbers of every result, by unit of the tape.
    fn of_row<'w>(&'w self, of: impl Fn(&Var) -> &'w [f32]) -> Vec<f32> {
        let mut all = vec![0.0; self.tape.units()];
        for node in &self.tape.nodes()[..self.nodes()] {
            let (units, numbers) = (node.result.units(), of(&node.result));
            for (unit, number) in all[units.clone()].iter_mut().enumerate() {
                *number = numbers[place(units.len(), unit, 0)];
            }
        }
        all
    }

    /// What the looked-up embeddings' derivatives are to the tables' rows.
    fn of_tables(&self, samples: &[Aligned]) -> Vec<Vec<(u32, Vec<f32>)>> {
        let layout = self.tape.layout();
        let mut index = SparseIndex::new(layout.table_rows());
        index.build(self.batch);
        let of_table = |(table, samples): (usize, &Aligned)| {
            let (dim, mut sums) = (layout.tables[table].dim, Vec::new());
            index.sum(self.isa, dim, |_| &samples[..], &mut sums);
            let rows = index.touched().ids().iter().zip(sums.chunks(dim));
            rows.map(|(&id, sum)| (id, sum.to_vec())).collect()
        };
        samples.iter().enumerate().map(of_table).collect()
    }

    fn reference(&self) -> Reference<'a> {
        Reference {
            tape: self.tape,
            batch: self.batch,
            draw: None,
        }
    }
}

/// The row as a shard of which backward follows.
fn shard(batch: &Batch) -> Shard<'_> {
    Shard {
        batch,
        first_row: 0,
        used: 1,
        part: Part::whole(batch),
        draw: None,
        statistics: &[],
        backward: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autograd::layout::{Init, Role, TableSpec};
    use crate::data::batch::FieldBatch;

    /// A field of one value and one of two (whose mean is taken) of a table of numbers 1 to 8, `[4, 2]`; the logit is their sum weighted
    /// by 1, 10, 100, 1000.
    #[test]
    fn values_and_slopes_by_hand() {
        let mut tape = Tape::new();
        let table = tape.table(TableSpec {
            name: "e".into(),
            rows: 4,
            dim: 2,
            init: Init::Constant(0.0),
            field_starts: vec![],
        });
        let x = tape.embedding(table, 2).unwrap();
        let flat = tape.reshape(&x, &[4]).unwrap();
        let weight = tape.parameter("w", &[4, 1], Init::Constant(0.0), Role::Kernel);
        let logit = tape.linear(&flat, &weight.unwrap(), None).unwrap();
        let loss = tape.bce(&logit).unwrap();
        let mut parameters = Parameters::zeros(tape.layout());
        parameters.tables[0] = Aligned::from(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0][..]);
        parameters.dense = vec![1.0, 10.0, 100.0, 1000.0];
        let batch = Batch {
            rows: 1,
            fields: vec![
                FieldBatch::One { ids: vec![0] },
                FieldBatch::Mean {
                    starts: vec![0, 2],
                    ids: vec![2, 3],
                },
            ],
            labels: vec![1.0],
            weights: vec![],
        };
        let isa = Isa::choose().unwrap();
        let mut walk = Walk::new(&tape, &parameters, &batch, &logit, isa);
        // x = [1 2 | (5 + 7) / 2, (6 + 8) / 2]; the loss is behind the end.
        assert_eq!(walk.values(), [1.0, 2.0, 6.0, 7.0, 7621.0, 0.0]);
        assert_eq!(walk.defined(), [1.0, 2.0, 6.0, 7.0, 7621.0, 0.0]);
        let slopes = walk.slopes();
        assert_eq!(slopes.units, [1.0, 10.0, 100.0, 1000.0, 1.0, 0.0]);
        assert_eq!(slopes.dense, [1.0, 2.0, 6.0, 7.0]);
        let rows = [
            (0, vec![1.0, 10.0]),
            (2, vec![50.0, 500.0]),
            (3, vec![50.0, 500.0]),
        ];
        assert_eq!(slopes.tables, [rows.to_vec()]);
        for (by, slope) in [
            (By::Unit(2), 100.0),
            (By::Unit(4), 1.0),
            (By::Dense(1), 2.0),
            (By::Table(0, 7), 500.0),
            (By::Table(0, 3), 0.0),
        ] {
            let difference = walk.difference(by);
            assert!((difference - slope).abs() < 1e-4, "{by:?}: {difference}");
        }
        // The loss of a label of 1 at so high a logit is next to 0, and so are its slopes.
        let mut walk = Walk::new(&tape, &parameters, &batch, &loss, isa);
        let small = |x: &f32| x.abs() < 1e-30;
        assert!(walk.nodes() == 3 && small(&walk.values()[5]));
        assert!(walk.slopes().units[..5].iter().all(small));
        assert_eq!(walk.kink_distance(), f64::INFINITY);
    }
}
