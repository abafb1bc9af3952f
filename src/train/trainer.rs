//! The training loop: epochs over shuffled batches, validation after each, the best epoch kept, early stopping.

use std::borrow::Cow;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::negatives::Negatives;
use super::observer::Observer;
use super::profile::{Profile, Stage, Stages};
use super::shuffle::shuffle;
use super::together;
use super::warm::grown;
use crate::autograd::part::rows_of;
use crate::autograd::tape::Node;
use crate::autograd::{Engine, Layout, Parameters, Part, Runtime, Var};
use crate::data::batch::Batch;
use crate::data::dataset::{Dataset, SplitName};
use crate::error::{Error, Result};
use crate::kernels::dropout::Draw;
use crate::metrics::auc::auc;
use crate::metrics::logloss::logloss_of_logits;
use crate::model::{Model, build};
use crate::optim::{Optimizer, schedule};
use crate::ranks::{Alone, Ranks, share};
use crate::run::Run;
use crate::run::checkpoint::{Checkpoint, Snapshot, State};
use crate::run::history::{Ended, EpochRecord};
use crate::run::position::Position;
use crate::score::scorer::{Scorer, labels_of};
use crate::settings::Settings;
use crate::simd::Isa;

/// What training gives.
#[derive(Debug)]
pub struct Outcome {
    /// The weights of the best epoch (of the last batch when no epoch was finished).
    pub parameters: Parameters,
    /// The best epoch, counted from 1; 0 when none was finished.
    pub best_epoch: usize,
    pub history: Vec<EpochRecord>,
    pub ended: Ended,
}

/// A model in training.
#[derive(Debug)]
pub struct Trainer<'a> {
    data: &'a Dataset,
    settings: &'a Settings,
    negatives: Option<Negatives<'a>>,
    /// The rows of an epoch: training rows, or numbers of `negatives`.
    rows: Cow<'a, [u32]>,
    engine: Engine,
    attention: Vec<Var>,
    parameters: Parameters,
    optimizer: Optimizer,
    batch: Batch,
    position: Position,
    /// The weights of the best epoch so far, which the position names.
    best: Option<Parameters>,
    checkpoint_every: Option<NonZeroU64>,
    pause_after: Option<usize>,
    stages: Stages,
    ranks: Arc<dyn Ranks>,
}

