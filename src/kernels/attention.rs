//! The attention of an interacting layer, fused: scores, softmax, weighted sum, and their gradients, one block and one head at a
//! time, so that what a head needs stays in the nearest cache.
//!
//! The three steps are matrix products whose factors differ from row to row ([`super::product`]), and the softmax of scaled numbers
//! ([`super::softmax`]).

use super::elementwise::Multiply;
use super::product::{Form, Matrix, Product};
use super::softmax::{grad_of_scaled, softmax_of_scaled};
use super::{BLOCK, Column};
use crate::simd::{Kernel, Simd};

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
    /// `[F, F]`: a head's weights after dropout; used with a mask only.
    pub dropped: &'a mut [Column],
    /// `[F, width]`
    pub out: &'a mut [Column],
}

impl Kernel for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let z = self.sizes;
        let (f, c) = (z.fields, z.head_dim());
        for h in 0..z.heads {
            let (head, weights) = (z.head(h), z.weights());
            let alpha = &mut self.alpha[z.of_head(h)];
            Product::new(
                Form::SecondTransposed,
                (self.q, head),
                (self.k, head),
                (alpha, weights),
                [f, f, c],
            )
            .call(s);
            for scores in alpha.chunks_exact_mut(f) {
                softmax_of_scaled(s, scores, z.scale);
            }
            let weighted = match self.mask {
                None => &*alpha,
                Some(mask) => {
                    drop_out(s, alpha, &mask[z.of_head(h)], self.dropped);
                    &*self.dropped
                }
            };
            Product {
                form: Form::Plain,
                a: (weighted, weights),
                b: (self.v, head),
                c: (self.out, head),
                size: [f, c, f],
                accumulate: true,
            }
            .call(s);
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
    /// `[2, F, F]`: a head's gradients of weights and scores, then its weights after dropout.
    pub scratch: &'a mut [Column],
    /// `[F, width]`
    pub d_q: &'a mut [Column],
    /// `[F, width]`
    pub d_k: &'a mut [Column],
    /// `[F, width]`
    pub d_v: &'a mut [Column],
}

impl Kernel for AttendGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let units = self.sizes.fields * self.sizes.fields;
        let (room, dropped) = std::mem::take(&mut self.scratch).split_at_mut(units);
        for h in 0..self.sizes.heads {
            let (dropped, d_alpha) = self.through_dropout(s, h, room, dropped);
            self.values(s, h, dropped);
            let d_score = self.through_softmax(s, h, d_alpha);
            self.queries_and_keys(s, h, d_score);
        }
    }
}

impl<'a> AttendGrad<'a> {
    /// A head's weights after dropout, and the gradient of those before it, which is made in `room`.
    #[inline(always)]
    fn through_dropout<'r, S: Simd>(
        &self,
        s: S,
        h: usize,
        room: &'r mut [Column],
        dropped: &'r mut [Column],
    ) -> (&'r [Column], &'r mut [Column])
    where
        'a: 'r,
    {
        let z = self.sizes;
        let d_dropped = room;
        // out = dropped v  =>  d_dropped = d_out v^T
        Product::new(
            Form::SecondTransposed,
            (self.d_out, z.head(h)),
            (self.v, z.head(h)),
            (&mut *d_dropped, z.weights()),
            [z.fields, z.fields, z.head_dim()],
        )
        .call(s);
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
    fn values<S: Simd>(&mut self, s: S, h: usize, dropped: &[Column]) {
        let z = self.sizes;
        // out = dropped v  =>  d_v = dropped^T d_out
        Product::new(
            Form::FirstTransposed,
            (dropped, z.weights()),
            (self.d_out, z.head(h)),
            (&mut *self.d_v, z.head(h)),
            [z.fields, z.head_dim(), z.fields],
        )
        .call(s);
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
    fn queries_and_keys<S: Simd>(&mut self, s: S, h: usize, d_score: &[Column]) {
        let z = self.sizes;
        let size = [z.fields, z.head_dim(), z.fields];
        // score = q k^T  =>  d_q = d_score k
        Product::new(
            Form::Plain,
            (d_score, z.weights()),
            (self.k, z.head(h)),
            (&mut *self.d_q, z.head(h)),
            size,
        )
        .call(s);
        // score = q k^T  =>  d_k = d_score^T q
        Product::new(
            Form::FirstTransposed,
            (d_score, z.weights()),
            (self.q, z.head(h)),
            (&mut *self.d_k, z.head(h)),
            size,
        )
        .call(s);
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
