//! Lesson 6: AutoInt in forty lines of ops, trained until it knows ten rows by heart.
//!
//! A model that cannot overfit ten rows is broken. Whole models are put together in `src/model` from the same ops. (`prepare` and `settle`
//! bring rows of a table up to date that no step has touched: lesson 8.)

use autoint::Result;
use autoint::autograd::layout::TableSpec;
use autoint::autograd::ops::interacting::{Fused, Projection};
use autoint::autograd::{Engine, Init, Parameters, Role, Tape, Var};
use autoint::data::batch::{Batch, FieldBatch};
use autoint::optim::{Optimizer, OptimizerConfig};
use autoint::simd::Isa;

const FIELDS: usize = 3;
const VALUES: usize = 10;
const DIM: usize = 8;
const WIDTH: usize = 8;
const HEADS: usize = 2;
const LAYERS: usize = 2;
const ROWS: usize = 10;

/// The whole model.
fn autoint() -> Result<(Tape, Var, Var)> {
    let mut tape = Tape::new();
    let table = tape.table(TableSpec {
        name: "embedding".into(),
        rows: FIELDS * VALUES,
        dim: DIM,
        init: Init::Normal { deviation: 0.1 },
        field_starts: vec![],
    });
    let mut x = tape.embedding(table, FIELDS)?;
    for layer in 0..LAYERS {
        tape.scope(format!("interacting.{layer}"));
        let shape = [x.shape()[1], WIDTH];
        let mut matrix = |name| -> Result<Projection> {
            let weight = tape.parameter(name, &shape, Init::GlorotUniform, Role::Kernel)?;
            Ok(Projection { weight, bias: None })
        };
        let (query, key) = (matrix("query")?, matrix("key")?);
        let projections = [query, key, matrix("value")?, matrix("residual")?];
        let fused = Fused {
            projections,
            heads: HEADS,
            scale: 1.0,
            projection_relu: false,
            dropout: 0.0,
        };
        x = tape.interacting(&x, fused)?.0;
    }
    tape.scope("head");
    let flat = tape.reshape(&x, &[FIELDS * WIDTH])?;
    let weight = tape.parameter(
        "weight",
        &[FIELDS * WIDTH, 1],
        Init::GlorotUniform,
        Role::Kernel,
    )?;
    let bias = tape.parameter("bias", &[1], Init::Constant(0.0), Role::Bias)?;
    let logit = tape.linear(&flat, &weight, Some(&bias))?;
    let loss = tape.bce(&logit)?;
    Ok((tape, logit, loss))
}

/// Prints the numbers, and asserts what is said of them.
pub fn main() -> Result<()> {
    // Ten rows whose labels follow no rule.
    let id = |field: usize, row: usize| {
        (field * VALUES + (row * (2 * field + 3) + field) % VALUES) as u32
    };
    let ids = |field| (0..ROWS).map(|row| id(field, row)).collect();
    let fields = (0..FIELDS).map(|field| FieldBatch::One { ids: ids(field) });
    let batch = Batch {
        rows: ROWS,
        fields: fields.collect(),
        labels: vec![1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0],
        weights: vec![],
    };
    let (tape, logit, loss) = autoint()?;
    println!(
        "{} parameters, {} nodes on the tape",
        tape.layout().len(),
        tape.nodes().len()
    );
    let mut parameters = Parameters::initialise(tape.layout(), 6);
    let config = OptimizerConfig {
        learning_rate: 0.01,
        ..OptimizerConfig::default()
    };
    let mut optimizer = Optimizer::new(&config, tape.layout())?;
    let mut engine = Engine::new(tape, logit, loss, Isa::choose()?, 1)?;
    println!("step     loss");
    let mut last = f64::INFINITY;
    for step in 1..=200 {
        optimizer.prepare(engine.runtime(), batch.ids(), &mut parameters);
        last = engine.step(&parameters, &batch, None, step)?;
        optimizer.step(
            engine.runtime(),
            engine.gradients(),
            config.learning_rate,
            &mut parameters,
        );
        if [1, 2, 5, 10, 20, 50, 100, 200].contains(&step) {
            println!("{step:>4} {last:>9.5}");
        }
    }
    optimizer.settle(engine.runtime(), &mut parameters);
    assert!(last < 0.01, "ten rows are learnt by heart");

    let mut logits = Vec::new();
    engine.logits(&engine.freeze(&parameters), &batch, &mut logits);
    println!("\nrow  label  probability");
    for (row, (z, label)) in logits.iter().zip(&batch.labels).enumerate() {
        let p = 1.0 / (1.0 + (-z).exp());
        println!("{row:>3}  {label:>5}  {p:>11.4}");
        assert!((p - label).abs() < 0.05);
    }
    Ok(())
}
