//! `out[u] = x[u] + bias[u]`: a parameter added to every row.

use crate::autograd::kind::OpKind;
use crate::autograd::layout::Param;
use crate::autograd::op::{Backward, Definition, Forward, Op};
use crate::autograd::tape::{Tape, Var};
use crate::error::{Error, Result};
use crate::kernels::elementwise::{self, AddScaled};
use crate::kernels::weight_grad::BiasGrad;

#[derive(Debug)]
struct AddBias {
    bias: Param,
}

impl Tape {
    /// Adds a parameter of the shape of `x`.
    ///
    /// # Errors
    /// When the shapes differ.
    pub fn add_bias(&mut self, x: &Var, bias: &Param) -> Result<Var> {
        if x.shape() != bias.shape {
            let what = format!(
                "expected a bias of shape {:?}, got {:?}",
                x.shape(),
                bias.shape
            );
            return Err(Error::shape("add_bias", what));
        }
        let op = AddBias { bias: bias.clone() };
        Ok(self.record(op, &[x], x.shape()))
    }
}

impl Op for AddBias {
    fn name(&self) -> &'static str {
        "add_bias"
    }

    fn formula(&self) -> &str {
        "out[u] = x[u] + bias[u]"
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::AddBias { bias: &self.bias }
    }

    fn forward(&self, f: &mut Forward<'_>) {
        f.out.copy_from_slice(f.operands.get(0));
        f.isa.run(elementwise::AddBias {
            bias: &f.parameters.dense[self.bias.range.clone()],
            x: f.out,
        });
    }

    fn backward(&self, b: &mut Backward<'_>) {
        // out = x + bias  =>  d_x += d_out
        b.isa.run(AddScaled {
            factor: 1.0,
            x: b.d_out,
            out: b.d_operands.get(0),
        });
        // out = x + bias  =>  d_bias += d_out, over all rows
        b.isa.run(BiasGrad {
            d_out: b.d_out,
            d_bias: &mut b.d_dense[self.bias.range.clone()],
        });
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        let bias = &r.dense[self.bias.range.clone()];
        let sums = r.operands[0].iter().zip(bias).map(|(x, bias)| x + bias);
        sums.collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::autograd::ops::checks::held;
    use crate::autograd::{Init, Role};

    #[test]
    fn its_gradient_holds_and_a_wrong_one_is_found() {
        held("add_bias", |t| {
            let x = t.input(&[3]);
            let bias = t.parameter("bias", &[3], Init::GlorotUniform, Role::Bias)?;
            t.add_bias(&x, &bias)
        });
    }
}
