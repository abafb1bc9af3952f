//! Adam's update after a batch of 2,048 rows on all cores, of all parameters: untouched table rows now (`dense`) or when they
//! are next touched (`exact`, whose catching up in `prepare` is timed with it). Elements are the model's parameters.

#![allow(missing_docs, reason = "what criterion_group! makes is public")]

use std::time::{Duration, Instant};

use autoint::optim::EmbeddingMode;
use autoint::simd::Isa;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

mod support;

const ROWS: usize = 2048;

fn optimizer(c: &mut Criterion) {
    let isa = Isa::choose().expect("an instruction set");
    for shape in support::shapes() {
        let mut group = c.benchmark_group(format!("optimizer/{}", shape.name));
        for mode in [EmbeddingMode::Dense, EmbeddingMode::Exact] {
            let mut shape = shape.clone();
            shape.preset.optimizer.embedding_mode = mode;
            let mut net = support::Net::new(&shape, isa, support::all_cores());
            let parameters = net.engine.tape().layout().len();
            group.throughput(Throughput::Elements(parameters as u64));
            let batches: Vec<_> = (0..4).map(|seed| shape.batch(ROWS, seed)).collect();
            let mut turn = batches.iter().cycle();
            group.bench_function(format!("{mode:?}").to_lowercase(), |b| {
                b.iter_custom(|times| {
                    let mut spent = Duration::ZERO;
                    for _ in 0..times {
                        let batch = turn.next().expect("a cycle");
                        let (engine, weights) = (&mut net.engine, &mut net.weights);
                        let start = Instant::now();
                        net.optimizer
                            .prepare(engine.runtime(), batch.ids(), weights);
                        spent += start.elapsed();
                        // The gradients of the batch: not what is timed here.
                        engine.step(weights, batch, None, 1).expect("finite");
                        let start = Instant::now();
                        let gradients = engine.gradients();
                        (net.optimizer).step(
                            engine.runtime(),
                            gradients,
                            net.learning_rate,
                            weights,
                        );
                        spent += start.elapsed();
                    }
                    spent
                });
            });
            (net.optimizer).settle(net.engine.runtime(), &mut net.weights);
            let mut all = net
                .weights
                .tables
                .iter()
                .flatten()
                .chain(&net.weights.dense);
            assert!(all.all(|w| w.is_finite()));
        }
    }
}

criterion_group! {
    name = benches;
    config = support::criterion(100, 300);
    targets = optimizer
}
criterion_main!(benches);
