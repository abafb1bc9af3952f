//! A single row, which would fill one lane of a [`BLOCK`]: something else lies in the lanes instead.
//!
//! In an interacting layer it is the row's *fields*, in a linear layer its *outputs*. Each number is the same sum in the same
//! order as with rows in lanes, so it has the same bits.

use super::attention::Sizes;
use super::matmul::Matmul;
use super::pairs::{Axis, factor};
use super::product::Matrix;
use super::softmax::softmax_of_scaled;
use super::{BLOCK, Column, columns, columns_mut};
use crate::simd::{Products, Simd, Term, With, bf16};

/// How many vectors the fields of one row fill.
pub fn field_blocks(fields: usize) -> usize {
    fields.div_ceil(BLOCK)
}

/// Takes one row out of a block: `out[f / 16][k][f % 16] = x[f][k][row]`, 0 where there is no field.
pub fn fields_into_lanes(x: &[Column], row: usize, k: usize, out: &mut [Column]) {
    out.fill([0.0; BLOCK]);
    let blocks = x.chunks(k * BLOCK).zip(out.chunks_exact_mut(k));
    for (fields, out) in blocks {
        for (lane, field) in fields.chunks_exact(k).enumerate() {
            for (out, unit) in out.iter_mut().zip(field) {
                out[lane] = unit[row];
            }
        }
    }
}

/// Puts one row back into a block: the inverse of [`fields_into_lanes`].
pub fn fields_out_of_lanes(x: &[Column], row: usize, k: usize, out: &mut [Column]) {
    for (fields, x) in out.chunks_mut(k * BLOCK).zip(x.chunks_exact(k)) {
        for (lane, field) in fields.chunks_exact_mut(k).enumerate() {
            for (unit, x) in field.iter_mut().zip(x) {
                unit[row] = x[lane];
            }
        }
    }
}

/// [`super::attention::Attend`] of one row, without dropout. The querying fields lie in the lanes; keys and values are
/// broadcast from theirs, as a linear layer's weights are.
#[derive(Debug)]
pub struct AttendRow<'a> {
    /// Those of the layer.
    pub sizes: Sizes,
    /// Queries, `[ceil(F / 16), width, BLOCK]`: here the lanes are fields.
    pub q: &'a [f32],
    /// Keys, likewise.
    pub k: &'a [f32],
    /// Values, likewise.
    pub v: &'a [f32],
    /// `[ceil(F / 16), H, F, BLOCK]`: the weight of each key, one after the other.
    pub alpha: &'a mut [f32],
    /// `[ceil(F / 16), width, BLOCK]`: added to.
    pub out: &'a mut [f32],
    /// [`AttendRow::room`]. Holds anything before.
    pub room: &'a mut [Column],
}

impl Products for AttendRow<'_> {
    type Output = ();

    #[inline(always)]
    fn multiply<S: Simd, T: Term>(self, s: S) {
        let z = self.sizes;
        let (f, c) = (z.fields, z.width / z.heads);
        // Of one field block: all its units, and where a head's begin.
        let units = z.width * BLOCK;
        let queries = self
            .q
            .chunks_exact(units)
            .zip(self.out.chunks_exact_mut(units));
        let alpha = self.alpha.chunks_exact_mut(z.heads * f * BLOCK);
        for ((q, out), alpha) in queries.zip(alpha) {
            for (h, alpha) in alpha.chunks_exact_mut(f * BLOCK).enumerate() {
                let head = h * c * BLOCK..(h + 1) * c * BLOCK;
                let key_blocks = || (0..f).step_by(BLOCK).zip((0..).map(|block| block * units));
                for (first, at) in key_blocks() {
                    let keys = BLOCK.min(f - first);
                    let mut room = &mut *self.room;
                    s.call(With::<_, T>::new(Matmul {
                        x: in_a_row::<S, T>(s, &q[head.clone()], &mut room),
                        w: in_a_row::<S, T>(s, &self.k[at..][head.clone()], &mut room),
                        w_strides: (BLOCK, 1),
                        bias: None,
                        out: &mut alpha[first * BLOCK..(first + keys) * BLOCK],
                        accumulate: false,
                        tokens: 1,
                        k: T::terms(c),
                        outputs: keys,
                    }));
                }
                softmax_of_scaled(s, columns_mut(alpha), z.scale);
                for (first, at) in key_blocks() {
                    let keys = BLOCK.min(f - first);
                    let mut room = &mut *self.room;
                    let weights = &alpha[first * BLOCK..(first + keys) * BLOCK];
                    let (w, stride) =
                        keys_in_pairs::<T>(&self.v[at..][head.clone()], keys, &mut room);
                    s.call(With::<_, T>::new(Matmul {
                        x: in_a_row::<S, T>(s, weights, &mut room),
                        w,
                        w_strides: (1, stride),
                        bias: None,
                        out: &mut out[head.clone()],
                        accumulate: true,
                        tokens: 1,
                        k: T::terms(keys),
                        outputs: c,
                    }));
                }
            }
        }
    }
}

