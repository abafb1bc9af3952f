//! One scorer, called from wherever a caller happens to be: the same logits everywhere, and nobody waits for another's memory.

use std::borrow::Cow;
use std::sync::{Arc, Barrier};

use autoint::autograd::{Parameters, Runtime};
use autoint::data::batch::Batch;
use autoint::data::dataset::Dataset;
use autoint::data::source::Source;
use autoint::data::store::Target;
use autoint::model::build;
use autoint::score::Scorer;
use autoint::settings::Settings;
use autoint::simd::Isa;
use rayon::prelude::*;

/// Callers of each test: more than the scorer has threads.
const CALLERS: usize = 8;

/// A request of one row, one that fills a shard, and one that is cut into several.
const SIZES: [usize; 4] = [1, 3, 60, 700];

struct Case {
    data: Dataset,
    runtime: Arc<Runtime>,
    parameters: Parameters,
}

impl Case {
    fn new(threads: usize) -> Case {
        let source = Source::Synthetic { rows: Some(1_000) };
        let data = source.encode(None, Target::Anywhere).unwrap();
        let config = Settings::preset("compact").unwrap().model;
        let model = build(&config, &data.schema().offsets()).unwrap();
        let parameters = Parameters::initialise(model.tape.layout(), 1);
        let isa = Isa::choose().unwrap();
        let runtime = Runtime::new(model.tape, model.logit, isa, threads).unwrap();
        Case {
            data,
            runtime: Arc::new(runtime),
            parameters,
        }
    }

    fn scorer(&self) -> Scorer<'_> {
        let schema = Cow::Borrowed(self.data.schema());
        Scorer::new(schema, &self.runtime, &self.parameters)
    }

    fn batch(&self, rows: usize) -> Batch {
        let mut batch = Batch::default();
        let rows: Vec<u32> = (0..rows as u32).collect();
        self.data.gather(&rows, &mut batch);
        batch
    }

    /// A call for every size, compared with `expected`.
    fn check(&self, scorer: &Scorer<'_>, expected: &[u32], logits: &mut Vec<f32>) {
        for size in SIZES {
            scorer.logits(&self.batch(size), logits);
            assert_eq!(bits(logits), expected[..size], "{size} rows");
        }
    }

    /// The logits that one caller alone gets.
    fn expected(&self, scorer: &Scorer<'_>) -> Vec<u32> {
        let mut logits = Vec::new();
        scorer.logits(&self.batch(SIZES[3]), &mut logits);
        assert!(logits.iter().all(|z| z.is_finite()) && logits[0] != logits[1]);
        bits(&logits)
    }
}

fn bits(x: &[f32]) -> Vec<u32> {
    x.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn a_larger_foreign_pool_may_call() {
    let case = Case::new(1);
    let scorer = case.scorer();
    let expected = case.expected(&scorer);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(CALLERS).build();
    pool.unwrap().install(|| {
        (0..10 * CALLERS)
            .into_par_iter()
            .for_each(|_| case.check(&scorer, &expected, &mut Vec::new()));
    });
}

#[test]
fn plain_threads_do_not_wait_for_each_others_memory() {
    let case = Case::new(1);
    let scorer = case.scorer();
    let expected = case.expected(&scorer);
    let workspaces = || case.runtime.workspaces().count();
    assert_eq!(workspaces(), 1);
    let start = Barrier::new(CALLERS);
    let call = || {
        let mut logits = Vec::new();
        start.wait();
        // As long as it takes for two of them to meet; that they never do is what the bound is for.
        for round in 0..500 {
            case.check(&scorer, &expected, &mut logits);
            if round > 10 && workspaces() > 1 {
                break;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(call);
        }
    });
    let made = workspaces();
    assert!((2..=CALLERS + 1).contains(&made), "{made} workspaces");
}

#[test]
fn its_own_pool_may_call() {
    let case = Case::new(2);
    let scorer = case.scorer();
    let expected = case.expected(&scorer);
    case.runtime.install(|| {
        (0..5 * CALLERS)
            .into_par_iter()
            .for_each(|_| case.check(&scorer, &expected, &mut Vec::new()));
    });
    assert_eq!(case.runtime.workspaces().count(), 2);
}

#[test]
fn an_offset_moves_every_logit_and_none_moves_nothing() {
    let case = Case::new(1);
    let expected = case.expected(&case.scorer());
    let rows: Vec<u32> = (0..SIZES[3] as u32).collect();
    let mut schema = case.data.schema().clone();
    schema.protocol.sampling.negatives = 0.25;
    let scorer = Scorer::new(Cow::Owned(schema), &case.runtime, &case.parameters);
    let moved = scorer.rows(&case.data, &rows);
    // Four times the negatives: the odds are a quarter.
    let offset = f32::ln(0.25);
    for (moved, logit) in moved.iter().zip(&expected) {
        assert_eq!(*moved, f32::from_bits(*logit) + offset);
    }
}
