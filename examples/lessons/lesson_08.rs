//! Lesson 8: Adam by hand for one weight, then three ways to treat a table's rows.
//!
//! ```text
//! m = b1 m + (1 - b1) g              a mean of past gradients
//! v = b2 v + (1 - b2) g^2            and of their squares              (Kingma & Ba 2015, algorithm 1)
//! w = w - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + e)
//! ```
//!
//! A gradient of zero is not a step of zero: m lives on and moves the weight. A batch touches few rows of a table, so this decides what a
//! step costs:
//!
//! - `dense`: every row takes every step. As the formula says, and as slow as the table is large.
//! - `lazy`: rows that were not touched stand still. Fast, and another algorithm.
//! - `exact`: a row takes the steps it missed when it is touched again. The bits of `dense`, at the cost of what is touched.

use autoint::Result;
use autoint::autograd::layout::TableSpec;
use autoint::autograd::{Engine, Init, Parameters, Role, Tape};
use autoint::data::batch::{Batch, FieldBatch};
use autoint::optim::{EmbeddingMode, Optimizer, OptimizerConfig};
use autoint::simd::Isa;

const STEPS: u64 = 6;

/// Row 0 is looked up in steps 1, 2 and 6, row 1 in the others; gives row 0 after every step.
fn train(mode: EmbeddingMode) -> Result<Vec<f32>> {
    let mut tape = Tape::new();
    let table = tape.table(TableSpec {
        name: "embedding".into(),
        rows: 2,
        dim: 1,
        init: Init::Constant(0.5),
        field_starts: vec![],
    });
    let x = tape.embedding(table, 1)?;
    let x = tape.reshape(&x, &[1])?;
    let weight = tape.parameter("w", &[1, 1], Init::Constant(1.0), Role::Kernel)?;
    let logit = tape.linear(&x, &weight, None)?;
    let loss = tape.bce(&logit)?;
    let mut parameters = Parameters::initialise(tape.layout(), 1);
    let config = OptimizerConfig {
        learning_rate: 0.1,
        embedding_mode: mode,
        ..OptimizerConfig::default()
    };
    let mut optimizer = Optimizer::new(&config, tape.layout())?;
    let mut engine = Engine::new(tape, logit, loss, Isa::choose()?, 1)?;
    let mut seen = Vec::new();
    for step in 1..=STEPS {
        let id = u32::from(![1, 2, 6].contains(&step));
        let batch = Batch {
            rows: 1,
            fields: vec![FieldBatch::One { ids: vec![id] }],
            labels: vec![1.0],
            weights: vec![],
        };
        optimizer.prepare(engine.runtime(), batch.ids(), &mut parameters);
        engine.step(&parameters, &batch, None, step)?;
        optimizer.step(
            engine.runtime(),
            engine.gradients(),
            config.learning_rate,
            &mut parameters,
        );
        seen.push(parameters.tables[0][0]);
    }
    optimizer.settle(engine.runtime(), &mut parameters);
    Ok(seen)
}

/// Prints the numbers, and asserts what is said of them.
pub fn main() -> Result<()> {
    // L = (w - 3)^2, so g = 2 (w - 3).
    let (b1, b2, e, rate) = (0.9f64, 0.999f64, 1e-8, 0.1);
    let (mut w, mut m, mut v) = (0.0f64, 0.0, 0.0);
    println!("one weight, L = (w - 3)^2\n  t         g         m         v      step         w");
    for t in 1..=8 {
        let g = 2.0 * (w - 3.0);
        m = b1 * m + (1.0 - b1) * g;
        v = b2 * v + (1.0 - b2) * g * g;
        let (m_hat, v_hat) = (m / (1.0 - b1.powi(t)), v / (1.0 - b2.powi(t)));
        let step = rate * m_hat / (v_hat.sqrt() + e);
        w -= step;
        println!("  {t} {g:>9.4} {m:>9.4} {v:>9.4} {step:>9.4} {w:>9.4}");
        // Whatever the gradient's size, a step is about as long as the learning rate.
        assert!(step.abs() < 1.2 * rate);
    }

    let modes = [
        EmbeddingMode::Dense,
        EmbeddingMode::Lazy,
        EmbeddingMode::Exact,
    ];
    let [dense, lazy, exact] = modes.map(train);
    let (dense, lazy, exact) = (dense?, lazy?, exact?);
    println!(
        "\nrow 0 of a table, looked up in steps 1, 2 and 6\n  t     dense      lazy     exact"
    );
    for t in 0..STEPS as usize {
        let note = match t + 1 {
            3..=5 => "not touched",
            _ => "touched",
        };
        let (step, dense, lazy, exact) = (t + 1, dense[t], lazy[t], exact[t]);
        println!("  {step} {dense:>9.5} {lazy:>9.5} {exact:>9.5}   {note}");
    }
    assert_eq!(lazy[1], lazy[4], "lazy stands still");
    assert_eq!(exact[1], exact[4], "exact waits");
    assert_ne!(dense[1], dense[4], "dense moves on");
    assert_eq!(
        exact[5].to_bits(),
        dense[5].to_bits(),
        "and catches up, to the last bit"
    );
    assert_ne!(lazy[5], dense[5]);
    Ok(())
}
