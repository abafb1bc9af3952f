//! The attention of an interacting layer, fused: scores, softmax, weighted sum, and their gradients, one block and one head at a
//! time, so that what a head needs stays in the nearest cache.
//!
//! The three steps are matrix products whose factors differ from row to row ([`super::product`]), and the softmax of scaled numbers
//! ([`super::softmax`]).

use super::elementwise::Multiply;
use super::pairs::{Axis, factor};
use super::product::{Form, Matrix, Product};
use super::softmax::{grad_of_scaled, softmax_of_scaled};
use super::{BLOCK, Column};
use crate::simd::{Kernel, Products, Simd, Term};

/// The sizes of a layer's attention.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sizes {
    /// F
    pub fields: usize,
    /// H
    pub heads: usize,
    /// Numbers of a field's query, those of all heads side by side; H divides it.
    pub width: usize,
    /// What scores are multiplied by before the softmax.
    pub scale: f32,
}

impl Sizes {
    /// c: numbers of a field's query that belong to one head.
    fn head_dim(self) -> usize {
        self.width / self.heads
    }

    /// The rows and columns of a head of `[F, width]`.
    #[inline(always)]
    fn head_size(self) -> [usize; 2] {
        [self.fields, self.head_dim()]
    }

    /// The rows and columns of a head's weights.
    #[inline(always)]
    fn weights_size(self) -> [usize; 2] {
        [self.fields, self.fields]
    }

    /// What [`Attend`] needs as room, in columns: a head's weights after dropout, and pairs of them, its queries, keys and values.
    pub fn attend_room(self) -> usize {
        let [head, weights] = [self.head_size(), self.weights_size()];
        self.fields * self.fields
            + Axis::Along.pairs(head).max(Axis::Along.pairs(weights))
            + Axis::Along.pairs(head).max(Axis::Across.pairs(head))
    }

    /// What [`AttendGrad`] needs as room, in columns: a head's gradients of weights and scores, its weights after dropout, and pairs of
    /// at most two matrices of weights and two heads.
    pub fn attend_grad_room(self) -> usize {
        let [head, weights] = [self.head_size(), self.weights_size()];
        let both = |size| Axis::Along.pairs(size).max(Axis::Across.pairs(size));
        2 * self.fields * self.fields + 2 * (both(head) + both(weights))
    }

    /// Head `h` of `[F, width]`, as a matrix field by dimension.
    #[inline(always)]
    fn head(self, h: usize) -> Matrix {
        Matrix {
            start: h * self.head_dim(),
            stride: self.width,
        }
    }

    /// The units of one head in `[H, F, F]`.
    #[inline(always)]
    fn of_head(self, h: usize) -> std::ops::Range<usize> {
        let units = self.fields * self.fields;
        h * units..(h + 1) * units
    }

    /// One head's `[F, F]`, as a matrix field by field.
    #[inline(always)]
    fn weights(self) -> Matrix {
        Matrix {
            start: 0,
            stride: self.fields,
        }
    }
}

/// `out[i] += sum_j alpha[h, i, j] v[j, h]` with `alpha[h, i, j] = softmax_j(scale * q[i, h] . k[j, h])`, for one block.
///
/// It adds to `out`, as an interacting layer has projected its residual there.
#[derive(Debug)]
pub struct Attend<'a> {
    /// F, H and the like.
    pub sizes: Sizes,
    /// Queries, `[F, width]`.
    pub q: &'a [Column],
    /// Keys, `[F, width]`.
    pub k: &'a [Column],
    /// Values, `[F, width]`.
    pub v: &'a [Column],
    /// `[H, F, F]`: dropout's factors; none means 1.
    pub mask: Option<&'a [Column]>,
    /// `[H, F, F]`: the softmax's result, before dropout.
    pub alpha: &'a mut [Column],
    /// [`Sizes::attend_room`]. Holds anything before.
    pub room: &'a mut [Column],
    /// `[F, width]`
    pub out: &'a mut [Column],
}

