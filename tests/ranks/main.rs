//! Several ranks train the model of one process, bit for bit: here as threads of one process, with the feature `mpi` as processes.

#[cfg(feature = "mpi")]
mod mpirun;
mod sharded;
#[cfg(feature = "mpi")]
#[path = "../support/signal.rs"]
mod signal;

use std::sync::atomic::AtomicBool;

use autoint::autograd::Parameters;
use autoint::data::dataset::{Dataset, SplitName};
use autoint::data::source::Source;
use autoint::data::store::Target;
use autoint::optim::EmbeddingMode;
use autoint::ranks::threads::together;
use autoint::settings::Settings;
use autoint::settings::cluster::TablePlace;
use autoint::simd::{Aligned, Isa};
use autoint::train::{Machine, Outcome, Silent, Trainer};

fn data() -> Dataset {
    let source = Source::named("synthetic:1500").unwrap();
    source.encode(None, Target::Anywhere).unwrap()
}

/// Every bit that a training leaves: weights, and what each epoch measured.
fn bits(outcome: &Outcome, p: &Parameters) -> (Vec<u32>, Vec<[u64; 3]>) {
    let weights = p.tables.iter().flatten().chain(&p.dense).chain(&p.buffers);
    let bits = |number: Option<f64>| number.map_or(0, f64::to_bits);
    let history = outcome.history.iter().map(|record| {
        [
            record.train_loss.to_bits(),
            bits(record.valid_loss),
            bits(record.valid_auc),
        ]
    });
    (weights.map(|x| x.to_bits()).collect(), history.collect())
}

/// All weights, wherever they lie.
fn whole(trainer: &Trainer<'_>, outcome: &Outcome) -> Parameters {
    let scorer = trainer.scorer(&outcome.parameters);
    let mut all = Parameters::clone(&outcome.parameters);
    let layout = trainer.runtime().tape().layout();
    for (number, table) in layout.tables.iter().enumerate() {
        let mut rows = Vec::new();
        scorer.table_rows(number, 0..table.rows, &mut rows);
        all.tables[number] = Aligned::from(&rows[..]);
    }
    scorer.answer();
    all
}

/// Trains as so many ranks; gives what each of them has in the end.
fn train(
    data: &Dataset,
    settings: &Settings,
    size: usize,
    threads: usize,
) -> Vec<(Vec<u32>, Vec<[u64; 3]>)> {
    let isa = Isa::choose().unwrap();
    together(size, |ranks| {
        let machine = Machine {
            ranks,
            ..Machine::new(isa, threads)
        };
        let mut trainer = Trainer::new(data, settings, &machine).unwrap();
        let outcome = trainer.run(&mut Silent, &AtomicBool::new(false)).unwrap();
        bits(&outcome, &whole(&trainer, &outcome))
    })
}

/// Two short epochs of batches that no number of ranks divides evenly, the last of which leaves ranks without a row.
fn settings(preset: &str, sets: &[&str]) -> Settings {
    let base = [
        "train.epochs=2",
        "train.batch_size=900",
        "train.patience=2",
        "model.embedding.dim=8",
        "model.interacting.width=16",
        "model.interacting.dropout=0.1",
    ];
    let sets: Vec<String> = base.iter().chain(sets).map(|s| (*s).to_owned()).collect();
    Settings::layered(Some(preset), None, &sets).unwrap()
}

fn same_for_any_number_of_ranks(settings: &Settings, sizes: &[usize]) {
    let data = data();
    let one = train(&data, settings, 1, 1).remove(0);
    assert!(one.0.iter().any(|bits| *bits != 0));
    for tables in [TablePlace::Replicated, TablePlace::Sharded] {
        let mut settings = settings.clone();
        settings.cluster.tables = tables;
        for &size in sizes {
            for threads in [1, 2] {
                let all = train(&data, &settings, size, threads);
                for (rank, found) in all.into_iter().enumerate() {
                    let who = format!("{tables:?}: rank {rank} of {size}, {threads} threads");
                    assert!(found == one, "{who}");
                }
            }
        }
    }
}

#[test]
fn presets_with_batch_normalisation_and_dropout() {
    for preset in ["autoint", "authors", "recbole"] {
        let settings = settings(
            preset,
            &["model.mlp.hidden=[16]", "model.mlp.batch_norm=true"],
        );
        same_for_any_number_of_ranks(&settings, &[2, 3, 4, 8]);
    }
}

#[test]
fn every_way_to_move_table_rows() {
    for mode in [
        EmbeddingMode::Dense,
        EmbeddingMode::Lazy,
        EmbeddingMode::Exact,
    ] {
        let mut settings = settings("autoint", &["train.batch_size=200"]);
        settings.optimizer.embedding_mode = mode;
        settings.optimizer.clip_norm = 0.05;
        same_for_any_number_of_ranks(&settings, &[3]);
    }
}

#[test]
fn weighted_rows_and_drawn_negatives() {
    let weighted = settings("autoint", &["train.positive_weight=2.5"]);
    same_for_any_number_of_ranks(&weighted, &[3]);
    let drawn = settings("autoint", &["train.negatives=1"]);
    same_for_any_number_of_ranks(&drawn, &[3]);
}

/// The logits of test rows, asked for by the first of so many ranks.
fn tested(data: &Dataset, settings: &Settings, size: usize) -> Vec<u32> {
    let isa = Isa::choose().unwrap();
    let all = together(size, |ranks| {
        let first = ranks.first();
        let machine = Machine {
            ranks,
            ..Machine::new(isa, 1)
        };
        let mut trainer = Trainer::new(data, settings, &machine).unwrap();
        let outcome = trainer.run(&mut Silent, &AtomicBool::new(false)).unwrap();
        let scorer = trainer.shared_scorer(&outcome.parameters);
        if !first {
            scorer.help(data);
            return Vec::new();
        }
        let test = data.split(SplitName::Test);
        let mut logits = Vec::new();
        // Fewer rows than ranks, none, and all.
        for rows in [&test[..2], &[], test] {
            logits.extend(scorer.rows(data, rows).into_iter().map(f32::to_bits));
        }
        scorer.done();
        logits
    });
    all.into_iter().next().unwrap()
}

#[test]
fn test_rows_are_scored_by_all() {
    let (data, mut settings) = (data(), settings("autoint", &["train.epochs=1"]));
    let one = tested(&data, &settings, 1);
    assert_eq!(one.len(), 2 + data.split(SplitName::Test).len());
    for tables in [TablePlace::Replicated, TablePlace::Sharded] {
        settings.cluster.tables = tables;
        assert!(tested(&data, &settings, 3) == one, "{tables:?}");
    }
}
