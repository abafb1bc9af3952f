//! From raw rows to a [`Dataset`], in two passes.
//!
//! 1. **Collect** (`admit`, `collect`): chunks are parsed and looked at in parallel, then every field takes its values out of
//!    them, each field on a thread of its own. What stays in memory are the distinct values; what there is for each row goes into
//!    temporary files once it is more than a few megabytes.
//! 2. **Encode** (`fit`, `finish`): the split is drawn, fields are fitted to the training rows, and codes are written.
//!
//! The same rows give the same data set for any number of threads and any size of chunks. Several ranks may collect them (`among`,
//! `parcel`).

mod admit;
mod among;
pub mod cells;
mod collect;
mod core;
mod duplicates;
mod finish;
mod fit;
mod intern;
mod parcel;
mod plan;
pub mod rows;
mod rowwise;
mod spool;
pub mod value;
pub mod visit;

use std::collections::BTreeMap;

use rayon::prelude::*;

pub use self::among::encode_among;
use self::collect::Collector;
use self::finish::{write_codes, write_field};
use self::fit::{Basis, Fitted, codes_of, fit};
use self::plan::Plan;
use self::rowwise::RowWise;
use self::spool::Marks;
use super::dataset::Dataset;
use super::lookup::Lookup;
use super::protocol::{FitOn, Protocol, Sampling};
use super::schema::{Encoding, Field, Schema};
use super::source::reader::Reader;
use super::source::table::TableReader;
use super::split::{Facts, Split};
use super::store::builder::{Builder, Target};
use super::store::column::DType;
use super::store::directory::Role;
use super::table::Table;
use crate::error::{Error, Result};

/// The inputs that rows come from, in their order: training, validation and test files; most data have the first alone.
pub type Inputs = Vec<Box<dyn Reader>>;

/// What a data set is encoded with.
#[derive(Debug, Clone, Copy)]
pub enum Rules<'a> {
    /// A protocol: vocabularies and bounds are fitted as it says. Tables that it joins, by name.
    New(&'a Protocol, &'a BTreeMap<String, Lookup>),
    /// A schema that was fitted before; nothing is fitted.
    Fitted(&'a Schema),
    /// A schema that was fitted before, whose vocabularies take in the new values of the training rows.
    Grown(&'a Schema),
}

impl<'a> Rules<'a> {
    fn protocol(self) -> &'a Protocol {
        match self {
            Rules::New(protocol, _) => protocol,
            Rules::Fitted(schema) | Rules::Grown(schema) => &schema.protocol,
        }
    }

    fn tables(self) -> &'a BTreeMap<String, Lookup> {
        match self {
            Rules::New(_, tables) => tables,
            Rules::Fitted(schema) | Rules::Grown(schema) => &schema.tables,
        }
    }
}

/// Encodes a raw table under a protocol, fitting vocabularies and bounds as the protocol says.
///
/// # Errors
/// As [`encode_rows`].
pub fn encode(table: &Table, protocol: &Protocol) -> Result<Dataset> {
    let inputs: Inputs = vec![Box::new(TableReader::new(table.clone()))];
    encode_rows(
        inputs,
        Rules::New(protocol, &BTreeMap::new()),
        Target::Anywhere,
    )
}

/// Encodes a raw table with a schema that was fitted before; the protocol's split is applied, nothing is fitted.
///
/// # Errors
/// As [`encode_rows`]. A part of the split may be empty here.
pub fn encode_with(schema: &Schema, table: &Table) -> Result<Dataset> {
    let inputs: Inputs = vec![Box::new(TableReader::new(table.clone()))];
    encode_rows(inputs, Rules::Fitted(schema), Target::Anywhere)
}

/// Encodes the rows of all inputs.
///
/// # Errors
/// When a column is missing, a row is bad and bad rows are not to be skipped, no row or no training row is left, or the system
/// refuses.
pub fn encode_rows(inputs: Inputs, rules: Rules<'_>, target: Target<'_>) -> Result<Dataset> {
    let (collected, tables) = collect(inputs.into_iter().enumerate(), rules)?;
    collected.finish(rules, tables, target)
}