impl Products for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn multiply<S: Simd, T: Term>(self, s: S) {
        let z = self.sizes;
        let (f, c) = (z.fields, z.head_dim());
        let (dropped, room) = self.room.split_at_mut(f * f);
        for h in 0..z.heads {
            let (head, weights) = (z.head(h), z.weights());
            let alpha = &mut self.alpha[z.of_head(h)];
            let mut left = &mut *room;
            let q = factor::<S, T>(s, (self.q, head), z.head_size(), Axis::Along, &mut left);
            let k = factor::<S, T>(s, (self.k, head), z.head_size(), Axis::Along, &mut left);
            Product::new(
                Form::SecondTransposed,
                q,
                k,
                (alpha, weights),
                [f, f, T::terms(c)],
            )
            .call::<S, T>(s);
            for scores in alpha.chunks_exact_mut(f) {
                softmax_of_scaled(s, scores, z.scale);
            }
            let weighted = match self.mask {
                None => &*alpha,
                Some(mask) => {
                    drop_out(s, alpha, &mask[z.of_head(h)], dropped);
                    &*dropped
                }
            };
            let mut left = &mut *room;
            let size = z.weights_size();
            let a = factor::<S, T>(s, (weighted, weights), size, Axis::Along, &mut left);
            let v = factor::<S, T>(s, (self.v, head), z.head_size(), Axis::Across, &mut left);
            Product {
                form: Form::Plain,
                a,
                b: v,
                c: (self.out, head),
                size: [f, c, T::terms(f)],
                accumulate: true,
            }
            .call::<S, T>(s);
        }
    }
}

/// `dropped = alpha mask`
#[inline(always)]
fn drop_out<S: Simd>(s: S, alpha: &[Column], mask: &[Column], dropped: &mut [Column]) {
    Multiply {
        a: alpha.as_flattened(),
        b: mask.as_flattened(),
        out: dropped[..alpha.len()].as_flattened_mut(),
    }
    .run(s);
}

/// The gradients of [`Attend`]: of q, k and v, from that of `out`. They are overwritten, not added to.
///
/// ```text
/// out += dropped v                d_dropped = d_out v^T                                      d_v = dropped^T d_out
/// dropped = mask alpha            d_alpha = mask d_dropped
/// alpha = softmax(scale score)    d_score = scale alpha (d_alpha - sum_m alpha_m d_alpha_m)
/// score = q k^T                                                                              d_q = d_score k, d_k = d_score^T q
/// ```
///
/// The three gradients in the middle, `[F, F]` each, are made in the same memory one after the other, each under a name of its own.
#[derive(Debug)]
pub struct AttendGrad<'a> {
    /// Those of [`Attend`], as are q, k and v.
    pub sizes: Sizes,
    /// `[F, width]`
    pub q: &'a [Column],
    /// `[F, width]`
    pub k: &'a [Column],
    /// `[F, width]`
    pub v: &'a [Column],
    /// The gradient of the sum that was added to, `[F, width]`.
    pub d_out: &'a [Column],
    /// `[H, F, F]`: what [`Attend`] made, before dropout.
    pub alpha: &'a [Column],
    /// `[H, F, F]`: the same factors as forward's; none means 1.
    pub mask: Option<&'a [Column]>,
    /// [`Sizes::attend_grad_room`]. Holds anything before.
    pub room: &'a mut [Column],
    /// `[F, width]`
    pub d_q: &'a mut [Column],
    /// `[F, width]`
    pub d_k: &'a mut [Column],
    /// `[F, width]`
    pub d_v: &'a mut [Column],
}

impl Products for AttendGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn multiply<S: Simd, T: Term>(mut self, s: S) {
        let units = self.sizes.fields * self.sizes.fields;
        let (room, rest) = std::mem::take(&mut self.room).split_at_mut(units);
        let (dropped, pairs) = rest.split_at_mut(units);
        for h in 0..self.sizes.heads {
            let (dropped, d_alpha) = self.through_dropout::<S, T>(s, h, [room, dropped], pairs);
            self.values::<S, T>(s, h, dropped, pairs);
            let d_score = self.through_softmax(s, h, d_alpha);
            self.queries_and_keys::<S, T>(s, h, d_score, pairs);
        }
    }
}

impl<'a> AttendGrad<'a> {
    /// A head's weights after dropout, and the gradient of those before it, which is made in `room`.
    #[inline(always)]
    fn through_dropout<'r, S: Simd, T: Term>(
        &self,
        s: S,
        h: usize,
        [room, dropped]: [&'r mut [Column]; 2],
        mut pairs: &mut [Column],
    ) -> (&'r [Column], &'r mut [Column])
    where
        'a: 'r,
    {
        let z = self.sizes;
        let d_dropped = room;
        // out = dropped v  =>  d_dropped = d_out v^T
        let (d_out, v, size) = ((self.d_out, z.head(h)), (self.v, z.head(h)), z.head_size());
        Product::new(
            Form::SecondTransposed,
            factor::<S, T>(s, d_out, size, Axis::Along, &mut pairs),
            factor::<S, T>(s, v, size, Axis::Along, &mut pairs),
            (&mut *d_dropped, z.weights()),
            [z.fields, z.fields, T::terms(z.head_dim())],
        )
        .call::<S, T>(s);
        let alpha = &self.alpha[z.of_head(h)];
        match self.mask.map(|mask| &mask[z.of_head(h)]) {
            None => (alpha, d_dropped),
            Some(mask) => {
                drop_out(s, alpha, mask, dropped);
                // dropped = mask alpha  =>  d_alpha = mask d_dropped
                let d_alpha = d_dropped;
                multiply_in_place(s, d_alpha, mask);
                (&*dropped, d_alpha)
            }
        }
    }

