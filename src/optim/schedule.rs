//! The section `[schedule]` of a configuration: the learning rate of every step.
//!
//! The rate is a pure function of the settings, the step and, for `plateau`, a small serialisable state: a resumed run
//! has the same rates as one that was never stopped.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How the learning rate goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleKind {
    /// Always the same.
    Constant,
    /// `learning_rate * decay_rate^(step / decay_steps)`, as Keras' `ExponentialDecay`: the first step is number 0.
    Exponential,
    /// `learning_rate * decay_rate^n` after n times `decay_epochs` epochs.
    Step,
    /// A linear warm-up, then half a cosine down to `min_learning_rate` at the end of the last epoch (Loshchilov & Hutter,
    /// "SGDR", ICLR 2017, without restarts).
    Cosine,
    /// Times `factor` whenever the validation metric has not improved for `patience` epochs, as Keras' `ReduceLROnPlateau`.
    Plateau,
}

/// The settings of all kinds; each uses its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleConfig {
    /// Which of the formulas.
    pub kind: ScheduleKind,
    /// exponential, step
    pub decay_rate: f64,
    /// exponential
    pub decay_steps: u64,
    /// exponential: only whole multiples of `decay_steps` count.
    pub staircase: bool,
    /// step
    pub decay_epochs: usize,
    /// cosine: the first steps, whose rate grows linearly; those of `warmup_epochs` come on top.
    pub warmup_steps: u64,
    /// cosine: may be a fraction.
    pub warmup_epochs: f64,
    /// plateau
    pub factor: f64,
    /// plateau: epochs without a better metric.
    pub patience: usize,
    /// plateau: what counts as better.
    pub min_delta: f64,
    /// cosine, plateau: the rate never falls below.
    pub min_learning_rate: f64,
}

impl Default for ScheduleConfig {
    fn default() -> ScheduleConfig {
        ScheduleConfig {
            kind: ScheduleKind::Constant,
            decay_rate: 0.96,
            decay_steps: 100,
            staircase: false,
            decay_epochs: 1,
            warmup_steps: 0,
            warmup_epochs: 0.0,
            factor: 0.1,
            patience: 1,
            min_delta: 1e-4,
            min_learning_rate: 0.0,
        }
    }
}

/// Where training stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Steps done before this one.
    pub step: u64,
    /// Batches of an epoch, a smaller last one included.
    pub steps_per_epoch: u64,
    /// Epochs of the whole training.
    pub epochs: u64,
}

/// The memory of kind `plateau`; part of a checkpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plateau {
    /// The best metric so far.
    pub best: Option<f64>,
    /// Epochs since then, or since the last reduction.
    pub wait: usize,
    /// Reductions done.
    pub reductions: u32,
}

impl Plateau {
    /// Tells the metric of an epoch, the larger the better.
    pub fn observe(&mut self, config: &ScheduleConfig, metric: f64) {
        if self
            .best
            .is_none_or(|best| metric > best + config.min_delta)
        {
            self.best = Some(metric);
            self.wait = 0;
            return;
        }
        self.wait += 1;
        if self.wait >= config.patience {
            self.reductions += 1;
            self.wait = 0;
        }
    }
}

impl ScheduleConfig {
    /// The learning rate of a step; `base` is the configured one.
    pub fn learning_rate(&self, base: f64, at: Position, plateau: &Plateau) -> f64 {
        match self.kind {
            ScheduleKind::Constant => base,
            ScheduleKind::Exponential => {
                let periods = at.step as f64 / self.decay_steps as f64;
                let periods = if self.staircase {
                    periods.floor()
                } else {
                    periods
                };
                base * self.decay_rate.powf(periods)
            }
            ScheduleKind::Step => {
                let epoch = at.step / at.steps_per_epoch.max(1);
                let periods = epoch / self.decay_epochs as u64;
                base * self.decay_rate.powf(periods as f64)
            }
            ScheduleKind::Cosine => self.cosine(base, at),
            ScheduleKind::Plateau => {
                let reduced = base * self.factor.powf(f64::from(plateau.reductions));
                reduced.max(self.min_learning_rate.min(base))
            }
        }
    }

    fn cosine(&self, base: f64, at: Position) -> f64 {
        let step = at.step as f64;
        let warm = self.warmup_steps as f64 + self.warmup_epochs * at.steps_per_epoch as f64;
        if step < warm {
            return base * ((step + 1.0) / warm).min(1.0);
        }
        let total = (at.epochs * at.steps_per_epoch) as f64;
        let done = ((step - warm) / (total - warm).max(1.0)).min(1.0);
        let low = self.min_learning_rate.min(base);
        low + (base - low) * 0.5 * (1.0 + (PI * done).cos())
    }