/// The first pass: what is collected of all inputs, each with the part of the split that it is for, and what of joined tables is used.
fn collect(
    inputs: impl IntoIterator<Item = (usize, Box<dyn Reader>)>,
    rules: Rules<'_>,
) -> Result<(Collection, BTreeMap<String, Lookup>)> {
    let protocol = rules.protocol();
    protocol.check().map_err(|(_, what)| Error::Data(what))?;
    if let Rules::Fitted(schema) | Rules::Grown(schema) = rules {
        schema.check()?;
    }
    let mut collected = Collection::new(protocol);
    let mut tables = BTreeMap::new();
    for (part, mut reader) in inputs {
        let plan = Plan::new(protocol, rules.tables(), reader.as_mut())?;
        collected.read(reader.as_mut(), &plan, rules, part)?;
        collected.rows.counts.notes.extend(reader.notes());
        for (name, table) in rules.tables() {
            tables.insert(name.clone(), table.only(&plan.used_of(name, table)));
        }
    }
    Ok((collected, tables))
}

/// Parses and looks at the chunks of one input in parallel, and hands out some at a time, in their order.
fn each_admitted(
    reader: &mut dyn Reader,
    plan: &Plan,
    protocol: &Protocol,
    tables: &BTreeMap<String, Lookup>,
    take: &mut dyn FnMut(&[admit::Admitted]) -> Result<()>,
) -> Result<()> {
    let at_once = 2 * rayon::current_num_threads();
    loop {
        let mut blocks = Vec::with_capacity(at_once);
        while blocks.len() < at_once {
            match reader.next_block()? {
                Some(block) => blocks.push(block),
                None => break,
            }
        }
        if blocks.is_empty() {
            return Ok(());
        }
        let admitted: Vec<Result<admit::Admitted>> = blocks
            .into_par_iter()
            .map(|block| admit::admit(block.parse()?, plan, protocol, tables))
            .collect();
        take(&admitted.into_iter().collect::<Result<Vec<_>>>()?)?;
    }
}

/// All that was collected of the rows.
struct Collection {
    /// One a field, in the order of the protocol.
    fields: Vec<Collector>,
    /// Labels, users, items, times, weights and the counts.
    rows: RowWise,
}

impl Collection {
    fn new(protocol: &Protocol) -> Collection {
        let missing = &protocol.input.missing;
        let fields = protocol
            .fields
            .iter()
            .map(|spec| Collector::new(spec, missing));
        Collection {
            fields: fields.collect(),
            rows: RowWise::new(protocol),
        }
    }

    /// The first pass over one input.
    fn read(
        &mut self,
        reader: &mut dyn Reader,
        plan: &Plan,
        rules: Rules<'_>,
        part: usize,
    ) -> Result<()> {
        let (protocol, tables) = (rules.protocol(), rules.tables());
        each_admitted(reader, plan, protocol, tables, &mut |admitted| {
            for chunk in admitted {
                self.rows.add(chunk, plan, protocol, part)?;
            }
            let fields = self.fields.par_iter_mut().enumerate();
            fields.try_for_each(|(place, field)| {
                let slot = plan.fields[place].first().copied().unwrap_or(0);
                admitted
                    .iter()
                    .try_for_each(|chunk| field.add(chunk, slot, chunk.made[place].as_ref()))
            })
        })
    }

    /// The second pass.
    fn finish(
        mut self,
        rules: Rules<'_>,
        tables: BTreeMap<String, Lookup>,
        target: Target<'_>,
    ) -> Result<Dataset> {
        let protocol = rules.protocol();
        self.fields.iter_mut().for_each(Collector::close);
        self.rows.close(protocol)?;
        for (spec, collector) in protocol.fields.iter().zip(&self.fields) {
            if collector.is_empty() {
                let columns: Vec<String> = spec.sources().iter().map(ToString::to_string).collect();
                self.rows.counts.notes.push(format!(
                    "field `{}` is missing in every row: is `{}` the right column?",
                    spec.name,
                    columns.join("`, `")
                ));
            }
        }
        let rows = self.rows.kept();
        let (times, users) = (self.rows.times(protocol)?, self.rows.users()?);
        let stay = self.rows.stay.take();
        let stay = Marks(stay.as_deref());
        let facts = Facts {
            users: &users,
            times: &times,
            labels: &self.rows.labels,
            of_files: self.rows.of_files,
        };
        let mut split = protocol.split.apply(rows, facts)?;
        split.check(rows)?;
        drop((times, users));
        self.rows.counts.sampled_out = sample(&mut split, &self.rows.labels, &protocol.sampling);
        let used = self.used(rules, rows, &split, stay)?;
        let fitted = self.fitted(rules, Marks(used.as_deref()))?;
        drop(used);
        let schema = schema_of(rules, &fitted, tables)?;

        let bytes = fitted
            .iter()
            .map(|f| DType::narrowest(f.encoding.table_rows()).size() as u64);
        let mut builder = Builder::new(target, u64::from(rows) * (bytes.sum::<u64>() + 9))?;
        let all = protocol.fields.iter().zip(&fitted).zip(&mut self.fields);
        for ((spec, fitted), collector) in all {
            write_field(&mut builder, spec, fitted, &mut collector.values, stay)?;
        }
        self.rows.write(&mut builder, stay)?;
        for (role, part) in [
            (Role::Train, split.train),
            (Role::Valid, split.valid),
            (Role::Test, split.test),
        ] {
            builder.column("", role, DType::U32, |write| {
                write(bytemuck::cast_slice(&part))
            })?;
        }
        builder.finish(schema, rows, self.rows.counts)
    }

