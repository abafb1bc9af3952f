//! The attention of an interacting layer, fused: scores, softmax, weighted sum, and their gradients, one strip of rows and one
//! head at a time, so that what a head needs stays in the nearest cache.

use super::math::exp;
use super::product::{Factor, Into, product};
use crate::simd::{Kernel, Simd};

/// The sizes of a layer's attention.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sizes {
    /// F
    pub fields: usize,
    /// H
    pub heads: usize,
    /// All heads together; H divides it.
    pub width: usize,
    /// What scores are multiplied by before the softmax.
    pub scale: f32,
    /// R
    pub rows: usize,
}

impl Sizes {
    fn head_dim(self) -> usize {
        self.width / self.heads
    }

    /// Head `h` of `[F, width, rows]`, as a matrix field by dimension, for the strip that starts at `row`.
    #[inline(always)]
    fn head(self, h: usize, row: usize) -> Factor {
        Factor {
            start: h * self.head_dim() * self.rows + row,
            strides: (self.width * self.rows, self.rows),
        }
    }

    /// Head `h` of `[H, F, F, rows]`, as a matrix field by field, likewise.
    #[inline(always)]
    fn weights(self, h: usize, row: usize) -> Factor {
        Factor {
            start: h * self.fields * self.fields * self.rows + row,
            strides: (self.fields * self.rows, self.rows),
        }
    }
}

/// `out[i] += sum_j alpha[h, i, j] v[j, h]` with `alpha[h, i, j] = softmax_j(scale * q[i, h] . k[j, h])`.
#[derive(Debug)]
pub struct Attend<'a> {
    pub sizes: Sizes,
    /// `[F, width, rows]` each.
    pub q: &'a [f32],
    pub k: &'a [f32],
    pub v: &'a [f32],
    /// `[H, F, F, rows]`: dropout's factors; none means 1.
    pub mask: Option<&'a [f32]>,
    /// `[H, F, F, rows]`: the softmax's result, before dropout.
    pub alpha: &'a mut [f32],
    /// `[F * F, rows]`: a head's weights after dropout; used with a mask only.
    pub dropped: &'a mut [f32],
    /// `[F, width, rows]`
    pub out: &'a mut [f32],
}

impl Kernel for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let z = self.sizes;
        let (f, c) = (z.fields, z.head_dim());
        for row in (0..z.rows).step_by(S::LANES) {
            for h in 0..z.heads {
                let (head, weights) = (z.head(h, row), z.weights(h, row));
                let keys = (self.k, head.transposed());
                product(
                    s,
                    (self.q, head),
                    keys,
                    (self.alpha, weights),
                    [f, f, c],
                    Into::Overwrite,
                );
                for i in 0..f {
                    softmax_in_place(s, self.alpha, weights.start + i * weights.strides.0, z);
                }
                let (o, v) = ((&mut *self.out, head), (self.v, head));
                match self.mask {
                    None => product(s, (self.alpha, weights), v, o, [f, c, f], Into::Add),
                    Some(mask) => {
                        let own = z.weights(0, row);
                        drop_out(
                            s,
                            self.alpha,
                            mask,
                            weights.start,
                            self.dropped,
                            own.start,
                            z,
                        );
                        product(s, (self.dropped, own), v, o, [f, c, f], Into::Add);
                    }
                }
            }
        }
    }
}

/// Turns F scores, each `rows` apart, into their softmax.
#[inline(always)]
fn softmax_in_place<S: Simd>(s: S, x: &mut [f32], start: usize, z: Sizes) {
    let at = |j: usize| start + j * z.rows;
    let mut top = s.load(x, at(0));
    for j in 1..z.fields {
        top = s.max(top, s.load(x, at(j)));
    }
    let scale = s.splat(z.scale);
    let mut sum = s.splat(0.0);
    for j in 0..z.fields {
        let e = exp(s, s.mul(scale, s.sub(s.load(x, at(j)), top)));
        sum = s.add(sum, e);
        s.store(e, x, at(j));
    }
    let inverse = s.div(s.splat(1.0), sum);
    for j in 0..z.fields {
        s.store(s.mul(s.load(x, at(j)), inverse), x, at(j));
    }
}

