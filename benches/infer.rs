//! Inference on all cores, in every precision that the processor has: the logits of 2,048 rows, and of one, which is what a request
//! waits for. Elements are rows.

#![allow(missing_docs, reason = "what criterion_group! makes is public")]

use autoint::simd::Isa;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

mod support;

fn infer(c: &mut Criterion) {
    let isa = Isa::choose().expect("an instruction set");
    for rows in [2048, 1] {
        let mut group = c.benchmark_group(format!("infer {rows}"));
        group.throughput(Throughput::Elements(rows as u64));
        for shape in support::shapes() {
            let batch = shape.batch(rows, 1);
            for isa in support::precisions(isa) {
                let mut net = support::Net::new(&shape, isa, support::all_cores());
                let name = format!("{} {}", shape.name, isa.precision());
                group.bench_function(name, |b| b.iter(|| net.infer(&batch)[0]));
            }
        }
    }
}

criterion_group! {
    name = benches;
    config = support::criterion(300, 1000);
    targets = infer
}
criterion_main!(benches);
