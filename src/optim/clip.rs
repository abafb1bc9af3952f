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
        let Clip { sums, order } = self;
        let ids = gradients.touched.ids();
        order.clear();
        order.extend(0..ids.len() as u32);
        order.par_sort_unstable_by_key(|&slot| ids[slot as usize]);
        let mut total = over_chunks(gradients.dense, CHUNK, |chunk| squares(chunk), sums);
        for table in gradients.tables {
            let dim = table.len().checked_div(ids.len()).unwrap_or(0);
            let rows = |slots: &[u32]| {
                let row = |&slot: &u32| &table[slot as usize * dim..][..dim];
                squares(slots.iter().flat_map(row))
            };
            total += over_chunks(order, (CHUNK / dim.max(1)).max(1), rows, sums);
        }
        total.sqrt()
    }
}

fn squares<'a>(numbers: impl IntoIterator<Item = &'a f32>) -> f64 {
    let squares = numbers.into_iter().map(|&x| f64::from(x).powi(2));
    squares.sum()
}

/// What `of_chunk` gives for chunks of so many items, added up in their order.
fn over_chunks<T: Sync>(
    items: &[T],
    most: usize,
    of_chunk: impl Fn(&[T]) -> f64 + Sync + Send,
    sums: &mut Vec<f64>,
) -> f64 {
    let chunks = items.par_chunks(most);
    chunks.map(of_chunk).collect_into_vec(sums);
    sums.iter().sum()
}
