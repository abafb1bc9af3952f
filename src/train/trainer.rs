//! The training loop: epochs over shuffled batches, validation after each, the best epoch kept, early stopping.

use std::borrow::Cow;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::learner::{Learner, Plan, Step};
use super::machine::Machine;
use super::negatives::Negatives;
use super::observer::Observer;
use super::profile::{Profile, Stage, Stages};
use super::shuffle::shuffle;
use super::together;
use super::warm::grown;
use crate::autograd::part::rows_of;
use crate::autograd::tape::Node;
use crate::autograd::{Parameters, Part, Runtime, Var};
use crate::data::batch::Batch;
use crate::data::dataset::{Dataset, SplitName};
use crate::error::{Error, Result};
use crate::kernels::dropout::Draw;
use crate::metrics::auc::auc;
use crate::metrics::logloss::logloss_of_logits;
use crate::model::build;
use crate::optim::{Optimizer, schedule};
use crate::ranks::{Ranks, share};
use crate::run::Run;
use crate::run::checkpoint::{Checkpoint, Snapshot, State};
use crate::run::history::{Ended, EpochRecord};
use crate::run::position::Position;
use crate::score::scorer::{Scorer, labels_of};
use crate::score::shared::gathered;
use crate::settings::Settings;

/// What training gives.
#[derive(Debug)]
pub struct Outcome {
    /// The weights of the best epoch (of the last batch when no epoch was finished). Of tables that are spread over ranks, those of the
    /// rows that are here.
    pub parameters: Arc<Parameters>,
    /// The best epoch, counted from 1; 0 when none was finished.
    pub best_epoch: usize,
    /// All epochs, those before a resume included.
    pub history: Vec<EpochRecord>,
    /// Why it came to its end.
    pub ended: Ended,
}

/// A model in training.
#[derive(Debug)]
pub struct Trainer<'a> {
    data: &'a Dataset,
    settings: &'a Settings,
    /// None where no rows are drawn.
    negatives: Option<Negatives<'a>>,
    /// The rows of an epoch: training rows, or numbers of `negatives`.
    rows: Cow<'a, [u32]>,
    learner: Learner,
    /// See [`crate::model::Model::attention`].
    attention: Vec<Var>,
    /// The rows of a step, to be used again.
    batch: Batch,
    /// Step, epoch, rows done, history.
    position: Position,
    /// The weights of the best epoch so far, which the position names.
    best: Option<Arc<Parameters>>,
    /// In steps; none: at the end of epochs only.
    checkpoint_every: Option<NonZeroU64>,
    /// Epochs; none: to the end.
    pause_after: Option<usize>,
    /// Where the time went so far.
    stages: Stages,
    ranks: Arc<dyn Ranks>,
}

