//! A first schema for data that nobody has described yet: what `autoint init` writes.
//!
//! A sample of rows from all over the input ([`sample`]) gives each column its statistics ([`profile`]; [`lists`] and [`times`] are
//! special cases), and these its kind with a reason ([`guess`]). Then the columns together: which is the label ([`answers`],
//! [`label`]), which have a role ([`roles`]), which tell the label too well to be fields ([`leak`]), and what fields remain
//! ([`fields`]). [`warnings`] says what will hurt, [`write`] writes the file.
//!
//! All of it is a proposal that somebody reads: every guess stands in the file with its reason, and what is left out stands there
//! as a comment. A label is never chosen among equals.

mod answers;
pub mod ask;
mod columns;
pub mod escape;
pub mod fields;
pub mod guess;
pub mod label;
mod leak;
pub mod lists;
mod names;
pub mod place;
pub mod profile;
pub mod roles;
pub mod sample;
mod times;
mod warnings;
pub mod write;

use std::collections::BTreeMap;

use rayon::prelude::*;

use self::answers::{Answers, normal};
pub use self::ask::Ask;
pub use self::columns::columns_of;
use self::escape::{named, shown};
use self::fields::{Proposal, Use};
use self::guess::Guess;
use self::label::{Candidate, Label};
use self::profile::{Profile, counts, is_marker};
use self::roles::Roles;
use self::sample::{Sample, SampleColumn};
use super::protocol::condition::Test;
use super::protocol::label::LabelRule;
use super::source::layout::{Format, Layout};
use super::source::reader::Reader;
use crate::error::{Error, Result};

/// A column and what it is taken for.
#[derive(Debug, Clone)]
pub struct Finding {
    pub profile: Profile,
    pub guess: Guess,
}

/// How the rows of the sample are labelled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    pub positive: u64,
    pub negative: u64,
    pub missing: u64,
    /// Rows whose value is there, but no number, which the test compares.
    pub wrong: u64,
}

/// What `init` found out.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Rows of the sample, and about how many there are in all.
    pub rows: u64,
    pub of: u64,
    pub whole: bool,
    pub columns: Vec<Finding>,
    pub label: Label,
    /// One a candidate of the label.
    pub shares: Vec<Share>,
    pub roles: Roles,
    pub fields: Vec<Proposal>,
    /// Texts that mean "missing".
    pub missing: Vec<String>,
    pub bad: sample::Bad,
    pub warnings: Vec<String>,
}

/// An AUC from here on is that of a column that knows the label.
const LEAK: f64 = 0.99;

/// Looks at an input whose columns are called `names`.
///
/// # Errors
/// When it cannot be read, no column could be a field, or what was asked for is not there.
pub fn draft(
    reader: &mut dyn Reader,
    names: &[String],
    layout: &Layout,
    ask: &Ask,
) -> Result<Draft> {
    if names.len() > write::MOST_COLUMNS {
        return Err(write::too_many(names.len()));
    }
    let asked = ask
        .label
        .as_ref()
        .map(|text| ask::label(text, names))
        .transpose()?;
    let mut marks = Vec::new();
    for (option, text) in [("--user", &ask.user), ("--item", &ask.item)] {
        if let Some(text) = text {
            marks.push(ask::column(option, text, names)?);
        }
    }
    let sample = sample::take(reader, names, ask.rows.unwrap_or(usize::MAX))?;
    let look = |(place, column): (usize, &SampleColumn)| {
        let profile = Profile::of(column, &sample.places, sample.of);
        let guess = Guess::of(
            &profile,
            column,
            marks.contains(&place) || columns::is_feature(&column.name, layout),
        );
        Finding { profile, guess }
    };
    let columns: Vec<Finding> = sample.columns.par_iter().enumerate().map(look).collect();
    let label = match asked {
        Some((place, test)) => Label::Clear(said(&sample, place, test)?),
        None => {
            let all = sample.columns.par_iter().map(|column| {
                let answers = Answers::of(&column.texts, &counts(column));
                (column.name.as_str(), answers)
            });
            // Where the program made the names they mean nothing.
            label::choose(&all.collect::<Vec<_>>(), layout.header != Some(false))
        }
    };
    let roles = roles::find(&columns, &label.columns(), ask)?;
    let unneeded = match layout.format {
        Some(Format::Libffm) => columns::unneeded(&columns),
        _ => BTreeMap::new(),
    };
    finish(sample, columns, label, roles, &unneeded)
}

