//! Lesson 2: an op of one's own.
//!
//! An op is six things: a name, its formula in one line (for people), its kind (for export; `Other` is exported nowhere), forward,
//! backward, and its *definition*, the formula for one row in f64, as plainly as it can be written. The definition is what forward and
//! backward are checked against: gradients by moving every number a little to both sides. Here is `out = x^2`, and the same with a
//! gradient that is wrong by a factor.
//!
//! `operands.get(0)` are all numbers of all rows, in blocks of `BLOCK` rows side by side (lesson 5): an op that goes number by number
//! need not know their order.

use autoint::Result;
use autoint::autograd::check::{Check, Outcome};
use autoint::autograd::op::{BLOCK, Backward, Definition, Forward, Op};
use autoint::autograd::{OpKind, Parameters, Tape, Var};
use autoint::data::batch::Batch;
use autoint::simd::Isa;

#[derive(Debug)]
struct Square {
    /// What the gradient is multiplied by: 2 is right.
    factor: f32,
}

impl Op for Square {
    fn name(&self) -> &'static str {
        "square"
    }

    fn formula(&self) -> &str {
        "out[u] = x[u]^2"
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::Other
    }

    fn forward(&self, f: &mut Forward<'_>) {
        for (out, x) in f.out.iter_mut().zip(f.operands.get(0)) {
            *out = x * x;
        }
    }

    fn backward(&self, b: &mut Backward<'_>) {
        // out = x^2  =>  d_x += 2 x d_out. (+=: x may be used elsewhere too, and gradients of all its uses add up.)
        let x = b.operands.get(0);
        for ((d_x, x), d_out) in b.d_operands.get(0).iter_mut().zip(x).zip(b.d_out) {
            *d_x += self.factor * x * d_out;
        }
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        r.operands[0].iter().map(|x| x * x).collect()
    }
}

fn square(tape: &mut Tape, x: &Var, factor: f32) -> Var {
    tape.record(Square { factor }, &[x], x.shape())
}

/// The largest relative errors of `out = x^2 + x`: of the values and of the gradient.
fn checked(factor: f32) -> Result<(f64, f64)> {
    let mut tape = Tape::new();
    let x = tape.input(&[3]);
    let squared = square(&mut tape, &x, factor);
    let result = tape.add(&squared, &x)?;
    // Three units of a block of rows, in which every number is another.
    let numbers = |seed: usize| -> Vec<f32> {
        let number = |k: usize| ((k * 7919 + seed) % 1000) as f32 / 500.0 - 1.0;
        (0..3 * BLOCK).map(number).collect()
    };
    let check = Check {
        tape: &tape,
        result: &result,
        leaves: vec![(x, numbers(1))],
        parameters: &Parameters::default(),
        batch: &Batch {
            rows: BLOCK,
            ..Batch::default()
        },
        rows: BLOCK,
        // Of dropout: none is drawn.
        draw: None,
        // What each number of the result weighs in the scalar that is differentiated. With all the same, some errors would not show.
        cotangent: &numbers(2),
    };
    match check.run(Isa::choose()?) {
        // An argument of a ReLU was next to its kink; here is none.
        Outcome::Rejected => Ok((f64::INFINITY, f64::INFINITY)),
        Outcome::Compared { value, gradients } => Ok((value, gradients[0].1)),
    }
}

/// Prints the numbers, and asserts what is said of them.
pub fn main() -> Result<()> {
    println!(
        "out = x^2 + x, {} numbers: largest relative error",
        3 * BLOCK
    );
    println!("  backward              values    gradient of x");
    for (factor, what) in [(2.0, "2 x d_out"), (1.9, "1.9 x d_out")] {
        let (value, gradient) = checked(factor)?;
        println!("  {what:<16} {value:>11.1e} {gradient:>16.1e}");
        // The values do not know of backward; the check of the gradient must.
        assert!(value < 1e-6);
        assert_eq!(gradient < 2e-4, factor == 2.0);
    }
    println!("\nThe check allows 2e-4: the first passes, the second is found out.");
    println!(
        "Every op of src/autograd/ops is checked so, and three times more with its backward broken."
    );
    Ok(())
}