impl<'a> Trainer<'a> {
    /// Builds the model for a data set and draws its weights. Ranks train it together: each replays its part of every batch, and all
    /// have the weights that one alone would have.
    ///
    /// # Errors
    /// When a setting makes no sense or the data have no training row.
    pub fn new(
        data: &'a Dataset,
        settings: &'a Settings,
        machine: &Machine,
    ) -> Result<Trainer<'a>> {
        Trainer::build(data, settings, machine, |plan, _| {
            let (parameters, optimizer) = plan.fresh(settings.train.seed)?;
            Ok(Start {
                parameters,
                optimizer,
                position: Position::default(),
                best: None,
            })
        })
    }

    /// Builds the model for a data set that was encoded with the grown schema of another run, and starts from that run's weights;
    /// the optimiser starts anew.
    ///
    /// # Errors
    /// As [`Trainer::new`], and when the run is of another model or tables are to be spread over ranks.
    pub fn warm(
        data: &'a Dataset,
        settings: &'a Settings,
        from: &Run,
        machine: &Machine,
    ) -> Result<Trainer<'a>> {
        Trainer::build(data, settings, machine, |plan, _| {
            if !plan.owners.all_here() {
                let what = "expected `replicated`: a training that starts from another run's weights has all of them at every rank";
                return Err(Error::config("cluster.tables", what));
            }
            Ok(Start {
                parameters: Arc::new(grown(
                    plan.layout,
                    data.schema(),
                    from,
                    settings.train.seed,
                )?),
                optimizer: plan.optimizer()?,
                position: Position::default(),
                best: None,
            })
        })
    }

    /// Goes on where a checkpoint of a training with these settings on these data was made, by whatever number of ranks.
    ///
    /// # Errors
    /// When the checkpoint is damaged or of another training.
    pub fn resume(
        data: &'a Dataset,
        settings: &'a Settings,
        checkpoint: Checkpoint,
        machine: &Machine,
    ) -> Result<Trainer<'a>> {
        Trainer::build(data, settings, machine, |plan, rows| {
            let position = checkpoint.position();
            position
                .check(&settings.train, rows)
                .map_err(|error| checkpoint.damaged(&error))?;
            let (step, file) = (position.step, checkpoint.path().to_owned());
            let (position, state) = checkpoint.read(plan.layout, plan.owners)?;
            let State {
                parameters,
                slots,
                best,
            } = state;
            let optimizer = Optimizer::from_state(&plan.optimizer, &plan.share, step, slots)
                .map_err(|error| Error::file(file, error.to_string()))?;
            Ok(Start {
                parameters,
                optimizer,
                position,
                best,
            })
        })
    }

    fn build(
        data: &'a Dataset,
        settings: &'a Settings,
        machine: &Machine,
        start: impl FnOnce(&Plan<'_>, usize) -> Result<Start>,
    ) -> Result<Trainer<'a>> {
        settings.validate()?;
        if data.split(SplitName::Train).is_empty() {
            return Err(Error::Data("the data have no training row".into()));
        }
        let negatives = Negatives::new(data, &settings.train)?;
        let rows = match &negatives {
            None => Cow::Borrowed(data.split(SplitName::Train)),
            Some(negatives) => Cow::Owned(negatives.numbers()),
        };
        let model = build(&settings.model, &data.schema().offsets())?;
        let plan = Plan::of(model.tape.layout(), settings, machine);
        let Start {
            parameters,
            optimizer,
            position,
            best,
        } = start(&plan, rows.len())?;
        let owners = plan.owners;
        let machine = &Machine {
            isa: machine.isa.with(settings.train.precision),
            ..machine.clone()
        };
        Ok(Trainer {
            data,
            settings,
            negatives,
            rows,
            attention: model.attention.clone(),
            learner: Learner::new(model, owners, machine, parameters, optimizer)?,
            batch: Batch::default(),
            position,
            best,
            checkpoint_every: None,
            pause_after: None,
            stages: Stages::default(),
            ranks: Arc::clone(&machine.ranks),
        })
    }

    /// Checkpoints also within epochs: whenever the number of all steps is a multiple of `steps`.
    pub fn checkpoint_every(&mut self, steps: Option<NonZeroU64>) {
        self.checkpoint_every = steps;
    }

    /// Trains no further than so many epochs for now. Schedules and patience go by the settings as ever, and what was paused is gone
    /// on with as what was stopped: bit for bit as if nothing had been.
    pub fn pause_after(&mut self, epochs: Option<usize>) {
        self.pause_after = epochs;
    }

    /// Measures from now on the time of every op. It changes no result.
    pub fn start_profile(&mut self) {
        self.learner.engine().start_profile();
    }

    /// Where the time went; ops are there since [`Trainer::start_profile`].
    pub fn profile(&self) -> Profile {
        let engine = self.learner.engine();
        let labels = engine.tape().nodes().iter().map(Node::label);
        Profile {
            stages: self.stages,
            ops: labels.zip(engine.profile()).collect(),
        }
    }

    /// Tape, threads and memory, which scoring shares.
    pub fn runtime(&self) -> &Arc<Runtime> {
        self.learner.engine().runtime()
    }

    /// Scores rows with weights of this model. Where tables are spread over ranks, all make one of the weights they have, and end by
    /// [`Scorer::answer`].
    pub fn scorer<'p>(&'p self, parameters: &'p Parameters) -> Scorer<'p> {
        self.learner.scorer(self.data.schema(), parameters)
    }

    /// The same, with which the ranks score rows together: the first asks, and ends by [`Scorer::done`]; the others are in
    /// [`Scorer::help`].
    pub fn shared_scorer<'p>(&'p self, parameters: &'p Parameters) -> Scorer<'p> {
        self.scorer(parameters).among(&self.ranks)
    }

    /// What it trains on.
    pub fn data(&self) -> &'a Dataset {
        self.data
    }

    /// The attention weights of the interacting layers, one `[H, F, F]` a layer.
    pub fn attention(&self) -> &[Var] {
        &self.attention
    }

    /// Where training stands.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// Trains until all epochs are done, the validation metric stops improving, or `stop` is set (looked at after every
    /// batch).
    ///
    /// # Errors
    /// When a loss or gradient is not finite, or the observer fails.
    pub fn run(&mut self, observer: &mut dyn Observer, stop: &AtomicBool) -> Result<Outcome> {
        if self.position.step == 0 {
            self.checkpoint(observer)?;
        }
        let ended = loop {
            if let Some(ended) = self.position.ended(&self.settings.train) {
                break ended;
            }
            let done = self.position.history.len();
            if self.pause_after.is_some_and(|epochs| done >= epochs) {
                break Ended::Paused;
            }
            let whole = self.epoch(observer, stop)?;
            if whole {
                self.close_epoch(observer)?;
            }
            self.checkpoint(observer)?;
            if !whole {
                break Ended::Stopped;
            }
        };
        Ok(Outcome {
            parameters: Arc::clone(self.best.as_ref().unwrap_or(self.learner.parameters())),
            best_epoch: self.position.best.map_or(0, |best| best.epoch),
            history: self.position.history.clone(),
            ended,
        })
    }

    /// The rest of an epoch; says whether it was done, or stopped.
    fn epoch(&mut self, observer: &mut dyn Observer, stop: &AtomicBool) -> Result<bool> {
        self.data.check_unchanged()?;
        let (train, mut order) = (&self.settings.train, Vec::new());
        shuffle(
            &self.rows,
            train.seed,
            self.position.epoch as u64,
            &mut order,
        );
        let (start, seconds) = (Instant::now(), self.position.seconds);
        for rows in order[self.position.done..].chunks(train.batch_size) {
            self.step(rows)?;
            let at = &mut self.position;
            at.seconds = seconds + start.elapsed().as_secs_f64();
            observer.batch(at.epoch, at.done, order.len(), at.mean_loss());
            let step = at.step;
            if together::any(&*self.ranks, stop.load(Ordering::Relaxed)) {
                return Ok(false);
            }
            let due = |every: NonZeroU64| step.is_multiple_of(every.get());
            if self.checkpoint_every.is_some_and(due) {
                self.checkpoint(observer)?;
            }
        }
        Ok(true)
    }

    /// One batch.
    fn step(&mut self, rows: &[u32]) -> Result<()> {
        let train = &self.settings.train;
        let own = rows_of(self.ranks.rank(), self.ranks.size(), rows.len());
        let first_row = own.start;
        self.gather(&rows[own])?;
        let number = self.position.step + 1;
        let weighted = train.positive_weight != 1.0 || !self.data.weights().is_empty();
        let weights = &self.batch.weights;
        let step = Step {
            part: Part {
                first_row,
                rows: rows.len(),
                loss_scale: together::loss_scale(&*self.ranks, weights, rows.len(), weighted),
            },
            draw: Draw {
                seed: train.seed,
                step: number as u32,
            },
            number,
            learning_rate: self.learning_rate(self.position.step),
        };
        let loss = (self.learner).step(&mut self.batch, step, &mut self.stages)?;
        let position = &mut self.position;
        position.step = number;
        position.loss_sum += loss * rows.len() as f64;
        position.done += rows.len();
        Ok(())
    }

    /// Fills the batch with some rows of the epoch.
    fn gather(&mut self, rows: &[u32]) -> Result<()> {
        let (start, batch) = (Instant::now(), &mut self.batch);
        // Before, as reading what has been cut off would end the program; and after, as it may have happened meanwhile.
        self.data.check_unchanged()?;
        match &self.negatives {
            None => self.data.gather(rows, batch),
            Some(negatives) => negatives.gather(rows, self.position.epoch as u64, batch),
        }
        self.data.check_unchanged()?;
        weigh(batch, self.settings.train.positive_weight);
        self.stages.add(Stage::Gather, start);
        self.runtime().trace().begin(&self.batch, start);
        Ok(())
    }

    /// Validates, and records the epoch whose last row was done.
    fn close_epoch(&mut self, observer: &mut dyn Observer) -> Result<()> {
        self.learner.settle();
        let start = Instant::now();
        let record = self.validate()?;
        self.stages.add(Stage::Validate, start);
        let quality = record.quality(self.settings.train.select);
        let schedule = &self.settings.schedule;
        self.position.plateau.observe(schedule, quality);
        let better = self.position.close(record.clone(), quality);
        if better {
            self.best = Some(Arc::clone(self.learner.parameters()));
        }
        observer.epoch(&record, better)
    }

    fn checkpoint(&mut self, observer: &mut dyn Observer) -> Result<()> {
        self.learner.settle();
        let start = Instant::now();
        observer.checkpoint(&Snapshot {
            position: &self.position,
            parameters: self.learner.parameters(),
            slots: self.learner.slots(),
            best: self.best.as_deref(),
            spread: self.learner.spread().then_some(&*self.ranks),
        })?;
        self.stages.add(Stage::Checkpoint, start);
        Ok(())
    }

    /// The learning rate of the step that follows `step` others.
    fn learning_rate(&self, step: u64) -> f64 {
        let Settings {
            train,
            optimizer,
            schedule: rule,
            ..
        } = self.settings;
        let rows = self.rows.len();
        let at = schedule::Position {
            step,
            steps_per_epoch: rows.div_ceil(train.batch_size) as u64,
            epochs: train.epochs as u64,
        };
        rule.learning_rate(optimizer.learning_rate, at, &self.position.plateau)
    }

    /// Logits and labels of the validation rows, drawn ones included. Each rank scores its share of them.
    fn validation(&self) -> (Vec<f32>, Vec<u8>) {
        let (data, scorer) = (self.data, self.scorer(self.learner.parameters()));
        let (rank, size) = (self.ranks.rank(), self.ranks.size());
        let (own, labels) = match &self.negatives {
            None => {
                let rows = data.split(SplitName::Valid);
                let own = share(rank, size, rows.len());
                (scorer.rows(data, &rows[own]), labels_of(data, rows))
            }
            Some(negatives) => {
                let pairs = negatives.validation();
                let own = share(rank, size, pairs.rows.len());
                let (rows, others) = (&pairs.rows[own.clone()], &pairs.others[own]);
                let logits = scorer.pairs(data, rows, others, negatives.items());
                (logits, pairs.labels(data))
            }
        };
        scorer.answer();
        (gathered(&*self.ranks, &own, labels.len()), labels)
    }

    fn validate(&self) -> Result<EpochRecord> {
        self.data.check_unchanged()?;
        let at = &self.position;
        let (logits, labels) = self.validation();
        // A step looks at its own loss; what the epoch's last step did to the weights shows here first.
        if logits.iter().any(|logit| !logit.is_finite()) {
            return Err(Error::NotFinite {
                op: "logit of the validation rows".into(),
                batch: at.step,
            });
        }
        self.data.check_unchanged()?;
        let trained = self.rows.len() as f64;
        Ok(EpochRecord {
            epoch: at.epoch,
            train_loss: at.mean_loss(),
            valid_loss: logloss_of_logits(&logits, &labels)?,
            valid_auc: auc(&logits, &labels)?,
            train_seconds: at.seconds,
            rows_per_second: trained / at.seconds,
            learning_rate: self.learning_rate(at.step - 1),
        })
    }
}

/// What a training begins with.
struct Start {
    parameters: Arc<Parameters>,
    optimizer: Optimizer,
    position: Position,
    best: Option<Arc<Parameters>>,
}

/// Multiplies the weights of positive rows.
fn weigh(batch: &mut Batch, positive: f32) {
    if positive != 1.0 {
        batch.weights.resize(batch.rows, 1.0);
        for (weight, &label) in batch.weights.iter_mut().zip(&batch.labels) {
            *weight *= if label > 0.5 { positive } else { 1.0 };
        }
    }
}
