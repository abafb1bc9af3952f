//! The arithmetic of `cargo bench --bench scaling`: its schedule and its formulas, by cases whose answer is known.

#[path = "../benches/scaling/cost.rs"]
#[allow(dead_code, reason = "the bench uses all of it")]
mod cost;
#[path = "../benches/scaling/counted.rs"]
mod counted;
#[path = "../benches/scaling/replay.rs"]
mod replay;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use autoint::autograd::trace::{Stage, Step};
use autoint::data::source::Source;
use autoint::data::store::Target;
use autoint::ranks::threads::together;
use autoint::settings::Settings;
use autoint::simd::Isa;
use autoint::train::traced::OTHER_RANKS;
use autoint::train::{self, Silent, Trainer};
use cost::{Cluster, Fields, Model, Tables, distinct};
use replay::{Machine, makespan, simulate};

const MACHINE: Machine = Machine {
    barrier: 1e-6,
    bandwidth: [10e9, 16e9],
    socket: (100e9, 64),
};

fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-9 * a.abs().max(b.abs()), "{a} {b}");
}

/// 10 us serial, 2 us beside a round of `groups` groups of 3 us, 40 us in 4 tasks.
fn step(groups: usize) -> Step {
    let timed = |ns, stage| Stage { ns, ..stage };
    let round = Stage {
        groups: vec![3000; groups],
        ..timed(3000 * groups as u64, Stage::of("round", groups, 0))
    };
    let stages = vec![
        timed(10_000, Stage::of("gather", 1, 0)),
        timed(2000, Stage::beside("index", 0)),
        round,
        timed(40_000, Stage::of("update", 4, 0)),
    ];
    Step {
        rows: 64 * groups,
        ns: stages.iter().map(|stage| stage.ns).sum::<u64>() + 500,
        stages,
    }
}

#[test]
fn workers_take_one_task_after_the_other() {
    near(makespan(&[5, 1, 1, 1], 2, 0), 5e-9);
    near(makespan(&[1, 1, 1, 5], 2, 0), 6e-9);
    near(makespan(&[2, 2, 2], 2, 3), 5e-9);
    near(makespan(&[], 3, 7), 7e-9);
}

#[test]
fn a_step_is_what_its_stages_say() {
    near(simulate(&step(8), 1, &MACHINE).seconds, 76.5e-6);
    // 0.5 between stages, 10 serial; 8 groups and the index: five and three; two tasks each; two barriers.
    let two = simulate(&step(8), 2, &MACHINE);
    near(two.seconds, (0.5 + 10.0 + 14.0 + 20.0 + 2.0) * 1e-6);
    assert_eq!(two.limit(), "serial: gather");
    // Two groups for 16 workers: one round of 3 us, 10 of the update; the barriers of 16 take 4 us each.
    let many = simulate(&step(2), 16, &MACHINE);
    near(many.seconds, (0.5 + 10.0 + 3.0 + 10.0 + 8.0) * 1e-6);
    let lost: f64 = many.lost.values().sum();
    near(many.seconds, lost + 58.5e-6 / 16.0);
}

#[test]
fn memory_moves_no_faster_with_more_cores_than_it_can() {
    near(MACHINE.bandwidth(1), 10e9);
    near(MACHINE.bandwidth(8), 64e9);
    near(MACHINE.bandwidth(32), 100e9);
    near(MACHINE.bandwidth(128), 200e9);
    let mut step = step(8);
    step.stages[3].bytes = 1_000_000;
    let eight = simulate(&step, 8, &MACHINE);
    assert!(eight.lost["memory bandwidth"] > 5e-6);
    assert!(eight.seconds > 1e6 / 64e9);
}

#[test]
fn distinct_values_are_counted() {
    // All alike frequent: n (1 - (1 - 1/n)^m), whether summed or integrated.
    for (n, m) in [(10.0, 7.0), (4096.0, 1000.0), (1e6, 2e5)] {
        let alike: f64 = n * (1.0 - f64::powf(1.0 - 1.0 / n, m));
        let found = distinct(n, 0.0, m);
        assert!((found / alike - 1.0).abs() < 1e-6, "{found} {alike}");
    }
    // The integral beside the sum of all terms.
    let (n, m, s) = (300_000.0, 50_000.0, 1.1);
    let norm: f64 = (1..=n as usize).map(|v| (v as f64).powf(-s)).sum();
    let of = |v: usize| 1.0 - (1.0 - (v as f64).powf(-s) / norm).powf(m);
    let all: f64 = (1..=n as usize).map(of).sum();
    assert!((distinct(n, s, m) / all - 1.0).abs() < 1e-4);
    // One draw is one value, and more values are more distinct ones.
    assert!((distinct(1e10, 1.1, 1.0) - 1.0).abs() < 1e-3);
    assert!(distinct(1e8, 1.1, 1e6) < distinct(1e10, 1.1, 1e6));
}

