//! A small model and sparse batches for it.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::autograd::{Engine, Parameters};
use crate::data::batch::{Batch, FieldBatch};
use crate::model::{Model, build};
use crate::optim::{Optimizer, OptimizerConfig};
use crate::settings::Settings;
use crate::simd::Isa;

/// Rows of the three fields: the first is large, so that most of its rows are touched rarely and some never.
pub const OFFSETS: [usize; 4] = [0, 300, 304, 324];

/// AutoInt+ with a linear term: tables of 5 and of 1 numbers a row.
pub fn engine(isa: Isa, threads: usize) -> Engine {
    let mut config = Settings::preset("autoint").unwrap().model;
    config.embedding.dim = 5;
    config.interacting.as_mut().unwrap().layers = 1;
    config.interacting.as_mut().unwrap().width = 4;
    config.mlp.as_mut().unwrap().hidden = vec![6];
    let Model {
        tape, logit, loss, ..
    } = build(&config, &OFFSETS).unwrap();
    Engine::new(tape, logit, loss, isa, threads).unwrap()
}

/// The rows of step `t`.
pub fn batch(t: u64) -> Batch {
    let mut random = ChaCha8Rng::seed_from_u64(t);
    let rows = random.random_range(1..7);
    // Small numbers are much more frequent, as in real data.
    let mut id = |field: usize| {
        let u: f64 = random.random();
        let size = OFFSETS[field + 1] - OFFSETS[field];
        (OFFSETS[field] + (u.powi(4) * size as f64) as usize) as u32
    };
    let (mut starts, mut list) = (vec![0], vec![]);
    for row in 0..rows {
        list.extend((0..=row % 3).map(|_| id(2)));
        starts.push(list.len() as u32);
    }
    Batch {
        rows,
        fields: vec![
            FieldBatch::One {
                ids: (0..rows).map(|_| id(0)).collect(),
            },
            FieldBatch::Scaled {
                ids: (0..rows).map(|_| id(1)).collect(),
                values: (0..rows).map(|row| row as f32 - 1.5).collect(),
            },
            FieldBatch::Mean { starts, ids: list },
        ],
        labels: (0..rows).map(|row| (row % 2) as f32).collect(),
        weights: vec![],
    }
}

/// An engine, weights and an optimiser in training.
pub struct Training {
    pub engine: Engine,
    pub weights: Parameters,
    pub optimizer: Optimizer,
}

impl Training {
    pub fn new(config: &OptimizerConfig, isa: Isa, threads: usize) -> Training {
        let engine = engine(isa, threads);
        let layout = engine.tape().layout();
        let mut weights = Parameters::initialise(layout, 7);
        // Rows whose zeros have a sign.
        weights.tables[0][290 * 5..300 * 5].fill(-0.0);
        let optimizer = Optimizer::new(config, layout).unwrap();
        Training {
            weights,
            optimizer,
            engine,
        }
    }

    /// Takes the given steps, the learning rate falling, and settles.
    pub fn run(&mut self, steps: std::ops::Range<u64>) {
        for t in steps {
            let batch = batch(t);
            self.optimizer
                .prepare(self.engine.runtime(), batch.ids(), &mut self.weights);
            self.engine.step(&self.weights, &batch, None, t).unwrap();
            let rate = 0.01 * 0.999f64.powf(t as f64);
            let gradients = self.engine.gradients();
            (self.optimizer).step(self.engine.runtime(), gradients, rate, &mut self.weights);
        }
        (self.optimizer).settle(self.engine.runtime(), &mut self.weights);
    }

    /// The bits of weights and state.
    pub fn bits(&self) -> Vec<u32> {
        let slots = self.optimizer.slots().into_iter().map(|(_, slot)| slot);
        std::iter::once(&self.weights)
            .chain(slots)
            .flat_map(|p| [&p.dense[..], &p.tables.concat()].concat())
            .map(|x| x.to_bits())
            .collect()
    }
}
