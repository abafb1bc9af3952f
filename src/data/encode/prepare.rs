//! The part of encoding that no field takes part in: filter, labels, users, items, split.

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

/// What does not depend on the fields.
pub(super) struct Prepared {
    pub kept: Kept,
    /// 0 or 1, one a used row; so are the others.
    pub labels: Vec<u8>,
    pub users: Option<Vec<u32>>,
    pub items: Option<Vec<u32>>,
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
    let true_probability = match table.column(TRUE_PROBABILITY) {
        Err(_) => None,
        Ok(_) => Some(true_probability(table, &kept)?),
    };
    Ok(Prepared {
        kept,
        labels,
        users,
        items,
        true_probability,
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

fn true_probability(table: &Table, kept: &Kept) -> Result<Vec<f32>> {
    let all = table.numbers(TRUE_PROBABILITY)?;
    let used = kept.pick(&all);
    match used.iter().position(|p| !(0.0..=1.0).contains(p)) {
        None => Ok(used.iter().map(|&p| p as f32).collect()),
        Some(row) => Err(Error::Data(format!(
            "row {}, column `{TRUE_PROBABILITY}`: {} is not a probability",
            kept.table_row(row),
            used[row]
        ))),
    }
}
