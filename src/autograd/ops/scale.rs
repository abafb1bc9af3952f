//! `out = factor * x`, the factor being a constant: the 1 / sqrt(head size) of scaled attention scores.

use crate::autograd::kind::OpKind;
use crate::autograd::op::{Backward, Definition, Forward, Op};
use crate::autograd::tape::{Tape, Var};
use crate::kernels::elementwise;

#[derive(Debug)]
struct Scale {
    factor: f32,
}

impl Tape {
    /// `factor * x`.
    pub fn scale(&mut self, x: &Var, factor: f32) -> Var {
        self.record(Scale { factor }, &[x], x.shape())
    }
}

impl Op for Scale {
    fn name(&self) -> &'static str {
        "scale"
    }

    fn formula(&self) -> &str {
        "out[u] = factor x[u]"
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::Scale {
            factor: self.factor,
        }
    }

    fn forward(&self, f: &mut Forward<'_>) {
        f.isa.run(elementwise::Scale {
            factor: self.factor,
            x: f.operands.get(0),
            out: f.out,
        });
    }

    fn backward(&self, b: &mut Backward<'_>) {
        // out = factor * x  =>  d_x += factor * d_out
        b.isa.run(elementwise::AddScaled {
            factor: self.factor,
            x: b.d_out,
            out: b.d_operands.get(0),
        });
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        r.operands[0]
            .iter()
            .map(|x| f64::from(self.factor) * x)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::autograd::ops::checks::held;

    #[test]
    fn its_gradient_holds_and_a_wrong_one_is_found() {
        held("scale", |t| {
            let x = t.input(&[3]);
            Ok(t.scale(&x, -1.3))
        });
    }
}
