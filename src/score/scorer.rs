//! One way to logits for everything that scores: validation, `evaluate`, `predict` and what ranks, explains or serves.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::calibration::Calibration;
use super::shared;
use crate::autograd::far::{Far, Fetched};
use crate::autograd::{Frozen, Parameters, Runtime, Var};
use crate::data::batch::Batch;
use crate::data::dataset::Dataset;
use crate::data::pairs::Items;
use crate::data::schema::Schema;
use crate::ranks::{Ranks, share};

/// Rows scored at a time.
const CHUNK: usize = 16_384;

/// A model that stays as it is: its schema, its frozen weights, and the threads and memory to replay it with.
///
/// Made once, it may be called from any thread of any pool, and from many at once. Once warm it allocates nothing. An example that can be
/// followed by hand is at [`crate::run::Run`].
#[derive(Debug)]
pub struct Scorer<'a> {
    schema: Cow<'a, Schema>,
    /// The tape, and the threads that replay it.
    runtime: Arc<Runtime>,
    weights: Weights<'a>,
    /// Added to every logit: what training on a part of the negative rows has shifted them by.
    offset: f32,
    /// Applied last; none: logits are the model's own.
    calibration: Option<Calibration>,
    /// Who scores rows together with this process; none: nobody.
    ranks: Option<Arc<dyn Ranks>>,
}

/// Where the weights are.
#[derive(Debug)]
enum Weights<'a> {
    /// All of them.
    Here(Frozen<'a>),
    /// The rows of tables are spread over ranks; these are the ones that are here.
    Far(Arc<Far>, &'a Parameters),
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
        Scorer::of(schema, runtime, Weights::Here(runtime.freeze(parameters)))
    }

    /// The same where the rows of tables are spread over ranks, of which this one keeps those of `parameters`: it fetches what a batch
    /// looks up. The others are to call [`Scorer::answer`] meanwhile, or score themselves.
    pub fn far(
        schema: Cow<'a, Schema>,
        runtime: &Arc<Runtime>,
        far: Arc<Far>,
        parameters: &'a Parameters,
    ) -> Scorer<'a> {
        Scorer::of(schema, runtime, Weights::Far(far, parameters))
    }

    fn of(schema: Cow<'a, Schema>, runtime: &Arc<Runtime>, weights: Weights<'a>) -> Scorer<'a> {
        Scorer {
            weights,
            runtime: Arc::clone(runtime),
            offset: schema.protocol.sampling.logit_offset(),
            calibration: None,
            ranks: None,
            schema,
        }
    }

    /// Gives other ranks the rows that they score with, until all have come to this: to be called by each when it has scored all that
    /// it had to. It returns at once where all rows are here.
    pub fn answer(&self) {
        if let Weights::Far(far, own) = &self.weights {
            far.answer(&mut |places, out| far.put(own, places, out));
        }
    }

    /// The same, of several ranks that have such a scorer each: what the first asks of [`Scorer::rows`] is shared out, while the others are
    /// in [`Scorer::help`].
    pub fn among(mut self, ranks: &Arc<dyn Ranks>) -> Self {
        self.ranks = (!ranks.alone()).then(|| Arc::clone(ranks));
        self
    }

    /// Scores its share of whatever the first rank asks for, until that is done.
    pub fn help(&self, data: &Dataset) {
        loop {
            self.answer();
            let rows = match &self.ranks {
                None => return,
                Some(ranks) => shared::asked(&**ranks, &[]),
            };
            if rows.is_empty() {
                return;
            }
            self.share(data, &rows);
        }
    }

    /// Lets the other ranks go on, who are in [`Scorer::help`].
    pub fn done(&self) {
        self.answer();
        if let Some(ranks) = &self.ranks {
            shared::asked(&**ranks, &[]);
        }
    }

    /// Scores this rank's share of rows that all are about to score; gives all logits.
    fn share(&self, data: &Dataset, rows: &[u32]) -> Vec<f32> {
        let Some(ranks) = &self.ranks else {
            return self.own_rows(data, rows);
        };
        let own = share(ranks.rank(), ranks.size(), rows.len());
        let logits = self.own_rows(data, &rows[own]);
        self.answer();
        shared::gathered(&**ranks, &logits, rows.len())
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

    /// The weights, of tables that are spread over ranks the rows that are here.
    pub fn parameters(&self) -> &Parameters {
        match &self.weights {
            Weights::Here(frozen) => frozen.parameters(),
            Weights::Far(_, own) => own,
        }
    }

    /// Some rows of a table, wherever they lie.
    pub fn table_rows(&self, table: usize, rows: Range<usize>, out: &mut Vec<f32>) {
        out.clear();
        match &self.weights {
            Weights::Far(far, own) => {
                let ids: Vec<u32> = rows.map(|row| row as u32).collect();
                let mut tables = Vec::new();
                far.rows(&ids, &mut tables, &mut |places, out| {
                    far.put(own, places, out)
                });
                out.extend_from_slice(&tables[table]);
            }
            Weights::Here(frozen) => {
                let dim = self.runtime.tape().layout().tables[table].dim;
                let all = &frozen.parameters().tables[table];
                out.extend_from_slice(&all[rows.start * dim..rows.end * dim]);
            }
        }
    }

    /// Does something with a batch and the weights that it needs.
    fn with<T>(&self, batch: &Batch, work: impl FnOnce(&Frozen<'_>, &Batch) -> T) -> T {
        let (far, own) = match &self.weights {
            Weights::Here(frozen) => return work(frozen, batch),
            Weights::Far(far, own) => (far, own),
        };
        let (mut batch, mut fetched) = (batch.clone(), Fetched::default());
        far.fetch(&mut batch, &mut fetched, &mut |places, out| {
            far.put(own, places, out)
        });
        let offsets = self.schema.offsets();
        let fields = offsets.iter().take(offsets.len().saturating_sub(1));
        let before = |&start: &usize| fetched.ids().partition_point(|&id| (id as usize) < start);
        let starts: Vec<usize> = fields.map(before).collect();
        fetched.parameters.dense.clone_from(&own.dense);
        fetched.parameters.buffers.clone_from(&own.buffers);
        work(
            &self.runtime.freeze_rows(&fetched.parameters, &starts),
            &batch,
        )
    }

    /// The logits of a batch, in the order of its rows.
    pub fn logits(&self, batch: &Batch, out: &mut Vec<f32>) {
        self.with(batch, |weights, batch| {
            self.runtime.logits(weights, batch, out)
        });
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
        self.with(batch, |weights, batch| {
            self.runtime.read(weights, batch, vars)
        })
    }

    /// The logits of the given rows of a data set that is encoded with the schema, in their order.
    pub fn rows(&self, data: &Dataset, rows: &[u32]) -> Vec<f32> {
        let ranks = self.ranks.as_ref().filter(|_| !rows.is_empty());
        let Some(ranks) = ranks else {
            return self.own_rows(data, rows);
        };
        self.answer();
        shared::asked(&**ranks, rows);
        self.share(data, rows)
    }

    fn own_rows(&self, data: &Dataset, rows: &[u32]) -> Vec<f32> {
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
