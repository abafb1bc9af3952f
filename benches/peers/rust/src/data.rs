//! Shapes, rows and weights, the same as in `common.py`.

use std::collections::BTreeMap;
use std::iter::repeat_n;

use serde::Deserialize;

/// `shapes.json`
#[derive(Deserialize)]
pub struct Config {
    /// How many values each field has.
    pub fields: Vec<usize>,
    /// Of a batch.
    pub rows: usize,
    /// How many there are.
    pub batches: usize,
    /// Interacting ones.
    pub layers: usize,
    /// Widths of the MLP's layers, but for the last, which gives the logit.
    pub hidden: Vec<usize>,
    /// Probability that the MLP drops a value in training.
    pub dropout: f64,
    /// Of Adam.
    pub learning_rate: f64,
    /// How many may compute.
    pub threads: usize,
    /// By name.
    pub shapes: BTreeMap<String, Shape>,
}

/// Widths of the model.
#[derive(Deserialize)]
pub struct Shape {
    /// Of an embedding.
    pub dim: usize,
    /// Of attention, which share `width`.
    pub heads: usize,
    /// Of an interacting layer's outputs.
    pub width: usize,
}

/// Rows to train on.
pub struct Rows {
    /// Row by row, each field's offset added.
    pub ids: Vec<u32>,
    /// 0 or 1 for each row.
    pub labels: Vec<f32>,
}

/// A matrix or a vector of weights, row by row.
pub struct Weight {
    /// Inputs and outputs, or outputs alone.
    pub shape: Vec<usize>,
    /// As many as the shape says.
    pub values: Vec<f32>,
}

impl Config {
    /// Values of all fields: rows of the embedding table.
    pub fn values(&self) -> usize {
        self.fields.iter().sum()
    }

    /// All rows, batch by batch.
    pub fn batches(&self) -> Vec<Rows> {
        let firsts = (0..self.batches).map(|batch| batch * self.rows);
        firsts.map(|first| self.rows_from(first)).collect()
    }

    /// An id is the field's size times u^3, a power law.
    fn rows_from(&self, first: usize) -> Rows {
        let rows = first..first + self.rows;
        let mut ids = Vec::new();
        for row in rows.clone() {
            let mut offset = 0;
            for (stream, &size) in (100..).zip(&self.fields) {
                let id = (size as f64 * uniform(stream, row).powi(3)) as usize;
                ids.push((offset + id) as u32);
                offset += size;
            }
        }
        let labels = rows.map(|row| f32::from(uniform(99, row) < 0.5));
        Rows {
            ids,
            labels: labels.collect(),
        }
    }

    /// Table; query, key, value, residual of each layer; head; weight and bias of each layer of the MLP.
    pub fn weights(&self, shape: &Shape) -> Vec<Weight> {
        let mut shapes = vec![vec![self.values(), shape.dim]];
        for layer in 0..self.layers {
            let inputs = if layer == 0 { shape.dim } else { shape.width };
            shapes.extend(repeat_n(vec![inputs, shape.width], 4));
        }
        shapes.push(vec![self.fields.len() * shape.width, 1]);
        let mut inputs = self.fields.len() * shape.dim;
        for &outputs in self.hidden.iter().chain([&1]) {
            shapes.extend([vec![inputs, outputs], vec![outputs]]);
            inputs = outputs;
        }
        (0..).zip(shapes).map(Weight::drawn).collect()
    }
}

impl Weight {
    /// Glorot's limit for matrices; the table, which is first, and biases get a fixed one.
    fn drawn((stream, shape): (u64, Vec<usize>)) -> Self {
        let limit = match shape[..] {
            [inputs, outputs] if stream > 0 => (6.0 / (inputs + outputs) as f64).sqrt(),
            _ => 0.25,
        };
        let value = |i| ((2.0 * uniform(stream, i) - 1.0) * limit) as f32;
        Self {
            values: (0..shape.iter().product()).map(value).collect(),
            shape,
        }
    }
}

/// Number `i` of a stream, in [0, 1), steps of 2^-24: SplitMix64's output from the state stream * 2^32 + i.
fn uniform(stream: u64, i: usize) -> f64 {
    let z = ((stream << 32) + i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 40) as f64 / f64::from(1 << 24)
}
