//! The factors of a model's products: weights and units as they are, or pairs of bf16 of them (see [`crate::kernels::pairs`]), by the
//! precision that the engine computes with.
//!
//! Which products these are: those of [`linear`](super::ops::linear) and of [`interacting`](super::ops::interacting), forward and
//! backward. Everything else is f32 whatever the precision: embeddings, softmax, normalisations, losses, the weights themselves, their
//! gradients' sums, and the optimiser's moments.

use std::ops::Range;

use super::layout::{Layout, Param, Parameters};
use crate::kernels::pairs::{Axis, PairUp, PairWeights};
use crate::kernels::product::Matrix;
use crate::kernels::weight_grad::{Pack, tiles};
use crate::kernels::{BLOCK, columns, columns_mut};
use crate::simd::{Aligned, Isa};

/// The matrices among the dense parameters as pairs. Each lies where it lies in the flat vector, in about half of its
/// room, from the beginning of a cache line on if they fit. Empty in f32.
#[derive(Debug, Clone, Default)]
pub struct WeightPairs {
    /// `[inputs / 2, outputs]`
    across: Aligned,
    /// `[inputs, outputs / 2]`
    along: Aligned,
    /// Whether those across are turned round, for products in tiles: `[outputs, inputs / 2]`.
    turned: bool,
}

impl WeightPairs {
    /// Those of some parameters.
    pub fn of(isa: Isa, layout: &Layout, parameters: &Parameters) -> WeightPairs {
        let mut pairs = WeightPairs::default();
        pairs.refresh(isa, layout, parameters);
        pairs
    }

    /// Makes them anew, after the parameters have changed.
    pub fn refresh(&mut self, isa: Isa, layout: &Layout, parameters: &Parameters) {
        if isa.precision().is_f32() {
            return;
        }
        self.turned = isa.in_tiles();
        self.across.resize(parameters.dense.len());
        self.along.resize(parameters.dense.len());
        for spec in &layout.dense {
            if let [inputs, outputs] = spec.param.shape[..] {
                let size = [inputs, outputs];
                isa.multiply(PairWeights {
                    w: &parameters.dense[spec.param.range.clone()],
                    outputs,
                    across: &mut self.across[place(&spec.param, Axis::Across.pairs(size))],
                    along: &mut self.along[place(&spec.param, Axis::Along.pairs(size))],
                });
            }
        }
    }
}

/// Where so many pairs of a matrix lie: within its place in the flat vector, from the beginning of a cache line on if they fit.
fn place(weight: &Param, pairs: usize) -> Range<usize> {
    let line = weight.range.start.next_multiple_of(BLOCK);
    let start = match line + pairs <= weight.range.end {
        true => line,
        false => weight.range.start,
    };
    start..start + pairs
}

/// The weights of a model as products take them.
#[derive(Debug, Clone, Copy)]
pub struct Weights<'a> {
    /// All of the model's.
    pub parameters: &'a Parameters,
    /// Made of them.
    pub pairs: &'a WeightPairs,
}

impl<'a> Weights<'a> {
    /// `[inputs, outputs]` as the second factor of `x weight`, and how far it is from one term of a sum to the next, from one output
    /// to the next.
    pub fn matrix(self, weight: &Param) -> (&'a [f32], (usize, usize)) {
        let size = [0, 1].map(|axis| weight.shape[axis]);
        let strides = match self.pairs.turned {
            true => (1, Axis::Along.paired([size[1], size[0]])[1]),
            false => (size[1], 1),
        };
        (
            self.among(&self.pairs.across, weight, Axis::Across.pairs(size)),
            strides,
        )
    }

    /// The same as the second factor of `d weight^T`, whose terms are the outputs.
    pub fn transposed(self, weight: &Param) -> (&'a [f32], (usize, usize)) {
        let size = [0, 1].map(|axis| weight.shape[axis]);
        let terms = match self.pairs.along.is_empty() {
            true => size[1],
            false => Axis::Along.paired(size)[1],
        };
        (
            self.among(&self.pairs.along, weight, Axis::Along.pairs(size)),
            (1, terms),
        )
    }

