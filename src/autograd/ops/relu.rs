//! `out = max(0, x)`.

use crate::autograd::kind::OpKind;
use crate::autograd::op::{Backward, Definition, Forward, Op};
use crate::autograd::tape::{Tape, Var};
use crate::kernels::elementwise;

#[derive(Debug)]
struct Relu;

impl Tape {
    /// The rectified linear unit.
    pub fn relu(&mut self, x: &Var) -> Var {
        self.record(Relu, &[x], x.shape())
    }
}

/// The distance of the nearest argument from 0. An argument that is exactly 0 comes from units that are all switched off before:
/// it stays 0 on both sides, so it is no kink.
pub(super) fn nearest_kink(arguments: &[f64]) -> f64 {
    let distances = arguments.iter().map(|x| x.abs()).filter(|&d| d > 0.0);
    distances.fold(f64::INFINITY, f64::min)
}

impl Op for Relu {
    fn name(&self) -> &'static str {
        "relu"
    }

    fn formula(&self) -> &str {
        "out[u] = max(0, x[u])"
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::Relu
    }

    fn forward(&self, f: &mut Forward<'_>) {
        f.isa.run(elementwise::Relu {
            x: f.operands.get(0),
            out: f.out,
        });
    }

    fn backward(&self, b: &mut Backward<'_>) {
        // out = max(0, x)  =>  d_x += d_out where out > 0
        b.isa.run(elementwise::ReluGrad {
            out: b.out,
            d_out: b.d_out,
            d_x: b.d_operands.get(0),
            accumulate: true,
        });
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        r.operands[0].iter().map(|x| x.max(0.0)).collect()
    }

    fn kink_distance(&self, r: &Definition<'_>) -> f64 {
        nearest_kink(r.operands[0])
    }
}

#[cfg(test)]
mod tests {
    use crate::autograd::ops::checks::held;

    #[test]
    fn its_gradient_holds_and_a_wrong_one_is_found() {
        held("relu", |t| {
            let x = t.input(&[9]);
            Ok(t.relu(&x))
        });
    }
}
