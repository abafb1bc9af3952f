//! What ranks really send in a step, counted: what the formulas of [`crate::cost`] are checked against.
//!
//! The ranks are threads of one process, each with an engine and its part of one batch, whose values fall off by a power law.

use std::sync::{Arc, Mutex, PoisonError};

use autoint::autograd::far::{Far, Fetched};
use autoint::autograd::part::rows_of;
use autoint::autograd::{Engine, Parameters, Part};
use autoint::data::batch::{Batch, FieldBatch};
use autoint::kernels::dropout::uniform;
use autoint::model::{Model as Built, build};
use autoint::ranks::threads::together;
use autoint::ranks::{Owners, Ranks};
use autoint::settings::Settings;
use autoint::simd::Isa;

use crate::cost::{Cluster, Fields, Model, Tables};

/// Ranks that count the bytes of each call: what a rank sends to others, or gets from them where all get the same.
#[derive(Debug)]
struct Counting {
    ranks: Arc<dyn Ranks>,
    calls: Mutex<Vec<usize>>,
}

impl Counting {
    fn count(&self, of_ranks: &[usize]) {
        let words = of_ranks.iter().sum::<usize>() - of_ranks[self.rank()];
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(4 * words);
    }
}

impl Ranks for Counting {
    fn rank(&self) -> usize {
        self.ranks.rank()
    }

    fn size(&self) -> usize {
        self.ranks.size()
    }

    fn gather(&self, mine: &[u32], lengths: &[usize], all: &mut Vec<u32>) {
        self.count(lengths);
        self.ranks.gather(mine, lengths, all);
    }

    fn exchange(&self, mine: &[u32], sent: &[usize], received: &[usize], all: &mut Vec<u32>) {
        self.count(sent);
        self.ranks.exchange(mine, sent, received, all);
    }
}

/// Bytes of a step of the rank with the most: to fetch rows, of the dense tree, and of row gradients.
#[derive(Debug)]
pub struct Check {
    pub counted: [usize; 3],
    pub modelled: [f64; 3],
}

impl Check {
    /// How far the model is off, as a share of what was counted: the largest of all.
    pub fn difference(&self) -> f64 {
        let both = self.counted.iter().zip(self.modelled);
        let some = both.filter(|(counted, _)| **counted > 0);
        let off = some.map(|(&counted, modelled)| (modelled / counted as f64 - 1.0).abs());
        off.fold(0.0, f64::max)
    }
}

/// A step of `batch` rows on so many ranks.
pub fn check(
    settings: &Settings,
    fields: &[Fields],
    tables: Tables,
    ranks: usize,
    batch: usize,
) -> Check {
    let calls = calls(settings, fields, tables, ranks, batch);
    let cluster = Cluster {
        ranks,
        cores: 1,
        bandwidth: 1.0,
        latency: 0.0,
        message: 0.0,
        disk: 1.0,
    };
    let cost = cluster.step(&model(settings, fields, tables), batch);
    Check {
        counted: by_purpose(&calls, tables),
        modelled: [cost.fetch.bytes, cost.dense.bytes, cost.rows.bytes],
    }
}

/// What the calls of a step are for: three fetch rows of spread tables, two are the dense tree's, two row gradients'.
fn by_purpose(of_ranks: &[Vec<usize>], tables: Tables) -> [usize; 3] {
    let fetches = match tables {
        Tables::Whole => 0,
        Tables::Spread => 3,
    };
    let mut most = [0; 3];
    for calls in of_ranks {
        assert_eq!(calls.len(), fetches + 4, "calls in a step");
        let (fetch, others) = calls.split_at(fetches);
        let (dense, rows) = others.split_at(2);
        for (most, calls) in most.iter_mut().zip([fetch, dense, rows]) {
            *most = (*most).max(calls.iter().sum());
        }
    }
    most
}

/// What the formulas are told of a model: the shape of its weights.
fn model(settings: &Settings, fields: &[Fields], tables: Tables) -> Model {
    let built = build(&settings.model, &offsets(fields)).expect("a model");
    let layout = built.tape.layout();
    Model {
        fields: fields.to_vec(),
        dense: layout.dense_len(),
        width: layout.table_width(),
        copies: 3,
        seconds_per_row: 0.0,
        tables,
    }
}

/// How many values each field has.
fn values(fields: &[Fields]) -> impl Iterator<Item = usize> {
    let of = |fields: &Fields| std::iter::repeat_n(fields.values as usize, fields.count);
    fields.iter().flat_map(of)
}

/// The first table row of each field, and the number of all at the end.
fn offsets(fields: &[Fields]) -> Vec<usize> {
    let mut offsets = vec![0];
    offsets.extend(values(fields).scan(0, |end, values| {
        *end += values;
        Some(*end)
    }));
    offsets
}

/// The bytes of each call of a step, by rank.
fn calls(
    settings: &Settings,
    fields: &[Fields],
    tables: Tables,
    ranks: usize,
    batch: usize,
) -> Vec<Vec<usize>> {
    let columns = columns(fields, batch);
    together(ranks, |ranks| {
        let Built {
            tape, logit, loss, ..
        } = build(&settings.model, &offsets(fields)).expect("a model");
        let owners = match tables {
            Tables::Whole => Owners::ONE,
            Tables::Spread => ranks.owners(),
        };
        let mut parameters = Parameters::initialise_share(tape.layout(), owners, 1);
        let own = rows_of(ranks.rank(), ranks.size(), batch);
        let counting = Arc::new(Counting {
            ranks,
            calls: Mutex::default(),
        });
        let far = Far::new(Arc::clone(&counting) as Arc<dyn Ranks>, tape.layout());
        let isa = Isa::choose().expect("an instruction set");
        let mut engine = Engine::new(tape, logit, loss, isa, 1).expect("a thread");
        engine.join(Arc::clone(&counting) as Arc<dyn Ranks>);
        let part = Part {
            first_row: own.start,
            rows: batch,
            loss_scale: 1.0 / batch as f64,
        };
        let field = |ids: &Vec<u32>| FieldBatch::One {
            ids: ids[own.clone()].to_vec(),
        };
        let mut own = Batch {
            rows: own.len(),
            fields: columns.iter().map(field).collect(),
            labels: own.clone().map(|row| (row % 2) as f32).collect(),
            weights: Vec::new(),
        };
        let mut fetched = Fetched::default();
        let names = (tables == Tables::Spread).then(|| {
            let mut serve = |places: &[u32], out: &mut Vec<u32>| far.put(&parameters, places, out);
            far.fetch(&mut own, &mut fetched, &mut serve);
            std::mem::swap(&mut fetched.parameters.tables, &mut parameters.tables);
            fetched.ids()
        });
        let loss = engine.step_part(&parameters, &own, part, names, None, 1);
        assert!(loss.expect("a finite loss") > 0.0);
        let mut calls = counting
            .calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *calls)
    })
}

/// The ids of each field, drawn by its power law.
fn columns(fields: &[Fields], rows: usize) -> Vec<Vec<u32>> {
    let mut offsets = offsets(fields).into_iter();
    let mut columns = Vec::new();
    for group in fields {
        let mut sum = 0.0;
        let up_to = (1..=group.values as usize).map(|v| {
            sum += (v as f64).powf(-group.exponent);
            sum
        });
        let up_to: Vec<f64> = up_to.collect();
        for offset in offsets.by_ref().take(group.count) {
            let id = |row| {
                let at = f64::from(uniform(3, offset as u32, row)) * sum;
                (offset + up_to.partition_point(|&up_to| up_to <= at)) as u32
            };
            columns.push((0..rows as u32).map(id).collect());
        }
    }
    columns
}
