//! `out = a * b + c`, unit by unit: the end of a cross layer (Wang et al. 2021, equation 1), with a the embeddings, b the layer's
//! linear map of its input and c that input.

use crate::autograd::kind::OpKind;
use crate::autograd::op::{Backward, Definition, Forward, Op};
use crate::autograd::tape::{Tape, Var};
use crate::error::{Error, Result};
use crate::kernels::elementwise::{self, AddProduct, AddScaled};

#[derive(Debug)]
struct MultiplyAdd;

impl Tape {
    /// `a * b + c` of three results of one shape. Two of them may be the same.
    ///
    /// # Errors
    /// When the shapes differ.
    pub fn multiply_add(&mut self, a: &Var, b: &Var, c: &Var) -> Result<Var> {
        if a.shape() != b.shape() || b.shape() != c.shape() {
            let what = format!(
                "expected three operands of one shape, got {:?}, {:?} and {:?}",
                a.shape(),
                b.shape(),
                c.shape()
            );
            return Err(Error::shape("multiply_add", what));
        }
        Ok(self.record(MultiplyAdd, &[a, b, c], a.shape()))
    }
}

impl Op for MultiplyAdd {
    fn name(&self) -> &'static str {
        "multiply_add"
    }

    fn formula(&self) -> &str {
        "out[u] = a[u] b[u] + c[u]"
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::MultiplyAdd
    }

    fn forward(&self, f: &mut Forward<'_>) {
        f.isa.run(elementwise::MultiplyAdd {
            a: f.operands.get(0),
            b: f.operands.get(1),
            c: f.operands.get(2),
            out: f.out,
        });
    }

    fn backward(&self, b: &mut Backward<'_>) {
        // out = a * b + c  =>  d_a += d_out * b, d_b += d_out * a
        for (own, other) in [(0, 1), (1, 0)] {
            b.isa.run(AddProduct {
                a: b.d_out,
                b: b.operands.get(other),
                out: b.d_operands.get(own),
            });
        }
        // out = a * b + c  =>  d_c += d_out
        b.isa.run(AddScaled {
            factor: 1.0,
            x: b.d_out,
            out: b.d_operands.get(2),
        });
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        let products = r.operands[0].iter().zip(r.operands[1]);
        let sums = products.zip(r.operands[2]).map(|((a, b), c)| a * b + c);
        sums.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autograd::ops::checks::held;

    #[test]
    fn its_gradient_holds_and_a_wrong_one_is_found() {
        held("multiply_add", |t| {
            let (a, b, c) = (t.input(&[3]), t.input(&[3]), t.input(&[3]));
            t.multiply_add(&a, &b, &c)
        });
    }

    #[test]
    fn shapes_that_differ_are_refused_with_their_numbers() {
        let mut tape = Tape::new();
        let (a, b) = (tape.input(&[2, 3]), tape.input(&[6]));
        let error = tape.multiply_add(&a, &a, &b).unwrap_err().to_string();
        assert!(error.contains("[2, 3], [2, 3] and [6]"), "{error}");
    }
}