    /// A matrix' own numbers, or as many pairs of it.
    fn among(self, all: &'a [f32], weight: &Param, pairs: usize) -> &'a [f32] {
        match all.is_empty() {
            true => &self.parameters.dense[weight.range.clone()],
            false => &all[place(weight, pairs)],
        }
    }
}

/// Units `[tokens, k, BLOCK]` as a factor of products: themselves, or pairs made at the beginning of `room`. What is left of the room
/// is for the next.
pub fn factor<'o, 'a: 'o, 'r: 'o>(
    isa: Isa,
    x: &'a [f32],
    k: usize,
    axis: Axis,
    room: &mut &'r mut [f32],
) -> &'o [f32] {
    if isa.precision().is_f32() {
        return x;
    }
    let x = columns(x);
    let size = [x.len() / k, k];
    let (out, rest) = std::mem::take(room).split_at_mut(axis.pairs(size) * BLOCK);
    *room = rest;
    let at = Matrix {
        start: 0,
        stride: k,
    };
    isa.multiply(PairUp {
        x: (x, at),
        size,
        axis,
        out: columns_mut(out),
    });
    out
}

/// [`Pack`] of units `[tokens, k, BLOCK]`, or of their pairs across tokens: the inputs of a weight's gradient. As much of `packed` as it
/// takes. Tiles take pairs as they are.
pub fn packed<'a>(isa: Isa, x: &[f32], k: usize, packed: &'a mut [f32]) -> &'a [f32] {
    if isa.precision().is_f32() {
        let packed = &mut packed[..x.len()];
        Pack { x, packed, k }.run();
        return packed;
    }
    let x = columns(x);
    let tokens = x.len() / k;
    let all = &mut packed[..Axis::Across.pairs([tokens, k]) * BLOCK];
    let mut rest = columns_mut(all);
    let whole = isa.in_tiles().then_some((0, k));
    let parts = tiles(k).filter(|_| whole.is_none());
    for (start, width) in whole.into_iter().chain(parts) {
        let at = Matrix { start, stride: k };
        let (tile, behind) = rest.split_at_mut(tokens.div_ceil(2) * width);
        isa.multiply(PairUp {
            x: (x, at),
            size: [tokens, width],
            axis: Axis::Across,
            out: tile,
        });
        rest = behind;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autograd::layout::{Init, Role};
    use crate::simd::{Precision, bf16};

    #[test]
    fn matrices_are_paired_in_their_places_and_nothing_is_in_f32() {
        let mut layout = Layout::default();
        let bias = layout.dense("bias", &[3], Init::Constant(0.5), Role::Bias);
        let weight = layout.dense("weight", &[2, 3], Init::Constant(0.5), Role::Kernel);
        let (bias, weight) = (bias.unwrap(), weight.unwrap());
        let mut parameters = Parameters::zeros(&layout);
        for (i, x) in parameters.dense.iter_mut().enumerate() {
            *x = i as f32;
        }
        let isa = Isa::available()[0];
        for precision in Precision::ALL {
            let pairs = WeightPairs::of(isa.with(precision), &layout, &parameters);
            let weights = Weights {
                parameters: &parameters,
                pairs: &pairs,
            };
            let (matrix, transposed) = (weights.matrix(&weight), weights.transposed(&weight));
            // Rows 3 4 5 and 6 7 8.
            let across = [(3.0, 6.0), (4.0, 7.0), (5.0, 8.0)].map(|(a, b)| bf16::pair(a, b));
            let along = [(3.0, 4.0), (5.0, 0.0), (6.0, 7.0), (8.0, 0.0)];
            let along = along.map(|(a, b)| bf16::pair(a, b));
            match precision {
                Precision::F32 => {
                    assert!(pairs.across.is_empty() && pairs.along.is_empty());
                    assert_eq!(matrix, (&parameters.dense[3..], (3, 1)));
                    assert_eq!(transposed, (&parameters.dense[3..], (1, 3)));
                }
                Precision::Bf16 => assert_eq!(matrix, (&across[..], (3, 1))),
                Precision::AmxBf16 => assert_eq!(matrix, (&across[..], (1, 1))),
            }
            if !precision.is_f32() {
                assert_eq!(transposed, (&along[..], (1, 2)));
            }
        }
        assert_eq!(bias.range, 0..3);
    }
}
