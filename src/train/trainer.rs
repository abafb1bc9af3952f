//! The training loop: epochs over shuffled batches, validation after each, the best epoch kept, early stopping.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::config::Select;
use super::score::{labels_of, score};
use super::settings::Settings;
use super::shuffle::shuffle;
use crate::autograd::{Engine, Parameters};
use crate::data::batch::Batch;
use crate::data::dataset::{Dataset, SplitName};
use crate::error::{Error, Result};
use crate::kernels::dropout::Draw;
use crate::metrics::auc::auc;
use crate::metrics::logloss::logloss_of_logits;
use crate::model::{Model, build};
use crate::optim::schedule::Position;
use crate::optim::{Optimizer, Plateau};
use crate::simd::Isa;

/// One epoch, as `metrics.jsonl` holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Counted from 1.
    pub epoch: usize,
    /// The mean loss over the epoch's rows, each with the weights and dropout of its batch.
    pub train_loss: f64,
    /// Logloss on the validation rows.
    pub valid_loss: Option<f64>,
    /// AUC on the validation rows.
    pub valid_auc: Option<f64>,
    /// Seconds of training, validation not counted.
    pub train_seconds: f64,
    pub rows_per_second: f64,
    /// Of the epoch's last step.
    pub learning_rate: f64,
}

/// Is told how training goes.
pub trait Observer {
    /// After every batch: the epoch (from 1), rows done and to do in it, and the mean loss so far.
    fn batch(&mut self, epoch: usize, done: usize, rows: usize, loss: f64);
    /// After every epoch; `best` says whether it is the best so far.
    ///
    /// # Errors
    /// When what happened cannot be recorded; it ends the training.
    fn epoch(&mut self, record: &EpochRecord, best: bool) -> Result<()>;
}

