//! AutoInt+ in candle. Speaks as the library says.

use anyhow::{Context, Result, ensure};
use autoint_peers::data::{Config, Rows, Shape, Weight};
use autoint_peers::{Model, serve};
use candle_core::{D, Device, Tensor, Var, utils};
use candle_nn::ops::sigmoid;
use candle_nn::{AdamW, Dropout, Optimizer, ParamsAdamW};

/// Weights in the order of the layout, and what has been made of them.
struct Weights {
    left: std::vec::IntoIter<Weight>,
    made: Vec<Var>,
}

impl Weights {
    fn next(&mut self) -> Result<Tensor> {
        let Weight { shape, values } = self.left.next().context("too few weights")?;
        let var = Var::from_vec(values, shape, &Device::Cpu)?;
        self.made.push(var.clone());
        // It shares the numbers with the variable: an update is seen here.
        Ok(var.as_tensor().clone())
    }

    fn affine(&mut self) -> Result<(Tensor, Tensor)> {
        Ok((self.next()?, self.next()?))
    }
}

/// Affine in the last dimension. The weight lies as it is multiplied; that of candle's `Linear` is transposed at each step.
fn affine(x: &Tensor, (weight, bias): &(Tensor, Tensor)) -> candle_core::Result<Tensor> {
    x.matmul(weight)?.broadcast_add(bias)
}

/// Of the last dimension. candle's fused one has no gradient; the other one also derives the maximum, which is in vain: it cancels.
fn softmax(scores: &Tensor) -> candle_core::Result<Tensor> {
    let highest = scores.detach().max_keepdim(D::Minus1)?;
    let exponentials = scores.broadcast_sub(&highest)?.exp()?;
    exponentials.broadcast_div(&exponentials.sum_keepdim(D::Minus1)?)
}

/// From logits and labels. candle's own takes the logarithm of a probability that may be rounded to zero.
fn cross_entropy(logits: &Tensor, labels: &Tensor) -> candle_core::Result<Tensor> {
    let softplus = (logits.abs()?.neg()?.exp()? + 1.0)?.log()?;
    ((logits.relu()? - (logits * labels)?)? + softplus)?.mean_all()
}

struct Interacting {
    heads: usize,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    residual: Tensor,
}

impl Interacting {
    fn new(weights: &mut Weights, heads: usize) -> Result<Self> {
        Ok(Self {
            heads,
            query: weights.next()?,
            key: weights.next()?,
            value: weights.next()?,
            residual: weights.next()?,
        })
    }

    /// `x` are the tokens, one a row; `[rows, heads, fields, width of a head]`.
    fn heads(&self, weight: &Tensor, x: &Tensor, fields: usize) -> candle_core::Result<Tensor> {
        let projected = x.matmul(weight)?;
        let (tokens, width) = projected.dims2()?;
        let shape = (tokens / fields, fields, self.heads, width / self.heads);
        projected.reshape(shape)?.transpose(1, 2)?.contiguous()
    }

    fn forward(&self, x: &Tensor, fields: usize) -> candle_core::Result<Tensor> {
        let query = self.heads(&self.query, x, fields)?;
        let key = self.heads(&self.key, x, fields)?;
        let value = self.heads(&self.value, x, fields)?;
        let attended = softmax(&query.matmul(&key.t()?)?)?.matmul(&value)?;
        let residual = x.matmul(&self.residual)?;
        let joined = attended.transpose(1, 2)?.reshape(residual.shape())?;
        (joined + residual)?.relu()
    }
}

struct AutoInt {
    table: Tensor,
    layers: Vec<Interacting>,
    head: Tensor,
    hidden: Vec<(Tensor, Tensor)>,
    dropout: Dropout,
    output: (Tensor, Tensor),
}

impl AutoInt {
    fn new(config: &Config, shape: &Shape, weights: &mut Weights) -> Result<Self> {
        let table = weights.next()?;
        let layers = (0..config.layers).map(|_| Interacting::new(weights, shape.heads));
        let layers = layers.collect::<Result<_>>()?;
        let head = weights.next()?;
        let hidden = config.hidden.iter().map(|_| weights.affine());
        Ok(Self {
            table,
            layers,
            head,
            hidden: hidden.collect::<Result<_>>()?,
            dropout: Dropout::new(config.dropout as f32),
            output: weights.affine()?,
        })
    }

    fn mlp(&self, embedded: &Tensor, training: bool) -> candle_core::Result<Tensor> {
        let mut x = embedded.clone();
        for layer in &self.hidden {
            x = self
                .dropout
                .forward(&affine(&x, layer)?.relu()?, training)?;
        }
        affine(&x, &self.output)
    }

    /// Logits.
    fn forward(&self, ids: &Tensor, training: bool) -> candle_core::Result<Tensor> {
        let (rows, fields) = ids.dims2()?;
        let embedded = self.table.index_select(&ids.flatten_all()?, 0)?;
        let mut tokens = embedded.clone();
        for layer in &self.layers {
            tokens = layer.forward(&tokens, fields)?;
        }
        let logit = tokens.reshape((rows, ()))?.matmul(&self.head)?;
        (logit + self.mlp(&embedded.reshape((rows, ()))?, training)?)?.squeeze(1)
    }
}

struct Candle {
    net: AutoInt,
    adam: AdamW,
    parameters: usize,
}

struct Batch {
    ids: Tensor,
    labels: Tensor,
}

impl Model for Candle {
    type Batch = Batch;

    fn batch(config: &Config, rows: Rows) -> Result<Batch> {
        let threads = utils::get_num_threads();
        ensure!(threads == config.threads, "candle takes {threads} threads");
        let (n, fields) = (rows.labels.len(), config.fields.len());
        Ok(Batch {
            ids: Tensor::from_vec(rows.ids, (n, fields), &Device::Cpu)?,
            labels: Tensor::from_vec(rows.labels, n, &Device::Cpu)?,
        })
    }

    fn new(config: &Config, shape: &Shape) -> Result<Self> {
        let mut weights = Weights {
            left: config.weights(shape).into_iter(),
            made: Vec::new(),
        };
        let net = AutoInt::new(config, shape, &mut weights)?;
        // Without decay it is Adam, which candle has no other.
        let adam = ParamsAdamW {
            lr: config.learning_rate,
            weight_decay: 0.0,
            ..ParamsAdamW::default()
        };
        Ok(Self {
            net,
            parameters: weights.made.iter().map(|var| var.elem_count()).sum(),
            adam: AdamW::new(weights.made, adam)?,
        })
    }

    fn parameters(&self) -> usize {
        self.parameters
    }

    fn step(&mut self, batch: &Batch) -> Result<f32> {
        let loss = cross_entropy(&self.net.forward(&batch.ids, true)?, &batch.labels)?;
        self.adam.backward_step(&loss)?;
        Ok(loss.to_scalar()?)
    }

    fn infer(&self, batch: &Batch) -> Result<Vec<f32>> {
        Ok(sigmoid(&self.net.forward(&batch.ids, false)?)?.to_vec1()?)
    }
}

fn main() -> Result<()> {
    serve::<Candle>("candle-core", "CPU")
}
