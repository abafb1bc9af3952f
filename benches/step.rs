//! A whole training step of 2,048 rows on all cores, in every precision that the processor has: `prepare`, forward, backward, update.
//! Elements are rows.

#![allow(missing_docs, reason = "what criterion_group! makes is public")]

use autoint::simd::Isa;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

mod support;

const ROWS: usize = 2048;

fn step(c: &mut Criterion) {
    let isa = Isa::choose().expect("an instruction set");
    let mut group = c.benchmark_group("step");
    group.throughput(Throughput::Elements(ROWS as u64));
    for shape in support::shapes() {
        let batches: Vec<_> = (0..4).map(|seed| shape.batch(ROWS, seed)).collect();
        for isa in support::precisions(isa) {
            let mut net = support::Net::new(&shape, isa, support::all_cores());
            let mut turn = batches.iter().cycle();
            group.bench_function(format!("{} {}", shape.name, isa.precision()), |b| {
                b.iter(|| net.step(turn.next().expect("a cycle")));
            });
        }
    }
}

criterion_group! {
    name = benches;
    config = support::criterion(500, 2000);
    targets = step
}
criterion_main!(benches);
