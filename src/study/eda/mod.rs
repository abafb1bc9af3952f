//! What there is in the data, in numbers: `autoint eda` draws them.
//!
//! Reading order: [`values`] (a field's values, their counts and rates), [`activity`] (users and items), [`pairs`] (fields that carry each other),
//! [`over_time`] and [`means`], which [`raw`] fills from the raw rows; [`report`] is the page.

pub mod activity;
pub mod means;
pub mod over_time;
pub mod pairs;
pub mod raw;
pub mod report;
pub mod values;

use rayon::prelude::*;

use self::activity::Activity;
use self::pairs::Pairs;
use self::raw::Raw;
use self::values::Values;
use crate::data::counts::Counts;
use crate::data::dataset::Dataset;
use crate::data::source::Source;
use crate::data::summary::Summary;
use crate::error::Result;

/// All of it.
#[derive(Debug, Clone)]
pub struct Exploration {
    /// Where the rows are from.
    pub source: String,
    /// Rows, fields and split in numbers.
    pub summary: Summary,
    /// What became of the raw rows.
    pub counts: Counts,
    /// See [`Dataset::fingerprint`].
    pub fingerprint: String,
    /// One a field.
    pub fields: Vec<Values>,
    /// None where the protocol names no users (items).
    pub users: Option<Activity>,
    /// As `users`.
    pub items: Option<Activity>,
    /// Which fields follow from each other.
    pub pairs: Pairs,
    /// None where the rows are encoded already.
    pub raw: Option<Raw>,
}

/// Looks at everything.
///
/// # Errors
/// When the raw rows cannot be read again.
pub fn explore(source: &Source, data: &Dataset) -> Result<Exploration> {
    let fields = 0..data.schema().fields.len();
    Ok(Exploration {
        source: source.to_string(),
        summary: data.summary(),
        counts: data.counts().clone(),
        fingerprint: data.fingerprint().to_owned(),
        fields: fields
            .into_par_iter()
            .map(|place| Values::of(data, place))
            .collect(),
        users: Activity::of(data.users()),
        items: Activity::of(data.items()),
        pairs: Pairs::of(data),
        raw: raw::look(source, data)?,
    })
}

impl Exploration {
    /// How many of all pairs of a user and an item have a row, were no pair there twice; none without users or items.
    pub fn density(&self) -> Option<f64> {
        let (users, items) = (self.users.as_ref()?, self.items.as_ref()?);
        Some(self.summary.rows as f64 / (users.who as f64 * items.who as f64))
    }

    /// The share of rows without a value of a field; none where the rows are encoded already.
    pub fn missing(&self, field: usize) -> Option<f64> {
        let raw = self.raw.as_ref()?;
        let rows = raw.missing.get(field)?;
        Some(*rows as f64 / raw.rows.max(1) as f64)
    }
}
