//! Lesson 4: attention, composed of small ops as the paper has it (Song et al. 2019, equations 5 to 8), every intermediate shown.
//!
//! Each field asks (query), offers (key) and has something to give (value). How much field i takes from field j is the softmax of how
//! well i's question fits j's offer; with H heads all of it happens H times, with other matrices, side by side.
//!
//! ```text
//! q, k, v      = x W_q, x W_k, x W_v           [F, H c]  seen as [F, H, c]
//! scores       = "i h c, j h c -> h i j"       q . k for each head and pair of fields      (5)
//! alpha        = softmax over j                how field i shares its attention            (5)
//! mixed        = "h i j, j h c -> i h c"       what it gets                                (6)
//! out          = relu(mixed + x W_res)         and what it was                             (7, 8)
//! ```

use autoint::Result;
use autoint::autograd::layout::TableSpec;
use autoint::autograd::{Init, Parameters, Role, Runtime, Tape, Var};
use autoint::data::batch::{Batch, FieldBatch};
use autoint::simd::Isa;

/// Three fields of two values each.
const FIELDS: usize = 3;
const DIM: usize = 2;
const HEADS: usize = 2;
/// Numbers of a head.
const C: usize = 2;

/// Shows a result of one row as rows of its last axis.
fn show(name: &str, shape: &[usize], values: &[f32]) {
    println!("\n{name}  {shape:?}");
    let last = shape[shape.len() - 1];
    for (number, line) in values.chunks(last).enumerate() {
        let place = match shape {
            [_, middle, _] => format!("[{}, {}]", number / middle, number % middle),
            _ => format!("[{number}]"),
        };
        let numbers: Vec<String> = line.iter().map(|x| format!("{x:>8.4}")).collect();
        println!("  {place:<7} {}", numbers.join(" "));
    }
}

/// Prints the numbers, and asserts what is said of them.
pub fn main() -> Result<()> {
    let mut tape = Tape::new();
    let table = tape.table(TableSpec {
        name: "embedding".into(),
        rows: 2 * FIELDS,
        dim: DIM,
        init: Init::Normal { deviation: 1.0 },
        field_starts: vec![],
    });
    let x = tape.embedding(table, FIELDS)?;
    let project = |tape: &mut Tape, name: &str| -> Result<Var> {
        let weight = tape.parameter(name, &[DIM, HEADS * C], Init::GlorotUniform, Role::Kernel)?;
        tape.linear(&x, &weight, None)
    };
    let [q, k, v] = ["query", "key", "value"].map(|name| project(&mut tape, name));
    let (q, k, v) = (q?, k?, v?);
    let residual = project(&mut tape, "residual")?;
    let by_head = |tape: &Tape, x: &Var| tape.reshape(x, &[FIELDS, HEADS, C]);
    let (q, k, v) = (
        by_head(&tape, &q)?,
        by_head(&tape, &k)?,
        by_head(&tape, &v)?,
    );
    let scores = tape.einsum("i h c, j h c -> h i j", &q, &k)?;
    let alpha = tape.softmax(&scores)?;
    let mixed = tape.einsum("h i j, j h c -> i h c", &alpha, &v)?;
    let mixed_flat = tape.reshape(&mixed, &[FIELDS, HEADS * C])?;
    let sum = tape.add(&mixed_flat, &residual)?;
    let out = tape.relu(&sum);
    // A runtime wants a logit at the end; here it is not looked at.
    let flat = tape.reshape(&out, &[FIELDS * HEADS * C])?;
    let weight = tape.parameter(
        "head",
        &[FIELDS * HEADS * C, 1],
        Init::GlorotUniform,
        Role::Kernel,
    )?;
    let logit = tape.linear(&flat, &weight, None)?;

    let parameters = Parameters::initialise(tape.layout(), 4);
    // What replays a tape forward; an `Engine` (lesson 3) is one with gradients.
    let runtime = Runtime::new(tape, logit, Isa::choose()?, 1)?;
    let batch = Batch {
        rows: 1,
        fields: [0, 3, 4]
            .map(|id| FieldBatch::One { ids: vec![id] })
            .to_vec(),
        ..Batch::default()
    };
    let vars = [&x, &q, &k, &v, &scores, &alpha, &mixed, &out];
    let names = ["x", "q", "k", "v", "scores", "alpha", "mixed", "out"];
    let values = runtime.read(&runtime.freeze(&parameters), &batch, &vars);
    for ((name, var), values) in names.iter().zip(vars).zip(&values) {
        show(name, var.shape(), values);
    }

    // One number of it by hand: how much field 0 attends to field 2 in head 1 (behind the F x F of head 0).
    let dot = |i: usize, j: usize, h: usize| -> f32 {
        let at = |field: usize| (field * HEADS + h) * C;
        (0..C)
            .map(|c| values[1][at(i) + c] * values[2][at(j) + c])
            .sum()
    };
    let exp: Vec<f32> = (0..FIELDS).map(|j| dot(0, j, 1).exp()).collect();
    let by_hand = exp[2] / exp.iter().sum::<f32>();
    let found = values[5][FIELDS * FIELDS + 2];
    println!("\nalpha[1, 0, 2] by hand {by_hand:.6}, by the tape {found:.6}");
    assert!((by_hand - found).abs() < 1e-6);
    for line in values[5].chunks(FIELDS) {
        assert!(
            (line.iter().sum::<f32>() - 1.0).abs() < 1e-6,
            "attention is shared out whole"
        );
    }
    Ok(())
}
