//! `out = mask * x`, mask being 0 with probability `rate` and 1 / (1 - rate) otherwise; at inference `out = x`.

use crate::autograd::kind::OpKind;
use crate::autograd::op::{Backward, Definition, Forward, Op};
use crate::autograd::tape::{Tape, Var};
use crate::kernels::dropout::{Draw, FillMask, Masks};
use crate::kernels::elementwise::{AddProduct, Multiply};

#[derive(Debug)]
struct Dropout {
    rate: f32,
    units: usize,
    /// Its node on the tape: tells the masks of different ops of one step apart.
    node: u32,
}

impl Tape {
    /// Inverted dropout; a rate of 0 records nothing.
    pub fn dropout(&mut self, x: &Var, rate: f32) -> Var {
        if rate == 0.0 {
            return x.clone();
        }
        let op = Dropout {
            rate,
            units: x.units().len(),
            node: self.nodes().len() as u32,
        };
        self.record(op, &[x], x.shape())
    }
}

impl Dropout {
    fn masks(&self, draw: Draw) -> Masks {
        Masks {
            rate: self.rate,
            draw,
            op: self.node,
        }
    }
}

impl Op for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn formula(&self) -> &str {
        "out = mask x, in training; out = x otherwise"
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::Dropout
    }

    fn copies_in_inference(&self) -> bool {
        true
    }

    fn saved_units(&self) -> usize {
        self.units
    }

    fn forward(&self, f: &mut Forward<'_>) {
        match f.shard.draw {
            None => f.saved.fill(1.0),
            Some(draw) => f.isa.run(FillMask {
                masks: self.masks(draw),
                mask: f.saved,
                units: self.units,
                first_row: f.shard.first_row_of_step(),
            }),
        }
        f.isa.run(Multiply {
            a: f.saved,
            b: f.operands.get(0),
            out: f.out,
        });
    }

    fn backward(&self, b: &mut Backward<'_>) {
        // out = mask * x  =>  d_x += mask * d_out
        b.isa.run(AddProduct {
            a: b.saved,
            b: b.d_out,
            out: b.d_operands.get(0),
        });
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        let drawn = r
            .draw
            .map(|draw| self.masks(draw).of_row(r.row, self.units));
        let mask = drawn.unwrap_or_else(|| vec![1.0; self.units]);
        mask.iter()
            .zip(r.operands[0])
            .map(|(&m, x)| f64::from(m) * x)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::autograd::ops::checks::held;

    #[test]
    fn its_gradient_holds_and_a_wrong_one_is_found() {
        held("dropout", |t| {
            let x = t.input(&[9]);
            Ok(t.dropout(&x, 0.4))
        });
    }
}
