//! One user against all 3,706 items of MovieLens-1M, and the ten best of them, on all cores. Elements are items.
//!
//! All is done anew for each user: filling the batch, the logits, the selection.

#![allow(missing_docs, reason = "what criterion_group! makes is public")]

use autoint::data::batch::{Batch, FieldBatch};
use autoint::simd::Isa;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

mod support;

const ITEMS: usize = 3706;
const TOP: usize = 10;

/// The item's fields: of the course's table its number, decade, year and genres. What is the user's and the moment's lies in
/// the others, which repeat. (`criteo` has no items: any field is as good.)
const ITEM_FIELDS: [usize; 6] = [1, 2, 3, 7, 8, 9];

/// Puts the user `row` of `users` before every item.
fn candidates(users: &Batch, row: usize, shape: &support::Shape, to: &mut Batch) {
    to.rows = ITEMS;
    let offsets = shape.offsets();
    for (number, (to, from)) in to.fields.iter_mut().zip(&users.fields).enumerate() {
        let (FieldBatch::One { ids: to }, FieldBatch::One { ids: from }) = (to, from) else {
            continue;
        };
        to.clear();
        if ITEM_FIELDS.contains(&number) {
            let (first, values) = (offsets[number], shape.fields[number]);
            to.extend((0..ITEMS).map(|item| (first + item % values) as u32));
        } else {
            to.resize(ITEMS, from[row]);
        }
    }
}

/// The numbers of the largest logits, best first; equal ones in the order of their numbers.
fn best(logits: &[f32], order: &mut Vec<u32>) {
    order.clear();
    order.extend(0..logits.len() as u32);
    let by_logit = |a: &u32, b: &u32| {
        let (x, y) = (logits[*a as usize], logits[*b as usize]);
        y.total_cmp(&x).then(a.cmp(b))
    };
    order.select_nth_unstable_by(TOP - 1, by_logit);
    order.truncate(TOP);
    order.sort_unstable_by(by_logit);
}

/// Against sorting them all.
fn check(logits: &[f32], order: &[u32]) {
    let mut sorted = logits.to_vec();
    sorted.sort_unstable_by(|x, y| y.total_cmp(x));
    let found = order.iter().map(|&item| logits[item as usize]);
    assert!(found.eq(sorted[..TOP].iter().copied()), "not the ten best");
}

fn rank(c: &mut Criterion) {
    let isa = Isa::choose().expect("an instruction set");
    let mut group = c.benchmark_group("rank");
    group.throughput(Throughput::Elements(ITEMS as u64));
    for shape in support::shapes() {
        let mut net = support::Net::new(&shape, isa, support::all_cores());
        let users = shape.batch(64, 1);
        let (mut batch, mut order, mut user) = (users.clone(), Vec::new(), 0);
        candidates(&users, user, &shape, &mut batch);
        best(net.infer(&batch), &mut order);
        check(&net.logits, &order);
        group.bench_function(shape.name, |b| {
            b.iter(|| {
                user = (user + 1) % users.rows;
                candidates(&users, user, &shape, &mut batch);
                best(net.infer(&batch), &mut order);
                order[0]
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = support::criterion(300, 1000);
    targets = rank
}
criterion_main!(benches);
