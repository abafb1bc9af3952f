//! Whole trainings on a small synthetic set, with every optimiser and schedule.

use std::sync::atomic::AtomicBool;

use autoint::data::dataset::{Dataset, SplitName};
use autoint::data::encode::encode;
use autoint::data::movielens::protocols;
use autoint::data::source::Source;
use autoint::data::store::Target;
use autoint::data::table::Values;
use autoint::optim::{EmbeddingMode, OptimizerKind, ScheduleKind};
use autoint::settings::Settings;
use autoint::simd::Isa;
use autoint::train::Outcome;
use autoint::train::{Machine, Silent, Trainer};

fn data() -> Dataset {
    let source = Source::named("synthetic:4000").unwrap();
    source.encode(None, Target::Anywhere).unwrap()
}

/// Two epochs of a small model.
fn settings() -> Settings {
    let mut settings = Settings::preset("compact").unwrap();
    settings.train.epochs = 2;
    settings.train.batch_size = 256;
    settings.train.patience = 2;
    settings.optimizer.learning_rate = 1e-3;
    settings
}

fn train(data: &Dataset, settings: &Settings, threads: usize) -> Outcome {
    let isa = Isa::choose().unwrap();
    let mut trainer = Trainer::new(data, settings, &Machine::new(isa, threads)).unwrap();
    trainer.run(&mut Silent, &AtomicBool::new(false)).unwrap()
}

#[test]
fn every_optimiser_learns_with_and_without_decay_and_exact_is_dense() {
    let data = data();
    for (kind, rate) in [
        (OptimizerKind::Sgd, 0.5),
        (OptimizerKind::Adam, 1e-2),
        (OptimizerKind::AdamW, 1e-2),
        (OptimizerKind::Nadam, 1e-2),
        (OptimizerKind::RmsProp, 1e-3),
        (OptimizerKind::Adagrad, 1e-1),
    ] {
        for schedule in [ScheduleKind::Constant, ScheduleKind::Exponential] {
            let mut settings = settings();
            settings.optimizer.kind = kind;
            settings.optimizer.learning_rate = rate;
            settings.schedule.kind = schedule;
            if kind == OptimizerKind::RmsProp {
                settings.optimizer.momentum = 0.9;
            }
            let dense = train(&data, &settings, 1);
            settings.optimizer.embedding_mode = EmbeddingMode::Exact;
            let exact = train(&data, &settings, 2);
            assert!(dense.parameters == exact.parameters, "{kind:?}");
            // At first the model knows nothing: its loss is that of probability one half.
            let loss = dense.history[1].train_loss;
            assert!(loss < 2f64.ln() - 0.005, "{kind:?}: {loss}");
        }
    }
}

/// A column of 3 for positive rows and 1 for the others, against the setting that says the same.
#[test]
fn a_weight_column_weighs_rows_as_a_class_weight_does() {
    let source = Source::named("synthetic:2000").unwrap();
    let mut table = source.table().unwrap();
    let stars = table.numbers("rating").unwrap();
    let weights = stars
        .iter()
        .map(|&stars| if stars >= 4.0 { 3.0 } else { 1.0 });
    table
        .push("importance", Values::Number(weights.collect()))
        .unwrap();
    let mut protocol = protocols::named("course").unwrap();
    let plain = encode(&table, &protocol).unwrap();
    protocol.roles.weight = Some("importance".into());
    let weighted = encode(&table, &protocol).unwrap();

    let mut settings = settings();
    let by_column = train(&weighted, &settings, 1);
    let unweighted = train(&plain, &settings, 1);
    settings.train.positive_weight = 3.0;
    let by_class = train(&plain, &settings, 2);
    let both = train(&weighted, &settings, 1);
    assert!(by_column.parameters == by_class.parameters);
    assert!(by_column.parameters != unweighted.parameters);
    assert!(by_column.parameters != both.parameters);
}

#[test]
fn records_show_the_rate_of_the_schedule() {
    let data = data();
    let mut settings = settings();
    settings.schedule.kind = ScheduleKind::Exponential;
    settings.schedule.decay_steps = 5;
    let steps = data.split(SplitName::Train).len().div_ceil(256) as f64;
    let history = train(&data, &settings, 1).history;
    for (epoch, record) in (1u8..).zip(&history) {
        let last = f64::from(epoch) * steps - 1.0;
        assert_eq!(record.learning_rate, 1e-3 * 0.96f64.powf(last / 5.0));
    }
}

#[test]
fn a_plateau_lowers_the_rate_before_training_ends() {
    let data = data();
    let mut settings = settings();
    settings.train.epochs = 6;
    settings.train.patience = 4;
    settings.schedule.kind = ScheduleKind::Plateau;
    // Nothing is that much better.
    settings.schedule.min_delta = 10.0;
    settings.schedule.factor = 0.5;
    let history = train(&data, &settings, 1).history;
    let rates: Vec<f64> = history.iter().map(|r| r.learning_rate).collect();
    assert_eq!(rates[..3], [1e-3, 1e-3, 5e-4]);
}

#[test]
fn a_weight_on_positive_rows_raises_what_the_model_says() {
    let data = data();
    let mean = |positive_weight| {
        let mut settings = settings();
        settings.optimizer.learning_rate = 1e-2;
        settings.train.positive_weight = positive_weight;
        let isa = Isa::choose().unwrap();
        let mut trainer = Trainer::new(&data, &settings, &Machine::new(isa, 1)).unwrap();
        let outcome = trainer.run(&mut Silent, &AtomicBool::new(false)).unwrap();
        let rows = data.split(SplitName::Test);
        let logits = trainer.scorer(&outcome.parameters).rows(&data, rows);
        logits.iter().sum::<f32>() / logits.len() as f32
    };
    let (low, even, high) = (mean(0.2), mean(1.0), mean(5.0));
    assert!(low < even - 0.5 && even < high - 0.5, "{low} {even} {high}");
}

#[test]
fn a_plateau_that_training_never_lives_to_see_is_refused() {
    let mut settings = settings();
    settings.schedule.kind = ScheduleKind::Plateau;
    settings.schedule.patience = 2;
    let error = settings.validate().unwrap_err().to_string();
    assert!(error.contains("schedule.patience"), "{error}");
}
