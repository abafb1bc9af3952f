//! What the documentation of engine and optimiser promises: once warm, training and inference allocate nothing.
//!
//! Both are measured on real batches of a data set, multi-valued and numeric fields included. The one thing that does allocate
//! is the thread pool: work handed to it from outside goes through a queue of blocks of 63 places (`crossbeam-deque`), so
//! that every 63rd hand-over allocates a block of 1,520 bytes, with any number of threads. Those are counted apart, and
//! bounded: measured, 4 blocks in 64 steps of 4 hand-overs each.

#![allow(
    unsafe_code,
    reason = "a global allocator is unsafe to implement; this one counts and hands on to the system's"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use autoint::autograd::{Engine, Parameters};
use autoint::data::batch::Batch;
use autoint::data::dataset::{Dataset, SplitName};
use autoint::data::movielens::protocols;
use autoint::data::source::Source;
use autoint::data::store::Target;
use autoint::kernels::dropout::Draw;
use autoint::model::{Model, build};
use autoint::optim::{EmbeddingMode, Optimizer};
use autoint::score::Scorer;
use autoint::settings::Settings;
use autoint::simd::Isa;

/// Counts while [`COUNTING`] is set, on all threads.
struct Counter;

static COUNTING: AtomicBool = AtomicBool::new(false);
/// Allocations of the size of a block of the pool's queue.
static BLOCKS: AtomicUsize = AtomicUsize::new(0);
static OTHERS: AtomicUsize = AtomicUsize::new(0);
/// The size of the last one of the others, for the failure's message.
static LAST: AtomicUsize = AtomicUsize::new(0);

/// Bytes of a block of the queue: 63 jobs of two pointers and a state each, and a pointer to the next block.
const BLOCK_BYTES: usize = 63 * 24 + 8;

fn count(layout: Layout) {
    if !COUNTING.load(Ordering::Relaxed) {
        return;
    }
    if layout.size() == BLOCK_BYTES {
        BLOCKS.fetch_add(1, Ordering::Relaxed);
    } else {
        OTHERS.fetch_add(1, Ordering::Relaxed);
        LAST.store(layout.size(), Ordering::Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator unchanged; `count` does not allocate. (`realloc` and `alloc_zeroed` keep
// their default, which come through `alloc`.)
unsafe impl GlobalAlloc for Counter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout);
        // SAFETY: the caller keeps the contract of `alloc`, which is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: `memory` came from `alloc` above, that is from the system, with this layout.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTER: Counter = Counter;

/// Runs `work`; gives the blocks of the queue and the other allocations meanwhile.
fn allocations(work: impl FnOnce()) -> (usize, usize) {
    BLOCKS.store(0, Ordering::Relaxed);
    OTHERS.store(0, Ordering::Relaxed);
    COUNTING.store(true, Ordering::Relaxed);
    work();
    COUNTING.store(false, Ordering::Relaxed);
    (
        BLOCKS.load(Ordering::Relaxed),
        OTHERS.load(Ordering::Relaxed),
    )
}

/// Rows of a batch: several groups, the last shard short.
const ROWS: usize = 1000;

/// Steps, and calls of inference, that are counted.
const STEPS: usize = 64;

/// A model in training.
struct Training<'a> {
    data: &'a Dataset,
    settings: &'a Settings,
    engine: Engine,
    weights: Parameters,
    optimizer: Optimizer,
    batch: Batch,
    logits: Vec<f32>,
}

impl<'a> Training<'a> {
    fn new(data: &'a Dataset, settings: &'a Settings, threads: usize) -> Training<'a> {
        let Model {
            tape, logit, loss, ..
        } = build(&settings.model, &data.schema().offsets()).unwrap();
        Training {
            data,
            settings,
            weights: Parameters::initialise(tape.layout(), 1),
            optimizer: Optimizer::new(&settings.optimizer, tape.layout()).unwrap(),
            engine: Engine::new(tape, logit, loss, Isa::choose().unwrap(), threads).unwrap(),
            batch: Batch::default(),
            logits: Vec::new(),
        }
    }

    /// One of two batches in turn: what is larger in one than in the other has room after both.
    fn gather(&mut self, number: usize) {
        let first = number % 2 * ROWS;
        let rows = &self.data.split(SplitName::Train)[first..first + ROWS];
        self.data.gather(rows, &mut self.batch);
    }

    /// What `Trainer` does for each batch.
    fn step(&mut self, number: usize) {
        self.gather(number);
        let (engine, weights, batch) = (&mut self.engine, &mut self.weights, &self.batch);
        self.optimizer
            .prepare(engine.runtime(), batch.ids(), weights);
        let draw = Draw {
            seed: 1,
            step: number as u32,
        };
        let loss = engine.step(weights, batch, Some(draw), number as u64);
        assert!(loss.is_ok_and(|loss| loss > 0.0));
        let rate = self.settings.optimizer.learning_rate;
        let gradients = engine.gradients();
        (self.optimizer).step(engine.runtime(), gradients, rate, weights);
        engine.update_buffers(batch.rows, weights);
    }

    fn scorer(&self) -> Scorer<'a> {
        let schema = Cow::Borrowed(self.data.schema());
        Scorer::new(schema, self.engine.runtime(), self.weights.clone())
    }

    fn infer(&mut self, scorer: &Scorer<'_>, number: usize) {
        self.gather(number);
        scorer.logits(&self.batch, &mut self.logits);
    }
}

