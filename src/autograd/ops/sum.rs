//! `out = sum_u x[u]`: the sum of all units, one number a row. The linear term adds its fields' weights with it.

use crate::autograd::kind::OpKind;
use crate::autograd::op::{BLOCK, Backward, Definition, Forward, Op};
use crate::autograd::tape::{Tape, Var};
use crate::kernels::elementwise::AddScaled;

#[derive(Debug)]
struct Sum {
    units: usize,
}

impl Tape {
    /// The sum of all units of `x`, of shape `[1]`.
    pub fn sum(&mut self, x: &Var) -> Var {
        let units = x.units().len();
        self.record(Sum { units }, &[x], &[1])
    }
}

impl Op for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn formula(&self) -> &str {
        "out = sum_u x[u]"
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::Sum
    }

    fn forward(&self, f: &mut Forward<'_>) {
        f.out.fill(0.0);
        let units = self.units * BLOCK;
        let blocks = f.operands.get(0).chunks_exact(units);
        for (x, out) in blocks.zip(f.out.chunks_exact_mut(BLOCK)) {
            for x in x.chunks_exact(BLOCK) {
                f.isa.run(AddScaled {
                    factor: 1.0,
                    x,
                    out,
                });
            }
        }
    }

    fn backward(&self, b: &mut Backward<'_>) {
        // out = sum_u x[u]  =>  d_x[u] += d_out
        let units = self.units * BLOCK;
        let blocks = b.d_operands.get(0).chunks_exact_mut(units);
        for (d_x, d_out) in blocks.zip(b.d_out.chunks_exact(BLOCK)) {
            for d_x in d_x.chunks_exact_mut(BLOCK) {
                b.isa.run(AddScaled {
                    factor: 1.0,
                    x: d_out,
                    out: d_x,
                });
            }
        }
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        vec![r.operands[0].iter().sum()]
    }
}

#[cfg(test)]
mod tests {
    use crate::autograd::ops::checks::held;

    #[test]
    fn its_gradient_holds_and_a_wrong_one_is_found() {
        held("sum", |t| {
            let x = t.input(&[4]);
            Ok(t.sum(&x))
        });
    }
}
