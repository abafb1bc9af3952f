//! The section `[optimizer]` of a configuration.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::autograd::Role;
use crate::error::{Error, Result};

/// Which optimiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerKind {
    /// [`super::sgd`]
    Sgd,
    /// [`super::adam`]
    Adam,
    /// [`super::adamw`]
    AdamW,
    /// [`super::nadam`]
    Nadam,
    /// [`super::rmsprop`]
    RmsProp,
    /// [`super::adagrad`]
    Adagrad,
}

impl OptimizerKind {
    /// All of them.
    pub const ALL: [OptimizerKind; 6] = {
        use OptimizerKind::{Adagrad, Adam, AdamW, Nadam, RmsProp, Sgd};
        [Sgd, Adam, AdamW, Nadam, RmsProp, Adagrad]
    };
}

/// What a step does to the rows of an embedding table that its batch does not touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmbeddingMode {
    /// The textbook: every row moves at every step, as if the gradient were a full matrix.
    Dense,
    /// Only touched rows move, decay and are penalised; the state of the others stands still. Another algorithm than `dense`:
    /// cheaper on large tables, and rare rows keep their momentum until they are touched again.
    Lazy,
    /// `dense` to the last bit, later: an untouched row catches up when it is touched or read.
    Exact,
    /// One of the others by the size of the tables, see [`EmbeddingMode::for_rows`].
    Auto,
}

/// Up to so many rows `dense` is the fastest of the modes that give its bits, beyond it `exact` (see [`super::tables`]).
const MOST_DENSE: usize = 100_000;
/// Beyond so many rows also `exact` takes several times as long for its tables as a step takes for all else.
const MOST_EXACT: usize = 1_000_000;

impl EmbeddingMode {
    /// The mode for tables of so many rows: `auto` becomes `dense`, `exact` or `lazy`, the others stay.
    pub fn for_rows(self, rows: usize) -> EmbeddingMode {
        match self {
            EmbeddingMode::Auto if rows <= MOST_DENSE => EmbeddingMode::Dense,
            EmbeddingMode::Auto if rows <= MOST_EXACT => EmbeddingMode::Exact,
            EmbeddingMode::Auto => EmbeddingMode::Lazy,
            chosen => chosen,
        }
    }
}

impl fmt::Display for EmbeddingMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            EmbeddingMode::Dense => "dense",
            EmbeddingMode::Lazy => "lazy",
            EmbeddingMode::Exact => "exact",
            EmbeddingMode::Auto => "auto",
        })
    }
}

/// How gradients become steps. Settings that the chosen optimiser does not have are ignored at their default and refused
/// otherwise, where that could surprise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerConfig {
    /// Which formula makes a step of a gradient.
    pub kind: OptimizerKind,
    /// The schedule's starting point.
    pub learning_rate: f64,
    /// Of embedding tables; 0 means the same. The schedule scales both alike.
    pub embedding_learning_rate: f64,
    /// Decay of the first moment: adam, adamw, nadam.
    pub beta1: f64,
    /// Decay of the second moment: adam, adamw, nadam.
    pub beta2: f64,
    /// Added to the root of the second moment; all but sgd.
    pub epsilon: f64,
    /// sgd and rmsprop.
    pub momentum: f64,
    /// Nesterov's momentum: sgd.
    pub nesterov: bool,
    /// Decay of the mean square: rmsprop. Keras calls it rho (there .9).
    pub alpha: f64,
    /// How fast nadam's momentum warms up (PyTorch's 0.004); 1 gives Keras' Nadam.
    pub momentum_decay: f64,
    /// Decoupled decay of all weights, tables too: `w -= learning_rate * weight_decay * w`; adamw.
    pub weight_decay: f64,
    /// L2 penalty of all dense parameters in PyTorch's convention (there `weight_decay` of adam and sgd): gradient `l2 * w`.
    pub l2: f64,
    /// The same of embedding tables.
    pub l2_embedding: f64,
    /// L2 penalty of the MLP's kernels in Keras' convention (`kernel_regularizer`): the loss grows by `l2 * sum(w^2)`, so the
    /// gradient is `2 * l2 * w`. Biases are spared. Adds to `l2`.
    pub l2_keras_mlp: f64,
    /// The same of embedding tables (`embeddings_regularizer`). Adds to `l2_embedding`.
    pub l2_keras_embedding: f64,
    /// When rows move that a batch does not touch.
    pub embedding_mode: EmbeddingMode,
    /// The most that the norm of all gradients together may be, see [`super::clip`]; 0 means any.
    pub clip_norm: f64,
}

impl Default for OptimizerConfig {
    /// Adam with PyTorch's values.
    fn default() -> OptimizerConfig {
        OptimizerConfig {
            kind: OptimizerKind::Adam,
            learning_rate: 1e-3,
            embedding_learning_rate: 0.0,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            momentum: 0.0,
            nesterov: false,
            alpha: 0.99,
            momentum_decay: 4e-3,
            weight_decay: 0.0,
            l2: 0.0,
            l2_embedding: 0.0,
            l2_keras_mlp: 0.0,
            l2_keras_embedding: 0.0,
            embedding_mode: EmbeddingMode::Auto,
            clip_norm: 0.0,
        }
    }
}

