//! Adam (Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1) on dense parameters and on
//! embedding tables.
//!
//! Tables are updated densely: every row moves at every step, the untouched ones by their momentum, exactly as if the
//! gradient were a full matrix.

use rayon::prelude::*;

use crate::autograd::engine::{Engine, Gradients};
use crate::autograd::{Layout, Parameters};
use crate::kernels::adam::{Adam as AdamKernel, AdamStep};
use crate::simd::Isa;

/// Numbers updated by one task: large enough that a task is worth its start.
const CHUNK: usize = 1 << 14;

/// Adam's settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamConfig {
    pub beta1: f64,
    pub beta2: f64,
    /// Added to the root of the corrected second moment.
    pub epsilon: f64,
    /// L2 penalty of dense parameters: its gradient is `l2 * w`.
    pub l2_dense: f32,
    /// L2 penalty of embedding tables, likewise.
    pub l2_embedding: f32,
}

/// Adam with its moments.
#[derive(Debug, Clone, PartialEq)]
pub struct Adam {
    config: AdamConfig,
    /// First moments.
    pub m: Parameters,
    /// Second moments.
    pub v: Parameters,
    /// Steps done.
    pub t: u64,
}

impl Adam {
    /// Moments at zero.
    pub fn new(config: AdamConfig, layout: &Layout) -> Adam {
        Adam {
            config,
            m: Parameters::zeros(layout),
            v: Parameters::zeros(layout),
            t: 0,
        }
    }

    /// One step with the engine's last gradients, on the engine's threads.
    pub fn step(&mut self, engine: &Engine, learning_rate: f64, weights: &mut Parameters) {
        self.t += 1;
        let AdamConfig {
            beta1,
            beta2,
            epsilon,
            l2_dense,
            l2_embedding,
        } = self.config;
        let step = AdamStep::new(learning_rate, beta1, beta2, epsilon, self.t);
        let gradients = engine.gradients();
        let layout = engine.tape().layout();
        let (m, v, isa) = (&mut self.m, &mut self.v, engine.isa());
        engine.install(|| {
            let dense = AdamStep {
                l2: l2_dense,
                ..step
            };
            weights
                .dense
                .par_chunks_mut(CHUNK)
                .zip(gradients.dense.par_chunks(CHUNK))
                .zip(m.dense.par_chunks_mut(CHUNK))
                .zip(v.dense.par_chunks_mut(CHUNK))
                .for_each(|(((w, g), m), v)| {
                    isa.run(AdamKernel {
                        step: dense,
                        w,
                        g: Some(g),
                        m,
                        v,
                    });
                });
            let tables = AdamStep {
                l2: l2_embedding,
                ..step
            };
            for (i, spec) in layout.tables.iter().enumerate() {
                let table = Table {
                    number: i,
                    dim: spec.dim,
                    step: tables,
                    isa,
                };
                table.step(
                    gradients,
                    &mut weights.tables[i],
                    &mut m.tables[i],
                    &mut v.tables[i],
                );
            }
        });
    }
}

/// The update of one table.
#[derive(Debug, Clone, Copy)]
struct Table {
    number: usize,
    dim: usize,
    step: AdamStep,
    isa: Isa,
}

impl Table {
    fn step(self, gradients: Gradients<'_>, w: &mut [f32], m: &mut [f32], v: &mut [f32]) {
        let Table {
            number,
            dim,
            step,
            isa,
        } = self;
        let rows = (CHUNK / dim).max(1);
        w.par_chunks_mut(rows * dim)
            .zip(m.par_chunks_mut(rows * dim))
            .zip(v.par_chunks_mut(rows * dim))
            .enumerate()
            .for_each(|(chunk, ((w, m), v))| {
                let each = w
                    .chunks_mut(dim)
                    .zip(m.chunks_mut(dim))
                    .zip(v.chunks_mut(dim));
                for (row, ((w, m), v)) in each.enumerate() {
                    let slot = gradients.index.slot(chunk * rows + row);
                    let g = slot.map(|s| &gradients.tables[number][s * dim..(s + 1) * dim]);
                    isa.run(AdamKernel { step, w, g, m, v });
                }
            });
    }
}
