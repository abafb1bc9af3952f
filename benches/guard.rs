//! A fixed piece of work whose instructions `guard.sh` counts: a few training steps of a small model, on one thread and in plain
//! Rust, so that neither the machine's instruction sets nor its load change the number.

use autoint::simd::Isa;

mod support;

/// Enough that starting and initialising weigh little.
const STEPS: usize = 5;

fn main() {
    let mut shape = support::Shape::named("compact");
    shape.fields = vec![50; 14];
    let isa = Isa::named("scalar").expect("every machine has it");
    let mut net = support::Net::new(&shape, isa, 1);
    let batch = shape.batch(256, 1);
    for _ in 0..STEPS {
        net.step(&batch);
    }
    net.infer(&batch);
}
