//! AutoInt+ in burn. Speaks as the library says.

use anyhow::{Context, Result};
use autoint_peers::data::{Config, Rows, Shape, Weight};
use autoint_peers::{Model, serve};
use burn::module::{Module, Param};
use burn::nn::loss::BinaryCrossEntropyLossConfig;
use burn::nn::{Dropout, DropoutConfig, Embedding, Linear};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::activation::{relu, sigmoid, softmax};
use burn::tensor::{Device, Int, Tensor, TensorData};

/// All tensors but those of inference remember how they came about.
fn device() -> Device {
    Device::flex().autodiff()
}

/// Weights in the order of the layout.
struct Weights(std::vec::IntoIter<Weight>);

impl Weights {
    fn next<const D: usize>(&mut self) -> Result<Param<Tensor<D>>> {
        let Weight { shape, values } = self.0.next().context("too few weights")?;
        Ok(Param::from_data(TensorData::new(values, shape), &device()))
    }

    fn matrix(&mut self) -> Result<Linear> {
        Ok(Linear {
            weight: self.next()?,
            bias: None,
        })
    }

    fn affine(&mut self) -> Result<Linear> {
        Ok(Linear {
            weight: self.next()?,
            bias: Some(self.next()?),
        })
    }
}

#[derive(Module, Debug)]
struct Interacting {
    heads: usize,
    query: Linear,
    key: Linear,
    value: Linear,
    residual: Linear,
}

impl Interacting {
    fn new(weights: &mut Weights, heads: usize) -> Result<Self> {
        Ok(Self {
            heads,
            query: weights.matrix()?,
            key: weights.matrix()?,
            value: weights.matrix()?,
            residual: weights.matrix()?,
        })
    }

    /// `x` are the tokens, one a row; `[rows, heads, fields, width of a head]`.
    fn heads(&self, projection: &Linear, x: &Tensor<2>, fields: usize) -> Tensor<4> {
        let projected = projection.forward(x.clone());
        let [tokens, width] = projected.dims();
        let shape = [tokens / fields, fields, self.heads, width / self.heads];
        projected.reshape(shape).swap_dims(1, 2)
    }

    fn forward(&self, x: Tensor<2>, fields: usize) -> Tensor<2> {
        let [query, key, value] = [&self.query, &self.key, &self.value]
            .map(|projection| self.heads(projection, &x, fields));
        let attended = softmax(query.matmul(key.transpose()), 3).matmul(value);
        let residual = self.residual.forward(x);
        relu(attended.swap_dims(1, 2).reshape(residual.shape()) + residual)
    }
}

#[derive(Module, Debug)]
struct AutoInt {
    table: Embedding,
    layers: Vec<Interacting>,
    head: Linear,
    hidden: Vec<Linear>,
    dropout: Dropout,
    output: Linear,
}

impl AutoInt {
    fn new(config: &Config, shape: &Shape) -> Result<Self> {
        let mut weights = Weights(config.weights(shape).into_iter());
        let weights = &mut weights;
        let table = Embedding {
            weight: weights.next()?,
        };
        let layers = (0..config.layers).map(|_| Interacting::new(weights, shape.heads));
        let layers = layers.collect::<Result<_>>()?;
        let head = weights.matrix()?;
        let hidden = config.hidden.iter().map(|_| weights.affine());
        Ok(Self {
            table,
            layers,
            head,
            hidden: hidden.collect::<Result<_>>()?,
            dropout: DropoutConfig::new(config.dropout).init(),
            output: weights.affine()?,
        })
    }

    fn mlp(&self, embedded: Tensor<2>) -> Tensor<2> {
        let hidden = self.hidden.iter().fold(embedded, |x, layer| {
            self.dropout.forward(relu(layer.forward(x)))
        });
        self.output.forward(hidden)
    }

    /// Logits. Tokens are the rows of a matrix: of tensors with more dimensions burn derives a product's right side one by one
    /// and sums the results, which made a step of `course-best` nearly four times as long.
    fn forward(&self, ids: Tensor<2, Int>) -> Tensor<1> {
        let [rows, fields] = ids.dims();
        let embedded = self.table.forward(ids);
        let layers = self.layers.iter();
        let tokens = layers.fold(embedded.clone().flatten(0, 1), |x, layer| {
            layer.forward(x, fields)
        });
        let logit =
            self.head.forward(tokens.reshape([rows as i32, -1])) + self.mlp(embedded.flatten(1, 2));
        logit.squeeze_dim(1)
    }
}

struct Burn {
    /// Absent while it is updated, which takes it and gives it back.
    net: Option<AutoInt>,
    adam: ModuleOptimizer,
    learning_rate: f64,
}

struct Batch {
    ids: Tensor<2, Int>,
    labels: Tensor<1, Int>,
}

impl Model for Burn {
    type Batch = Batch;

    fn batch(config: &Config, rows: Rows) -> Result<Batch> {
        let shape = [rows.labels.len(), config.fields.len()];
        let ids: Vec<_> = rows.ids.iter().map(|&id| id as i32).collect();
        let labels: Vec<_> = rows.labels.iter().map(|&label| label as i32).collect();
        Ok(Batch {
            ids: Tensor::from_data(TensorData::new(ids, shape), &device()),
            labels: Tensor::from_ints(&labels[..], &device()),
        })
    }

    fn new(config: &Config, shape: &Shape) -> Result<Self> {
        Ok(Self {
            net: Some(AutoInt::new(config, shape)?),
            adam: AdamConfig::new().init(),
            learning_rate: config.learning_rate,
        })
    }

    fn parameters(&self) -> usize {
        self.net.as_ref().map_or(0, Module::num_params)
    }

    fn step(&mut self, batch: &Batch) -> Result<f32> {
        let net = self.net.take().context("an update failed")?;
        let loss = BinaryCrossEntropyLossConfig::new()
            .with_logits(true)
            .init(&device())
            .forward(net.forward(batch.ids.clone()), batch.labels.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &net);
        self.net = Some(self.adam.step(self.learning_rate, net, gradients));
        Ok(loss.try_into_scalar()?)
    }

    fn infer(&self, batch: &Batch) -> Result<Vec<f32>> {
        let net = self.net.as_ref().context("an update failed")?.valid();
        let probabilities = sigmoid(net.forward(batch.ids.clone().inner()));
        Ok(probabilities.try_into_data()?.try_to_vec()?)
    }
}

fn main() -> Result<()> {
    serve::<Burn>("burn", "flex")
}