impl<'a> Trainer<'a> {
    /// Builds the model for a data set and draws its weights.
    ///
    /// # Errors
    /// When a setting makes no sense or the data have no training row.
    pub fn new(
        data: &'a Dataset,
        settings: &'a Settings,
        isa: Isa,
        threads: usize,
    ) -> Result<Trainer<'a>> {
        let start = |layout: &Layout, _| {
            Ok(Start {
                parameters: Parameters::initialise(layout, settings.train.seed),
                optimizer: Optimizer::new(&settings.optimizer, layout)?,
                position: Position::default(),
                best: None,
            })
        };
        Trainer::build(data, settings, isa, threads, start)
    }

    /// Builds the model for a data set that was encoded with the grown schema of another run, and starts from that run's weights;
    /// the optimiser starts anew.
    ///
    /// # Errors
    /// As [`Trainer::new`], and when the run is of another model.
    pub fn warm(
        data: &'a Dataset,
        settings: &'a Settings,
        from: &Run,
        isa: Isa,
        threads: usize,
    ) -> Result<Trainer<'a>> {
        let start = |layout: &Layout, _| {
            Ok(Start {
                parameters: grown(layout, data.schema(), from, settings.train.seed)?,
                optimizer: Optimizer::new(&settings.optimizer, layout)?,
                position: Position::default(),
                best: None,
            })
        };
        Trainer::build(data, settings, isa, threads, start)
    }

    /// Goes on where a checkpoint of a training with these settings on these data was made.
    ///
    /// # Errors
    /// When the checkpoint is damaged or of another training.
    pub fn resume(
        data: &'a Dataset,
        settings: &'a Settings,
        checkpoint: Checkpoint,
        isa: Isa,
        threads: usize,
    ) -> Result<Trainer<'a>> {
        let start = |layout: &Layout, rows: usize| {
            let position = checkpoint.position();
            position
                .check(&settings.train, rows)
                .map_err(|error| checkpoint.damaged(&error))?;
            let (step, file) = (position.step, checkpoint.path().to_owned());
            let (position, state) = checkpoint.read(layout)?;
            let State {
                parameters,
                slots,
                best,
            } = state;
            let optimizer = Optimizer::from_state(&settings.optimizer, layout, step, slots)
                .map_err(|error| Error::file(file, error.to_string()))?;
            Ok(Start {
                parameters,
                optimizer,
                position,
                best,
            })
        };
        Trainer::build(data, settings, isa, threads, start)
    }

    fn build(
        data: &'a Dataset,
        settings: &'a Settings,
        isa: Isa,
        threads: usize,
        start: impl FnOnce(&Layout, usize) -> Result<Start>,
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
        let Model {
            tape,
            logit,
            loss,
            attention,
        } = build(&settings.model, &data.schema().offsets())?;
        let Start {
            parameters,
            optimizer,
            position,
            best,
        } = start(tape.layout(), rows.len())?;
        Ok(Trainer {
            data,
            settings,
            negatives,
            rows,
            engine: Engine::new(tape, logit, loss, isa, threads)?,
            attention,
            parameters,
            optimizer,
            batch: Batch::default(),
            position,
            best,
            checkpoint_every: None,
            pause_after: None,
            stages: Stages::default(),
            ranks: Arc::new(Alone),
        })
    }

    /// Trains from now on together with the trainers of other ranks, which all stand where this one does: each replays its part of
    /// every batch, and all have the weights that one alone would have.
    pub fn join(&mut self, ranks: Arc<dyn Ranks>) {
        self.engine.join(Arc::clone(&ranks));
        self.ranks = ranks;
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
        self.engine.start_profile();
    }

    /// Where the time went; ops are there since [`Trainer::start_profile`].
    pub fn profile(&self) -> Profile {
        let labels = self.engine.tape().nodes().iter().map(Node::label);
        Profile {
            stages: self.stages,
            ops: labels.zip(self.engine.profile()).collect(),
        }
    }

    /// Tape, threads and memory, which scoring shares.
    pub fn runtime(&self) -> &Arc<Runtime> {
        self.engine.runtime()
    }

    /// Scores rows with weights of this model.
    pub fn scorer<'p>(&'p self, parameters: &'p Parameters) -> Scorer<'p> {
        let schema = Cow::Borrowed(self.data.schema());
        Scorer::new(schema, self.engine.runtime(), parameters)
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
            parameters: self.best.as_ref().unwrap_or(&self.parameters).clone(),
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
        let Trainer {
            engine,
            parameters,
            optimizer,
            batch,
            stages,
            ..
        } = self;
        let train = &self.settings.train;
        let own = rows_of(self.ranks.rank(), self.ranks.size(), rows.len());
        let (first_row, here) = (own.start, &rows[own]);
        let start = Instant::now();
        // Before, as reading what has been cut off would end the program; and after, as it may have happened meanwhile.
        self.data.check_unchanged()?;
        match &self.negatives {
            None => self.data.gather(here, batch),
            Some(negatives) => negatives.gather(here, self.position.epoch as u64, batch),
        }
        self.data.check_unchanged()?;
        weigh(batch, train.positive_weight);
        stages.add(Stage::Gather, start);
        engine.runtime().trace().begin(batch, start);
        let start = Instant::now();
        optimizer.prepare(engine.runtime(), batch, parameters);
        stages.add(Stage::Update, start);
        let number = self.position.step + 1;
        let draw = Draw {
            seed: train.seed,
            step: number as u32,
        };
        let start = Instant::now();
        let weighted = train.positive_weight != 1.0 || !self.data.weights().is_empty();
        let part = Part {
            first_row,
            rows: rows.len(),
            loss_scale: together::loss_scale(&*self.ranks, &batch.weights, rows.len(), weighted),
        };
        let loss = engine.step_part(parameters, batch, part, Some(draw), number)?;
        stages.add(Stage::Replay, start);
        let learning_rate = self.learning_rate(self.position.step);
        let Trainer {
            engine,
            parameters,
            optimizer,
            position,
            stages,
            ..
        } = self;
        let start = Instant::now();
        let gradients = engine.gradients();
        optimizer.step(engine.runtime(), gradients, learning_rate, parameters);
        engine.update_buffers(rows.len(), parameters);
        stages.add(Stage::Update, start);
        position.step = number;
        position.loss_sum += loss * rows.len() as f64;
        position.done += rows.len();
        Ok(())
    }

    /// Validates, and records the epoch whose last row was done.
    fn close_epoch(&mut self, observer: &mut dyn Observer) -> Result<()> {
        (self.optimizer).settle(self.engine.runtime(), &mut self.parameters);
        let start = Instant::now();
        let record = self.validate()?;
        self.stages.add(Stage::Validate, start);
        let quality = record.quality(self.settings.train.select);
        let schedule = &self.settings.schedule;
        self.position.plateau.observe(schedule, quality);
        let better = self.position.close(record.clone(), quality);
        if better {
            self.best = Some(self.parameters.clone());
        }
        observer.epoch(&record, better)
    }

    fn checkpoint(&mut self, observer: &mut dyn Observer) -> Result<()> {
        (self.optimizer).settle(self.engine.runtime(), &mut self.parameters);
        let start = Instant::now();
        observer.checkpoint(&Snapshot {
            position: &self.position,
            parameters: &self.parameters,
            slots: self.optimizer.slots(),
            best: self.best.as_ref(),
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
        let (data, scorer) = (self.data, self.scorer(&self.parameters));
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
        (together::logits(&*self.ranks, &own, labels.len()), labels)
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
    parameters: Parameters,
    optimizer: Optimizer,
    position: Position,
    best: Option<Parameters>,
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