    /// The rows that fields are fitted to, as marks on all collected rows; `None`: all of them.
    fn used(
        &self,
        rules: Rules<'_>,
        rows: u32,
        split: &Split,
        stay: Marks<'_>,
    ) -> Result<Option<Vec<bool>>> {
        if matches!(rules, Rules::Fitted(_)) {
            return Ok(None);
        }
        let protocol = rules.protocol();
        if protocol.fit_on == FitOn::All {
            return Ok(stay.0.map(<[bool]>::to_vec));
        }
        if split.train.is_empty() {
            return Err(Error::Data(format!(
                "protocol `{}` leaves no training row of {rows}; give it more data",
                protocol.name
            )));
        }
        let mut used = vec![false; rows as usize];
        for &row in &split.train {
            used[row as usize] = true;
        }
        let Some(stay) = stay.0 else {
            return Ok(Some(used));
        };
        let mut of_kept = used.into_iter();
        let marks = stay
            .iter()
            .map(|&stays| stays && of_kept.next().unwrap_or(false));
        Ok(Some(marks.collect()))
    }

    fn fitted(&mut self, rules: Rules<'_>, used: Marks<'_>) -> Result<Vec<Fitted>> {
        let fields = self
            .fields
            .par_iter_mut()
            .zip(&rules.protocol().fields)
            .enumerate();
        let fitted = fields.map(|(place, (collector, spec))| {
            let collected = &mut collector.values;
            match rules {
                Rules::New(..) => fit(spec, collected, used, Basis::New),
                Rules::Grown(schema) => fit(
                    spec,
                    collected,
                    used,
                    Basis::Grow(&schema.fields[place].encoding),
                ),
                Rules::Fitted(schema) => {
                    let encoding = schema.fields[place].encoding.clone();
                    Ok(with(encoding, collected))
                }
            }
        });
        let fitted: Vec<Result<Fitted>> = fitted.collect();
        fitted.into_iter().collect()
    }
}

/// A field whose encoding is given.
fn with(encoding: Encoding, collected: &collect::Collected) -> Fitted {
    let code_of = match (&encoding, collected) {
        (
            Encoding::Vocabulary(vocabulary),
            collect::Collected::One { texts, .. } | collect::Collected::Many { texts, .. },
        ) => codes_of(texts, vocabulary),
        _ => Vec::new(),
    };
    Fitted { encoding, code_of }
}

fn schema_of(
    rules: Rules<'_>,
    fitted: &[Fitted],
    mut tables: BTreeMap<String, Lookup>,
) -> Result<Schema> {
    if let Rules::Fitted(schema) = rules {
        return Ok(schema.clone());
    }
    tables.retain(|_, table| table.columns().next().is_some());
    let protocol = rules.protocol().clone();
    let fields = protocol
        .fields
        .iter()
        .zip(fitted)
        .map(|(spec, fitted)| Field {
            spec: spec.clone(),
            encoding: fitted.encoding.clone(),
        });
    let schema = Schema {
        fields: fields.collect(),
        protocol,
        tables,
    };
    schema.check()?;
    Ok(schema)
}

/// Takes negative rows out of the training rows; gives how many. Which ones depends on the seed and on the row's number alone.
fn sample(split: &mut Split, labels: &[u8], sampling: &Sampling) -> u64 {
    if sampling.negatives >= 1.0 {
        return 0;
    }
    let before = split.train.len();
    // A share of 2^53 equally likely numbers, which f64 holds exactly.
    let limit = (sampling.negatives * (1u64 << 53) as f64) as u64;
    split.train.retain(|&row| {
        let key = [sampling.seed.to_le_bytes(), u64::from(row).to_le_bytes()].concat();
        labels[row as usize] != 0 || xxhash_rust::xxh3::xxh3_64(&key) >> 11 < limit
    });
    (before - split.train.len()) as u64
}

#[cfg(test)]
mod tests;
