//! Fewer items of one kind: maximal marginal relevance (Carbonell & Goldstein, "The Use of MMR, Diversity-Based Reranking for
//! Reordering Documents and Producing Summaries", SIGIR 1998).
//!
//! Items are taken one by one; next comes the one with the largest
//! `(1 - diversity) * probability - diversity * max over those taken of cosine(embedding, embedding)`.

use super::similar::{Embeddings, cosine, item_field};
use crate::data::catalogue::Catalogue;
use crate::error::Result;
use crate::score::Scorer;
use crate::score::best::best;
use crate::score::predict::probability;

/// Items that are looked at for each that is wanted: beyond the first hundreds nothing is relevant.
const POOL: usize = 20;

/// The numbers of the `top` candidates that are taken, in that order.
pub(super) fn rerank(
    (scorer, catalogue): (&Scorer<'_>, &Catalogue),
    candidates: &[u32],
    logits: &[f32],
    (top, diversity): (usize, f64),
) -> Result<Vec<u32>> {
    let schema = scorer.schema();
    let name = item_field(schema, catalogue)?;
    let place = schema.fields.iter().position(|field| field.name == name);
    let place = place.unwrap_or(0);
    let first = schema.offsets()[place];
    let embeddings = Embeddings::of(scorer)?;
    let vector = |number: u32| {
        let id = catalogue.items.id(candidates[number as usize]);
        embeddings.row(first + schema.fields[place].code(id) as usize)
    };
    let lambda = diversity.clamp(0.0, 1.0) as f32;
    let mut pool = best(logits, top.saturating_mul(POOL));
    // To those taken; aligned with the pool.
    let mut nearest = vec![0.0f32; pool.len()];
    let mut taken = Vec::with_capacity(top.min(pool.len()));
    while taken.len() < top && !pool.is_empty() {
        let value = |at: usize| {
            let relevance = probability(logits[pool[at] as usize]);
            (1.0 - lambda) * relevance - lambda * nearest[at]
        };
        // The first of equal ones: the model's own order.
        let at = (0..pool.len())
            .rev()
            .max_by(|&a, &b| value(a).total_cmp(&value(b)));
        let at = at.unwrap_or(0);
        let next = pool.remove(at);
        nearest.remove(at);
        for (near, &number) in nearest.iter_mut().zip(&pool) {
            let new = cosine(vector(number), vector(next));
            *near = if taken.is_empty() { new } else { near.max(new) };
        }
        taken.push(next);
    }
    Ok(taken)
}
