//! The attention of an interacting layer, fused: scores, softmax, weighted sum, and their gradients, one block and one head at a
//! time, so that what a head needs stays in the nearest cache.

use super::elementwise::Multiply;
use super::math::exp2_negative;
use super::product::{Form, Matrix, Product};
use super::{BLOCK, Column};
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
}

impl Sizes {
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

/// `out[i] += sum_j alpha[h, i, j] v[j, h]` with `alpha[h, i, j] = softmax_j(scale * q[i, h] . k[j, h])`.
#[derive(Debug)]
pub struct Attend<'a> {
    pub sizes: Sizes,
    /// `[F, width]` each.
    pub q: &'a [Column],
    pub k: &'a [Column],
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
                softmax_in_place(s, scores, z.scale);
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

/// Turns a query's scores into their softmax.
#[inline(always)]
pub(super) fn softmax_in_place<S: Simd>(s: S, x: &mut [Column], scale: f32) {
    for strip in 0..BLOCK / S::LANES {
        let lane = strip * S::LANES;
        let mut top = s.splat(f32::NEG_INFINITY);
        for x in &*x {
            top = s.max(top, s.load(x, lane));
        }
        // e^(scale x) = 2^(scale log2(e) x)
        let scale = s.splat(scale * std::f32::consts::LOG2_E);
        let mut sum = s.splat(0.0);
        for x in &mut *x {
            let e = exp2_negative(s, s.mul(scale, s.sub(s.load(x, lane), top)));
            sum = s.add(sum, e);
            s.store(e, x, lane);
        }
        let inverse = s.div(s.splat(1.0), sum);
        for x in &mut *x {
            s.store(s.mul(s.load(x, lane), inverse), x, lane);
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
#[derive(Debug)]
pub struct AttendGrad<'a> {
    pub sizes: Sizes,
    /// `[F, width]` each.
    pub q: &'a [Column],
    pub k: &'a [Column],
    pub v: &'a [Column],
    pub d_out: &'a [Column],
    /// `[H, F, F]`
    pub alpha: &'a [Column],
    pub mask: Option<&'a [Column]>,
    /// `[2, F, F]`: a head's score gradients, then its weights after dropout.
    pub scratch: &'a mut [Column],
    /// `[F, width]` each.
    pub d_q: &'a mut [Column],
    pub d_k: &'a mut [Column],
    pub d_v: &'a mut [Column],
}

impl Kernel for AttendGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let z = self.sizes;
        let (f, c) = (z.fields, z.head_dim());
        let (d_scores, dropped) = self.scratch.split_at_mut(f * f);
        for h in 0..z.heads {
            let (head, weights) = (z.head(h), z.weights());
            let alpha = &self.alpha[z.of_head(h)];
            let d_o = (self.d_out, head);
            // o = dropped v  =>  d_dropped = d_o v^T
            Product::new(
                Form::SecondTransposed,
                d_o,
                (self.v, head),
                (d_scores, weights),
                [f, f, c],
            )
            .call(s);
            // dropped = mask alpha  =>  d_alpha = mask d_dropped
            let weighted = match self.mask.map(|mask| &mask[z.of_head(h)]) {
                None => alpha,
                Some(mask) => {
                    drop_out(s, alpha, mask, dropped);
                    multiply_in_place(s, d_scores, mask);
                    &*dropped
                }
            };
            // o = dropped v  =>  d_v = dropped^T d_o
            Product::new(
                Form::FirstTransposed,
                (weighted, weights),
                d_o,
                (self.d_v, head),
                [f, c, f],
            )
            .call(s);
            // alpha = softmax(scale q k^T)  =>  d_score = scale alpha (d_alpha - sum_m alpha_m d_alpha_m)
            for (alpha, d) in alpha.chunks_exact(f).zip(d_scores.chunks_exact_mut(f)) {
                softmax_grad_in_place(s, alpha, d, z.scale);
            }
            // score = q k^T  =>  d_q = d_score k, d_k = d_score^T q
            Product::new(
                Form::Plain,
                (d_scores, weights),
                (self.k, head),
                (self.d_q, head),
                [f, c, f],
            )
            .call(s);
            Product::new(
                Form::FirstTransposed,
                (d_scores, weights),
                (self.q, head),
                (self.d_k, head),
                [f, c, f],
            )
            .call(s);
        }
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

/// Turns the gradients of a query's weights into those of its scores.
#[inline(always)]
fn softmax_grad_in_place<S: Simd>(s: S, alpha: &[Column], d: &mut [Column], scale: f32) {
    for strip in 0..BLOCK / S::LANES {
        let lane = strip * S::LANES;
        let mut dot = s.splat(0.0);
        for (a, d) in alpha.iter().zip(&*d) {
            dot = s.mul_add(s.load(a, lane), s.load(d, lane), dot);
        }
        let scale = s.splat(scale);
        for (a, d) in alpha.iter().zip(&mut *d) {
            let a = s.mul(scale, s.load(a, lane));
            let inner = s.sub(s.load(d, lane), dot);
            s.store(s.mul(a, inner), d, lane);
        }
    }
}
