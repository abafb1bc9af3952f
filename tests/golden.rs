//! The engine against PyTorch: the files in `tests/golden` and the script that wrote them. Its README says what is compared
//! with which tolerance, and why.

#[path = "golden/case.rs"]
mod case;
#[path = "golden/compare.rs"]
mod compare;

use std::collections::BTreeMap;

use autoint::autograd::Engine;
use autoint::autograd::reference::{Parameters64, Reference};
use autoint::kernels::dropout::Draw;
use autoint::optim::{EmbeddingMode, Optimizer, OptimizerConfig, OptimizerKind};

use case::{Golden, Setting, Step, Tensors, Trained};
use compare::{
    compare, error, error_of_largest, gradients, moves, moving, trained, trained64, wide,
};

const CASES: [&str; 5] = ["paper", "authors", "course", "course-batch-norm", "autoint"];

/// Logits in f32, by the largest of the batch.
const LOGITS: f64 = 2e-6;
/// A loss in f32.
const LOSS: f64 = 1e-6;
/// Gradients in f32, see [`error`].
const GRADIENTS: f64 = 2e-4;
/// How far ten steps in f32 move a tensor, by its largest move.
const MOVES: f64 = 5e-5;
/// Moving statistics, after one step or ten, by the largest of the tensor.
const MOVING: f64 = 1e-6;
/// Losses of ten steps, and logits after them.
const TRAINED: f64 = 5e-6;
/// Everything in f64.
const REFERENCE: f64 = 1e-9;
/// Central differences in f64.
const DIFFERENCES: f64 = 1e-6;

/// Training, as far as batch normalisation sees it: there is no dropout.
const TRAINING: Option<Draw> = Some(Draw { seed: 1, step: 1 });

/// Fails unless loss and gradients are what the golden says.
fn compare_step(what: &str, loss: f64, gradients: &Tensors, golden: &Step) {
    let error_of_loss = error(&[loss], &[golden.loss]);
    assert!(
        error_of_loss < LOSS,
        "{what}: the loss is {error_of_loss:e} apart"
    );
    compare(what, gradients, &golden.gradients, GRADIENTS, error);
}

fn compare_logits(what: &str, ours: &[f64], golden: &[f64], tolerance: f64) {
    let apart = error_of_largest(ours, golden);
    assert!(apart < tolerance, "{what}: logits are {apart:e} apart");
}

#[test]
fn logits_losses_and_gradients() {
    for case in CASES {
        let golden = Golden::load(case);
        for (name, mut engine) in golden.engines() {
            let layout = engine.tape().layout().clone();
            let first = golden.first(&layout);
            for (number, batch) in golden.batches().iter().enumerate() {
                let what = format!("{case}, batch {number}, {name}");
                let expected = &golden.results[number].float64;
                let mut logits = Vec::new();
                engine.logits(&engine.freeze(&first), batch, &mut logits);
                compare_logits(
                    &what,
                    &wide(&logits),
                    &expected.at_inference().logits,
                    LOGITS,
                );
                for (draw, expected) in [(TRAINING, expected), (None, expected.at_inference())] {
                    let loss = engine.step(&first, batch, draw, 1).unwrap();
                    let gradients = gradients(&layout, engine.gradients());
                    compare_step(&what, loss, &gradients, expected);
                }
                if let Some(expected) = &expected.moving {
                    let mut after = first.clone();
                    engine.step(&first, batch, TRAINING, 1).unwrap();
                    engine.update_buffers(batch.rows, &mut after);
                    compare(
                        &what,
                        &moving(&layout, &after),
                        expected,
                        MOVING,
                        error_of_largest,
                    );
                }
            }
        }
    }
}

#[test]
fn the_f64_reference_is_what_pytorch_computes() {
    for case in CASES {
        let golden = Golden::load(case);
        let model = golden.model();
        let first = Parameters64::from(&golden.first(model.tape.layout()));
        for (number, batch) in golden.batches().iter().enumerate() {
            let expected = &golden.results[number].float64;
            for (draw, expected) in [(TRAINING, expected), (None, expected.at_inference())] {
                let reference = Reference {
                    tape: &model.tape,
                    batch,
                    draw,
                };
                let column = |var, p: &Parameters64| -> Vec<f64> {
                    reference.value(var, p).iter().map(|row| row[0]).collect()
                };
                let what = format!("{case}, batch {number}");
                compare_logits(
                    &what,
                    &column(&model.logit, &first),
                    &expected.logits,
                    REFERENCE,
                );
                let loss = |p: &Parameters64| column(&model.loss, p).iter().sum::<f64>();
                let apart = error(&[loss(&first)], &[expected.loss]);
                assert!(apart < REFERENCE, "{what}: the loss is {apart:e} apart");
                let numeric = trained64(model.tape.layout(), &differences(loss, &first));
                compare(&what, &numeric, &expected.gradients, DIFFERENCES, error);
            }
        }
    }
}

/// The gradient of `f` at `p` by central differences.
fn differences(f: impl Fn(&Parameters64) -> f64, p: &Parameters64) -> Parameters64 {
    const H: f64 = 1e-5;
    let mut gradient = p.clone();
    let mut moved = p.clone();
    let mut slope = |number: fn(&mut Parameters64, usize, usize) -> &mut f64, tensor, at| {
        let now = *number(&mut moved, tensor, at);
        let mut value = |x| {
            *number(&mut moved, tensor, at) = x;
            f(&moved)
        };
        let slope = (value(now + H) - value(now - H)) / (2.0 * H);
        value(now);
        *number(&mut gradient, tensor, at) = slope;
    };
    for at in 0..p.dense.len() {
        slope(|p, _, at| &mut p.dense[at], 0, at);
    }
    for (tensor, table) in p.tables.iter().enumerate() {
        for at in 0..table.len() {
            slope(|p, tensor, at| &mut p.tables[tensor][at], tensor, at);
        }
    }
    gradient
}

