//! Clipping by the global norm (Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks", ICML
//! 2013), as `torch.nn.utils.clip_grad_norm_` has it.
//!
//! The norm is over all gradients together, dense ones and those of the touched rows of tables. L2 penalties are added
//! afterwards, by the optimiser, as in PyTorch; Keras would clip them too.

use rayon::prelude::*;

use super::span::CHUNK;
use crate::autograd::{Gradients, Runtime};

/// What PyTorch adds to the norm before it divides by it.
const EPSILON: f64 = 1e-6;

/// Sums squares, in f64, chunk by chunk and then over chunks, table rows in the order of their numbers: neither threads nor who
/// found the rows shows.
#[derive(Debug, Default)]
pub(super) struct Clip {
    /// One number a chunk.
    sums: Vec<f64>,
    /// Places of the touched rows in the gradient.
    order: Vec<u32>,
}

impl Clip {
    /// What gradients are to be multiplied by, so that their norm is at most `most`.
    pub fn scale(&mut self, runtime: &Runtime, gradients: Gradients<'_>, most: f64) -> f32 {
        let norm = runtime.install(|| self.norm(gradients));
        (most / (norm + EPSILON)).min(1.0) as f32
    }

    fn norm(&mut self, gradients: Gradients<'_>) -> f64 {
        let mut total = self.squares(gradients.dense);
        let ids = gradients.touched.ids();
        self.order.clear();
        self.order.extend(0..ids.len() as u32);
        (self.order).par_sort_unstable_by_key(|&slot| ids[slot as usize]);
        for table in gradients.tables {
            total += self.squares_of_rows(table);
        }
        total.sqrt()
    }

    fn squares(&mut self, numbers: &[f32]) -> f64 {
        self.sums.resize(numbers.len().div_ceil(CHUNK), 0.0);
        let chunks = numbers.par_chunks(CHUNK);
        self.sums
            .par_iter_mut()
            .zip(chunks)
            .for_each(|(sum, chunk)| {
                *sum = chunk.iter().map(|&x| f64::from(x).powi(2)).sum();
            });
        self.sums.iter().sum()
    }

    fn squares_of_rows(&mut self, table: &[f32]) -> f64 {
        let Some(dim) = table.len().checked_div(self.order.len()) else {
            return 0.0;
        };
        let rows = (CHUNK / dim).max(1);
        self.sums.resize(self.order.len().div_ceil(rows), 0.0);
        let chunks = self.order.par_chunks(rows);
        self.sums
            .par_iter_mut()
            .zip(chunks)
            .for_each(|(sum, slots)| {
                let numbers = slots
                    .iter()
                    .flat_map(|&slot| &table[slot as usize * dim..][..dim]);
                *sum = numbers.map(|&x| f64::from(x).powi(2)).sum();
            });
        self.sums.iter().sum()
    }
}
