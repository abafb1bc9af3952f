//! What rows have that is no field: labels, users, items, times, weights, and how many became what.

use super::admit::Admitted;
use super::collect::{Collected, Collector};
use super::core;
use super::duplicates;
use super::plan::Plan;
use super::spool::{Marks, Spool};
use super::write_codes;
use crate::data::counts::{Counts, TOLD};
use crate::data::protocol::{OnBad, OnDuplicate, Protocol};
use crate::data::schema::{FieldKind, FieldSpec};
use crate::data::store::builder::Builder;
use crate::data::store::column::DType;
use crate::data::store::directory::Role;
use crate::error::{Error, Result};

/// Collected row by row.
pub(super) struct RowWise {
    /// 0 or 1, one a kept row.
    pub labels: Vec<u8>,
    /// None without that role; so with `items`.
    pub(super) users: Option<Collector>,
    pub(super) items: Option<Collector>,
    /// Empty without that role; so with `true_probability`.
    pub(super) times: Spool<f64>,
    /// None without that role.
    pub(super) weights: Option<Spool<f32>>,
    pub(super) true_probability: Spool<f32>,
    /// Grows chunk by chunk.
    pub counts: Counts,
    /// Kept rows by the part whose files they are from.
    pub of_files: [u32; 3],
    /// The rows that stay, when duplicates or rows outside the core are dropped.
    pub stay: Option<Vec<bool>>,
}

impl RowWise {
    /// Of no row yet; collects the roles that the protocol has.
    pub fn new(protocol: &Protocol) -> RowWise {
        let missing = &protocol.input.missing;
        let group = || Collector::new(&FieldSpec::new("group", FieldKind::Categorical), missing);
        let roles = &protocol.roles;
        RowWise {
            labels: Vec::new(),
            users: roles.user.as_ref().map(|_| group()),
            items: roles.item.as_ref().map(|_| group()),
            times: Spool::new(),
            weights: roles.weight.as_ref().map(|_| Spool::new()),
            true_probability: Spool::new(),
            counts: Counts::default(),
            of_files: [0; 3],
            stay: None,
        }
    }

    /// Adds the rows of a chunk of the files of a part.
    pub fn add(
        &mut self,
        admitted: &Admitted,
        plan: &Plan,
        protocol: &Protocol,
        part: usize,
    ) -> Result<()> {
        self.count(admitted, protocol)?;
        room_for(self.labels.len() + admitted.kept.len())?;
        if let Some(part) = self.of_files.get_mut(part) {
            *part += admitted.kept.len() as u32;
        }
        self.labels.extend_from_slice(&admitted.labels);
        let (users, items) = (&mut self.users, &mut self.items);
        let groups = [(users, plan.user), (items, plan.item)];
        for (group, slot) in groups {
            if let (Some(group), Some(slot)) = (group, slot) {
                group.add(admitted, slot, None)?;
            }
        }
        self.times.extend(&admitted.times)?;
        if let Some(weights) = &mut self.weights {
            weights.extend(&admitted.weights)?;
        }
        self.true_probability.extend(&admitted.true_probability)
    }

    fn count(&mut self, admitted: &Admitted, protocol: &Protocol) -> Result<()> {
        let (counts, chunk) = (&mut self.counts, &admitted.chunk);
        let place = |line: u64, what: &str| match chunk.file.as_os_str().is_empty() {
            true => Error::Data(format!("row {line}, {what}")),
            false => Error::line(&chunk.file, line, what),
        };
        if let (OnBad::Error, Some(first)) = (protocol.rows.on_bad, chunk.bad.first()) {
            return Err(place(first.line, &first.what));
        }
        let bad = chunk.bad.len() as u64;
        let room = TOLD.saturating_sub(counts.first_bad.len());
        let first = chunk.bad.iter().take(room);
        counts
            .first_bad
            .extend(first.map(|bad| place(bad.line, &bad.what).to_string()));
        counts.bad += bad;
        few_bad(counts, protocol)?;
        let dropped: u64 = admitted.dropped.iter().sum();
        for (condition, rows) in protocol.rows.drop.iter().zip(&admitted.dropped) {
            *counts.dropped.entry(condition.to_string()).or_default() += rows;
        }
        for (table, rows) in &admitted.unmatched {
            *counts.unmatched.entry(table.clone()).or_default() += rows;
        }
        counts.kept += admitted.kept.len() as u64;
        counts.read += admitted.kept.len() as u64 + dropped + bad;
        Ok(())
    }

