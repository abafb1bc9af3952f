//! One machine: steps of presets on 2 to 128 threads, replayed from their traces.

use std::time::Instant;

use autoint::autograd::trace::{Header, Step};
use autoint::data::batch::{Batch, FieldBatch};
use autoint::kernels::dropout::uniform;
use autoint::simd::Isa;
use autoint::train::traced::OTHER_RANKS;

use crate::machine;
use crate::replay::{Machine, Simulated, simulate};
use crate::support::{Net, Shape};

const THREADS: [usize; 7] = [2, 4, 8, 16, 32, 64, 128];
/// Presets, and the rows of their own batches.
const SHAPES: [&str; 3] = ["compact", "authors", "course-best"];
/// Larger batches.
const ROWS: [usize; 3] = [2048, 16_384, 131_072];
/// Seconds that the traced steps of a batch size may take, and the most of them.
const BUDGET: f64 = 10.0;
const MOST: usize = 15;
/// Seconds of a step on one core, beyond which there is no time for several: such a batch size is left out.
const LONG: f64 = 3.0;
/// A socket: 12 channels of DDR5-4800 (38.4 GB/s), of which four fifths are reached, and the cores that share them.
const SOCKET: (f64, usize) = (12.0 * 38.4e9 * 0.8, 64);

/// What a shape's steps are.
pub struct Traced {
    /// Those of one core, in the order of their times.
    pub steps: Vec<Step>,
    /// How many times as fast two threads were, turn by turn, ascending.
    pub measured: Vec<f64>,
}

impl Traced {
    /// Seconds of the median step on one core.
    pub fn median(&self) -> f64 {
        self.steps[(self.steps.len() - 1) / 2].ns as f64 * 1e-9
    }
}

/// As many rows as MovieLens-1M has, of which batches are picked at random as `Dataset::gather` does.
struct Feed {
    source: Batch,
    rows: usize,
    picked: Batch,
}

impl Feed {
    fn new(shape: &Shape, rows: usize) -> Feed {
        let source = shape.batch(1 << 20, 1);
        Feed {
            picked: Batch {
                rows,
                fields: vec![FieldBatch::One { ids: Vec::new() }; source.fields.len()],
                ..Batch::default()
            },
            source,
            rows,
        }
    }

    /// The rows of batch number `number`; the order of an epoch is made before its first step, so its time is no step's.
    fn order(&self, number: usize) -> Vec<u32> {
        let row = |i| (uniform(number as u32, 7, i) * self.source.rows as f32) as u32;
        let most = self.source.rows as u32 - 1;
        (0..self.rows as u32).map(|i| row(i).min(most)).collect()
    }

    fn gather(&mut self, order: &[u32]) {
        let Batch { fields, labels, .. } = &self.source;
        for (to, from) in self.picked.fields.iter_mut().zip(fields) {
            if let (FieldBatch::One { ids: to }, FieldBatch::One { ids }) = (to, from) {
                to.clear();
                to.extend(order.iter().map(|&row| ids[row as usize]));
            }
        }
        let all = order.iter().map(|&row| labels[row as usize]);
        self.picked.labels.clear();
        self.picked.labels.extend(all);
    }
}

/// Seconds of a step, as `Trainer` takes it.
fn timed(net: &mut Net, feed: &mut Feed, number: usize) -> f64 {
    let order = feed.order(number);
    let start = Instant::now();
    feed.gather(&order);
    net.engine.runtime().trace().begin(&feed.picked, start);
    net.step(&feed.picked);
    start.elapsed().as_secs_f64()
}

/// The median of ascending numbers, and between which the middle half lies.
fn middle(ascending: &[f64]) -> String {
    let at = |quarter: usize| ascending[(ascending.len() - 1) * quarter / 4];
    format!("{:.2} ({:.2} to {:.2})", at(2), at(1), at(3))
}

/// Steps of a shape on one core, in turns with steps on two.
pub fn trace(shape: &Shape, rows: usize, isa: Isa) -> Traced {
    let mut feed = Feed::new(shape, rows);
    let mut one = Net::new(shape, isa, 1);
    // The first step makes room; it is neither traced nor timed.
    let first = timed(&mut one, &mut feed, 0);
    let count = ((BUDGET / first) as usize).clamp(1, MOST);
    let mut two = Net::new(shape, isa, 2);
    timed(&mut two, &mut feed, 0);
    one.engine.runtime().trace().start(count);
    let turn = |number| timed(&mut one, &mut feed, number) / timed(&mut two, &mut feed, number);
    let mut measured: Vec<f64> = (1..=count).map(turn).collect();
    measured.sort_unstable_by(f64::total_cmp);
    let mut steps = one.engine.runtime().trace().take();
    steps.sort_unstable_by_key(|step| step.ns);
    Traced { steps, measured }
}

