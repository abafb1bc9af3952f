//! `out = sum_u x[u]`: the sum of all units, one number a row. The linear term adds its fields' weights with it.

use crate::autograd::op::{Backward, Definition, Forward, Op};
use crate::autograd::tape::{Tape, Var};
use crate::kernels::elementwise::AddScaled;

#[derive(Debug)]
struct Sum;

impl Tape {
    /// The sum of all units of `x`, of shape `[1]`.
    pub fn sum(&mut self, x: &Var) -> Var {
        self.record(Sum, &[x], &[1])
    }
}

impl Op for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn forward(&self, f: &mut Forward<'_>) {
        f.out.fill(0.0);
        for x in f.operands.get(0).chunks_exact(f.rows) {
            f.isa.run(AddScaled {
                factor: 1.0,
                x,
                out: f.out,
            });
        }
    }

    fn backward(&self, b: &mut Backward<'_>) {
        // out = sum_u x[u]  =>  d_x[u] += d_out
        for d_x in b.d_operands.get(0).chunks_exact_mut(b.rows) {
            b.isa.run(AddScaled {
                factor: 1.0,
                x: b.d_out,
                out: d_x,
            });
        }
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        vec![r.operands[0].iter().sum()]
    }
}