    /// A head's gradient of v.
    #[inline(always)]
    fn values<S: Simd, T: Term>(
        &mut self,
        s: S,
        h: usize,
        dropped: &[Column],
        mut pairs: &mut [Column],
    ) {
        let (z, across) = (self.sizes, Axis::Across);
        let (dropped, d_out) = ((dropped, z.weights()), (self.d_out, z.head(h)));
        // out = dropped v  =>  d_v = dropped^T d_out
        Product::new(
            Form::FirstTransposed,
            factor::<S, T>(s, dropped, z.weights_size(), across, &mut pairs),
            factor::<S, T>(s, d_out, z.head_size(), across, &mut pairs),
            (&mut *self.d_v, z.head(h)),
            [z.fields, z.head_dim(), T::terms(z.fields)],
        )
        .call::<S, T>(s);
    }

    /// A head's gradient of the scores, in the place of that of the weights.
    #[inline(always)]
    fn through_softmax<'r, S: Simd>(
        &self,
        s: S,
        h: usize,
        d_alpha: &'r mut [Column],
    ) -> &'r [Column] {
        let (z, f) = (self.sizes, self.sizes.fields);
        let alpha = self.alpha[z.of_head(h)].chunks_exact(f);
        // alpha = softmax(scale q k^T)  =>  d_score = scale alpha (d_alpha - sum_m alpha_m d_alpha_m)
        for (alpha, d) in alpha.zip(d_alpha.chunks_exact_mut(f)) {
            grad_of_scaled(s, alpha, d, z.scale);
        }
        d_alpha
    }

    /// A head's gradients of q and k.
    #[inline(always)]
    fn queries_and_keys<S: Simd, T: Term>(
        &mut self,
        s: S,
        h: usize,
        d_score: &[Column],
        mut pairs: &mut [Column],
    ) {
        let (z, across) = (self.sizes, Axis::Across);
        let (d_score, of_score) = ((d_score, z.weights()), z.weights_size());
        let size = [z.fields, z.head_dim(), T::terms(z.fields)];
        // score = q k^T  =>  d_q = d_score k
        Product::new(
            Form::Plain,
            factor::<S, T>(s, d_score, of_score, Axis::Along, &mut pairs),
            factor::<S, T>(s, (self.k, z.head(h)), z.head_size(), across, &mut pairs),
            (&mut *self.d_q, z.head(h)),
            size,
        )
        .call::<S, T>(s);
        // score = q k^T  =>  d_k = d_score^T q
        Product::new(
            Form::FirstTransposed,
            factor::<S, T>(s, d_score, of_score, across, &mut pairs),
            factor::<S, T>(s, (self.q, z.head(h)), z.head_size(), across, &mut pairs),
            (&mut *self.d_k, z.head(h)),
            size,
        )
        .call::<S, T>(s);
    }
}

