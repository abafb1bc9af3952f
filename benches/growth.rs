//! How the time of a training step grows: one factor at a time from a base of `compact`, as a Markdown table.
//!
//! The base has 14 fields of 1,000 values, so that each factor changes nothing else. Steps of the base and of the variant
//! alternate, and the ratio is that of their medians: what else the machine does hits both alike.
//!
//! `cargo bench --bench growth [-- FACTOR]` measures all factors, or those whose name contains FACTOR.

use std::time::Instant;

use autoint::data::batch::Batch;
use autoint::optim::EmbeddingMode;
use autoint::simd::Isa;
use support::{Net, Shape};

mod support;

/// Timed steps of each line, and those before them.
const STEPS: usize = 15;
const UNTIMED: usize = 3;

/// What a step is measured at.
#[derive(Clone)]
struct Point {
    shape: Shape,
    rows: usize,
    threads: usize,
}

impl Point {
    fn base() -> Point {
        let mut shape = Shape::named("compact");
        shape.fields = vec![1000; 14];
        Point {
            shape,
            rows: 2048,
            threads: support::all_cores(),
        }
    }
}

/// A point's model with its data.
struct Runner {
    net: Net,
    batches: Vec<Batch>,
    ms: Vec<f64>,
}

impl Runner {
    fn new(point: &Point, isa: Isa) -> Runner {
        let batch = |seed| point.shape.batch(point.rows, seed);
        Runner {
            net: Net::new(&point.shape, isa, point.threads),
            batches: (0..4).map(batch).collect(),
            ms: Vec::new(),
        }
    }

    fn step(&mut self, number: usize) {
        let start = Instant::now();
        self.net.step(&self.batches[number % self.batches.len()]);
        if number >= UNTIMED {
            self.ms.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }

    fn median(&mut self) -> f64 {
        self.ms.sort_unstable_by(f64::total_cmp);
        self.ms[self.ms.len() / 2]
    }
}

fn exact(shape: &mut Shape) {
    shape.preset.optimizer.embedding_mode = EmbeddingMode::Exact;
}

/// A factor: its name, its values, and how a value changes the base.
type Factor = (&'static str, &'static [usize], fn(&mut Point, usize));

const FACTORS: [Factor; 8] = [
    ("batch rows", &[256, 1024, 2048, 4096, 16_384], |p, x| {
        p.rows = x;
    }),
    ("fields", &[7, 14, 28, 56], |p, x| {
        p.shape.fields = vec![1000; x];
    }),
    ("embedding d", &[8, 16, 32, 64], |p, x| {
        p.shape.preset.model.embedding.dim = x;
    }),
    ("layer width", &[8, 16, 32, 64], |p, x| {
        p.shape
            .preset
            .model
            .interacting
            .as_mut()
            .expect("the part")
            .width = x;
    }),
    ("layers", &[1, 2, 3, 6], |p, x| {
        p.shape
            .preset
            .model
            .interacting
            .as_mut()
            .expect("the part")
            .layers = x;
    }),
    (
        "values a field, dense tables",
        &[100, 1000, 10_000, 100_000],
        |p, x| p.shape.fields = vec![x; 14],
    ),
    (
        "values a field, exact tables",
        &[100, 1000, 10_000, 100_000],
        |p, x| {
            p.shape.fields = vec![x; 14];
            exact(&mut p.shape);
        },
    ),
    ("threads", &[1, 2, 4], |p, x| p.threads = x),
];

fn main() {
    let isa = Isa::choose().expect("an instruction set");
    // Cargo adds `--bench`.
    let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    let base = Point::base();
    println!(
        "base: compact, {} rows, {} fields of 1,000 values, d 16, 3 layers, {} threads ({})\n",
        base.rows,
        base.shape.fields.len(),
        base.threads,
        isa.name()
    );
    println!("| factor | value | step ms | to the base |\n|---|---|---|---|");
    for (name, values, change) in FACTORS {
        if wanted.as_ref().is_some_and(|wanted| !name.contains(wanted)) {
            continue;
        }
        for &value in values {
            let mut point = base.clone();
            change(&mut point, value);
            let (mut from, mut to) = (Runner::new(&base, isa), Runner::new(&point, isa));
            for number in 0..UNTIMED + STEPS {
                from.step(number);
                to.step(number);
            }
            let (from, to) = (from.median(), to.median());
            println!("| {name} | {value} | {to:.2} | {:.2} |", to / from);
        }
    }
}
