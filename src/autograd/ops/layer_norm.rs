//! `out[t][u] = gain[u] * (x[t][u] - mean_t) / sqrt(variance_t + epsilon) + bias[u]`: layer normalisation (Ba et al. 2016).

use crate::autograd::kind::{LayerNormKind, OpKind};
use crate::autograd::layout::Param;
use crate::autograd::op::{Backward, Definition, Forward, Op};
use crate::autograd::tape::{Tape, Var};
use crate::error::{Error, Result};
use crate::kernels::layer_norm;
use crate::kernels::weight_grad::BiasGrad;

#[derive(Debug)]
struct LayerNorm {
    gain: Param,
    bias: Param,
    epsilon: f32,
    tokens: usize,
    n: usize,
}

impl LayerNorm {
    /// Saved: the normalised x, then 1 / deviation of each token; this is the length of the former.
    fn normalised_len(&self, rows: usize) -> usize {
        self.tokens * self.n * rows
    }
}

impl Tape {
    /// Normalises the last axis of `x` `[tokens, n]` with `gain` and `bias` `[n]`.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn layer_norm(&mut self, x: &Var, gain: &Param, bias: &Param, epsilon: f32) -> Result<Var> {
        let &[tokens, n] = x.shape() else {
            return Err(Error::shape(
                "layer_norm",
                format!("expected x of shape [tokens, n], got {:?}", x.shape()),
            ));
        };
        if gain.shape != [n] || bias.shape != [n] {
            let what = format!(
                "expected gain and bias of shape [{n}], got {:?} and {:?}",
                gain.shape, bias.shape
            );
            return Err(Error::shape("layer_norm", what));
        }
        let op = LayerNorm {
            gain: gain.clone(),
            bias: bias.clone(),
            epsilon,
            tokens,
            n,
        };
        Ok(self.record(op, &[x], x.shape()))
    }
}

impl Op for LayerNorm {
    fn name(&self) -> &'static str {
        "layer_norm"
    }

    fn formula(&self) -> &str {
        "out[t][u] = gain[u] (x[t][u] - mean_t) / sqrt(variance_t + epsilon) + bias[u]"
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::LayerNorm(LayerNormKind {
            gain: &self.gain,
            bias: &self.bias,
            epsilon: self.epsilon,
            tokens: self.tokens,
        })
    }

    fn saved_units(&self) -> usize {
        self.tokens * self.n + self.tokens
    }

    fn forward(&self, f: &mut Forward<'_>) {
        let (normalised, inverse_deviation) = f.saved.split_at_mut(self.normalised_len(f.rows));
        f.isa.run(layer_norm::LayerNorm {
            x: f.operands.get(0),
            gain: &f.parameters.dense[self.gain.range.clone()],
            bias: &f.parameters.dense[self.bias.range.clone()],
            epsilon: self.epsilon,
            out: f.out,
            inverse_deviation,
            normalised,
        });
    }

    fn backward(&self, b: &mut Backward<'_>) {
        let (normalised, inverse_deviation) = b.saved.split_at(self.normalised_len(b.rows));
        // hat = (x - mean) / deviation; out = gain hat + bias, g = gain d_out
        //   =>  d_x += (g - mean(g) - hat mean(g hat)) / deviation
        b.isa.run(layer_norm::LayerNormGrad {
            gain: &b.parameters.dense[self.gain.range.clone()],
            inverse_deviation,
            normalised,
            d_out: b.d_out,
            d_x: b.d_operands.get(0),
        });
        // out = gain hat + bias  =>  d_gain += hat d_out, d_bias += d_out, over all tokens and rows
        b.isa.run(layer_norm::GainGrad {
            normalised,
            d_out: b.d_out,
            d_gain: &mut b.d_dense[self.gain.range.clone()],
        });
        b.isa.run(BiasGrad {
            d_out: b.d_out,
            d_bias: &mut b.d_dense[self.bias.range.clone()],
        });
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        let (gain, bias) = (
            &r.dense[self.gain.range.clone()],
            &r.dense[self.bias.range.clone()],
        );
        let mut out = Vec::new();
        for x in r.operands[0].chunks(self.n) {
            let mean = x.iter().sum::<f64>() / self.n as f64;
            let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / self.n as f64;
            let deviation = (variance + f64::from(self.epsilon)).sqrt();
            out.extend((0..self.n).map(|u| gain[u] * (x[u] - mean) / deviation + bias[u]));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use crate::autograd::ops::checks::held;
    use crate::autograd::{Init, Role};

    #[test]
    fn its_gradient_holds_and_a_wrong_one_is_found() {
        held("layer_norm", |t| {
            let x = t.input(&[2, 4]);
            let gain = t.parameter("gain", &[4], Init::GlorotUniform, Role::Norm)?;
            let bias = t.parameter("bias", &[4], Init::GlorotUniform, Role::Bias)?;
            t.layer_norm(&x, &gain, &bias, 1e-3)
        });
    }
}