    /// Whether there are not too many rows, nor too many bad ones.
    pub(super) fn check_counts(&self, protocol: &Protocol) -> Result<()> {
        room_for(self.labels.len())?;
        few_bad(&self.counts, protocol)
    }

    /// All rows are there: looks for duplicates, and whether any row is left.
    pub fn close(&mut self, protocol: &Protocol) -> Result<()> {
        if self.labels.is_empty() {
            return Err(Error::Data(nothing_left(&self.counts)));
        }
        if let (Some(users), Some(items)) = (&mut self.users, &mut self.items) {
            let (users, items) = (codes(users)?, codes(items)?);
            let times = self.times.all()?;
            let later = duplicates::find(&users, &items, &times);
            self.counts.duplicates = later.count;
            if let (OnDuplicate::Error, Some(row)) = (protocol.rows.on_duplicate, later.first) {
                return Err(Error::Data(format!(
                    "{} rows have the user, item and time of an earlier row, the first is kept row {}: keep them with \
                     --on-duplicate keep, or one of each with --on-duplicate last",
                    later.count,
                    row + 1
                )));
            }
            let mut stay = None;
            if protocol.rows.on_duplicate == OnDuplicate::Last && later.count > 0 {
                let last = duplicates::last(&users, &items, &times);
                self.counts.duplicates_dropped = dropped(&last);
                stay = Some(last);
            }
            if protocol.rows.core > 1 {
                let marks = stay.get_or_insert_with(|| vec![true; users.len()]);
                core::keep(&users, &items, protocol.rows.core, marks);
                self.counts.outside_core = dropped(marks) - self.counts.duplicates_dropped;
            }
            if let Some(stay) = stay.filter(|stay| stay.contains(&false)) {
                self.keep_only(stay);
            }
        }
        if self.labels.is_empty() {
            return Err(Error::Data(nothing_left(&self.counts)));
        }
        self.note_label();
        Ok(())
    }

    /// Leaves only the marked rows.
    fn keep_only(&mut self, stay: Vec<bool>) {
        let mut marks = stay.iter();
        self.labels
            .retain(|_| marks.next().copied().unwrap_or(true));
        self.counts.kept -= dropped(&stay);
        let mut start = 0;
        for part in &mut self.of_files {
            let end = start + *part as usize;
            *part = stay[start..end].iter().filter(|stays| **stays).count() as u32;
            start = end;
        }
        self.stay = Some(stay);
    }

    fn note_label(&mut self) {
        let positive: u64 = self.labels.iter().map(|&label| u64::from(label)).sum();
        let all = match positive {
            0 => "negative",
            n if n == self.labels.len() as u64 => "positive",
            _ => return,
        };
        let note = format!(
            "every row is {all}: there is nothing to learn from them alone; look at [label], or train with --negatives"
        );
        self.counts.notes.push(note);
    }

    /// How many rows stay.
    pub fn kept(&self) -> u32 {
        self.labels.len() as u32
    }

    /// The time of each row that stays, when the split needs it.
    pub fn times(&mut self, protocol: &Protocol) -> Result<Vec<f64>> {
        match protocol.split.needs_time() {
            true => self.staying(|rows| rows.times.all()),
            false => Ok(Vec::new()),
        }
    }

    /// The user of each row that stays; none without a user column.
    pub fn users(&mut self) -> Result<Vec<u32>> {
        match self.users.is_some() {
            true => self.staying(|rows| rows.users.as_mut().map_or(Ok(Vec::new()), codes)),
            false => Ok(Vec::new()),
        }
    }

