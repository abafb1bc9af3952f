//! A model that learns: its weights, wherever the rows of its tables lie, and what a step makes of them.

use std::borrow::Cow;
use std::sync::Arc;

use super::machine::Machine;
use super::profile::{Stage, Stages};
use super::traced;
use crate::autograd::far::{Far, Fetched};
use crate::autograd::{Engine, Layout, Parameters, Part};
use crate::data::batch::Batch;
use crate::data::schema::Schema;
use crate::error::Result;
use crate::kernels::dropout::Draw;
use crate::model::Model;
use crate::optim::{Optimizer, OptimizerConfig};
use crate::ranks::Owners;
use crate::score::Scorer;
use crate::settings::Settings;

/// What a training starts from is made of this.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// Of the whole model.
    pub layout: &'a Layout,
    /// Whose rows are here.
    pub owners: Owners,
    /// Of the rows that are here.
    pub share: Layout,
    /// With `auto` settled by the rows of the whole model.
    pub optimizer: OptimizerConfig,
}

impl<'a> Plan<'a> {
    /// How the model with this layout is trained on a machine.
    pub fn of(layout: &'a Layout, settings: &Settings, machine: &Machine) -> Plan<'a> {
        let owners = match settings.cluster.sharded() {
            true => machine.ranks.owners(),
            false => Owners::ONE,
        };
        let mut optimizer = settings.optimizer.clone();
        // By all rows, however few of them are here.
        optimizer.embedding_mode = optimizer.embedding_mode.for_rows(layout.table_rows());
        Plan {
            share: layout.share(owners),
            layout,
            owners,
            optimizer,
        }
    }

    /// Weights as they are drawn, and an optimiser that has done no step.
    pub fn fresh(&self, seed: u64) -> Result<(Arc<Parameters>, Optimizer)> {
        let parameters = Parameters::initialise_share(self.layout, self.owners, seed);
        Ok((Arc::new(parameters), self.optimizer()?))
    }

    /// An optimiser that has done no step.
    pub fn optimizer(&self) -> Result<Optimizer> {
        Optimizer::new(&self.optimizer, &self.share)
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Learner {
    engine: Engine,
    optimizer: Optimizer,
    /// Of tables that are spread over ranks the rows that are here. Whoever keeps them as they are makes the next step copy them.
    parameters: Arc<Parameters>,
    /// None where all rows are here.
    far: Option<Arc<Far>>,
    /// The table rows that a batch looks up, from wherever they lie.
    fetched: Fetched,
}

/// A step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// Which rows of the batch are replayed here.
    pub part: Part,
    /// What its dropout masks are drawn by: seed and step.
    pub draw: Draw,
    /// Counted from 1.
    pub number: u64,
    /// As the schedule has it.
    pub learning_rate: f64,
}

impl Learner {
    /// A model with weights that an optimiser has brought so far.
    pub fn new(
        model: Model,
        owners: Owners,
        machine: &Machine,
        parameters: Arc<Parameters>,
        mut optimizer: Optimizer,
    ) -> Result<Learner> {
        let Model {
            tape, logit, loss, ..
        } = model;
        let mut engine = Engine::new(tape, logit, loss, machine.isa, machine.threads)?;
        let ranks = traced::among(Arc::clone(&machine.ranks), engine.runtime());
        let far = (!owners.all_here()).then(|| {
            optimizer.join(Arc::clone(&ranks));
            Arc::new(Far::new(Arc::clone(&ranks), engine.tape().layout()))
        });
        engine.join(ranks);
        Ok(Learner {
            engine,
            optimizer,
            parameters,
            far,
            fetched: Fetched::default(),
        })
    }

    /// What replays the tape.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The weights; [`Learner::settle`] first, or rows may be behind.
    pub fn parameters(&self) -> &Arc<Parameters> {
        &self.parameters
    }

    /// Whether the rows of tables are spread over ranks.
    pub fn spread(&self) -> bool {
        self.far.is_some()
    }

    /// The optimiser's state by name.
    pub fn slots(&self) -> Vec<(&'static str, &Parameters)> {
        self.optimizer.slots()
    }

    /// Takes a step; gives the loss before it.
    pub fn step(&mut self, batch: &mut Batch, step: Step, stages: &mut Stages) -> Result<f64> {
        let loss = match self.far.clone() {
            None => self.prepare_and_replay(batch, step, stages)?,
            Some(far) => self.fetch_and_replay(&far, batch, step, stages)?,
        };
        stages.timed(Stage::Update, || self.update(step));
        Ok(loss)
    }

    /// Loss and gradients of a batch where all rows of tables are here.
    fn prepare_and_replay(
        &mut self,
        batch: &Batch,
        Step {
            part, draw, number, ..
        }: Step,
        stages: &mut Stages,
    ) -> Result<f64> {
        let (engine, optimizer) = (&mut self.engine, &mut self.optimizer);
        let parameters = Arc::make_mut(&mut self.parameters);
        stages.timed(Stage::Update, || {
            optimizer.prepare(engine.runtime(), batch.ids(), parameters);
        });
        let loss = stages.timed(Stage::Replay, || {
            engine.step_part(parameters, batch, part, None, Some(draw), number)
        })?;
        if !engine.is_alone() {
            // What other ranks have touched is to move here too.
            let touched = engine.gradients().touched.ids().iter().copied();
            optimizer.prepare(engine.runtime(), touched, parameters);
        }
        Ok(loss)
    }

    /// The same where they are spread over ranks.
    fn fetch_and_replay(
        &mut self,
        far: &Far,
        batch: &mut Batch,
        Step {
            part, draw, number, ..
        }: Step,
        stages: &mut Stages,
    ) -> Result<f64> {
        let (engine, optimizer, fetched) =
            (&mut self.engine, &mut self.optimizer, &mut self.fetched);
        let parameters = Arc::make_mut(&mut self.parameters);
        stages.timed(Stage::Fetch, || {
            far.fetch(batch, fetched, &mut |places, out| {
                optimizer.prepare(engine.runtime(), places.iter().copied(), parameters);
                far.put(parameters, places, out);
            });
        });
        stages.timed(Stage::Replay, || {
            swap_dense(parameters, &mut fetched.parameters);
            let (rows, ids) = (&fetched.parameters, Some(fetched.ids()));
            let loss = engine.step_part(rows, batch, part, ids, Some(draw), number);
            swap_dense(parameters, &mut fetched.parameters);
            loss
        })
    }

    /// Moves the weights by the gradients.
    fn update(&mut self, step: Step) {
        let engine = &self.engine;
        let parameters = Arc::make_mut(&mut self.parameters);
        let (runtime, gradients) = (engine.runtime(), engine.gradients());
        (self.optimizer).step(runtime, gradients, step.learning_rate, parameters);
        engine.update_buffers(step.part.rows, parameters);
    }

    /// Brings all rows up to date, so that weights and state can be read.
    pub fn settle(&mut self) {
        // Without a step since, the rows are: whoever keeps the weights shall not make this copy them.
        if self.optimizer.is_behind() {
            let parameters = Arc::make_mut(&mut self.parameters);
            self.optimizer.settle(self.engine.runtime(), parameters);
        }
    }

    /// Scores rows with weights of this model, those of this rank.
    pub fn scorer<'p>(&self, schema: &'p Schema, parameters: &'p Parameters) -> Scorer<'p> {
        let (schema, runtime) = (Cow::Borrowed(schema), self.engine.runtime());
        match &self.far {
            None => Scorer::new(schema, runtime, parameters),
            Some(far) => Scorer::far(schema, runtime, Arc::clone(far), parameters),
        }
    }
}

/// Lends what is not in tables.
fn swap_dense(a: &mut Parameters, b: &mut Parameters) {
    std::mem::swap(&mut a.dense, &mut b.dense);
    std::mem::swap(&mut a.buffers, &mut b.buffers);
}
