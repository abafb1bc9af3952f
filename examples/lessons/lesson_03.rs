//! Lesson 3: embeddings, and where their gradients go.
//!
//! A model computes with numbers; a user, a colour or a set of genres is none. So each value gets a row of a table, d numbers that are
//! learnt like any other parameter. All fields share one table, each with a range of rows.
//!
//! ```text
//! categorical      e = table[id]
//! numeric          e = value * table[id]
//! multi-valued     e = mean of table[id] over the values of the list
//! ```

use autoint::Result;
use autoint::autograd::layout::TableSpec;
use autoint::autograd::{Engine, Init, Parameters, Role, Tape};
use autoint::data::batch::{Batch, FieldBatch};
use autoint::simd::Isa;

const NAMES: [&str; 6] = ["red", "blue", "price", "drama", "comedy", "horror"];
const DIM: usize = 2;

/// Prints the numbers, and asserts what is said of them.
pub fn main() -> Result<()> {
    let mut tape = Tape::new();
    let table = tape.table(TableSpec {
        name: "embedding".into(),
        rows: NAMES.len(),
        dim: DIM,
        init: Init::Normal { deviation: 0.5 },
        field_starts: vec![],
    });
    let e = tape.embedding(table, 3)?;
    let flat = tape.reshape(&e, &[3 * DIM])?;
    let weight = tape.parameter("w", &[3 * DIM, 1], Init::GlorotUniform, Role::Kernel)?;
    let logit = tape.linear(&flat, &weight, None)?;
    let loss = tape.bce(&logit)?;
    let parameters = Parameters::initialise(tape.layout(), 3);
    let mut engine = Engine::new(tape, logit, loss, Isa::choose()?, 1)?;

    // Two rows of a log: (red, 0.5, drama + horror) was clicked, (red, 2.0, drama) was not.
    let batch = Batch {
        rows: 2,
        fields: vec![
            FieldBatch::One { ids: vec![0, 0] },
            FieldBatch::Scaled {
                ids: vec![2, 2],
                values: vec![0.5, 2.0],
            },
            FieldBatch::Mean {
                starts: vec![0, 2, 3],
                ids: vec![3, 5, 3],
            },
        ],
        labels: vec![1.0, 0.0],
        weights: vec![],
    };
    let mut logits = Vec::new();
    // Frozen weights are for scoring: what is linear in embeddings is computed once a table row.
    engine.logits(&engine.freeze(&parameters), &batch, &mut logits);
    engine.step(&parameters, &batch, None, 1)?;

    // dL/dlogit of a row is (p - y) / rows; of an embedding's number, times the weight that it meets.
    let d_logit: Vec<f32> = logits
        .iter()
        .zip(&batch.labels)
        .map(|(z, y)| (1.0 / (1.0 + (-z).exp()) - y) / 2.0)
        .collect();
    println!("row   logit   label   dL/dlogit");
    for row in 0..2 {
        let (z, y, d) = (logits[row], batch.labels[row], d_logit[row]);
        println!("  {row}  {z:>6.3}   {y:>5}   {d:>9.4}");
    }

    // So a table row's gradient is the sum over all who looked it up, each times what the row was multiplied by.
    let mut expected = [[0.0f32; DIM]; NAMES.len()];
    for (field, column) in batch.fields.iter().enumerate() {
        for (row, d) in d_logit.iter().enumerate() {
            for (id, scale) in column.bag(row) {
                for (k, sum) in expected[id as usize].iter_mut().enumerate() {
                    *sum += scale * d * parameters.dense[field * DIM + k];
                }
            }
        }
    }
    let gradients = engine.gradients();
    println!("\ntable row   looked up by                    gradient");
    for (id, name) in NAMES.iter().enumerate() {
        let uses = batch.fields.iter().flat_map(|column| {
            let of_row = move |row| column.bag(row).map(move |(id, scale)| (id, row, scale));
            (0..2).flat_map(of_row)
        });
        let uses = uses.filter(|(used, ..)| *used as usize == id);
        let uses: Vec<String> = uses
            .map(|(_, row, scale)| format!("row {row} x {scale}"))
            .collect();
        let found = match gradients.touched.slot(id) {
            Some(place) => &gradients.tables[0][place * DIM..(place + 1) * DIM],
            None => &[0.0; DIM],
        };
        println!("  {name:<8}  {:<27} {found:>8.4?}", uses.join(", "));
        for (found, expected) in found.iter().zip(expected[id]) {
            assert!((found - expected).abs() < 1e-6);
        }
    }
    let touched = gradients.touched.ids().len();
    assert_eq!(touched, 4);
    println!(
        "\n{touched} of {} rows were touched. The others' gradient is exactly zero, and nobody stores it:",
        NAMES.len()
    );
    println!(
        "with a million rows and batches of a thousand, that is what makes training possible."
    );
    Ok(())
}