fn model(tables: Tables) -> Model {
    Model {
        fields: vec![Fields {
            count: 2,
            values: 1e6,
            exponent: 1.0,
        }],
        dense: 1000,
        width: 17,
        copies: 3,
        seconds_per_row: 1e-5,
        tables,
    }
}

fn cluster(ranks: usize) -> Cluster {
    Cluster {
        ranks,
        cores: 4,
        bandwidth: 1e9,
        latency: 1e-5,
        message: 1e-6,
        disk: 1e9,
    }
}

#[test]
fn a_step_of_ranks_is_what_its_collectives_say() {
    let (model, cluster) = (model(Tables::Spread), cluster(4));
    let cost = cluster.step(&model, 4 * 64 * 8);
    let rows = model.distinct(512.0);
    near(cost.compute, 2.0 * 64.0 * 1e-5);
    near(cost.even, cost.compute);
    near(cost.fetch.bytes, 3.0 * 8.0 + 0.75 * (4.0 + 68.0) * rows);
    near(cost.fetch.waiting, 3.0 * 13e-6);
    near(cost.dense.bytes, 0.75 * 4000.0 + 3.0 * (1000.0 + 12.0));
    near(cost.rows.bytes, 3.0 * 8.0 + 0.75 * 72.0 * rows);
    near(cost.rows.moving, cost.rows.bytes / 1e9);
    assert_eq!(cost.limit(), "compute");
    let numbers = 1000.0 + 2e6 * 17.0 / 4.0;
    near(cost.checkpoint, 16.0 * numbers / 1e9);
    assert!(cost.memory > 16.0 * numbers && cost.memory < 17.0 * numbers);
}

#[test]
fn one_rank_sends_nothing_and_whole_tables_fetch_nothing() {
    let alone = cluster(1).step(&model(Tables::Spread), 1024);
    near(alone.seconds(), alone.compute);
    near(alone.efficiency(), 1.0);
    let (spread, whole) = (model(Tables::Spread), model(Tables::Whole));
    let whole = cluster(8).step(&whole, 8192);
    assert_eq!(whole.fetch, cost::Sent::default());
    assert!(whole.rows.bytes > cluster(8).step(&spread, 8192).rows.bytes);
    assert!(whole.memory > 16.0 * 2e6 * 17.0);
}

#[test]
fn ranks_without_groups_are_named() {
    let fast = Cluster {
        latency: 0.0,
        message: 0.0,
        bandwidth: 1e15,
        ..cluster(64)
    };
    let cost = fast.step(&model(Tables::Spread), 16 * 64);
    assert_eq!(cost.limit(), "fewer groups than ranks");
    assert!(cost.efficiency() < 0.1);
}

#[test]
fn crooked_ranks_send_a_tree_of_several_pieces() {
    let of = |ranks| cluster(ranks).step(&model(Tables::Spread), 64 * 64);
    assert!(of(7).dense.bytes > 2.0 * of(8).dense.bytes);
}

#[test]
fn the_formulas_give_the_bytes_that_ranks_send() {
    let fields = [(5, 40.0), (4, 5000.0)].map(|(count, values)| Fields {
        count,
        values,
        exponent: 1.1,
    });
    let sets = ["model.embedding.dim=8", "model.interacting.width=16"].map(str::to_owned);
    let settings = Settings::layered(Some("autoint"), None, &sets).unwrap();
    // Powers of two, and others, whose ranks have several pieces of the tree.
    for (ranks, batch) in [
        (2, 2048),
        (4, 2048),
        (8, 4096),
        (3, 2048),
        (5, 3000),
        (6, 4096),
    ] {
        for tables in [Tables::Whole, Tables::Spread] {
            let check = counted::check(&settings, &fields, tables, ranks, batch);
            assert!(
                check.difference() < 0.1,
                "{tables:?}, {ranks} ranks: {check:?}"
            );
        }
    }
}

/// The slices of the dense gradients and their sums, the lengths of row gradients and these.
#[test]
fn a_trace_says_when_a_rank_waits_for_others() {
    let source = Source::named("synthetic:1500").unwrap();
    let data = source.encode(None, Target::Anywhere).unwrap();
    let settings = Settings::layered(Some("autoint"), None, &["train.epochs=1".into()]).unwrap();
    let of_ranks = together(2, |ranks| {
        let machine = train::Machine {
            ranks,
            ..train::Machine::new(Isa::choose().unwrap(), 1)
        };
        let mut trainer = Trainer::new(&data, &settings, &machine).unwrap();
        let runtime = Arc::clone(trainer.runtime());
        runtime.trace().start(3);
        trainer.run(&mut Silent, &AtomicBool::new(false)).unwrap();
        runtime.trace().take()
    });
    for step in of_ranks.iter().flatten() {
        let waits = step.stages.iter().filter(|stage| stage.name == OTHER_RANKS);
        assert_eq!(waits.count(), 4);
    }
    assert!(of_ranks.iter().all(|steps| !steps.is_empty()));
}
