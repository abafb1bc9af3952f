//! What will hurt, said before it does.

use super::draft::Draft;
use super::escape::{line, named};
use super::fields::{Proposal, Use};
use super::guess::Kind;
use super::label::Label;
use super::names;
use super::times;
use crate::data::protocol::time::TimeFormat;

/// All warnings, the weightiest first.
pub(super) fn of(draft: &Draft) -> Vec<String> {
    let mut all = of_label(draft);
    all.extend(of_rows(draft));
    all.extend(of_fields(draft));
    all.extend(of_columns(draft));
    all
}

fn of_label(draft: &Draft) -> Vec<String> {
    let mut all = Vec::new();
    for (candidate, share) in draft.label.candidates().iter().zip(&draft.shares) {
        let name = named(&draft.columns[candidate.column].profile.name);
        if share.missing > 0 {
            all.push(format!(
                "{} of {} rows have no label in `{name}`: they are left out",
                share.missing, draft.rows
            ));
        }
        if share.wrong > 0 {
            all.push(format!(
                "{} rows have a value in `{name}` that is no number: training will refuse them, or skip them with --on-bad-row skip",
                share.wrong
            ));
        }
        let rare = share.positive.min(share.negative);
        if matches!(draft.label, Label::Clear(_)) && rare < 10 {
            let which = if rare == share.positive {
                "positive"
            } else {
                "negative"
            };
            all.push(format!(
                "only {rare} of {} rows are {which} by `{name}`",
                draft.rows
            ));
        }
    }
    all
}

fn of_rows(draft: &Draft) -> Option<String> {
    let bad = &draft.bad;
    let first = bad.first.as_ref()?;
    let share = bad.rows as f64 / bad.of.max(1) as f64;
    let then = match share <= SKIPPED {
        true => "the file says on_bad = \"skip\"",
        false => {
            "so many that the delimiter or the quoting is probably another: look at --delimiter"
        }
    };
    Some(format!(
        "{} of {} rows are not what the format says, the first {}; {then}",
        bad.rows,
        bad.of,
        line(first)
    ))
}

/// More bad rows are a sign that the layout is wrong.
pub(super) const SKIPPED: f64 = 0.1;

/// Fields that are left out, those of one reason together.
fn of_fields(draft: &Draft) -> Vec<String> {
    let name = |field: &Proposal| named(&draft.columns[field.column].profile.name);
    let put = |put: Use| draft.fields.iter().filter(move |field| field.put == put);
    let of_kind = |kind: Kind| {
        let of_kind = put(Use::Kind).filter(move |f| draft.columns[f.column].guess.kind == kind);
        of_kind.map(name).collect::<Vec<_>>()
    };
    let mut all: Vec<String> = put(Use::Leak).map(|f| f.notes[0].clone()).collect();
    for (kind, one, several) in [
        (Kind::RowId, "has one row a value", "have one row a value"),
        (Kind::Constant, "is constant", "are constant"),
        (Kind::FreeText, "is free text", "are free text"),
    ] {
        let names = of_kind(kind);
        match names.len() {
            0 => {}
            1 => all.push(format!("`{}` {one}: left out", names[0])),
            _ => all.push(format!("{} {several}: left out", listed(&names))),
        }
    }
    all
}

/// Some names in one line.
fn listed(names: &[String]) -> String {
    const MOST: usize = 8;
    let some: Vec<String> = names
        .iter()
        .take(MOST)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.len().saturating_sub(MOST) {
        0 => some.join(", "),
        more => format!("{} and {more} more", some.join(", ")),
    }
}

fn of_columns(draft: &Draft) -> Vec<String> {
    let of_label = draft.label.columns();
    let mut all = Vec::new();
    for (place, column) in draft.columns.iter().enumerate() {
        let profile = &column.profile;
        let name = named(&profile.name);
        if let Kind::Time(format @ (TimeFormat::Milliseconds | TimeFormat::Microseconds)) =
            column.guess.kind
        {
            all.push(format!(
                "`{name}` is in {}: the file says so",
                times::name(format)
            ));
        }
        let kind = &column.guess.kind;
        let user = names::user_rank(&profile.name).is_some() && !matches!(kind, Kind::Constant);
        if user && *kind == Kind::RowId {
            all.push(format!(
                "`{name}` has one row a user, so there are no metrics per user"
            ));
        }
        let odd = profile
            .odd
            .as_ref()
            .filter(|odd| odd.rows == 1 && odd.place.ends_with(":1"));
        if !draft.headed && profile.distinct > 2 && odd.is_some() {
            all.push(format!(
                "`{name}` has numbers but for the first line, which may name the columns: then say --header yes"
            ));
            continue;
        }
        if of_label.contains(&place) || *kind != Kind::Categorical {
            continue;
        }
        if column.guess.why.contains("are numbers, but not all")
            || column.guess.why.contains("decimal point")
        {
            all.push(format!("`{name}`: {}", column.guess.why));
        }
    }
    if !draft.missing.is_empty() {
        let texts: Vec<String> = draft
            .missing
            .iter()
            .map(|text| format!("{text:?}"))
            .collect();
        all.push(format!(
            "{} mean{} \"missing\", in every column",
            texts.join(", "),
            if texts.len() == 1 { "s" } else { "" }
        ));
    }
    all
}
