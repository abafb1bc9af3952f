//! Lesson 10: determinism, or why sums have an order.
//!
//! `(a + b) + c` and `a + (b + c)` differ in floats, as each sum is rounded. Threads that add to one number as they come finish in another
//! order every time, so such a training can never be made again, and no test of it can ask for equal bits.
//!
//! Here, what a batch sums up is cut by the batch: groups of 64 rows, whoever computes them. Inside a group rows are added in their
//! order; groups are added as a binary tree over their numbers:
//!
//! ```text
//! level 2   |           0             |
//! level 1   |     0      |     1      |
//! level 0   |  0  |  1   |  2  |  3   |      the groups
//! ```
//!
//! The order hangs on the batch alone, so one thread, two, or many machines give the same bits.

use autoint::Result;
use autoint::autograd::Engine;
use autoint::autograd::Parameters;
use autoint::data::batch::{Batch, FieldBatch};
use autoint::kernels::dropout::Draw;
use autoint::model::build;
use autoint::settings::Settings;
use autoint::simd::Isa;

/// The sum as a tree over halves.
fn tree(x: &[f32]) -> f32 {
    match x {
        [] => 0.0,
        [one] => *one,
        _ => {
            let (left, right) = x.split_at(x.len().next_power_of_two() / 2);
            tree(left) + tree(right)
        }
    }
}

/// All gradients of one step of the default model, on so many threads.
fn gradients(threads: usize) -> Result<Vec<u32>> {
    let settings = Settings::preset("autoint")?;
    let offsets = [0, 100, 200, 300];
    let model = build(&settings.model, &offsets)?;
    let parameters = Parameters::initialise(model.tape.layout(), 10);
    let mut engine = Engine::new(model.tape, model.logit, model.loss, Isa::choose()?, threads)?;
    let rows = 1000;
    let ids = |field: u32| (0..rows).map(move |row| 100 * field + row * (7 + field) % 100);
    let batch = Batch {
        rows: rows as usize,
        fields: (0..3)
            .map(|field| FieldBatch::One {
                ids: ids(field).collect(),
            })
            .collect(),
        labels: (0..rows).map(|row| f32::from(row % 3 == 0)).collect(),
        weights: vec![],
    };
    let draw = Some(Draw { seed: 1, step: 1 });
    engine.step(&parameters, &batch, draw, 1)?;
    let gradients = engine.gradients();
    let all = gradients
        .dense
        .iter()
        .chain(gradients.tables.iter().flatten());
    Ok(all.map(|x| x.to_bits()).collect())
}

/// Prints the numbers, and asserts what is said of them.
pub fn main() -> Result<()> {
    let (a, b, c) = (1e8f32, -1e8f32, 1.0f32);
    println!("(1e8 + -1e8) + 1 = {}", (a + b) + c);
    println!("1e8 + (-1e8 + 1) = {}", a + (b + c));
    assert_ne!((a + b) + c, a + (b + c));

    // A thousand numbers of very different sizes.
    let number = |k: usize| ((k * 7919 % 1000) as f32 - 500.0) * 1.5f32.powi((k * 31 % 23) as i32);
    let numbers: Vec<f32> = (0..1000).map(number).collect();
    let exact: f64 = numbers.iter().map(|&x| f64::from(x)).sum();
    let mut sorted = numbers.clone();
    sorted.sort_by(f32::total_cmp);
    let orders = [
        ("in order", numbers.iter().sum::<f32>()),
        ("backwards", numbers.iter().rev().sum()),
        ("smallest first", sorted.iter().sum()),
        ("as a tree", tree(&numbers)),
    ];
    println!("\nthe same thousand numbers, added       error");
    for (name, sum) in orders {
        println!("  {name:<20} {sum:>14.2}  {:>9.2}", f64::from(sum) - exact);
    }
    assert_ne!(orders[0].1, orders[1].1);
    assert_ne!(orders[0].1, orders[2].1);

    println!("\nall gradients of a step of the default model, 1000 rows, with dropout");
    let one = gradients(1)?;
    for threads in [1, 2, 3, 8] {
        let again = gradients(threads)?;
        let other = one.iter().zip(&again).filter(|(a, b)| a != b).count();
        println!(
            "  {threads} threads: {other} of {} differ in any bit",
            one.len()
        );
        assert_eq!(other, 0);
    }
    Ok(())
}
