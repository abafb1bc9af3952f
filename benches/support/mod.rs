//! What the benches share: the named shapes, batches of any shape, and a model in training.

#![allow(dead_code, reason = "every bench uses a part of it")]

use std::time::Duration;

use autoint::autograd::{Engine, Frozen, Layout, Parameters};
use autoint::data::batch::{Batch, FieldBatch};
use autoint::kernels::dropout::{Draw, uniform};
use autoint::model::{Model, build};
use autoint::optim::Optimizer;
use autoint::settings::Settings;
use autoint::simd::{Isa, Precision};
use criterion::Criterion;

pub mod peak;

/// The course table's 14 fields: how many values each has (MovieLens-1M).
pub const COURSE_FIELDS: [usize; 14] = [6040, 3706, 10, 81, 4, 12, 1, 18, 18, 16, 2, 7, 21, 3439];

/// RecBole's 7 fields: user, item, its year and genres, gender, age, occupation.
const RECBOLE_FIELDS: [usize; 7] = [6040, 3706, 81, 18, 2, 7, 21];

/// A model and the sizes of its fields.
#[derive(Clone)]
pub struct Shape {
    pub name: &'static str,
    pub preset: Settings,
    pub fields: Vec<usize>,
}

/// The named shapes: the presets on their own fields, and one as wide as the Criteo click log.
pub fn shapes() -> Vec<Shape> {
    let of = |name, preset: &str, fields: &[usize]| Shape {
        name,
        preset: Settings::preset(preset).expect("a preset"),
        fields: fields.to_vec(),
    };
    // 13 numeric fields in buckets and 26 categorical ones; vocabularies of a size that fits any machine.
    let mut criteo_fields = vec![50; 13];
    criteo_fields.extend((0..26).map(|i| [20, 500, 5_000, 20_000][i % 4]));
    let mut criteo = of("criteo", "compact", &criteo_fields);
    criteo
        .preset
        .model
        .interacting
        .as_mut()
        .expect("the part")
        .heads = 2;
    criteo
        .preset
        .model
        .interacting
        .as_mut()
        .expect("the part")
        .width = 32;
    vec![
        of("compact", "compact", &COURSE_FIELDS),
        of("course-best", "course-best", &COURSE_FIELDS),
        of("authors", "authors", &COURSE_FIELDS),
        of("recbole", "recbole", &RECBOLE_FIELDS),
        criteo,
    ]
}

/// The first table row of each field of so many values, and the number of all at the end.
pub fn offsets(fields: &[usize]) -> Vec<usize> {
    let mut offsets = vec![0];
    for size in fields {
        offsets.push(offsets[offsets.len() - 1] + size);
    }
    offsets
}

impl Shape {
    /// The shape called `name`.
    pub fn named(name: &str) -> Shape {
        let shape = shapes().into_iter().find(|shape| shape.name == name);
        shape.expect("a named shape")
    }

    /// See [`offsets`].
    pub fn offsets(&self) -> Vec<usize> {
        offsets(&self.fields)
    }

    /// Random rows. Small ids are more frequent, as in real data.
    pub fn batch(&self, rows: usize, seed: u32) -> Batch {
        let places = self.fields.iter().zip(self.offsets());
        let fields = places.enumerate().map(|(field, (&size, offset))| {
            let id = |row| {
                let u = uniform(seed, field as u32, row as u32);
                (offset + (size as f32 * u.powi(3)) as usize) as u32
            };
            let ids = (0..rows).map(id).collect();
            FieldBatch::One { ids }
        });
        let label = |row| f32::from(u8::from(uniform(seed, 99, row as u32) < 0.5));
        Batch {
            rows,
            fields: fields.collect(),
            labels: (0..rows).map(label).collect(),
            weights: Vec::new(),
        }
    }
}

/// Few samples: what is compared differs by far more than they scatter. Times in milliseconds.
pub fn criterion(warm_up: u64, measurement: u64) -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(warm_up))
        .measurement_time(Duration::from_millis(measurement))
}

/// An instruction set in every precision that the processor itself has.
pub fn precisions(isa: Isa) -> impl Iterator<Item = Isa> {
    let all = Precision::ALL.map(|precision| isa.with(precision));
    all.into_iter().filter(|isa| !isa.emulates())
}

/// As many threads as the machine has.
pub fn all_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A model in training.
pub struct Net {
    pub engine: Engine,
    pub weights: Parameters,
    pub optimizer: Optimizer,
    pub learning_rate: f64,
    pub logits: Vec<f32>,
    /// Of the weights as they are; none after a step.
    frozen: Option<Frozen<'static>>,
}

impl Net {
    pub fn new(shape: &Shape, isa: Isa, threads: usize) -> Net {
        let weights = |layout: &Layout| Parameters::initialise(layout, 1);
        Net::with(&shape.preset, &shape.fields, weights, isa, threads)
    }

    /// A model with weights of one's own.
    pub fn with(
        settings: &Settings,
        fields: &[usize],
        weights: impl FnOnce(&Layout) -> Parameters,
        isa: Isa,
        threads: usize,
    ) -> Net {
        let Model {
            tape, logit, loss, ..
        } = build(&settings.model, &offsets(fields)).expect("a model");
        Net {
            weights: weights(tape.layout()),
            optimizer: Optimizer::new(&settings.optimizer, tape.layout()).expect("an optimiser"),
            engine: Engine::new(tape, logit, loss, isa, threads).expect("an engine"),
            learning_rate: settings.optimizer.learning_rate,
            logits: Vec::new(),
            frozen: None,
        }
    }

    /// What `Trainer` does for each batch; gives the loss, which is checked to be one.
    pub fn step(&mut self, batch: &Batch) -> f64 {
        self.frozen = None;
        let (engine, weights) = (&mut self.engine, &mut self.weights);
        self.optimizer
            .prepare(engine.runtime(), batch.ids(), weights);
        let number = self.optimizer.steps() + 1;
        let draw = Draw {
            seed: 1,
            step: number as u32,
        };
        let loss = engine.step(weights, batch, Some(draw), number);
        let gradients = engine.gradients();
        (self.optimizer).step(engine.runtime(), gradients, self.learning_rate, weights);
        engine.update_buffers(batch.rows, weights);
        let loss = loss.expect("a finite loss");
        assert!(loss > 0.0, "a loss of {loss}");
        loss
    }

    /// The logits of a batch, checked to be finite. The first call after a step prepares the weights.
    pub fn infer(&mut self, batch: &Batch) -> &[f32] {
        let freeze = || self.engine.freeze(self.weights.clone());
        let frozen = self.frozen.get_or_insert_with(freeze);
        self.engine.logits(frozen, batch, &mut self.logits);
        let finite = self.logits.iter().all(|logit| logit.is_finite());
        assert!(finite && self.logits.len() == batch.rows);
        &self.logits
    }
}
