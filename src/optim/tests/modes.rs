//! The modes of embedding tables, clipping, threads and state, in real training steps.

use super::model::{Training, batch};
use crate::autograd::Parameters;
use crate::optim::{EmbeddingMode, Optimizer, OptimizerConfig, OptimizerKind};
use crate::simd::Isa;

fn kinds() -> Vec<OptimizerConfig> {
    let of = |kind| OptimizerConfig {
        kind,
        ..OptimizerConfig::default()
    };
    let momentum = |config| OptimizerConfig {
        momentum: 0.9,
        ..config
    };
    let mut all = OptimizerKind::ALL.map(of).to_vec();
    all.push(OptimizerConfig {
        weight_decay: 0.1,
        ..of(OptimizerKind::AdamW)
    });
    all.extend([OptimizerKind::Sgd, OptimizerKind::RmsProp].map(|kind| momentum(of(kind))));
    all
}

fn trained(config: &OptimizerConfig, mode: EmbeddingMode, isa: Isa, threads: usize) -> Vec<u32> {
    let config = OptimizerConfig {
        embedding_mode: mode,
        ..config.clone()
    };
    let mut training = Training::new(&config, isa, threads);
    training.run(0..70);
    training.run(70..90);
    training.bits()
}

#[test]
fn exact_is_dense_to_the_last_bit_for_every_optimiser() {
    for isa in Isa::available() {
        for plain in kinds() {
            let penalised = OptimizerConfig {
                l2_embedding: 0.01,
                l2: 0.02,
                l2_keras_mlp: 0.03,
                embedding_learning_rate: 5e-3,
                clip_norm: 0.1,
                ..plain.clone()
            };
            for config in [plain, penalised] {
                let dense = trained(&config, EmbeddingMode::Dense, isa, 1);
                let exact = trained(&config, EmbeddingMode::Exact, isa, 3);
                assert!(dense == exact, "{config:?} on {}", isa.name());
                assert!(dense == trained(&config, EmbeddingMode::Dense, isa, 2));
            }
        }
    }
}

/// More steps than the history holds.
#[test]
fn exact_is_dense_over_a_long_training() {
    let isa = Isa::available()[0];
    let run = |embedding_mode| {
        let config = OptimizerConfig {
            embedding_mode,
            ..OptimizerConfig::default()
        };
        let mut training = Training::new(&config, isa, 1);
        training.run(0..2500);
        training.bits()
    };
    assert!(run(EmbeddingMode::Dense) == run(EmbeddingMode::Exact));
}

#[test]
fn lazy_moves_touched_rows_only_and_dense_all_that_have_momentum() {
    let isa = Isa::available()[0];
    let second = |embedding_mode| {
        let config = OptimizerConfig {
            embedding_mode,
            ..OptimizerConfig::default()
        };
        let mut training = Training::new(&config, isa, 1);
        training.run(0..1);
        let row = training.engine.gradients().touched.ids().to_vec();
        let before = training.weights.tables[0].clone();
        training.run(1..2);
        let touched = training.engine.gradients().touched;
        let gone = row
            .into_iter()
            .find(|&r| touched.slot(r as usize).is_none());
        let row = gone.unwrap() as usize * 5..(gone.unwrap() as usize + 1) * 5;
        before[row.clone()] == training.weights.tables[0][row]
    };
    assert!(second(EmbeddingMode::Lazy));
    assert!(!second(EmbeddingMode::Dense));
    assert!(!second(EmbeddingMode::Exact));
}

#[test]
fn a_clipped_step_of_plain_descent_has_the_length_it_was_clipped_to() {
    let config = |clip_norm| OptimizerConfig {
        kind: OptimizerKind::Sgd,
        clip_norm,
        ..OptimizerConfig::default()
    };
    let moved = |clip_norm| {
        let mut training = Training::new(&config(clip_norm), Isa::available()[0], 2);
        let before = training.weights.clone();
        training.run(0..1);
        let after = &training.weights;
        let all = |p: &Parameters| [&p.dense[..], &p.tables.concat()].concat();
        let pairs = all(&before).into_iter().zip(all(after));
        let squares = pairs.map(|(a, b)| f64::from(a - b).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let free = moved(0.0);
    assert_eq!(moved(1e9), free);
    let half = free / 0.01 / 2.0;
    assert!((moved(half) / (free / 2.0) - 1.0).abs() < 1e-3);
}

#[test]
fn a_settled_optimiser_goes_on_from_its_state() {
    for config in kinds() {
        let config = OptimizerConfig {
            embedding_mode: EmbeddingMode::Exact,
            ..config
        };
        let isa = Isa::available()[0];
        let mut whole = Training::new(&config, isa, 1);
        whole.run(0..40);
        let slots = whole.optimizer.slots();
        let slots = slots.iter().map(|(n, s)| ((*n).into(), (*s).clone()));
        let layout = whole.engine.tape().layout();
        let resumed =
            Optimizer::from_state(&config, layout, whole.optimizer.steps(), slots.collect());
        let mut second = Training::new(&config, isa, 1);
        second.weights = whole.weights.clone();
        second.optimizer = resumed.unwrap();
        second.run(40..60);
        whole.run(40..60);
        assert!(whole.bits() == second.bits(), "{config:?}");
    }
}

#[test]
fn foreign_state_is_refused() {
    let config = OptimizerConfig::default();
    let training = Training::new(&config, Isa::available()[0], 1);
    let layout = training.engine.tape().layout();
    let slot = |name: &str| (name.to_owned(), training.weights.clone());
    let fails = |slots| {
        let error = Optimizer::from_state(&config, layout, 1, slots).unwrap_err();
        error.to_string()
    };
    assert!(fails(vec![slot("m")]).contains("[m, v], got [m]"));
    let mut short = slot("v");
    let less = short.1.tables[0].len() - 1;
    short.1.tables[0].resize(less);
    assert!(fails(vec![slot("m"), short]).contains("`v`"));
}

/// The batches of these tests are sparse: else the modes could not differ.
#[test]
fn batches_leave_rows_untouched() {
    let touched: std::collections::BTreeSet<u32> = (0..90)
        .flat_map(|t| {
            let batch = batch(t);
            let bags = batch
                .fields
                .iter()
                .flat_map(|f| (0..batch.rows).flat_map(|r| f.bag(r)));
            bags.map(|(id, _)| id).collect::<Vec<_>>()
        })
        .collect();
    assert!(
        touched.len() > 60 && touched.len() < 250,
        "{}",
        touched.len()
    );
}