fn finish(
    sample: Sample,
    columns: Vec<Finding>,
    label: Label,
    roles: Roles,
    unneeded: &BTreeMap<usize, String>,
) -> Result<Draft> {
    let candidates = label.candidates();
    let labels: Vec<Vec<Option<bool>>> = candidates
        .iter()
        .map(|c| labels(&sample.columns[c.column], c))
        .collect();
    let leaks: Vec<Option<(f64, usize)>> = (sample.columns.par_iter().enumerate())
        .map(|(place, column)| {
            let of_label = label.columns().contains(&place);
            if of_label || columns[place].profile.distinct < 1 {
                return None;
            }
            let all = labels.iter().enumerate();
            let best = all.filter_map(|(c, labels)| Some((leak::auc(column, labels)?, c)));
            best.max_by(|a, b| a.0.total_cmp(&b.0))
                .filter(|(auc, _)| *auc >= LEAK)
        })
        .collect();
    let clear = matches!(label, Label::Clear(_));
    let out = |place: usize| match leaks[place] {
        _ if label.columns().contains(&place) => {
            Some((Use::Label, "it could be the label".to_owned()))
        }
        Some((auc, c)) => {
            let name = named(&sample.columns[candidates[c].column].name);
            let told = format!(
                "it nearly equals the label `{name}` (AUC {auc:.4} from it alone): a model that has it learns nothing else"
            );
            Some((Use::Leak, told))
        }
        None => unneeded.get(&place).map(|why| (Use::Unneeded, why.clone())),
    };
    let mut fields = fields::propose(&columns, &sample, out);
    fields.retain(|field| !(clear && label.columns().contains(&field.column)));
    if !fields.iter().any(Proposal::is_used) {
        let reasons: Vec<&str> = fields.iter().take(3).map(|f| f.notes[0].as_str()).collect();
        return Err(Error::Data(format!(
            "no column could be a field of a model: {}",
            if reasons.is_empty() {
                "there is none beside the label".to_owned()
            } else {
                reasons.join("; ")
            }
        )));
    }
    let shares = candidates.iter().zip(&labels);
    let shares = shares
        .map(|(c, labels)| Share::of(&sample.columns[c.column], labels))
        .collect();
    let mut draft = Draft {
        rows: sample.rows() as u64,
        of: sample.of,
        whole: sample.whole,
        missing: missing(&sample, &columns, &label),
        columns,
        label,
        shares,
        roles,
        fields,
        bad: sample.bad,
        warnings: Vec::new(),
    };
    draft.warnings = warnings::of(&draft);
    if let (Label::Clear(candidate), true) = (&draft.label, draft.whole) {
        draft.shares[0].check(candidate, &draft.columns[candidate.column])?;
    }
    Ok(draft)
}