impl OptimizerConfig {
    /// What the learning rate of tables is to that of the rest.
    pub fn embedding_ratio(&self) -> f64 {
        if self.embedding_learning_rate == 0.0 {
            1.0
        } else {
            self.embedding_learning_rate / self.learning_rate
        }
    }

    /// The penalty of embedding tables: its gradient is this times `w`.
    pub fn table_l2(&self) -> f64 {
        self.l2_embedding + 2.0 * self.l2_keras_embedding
    }

    /// The penalty of a dense parameter, likewise. Keras' convention is for kernels of the MLP.
    pub fn dense_l2(&self, role: Role) -> f64 {
        match role {
            Role::DenseKernel => self.l2 + 2.0 * self.l2_keras_mlp,
            Role::Kernel | Role::Bias | Role::Norm | Role::Statistic => self.l2,
        }
    }

    /// Refuses what makes no sense, before any work starts.
    ///
    /// # Errors
    /// Names the setting, what it is and what it may be.
    pub fn validate(&self) -> Result<()> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let not_negative = |x: f64| x.is_finite() && x >= 0.0;
        let below_one = |x: f64| (0.0..1.0).contains(&x);
        check(
            "learning_rate",
            self.learning_rate,
            positive,
            "a number above 0",
        )?;
        // Added in f32, where less would be 0 and a weight that was never touched 0 / 0.
        let lasting = |x: f64| x.is_finite() && x as f32 >= f32::MIN_POSITIVE;
        check("epsilon", self.epsilon, lasting, "a number above 1.2e-38")?;
        for (key, value) in [
            ("beta1", self.beta1),
            ("beta2", self.beta2),
            ("momentum", self.momentum),
            ("alpha", self.alpha),
        ] {
            check(key, value, below_one, "0 to below 1")?;
        }
        for (key, value) in [
            ("embedding_learning_rate", self.embedding_learning_rate),
            ("momentum_decay", self.momentum_decay),
            ("weight_decay", self.weight_decay),
            ("l2", self.l2),
            ("l2_embedding", self.l2_embedding),
            ("l2_keras_mlp", self.l2_keras_mlp),
            ("l2_keras_embedding", self.l2_keras_embedding),
            ("clip_norm", self.clip_norm),
        ] {
            check(key, value, not_negative, "0 or more")?;
        }
        self.validate_kind()
    }

    /// Refuses settings that the optimiser would silently not use.
    fn validate_kind(&self) -> Result<()> {
        use OptimizerKind::{AdamW, RmsProp, Sgd};
        let refuse = |key: &str, what: &str| Err(Error::config(format!("optimizer.{key}"), what));
        if self.weight_decay != 0.0 && self.kind != AdamW {
            return refuse(
                "weight_decay",
                "only kind `adamw` decays weights; use `l2` for a penalty",
            );
        }
        if self.momentum != 0.0 && !matches!(self.kind, Sgd | RmsProp) {
            return refuse("momentum", "only kinds `sgd` and `rmsprop` have it");
        }
        if self.nesterov && (self.kind != Sgd || self.momentum == 0.0) {
            return refuse("nesterov", "needs kind `sgd` and a momentum above 0");
        }
        Ok(())
    }
}

fn check(key: &str, got: f64, ok: impl Fn(f64) -> bool, expected: &str) -> Result<()> {
    if ok(got) {
        return Ok(());
    }
    Err(Error::config(
        format!("optimizer.{key}"),
        format!("expected {expected}, got {got}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_refused_by_the_name_of_its_setting() {
        OptimizerConfig::default().validate().unwrap();
        let broken: [(&str, fn(&mut OptimizerConfig)); 9] = [
            ("learning_rate", |c| c.learning_rate = f64::NAN),
            ("embedding_learning_rate", |c| {
                c.embedding_learning_rate = -1.0;
            }),
            ("beta2", |c| c.beta2 = 1.0),
            ("epsilon", |c| c.epsilon = 1e-50),
            ("l2_keras_mlp", |c| c.l2_keras_mlp = -1.0),
            ("clip_norm", |c| c.clip_norm = f64::INFINITY),
            ("weight_decay", |c| c.weight_decay = 0.1),
            ("momentum", |c| c.momentum = 0.9),
            ("nesterov", |c| {
                c.kind = OptimizerKind::Sgd;
                c.nesterov = true;
            }),
        ];
        for (key, breaks) in broken {
            let mut config = OptimizerConfig::default();
            breaks(&mut config);
            let error = config.validate().unwrap_err().to_string();
            assert!(error.contains(&format!("optimizer.{key}`")), "{error}");
        }
    }

    #[test]
    fn keras_penalty_is_twice_pytorchs_and_only_on_kernels_of_the_mlp() {
        let config = OptimizerConfig {
            l2: 0.5,
            l2_embedding: 0.25,
            l2_keras_mlp: 3.0,
            l2_keras_embedding: 1.0,
            ..OptimizerConfig::default()
        };
        assert_eq!(config.dense_l2(Role::DenseKernel), 6.5);
        for role in [Role::Bias, Role::Norm, Role::Kernel] {
            assert_eq!(config.dense_l2(role), 0.5);
        }
        assert_eq!(config.table_l2(), 2.25);
    }
}