/// `to = alpha * mask` for one head; `from` and `own` are where the head's first weight lies.
#[inline(always)]
fn drop_out<S: Simd>(
    s: S,
    alpha: &[f32],
    mask: &[f32],
    from: usize,
    to: &mut [f32],
    own: usize,
    z: Sizes,
) {
    for unit in 0..z.fields * z.fields {
        let at = from + unit * z.rows;
        s.store(
            s.mul(s.load(alpha, at), s.load(mask, at)),
            to,
            own + unit * z.rows,
        );
    }
}

/// The gradients of [`Attend`]: of q, k and v, from that of `out`. They are overwritten, not added to.
#[derive(Debug)]
pub struct AttendGrad<'a> {
    pub sizes: Sizes,
    /// `[F, width, rows]` each.
    pub q: &'a [f32],
    pub k: &'a [f32],
    pub v: &'a [f32],
    pub d_out: &'a [f32],
    /// `[H, F, F, rows]`
    pub alpha: &'a [f32],
    pub mask: Option<&'a [f32]>,
    /// `[2 * F * F, rows]`: a head's score gradients, then its weights after dropout.
    pub scratch: &'a mut [f32],
    /// `[F, width, rows]` each.
    pub d_q: &'a mut [f32],
    pub d_k: &'a mut [f32],
    pub d_v: &'a mut [f32],
}

impl Kernel for AttendGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let z = self.sizes;
        let (f, c) = (z.fields, z.head_dim());
        let (d_scores, dropped) = self.scratch.split_at_mut(f * f * z.rows);
        for row in (0..z.rows).step_by(S::LANES) {
            for h in 0..z.heads {
                let (head, weights, own) = (z.head(h, row), z.weights(h, row), z.weights(0, row));
                // o = dropped v  =>  d_dropped = d_o v^T, d_v = dropped^T d_o
                let values = (self.v, head.transposed());
                product(
                    s,
                    (self.d_out, head),
                    values,
                    (d_scores, own),
                    [f, f, c],
                    Into::Overwrite,
                );
                let (d_o, d_v) = ((self.d_out, head), (&mut *self.d_v, head));
                match self.mask {
                    None => {
                        let alpha = (self.alpha, weights.transposed());
                        product(s, alpha, d_o, d_v, [f, c, f], Into::Overwrite);
                    }
                    Some(mask) => {
                        // dropped = mask alpha  =>  d_alpha = mask d_dropped
                        drop_out(s, self.alpha, mask, weights.start, dropped, own.start, z);
                        product(
                            s,
                            (dropped, own.transposed()),
                            d_o,
                            d_v,
                            [f, c, f],
                            Into::Overwrite,
                        );
                        for unit in 0..f * f {
                            let (at, from) =
                                (own.start + unit * z.rows, weights.start + unit * z.rows);
                            let masked = s.mul(s.load(d_scores, at), s.load(mask, from));
                            s.store(masked, d_scores, at);
                        }
                    }
                }
                // alpha = softmax(scale q k^T)  =>  d_score = scale alpha (d_alpha - sum_m alpha_m d_alpha_m)
                for i in 0..f {
                    let (from, at) = (weights.start + i * f * z.rows, own.start + i * f * z.rows);
                    softmax_grad_in_place(s, self.alpha, from, d_scores, at, z);
                }
                // score = q k^T  =>  d_q = d_score k, d_k = d_score^T q
                let (q, k) = ((self.q, head), (self.k, head));
                let by_query = (&*d_scores, own);
                product(s, by_query, k, (self.d_q, head), [f, c, f], Into::Overwrite);
                let by_key = (&*d_scores, own.transposed());
                product(s, by_key, q, (self.d_k, head), [f, c, f], Into::Overwrite);
            }
        }
    }
}

/// Turns the gradients of F weights into those of their scores.
#[inline(always)]
fn softmax_grad_in_place<S: Simd>(
    s: S,
    alpha: &[f32],
    from: usize,
    d: &mut [f32],
    at: usize,
    z: Sizes,
) {
    let mut dot = s.splat(0.0);
    for j in 0..z.fields {
        let (a, d) = (s.load(alpha, from + j * z.rows), s.load(d, at + j * z.rows));
        dot = s.mul_add(a, d, dot);
    }
    let scale = s.splat(z.scale);
    for j in 0..z.fields {
        let a = s.mul(scale, s.load(alpha, from + j * z.rows));
        let inner = s.sub(s.load(d, at + j * z.rows), dot);
        s.store(s.mul(a, inner), d, at + j * z.rows);
    }
}