impl AttendRow<'_> {
    /// How many columns of room it needs.
    pub fn room(sizes: Sizes) -> usize {
        let c = sizes.width / sizes.heads;
        (2 * c.div_ceil(2)).max(BLOCK / 2 + c)
    }
}

/// Columns that are summed over, as terms.
#[inline(always)]
fn in_a_row<'o, 'a: 'o, 'r: 'o, S: Simd, T: Term>(
    s: S,
    x: &'a [f32],
    room: &mut &'r mut [Column],
) -> &'o [f32] {
    let x = columns(x);
    let at = Matrix {
        start: 0,
        stride: x.len(),
    };
    let (x, _) = factor::<S, T>(s, (x, at), [1, x.len()], Axis::Along, room);
    x.as_flattened()
}

/// Values `[units, BLOCK]`, whose lanes are the keys that are summed over, as terms; and from one unit's to the next.
#[inline(always)]
fn keys_in_pairs<'o, 'a: 'o, 'r: 'o, T: Term>(
    v: &'a [f32],
    keys: usize,
    room: &mut &'r mut [Column],
) -> (&'o [f32], usize) {
    const HALF: usize = BLOCK / 2;
    if !T::PAIRS {
        return (v, BLOCK);
    }
    let (out, rest) = std::mem::take(room).split_at_mut(columns(v).len());
    *room = rest;
    let out = out.as_flattened_mut();
    for (unit, out) in columns(v).iter().zip(out.as_chunks_mut::<HALF>().0) {
        let mut used: Column = [0.0; BLOCK];
        for (lane, (used, &value)) in used.iter_mut().zip(unit).enumerate() {
            *used = if lane < keys { value } else { 0.0 };
        }
        for (out, &[even, odd]) in out.iter_mut().zip(used.as_chunks::<2>().0) {
            *out = bf16::pair(even, odd);
        }
    }
    (out, HALF)
}

/// [`Matmul`] of one row's token: `out[o][row] = bias[o] + sum_k x[k][row] * w[k][o]`, the outputs in the lanes.
#[derive(Debug)]
pub struct MatmulRow<'a> {
    /// `[k]`; pairs, as of [`Matmul`], where products are of bf16.
    pub x: &'a [Column],
    /// `[k, outputs]`, likewise.
    pub w: &'a [f32],
    /// `[outputs]`; none means zero.
    pub bias: Option<&'a [f32]>,
    /// `[outputs]`: a multiple of [`BLOCK`].
    pub out: &'a mut [Column],
    /// Its lane in x and out.
    pub row: usize,
}

impl Products for MatmulRow<'_> {
    type Output = ();

    #[inline(always)]
    fn multiply<S: Simd, T: Term>(mut self, s: S) {
        // Several sums at a time hide each other's latency: four, as many vectors of w and one of x fit any registers.
        let mut o = 0;
        while o + 4 * S::LANES <= self.out.len() {
            self.sums::<S, T, 4>(s, o);
            o += 4 * S::LANES;
        }
        while o < self.out.len() {
            self.sums::<S, T, 1>(s, o);
            o += S::LANES;
        }
    }
}

