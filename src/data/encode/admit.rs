//! The rows of one chunk that are used, their labels, and what can only be told by looking at values: numbers, times, bad rows.
//! It depends on no other chunk, so chunks are admitted in parallel.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::plan::{Plan, Slot};
use crate::data::lookup::Lookup;
use crate::data::protocol::Protocol;
use crate::data::protocol::condition::Test;
use crate::data::protocol::label::LabelRule;
use crate::data::protocol::time::TimeColumn;
use crate::data::schema::{FieldKind, FieldSpec};
use crate::data::source::cells::{Cells, LIST, Texts};
use crate::data::source::columns::ColumnRef;
use crate::data::source::reader::{BadRow, Chunk};
use crate::error::Result;

/// What a row may count in the training loss. A row that should count nothing is to be left out; the bounds keep sums of
/// weights far from what f32 cannot hold.
const WEIGHTS: RangeInclusive<f64> = 1e-6..=1e6;

/// A chunk whose rows were looked at.
#[derive(Debug)]
pub(super) struct Admitted {
    /// With the columns of tables behind its own.
    pub chunk: Chunk,
    /// The used rows, in their order.
    pub kept: Vec<u32>,
    /// 0 or 1, one a kept row; so are the others.
    pub labels: Vec<u8>,
    /// Seconds since 1970, NaN where missing; empty without a time column.
    pub times: Vec<f64>,
    /// What rows count in the training loss; empty without such a column.
    pub weights: Vec<f32>,
    /// Of a positive label; empty where it is not known.
    pub true_probability: Vec<f32>,
    /// Per field, one entry a row of the chunk: what the field is made of where that is not a column as it is.
    pub made: Vec<Option<Made>>,
    /// Rows dropped, per condition.
    pub dropped: Vec<u64>,
    /// Kept rows without a match, per table.
    pub unmatched: BTreeMap<String, u64>,
}

/// Values that were made of a column.
#[derive(Debug)]
pub(super) enum Made {
    /// Texts that several columns, or a part of a time, were made into.
    Cells(Cells),
    /// NaN where missing.
    Numbers(Vec<f64>),
}

/// What becomes of a row.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    /// It is used.
    Keep,
    /// It meets the condition of this number, the first of those it meets.
    Drop(u16),
    /// A value in it cannot be read.
    Bad,
}

/// Looks at a chunk.
///
/// # Errors
/// When the chunk is not what the reader promised.
pub(super) fn admit(
    mut chunk: Chunk,
    plan: &Plan,
    protocol: &Protocol,
    tables: &BTreeMap<String, Lookup>,
) -> Result<Admitted> {
    let places = join(&mut chunk, plan, tables);
    let mut judge = Judge {
        fates: vec![Fate::Keep; chunk.rows()],
        bad: Vec::new(),
        missing: &protocol.input.missing,
    };
    let (columns, roles) = (&chunk.columns, &protocol.roles);
    judge.drop_rows(protocol, plan, columns);
    let labels = judge.labels(&protocol.label, &columns[plan.label]);
    let fields = protocol.fields.iter().zip(&plan.fields);
    let made = fields
        .map(|(spec, slots)| judge.make(spec, slots, columns))
        .collect();
    let of_rows = Rowwise {
        labels,
        times: judge.times(roles.time.as_ref(), plan.time.map(|slot| &columns[slot])),
        weights: judge.within(
            roles.weight.as_ref(),
            plan.weight,
            columns,
            (WEIGHTS, "a weight"),
        ),
        true_probability: judge.within(
            roles.true_probability.as_ref(),
            plan.true_probability,
            columns,
            (0.0..=1.0, "a probability"),
        ),
    };
    let Judge { fates, bad, .. } = judge;
    let conditions = protocol.rows.drop.len();
    Ok(settle(
        chunk,
        (fates, bad),
        of_rows,
        made,
        places,
        conditions,
    ))
}

/// What each row of the chunk has, bad and dropped ones included.
struct Rowwise {
    labels: Vec<bool>,
    /// As in [`Admitted`], as are the others.
    times: Vec<f64>,
    weights: Vec<f64>,
    true_probability: Vec<f64>,
}

