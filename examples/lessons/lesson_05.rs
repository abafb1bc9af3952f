//! Lesson 5: the same layer fused, and why the rows lie in the lanes.
//!
//! A processor multiplies 4, 8 or 16 floats with one instruction (its *lanes*). F fields and c numbers of a head are small and odd, so
//! lanes along them would stay half empty. But a batch has many rows that all do the same: put sixteen rows side by side, and one
//! instruction does one multiplication for sixteen rows. A number of the layer is then a *column* of sixteen:
//!
//! ```text
//! memory of a block of rows:   unit 0: row 0 row 1 ... row 15 | unit 1: row 0 row 1 ... row 15 | ...
//! ```
//!
//! The fused op does projections, scores, softmax and mixing in one go over that memory. What it computes is what lesson 4 composed; only
//! additions come in another order.

use std::time::Instant;

use autoint::Result;
use autoint::autograd::layout::TableSpec;
use autoint::autograd::ops::interacting::{Fused, Projection};
use autoint::autograd::{Init, Param, Parameters, Role, Runtime, Tape, Var};
use autoint::data::batch::{Batch, FieldBatch};
use autoint::simd::Isa;

const FIELDS: usize = 7;
const DIM: usize = 16;
const HEADS: usize = 2;
const WIDTH: usize = 32;
const ROWS: usize = 2048;

/// From query, key, value, residual.
type Layer = fn(&mut Tape, &Var, [Param; 4]) -> Result<Var>;

fn composed(tape: &mut Tape, x: &Var, weights: [Param; 4]) -> Result<Var> {
    let [q, k, v, residual] = weights.map(|weight| tape.linear(x, &weight, None));
    let head = |tape: &Tape, x: &Var| tape.reshape(x, &[FIELDS, HEADS, WIDTH / HEADS]);
    let (q, k, v) = (head(tape, &q?)?, head(tape, &k?)?, head(tape, &v?)?);
    let scores = tape.einsum("i h c, j h c -> h i j", &q, &k)?;
    let alpha = tape.softmax(&scores)?;
    let mixed = tape.einsum("h i j, j h c -> i h c", &alpha, &v)?;
    let mixed = tape.reshape(&mixed, &[FIELDS, WIDTH])?;
    let sum = tape.add(&mixed, &residual?)?;
    Ok(tape.relu(&sum))
}

fn fused(tape: &mut Tape, x: &Var, weights: [Param; 4]) -> Result<Var> {
    let projections = weights.map(|weight| Projection { weight, bias: None });
    let layer = Fused {
        projections,
        heads: HEADS,
        scale: 1.0,
        projection_relu: false,
        dropout: 0.0,
    };
    Ok(tape.interacting(x, layer)?.0)
}

/// Logits of a model with one layer, and the shortest time of five passes in microseconds.
fn run(layer: Layer, isa: Isa) -> Result<(Vec<f32>, f64)> {
    let mut tape = Tape::new();
    let table = tape.table(TableSpec {
        name: "embedding".into(),
        rows: 100 * FIELDS,
        dim: DIM,
        init: Init::Normal { deviation: 0.3 },
        field_starts: vec![],
    });
    let x = tape.embedding(table, FIELDS)?;
    let mut matrix = |name| tape.parameter(name, &[DIM, WIDTH], Init::GlorotUniform, Role::Kernel);
    let weights = [matrix("q")?, matrix("k")?, matrix("v")?, matrix("r")?];
    let out = layer(&mut tape, &x, weights)?;
    let flat = tape.reshape(&out, &[FIELDS * WIDTH])?;
    let head = tape.parameter(
        "head",
        &[FIELDS * WIDTH, 1],
        Init::GlorotUniform,
        Role::Kernel,
    )?;
    let logit = tape.linear(&flat, &head, None)?;
    let parameters = Parameters::initialise(tape.layout(), 5);
    let runtime = Runtime::new(tape, logit, isa, 1)?;
    let weights = runtime.freeze(&parameters);
    let id = |field: usize, row: usize| (100 * field + row * (field + 3) % 100) as u32;
    let ids = |field| (0..ROWS).map(|row| id(field, row)).collect();
    let batch = Batch {
        rows: ROWS,
        fields: (0..FIELDS)
            .map(|field| FieldBatch::One { ids: ids(field) })
            .collect(),
        ..Batch::default()
    };
    let (mut logits, mut shortest) = (Vec::new(), f64::MAX);
    for _ in 0..5 {
        let start = Instant::now();
        runtime.logits(&weights, &batch, &mut logits);
        shortest = shortest.min(start.elapsed().as_secs_f64() * 1e6);
    }
    Ok((logits, shortest))
}

/// Prints the numbers, and asserts what is said of them.
pub fn main() -> Result<()> {
    println!("{ROWS} rows of {FIELDS} fields, d = {DIM}, {HEADS} heads, width {WIDTH}, one thread");
    println!("  instruction set   composed us   fused us   largest difference of a logit");
    for isa in Isa::available() {
        let (slow, slow_time) = run(composed, isa)?;
        let (fast, fast_time) = run(fused, isa)?;
        let pairs = slow.iter().zip(&fast);
        let difference = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        println!(
            "  {:<15} {slow_time:>13.0} {fast_time:>10.0}   {difference:.1e}",
            isa.name()
        );
        assert!(difference < 1e-5, "the same layer");
    }
    Ok(())
}
