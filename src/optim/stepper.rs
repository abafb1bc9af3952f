//! The steps of one optimiser on all parameters of a model.

use std::fmt::Debug;

use super::config::OptimizerConfig;
use super::method::{At, Method};
use super::span::{CHUNK, Span};
use super::tables::{Tables, Work};
use crate::autograd::trace::Stage;
use crate::autograd::{Gradients, Layout, Parameters, Runtime};
use crate::simd::Isa;

/// What a step is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    /// The step's number, counted from 1.
    pub t: u64,
    /// Of dense parameters; tables have theirs in proportion.
    pub learning_rate: f64,
    /// What gradients are multiplied by.
    pub scale: f32,
}

/// A [`Method`] with its state, whatever the method.
pub(super) trait Stepper: Debug + Send {
    fn prepare(
        &mut self,
        runtime: &Runtime,
        ids: &mut (dyn Iterator<Item = u32> + Send),
        weights: &mut Parameters,
    );
    fn step(
        &mut self,
        runtime: &Runtime,
        gradients: Gradients<'_>,
        now: Now,
        weights: &mut Parameters,
    );
    fn is_behind(&self) -> bool;
    fn settle(&mut self, runtime: &Runtime, weights: &mut Parameters);
    fn slots(&self) -> Vec<(&'static str, &Parameters)>;
    fn slots_mut(&mut self) -> Vec<(&'static str, &mut Parameters)>;
}

/// Neighbouring dense parameters with the same penalty.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    /// Its first place is the end of the one before.
    end: usize,
    /// The penalty's factor: its gradient is `l2 * w`.
    l2: f64,
}

#[derive(Debug)]
pub(super) struct MethodStepper<R, const N: usize> {
    config: OptimizerConfig,
    /// All dense parameters, in their order.
    stretches: Vec<Stretch>,
    /// This step's constants, one rule a stretch.
    rules: Vec<R>,
    tables: Tables<R, N>,
    /// Each shaped like the weights, in the order of [`Method::STATE`].
    state: [Parameters; N],
}

impl<R: Method<N> + Debug, const N: usize> MethodStepper<R, N> {
    /// A boxed stepper with its state at zero.
    pub fn boxed(config: &OptimizerConfig, layout: &Layout) -> Box<dyn Stepper> {
        let mut stretches: Vec<Stretch> = Vec::new();
        for spec in &layout.dense {
            let (end, l2) = (spec.param.range.end, config.dense_l2(spec.role));
            match stretches.last_mut() {
                Some(last) if last.l2 == l2 => last.end = end,
                _ => stretches.push(Stretch { end, l2 }),
            }
        }
        Box::new(MethodStepper::<R, N> {
            config: config.clone(),
            rules: Vec::with_capacity(stretches.len()),
            stretches,
            tables: Tables::new(config.embedding_mode, layout),
            state: std::array::from_fn(|_| Parameters::zeros(layout)),
        })
    }

    fn step_dense(&mut self, isa: Isa, g: &[f32], now: Now, weights: &mut Parameters) {
        let MethodStepper {
            config,
            stretches,
            rules,
            state,
            ..
        } = self;
        rules.clear();
        rules.extend(stretches.iter().map(|stretch| {
            let at = At {
                t: now.t,
                learning_rate: now.learning_rate,
                l2: stretch.l2,
            };
            R::new(config, at)
        }));
        let update = |first: usize, mut span: Span<'_, N>| {
            let mut at = first;
            let skipped = stretches.partition_point(|s| s.end <= first);
            for (stretch, rule) in stretches.iter().zip(&*rules).skip(skipped) {
                let here = span.w.len().min(stretch.end - at);
                let (these, others) = span.split_at(here);
                these.update(isa, &[*rule], Some(&g[at..at + here]), now.scale);
                (at, span) = (at + here, others);
                if span.w.is_empty() {
                    break;
                }
            }
        };
        Span::dense(weights, state).each_chunk(0, CHUNK, &update);
    }
}

impl<R: Method<N> + Debug, const N: usize> Stepper for MethodStepper<R, N> {
    fn prepare(
        &mut self,
        runtime: &Runtime,
        ids: &mut (dyn Iterator<Item = u32> + Send),
        weights: &mut Parameters,
    ) {
        runtime.install(|| {
            self.tables
                .prepare(work(runtime), ids, weights, &mut self.state);
        });
    }

    fn step(
        &mut self,
        runtime: &Runtime,
        gradients: Gradients<'_>,
        now: Now,
        weights: &mut Parameters,
    ) {
        let at = At {
            t: now.t,
            learning_rate: now.learning_rate * self.config.embedding_ratio(),
            l2: self.config.table_l2(),
        };
        let rule = R::new(&self.config, at);
        runtime.install(|| {
            let dense = gradients.dense.len();
            let bytes = 4 * dense * (3 + 2 * N);
            let stage = Stage::of("update of dense weights", dense.div_ceil(CHUNK), bytes);
            runtime.trace().time(stage, || {
                self.step_dense(runtime.isa(), gradients.dense, now, weights);
            });
            self.tables.step(
                work(runtime),
                rule,
                gradients,
                now.scale,
                weights,
                &mut self.state,
            );
        });
    }

    fn is_behind(&self) -> bool {
        self.tables.is_behind()
    }

    fn settle(&mut self, runtime: &Runtime, weights: &mut Parameters) {
        runtime.install(|| {
            self.tables.settle(work(runtime), weights, &mut self.state);
        });
    }

    fn slots(&self) -> Vec<(&'static str, &Parameters)> {
        R::STATE.into_iter().zip(&self.state).collect()
    }

    fn slots_mut(&mut self) -> Vec<(&'static str, &mut Parameters)> {
        R::STATE.into_iter().zip(&mut self.state).collect()
    }
}

fn work(runtime: &Runtime) -> Work<'_> {
    Work {
        isa: runtime.isa(),
        layout: runtime.tape().layout(),
        trace: runtime.trace(),
    }
}
