//! One way to logits for everything that scores: validation, `evaluate`, `predict` and what ranks, explains or serves.

use std::borrow::Cow;
use std::sync::Arc;

use super::calibration::Calibration;
use crate::autograd::{Frozen, Parameters, Runtime, Var};
use crate::data::batch::Batch;
use crate::data::dataset::Dataset;
use crate::data::pairs::Items;
use crate::data::schema::Schema;

/// Rows scored at a time.
const CHUNK: usize = 16_384;

/// A model that stays as it is: its schema, its frozen weights, and the threads and memory to replay it with.
///
/// Made once, it may be called from any thread of any pool, and from many at once. Once warm it allocates nothing.
#[derive(Debug)]
pub struct Scorer<'a> {
    schema: Cow<'a, Schema>,
    runtime: Arc<Runtime>,
    weights: Frozen<'a>,
    /// Added to every logit: what training on a part of the negative rows has shifted them by.
    offset: f32,
    calibration: Option<Calibration>,
}

impl<'a> Scorer<'a> {
    /// A scorer of the weights `parameters` of the model of `runtime`, which was built for `schema`.
    ///
    /// Freezing the weights takes about as long as scoring one row per table row, so keep it.
    pub fn new(
        schema: Cow<'a, Schema>,
        runtime: &Arc<Runtime>,
        parameters: impl Into<Cow<'a, Parameters>>,
    ) -> Scorer<'a> {
        Scorer {
            weights: runtime.freeze(parameters),
            runtime: Arc::clone(runtime),
            offset: schema.protocol.sampling.logit_offset(),
            calibration: None,
            schema,
        }
    }

    /// The same with calibrated logits.
    pub fn calibrated(mut self, calibration: Option<Calibration>) -> Self {
        self.calibration = calibration;
        self
    }

    /// How raw values are encoded.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The tape, and the threads that replay it.
    pub fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// The weights.
    pub fn parameters(&self) -> &Parameters {
        self.weights.parameters()
    }

    /// The logits of a batch, in the order of its rows.
    pub fn logits(&self, batch: &Batch, out: &mut Vec<f32>) {
        self.runtime.logits(&self.weights, batch, out);
        // Adding nothing would still turn -0 into 0.
        if self.offset != 0.0 {
            for logit in &mut *out {
                *logit += self.offset;
            }
        }
        if let Some(calibration) = &self.calibration {
            for logit in out {
                *logit = calibration.apply(*logit);
            }
        }
    }

    /// What the model computes on the way to the logits, such as its attention weights: for each of `vars`, which were recorded on
    /// the tape, `[B, units]`, see [`Runtime::read`]. (A logit that is read is the tape's own, without what
    /// [`Scorer::logits`] adds for the sampling of negative rows.)
    pub fn read(&self, batch: &Batch, vars: &[&Var]) -> Vec<Vec<f32>> {
        self.runtime.read(&self.weights, batch, vars)
    }

    /// The logits of the given rows of a data set that is encoded with the schema, in their order.
    pub fn rows(&self, data: &Dataset, rows: &[u32]) -> Vec<f32> {
        self.chunked(rows.chunks(CHUNK), |rows, batch| data.gather(rows, batch))
    }

    /// The logits of the given rows with other items in them, see [`Dataset::gather_pairs`].
    pub fn pairs(
        &self,
        data: &Dataset,
        rows: &[u32],
        others: &[Option<u32>],
        items: &Items,
    ) -> Vec<f32> {
        let chunks = rows.chunks(CHUNK).zip(others.chunks(CHUNK));
        self.chunked(chunks, |(rows, others), batch| {
            data.gather_pairs(rows, others, items, batch);
        })
    }

    /// The logits of chunks that `gather` makes batches of.
    fn chunked<C>(
        &self,
        chunks: impl Iterator<Item = C>,
        gather: impl Fn(C, &mut Batch),
    ) -> Vec<f32> {
        let (mut batch, mut logits, mut all) = (Batch::default(), Vec::new(), Vec::new());
        for chunk in chunks {
            gather(chunk, &mut batch);
            self.logits(&batch, &mut logits);
            all.extend_from_slice(&logits);
        }
        all
    }
}

/// The labels of the given rows.
pub fn labels_of(data: &Dataset, rows: &[u32]) -> Vec<u8> {
    let labels = data.labels();
    rows.iter().map(|&row| labels[row as usize]).collect()
}
