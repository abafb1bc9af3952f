//! The label that somebody has said.

use super::answers::{Answers, is_pair, normal};
use super::escape::{named, shown};
use super::label::Candidate;
use super::profile::counts;
use super::sample::{Sample, SampleColumn};
use crate::data::protocol::condition::Test;
use crate::error::{Error, Result};

/// The candidate that `--label` names.
///
/// # Errors
/// When it is not clear which values are positive.
pub(super) fn said(sample: &Sample, place: usize, test: Option<Test>) -> Result<Candidate> {
    let column = &sample.columns[place];
    let (positive, why) = match test {
        Some(Test::OneOf(asked)) => in_all_ways(column, asked),
        Some(test) => (Some(test), "as --label says".to_owned()),
        None => of_values(column)?,
    };
    Ok(Candidate {
        column: place,
        positive,
        why,
    })
}

/// The values that were asked for, in all ways that they are written.
fn in_all_ways(column: &SampleColumn, asked: Vec<String>) -> (Option<Test>, String) {
    let wanted: Vec<String> = asked.iter().map(|text| normal(text)).collect();
    let same = |text: &&String| {
        !asked.contains(text) && !text.is_empty() && wanted.contains(&normal(text))
    };
    let more: Vec<String> = column.texts.iter().filter(same).cloned().collect();
    let told: Vec<String> = more.iter().map(|text| shown(text)).collect();
    let why = match &told[..] {
        [] => "as --label says".to_owned(),
        told => format!(
            "as --label says, and in the other ways to write it: {}",
            told.join(", ")
        ),
    };
    (Some(Test::OneOf([asked, more].concat())), why)
}

/// What is positive when only the column was said.
fn of_values(column: &SampleColumn) -> Result<(Option<Test>, String)> {
    let refused = |what: String| Err(Error::config("--label", what));
    let name = named(&column.name);
    let answers = Answers::of(&column.texts, &counts(column));
    match &answers {
        Answers::Binary { positive, yes, no } => {
            let why = format!("is {} or {}", shown(yes), shown(no));
            Ok((positive.clone(), why))
        }
        Answers::Stars { positive, max, .. } => {
            let why = format!("has steps up to {max}, of which {positive} is a proposal");
            Ok((Some(positive.clone()), why))
        }
        Answers::Spelled { positive, .. } if is_pair(positive) => Ok((
            Some(positive.clone()),
            "as --label says, in all ways to write it".to_owned(),
        )),
        Answers::One(value) => refused(format!(
            "column `{name}` is always {}: there is nothing to tell apart",
            shown(value)
        )),
        _ => {
            let first = column.texts.iter().find(|text| !text.is_empty());
            let example = match answers.positive() {
                Some(Test::OneOf(ways)) => format!("={}", named(&ways[0])),
                Some(test) => test.to_string().replacen(' ', "", 1),
                None => format!("={}", first.map_or("yes".to_owned(), |text| named(text))),
            };
            refused(format!(
                "which values of column `{name}` are positive is not clear: say so, such as --label '{name}{example}'"
            ))
        }
    }
}
