//! How many rows a label makes positive.

use super::escape::{named, shown};
use super::finding::Finding;
use super::label::Candidate;
use super::profile::is_marker;
use super::sample::SampleColumn;
use crate::data::protocol::label::LabelRule;
use crate::error::{Error, Result};

/// How the rows of the sample are labelled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// Rows of the sample with label 1.
    pub positive: u64,
    /// Rows of the sample with label 0.
    pub negative: u64,
    /// Rows of the sample without a value: they have no label.
    pub missing: u64,
    /// Rows whose value is there, but no number, which the test compares.
    pub wrong: u64,
}

/// The label of each row under a candidate.
pub(super) fn labels(column: &SampleColumn, candidate: &Candidate) -> Vec<Option<bool>> {
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
    pub(super) fn of(column: &SampleColumn, labels: &[Option<bool>]) -> Share {
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
    pub(super) fn check(&self, candidate: &Candidate, column: &Finding) -> Result<()> {
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
