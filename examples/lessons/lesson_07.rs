//! Lesson 7: the loss from logits, and what goes wrong from probabilities.
//!
//! ```text
//! p = 1 / (1 + e^-z)
//! from probabilities     L = -y ln p - (1 - y) ln(1 - p)
//! from the logit         L = max(z, 0) - y z + ln(1 + e^-|z|)         dL/dz = p - y
//! ```
//!
//! Both are the same formula. But in f32, p of a logit of 17 or more *is* 1, 1 - p is 0, and ln 0 is minus infinity; its gradient, through
//! 1 / (1 - p), is then infinity times p (1 - p) = 0, which is not a number, and one such row makes every weight not a number.

use autoint::Result;
use autoint::metrics::logloss::{logloss_of_logits, logloss_of_probabilities};

fn probability(z: f32) -> f32 {
    1.0 / (1.0 + (-z).exp())
}

/// Loss and gradient, each step as it is written above.
fn from_probability(z: f32, y: f32) -> (f32, f32) {
    let p = probability(z);
    let loss = -y * p.ln() - (1.0 - y) * (1.0 - p).ln();
    let d_p = -y / p + (1.0 - y) / (1.0 - p);
    (loss, d_p * p * (1.0 - p))
}

/// Loss and gradient from the logit: no exponential of a positive number, no logarithm of less than 1.
fn from_logit(z: f32, y: f32) -> (f32, f32) {
    let loss = z.max(0.0) - y * z + (-z.abs()).exp().ln_1p();
    (loss, probability(z) - y)
}

/// The truth, in f64.
fn exact(z: f32, y: f32) -> f64 {
    let z = f64::from(z);
    z.max(0.0) - f64::from(y) * z + (-z.abs()).exp().ln_1p()
}

/// Prints the numbers, and asserts what is said of them.
pub fn main() -> Result<()> {
    println!("label 0, f32              from the probability          from the logit");
    println!("  logit        truth      loss     gradient          loss     gradient");
    let mut broken = 0;
    for z in [
        -50.0f32, -10.0, 0.0, 5.0, 10.0, 15.0, 16.0, 17.0, 20.0, 100.0,
    ] {
        let (a, d_a) = from_probability(z, 0.0);
        let (b, d_b) = from_logit(z, 0.0);
        let truth = exact(z, 0.0);
        println!("  {z:>5} {truth:>12.4e} {a:>9.3e} {d_a:>12.4} {b:>13.3e} {d_b:>12.4}");
        broken += usize::from(!a.is_finite() || !d_a.is_finite());
        assert!(
            (f64::from(b) - truth).abs() <= 1e-6 * truth,
            "right to the last digits"
        );
    }
    assert!(broken >= 2, "17 and beyond");

    // A common patch is to keep p away from 0 and 1. It gives a number, and the wrong one.
    let clipped = |z: f32| -(1.0 - probability(z).clamp(1e-7, 1.0 - 1e-7)).ln();
    println!(
        "\nclipped at 1e-7, a logit of 100 loses {:.2} instead of 100, and its gradient is 0:",
        clipped(100.0)
    );
    println!("the model never hears how wrong it is.");
    assert!((clipped(100.0) - 100.0).abs() > 80.0);

    // What is published is a mean over rows; some tools take it from probabilities that were clipped before.
    let (logits, labels) = ([-2.0, 1.0, 30.0], [0, 1, 0]);
    let clip = |&z: &f32| f64::from(probability(z)).clamp(1e-7, 1.0 - 1e-7);
    let clipped: Vec<f64> = logits.iter().map(clip).collect();
    let from_logits = logloss_of_logits(&logits, &labels)?;
    let from_clipped = logloss_of_probabilities(&clipped, &labels)?;
    println!("\nlogloss of three rows, one of them very wrong");
    println!(
        "  from logits                  {:.4}",
        from_logits.unwrap_or(f64::NAN)
    );
    println!(
        "  from clipped probabilities   {:.4}",
        from_clipped.unwrap_or(f64::NAN)
    );
    assert!(from_logits > from_clipped);
    Ok(())
}