impl MatmulRow<'_> {
    /// N vectors of outputs, from output `o` on.
    #[inline(always)]
    fn sums<S: Simd, T: Term, const N: usize>(&mut self, s: S, o: usize) {
        let mut acc = [s.splat(0.0); N];
        if let Some(bias) = self.bias {
            for (n, acc) in acc.iter_mut().enumerate() {
                *acc = s.load(bias, o + n * S::LANES);
            }
        }
        for (x, w) in self.x.iter().zip(self.w.chunks_exact(self.out.len())) {
            let x = s.splat(x[self.row]);
            for (n, acc) in acc.iter_mut().enumerate() {
                *acc = T::add(s, x, s.load(w, o + n * S::LANES), *acc);
            }
        }
        for (n, acc) in acc.into_iter().enumerate() {
            let mut lanes = [0.0; BLOCK];
            s.store(acc, &mut lanes, 0);
            let out = &mut self.out[o + n * S::LANES..][..S::LANES];
            for (out, x) in out.iter_mut().zip(lanes) {
                out[self.row] = x;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::attention::Attend;
    use crate::kernels::oracle::{arithmetics, factor, numbers, units};
    use crate::kernels::pairs::PairWeights;

    /// A row's numbers of `[F, k]` as [`AttendRow`] wants them.
    fn lanes_of(x: &[Column], row: usize, k: usize) -> Vec<f32> {
        let mut out = vec![[f32::NAN; BLOCK]; field_blocks(x.len() / k) * k];
        fields_into_lanes(x, row, k, &mut out);
        out.as_flattened().to_vec()
    }

    #[test]
    fn attention_of_a_row_has_the_bits_that_it_has_in_a_block() {
        for isa in arithmetics() {
            for (fields, heads, width) in [(1, 1, 2), (5, 2, 6), (16, 1, 4), (19, 2, 4)] {
                let sizes = Sizes {
                    fields,
                    heads,
                    width,
                    scale: 0.7,
                };
                let [q, k, v, residual] = [1, 2, 3, 4].map(|salt| units(fields * width, salt));
                let mut out = residual.clone();
                let mut alpha = vec![[f32::NAN; BLOCK]; heads * fields * fields];
                isa.multiply(Attend {
                    sizes,
                    q: &q,
                    k: &k,
                    v: &v,
                    mask: None,
                    alpha: &mut alpha,
                    room: &mut vec![[f32::NAN; BLOCK]; sizes.attend_room()],
                    out: &mut out,
                });
                let row = 3;
                let mut of_row = lanes_of(&residual, row, width);
                let weights = field_blocks(fields) * heads * fields * BLOCK;
                isa.multiply(AttendRow {
                    sizes,
                    q: &lanes_of(&q, row, width),
                    k: &lanes_of(&k, row, width),
                    v: &lanes_of(&v, row, width),
                    alpha: &mut vec![f32::NAN; weights],
                    out: &mut of_row,
                    room: &mut vec![[f32::NAN; BLOCK]; AttendRow::room(sizes)],
                });
                let mut back = residual;
                fields_out_of_lanes(columns(&of_row), row, width, &mut back);
                for (got, unit) in back.iter().zip(&out) {
                    assert_eq!(got[row], unit[row], "{} {fields}", isa.name());
                }
            }
        }
    }

    #[test]
    fn a_product_of_a_row_has_the_bits_that_it_has_in_a_block() {
        for isa in arithmetics() {
            for (k, outputs) in [(1, 16), (7, 80), (20, 144)] {
                let (x, mut w, bias) = (units(k, 1), numbers(k * outputs, 2), numbers(outputs, 3));
                let x = factor(isa, &x, [1, k], Axis::Along);
                if !isa.precision().is_f32() {
                    isa.multiply(PairWeights {
                        w: &w.clone(),
                        outputs,
                        across: &mut w,
                        along: &mut vec![f32::NAN; k * outputs],
                    });
                }
                let k = isa.terms(k);
                let w = &w[..k * outputs];
                for bias in [None, Some(&bias[..])] {
                    let mut block = vec![f32::NAN; outputs * BLOCK];
                    isa.multiply(Matmul {
                        x: x.as_flattened(),
                        w,
                        w_strides: (outputs, 1),
                        bias,
                        out: &mut block,
                        accumulate: false,
                        tokens: 1,
                        k,
                        outputs,
                    });
                    let mut out = vec![[0.5; BLOCK]; outputs];
                    isa.multiply(MatmulRow {
                        x: &x,
                        w,
                        bias,
                        out: &mut out,
                        row: 9,
                    });
                    for (got, unit) in out.iter().zip(columns(&block)) {
                        assert_eq!(got[9], unit[9], "{} {k} {outputs}", isa.name());
                        assert_eq!(got[8], 0.5, "another row is left alone");
                    }
                }
            }
        }
    }
}
