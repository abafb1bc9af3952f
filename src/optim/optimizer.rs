//! The optimiser that training uses.

use std::sync::Arc;

use super::adagrad::Adagrad;
use super::adam::Adam;
use super::adamw::AdamW;
use super::clip::Clip;
use super::config::{OptimizerConfig, OptimizerKind};
use super::nadam::Nadam;
use super::rmsprop::RmsProp;
use super::sgd::{Momentum, Sgd};
use super::stepper::{MethodStepper, Now, Stepper};
use crate::autograd::{Gradients, Layout, Parameters, Runtime};
use crate::error::{Error, Result};
use crate::ranks::Ranks;

/// An optimiser with its state. A step is three calls:
///
/// ```text
/// optimizer.prepare(&runtime, batch.ids(), &mut weights);  // rows that the batch touches are brought up to date
/// engine.step(&weights, &batch, ...)?;                     // loss and gradients
/// optimizer.step(&runtime, engine.gradients(), ...);       // weights move
/// ```
///
/// and [`Optimizer::settle`] before the weights, or the optimiser's state, are read for anything else: validation,
/// checkpoints. A settled optimiser's state is [`Optimizer::steps`] and [`Optimizer::slots`], nothing more.
///
/// It takes gradients, wherever they were summed, and a runtime, whose threads it works on.
///
/// All of it has the same bits for any number of threads, and needs no memory once it is warm.
#[derive(Debug)]
pub struct Optimizer {
    /// See [`OptimizerConfig::clip_norm`].
    clip_norm: f64,
    /// Memory of the norm's sums.
    clip: Clip,
    /// Steps done: Adam's t.
    t: u64,
    /// The method with its state, whichever it is.
    stepper: Box<dyn Stepper>,
}

impl Optimizer {
    /// State at zero.
    ///
    /// # Errors
    /// When a setting makes no sense.
    pub fn new(config: &OptimizerConfig, layout: &Layout) -> Result<Optimizer> {
        config.validate()?;
        let stepper = match config.kind {
            OptimizerKind::Sgd if config.momentum == 0.0 => {
                MethodStepper::<Sgd, 0>::boxed(config, layout)
            }
            OptimizerKind::Sgd => MethodStepper::<Momentum, 1>::boxed(config, layout),
            OptimizerKind::Adam => MethodStepper::<Adam, 2>::boxed(config, layout),
            OptimizerKind::AdamW => MethodStepper::<AdamW, 2>::boxed(config, layout),
            OptimizerKind::Nadam => MethodStepper::<Nadam, 2>::boxed(config, layout),
            OptimizerKind::RmsProp => MethodStepper::<RmsProp, 2>::boxed(config, layout),
            OptimizerKind::Adagrad => MethodStepper::<Adagrad, 1>::boxed(config, layout),
        };
        Ok(Optimizer {
            clip_norm: config.clip_norm,
            clip: Clip::default(),
            t: 0,
            stepper,
        })
    }

    /// An optimiser that goes on where a settled one with `steps` steps and these slots stopped.
    ///
    /// # Errors
    /// When a setting makes no sense, or the slots are not those of this optimiser and layout.
    pub fn from_state(
        config: &OptimizerConfig,
        layout: &Layout,
        steps: u64,
        slots: Vec<(String, Parameters)>,
    ) -> Result<Optimizer> {
        let mut optimizer = Optimizer::new(config, layout)?;
        optimizer.t = steps;
        let wanted = optimizer.stepper.slots_mut();
        let names = |all: &mut dyn Iterator<Item = &str>| all.collect::<Vec<_>>().join(", ");
        let expected = names(&mut wanted.iter().map(|(name, _)| *name));
        let got = names(&mut slots.iter().map(|(name, _)| name.as_str()));
        if expected != got {
            let what = format!("the optimiser's state should be [{expected}], got [{got}]");
            return Err(Error::Data(what));
        }
        for ((name, to), (_, from)) in wanted.into_iter().zip(slots) {
            let tables =
                |p: &Parameters| p.tables.iter().map(|table| table.len()).collect::<Vec<_>>();
            if to.dense.len() != from.dense.len() || tables(to) != tables(&from) {
                let what = format!("the optimiser's state `{name}` is not of this model's shape");
                return Err(Error::Data(what));
            }
            *to = from;
        }
        Ok(optimizer)
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.t
    }

    /// The state by name, each slot shaped like the weights. [`Optimizer::settle`] first.
    pub fn slots(&self) -> Vec<(&'static str, &Parameters)> {
        self.stepper.slots()
    }

    /// The layout was that of the share which this rank keeps of the tables' rows; those of `ranks` keep the others.
    pub fn join(&mut self, ranks: Arc<dyn Ranks>) {
        self.clip.others = Some(ranks);
    }

    /// Brings the table rows that a batch looks up, repetitions allowed, up to date (mode `exact`; otherwise they are). Call it before
    /// every [`crate::autograd::Engine::step`] that [`Optimizer::step`] follows.
    pub fn prepare(
        &mut self,
        runtime: &Runtime,
        ids: impl Iterator<Item = u32> + Send,
        weights: &mut Parameters,
    ) {
        let mut ids = ids;
        self.stepper.prepare(runtime, &mut ids, weights);
    }

    /// One step with a batch's gradients, on the runtime's threads. `learning_rate` is that of dense parameters; tables keep
    /// their ratio to it.
    pub fn step(
        &mut self,
        runtime: &Runtime,
        gradients: Gradients<'_>,
        learning_rate: f64,
        weights: &mut Parameters,
    ) {
        self.t += 1;
        let scale = if self.clip_norm > 0.0 {
            self.clip.scale(runtime, gradients, self.clip_norm)
        } else {
            1.0
        };
        let now = Now {
            t: self.t,
            learning_rate,
            scale,
        };
        self.stepper.step(runtime, gradients, now, weights);
        runtime.trace().end();
    }

    /// Whether some table row has steps to take ([`Optimizer::settle`]).
    pub fn is_behind(&self) -> bool {
        self.stepper.is_behind()
    }

    /// Brings all table rows up to date (mode `exact`; otherwise they are).
    pub fn settle(&mut self, runtime: &Runtime, weights: &mut Parameters) {
        self.stepper.settle(runtime, weights);
    }
}