/// How often a step hands work to the pool: preparing, replaying, once a table, clipping, updating. (Inference does it once.)
fn hand_overs(settings: &Settings) -> usize {
    let clips = settings.optimizer.clip_norm > 0.0;
    4 + usize::from(settings.model.linear.is_some()) + usize::from(clips)
}

fn check(name: &str, data: &Dataset, settings: &Settings, threads: usize) {
    let mut training = Training::new(data, settings, threads);
    (0..2).for_each(|number| training.step(number));
    let step = allocations(|| (2..2 + STEPS).for_each(|number| training.step(number)));
    let scorer = training.scorer();
    (0..2).for_each(|number| training.infer(&scorer, number));
    let numbers = 2..2 + STEPS;
    let infer = allocations(|| numbers.for_each(|number| training.infer(&scorer, number)));
    for (what, (blocks, others), calls) in [
        ("training", step, STEPS * hand_overs(settings)),
        ("inference", infer, STEPS),
    ] {
        println!("{name}, {threads} threads, {what}: {blocks} blocks in {calls} hand-overs");
        let last = LAST.load(Ordering::Relaxed);
        assert_eq!(
            others, 0,
            "{name}, {threads} threads, {what}: the last was of {last} bytes"
        );
        assert!(
            blocks <= calls / 63 + 1,
            "{name}, {threads} threads, {what}: {blocks} blocks"
        );
    }
}

/// One test: the counter hears all threads, also those of another test.
#[test]
fn a_warm_step_and_a_warm_inference_allocate_nothing() {
    let source = Source::Synthetic { rows: Some(4000) };
    let encoded = |protocol| {
        let protocol = protocols::named(protocol).unwrap();
        source.encode(Some(&protocol), Target::Anywhere).unwrap()
    };
    let (course, recbole) = (encoded("course"), encoded("recbole"));
    let compact = Settings::preset("compact").unwrap();
    let mut batch_norm = compact.clone();
    batch_norm.model.mlp.as_mut().unwrap().batch_norm = true;
    let mut exact = Settings::preset("recbole").unwrap();
    exact.optimizer.embedding_mode = EmbeddingMode::Exact;
    exact.optimizer.clip_norm = 1.0;
    let mut authors = Settings::preset("authors").unwrap();
    authors.model.interacting.as_mut().unwrap().composed = true;
    authors.model.interacting.as_mut().unwrap().layers = 1;
    authors.optimizer.embedding_mode = EmbeddingMode::Lazy;
    for threads in [1, 2] {
        check("compact", &course, &compact, threads);
        check("compact with batch norm", &course, &batch_norm, threads);
        check("recbole, exact, clipped", &recbole, &exact, threads);
        check("authors, composed, lazy", &recbole, &authors, threads);
    }
}