fn settle(
    mut chunk: Chunk,
    (fates, bad): (Vec<Fate>, Vec<(u32, String)>),
    of_rows: Rowwise,
    made: Vec<Option<Made>>,
    places: BTreeMap<String, Vec<Option<u32>>>,
    conditions: usize,
) -> Admitted {
    let mut dropped = vec![0; conditions];
    let mut kept = Vec::with_capacity(fates.len());
    for (row, fate) in (0..).zip(fates) {
        match fate {
            Fate::Keep => kept.push(row),
            Fate::Drop(condition) => dropped[condition as usize] += 1,
            Fate::Bad => {}
        }
    }
    let lines = &chunk.lines;
    let more = bad.into_iter().map(|(row, what)| BadRow {
        line: lines[row as usize],
        what,
    });
    let more: Vec<BadRow> = more.collect();
    chunk.bad.extend(more);
    chunk.bad.sort_by_key(|bad| bad.line);
    let unmatched = places.into_iter().map(|(table, places)| {
        let without = kept.iter().filter(|&&row| places[row as usize].is_none());
        (table, without.count() as u64)
    });
    let pick = |all: &[f64]| -> Vec<f32> {
        let kept = kept
            .iter()
            .take(if all.is_empty() { 0 } else { kept.len() });
        kept.map(|&row| all[row as usize] as f32).collect()
    };
    let Rowwise { labels, times, .. } = &of_rows;
    let timed = if times.is_empty() { 0 } else { kept.len() };
    Admitted {
        labels: kept
            .iter()
            .map(|&row| u8::from(labels[row as usize]))
            .collect(),
        times: kept
            .iter()
            .take(timed)
            .map(|&row| times[row as usize])
            .collect(),
        weights: pick(&of_rows.weights),
        true_probability: pick(&of_rows.true_probability),
        unmatched: unmatched.filter(|(_, rows)| *rows > 0).collect(),
        kept,
        chunk,
        made,
        dropped,
    }
}

/// Puts the columns of tables behind those of the chunk; gives the place of each row in each table.
fn join(
    chunk: &mut Chunk,
    plan: &Plan,
    tables: &BTreeMap<String, Lookup>,
) -> BTreeMap<String, Vec<Option<u32>>> {
    let mut places: BTreeMap<String, Vec<Option<u32>>> = BTreeMap::new();
    for joined in &plan.joined {
        let Some(table) = tables.get(&joined.table) else {
            continue;
        };
        let of_rows = places
            .entry(joined.table.clone())
            .or_insert_with(|| places_of(&chunk.columns[joined.key], table));
        let cells = table.cells(joined.column, of_rows);
        chunk.columns.push(cells);
    }
    places
}

fn places_of(keys: &Cells, table: &Lookup) -> Vec<Option<u32>> {
    match keys {
        Cells::Text(texts) => texts.iter().map(|text| table.place(text)).collect(),
        Cells::Dictionary { texts, codes } => {
            let places: Vec<_> = texts.iter().map(|text| table.place(text)).collect();
            codes.iter().map(|&code| places[code as usize]).collect()
        }
        Cells::Number(numbers) => numbers
            .iter()
            .map(|x| table.place(&x.to_string()))
            .collect(),
    }
}

/// What is wrong, said of a column.
fn blame(column: &ColumnRef, what: &str) -> String {
    format!("column `{column}`: {what}")
}

/// A raw value.
#[derive(Clone, Copy)]
enum Value<'a> {
    Text(&'a str),
    /// NaN where it is missing.
    Number(f64),
}

impl Value<'_> {
    fn passes(self, test: &Test) -> bool {
        match self {
            Value::Text(text) => test.passes(text),
            Value::Number(x) => test.passes_number(x),
        }
    }

    fn within(self, range: &RangeInclusive<f64>, what: &str) -> Result<f64, String> {
        let (number, text) = match self {
            Value::Text(text) => (text.trim().parse().unwrap_or(f64::NAN), text.to_owned()),
            Value::Number(x) => (x, x.to_string()),
        };
        match range.contains(&number) {
            true => Ok(number),
            false => Err(format!(
                "{text:?} is not {what}, expected a number from {:?} to {:?}",
                range.start(),
                range.end()
            )),
        }
    }
}

/// Looks at one column after the other and keeps what becomes of the rows.
struct Judge<'a> {
    /// One a row, and final once it is not [`Fate::Keep`].
    fates: Vec<Fate>,
    /// Row of the chunk, and what is wrong with it.
    bad: Vec<(u32, String)>,
    /// Texts that mean "missing", beside the empty one.
    missing: &'a [String],
}

