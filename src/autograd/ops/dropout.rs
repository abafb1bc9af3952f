//! `out = mask * x`, mask being 0 with probability `rate` and 1 / (1 - rate) otherwise; at inference `out = x`.

use crate::autograd::op::{BLOCK, Backward, Definition, Forward, Op};
use crate::autograd::tape::{Tape, Var};
use crate::kernels::dropout::{Draw, fill_mask};
use crate::kernels::elementwise::{AddProduct, Multiply};

#[derive(Debug)]
struct Dropout {
    rate: f32,
    units: usize,
    /// Tells the masks of different ops of one step apart.
    number: u32,
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
            number: self.nodes().len() as u32,
        };
        self.record(op, &[x], x.shape())
    }
}

/// Fills the mask of a shard, block by block.
pub(super) fn fill_masks(
    mask: &mut [f32],
    units: usize,
    rate: f32,
    draw: Draw,
    op: u32,
    first_row: usize,
) {
    for (block, mask) in mask.chunks_exact_mut(units * BLOCK).enumerate() {
        fill_mask(mask, BLOCK, rate, draw, op, first_row + block * BLOCK);
    }
}

impl Op for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn saved_units(&self) -> usize {
        self.units
    }

    fn forward(&self, f: &mut Forward<'_>) {
        match f.shard.draw {
            None => f.saved.fill(1.0),
            Some(draw) => {
                fill_masks(
                    f.saved,
                    self.units,
                    self.rate,
                    draw,
                    self.number,
                    f.shard.first_row,
                );
            }
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
        let mut mask = vec![1.0; self.units];
        if let Some(draw) = r.draw {
            fill_mask(&mut mask, 1, self.rate, draw, self.number, r.row);
        }
        mask.iter()
            .zip(r.operands[0])
            .map(|(&m, x)| f64::from(m) * x)
            .collect()
    }
}
