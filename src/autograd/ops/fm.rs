//! The pairwise interactions of a factorisation machine (Rendle 2010, equation 5), in the form whose cost is linear in F:
//!
//! ```text
//! out = sum_{f < g} x[f] . x[g] = 1/2 sum_k ((sum_f x[f][k])^2 - sum_f x[f][k]^2)
//! ```

use crate::autograd::kind::OpKind;
use crate::autograd::op::{Backward, Definition, Forward, Op};
use crate::autograd::tape::{Tape, Var};
use crate::error::{Error, Result};
use crate::kernels::fm::{Pairs, PairsGrad};
use crate::kernels::{columns, columns_mut};

#[derive(Debug)]
struct Fm {
    fields: usize,
    dim: usize,
}

impl Tape {
    /// The sum of the inner products of all pairs of rows of `x` `[F, d]`, of shape `[1]`.
    ///
    /// # Errors
    /// When `x` has another number of axes.
    pub fn fm(&mut self, x: &Var) -> Result<Var> {
        let &[fields, dim] = x.shape() else {
            let what = format!("expected x of shape [F, d], got {:?}", x.shape());
            return Err(Error::shape("fm", what));
        };
        Ok(self.record(Fm { fields, dim }, &[x], &[1]))
    }
}

impl Op for Fm {
    fn name(&self) -> &'static str {
        "fm"
    }

    fn formula(&self) -> &str {
        "out = sum_{f < g} x[f] . x[g]"
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::Fm {
            fields: self.fields,
            dim: self.dim,
        }
    }

    /// The sums over fields, `[d]`.
    fn saved_units(&self) -> usize {
        self.dim
    }

    fn forward(&self, f: &mut Forward<'_>) {
        let blocks = columns(f.operands.get(0)).chunks_exact(self.fields * self.dim);
        let sums = columns_mut(f.saved).chunks_exact_mut(self.dim);
        for ((x, sums), out) in blocks.zip(sums).zip(columns_mut(f.out)) {
            f.isa.run(Pairs { x, sums, out });
        }
    }

    fn backward(&self, b: &mut Backward<'_>) {
        // out = 1/2 sum_k (sums[k]^2 - sum_f x[f][k]^2)  =>  d_x[f][k] += d_out * (sums[k] - x[f][k])
        let units = self.fields * self.dim;
        let blocks = columns(b.operands.get(0)).chunks_exact(units);
        let saved = columns(b.saved).chunks_exact(self.dim);
        let d_x = columns_mut(b.d_operands.get(0)).chunks_exact_mut(units);
        for (((x, sums), d_out), d_x) in blocks.zip(saved).zip(columns(b.d_out)).zip(d_x) {
            b.isa.run(PairsGrad {
                x,
                sums,
                d_out,
                d_x,
            });
        }
    }

    /// The double sum, which forward avoids.
    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        let x: Vec<&[f64]> = r.operands[0].chunks_exact(self.dim).collect();
        let mut out = 0.0;
        for f in 0..self.fields {
            for g in f + 1..self.fields {
                out += x[f].iter().zip(x[g]).map(|(a, b)| a * b).sum::<f64>();
            }
        }
        vec![out]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autograd::ops::checks::held;

    #[test]
    fn its_gradient_holds_and_a_wrong_one_is_found() {
        held("fm", |t| {
            let x = t.input(&[3, 2]);
            t.fm(&x)
        });
    }

    #[test]
    fn a_shape_that_does_not_fit_is_refused() {
        let mut tape = Tape::new();
        let flat = tape.input(&[6]);
        let error = tape.fm(&flat).unwrap_err().to_string();
        assert!(error.contains("[F, d]") && error.contains("[6]"), "{error}");
    }
}
