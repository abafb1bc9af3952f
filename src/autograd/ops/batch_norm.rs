//! `out[u] = gain[u] * (x[u] - mean[u]) / sqrt(variance[u] + epsilon) + bias[u]`: batch normalisation (Ioffe & Szegedy 2015).
//!
//! In training, mean and (biased) variance are those of the whole batch, and moving averages follow them as Keras does it:
//! `moving = momentum * moving + (1 - momentum) * batch`. At inference the moving averages are used.

use crate::autograd::batch_op::{BatchOp, Statistics};
use crate::autograd::kind::{BatchNormKind, OpKind};
use crate::autograd::layout::Param;
use crate::autograd::op::{BLOCK, Backward, Definition, Forward, Op, used_in};
use crate::autograd::tape::{Tape, Var};
use crate::error::{Error, Result};
use crate::kernels::batch_norm::{Normalise, NormaliseGrad};
use crate::kernels::layer_norm::GainGrad;
use crate::kernels::weight_grad::BiasGrad;

/// The parameters, all `[n]`.
#[derive(Debug, Clone)]
pub struct Norm {
    /// Multiplied by what is normalised.
    pub gain: Param,
    /// Added afterwards.
    pub bias: Param,
    /// A buffer: the moving average of the batches' means.
    pub mean: Param,
    /// A buffer: that of their variances.
    pub variance: Param,
    /// Added to the variance.
    pub epsilon: f32,
    /// How much of the moving averages is kept at a step.
    pub momentum: f32,
}

#[derive(Debug)]
struct BatchNorm {
    norm: Norm,
    n: usize,
    number: usize,
}

impl Tape {
    /// Normalises each unit of `x` `[n]` over the rows of the batch.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn batch_norm(&mut self, x: &Var, norm: Norm) -> Result<Var> {
        let n = x.units().len();
        for param in [&norm.gain, &norm.bias, &norm.mean, &norm.variance] {
            if param.shape != x.shape() {
                let what = format!(
                    "expected parameters of shape {:?}, got {:?}",
                    x.shape(),
                    param.shape
                );
                return Err(Error::shape("batch_norm", what));
            }
        }
        let number = self
            .nodes()
            .iter()
            .filter(|n| n.op.batch_op().is_some())
            .count();
        Ok(self.record(BatchNorm { norm, n, number }, &[x], x.shape()))
    }
}

/// Mean and variance from the sums of x and x^2.
fn moments(sums: &[f64], rows: f64, unit: usize) -> (f64, f64) {
    let n = sums.len() / 2;
    let mean = sums[unit] / rows;
    // The sums are in f64, so what cancels here is far below f32's precision; rounding may leave a tiny negative number.
    (mean, (sums[n + unit] / rows - mean * mean).max(0.0))
}

impl BatchNorm {
    /// The mean and 1 / deviation that a unit is normalised with. Asked anew for every block: a list would have to be allocated.
    fn moments_of(
        &self,
        unit: usize,
        training: Option<(&Statistics, usize)>,
        buffers: &[f32],
    ) -> (f64, f64) {
        let (mean, variance) = match training {
            Some((statistics, rows)) => moments(&statistics.forward, rows as f64, unit),
            None => (
                f64::from(buffers[self.norm.mean.range.start + unit]),
                f64::from(buffers[self.norm.variance.range.start + unit]),
            ),
        };
        (mean, 1.0 / (variance + f64::from(self.norm.epsilon)).sqrt())
    }
}

