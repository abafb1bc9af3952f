//! `out = a + b`, unit by unit.

use crate::autograd::kind::OpKind;
use crate::autograd::op::{Backward, Definition, Forward, Op};
use crate::autograd::tape::{Tape, Var};
use crate::error::{Error, Result};
use crate::kernels::elementwise;

#[derive(Debug)]
struct Add;

impl Tape {
    /// The sum of two results of one shape.
    ///
    /// # Errors
    /// When the shapes differ.
    pub fn add(&mut self, a: &Var, b: &Var) -> Result<Var> {
        if a.shape() != b.shape() {
            let what = format!(
                "expected two operands of one shape, got {:?} and {:?}",
                a.shape(),
                b.shape()
            );
            return Err(Error::shape("add", what));
        }
        Ok(self.record(Add, &[a, b], a.shape()))
    }
}

impl Op for Add {
    fn name(&self) -> &'static str {
        "add"
    }

    fn formula(&self) -> &str {
        "out[u] = a[u] + b[u]"
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::Add
    }

    fn forward(&self, f: &mut Forward<'_>) {
        f.isa.run(elementwise::Add {
            a: f.operands.get(0),
            b: f.operands.get(1),
            out: f.out,
        });
    }

    fn backward(&self, b: &mut Backward<'_>) {
        // out = a + b  =>  d_a += d_out, d_b += d_out
        for operand in 0..2 {
            b.isa.run(elementwise::AddScaled {
                factor: 1.0,
                x: b.d_out,
                out: b.d_operands.get(operand),
            });
        }
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        r.operands[0]
            .iter()
            .zip(r.operands[1])
            .map(|(a, b)| a + b)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::autograd::ops::checks::held;

    #[test]
    fn its_gradient_holds_and_a_wrong_one_is_found() {
        held("add", |t| {
            let (a, b) = (t.input(&[3]), t.input(&[3]));
            t.add(&a, &b)
        });
    }
}
