//! Lesson 1: a tape of three nodes by hand.
//!
//! A model is a chain of small functions. *Forward* computes their results one after the other; *backward* goes the same way back and asks,
//! for every number: if it grew a little, by how much would the loss grow? That is its gradient, and the chain rule gives it from the
//! gradient of what was computed from it.
//!
//! ```text
//! node 1   u = w x
//! node 2   z = u + b                     the logit
//! node 3   L = ln(1 + e^z) - y z         binary cross-entropy of the label y, 0 or 1
//! ```

use autoint::Result;
use autoint::autograd::layout::TableSpec;
use autoint::autograd::{Engine, Init, Parameters, Role, Tape};
use autoint::data::batch::{Batch, FieldBatch};
use autoint::simd::Isa;

const X: f64 = 2.0;
const Y: f64 = 1.0;

/// The loss for a weight, a bias and an input: all three nodes, forward.
fn loss(w: f64, b: f64, x: f64) -> f64 {
    let u = w * x;
    let z = u + b;
    z.exp().ln_1p() - Y * z
}

/// What the library's engine makes of the same three nodes: loss, and the gradients of w, b and x.
fn by_the_engine(w: f64, b: f64) -> Result<[f64; 4]> {
    let mut tape = Tape::new();
    // Inputs are rows of tables: a table of one row with one number is x.
    let table = tape.table(TableSpec {
        name: "x".into(),
        rows: 1,
        dim: 1,
        init: Init::Constant(0.0),
        field_starts: vec![],
    });
    let x = tape.embedding(table, 1)?;
    let x = tape.reshape(&x, &[1])?;
    let weight = tape.parameter("w", &[1, 1], Init::Constant(w as f32), Role::Kernel)?;
    let bias = tape.parameter("b", &[1], Init::Constant(b as f32), Role::Bias)?;
    let logit = tape.linear(&x, &weight, Some(&bias))?;
    let loss = tape.bce(&logit)?;
    let mut parameters = Parameters::initialise(tape.layout(), 1);
    parameters.tables[0][0] = X as f32;
    let batch = Batch {
        rows: 1,
        fields: vec![FieldBatch::One { ids: vec![0] }],
        labels: vec![Y as f32],
        weights: vec![],
    };
    let mut engine = Engine::new(tape, logit, loss, Isa::choose()?, 1)?;
    let loss = engine.step(&parameters, &batch, None, 1)?;
    let gradients = engine.gradients();
    let [d_w, d_b] = [gradients.dense[0], gradients.dense[1]].map(f64::from);
    Ok([loss, d_w, d_b, f64::from(gradients.tables[0][0])])
}

/// Prints the numbers, and asserts what is said of them.
pub fn main() -> Result<()> {
    let (w, b) = (0.5, -0.25);

    let u = w * X;
    let z = u + b;
    let l = z.exp().ln_1p() - Y * z;
    println!("forward, x = {X}, y = {Y}, w = {w}, b = {b}");
    println!("  u = w x      {u:>10.6}");
    println!("  z = u + b    {z:>10.6}");
    println!("  L            {l:>10.6}");

    // L = ln(1 + e^z) - y z   =>  dL/dz = e^z / (1 + e^z) - y = p - y: how far the probability is off.
    let p = 1.0 / (1.0 + (-z).exp());
    let d_z = p - Y;
    // z = u + b               =>  a gradient goes through a sum as it is.
    let (d_u, d_b) = (d_z, d_z);
    // u = w x                 =>  each factor's gradient is the other factor.
    let (d_w, d_x) = (d_u * X, d_u * w);

    // The same by trying: move one number a little to both sides.
    let h = 1e-6;
    let tried = |f: &dyn Fn(f64) -> f64| (f(h) - f(-h)) / (2.0 * h);
    let numeric = [
        tried(&|e| loss(w + e, b, X)),
        tried(&|e| loss(w, b + e, X)),
        tried(&|e| loss(w, b, X + e)),
    ];
    let [engine_loss, engine @ ..] = by_the_engine(w, b)?;
    println!("\nbackward       by the rule     by trying   by the engine");
    for (name, rule, tried, engine) in [
        ("dL/dw", d_w, numeric[0], engine[0]),
        ("dL/db", d_b, numeric[1], engine[1]),
        ("dL/dx", d_x, numeric[2], engine[2]),
    ] {
        println!("  {name}     {rule:>12.6}  {tried:>12.6}  {engine:>14.6}");
        assert!((rule - tried).abs() < 1e-8 && (rule - engine).abs() < 1e-6);
    }
    assert!((l - engine_loss).abs() < 1e-6);

    let rate = 0.1;
    let after = loss(w - rate * d_w, b - rate * d_b, X);
    println!("\na step of {rate} against the gradient: the loss falls from {l:.6} to {after:.6}");
    assert!(after < l);
    Ok(())
}