    /// Refuses what makes no sense, before any work starts.
    ///
    /// # Errors
    /// Names the setting, what it is and what it may be.
    pub fn validate(&self) -> Result<()> {
        let check = |key: &str, ok: bool, expected: &str, got: f64| {
            if ok {
                return Ok(());
            }
            Err(Error::config(
                format!("schedule.{key}"),
                format!("expected {expected}, got {got}"),
            ))
        };
        let shrinks = |x: f64| x > 0.0 && x <= 1.0;
        let not_negative = |x: f64| x.is_finite() && x >= 0.0;
        for (key, value) in [("decay_rate", self.decay_rate), ("factor", self.factor)] {
            check(key, shrinks(value), "above 0 to 1", value)?;
        }
        for (key, count) in [
            ("decay_steps", self.decay_steps),
            ("decay_epochs", self.decay_epochs as u64),
            ("patience", self.patience as u64),
        ] {
            check(key, count > 0, "1 or more", count as f64)?;
        }
        for (key, value) in [
            ("warmup_epochs", self.warmup_epochs),
            ("min_delta", self.min_delta),
            ("min_learning_rate", self.min_learning_rate),
        ] {
            check(key, not_negative(value), "0 or more", value)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(config: &ScheduleConfig, step: u64) -> f64 {
        let at = Position {
            step,
            steps_per_epoch: 10,
            epochs: 5,
        };
        config.learning_rate(0.1, at, &Plateau::default())
    }

    fn of(kind: ScheduleKind) -> ScheduleConfig {
        ScheduleConfig {
            kind,
            ..ScheduleConfig::default()
        }
    }

    #[test]
    fn exponential_decay_is_keras() {
        let mut config = of(ScheduleKind::Exponential);
        assert_eq!(rate(&config, 0), 0.1);
        assert!((rate(&config, 50) - 0.1 * 0.96f64.sqrt()).abs() < 1e-15);
        config.staircase = true;
        assert_eq!(rate(&config, 99), 0.1);
        assert_eq!(rate(&config, 250), 0.1 * 0.96f64.powf(2.0));
    }

    #[test]
    fn steps_fall_between_epochs() {
        let mut config = of(ScheduleKind::Step);
        config.decay_epochs = 2;
        assert_eq!((rate(&config, 0), rate(&config, 19)), (0.1, 0.1));
        assert_eq!(rate(&config, 20), 0.1 * 0.96);
        assert_eq!(rate(&config, 49), 0.1 * 0.96f64.powf(2.0));
    }

    #[test]
    fn cosine_warms_up_and_ends_at_the_smallest_rate() {
        let mut config = of(ScheduleKind::Cosine);
        config.warmup_steps = 5;
        config.warmup_epochs = 0.5;
        config.min_learning_rate = 0.02;
        assert!((rate(&config, 0) - 0.01).abs() < 1e-15);
        assert_eq!(rate(&config, 9), 0.1);
        assert_eq!(rate(&config, 10), 0.1);
        assert!((rate(&config, 30) - 0.06).abs() < 1e-15);
        assert_eq!(rate(&config, 50), 0.02);
        assert_eq!(rate(&config, 1000), 0.02);
        let falls = (10..50).all(|step| rate(&config, step) > rate(&config, step + 1));
        assert!(falls);
    }

    #[test]
    fn a_warm_up_longer_than_training_only_warms_up() {
        let mut config = of(ScheduleKind::Cosine);
        config.warmup_epochs = 10.0;
        assert!((rate(&config, 49) - 0.05).abs() < 1e-15);
    }

    #[test]
    fn a_plateau_reduces_after_its_patience_and_starts_anew() {
        let mut config = of(ScheduleKind::Plateau);
        (config.patience, config.min_learning_rate) = (2, 0.005);
        let mut state = Plateau::default();
        let at = Position {
            step: 0,
            steps_per_epoch: 1,
            epochs: 1,
        };
        let rates: Vec<f64> = [0.5, 0.6, 0.60005, 0.5, 0.7, 0.7, 0.7, 0.7]
            .map(|metric| {
                state.observe(&config, metric);
                config.learning_rate(0.1, at, &state)
            })
            .into();
        let low = 0.1 * 0.1;
        assert_eq!(rates, [0.1, 0.1, 0.1, low, low, low, 0.005, 0.005]);
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<Plateau>(&text).unwrap(), state);
    }

    #[test]
    fn nonsense_is_refused_by_the_name_of_its_setting() {
        ScheduleConfig::default().validate().unwrap();
        let broken: [(&str, fn(&mut ScheduleConfig)); 5] = [
            ("decay_rate", |c| c.decay_rate = 1.5),
            ("decay_steps", |c| c.decay_steps = 0),
            ("warmup_epochs", |c| c.warmup_epochs = f64::NAN),
            ("factor", |c| c.factor = 0.0),
            ("patience", |c| c.patience = 0),
        ];
        for (key, breaks) in broken {
            let mut config = ScheduleConfig::default();
            breaks(&mut config);
            let error = config.validate().unwrap_err().to_string();
            assert!(error.contains(&format!("schedule.{key}`")), "{error}");
        }
    }
}