impl Op for BatchNorm {
    fn name(&self) -> &'static str {
        "batch_norm"
    }

    fn formula(&self) -> &str {
        "out[u] = gain[u] (x[u] - mean[u]) / sqrt(variance[u] + epsilon) + bias[u]"
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::BatchNorm(BatchNormKind {
            gain: &self.norm.gain,
            bias: &self.norm.bias,
            mean: &self.norm.mean,
            variance: &self.norm.variance,
            epsilon: self.norm.epsilon,
        })
    }

    fn batch_op(&self) -> Option<&dyn BatchOp> {
        Some(self)
    }

    /// The normalised x.
    fn saved_units(&self) -> usize {
        self.n
    }

    fn forward(&self, f: &mut Forward<'_>) {
        let training = f
            .shard
            .draw
            .map(|_| (&f.shard.statistics[self.number], f.shard.part.rows));
        let x = f.operands.get(0).chunks_exact(BLOCK);
        let out = f
            .out
            .chunks_exact_mut(BLOCK)
            .zip(f.saved.chunks_exact_mut(BLOCK));
        for (at, (x, (out, normalised))) in x.zip(out).enumerate() {
            let unit = at % self.n;
            let (mean, inverse) = self.moments_of(unit, training, &f.parameters.buffers);
            f.isa.run(Normalise {
                x,
                mean: mean as f32,
                inverse: inverse as f32,
                gain: f.parameters.dense[self.norm.gain.range.start + unit],
                bias: f.parameters.dense[self.norm.bias.range.start + unit],
                normalised,
                out,
            });
        }
    }

    fn backward(&self, b: &mut Backward<'_>) {
        let used = b.shard.used;
        let training = b
            .shard
            .draw
            .map(|_| (&b.shard.statistics[self.number], b.shard.part.rows));
        let d_x = b.d_operands.get(0).chunks_exact_mut(BLOCK);
        let d_out = b.d_out.chunks_exact(BLOCK).zip(b.saved.chunks_exact(BLOCK));
        for (at, (d_x, (d_out, normalised))) in d_x.zip(d_out).enumerate() {
            let (unit, used) = (at % self.n, used_in(at / self.n, used));
            let (_, inverse) = self.moments_of(unit, training, &b.parameters.buffers);
            // hat = (x - mean) inverse, mean and inverse being functions of the whole batch (in training)
            //   =>  d_x += gain inverse (d_out - mean(d_out) - hat mean(d_out hat))
            let (mean, slope) = training.map_or((0.0, 0.0), |(statistics, rows)| {
                let sums = &statistics.backward;
                (sums[unit] / rows as f64, sums[self.n + unit] / rows as f64)
            });
            b.isa.run(NormaliseGrad {
                normalised,
                d_out,
                mean: mean as f32,
                slope: slope as f32,
                factor: b.parameters.dense[self.norm.gain.range.start + unit] * inverse as f32,
                d_x,
            });
            // The batch's means reach every row, but the padding rows are none of the batch's.
            d_x[used..].fill(0.0);
        }
        // out = gain hat + bias  =>  d_gain += hat d_out, d_bias += d_out, over all rows
        b.isa.run(GainGrad {
            normalised: b.saved,
            d_out: b.d_out,
            d_gain: &mut b.d_dense[self.norm.gain.range.clone()],
        });
        b.isa.run(BiasGrad {
            d_out: b.d_out,
            d_bias: &mut b.d_dense[self.norm.bias.range.clone()],
        });
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        let x = r.operands[0];
        let normalised = |unit: usize| {
            let (mean, variance) = match r.draw {
                Some(_) => moments(
                    &r.statistics[self.number].forward,
                    r.batch.rows as f64,
                    unit,
                ),
                None => (
                    r.buffers[self.norm.mean.range.start + unit],
                    r.buffers[self.norm.variance.range.start + unit],
                ),
            };
            (x[unit] - mean) / (variance + f64::from(self.norm.epsilon)).sqrt()
        };
        let (gain, bias) = (self.norm.gain.range.start, self.norm.bias.range.start);
        (0..self.n)
            .map(|u| r.dense[gain + u] * normalised(u) + r.dense[bias + u])
            .collect()
    }
}

impl BatchOp for BatchNorm {
    fn number(&self) -> usize {
        self.number
    }

    /// Of x and x^2; of d_out and d_out * hat.
    fn sums(&self) -> usize {
        2 * self.n
    }

    fn add_sums(&self, x: &[f32], used: usize, sums: &mut [f64]) {
        for (at, x) in x.chunks_exact(BLOCK).enumerate() {
            let unit = at % self.n;
            for &x in &x[..used_in(at / self.n, used)] {
                sums[unit] += f64::from(x);
                sums[self.n + unit] += f64::from(x) * f64::from(x);
            }
        }
    }

    fn add_grad_sums(&self, saved: &[f32], d_out: &[f32], used: usize, sums: &mut [f64]) {
        let both = d_out.chunks_exact(BLOCK).zip(saved.chunks_exact(BLOCK));
        for (at, (d, hat)) in both.enumerate() {
            let unit = at % self.n;
            for (&d, &hat) in d[..used_in(at / self.n, used)].iter().zip(hat) {
                sums[unit] += f64::from(d);
                sums[self.n + unit] += f64::from(d) * f64::from(hat);
            }
        }
    }

    fn add_sums_definition(&self, x: &[f64], sums: &mut [f64]) {
        for (unit, x) in x.iter().enumerate() {
            sums[unit] += x;
            sums[self.n + unit] += x * x;
        }
    }

    fn update_buffers(&self, statistics: &Statistics, batch_rows: usize, buffers: &mut [f32]) {
        let keep = f64::from(self.norm.momentum);
        for unit in 0..self.n {
            let (mean, variance) = moments(&statistics.forward, batch_rows as f64, unit);
            for (param, new) in [(&self.norm.mean, mean), (&self.norm.variance, variance)] {
                let moving = &mut buffers[param.range.start + unit];
                *moving = (keep * f64::from(*moving) + (1.0 - keep) * new) as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autograd::ops::checks::held;
    use crate::autograd::{Init, Role};

    #[test]
    fn its_gradient_holds_and_a_wrong_one_is_found() {
        held("batch_norm", |t| {
            let x = t.input(&[3]);
            let norm = Norm {
                gain: t.parameter("gain", &[3], Init::GlorotUniform, Role::Norm)?,
                bias: t.parameter("bias", &[3], Init::GlorotUniform, Role::Bias)?,
                mean: t.buffer("mean", &[3], Init::Constant(0.0))?,
                variance: t.buffer("variance", &[3], Init::Constant(1.0))?,
                epsilon: 1e-3,
                momentum: 0.99,
            };
            t.batch_norm(&x, norm)
        });
    }
}