/// The label that somebody has said.
fn said(sample: &Sample, place: usize, test: Option<Test>) -> Result<Candidate> {
    let column = &sample.columns[place];
    let answers = Answers::of(&column.texts, &counts(column));
    let refused = |what: String| Error::config("--label", what);
    let name = named(&column.name);
    let (positive, why) = match (test, &answers) {
        (Some(Test::OneOf(asked)), _) => {
            let wanted: Vec<String> = asked.iter().map(|text| normal(text)).collect();
            // All ways to write what was asked for.
            let same = |text: &&String| {
                !asked.contains(text) && !text.is_empty() && wanted.contains(&normal(text))
            };
            let more: Vec<String> = column.texts.iter().filter(same).cloned().collect();
            let why = match &more[..] {
                [] => "as --label says".to_owned(),
                more => {
                    let more: Vec<String> = more.iter().map(|text| shown(text)).collect();
                    format!(
                        "as --label says, and in the other ways to write it: {}",
                        more.join(", ")
                    )
                }
            };
            (Some(Test::OneOf([asked, more].concat())), why)
        }
        (Some(test), _) => (Some(test), "as --label says".to_owned()),
        (None, Answers::Binary { positive, yes, no }) => {
            let why = format!("as --label says; {} or {}", shown(yes), shown(no));
            (positive.clone(), why)
        }
        (None, Answers::Stars { positive, max, .. }) => {
            let why = format!("as --label says; of steps up to {max}, {positive} is a proposal");
            (Some(positive.clone()), why)
        }
        (None, Answers::Spelled { positive, .. }) if answers::is_pair(positive) => (
            Some(positive.clone()),
            "as --label says, in all ways to write it".to_owned(),
        ),
        (None, Answers::One(value)) => {
            return Err(refused(format!(
                "column `{name}` is always {}: there is nothing to tell apart",
                shown(value)
            )));
        }
        (None, answers) => {
            let example = match answers.positive() {
                Some(Test::OneOf(ways)) => format!("={}", named(&ways[0])),
                Some(test) => test.to_string().replacen(' ', "", 1),
                None => column
                    .texts
                    .iter()
                    .find(|t| !t.is_empty())
                    .map_or("=yes".to_owned(), |t| format!("={}", named(t))),
            };
            return Err(refused(format!(
                "which values of column `{name}` are positive is not clear: say so, such as --label '{name}{example}'"
            )));
        }
    };
    Ok(Candidate {
        column: place,
        positive,
        why,
    })
}

/// The label of each row under a candidate.
fn labels(column: &SampleColumn, candidate: &Candidate) -> Vec<Option<bool>> {
    let rule = LabelRule {
        column: column.name.as_str().into(),
        positive: candidate.positive.clone(),
    };
    let of_text = |text: &String| match is_marker(text) {
        true => None,
        false => rule.label(text).ok(),
    };
    let of_texts: Vec<Option<bool>> = column.texts.iter().map(of_text).collect();
    column
        .codes
        .iter()
        .map(|&code| of_texts[code as usize])
        .collect()
}

impl Share {
    fn of(column: &SampleColumn, labels: &[Option<bool>]) -> Share {
        let mut share = Share::default();
        for (label, &code) in labels.iter().zip(&column.codes) {
            let text = &column.texts[code as usize];
            *match label {
                Some(true) => &mut share.positive,
                Some(false) => &mut share.negative,
                None if text.is_empty() || is_marker(text) => &mut share.missing,
                None => &mut share.wrong,
            } += 1;
        }
        share
    }

    /// The positive rows' part of those with a label.
    pub fn positive(&self) -> f64 {
        self.positive as f64 / (self.positive + self.negative).max(1) as f64
    }

    /// Refuses a label that all rows have in common.
    fn check(&self, candidate: &Candidate, column: &Finding) -> Result<()> {
        let what = match self {
            Share { positive: 0, .. } => "no row is positive",
            Share { negative: 0, .. } => "all rows are positive",
            _ => return Ok(()),
        };
        let test = candidate
            .positive
            .as_ref()
            .map_or(String::new(), |test| format!(" `{test}`"));
        let values: Vec<String> = column
            .profile
            .examples
            .iter()
            .map(|text| shown(text))
            .collect();
        Err(Error::config(
            "--label",
            format!(
                "{what} by{test} of column `{}`, whose values are {}",
                named(&column.profile.name),
                values.join(", ")
            ),
        ))
    }
}

/// The texts that mean "missing": what stands between numbers, and in a column that could be the label.
fn missing(sample: &Sample, columns: &[Finding], label: &Label) -> Vec<String> {
    let mut all: Vec<String> = columns
        .iter()
        .flat_map(|c| c.profile.markers.clone())
        .collect();
    for place in label.columns() {
        let markers = sample.columns[place]
            .texts
            .iter()
            .filter(|text| is_marker(text));
        all.extend(markers.cloned());
    }
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests;
