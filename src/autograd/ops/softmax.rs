//! `out[g][j] = e^x[g][j] / sum_m e^x[g][m]`: softmax over the last axis.

use crate::autograd::kind::OpKind;
use crate::autograd::op::{Backward, Definition, Forward, Op};
use crate::autograd::tape::{Tape, Var};
use crate::error::{Error, Result};
use crate::kernels::softmax;

#[derive(Debug)]
struct Softmax {
    n: usize,
}

impl Tape {
    /// Softmax over the last axis of `x`.
    ///
    /// # Errors
    /// When `x` has no axis.
    pub fn softmax(&mut self, x: &Var) -> Result<Var> {
        let Some(&n) = x.shape().last() else {
            return Err(Error::shape(
                "softmax",
                "expected at least one axis, got none",
            ));
        };
        Ok(self.record(Softmax { n }, &[x], x.shape()))
    }
}

impl Op for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn formula(&self) -> &str {
        "out[g][j] = exp(x[g][j]) / sum_m exp(x[g][m])"
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::Softmax { n: self.n }
    }

    fn forward(&self, f: &mut Forward<'_>) {
        f.isa.run(softmax::Softmax {
            x: f.operands.get(0),
            out: f.out,
            n: self.n,
        });
    }

    fn backward(&self, b: &mut Backward<'_>) {
        // out_j = e^x_j / sum_m e^x_m  =>  d_x_j += out_j (d_out_j - sum_m out_m d_out_m)
        b.isa.run(softmax::SoftmaxGrad {
            y: b.out,
            d_y: b.d_out,
            d_x: b.d_operands.get(0),
            n: self.n,
        });
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        let mut out = Vec::new();
        for x in r.operands[0].chunks(self.n) {
            // The maximum is taken off so that e^x cannot overflow; the quotient does not change.
            let top = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = x.iter().map(|x| (x - top).exp()).sum();
            out.extend(x.iter().map(|x| (x - top).exp() / sum));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use crate::autograd::ops::checks::held;

    #[test]
    fn its_gradient_holds_and_a_wrong_one_is_found() {
        held("softmax", |t| {
            let x = t.input(&[2, 4]);
            t.softmax(&x)
        });
    }
}
