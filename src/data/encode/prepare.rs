//! The part of encoding that no field takes part in: filter, labels, users, items, split.

use std::ops::RangeInclusive;

use super::raw::{Kept, groups};
use crate::data::protocol::Protocol;
use crate::data::schema::LabelRule;
use crate::data::split::Split;
use crate::data::table::Table;
use crate::error::{Error, Result};

/// The column of the synthetic set that holds the probability its label was drawn with.
pub const TRUE_PROBABILITY: &str = "true_probability";
/// The column that splits in time look at: a number, larger is later.
pub const TIMESTAMP: &str = "timestamp";

/// What a row may count in the training loss. A row that should count nothing is to be left out; the bounds keep sums of
/// weights far from what f32 cannot hold.
const WEIGHTS: RangeInclusive<f64> = 1e-6..=1e6;

/// What does not depend on the fields.
pub(super) struct Prepared {
    pub kept: Kept,
    /// 0 or 1, one a used row; so are the others.
    pub labels: Vec<u8>,
    pub users: Option<Vec<u32>>,
    pub items: Option<Vec<u32>>,
    pub weights: Option<Vec<f32>>,
    pub true_probability: Option<Vec<f32>>,
    pub split: Split,
}

/// Rows in use, labels, users, items, split: everything but the fields.
pub(super) fn prepare(table: &Table, protocol: &Protocol, rule: &LabelRule) -> Result<Prepared> {
    let (kept, labels) = label(table, rule)?;
    let grouped = |name: &Option<String>| -> Result<Option<Vec<u32>>> {
        name.as_ref()
            .map(|name| Ok(groups(table.column(name)?, &kept)))
            .transpose()
    };
    let users = grouped(&protocol.user_column)?;
    let items = grouped(&protocol.item_column)?;
    let times = if protocol.split.needs_time() {
        kept.pick(&table.numbers(TIMESTAMP)?).into_owned()
    } else {
        Vec::new()
    };
    let rows = kept.len() as u32;
    let of_users = users.as_deref().unwrap_or_default();
    let split = protocol.split.apply(rows, of_users, &times)?;
    split.check(rows)?;
    let weights = protocol.weight_column.as_deref();
    let weights = weights.map(|name| within(table, name, &kept, WEIGHTS, "a weight"));
    let known = table.column(TRUE_PROBABILITY).is_ok();
    let true_probability =
        known.then(|| within(table, TRUE_PROBABILITY, &kept, 0.0..=1.0, "a probability"));
    Ok(Prepared {
        kept,
        labels,
        users,
        items,
        weights: weights.transpose()?,
        true_probability: true_probability.transpose()?,
        split,
    })
}

/// The rows in use and their labels.
fn label(table: &Table, rule: &LabelRule) -> Result<(Kept, Vec<u8>)> {
    if u32::try_from(table.rows()).is_err() {
        return Err(Error::Data(format!(
            "the data has {} rows, at most 2^32 - 1 are possible",
            table.rows()
        )));
    }
    let values = table.numbers(&rule.column)?;
    if let Some(row) = values.iter().position(|value| value.is_nan()) {
        return Err(Error::Data(format!(
            "row {}, column `{}`: the label's value is missing or not a number",
            row + 1,
            rule.column
        )));
    }
    let kept = Kept::new(values.len(), |row| !rule.drop.contains(&values[row]));
    if kept.len() == 0 {
        return Err(Error::Data(format!(
            "no row is left of {} after dropping those whose `{}` is one of {:?}",
            table.rows(),
            rule.column,
            rule.drop
        )));
    }
    let labels = kept.pick(&values);
    let labels = labels.iter().map(|&v| u8::from(v >= rule.at_least));
    Ok((kept, labels.collect()))
}

/// The used rows of the numeric column `name`, each of which must lie within `range` to be `what`.
fn within(
    table: &Table,
    name: &str,
    kept: &Kept,
    range: RangeInclusive<f64>,
    what: &str,
) -> Result<Vec<f32>> {
    let all = table.numbers(name)?;
    let used = kept.pick(&all);
    match used.iter().position(|x| !range.contains(x)) {
        None => Ok(used.iter().map(|&x| x as f32).collect()),
        Some(row) => Err(Error::Data(format!(
            "row {}, column `{name}`: {} is not {what}, expected a number from {:?} to {:?}",
            kept.table_row(row),
            used[row],
            range.start(),
            range.end()
        ))),
    }
}
