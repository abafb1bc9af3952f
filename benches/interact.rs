//! One interacting layer alone on one core, fused against composed of primitives and in bf16, forward and forward with backward, on a
//! shard of 64 rows. Elements are floating-point operations of the products, so criterion's throughput is FLOP/s (exponentials
//! and the like count nothing). What one core can do at most is measured in the same run and printed, with each share of it.

#![allow(missing_docs, reason = "what criterion_group! makes is public")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use autoint::autograd::op::Shard;
use autoint::autograd::workspace::{Replay, ShardGrads, Workspace};
use autoint::autograd::{Parameters, Part, Tape, Var, WeightPairs};
use autoint::data::batch::Batch;
use autoint::kernels::dropout::{Draw, uniform};
use autoint::model::config::InteractingConfig;
use autoint::model::parts::interacting::interacting;
use autoint::simd::{Isa, Precision};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

mod support;

/// The rows of a shard.
const ROWS: usize = 64;

/// A layer on a leaf, and all that a replay needs.
struct Layer {
    isa: Isa,
    tape: Tape,
    output: Var,
    leaf: Var,
    parameters: Parameters,
    pairs: WeightPairs,
    workspace: Workspace,
    batch: Batch,
    d_dense: Vec<f32>,
}

impl Layer {
    fn new(isa: Isa, fields: usize, dim: usize, config: &InteractingConfig) -> Layer {
        let mut tape = Tape::new();
        let leaf = tape.input(&[fields, dim]);
        let output = interacting(&mut tape, &leaf, config)
            .expect("a layer")
            .output;
        let parameters = Parameters::initialise(tape.layout(), 1);
        let mut workspace = Workspace::new(&tape, ROWS);
        for (i, x) in workspace.value_mut(&leaf).iter_mut().enumerate() {
            *x = uniform(1, 2, i as u32) - 0.5;
        }
        let batch = Batch {
            rows: ROWS,
            ..Batch::default()
        };
        Layer {
            isa,
            d_dense: vec![0.0; tape.layout().dense_len()],
            pairs: WeightPairs::of(isa, tape.layout(), &parameters),
            parameters,
            workspace,
            batch,
            output,
            leaf,
            tape,
        }
    }

    fn run(&mut self, backward: bool) {
        let nodes = 0..self.tape.nodes().len();
        let replay = Replay {
            isa: self.isa,
            tape: &self.tape,
            parameters: black_box(&self.parameters),
            pairs: &self.pairs,
        };
        let shard = Shard {
            batch: &self.batch,
            first_row: 0,
            used: ROWS,
            part: Part::whole(&self.batch),
            draw: Some(Draw { seed: 1, step: 1 }),
            statistics: &[],
            backward: true,
        };
        self.workspace.forward(replay, nodes.clone(), shard);
        if backward {
            self.workspace.seed(&self.tape, &self.output).fill(1.0);
            self.d_dense.fill(0.0);
            let mut grads = ShardGrads {
                dense: &mut self.d_dense,
                samples: &mut [],
                first_sample: 0,
            };
            self.workspace.backward(replay, nodes, shard, &mut grads);
        }
    }

    /// The output and the gradients of the leaf and of the parameters.
    fn results(&mut self) -> Vec<f32> {
        self.run(true);
        let mut all = self.workspace.value(&self.output).to_vec();
        all.extend(self.workspace.grad(&self.leaf));
        all.extend(&self.d_dense);
        all
    }
}

/// Operations of the products of one shard, forward: four projections, scores, weighted sums. Backward does each twice, once
/// for either factor.
fn operations(fields: usize, dim: usize, width: usize) -> usize {
    2 * ROWS * (4 * fields * dim * width + 2 * fields * fields * width)
}

/// |a - b| / |b|
fn distance(a: &[f32], b: &[f32]) -> f32 {
    let apart: f32 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
    (apart / b.iter().map(|b| b * b).sum::<f32>()).sqrt()
}

fn interact(c: &mut Criterion) {
    let isa = Isa::choose().expect("an instruction set");
    let mut kinds = Vec::new();
    for isa in support::precisions(isa) {
        let (peak, precision) = (support::peak::flops(isa), isa.precision());
        let gigas = peak / 1e9;
        println!(
            "one core's peak: {gigas:.1} GFLOP/s ({}, {precision})",
            isa.name()
        );
        match precision {
            Precision::F32 => {
                kinds.extend(["fused", "composed"].map(|kind| (kind.to_owned(), isa, peak)))
            }
            _ => kinds.push((precision.to_string(), isa, peak)),
        }
    }
    for shape in support::shapes() {
        let (fields, dim) = (shape.fields.len(), shape.preset.model.embedding.dim);
        let mut config = shape.preset.model.interacting.clone().expect("the part");
        let forward = operations(fields, dim, config.width);
        let mut all = Vec::new();
        for &(ref kind, isa, peak) in &kinds {
            config.composed = kind == "composed";
            let mut layer = Layer::new(isa, fields, dim, &config);
            let mut group = c.benchmark_group(format!("interact/{}/{kind}", shape.name));
            for (what, backward, work) in [
                ("forward", false, forward),
                ("forward and backward", true, 3 * forward),
            ] {
                group.throughput(Throughput::Elements(work as u64));
                let mut best = f64::INFINITY;
                group.bench_function(what, |b| {
                    b.iter_custom(|times| {
                        let start = Instant::now();
                        (0..times).for_each(|_| layer.run(backward));
                        let spent = start.elapsed();
                        best = best.min(spent.as_secs_f64() / times as f64);
                        spent
                    });
                });
                // A filter on the command line may have left it out.
                if best.is_finite() {
                    let share = 100.0 * work as f64 / best / peak;
                    println!("    best sample: {share:.0} % of one core's peak");
                }
            }
            all.push(layer.results());
        }
        // Dropout draws by the op's place on the tape, which differs: then only finiteness can be compared.
        let near = |(x, y): (&f32, &f32)| (x - y).abs() <= 1e-3 * y.abs().max(1.0);
        let same = config.dropout > 0.0 || all[0].iter().zip(&all[1]).all(near);
        assert!(same, "{}: fused and composed differ", shape.name);
        for half in &all[2..] {
            let far = distance(half, &all[0]);
            assert!(far < 0.05, "{}: bf16 is {far} from f32", shape.name);
        }
        assert!(all.iter().flatten().all(|x| x.is_finite()));
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(700));
    targets = interact
}
criterion_main!(benches);
