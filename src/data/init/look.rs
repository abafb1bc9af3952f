//! From rows to a draft: one step after the other.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::answers::Answers;
use super::ask::{self, Ask};
use super::columns;
use super::draft::Draft;
use super::escape::named;
use super::fields::{self, Proposal, Use};
use super::finding::Finding;
use super::guess::{Guess, Kind};
use super::label::{self, Candidate, Label};
use super::leak;
use super::marks;
use super::profile::{Profile, counts, is_marker};
use super::roles::{self, Roles};
use super::said::said;
use super::sample::{self, Sample, SampleColumn};
use super::share::{Share, labels};
use super::{warnings, write};
use crate::data::source::layout::{Format, Layout};
use crate::data::source::reader::Reader;
use crate::error::{Error, Result};

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
    let mut said_marks = Vec::new();
    for (option, text) in [("--user", &ask.user), ("--item", &ask.item)] {
        if let Some(text) = text {
            said_marks.push(ask::column(option, text, names)?);
        }
    }
    let sample = sample::take(reader, names, ask.rows.unwrap_or(usize::MAX))?;
    let look = |(place, column): (usize, &SampleColumn)| {
        let profile = Profile::of(column, &sample.places, sample.of);
        let guess = Guess::of(
            &profile,
            column,
            said_marks.contains(&place) || columns::is_feature(&column.name, layout),
        );
        let of_type = ask.types.get(place).copied().flatten();
        let guess = of_type.map_or(guess.clone(), |of_type| guess.of_type(of_type));
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
            label::choose(&all.collect::<Vec<_>>(), headed(layout))
        }
    };
    let roles = roles::find(&columns, &label.columns(), ask)?;
    finish(sample, columns, label, roles, layout)
}

/// Whether the columns have names of their own; those that the program made mean nothing.
fn headed(layout: &Layout) -> bool {
    layout.header != Some(false)
}

/// What is left to do once every column has its place.
fn finish(
    sample: Sample,
    mut columns: Vec<Finding>,
    label: Label,
    roles: Roles,
    layout: &Layout,
) -> Result<Draft> {
    let candidates = label.candidates();
    let labels: Vec<Vec<Option<bool>>> = candidates
        .iter()
        .map(|c| labels(&sample.columns[c.column], c))
        .collect();
    let shares = candidates.iter().zip(&labels);
    let shares: Vec<Share> = shares
        .map(|(c, labels)| Share::of(&sample.columns[c.column], labels))
        .collect();
    if let (Label::Clear(candidate), true) = (&label, sample.whole) {
        shares[0].check(candidate, &columns[candidate.column])?;
    }
    if let (Label::Clear(_), [labels]) = (&label, &labels[..]) {
        let both = columns.par_iter_mut().zip(&sample.columns);
        both.for_each(|(finding, column)| reconsider(finding, column, labels));
    }
    let leaks: Vec<Option<String>> = (sample.columns.par_iter())
        .map(|column| leak(column, &sample, candidates, &labels))
        .collect();
    let of_label = label.columns();
    let unneeded = match layout.format {
        Some(Format::Libffm) => columns::unneeded(&columns),
        _ => BTreeMap::new(),
    };
    let out = |place: usize| match &leaks[place] {
        _ if of_label.contains(&place) => Some((Use::Label, "it could be the label".to_owned())),
        Some(why) => Some((Use::Leak, why.clone())),
        None => unneeded.get(&place).map(|why| (Use::Unneeded, why.clone())),
    };
    let mut fields = fields::propose(&columns, &sample, out);
    if matches!(label, Label::Clear(_)) {
        fields.retain(|field| field.put != Use::Label);
    }
    if !fields.iter().any(Proposal::is_used) {
        return Err(without_fields(&fields));
    }
    let mut draft = Draft {
        rows: sample.rows() as u64,
        of: sample.of,
        whole: sample.whole,
        headed: headed(layout),
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
    Ok(draft)
}

/// Numbers that tell the label one by one are marks.
fn reconsider(finding: &mut Finding, column: &SampleColumn, labels: &[Option<bool>]) {
    let whole = finding.profile.only_numbers().is_some_and(|n| n.whole);
    let numeric = matches!(finding.guess.kind, Kind::Numeric(_));
    if whole && numeric && marks::are_marks(column, labels) {
        finding.guess = Guess {
            kind: Kind::Categorical,
            why: "numbers close to each other differ in the label's rate, as ids do and amounts do not"
                .to_owned(),
        };
    }
}

/// Why a column cannot be a field, if it tells what a candidate makes of the rows.
fn leak(
    column: &SampleColumn,
    sample: &Sample,
    candidates: &[Candidate],
    labels: &[Vec<Option<bool>>],
) -> Option<String> {
    let of_label = |c: &Candidate| sample.columns[c.column].name == column.name;
    let all = candidates.iter().zip(labels).filter(|(c, _)| !of_label(c));
    let all = all.filter_map(|(c, labels)| Some((leak::auc(column, labels)?, c)));
    let (auc, candidate) = all.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let name = named(&sample.columns[candidate.column].name);
    let told = format!(
        "it nearly equals the label `{name}` (AUC {auc:.4} from it alone): a model that has it learns nothing else"
    );
    (auc >= LEAK).then_some(told)
}

fn without_fields(fields: &[Proposal]) -> Error {
    let reasons: Vec<&str> = fields.iter().take(3).map(|f| f.notes[0].as_str()).collect();
    let reasons = match reasons.is_empty() {
        true => "there is none beside the label".to_owned(),
        false => reasons.join("; "),
    };
    Error::Data(format!("no column could be a field of a model: {reasons}"))
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