/// Fails unless ten steps went as the golden says.
fn compare_training(what: &str, first: &Tensors, ours: &Trained, golden: &Trained) {
    let apart = error(&ours.losses, &golden.losses);
    assert!(apart < TRAINED, "{what}: losses are {apart:e} apart");
    let (our_moves, moves) = (
        moves(first, &ours.parameters),
        moves(first, &golden.parameters),
    );
    compare(what, &our_moves, &moves, MOVES, error_of_largest);
    for (ours, golden) in ours.logits.iter().zip(&golden.logits) {
        compare_logits(what, ours, golden, TRAINED);
    }
    if let Some(golden) = &golden.moving {
        compare(
            what,
            ours.moving.as_ref().unwrap(),
            golden,
            MOVING,
            error_of_largest,
        );
    }
}

/// Our settings from those of torch.optim; one that has no counterpart here fails.
fn settings(
    optimiser: &str,
    torch: &BTreeMap<String, Setting>,
    mode: EmbeddingMode,
) -> OptimizerConfig {
    let kind = serde_json::from_value(optimiser.into()).unwrap();
    let mut config = OptimizerConfig {
        kind,
        embedding_mode: mode,
        ..OptimizerConfig::default()
    };
    for (name, value) in torch {
        match (name.as_str(), value) {
            ("lr", Setting::Number(x)) => config.learning_rate = *x,
            ("betas", Setting::Pair(betas)) => [config.beta1, config.beta2] = *betas,
            ("eps", Setting::Number(x)) => config.epsilon = *x,
            ("momentum", Setting::Number(x)) => config.momentum = *x,
            ("nesterov", Setting::Switch(x)) => config.nesterov = *x,
            ("alpha", Setting::Number(x)) => config.alpha = *x,
            ("momentum_decay", Setting::Number(x)) => config.momentum_decay = *x,
            ("weight_decay", Setting::Number(x)) if kind == OptimizerKind::AdamW => {
                config.weight_decay = *x;
            }
            // Elsewhere PyTorch calls an L2 penalty so.
            ("weight_decay", Setting::Number(x)) => (config.l2, config.l2_embedding) = (*x, *x),
            _ => panic!("{optimiser}: {name} = {value:?} has no counterpart"),
        }
    }
    config
}

/// Ten steps on the golden's batches in turn.
fn train(golden: &Golden, engine: &mut Engine, config: &OptimizerConfig) -> Trained {
    let layout = engine.tape().layout().clone();
    let batches = golden.batches();
    let mut parameters = golden.first(&layout);
    let mut optimizer = Optimizer::new(config, &layout).unwrap();
    let mut losses = Vec::new();
    for step in 0..10 {
        let batch = &batches[step % batches.len()];
        optimizer.prepare(engine.runtime(), batch.ids(), &mut parameters);
        losses.push(
            engine
                .step(&parameters, batch, TRAINING, step as u64)
                .unwrap(),
        );
        engine.update_buffers(batch.rows, &mut parameters);
        let gradients = engine.gradients();
        optimizer.step(
            engine.runtime(),
            gradients,
            config.learning_rate,
            &mut parameters,
        );
    }
    optimizer.settle(engine.runtime(), &mut parameters);
    let logits = batches.iter().map(|batch| {
        let mut logits = Vec::new();
        engine.logits(&engine.freeze(&parameters), batch, &mut logits);
        wide(&logits)
    });
    Trained {
        losses,
        logits: logits.collect(),
        parameters: trained(&layout, &parameters),
        moving: Some(moving(&layout, &parameters)),
    }
}

/// `lazy` is another algorithm, which PyTorch has for Adam only.
#[test]
fn ten_steps_of_every_optimiser() {
    for case in CASES {
        let golden = Golden::load(case);
        for (engine_name, mut engine) in golden.engines() {
            let layout = engine.tape().layout().clone();
            let first = trained(&layout, &golden.first(&layout));
            for (optimiser, training) in &golden.training {
                for mode in [EmbeddingMode::Dense, EmbeddingMode::Exact] {
                    let what = format!("{case}, {optimiser} {mode:?}, {engine_name}");
                    let config = settings(optimiser, &training.settings, mode);
                    let ours = train(&golden, &mut engine, &config);
                    compare_training(&what, &first, &ours, &training.float64);
                }
            }
        }
    }
}

/// A case that lost its optimisers would pass in silence.
#[test]
fn every_optimiser_is_there() {
    for case in ["paper", "authors", "course"] {
        let golden = Golden::load(case);
        let names: Vec<&str> = golden.training.keys().map(String::as_str).collect();
        let all = ["adagrad", "adam", "adamw", "nadam", "rmsprop", "sgd"];
        assert_eq!(names, all, "{case}");
    }
}

/// PyTorch's own float32 keeps the tolerances: they ask of ours what a good float32 gives, no more.
#[test]
fn the_tolerances_are_those_of_float32() {
    for case in CASES {
        let golden = Golden::load(case);
        for both in &golden.results {
            for (ours, golden) in [
                (&both.float32, &both.float64),
                (both.float32.at_inference(), both.float64.at_inference()),
            ] {
                compare_logits(case, &ours.logits, &golden.logits, LOGITS);
                compare_step(case, ours.loss, &ours.gradients, golden);
            }
        }
        let layout = golden.model().tape.layout().clone();
        let first = trained(&layout, &golden.first(&layout));
        for (name, training) in &golden.training {
            let what = format!("{case}, {name}");
            compare_training(&what, &first, &training.float32, &training.float64);
        }
    }
}
