//! Logits of many rows.

use crate::autograd::{Engine, Parameters};
use crate::data::batch::Batch;
use crate::data::dataset::Dataset;

/// Rows scored at a time.
const CHUNK: usize = 16_384;

/// The logits of the given rows of a data set, in their order.
pub fn score(engine: &Engine, parameters: &Parameters, data: &Dataset, rows: &[u32]) -> Vec<f32> {
    let (mut batch, mut logits, mut all) = (Batch::default(), Vec::new(), Vec::new());
    all.reserve(rows.len());
    let weights = engine.freeze(parameters);
    for chunk in rows.chunks(CHUNK) {
        data.gather(chunk, &mut batch);
        engine.logits(&weights, &batch, &mut logits);
        all.extend_from_slice(&logits);
    }
    all
}

/// The labels of the given rows.
pub fn labels_of(data: &Dataset, rows: &[u32]) -> Vec<u8> {
    let labels = data.labels();
    rows.iter().map(|&row| labels[row as usize]).collect()
}