fn machine() -> Machine {
    let machine = Machine {
        barrier: machine::barrier(),
        bandwidth: [machine::bandwidth(1), machine::bandwidth(2)],
        socket: SOCKET,
    };
    let [one, two] = machine.bandwidth.map(|bytes| bytes / 1e9);
    println!(
        "measured here: memory {one:.1} GB/s on one core, {two:.1} on two (triad); a stage on two threads begins and ends in {:.1} us",
        machine.barrier * 1e6
    );
    println!(
        "assumed: each further core as much as one of two, up to {:.0} GB/s a socket of {} cores; a barrier of T threads takes log2 T times that of two\n",
        SOCKET.0 / 1e9,
        SOCKET.1
    );
    machine
}

/// The simulated step that is the median of all, for each number of threads.
fn simulated(steps: &[Step], machine: &Machine) -> Vec<Simulated> {
    let of = |threads: usize| {
        let each = steps.iter().map(|step| simulate(step, threads, machine));
        let mut all: Vec<Simulated> = each.collect();
        all.sort_unstable_by(|a, b| a.seconds.total_cmp(&b.seconds));
        all.swap_remove(all.len() / 2)
    };
    THREADS.into_iter().map(of).collect()
}

fn head() {
    let columns = THREADS.map(|threads| threads.to_string()).join(" | ");
    println!(
        "SIMULATED: how many times as fast as one core so many threads are, and what most is lost to.\n\n\
         | | batch | one core, measured ms | {columns} |\n|{}",
        "---|".repeat(3 + THREADS.len())
    );
}

/// All points of a batch size.
fn line(name: &str, rows: usize, traced: &Traced, points: &[Simulated]) {
    let one = traced.median();
    let point = |point: &Simulated| format!("{:.1} {}", one / point.seconds, point.limit());
    let points: Vec<String> = points.iter().map(point).collect();
    let times: Vec<f64> = traced
        .steps
        .iter()
        .map(|step| step.ns as f64 * 1e-6)
        .collect();
    println!(
        "| {name} | {rows} | {} | {} |",
        middle(&times),
        points.join(" | ")
    );
}

/// The presets, and beside two simulated threads the two that are here.
pub fn all(isa: Isa) {
    println!("## One machine\n");
    let machine = machine();
    let mut checks = Vec::new();
    head();
    for name in SHAPES {
        let shape = Shape::named(name);
        let mut sizes = vec![shape.preset.train.batch_size];
        sizes.extend(ROWS);
        sizes.dedup();
        let mut per_row = 0.0;
        for rows in sizes {
            if per_row * rows as f64 > LONG {
                continue;
            }
            let traced = trace(&shape, rows, isa);
            let points = simulated(&traced.steps, &machine);
            per_row = traced.median() / rows as f64;
            line(name, rows, &traced, &points);
            checks.push(format!(
                "| {name} | {rows} | {} | {:.2} | {} |",
                traced.steps.len(),
                traced.median() / points[0].seconds,
                middle(&traced.measured)
            ));
        }
    }
    println!(
        "\n| | batch | steps | speed-up of two threads, simulated | measured |\n|---|---|---|---|---|"
    );
    checks.iter().for_each(|line| println!("{line}"));
    println!();
}

/// The steps of a training.
pub fn of_file(file: &str) {
    let text = std::fs::read_to_string(file)
        .unwrap_or_else(|e| panic!("{file}: {e}: name the trace.jsonl of a run"));
    let mut lines_of_file = text.lines();
    let first = lines_of_file.next().unwrap_or_default();
    let header: Header = serde_json::from_str(first)
        .unwrap_or_else(|e| panic!("{file}: no trace ({e}): name the trace.jsonl of a run"));
    assert!(
        header.threads == 1,
        "{file}: is of {} threads: train with --threads 1",
        header.threads
    );
    let step = |line| {
        serde_json::from_str(line).unwrap_or_else(|e| panic!("{file}: a line is no step: {e}"))
    };
    let mut steps: Vec<Step> = lines_of_file.map(step).collect();
    let waits = |step: &Step| step.stages.iter().any(|stage| stage.name == OTHER_RANKS);
    assert!(
        !steps.iter().any(waits),
        "{file}: is of several ranks: train with one to see what its threads do"
    );
    // The last step of an epoch is a shorter one.
    let rows = steps.iter().map(|step| step.rows).max().unwrap_or(0);
    steps.retain(|step| step.rows == rows);
    assert!(!steps.is_empty(), "{file}: has no step: train some first");
    steps.sort_unstable_by_key(|step| step.ns);
    let machine = machine();
    let points = simulated(&steps, &machine);
    let traced = Traced {
        steps,
        measured: Vec::new(),
    };
    head();
    line("trace", rows, &traced, &points);
}
