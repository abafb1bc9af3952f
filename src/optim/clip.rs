//! Clipping by the global norm (Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks", ICML
//! 2013), as `torch.nn.utils.clip_grad_norm_` has it.
//!
//! The norm is over all gradients together, dense ones and those of the touched rows of tables. L2 penalties are added
//! afterwards, by the optimiser, as in PyTorch; Keras would clip them too.

use std::sync::Arc;

use rayon::prelude::*;

use super::span::CHUNK;
use crate::autograd::{Gradients, Runtime};
use crate::ranks::{Ranks, bits_of, gather_unknown, words_of};

/// What PyTorch adds to the norm before it divides by it.
const EPSILON: f64 = 1e-6;

/// Table rows whose squares are summed at once.
const ROWS: usize = 1 << 10;

/// Sums squares, in f64, chunk by chunk and then over chunks, table rows in the order of their numbers: neither threads nor who
/// found the rows shows.
#[derive(Debug, Default)]
pub(super) struct Clip {
    /// Those who keep the other rows of the tables.
    pub others: Option<Arc<dyn Ranks>>,
    /// One number a chunk.
    sums: Vec<f64>,
    /// Places of the touched rows in the gradient.
    order: Vec<u32>,
    /// What the rows of a table add.
    rows: Vec<f64>,
}

impl Clip {
    /// What gradients are to be multiplied by, so that their norm is at most `most`.
    pub fn scale(&mut self, runtime: &Runtime, gradients: Gradients<'_>, most: f64) -> f32 {
        let norm = runtime.install(|| self.norm(gradients));
        (most / (norm + EPSILON)).min(1.0) as f32
    }

    fn norm(&mut self, gradients: Gradients<'_>) -> f64 {
        let Clip {
            others,
            sums,
            order,
            rows,
        } = self;
        let ids = gradients.touched.ids();
        order.clear();
        order.extend(0..ids.len() as u32);
        order.par_sort_unstable_by_key(|&slot| ids[slot as usize]);
        let mut total = over_chunks(gradients.dense, CHUNK, squares, sums);
        for table in gradients.tables {
            let dim = table.len().checked_div(ids.len()).unwrap_or(0);
            let of_row = |&slot: &u32| squares(&table[slot as usize * dim..][..dim]);
            order.par_iter().map(of_row).collect_into_vec(rows);
            if let Some(ranks) = others {
                let ids = order.iter().map(|&slot| ids[slot as usize]);
                *rows = of_all(&**ranks, ids, rows);
            }
            total += over_chunks(rows, ROWS, |rows| rows.iter().sum(), sums);
        }
        total.sqrt()
    }
}

fn squares(numbers: &[f32]) -> f64 {
    numbers.iter().map(|&x| f64::from(x).powi(2)).sum()
}

/// A number for each touched row of every rank, in the order of the rows among all.
fn of_all(ranks: &dyn Ranks, places: impl Iterator<Item = u32>, numbers: &[f64]) -> Vec<f64> {
    let owners = ranks.owners();
    let mine = places.zip(numbers).flat_map(|(place, number)| {
        let [low, high] = words_of(number.to_bits());
        [owners.id(place as usize) as u32, low, high]
    });
    let (mine, mut all): (Vec<u32>, _) = (mine.collect(), Vec::new());
    gather_unknown(ranks, &mine, &mut all);
    let (rows, _) = all.as_chunks_mut::<3>();
    rows.sort_unstable_by_key(|row| row[0]);
    let number = |&[_, low, high]: &[u32; 3]| f64::from_bits(bits_of([low, high]));
    rows.iter().map(number).collect()
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
