//! Which columns say whose row it is, of which item, and when.

use super::ask::{self, Ask};
use super::finding::Finding;
use super::guess::Kind;
use super::names;
use crate::data::protocol::time::TimeFormat;
use crate::error::{Error, Result};

/// A column with a role, counted from 0, and why it has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// By its place in the input.
    pub column: usize,
    /// Half a sentence for people.
    pub why: String,
}

/// The proposed roles.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Roles {
    /// None where no column looks like it; so with the others.
    pub user: Option<Role>,
    /// What the row is about.
    pub item: Option<Role>,
    /// With the way its moments are written.
    pub time: Option<(Role, TimeFormat)>,
}

/// What was said, and what the columns seem to be where nothing was. `taken` are columns of the label.
pub(super) fn find(columns: &[Finding], taken: &[usize], ask: &Ask) -> Result<Roles> {
    let names: Vec<String> = columns.iter().map(|c| c.profile.name.clone()).collect();
    let said = |option: &str, text: &Option<String>| -> Result<Option<Role>> {
        let column = text
            .as_ref()
            .map(|text| ask::column(option, text, &names))
            .transpose()?;
        let why = format!("as {option} says");
        Ok(column.map(|column| Role { column, why }))
    };
    let (user, item, time) = (
        said("--user", &ask.user)?,
        said("--item", &ask.item)?,
        said("--time", &ask.time)?,
    );
    let mut taken = taken.to_vec();
    taken.extend(user.iter().chain(&item).map(|role| role.column));
    let user = user.or_else(|| of_name(columns, &taken, names::user_rank));
    taken.extend(user.iter().map(|role| role.column));
    let item = item.or_else(|| of_name(columns, &taken, names::item_rank));
    let time = match time {
        Some(role) => Some(said_time(role, columns)?),
        None => times(columns),
    };
    Ok(Roles { user, item, time })
}

/// The column whose name fits best, of those whose values come back.
fn of_name(columns: &[Finding], taken: &[usize], rank: fn(&str) -> Option<usize>) -> Option<Role> {
    let fits = |(place, column): (usize, &Finding)| {
        let rank = rank(&column.profile.name)?;
        let repeats = column.guess.kind == Kind::Categorical && column.profile.rows_a_value > 1.0;
        (repeats && !taken.contains(&place)).then_some((rank, place))
    };
    let (_, column) = columns.iter().enumerate().filter_map(fits).min()?;
    let profile = &columns[column].profile;
    Some(Role {
        column,
        why: format!("by its name; {:.1} rows a value", profile.rows_a_value),
    })
}

fn said_time(role: Role, columns: &[Finding]) -> Result<(Role, TimeFormat)> {
    let Finding { profile, guess } = &columns[role.column];
    if let Kind::Time(format) = guess.kind {
        return Ok((role, format));
    }
    let numbers = profile
        .only_numbers()
        .filter(|n| n.min.abs().max(n.max.abs()) < 1e11);
    match numbers {
        Some(_) => Ok((role, TimeFormat::Seconds)),
        None => Err(Error::config(
            "--time",
            format!(
                "column `{}` holds no times in a known format (seconds, milliseconds or microseconds since 1970, dates such as 2014-10-21 05:30:00, YYMMDDHH)",
                profile.name
            ),
        )),
    }
}

fn times(columns: &[Finding]) -> Option<(Role, TimeFormat)> {
    let of_kind =
        columns
            .iter()
            .enumerate()
            .filter_map(|(place, column)| match column.guess.kind {
                Kind::Time(format) => Some((!names::is_time(&column.profile.name), place, format)),
                _ => None,
            });
    if let Some((_, column, format)) = of_kind.min_by_key(|(other, place, _)| (*other, *place)) {
        let why = columns[column].guess.why.clone();
        return Some((Role { column, why }, format));
    }
    let ordered = columns.iter().position(|column| {
        let words = names::words(&column.profile.name);
        let named =
            matches!(&words[..], [one] if ["timestamp", "ts", "time"].contains(&one.as_str()));
        named && matches!(column.guess.kind, Kind::Numeric(_)) && column.profile.missing == 0
    })?;
    let why = "by its name; its numbers are no dates, but they order the rows".to_owned();
    Some((
        Role {
            column: ordered,
            why,
        },
        TimeFormat::Seconds,
    ))
}
