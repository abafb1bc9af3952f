//! What a column is, with the reason.

use std::fmt;

use super::ask::Type;
use super::escape::{amount, shown};
use super::profile::{Numbers, Profile};
use super::sample::SampleColumn;
use super::{names, times};
use crate::data::protocol::field::Transform;
use crate::data::protocol::time::TimeFormat;

/// What a column is taken for.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// One value or none in all rows: nothing to learn from.
    Constant,
    /// Values to tell apart, numbers with a meaning of their own (ids, codes) among them.
    Categorical,
    /// An amount, and what is to be done to it first.
    Numeric(Transform),
    /// Lists; `None`: they came as such.
    MultiValued(Option<String>),
    /// A moment, written like this.
    Time(TimeFormat),
    /// A value of its own for each row.
    RowId,
    /// Sentences.
    FreeText,
}

/// A guess.
#[derive(Debug, Clone, PartialEq)]
pub struct Guess {
    /// What the column is taken for.
    pub kind: Kind,
    /// Half a sentence for people, as it stands behind a colon.
    pub why: String,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Constant => f.pad("constant"),
            Kind::Categorical => f.pad("categorical"),
            Kind::Numeric(_) => f.pad("numeric"),
            Kind::MultiValued(None) => f.pad("multi-valued (lists)"),
            Kind::MultiValued(Some(separator)) => f.pad(&format!("multi-valued ({separator:?})")),
            Kind::Time(format) => f.pad(&format!("timestamp ({})", times::name(*format))),
            Kind::RowId => f.pad("id of the row"),
            Kind::FreeText => f.pad("free text"),
        }
    }
}

/// Fewer distinct numbers are values.
const FEW: usize = 20;
/// Whole numbers from here on are ids: f64 does not tell neighbours apart.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl Guess {
    fn new(kind: Kind, why: impl Into<String>) -> Guess {
        Guess {
            kind,
            why: why.into(),
        }
    }

    /// The guess where the type of a column is known: what its values look like stands back.
    pub fn of_type(self, of_type: Type) -> Guess {
        match (of_type, &self.kind) {
            (_, Kind::Constant) => self,
            (Type::Category, _) => Guess::new(Kind::Categorical, "its type is a category"),
            (Type::Text, Kind::Numeric(_)) => Guess::new(Kind::Categorical, "its type is text"),
            (Type::Text, _) => self,
            (Type::Moment, _) => Guess::new(Kind::Time(TimeFormat::Seconds), "its type is a time"),
            (Type::List, _) => Guess::new(Kind::MultiValued(None), "its type is a list"),
        }
    }

    /// Looks at a column. `mark`: somebody has said that its values are marks, not amounts.
    pub fn of(profile: &Profile, column: &SampleColumn, mark: bool) -> Guess {
        if profile.distinct == 0 {
            return Guess::new(Kind::Constant, "no row has a value");
        }
        if profile.distinct == 1 && profile.missing == 0 {
            let why = format!("all rows have {}", shown(&profile.examples[0]));
            return Guess::new(Kind::Constant, why);
        }
        let values = column
            .texts
            .iter()
            .map(String::as_str)
            .filter(|text| !text.is_empty() && !profile.markers.iter().any(|m| m == text));
        if !mark && let Some(guess) = time(profile, values) {
            return guess;
        }
        match (profile.only_numbers(), &profile.odd) {
            (Some(numbers), _) => of_numbers(profile, numbers, mark),
            (None, Some(odd))
                if 10 * odd.rows <= profile.present() && odd.distinct <= profile.distinct / 10 =>
            {
                mixed(profile)
            }
            _ => of_texts(profile, mark),
        }
    }
}

fn time<'t>(profile: &Profile, values: impl Iterator<Item = &'t str> + Clone) -> Option<Guess> {
    let guess = |format: TimeFormat, why: String| Some(Guess::new(Kind::Time(format), why));
    let numbers = profile.only_numbers();
    if let Some(numbers) = numbers
        && let Some(format) = times::unit(&profile.name, numbers)
    {
        let day = |x: f64| times::day(format, &x.to_string()).unwrap_or_default();
        let (from, to) = (day(numbers.min), day(numbers.max));
        let unit = times::name(format);
        return guess(
            format,
            format!("its numbers are {unit} from {from} to {to}"),
        );
    }
    match times::format(&profile.name, values)? {
        TimeFormat::Yymmddhh => guess(
            TimeFormat::Yymmddhh,
            "year, month, day and hour in two digits each".into(),
        ),
        format => guess(format, "all values are dates".into()),
    }
}

