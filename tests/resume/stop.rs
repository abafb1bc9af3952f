//! Stops after exact batches, for every optimiser and schedule.

use autoint::run::Ended;

use crate::support::{Case, STEPS, assert_same};

/// All optimisers, modes of embedding tables and schedules, each at least once.
const CASES: [&[&str]; 9] = [
    &[
        "optimizer.kind=adam",
        "optimizer.embedding_mode=exact",
        "schedule.kind=cosine",
    ],
    &[
        "optimizer.kind=adam",
        "optimizer.embedding_mode=lazy",
        "optimizer.l2_embedding=1e-3",
    ],
    &[
        "optimizer.kind=adamw",
        "optimizer.weight_decay=0.01",
        "schedule.kind=exponential",
    ],
    &["optimizer.kind=nadam", "optimizer.embedding_mode=exact"],
    &[
        "optimizer.kind=rmsprop",
        "optimizer.momentum=0.5",
        "optimizer.embedding_mode=lazy",
    ],
    &[
        "optimizer.kind=adagrad",
        "optimizer.embedding_mode=exact",
        "optimizer.clip_norm=0.5",
    ],
    &["optimizer.kind=sgd", "schedule.kind=step"],
    &[
        "optimizer.kind=sgd",
        "optimizer.momentum=0.9",
        "optimizer.nesterov=true",
    ],
    PLATEAU,
];

/// Every epoch but the first is a plateau.
const PLATEAU: &[&str] = &[
    "optimizer.kind=adam",
    "schedule.kind=plateau",
    "schedule.patience=1",
    "schedule.min_delta=10",
    "schedule.factor=0.5",
];

/// First and last batches of epochs, those beside them, and one in the middle.
const LAST: [u64; 8] = [
    1,
    4,
    STEPS - 1,
    STEPS,
    STEPS + 1,
    2 * STEPS,
    3 * STEPS - 1,
    3 * STEPS,
];

#[test]
fn every_optimiser_goes_on_from_any_batch_as_if_never_stopped() {
    for sets in CASES {
        let case = Case::new(sets);
        let whole = case.whole();
        assert_eq!(whole.history.len(), 3);
        for last in LAST {
            let folder = tempfile::tempdir().unwrap();
            let stopped = case.start(folder.path(), last, 1);
            assert_eq!(stopped.history.len() as u64, (last - 1) / STEPS);
            let resumed = case.resume(folder.path(), u64::MAX, 3).unwrap();
            assert_same(&resumed, &whole, &format!("{sets:?}, step {last}"));
            // The end has a checkpoint too: whoever is killed while saving comes here again.
            let again = case.resume(folder.path(), u64::MAX, 1).unwrap();
            assert_same(&again, &whole, "from the end");
        }
    }
}

#[test]
fn a_training_that_is_stopped_after_every_batch_is_the_same() {
    let case = Case::new(PLATEAU);
    let whole = case.whole();
    let rates: Vec<f64> = whole.history.iter().map(|r| r.learning_rate).collect();
    assert_eq!(rates, [rates[0], rates[0], rates[0] / 2.0]);
    let folder = tempfile::tempdir().unwrap();
    case.start(folder.path(), 1, 1);
    for step in 2..=3 * STEPS {
        let stopped = case.resume(folder.path(), step, 1).unwrap();
        assert_eq!(stopped.ended, Ended::Stopped, "step {step}");
    }
    let last = case.resume(folder.path(), u64::MAX, 1).unwrap();
    assert_same(&last, &whole, "stopped everywhere");
}

#[test]
fn early_stopping_counts_on() {
    // From the third epoch on the learning rate is next to nothing, so nothing gets better for long.
    let more = [
        "train.epochs=50",
        "train.patience=2",
        "schedule.factor=1e-9",
    ];
    let case = Case::new(&[PLATEAU, &more].concat());
    let whole = case.whole();
    assert_eq!(whole.ended, Ended::Early);
    let steps = whole.history.len() as u64 * STEPS;
    for last in [STEPS, steps - STEPS, steps - STEPS + 3, steps] {
        let folder = tempfile::tempdir().unwrap();
        case.start(folder.path(), last, 1);
        let resumed = case.resume(folder.path(), u64::MAX, 1).unwrap();
        assert_same(&resumed, &whole, &format!("step {last}"));
    }
}

#[test]
fn what_is_ahead_of_the_checkpoint_or_half_written_is_tidied_up() {
    let case = Case::new(&[]);
    let folder = tempfile::tempdir().unwrap();
    let metrics = folder.path().join("metrics.jsonl");
    case.start(folder.path(), STEPS + 2, 1);
    let recorded = std::fs::read_to_string(&metrics).unwrap();
    assert_eq!(recorded.lines().count(), 1);
    std::fs::write(&metrics, recorded.repeat(2) + "{\"epoch\":").unwrap();
    let left = folder.path().join("checkpoint/.autoint-x1Y2z3");
    std::fs::write(&left, "half").unwrap();
    case.resume(folder.path(), 2 * STEPS + 1, 1).unwrap();
    let resumed = std::fs::read_to_string(&metrics).unwrap();
    assert_eq!(resumed.lines().count(), 2);
    assert_eq!(resumed.lines().next(), recorded.lines().next());
    assert!(!left.exists());
}