/// How training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All epochs were done.
    Done,
    /// The validation metric did not improve for `patience` epochs.
    Early,
    /// It was asked to stop.
    Stopped,
}

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
    engine: Engine,
    parameters: Parameters,
    optimizer: Optimizer,
    plateau: Plateau,
    batch: Batch,
    /// Steps done over all epochs.
    step: u64,
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
        settings.validate()?;
        if data.split(SplitName::Train).is_empty() {
            return Err(Error::Data("the data have no training row".into()));
        }
        let Model {
            tape, logit, loss, ..
        } = build(&settings.model, &data.schema().offsets())?;
        let parameters = Parameters::initialise(tape.layout(), settings.train.seed);
        let optimizer = Optimizer::new(&settings.optimizer, tape.layout())?;
        Ok(Trainer {
            data,
            settings,
            engine: Engine::new(tape, logit, loss, isa, threads)?,
            parameters,
            optimizer,
            plateau: Plateau::default(),
            batch: Batch::default(),
            step: 0,
        })
    }

    /// The engine, to score other rows with.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Trains until all epochs are done, the validation metric stops improving, or `stop` is set (looked at after every
    /// batch).
    ///
    /// # Errors
    /// When a loss or gradient is not finite, or the observer fails.
    pub fn run(&mut self, observer: &mut dyn Observer, stop: &AtomicBool) -> Result<Outcome> {
        let mut history: Vec<EpochRecord> = Vec::new();
        let mut best: Option<(f64, usize, Parameters)> = None;
        let mut ended = Ended::Done;
        for epoch in 1..=self.settings.train.epochs {
            let start = Instant::now();
            let Some(train_loss) = self.epoch(epoch, observer, stop)? else {
                ended = Ended::Stopped;
                break;
            };
            let seconds = start.elapsed().as_secs_f64();
            let record = self.validate(epoch, train_loss, seconds)?;
            let quality = self.quality(&record);
            self.plateau.observe(&self.settings.schedule, quality);
            let better = best.as_ref().is_none_or(|(top, ..)| quality > *top);
            if better {
                best = Some((quality, epoch, self.parameters.clone()));
            }
            observer.epoch(&record, better)?;
            history.push(record);
            if best
                .as_ref()
                .is_some_and(|(_, at, _)| epoch - at >= self.settings.train.patience)
            {
                ended = Ended::Early;
                break;
            }
        }
        let (best_epoch, parameters) = match best {
            Some((_, epoch, parameters)) => (epoch, parameters),
            None => (0, self.parameters.clone()),
        };
        Ok(Outcome {
            parameters,
            best_epoch,
            history,
            ended,
        })
    }

    /// One epoch; gives its mean loss, or none when it was stopped.
    fn epoch(
        &mut self,
        epoch: usize,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
    ) -> Result<Option<f64>> {
        let rows = self.data.split(SplitName::Train);
        let mut order = Vec::new();
        shuffle(rows, self.settings.train.seed, epoch as u64, &mut order);
        let (mut sum, mut done) = (0.0, 0);
        for rows in order.chunks(self.settings.train.batch_size) {
            let learning_rate = self.learning_rate(self.step);
            self.data.gather(rows, &mut self.batch);
            weigh(&mut self.batch, self.settings.train.positive_weight);
            self.optimizer
                .prepare(&self.engine, &self.batch, &mut self.parameters);
            self.step += 1;
            let draw = Draw {
                seed: self.settings.train.seed,
                step: self.step as u32,
            };
            let loss = self
                .engine
                .step(&self.parameters, &self.batch, Some(draw), self.step)?;
            self.optimizer
                .step(&self.engine, learning_rate, &mut self.parameters);
            self.engine.update_buffers(rows.len(), &mut self.parameters);
            sum += loss * rows.len() as f64;
            done += rows.len();
            observer.batch(epoch, done, order.len(), sum / done as f64);
            if stop.load(Ordering::Relaxed) {
                self.optimizer.settle(&self.engine, &mut self.parameters);
                return Ok(None);
            }
        }
        self.optimizer.settle(&self.engine, &mut self.parameters);
        Ok(Some(sum / done as f64))
    }

    /// The learning rate of the step that follows `step` others.
    fn learning_rate(&self, step: u64) -> f64 {
        let Settings {
            train,
            optimizer,
            schedule,
            ..
        } = self.settings;
        let rows = self.data.split(SplitName::Train).len();
        let at = Position {
            step,
            steps_per_epoch: rows.div_ceil(train.batch_size) as u64,
            epochs: train.epochs as u64,
        };
        schedule.learning_rate(optimizer.learning_rate, at, &self.plateau)
    }

    fn validate(&self, epoch: usize, train_loss: f64, train_seconds: f64) -> Result<EpochRecord> {
        let rows = self.data.split(SplitName::Valid);
        let logits = score(&self.engine, &self.parameters, self.data, rows);
        // A step looks at its own loss; what the epoch's last step did to the weights shows here first.
        if logits.iter().any(|logit| !logit.is_finite()) {
            return Err(Error::NotFinite {
                op: "logit of the validation rows".into(),
                batch: self.step,
            });
        }
        let labels = labels_of(self.data, rows);
        let trained = self.data.split(SplitName::Train).len() as f64;
        Ok(EpochRecord {
            epoch,
            train_loss,
            valid_loss: logloss_of_logits(&logits, &labels)?,
            valid_auc: auc(&logits, &labels)?,
            train_seconds,
            rows_per_second: trained / train_seconds,
            learning_rate: self.learning_rate(self.step - 1),
        })
    }

    /// What selection maximises; the negative training loss when there is nothing to validate on.
    fn quality(&self, record: &EpochRecord) -> f64 {
        let valid = match self.settings.train.select {
            Select::Auc => record.valid_auc,
            Select::Logloss => record.valid_loss.map(|loss| -loss),
        };
        valid.unwrap_or(-record.train_loss)
    }
}

/// Gives positive rows their weight.
fn weigh(batch: &mut Batch, positive: f32) {
    if positive != 1.0 {
        let weight = |&label: &f32| if label > 0.5 { positive } else { 1.0 };
        batch.weights.extend(batch.labels.iter().map(weight));
    }
}