impl Judge<'_> {
    /// Drops the rows that meet a condition of the protocol.
    fn drop_rows(&mut self, protocol: &Protocol, plan: &Plan, columns: &[Cells]) {
        for (number, (condition, &slot)) in (0..).zip(protocol.rows.drop.iter().zip(&plan.drop)) {
            let met = self.each(&columns[slot], |v| Ok(v.passes(&condition.test)), false);
            for (fate, met) in self.fates.iter_mut().zip(met) {
                if met && *fate == Fate::Keep {
                    *fate = Fate::Drop(number);
                }
            }
        }
    }

    fn labels(&mut self, rule: &LabelRule, cells: &Cells) -> Vec<bool> {
        let label = |v: Value<'_>| match v {
            Value::Text(text) => rule.label(text),
            Value::Number(x) => rule.label_of_number(x),
        };
        let blamed = |v: Value<'_>| label(v).map_err(|what| blame(&rule.column, &what));
        self.each(cells, blamed, false)
    }

    /// Seconds; none without a time column.
    fn times(&mut self, time: Option<&TimeColumn>, cells: Option<&Cells>) -> Vec<f64> {
        let (Some(time), Some(cells)) = (time, cells) else {
            return Vec::new();
        };
        let second = |v: Value<'_>| match v {
            Value::Text(text) => {
                let seconds = time.format().seconds(text);
                seconds.map_err(|what| blame(time.column(), &what))
            }
            Value::Number(x) => Ok(x),
        };
        self.each(cells, second, f64::NAN)
    }

    /// Numbers of a role within a range, each of which is `what`; none without such a column.
    fn within(
        &mut self,
        column: Option<&ColumnRef>,
        slot: Option<Slot>,
        columns: &[Cells],
        (range, what): (RangeInclusive<f64>, &str),
    ) -> Vec<f64> {
        let (Some(column), Some(slot)) = (column, slot) else {
            return Vec::new();
        };
        let number = |v: Value<'_>| {
            let number = v.within(&range, what);
            number.map_err(|what| blame(column, &what))
        };
        self.each(&columns[slot], number, 0.0)
    }

    /// What a column's cells are for all rows that are still to be kept; a row with an error is bad from now on. Each text of a
    /// dictionary is looked at once.
    fn each<T: Clone>(
        &mut self,
        cells: &Cells,
        look: impl Fn(Value<'_>) -> Result<T, String>,
        other: T,
    ) -> Vec<T> {
        let Judge {
            fates,
            bad,
            missing,
        } = self;
        let plain = |text| {
            if missing.iter().any(|m| m == text) {
                ""
            } else {
                text
            }
        };
        let mut seen = |row: usize, fate: &mut Fate, result: Result<T, String>| {
            result.unwrap_or_else(|what| {
                *fate = Fate::Bad;
                bad.push((row as u32, what));
                other.clone()
            })
        };
        let rows = fates.iter_mut().enumerate();
        match cells {
            Cells::Text(texts) => rows
                .zip(texts.iter())
                .map(|((row, fate), text)| match fate {
                    Fate::Keep => seen(row, fate, look(Value::Text(plain(text)))),
                    _ => other.clone(),
                })
                .collect(),
            Cells::Number(numbers) => rows
                .zip(numbers)
                .map(|((row, fate), &x)| match fate {
                    Fate::Keep => seen(row, fate, look(Value::Number(x))),
                    _ => other.clone(),
                })
                .collect(),
            Cells::Dictionary { texts, codes } => {
                let mut known: Vec<Option<Result<T, String>>> = vec![None; texts.len()];
                rows.zip(codes)
                    .map(|((row, fate), &code)| match fate {
                        Fate::Keep => {
                            let text = plain(&texts[code as usize]);
                            let slot = &mut known[code as usize];
                            let result = slot.get_or_insert_with(|| look(Value::Text(text)));
                            seen(row, fate, result.clone())
                        }
                        _ => other.clone(),
                    })
                    .collect()
            }
        }
    }

    /// What a field is made of, where that is not its column as it is.
    fn make(&mut self, spec: &FieldSpec, slots: &[Slot], columns: &[Cells]) -> Option<Made> {
        let &[slot] = slots else {
            return Some(Made::Cells(self.crossed(spec, slots, columns)));
        };
        let cells = &columns[slot];
        if spec.collects_numbers() {
            let number = |v: Value<'_>| match v {
                Value::Text(text) => spec.number(text),
                Value::Number(x) if x.is_infinite() => Err(spec.blamed("the number is infinite")),
                Value::Number(x) if spec.part.is_some() => spec.number(&x.to_string()),
                Value::Number(x) => Ok(x),
            };
            return Some(Made::Numbers(self.each(cells, number, f64::NAN)));
        }
        if spec.derives() {
            let text = |v: Value<'_>| match v {
                Value::Text(text) => spec.text(text).map(String::from),
                Value::Number(x) if x.is_nan() => Ok(String::new()),
                Value::Number(x) => spec.text(&x.to_string()).map(String::from),
            };
            let texts: Texts = self.each(cells, text, String::new()).into_iter().collect();
            return Some(Made::Cells(Cells::Text(texts)));
        }
        None
    }

    /// Several columns as one: all values of a multi-valued field, one value of a categorical one.
    fn crossed(&self, spec: &FieldSpec, slots: &[Slot], columns: &[Cells]) -> Cells {
        let rows = 0..self.fates.len();
        let text = |row: usize| {
            let parts: Vec<Cow<'_, str>> =
                slots.iter().map(|&slot| columns[slot].text(row)).collect();
            crossed(spec, &parts, self.missing)
        };
        Cells::Text(rows.map(text).collect())
    }
}

/// Several raw texts as one.
pub(super) fn crossed<S: AsRef<str>>(spec: &FieldSpec, parts: &[S], missing: &[String]) -> String {
    let plain = |text: &S| match missing.iter().any(|m| m == text.as_ref()) {
        true => String::new(),
        false => text.as_ref().to_owned(),
    };
    let parts: Vec<String> = parts.iter().map(plain).collect();
    if spec.kind == FieldKind::MultiValued {
        let values = parts
            .iter()
            .flat_map(|text| super::value::values(text, spec.separator()));
        return values.collect::<Vec<_>>().join(&LIST.to_string());
    }
    match parts.iter().all(String::is_empty) {
        true => String::new(),
        false => parts.join("&"),
    }
}
