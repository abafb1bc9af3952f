//! `out[f][k] = gate[f] * x[f][k]`: each field's token times a number of its own.

use crate::autograd::kind::OpKind;
use crate::autograd::layout::Param;
use crate::autograd::op::{BLOCK, Backward, Definition, Forward, Op};
use crate::autograd::tape::{Tape, Var};
use crate::error::{Error, Result};
use crate::kernels::columns;
use crate::kernels::dot::Dot;
use crate::kernels::elementwise::{AddScaled, Scale};

#[derive(Debug)]
struct Gate {
    gate: Param,
    /// Numbers of a token.
    width: usize,
}

impl Tape {
    /// Multiplies the tokens of `x` `[F, width]` by a parameter `[F]`.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn gate(&mut self, x: &Var, gate: &Param) -> Result<Var> {
        match *x.shape() {
            [fields, width] if gate.shape == [fields] => {
                let op = Gate {
                    gate: gate.clone(),
                    width,
                };
                Ok(self.record(op, &[x], x.shape()))
            }
            _ => {
                let what = format!(
                    "expected x of shape [F, width] and a gate of shape [F], got {:?} and {:?}",
                    x.shape(),
                    gate.shape
                );
                Err(Error::shape("gate", what))
            }
        }
    }
}

impl Op for Gate {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn formula(&self) -> &str {
        "out[f][k] = gate[f] x[f][k]"
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::Gate { gate: &self.gate }
    }

    fn forward(&self, f: &mut Forward<'_>) {
        let gates = f.parameters.dense[self.gate.range.clone()].iter().cycle();
        let token = self.width * BLOCK;
        let tokens = f
            .operands
            .get(0)
            .chunks_exact(token)
            .zip(f.out.chunks_exact_mut(token));
        for ((x, out), &factor) in tokens.zip(gates) {
            f.isa.run(Scale { factor, x, out });
        }
    }

    fn backward(&self, b: &mut Backward<'_>) {
        let token = self.width * BLOCK;
        let range = self.gate.range.clone();
        // out = gate * x  =>  d_x += gate * d_out
        let gates = b.parameters.dense[range.clone()].iter().cycle();
        let d_x = b.d_operands.get(0).chunks_exact_mut(token);
        for ((d_out, d_x), &factor) in b.d_out.chunks_exact(token).zip(d_x).zip(gates) {
            b.isa.run(AddScaled {
                factor,
                x: d_out,
                out: d_x,
            });
        }
        // out[f] = gate[f] * x[f]  =>  d_gate[f] += d_out[f] . x[f], over all rows
        let x = b.operands.get(0).chunks_exact(token);
        for (number, (d_out, x)) in b.d_out.chunks_exact(token).zip(x).enumerate() {
            let dot = b.isa.run(Dot {
                a: columns(d_out),
                b: columns(x),
            });
            b.d_dense[range.start + number % self.gate.range.len()] += dot;
        }
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        let gates = &r.dense[self.gate.range.clone()];
        let tokens = r.operands[0].chunks_exact(self.width).zip(gates);
        tokens
            .flat_map(|(x, gate)| x.iter().map(move |x| gate * x))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autograd::ops::checks::held;
    use crate::autograd::{Init, Role};

    #[test]
    fn its_gradient_holds_and_a_wrong_one_is_found() {
        held("gate", |t| {
            let x = t.input(&[3, 2]);
            let gate = t.parameter("gate", &[3], Init::GlorotUniform, Role::Norm)?;
            t.gate(&x, &gate)
        });
    }

    #[test]
    fn a_gate_of_another_number_of_fields_is_refused() {
        let mut tape = Tape::new();
        let x = tape.input(&[3, 2]);
        let gate = tape
            .parameter("gate", &[2], Init::Constant(1.0), Role::Norm)
            .unwrap();
        let error = tape.gate(&x, &gate).unwrap_err().to_string();
        assert!(
            error.contains("[F, width]") && error.contains("[3, 2] and [2]"),
            "{error}"
        );
    }
}
