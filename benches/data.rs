//! From a raw table to an encoded data set, and from there to a batch. Elements are rows.

#![allow(missing_docs, reason = "what criterion_group! makes is public")]

use autoint::data::batch::Batch;
use autoint::data::encode::encode;
use autoint::data::movielens::protocols;
use autoint::data::synthetic::{SyntheticConfig, generate};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

mod support;

/// Rows of the raw table.
const ROWS: usize = 20_000;

const BATCH: usize = 2048;

fn data(c: &mut Criterion) {
    let table = generate(&SyntheticConfig::of_rows(ROWS)).expect("a table");
    for name in ["course", "recbole"] {
        let protocol = protocols::named(name).expect("a protocol");
        let data = encode(&table, &protocol).expect("a data set");
        let mut group = c.benchmark_group(format!("data/{name}"));
        group.throughput(Throughput::Elements(ROWS as u64));
        group.bench_function("encode", |b| {
            b.iter(|| {
                let again = encode(&table, &protocol).expect("a data set");
                assert_eq!(again.rows(), data.rows());
                again
            });
        });
        // Rows far apart, as a shuffle has them.
        let apart = |i: usize| (i * 7919 % data.rows()) as u32;
        let rows: Vec<u32> = (0..BATCH).map(apart).collect();
        let mut batch = Batch::default();
        data.gather(&rows, &mut batch);
        let labels = rows
            .iter()
            .map(|&row| f32::from(data.labels()[row as usize]));
        assert!(batch.labels.iter().copied().eq(labels));
        assert_eq!(batch.fields.len(), data.schema().fields.len());
        group.throughput(Throughput::Elements(BATCH as u64));
        group.bench_function("gather", |b| b.iter(|| data.gather(&rows, &mut batch)));
    }
}

criterion_group! {
    name = benches;
    config = support::criterion(300, 1000);
    targets = data
}
criterion_main!(benches);