fn of_numbers(profile: &Profile, numbers: &Numbers, mark: bool) -> Guess {
    let mark = mark || names::is_mark(&profile.name);
    let huge = numbers.whole && numbers.min.abs().max(numbers.max.abs()) >= EXACT;
    let counted = numbers.whole && numbers.max - numbers.min < 1.5 * profile.present() as f64;
    if profile.is_unique() && numbers.whole && (mark || huge || counted) {
        let why = if counted && !huge {
            "counts the rows"
        } else {
            "an id with one row a value"
        };
        return Guess::new(Kind::RowId, why);
    }
    if huge {
        return Guess::new(Kind::Categorical, "whole numbers so large are ids");
    }
    if numbers.distinct <= FEW {
        return Guess::new(Kind::Categorical, few(numbers));
    }
    if mark {
        return Guess::new(
            Kind::Categorical,
            "its name says that the numbers are marks, not amounts",
        );
    }
    let largest = numbers.max.abs().max(numbers.min.abs());
    let few_negative = 10 * numbers.negative <= numbers.rows;
    if few_negative && largest > 10.0 && largest > 100.0 * numbers.median {
        let why = format!(
            "{} distinct numbers, the largest ({}) far above the median ({}): log",
            numbers.distinct,
            amount(largest),
            amount(numbers.median)
        );
        return Guess::new(Kind::Numeric(Transform::Log), why);
    }
    let why = format!(
        "{} distinct numbers from {} to {}",
        numbers.distinct,
        amount(numbers.min),
        amount(numbers.max)
    );
    Guess::new(Kind::Numeric(Transform::MinMax), why)
}

fn few(numbers: &Numbers) -> String {
    let ways = match numbers.two_ways {
        true => {
            "; one number is written in two ways (such as 1 and 1.0), which are two values here"
        }
        false => "",
    };
    format!("only {} distinct numbers{ways}", numbers.distinct)
}

fn mixed(profile: &Profile) -> Guess {
    let Some(odd) = &profile.odd else {
        return Guess::new(Kind::Categorical, "its values repeat");
    };
    let share = 100.0 * (1.0 - odd.rows as f64 / profile.present().max(1) as f64);
    Guess::new(
        Kind::Categorical,
        format!(
            "{share:.1} % are numbers, but not all: {} at {}; if that means missing, name it under `missing` in [input] and say kind = \"numeric\"",
            shown(&odd.first),
            odd.place
        ),
    )
}

fn of_texts(profile: &Profile, mark: bool) -> Guess {
    if let Some(list) = profile
        .list
        .as_ref()
        .filter(|list| !mark || list.separator.is_none())
    {
        let by = match &list.separator {
            None => "lists".to_owned(),
            Some(separator) => format!("lists separated by {separator:?}"),
        };
        let why = format!(
            "{by}: {} distinct values, {:.1} in a cell, in {} distinct lists",
            list.parts, list.a_cell, profile.distinct
        );
        return Guess::new(Kind::MultiValued(list.separator.clone()), why);
    }
    let long = profile.length > 30.0 && profile.words >= 4.0 || profile.words >= 8.0;
    if long && 2 * profile.distinct as u64 > profile.present() && profile.present() > 10 {
        let why = format!("texts of {:.0} words, nearly all distinct", profile.words);
        return Guess::new(Kind::FreeText, why);
    }
    if profile.is_unique() {
        return Guess::new(Kind::RowId, "one row a value");
    }
    let commas = profile.odd.as_ref().is_some_and(|odd| odd.commas) && profile.distinct > FEW;
    Guess::new(
        Kind::Categorical,
        match (commas, profile.distinct as u64 <= FEW as u64) {
            (true, _) => "would be numbers if their comma were a decimal point".to_owned(),
            (_, true) => "few values that repeat".to_owned(),
            _ => format!(
                "texts that repeat ({:.1} rows a value)",
                profile.rows_a_value
            ),
        },
    )
}