/// `x *= factor`, unit by unit.
#[inline(always)]
fn multiply_in_place<S: Simd>(s: S, x: &mut [Column], factor: &[Column]) {
    for (x, factor) in x.iter_mut().zip(factor) {
        for strip in 0..BLOCK / S::LANES {
            let lane = strip * S::LANES;
            s.store(s.mul(s.load(x, lane), s.load(factor, lane)), x, lane);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::oracle::{arithmetics, assert_rounded_units, units, wide};

    const SIZES: [(usize, usize, usize); 4] = [(1, 1, 1), (3, 1, 5), (5, 2, 6), (14, 2, 4)];

    fn sizes((fields, heads, width): (usize, usize, usize)) -> Sizes {
        Sizes {
            fields,
            heads,
            width,
            scale: 0.7,
        }
    }

    /// One row of some units, in f64.
    fn row(x: &[Column], lane: usize) -> Vec<f64> {
        x.iter().map(|unit| wide(unit[lane])).collect()
    }

    /// One row in f64: the weights before dropout `[H, F, F]`, and what is added to the result `[F, width]`.
    fn plain(z: Sizes, [q, k, v]: [&[f64]; 3], mask: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (f, w, c) = (z.fields, z.width, z.head_dim());
        let (mut alpha, mut out) = (Vec::new(), vec![0.0; f * w]);
        for (h, i) in (0..z.heads).flat_map(|h| (0..f).map(move |i| (h, i))) {
            let head = h * c..(h + 1) * c;
            let score = |j: usize| -> f64 {
                let products = head.clone().map(|u| q[i * w + u] * k[j * w + u]);
                wide(z.scale) * products.sum::<f64>()
            };
            let powers: Vec<f64> = (0..f).map(|j| score(j).exp()).collect();
            for (j, power) in powers.iter().enumerate() {
                let weight = power / powers.iter().sum::<f64>();
                for u in head.clone() {
                    out[i * w + u] += weight * mask[alpha.len()] * v[j * w + u];
                }
                alpha.push(weight);
            }
        }
        (alpha, out)
    }

    #[test]
    fn weights_and_sums_are_plain_loops() {
        for (isa, of) in arithmetics()
            .into_iter()
            .flat_map(|isa| SIZES.map(|z| (isa, z)))
        {
            let (z, weights) = (sizes(of), of.1 * of.0 * of.0);
            let [q, k, v, before] = [1, 2, 3, 4].map(|salt| units(z.fields * z.width, salt));
            let (factors, ones) = (units(weights, 5), vec![[1.0; BLOCK]; weights]);
            for (mask, factors) in [(None, &ones), (Some(&factors[..]), &factors)] {
                let (mut alpha, mut out) = (vec![[f32::NAN; BLOCK]; weights], before.clone());
                isa.multiply(Attend {
                    sizes: z,
                    q: &q,
                    k: &k,
                    v: &v,
                    mask,
                    alpha: &mut alpha,
                    room: &mut vec![[f32::NAN; BLOCK]; z.attend_room()],
                    out: &mut out,
                });
                let truth: Vec<_> = (0..BLOCK)
                    .map(|lane| {
                        let [q, k, v] = [&q, &k, &v].map(|x| row(x, lane));
                        plain(z, [&q, &k, &v], &row(factors, lane))
                    })
                    .collect();
                assert_rounded_units(isa, &alpha, |unit, lane| truth[lane].0[unit]);
                assert_rounded_units(isa, &out, |unit, lane| {
                    wide(before[unit][lane]) + truth[lane].1[unit]
                });
            }
        }
    }

    /// Against differences of the plain loops, every number of q, k and v moved to both sides.
    #[test]
    fn gradients_are_differences_of_plain_loops() {
        for (isa, of) in arithmetics()
            .into_iter()
            .flat_map(|isa| SIZES.map(|z| (isa, z)))
        {
            let (z, n, weights) = (sizes(of), of.0 * of.2, of.1 * of.0 * of.0);
            let all = [1, 2, 3].map(|salt| units(n, salt));
            let (d_out, factors) = (units(n, 4), units(weights, 5));
            let nans = |n: usize| vec![[f32::NAN; BLOCK]; n];
            let (mut alpha, mut grads) = (nans(weights), [n, n, n].map(nans));
            let [q, k, v] = all.each_ref().map(|x| &x[..]);
            isa.multiply(Attend {
                sizes: z,
                q,
                k,
                v,
                mask: Some(&factors),
                alpha: &mut alpha,
                room: &mut nans(z.attend_room()),
                out: &mut nans(n),
            });
            let [d_q, d_k, d_v] = grads.each_mut().map(|d| &mut d[..]);
            isa.multiply(AttendGrad {
                sizes: z,
                q,
                k,
                v,
                d_out: &d_out,
                alpha: &alpha,
                mask: Some(&factors),
                room: &mut nans(z.attend_grad_room()),
                d_q,
                d_k,
                d_v,
            });
            for (which, grad) in grads.iter().enumerate() {
                assert_rounded_units(isa, grad, |unit, lane| {
                    let mask = row(&factors, lane);
                    let moved = |by: f64| -> f64 {
                        let mut x = all.each_ref().map(|x| row(x, lane));
                        x[which][unit] += by;
                        let (_, out) = plain(z, x.each_ref().map(|x| &x[..]), &mask);
                        out.iter().zip(row(&d_out, lane)).map(|(y, d)| y * d).sum()
                    };
                    (moved(1e-5) - moved(-1e-5)) / 2e-5
                });
            }
        }
    }
}