    fn staying<T>(&mut self, all: impl FnOnce(&mut RowWise) -> Result<Vec<T>>) -> Result<Vec<T>> {
        let mut all = all(self)?;
        if let Some(stay) = &self.stay {
            let mut marks = stay.iter();
            all.retain(|_| marks.next().copied().unwrap_or(true));
        }
        Ok(all)
    }

    /// Writes the columns that are no fields, but for the split.
    pub fn write(&mut self, builder: &mut Builder, stay: Marks<'_>) -> Result<()> {
        builder.column("", Role::Label, DType::U8, |write| write(&self.labels))?;
        for (role, group) in [(Role::User, &mut self.users), (Role::Item, &mut self.items)] {
            if let Some(Collector {
                values: Collected::One { codes, .. },
                ..
            }) = group
            {
                // Numbers of groups follow the first occurrence, those of dropped duplicates too.
                let mut dense = Dense::default();
                let code = |c| match stay.0 {
                    None => c,
                    Some(_) => dense.of(c),
                };
                let code = std::cell::RefCell::new(code);
                write_codes(builder, ("", role, DType::U32), codes, stay, |c| {
                    (code.borrow_mut())(c)
                })?;
            }
        }
        let mut floats = |role, spool: &mut Spool<f32>| -> Result<()> {
            let mut row = 0;
            builder.column("", role, DType::F32, |write| {
                spool.read(|part| {
                    let staying = part.iter().filter(|_| {
                        row += 1;
                        stay.has(row - 1)
                    });
                    let staying: Vec<f32> = staying.copied().collect();
                    write(bytemuck::cast_slice(&staying))
                })
            })
        };
        if let Some(weights) = &mut self.weights {
            floats(Role::Weight, weights)?;
        }
        if self.true_probability.len() > 0 {
            floats(Role::TrueProbability, &mut self.true_probability)?;
        }
        Ok(())
    }
}

fn room_for(rows: usize) -> Result<()> {
    match u32::try_from(rows) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::Data(format!(
            "the data has {rows} rows or more, at most 2^32 - 1 are possible"
        ))),
    }
}

fn few_bad(counts: &Counts, protocol: &Protocol) -> Result<()> {
    let most = protocol.rows.most_bad;
    if counts.bad <= most {
        return Ok(());
    }
    Err(Error::Data(format!(
        "more than {most} rows are bad, the first: {}; mend the data, or raise `most_bad` in [rows]",
        counts.first_bad.first().map_or("", String::as_str)
    )))
}

/// Numbers without gaps, in the order of first occurrence.
#[derive(Default)]
struct Dense {
    /// The number of each value that has come.
    of: std::collections::HashMap<u32, u32>,
}

impl Dense {
    fn of(&mut self, code: u32) -> u32 {
        let next = self.of.len() as u32;
        *self.of.entry(code).or_insert(next)
    }
}

/// The group of each row.
fn codes(group: &mut Collector) -> Result<Vec<u32>> {
    match &mut group.values {
        Collected::One { codes, .. } => codes.all(),
        _ => Ok(Vec::new()),
    }
}

/// How many rows a list of marks leaves out.
fn dropped(stay: &[bool]) -> u64 {
    stay.iter().filter(|stays| !**stays).count() as u64
}

fn nothing_left(counts: &Counts) -> String {
    if counts.read == 0 {
        return "the data has no row".into();
    }
    let dropped: Vec<String> = counts
        .dropped
        .iter()
        .map(|(c, rows)| format!("{rows} meet {c}"))
        .collect();
    let bad = (counts.bad > 0).then(|| format!("{} are bad", counts.bad));
    let few = counts.outside_core;
    let few = (few > 0).then(|| format!("{few} are of users or items with too few rows (`core`)"));
    let reasons: Vec<String> = dropped.into_iter().chain(bad).chain(few).collect();
    format!("no row is left of {}: {}", counts.read, reasons.join(", "))
}
