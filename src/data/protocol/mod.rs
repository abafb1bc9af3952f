//! A protocol names data filter, fields, label, split, metrics and the roles of columns together: two numbers can be compared
//! only when their protocol is the same.
//!
//! It is data, not a name in the code: a user's schema file is one ([`mod@file`]), those for MovieLens are values
//! ([`crate::data::movielens::protocols`]), those of well-known logs come with the program ([`ready`]). A model keeps its own
//! whole in `schema.json`.

pub mod condition;
pub mod field;
pub mod file;
pub mod label;
pub mod ready;
pub mod time;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::condition::Condition;
use self::field::{FieldSpec, is_default};
use self::label::LabelRule;
use self::time::TimeColumn;
use super::source::columns::ColumnRef;
use super::source::layout::{Encoding, Format, Layout};
use super::split::SplitRule;
use crate::error::{Error, Result};
use crate::metrics::MetricName;

/// How a raw table becomes an encoded one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// Stands beside every reported number.
    pub name: String,
    /// What is measured, in this order.
    #[serde(default = "MetricName::usual")]
    pub metrics: Vec<MetricName>,
    /// What the lists of a user are made of, in metrics that look at lists.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ranking: Ranking,
    /// Where the rows are, and how they are written.
    #[serde(default)]
    pub input: Input,
    /// Which rows are positive.
    pub label: LabelRule,
    /// Which rows are used.
    #[serde(default)]
    pub rows: Rows,
    /// Columns that say whose row it is, of what, when, and what it counts.
    #[serde(default)]
    pub roles: Roles,
    /// Which rows are for training, validation and test.
    #[serde(default)]
    pub split: SplitRule,
    /// Which rows vocabularies and bounds are taken from.
    #[serde(default)]
    pub fit_on: FitOn,
    /// Which negative training rows are used.
    #[serde(default)]
    pub sampling: Sampling,
    /// By the name that columns of them are called with, `items.title`.
    #[serde(default)]
    pub tables: BTreeMap<String, TableSpec>,
    /// What people call the values of a column, where the data hold codes: by column, then by value. Shown, never encoded.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub value_names: BTreeMap<String, BTreeMap<String, String>>,
    /// In the order of the model's input.
    #[serde(rename = "field", default)]
    pub fields: Vec<FieldSpec>,
}

/// Where the rows are and how they are written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Input {
    /// Files, folders of part files, or patterns such as `part-*.csv`; relative to the schema file. Only in a schema file: a
    /// model does not care where its data were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// The validation and the test rows, when `split.rule` is `files`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub valid: Vec<String>,
    /// As `valid`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub test: Vec<String>,
    /// None is found out from the content; so with the next five, see [`Layout`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// See [`Layout::delimiter`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// See [`Layout::quoted`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted: Option<bool>,
    /// See [`Layout::header`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// See [`Layout::columns`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// See [`Layout::encoding`]; none is UTF-8, as that is never guessed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// Texts that mean "missing" in every column, beside the empty one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

impl Input {
    /// How the rows are written.
    pub fn layout(&self) -> Layout {
        Layout {
            format: self.format,
            delimiter: self.delimiter,
            quoted: self.quoted,
            header: self.header,
            columns: self.columns.clone(),
            encoding: self.encoding,
        }
    }
}

/// What a user's list is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ranking {
    /// The user's rows in the part that is measured.
    #[default]
    Rows,
    /// All items that the user has no row of in the parts before.
    Catalogue,
}

/// Which rows are used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rows {
    /// Rows that meet one of these are not used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<Condition>,
    /// Whether a bad row ends the work.
    pub on_bad: OnBad,
    /// More bad rows than this are an error, also when they are to be skipped.
    pub most_bad: u64,
    /// What happens to rows of the same user, item and time.
    pub on_duplicate: OnDuplicate,
    /// Rows of users or items that have fewer rows than this are dropped, until all have as many (the k-core); 0: none.
    #[serde(skip_serializing_if = "is_default")]
    pub core: u32,
}

impl Default for Rows {
    fn default() -> Rows {
        Rows {
            drop: Vec::new(),
            on_bad: OnBad::Error,
            most_bad: 1_000,
            on_duplicate: OnDuplicate::Keep,
            core: 0,
        }
    }
}

/// What to do with a row that is not what its format or its field says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnBad {
    /// The first ends the work, with its place.
    #[default]
    Error,
    /// They are left out and counted, up to `most_bad`.
    Skip,
}

/// What to do with rows of the same user, item and time. They are always counted and told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDuplicate {
    /// The first ends the work.
    Error,
    /// All stay.
    #[default]
    Keep,
    /// The last one stays.
    Last,
}

/// What columns mean, beside being fields or not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Roles {
    /// Whose row it is, for metrics per user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<ColumnRef>,
    /// Which item it is, for baselines and recommending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<ColumnRef>,
    /// When it happened, for splits in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeColumn>,
    /// What a row counts in the training loss; without it every row counts 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<ColumnRef>,
    /// The probability the label was drawn with; only synthetic data know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub true_probability: Option<ColumnRef>,
}

/// Which rows vocabularies and the bounds of numeric fields are taken from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FitOn {
    /// The training rows: what the model would know in use.
    #[default]
    Train,
    /// All rows, as the `course` projects did it. Validation and test rows then have no unknown value, which flatters a little.
    All,
}

/// Which training rows are used, when negatives are many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sampling {
    /// The share of negative training rows that is used, drawn by their number and `seed`. Validation and test rows stay all.
    pub negatives: f64,
    /// Another one draws other rows; not the seed of training.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Sampling {
        Sampling {
            negatives: 1.0,
            seed: 1,
        }
    }
}

impl Sampling {
    /// What is added to a logit so that it is that of the rows as they were: keeping a share w of the negatives multiplies
    /// the odds by 1 / w, so `logit = logit of the sample + ln(w)` (He et al., "Practical Lessons from Predicting Clicks on
    /// Ads at Facebook", 2014, section 6.3).
    pub fn logit_offset(&self) -> f32 {
        self.negatives.ln() as f32
    }
}

/// A table that is joined by a key: its columns can be used like those of the rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// Relative to the schema file; only in a schema file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// The table's column with the key; every value of it is there once.
    pub key: ColumnRef,
    /// The rows' column with the key, when it has another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<ColumnRef>,
    /// None is found out from the content; so with the next four, see [`Layout`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// See [`Layout::delimiter`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// See [`Layout::header`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// See [`Layout::columns`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// See [`Layout::encoding`]; none is UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
}

impl TableSpec {
    /// The rows' column with the key.
    pub fn on(&self) -> &ColumnRef {
        self.on.as_ref().unwrap_or(&self.key)
    }

    /// How the table's file is written.
    pub fn layout(&self) -> Layout {
        Layout {
            format: self.format,
            delimiter: self.delimiter,
            quoted: None,
            header: self.header,
            columns: self.columns.clone(),
            encoding: self.encoding,
        }
    }
}

impl Protocol {
    /// A protocol with nothing but a name and a label; all else as in a schema file that does not mention it.
    pub fn new(name: &str, label: LabelRule) -> Protocol {
        Protocol {
            name: name.into(),
            metrics: MetricName::usual(),
            ranking: Ranking::Rows,
            input: Input::default(),
            label,
            rows: Rows::default(),
            roles: Roles::default(),
            split: SplitRule::default(),
            fit_on: FitOn::default(),
            sampling: Sampling::default(),
            tables: BTreeMap::new(),
            value_names: BTreeMap::new(),
            fields: Vec::new(),
        }
    }

    /// What people call a value of a column: its name, where it has one.
    pub fn called<'v>(&'v self, column: &str, value: &'v str) -> &'v str {
        let names = self.value_names.get(column);
        let name = names.and_then(|names| names.get(value));
        name.map_or(value, String::as_str)
    }

    /// The same protocol with another seed of its split.
    ///
    /// # Errors
    /// When the split has no seed, or the seed is too large for it (scikit-learn's have 32 bits).
    pub fn with_split_seed(mut self, new: u64) -> Result<Protocol> {
        match &mut self.split {
            SplitRule::Random { seed, .. }
            | SplitRule::Stratified { seed, .. }
            | SplitRule::RandomByUser { seed, .. } => *seed = new,
            SplitRule::Sklearn { seed, .. } | SplitRule::Torch { seed, .. } => {
                *seed = u32::try_from(new).map_err(|_| {
                    let what = format!(
                        "is {new}, but a split of scikit-learn or torch takes at most 4294967295"
                    );
                    Error::config("split.seed", what)
                })?;
            }
            SplitRule::LeaveLastOut
            | SplitRule::GlobalTime { .. }
            | SplitRule::Files
            | SplitRule::Listed { .. } => {
                return Err(Error::config(
                    "split.seed",
                    "is set, but a split in time or by files has no seed",
                ));
            }
        }
        Ok(self)
    }

    /// Refuses what makes no sense as a whole; single values were checked when they were read.
    ///
    /// # Errors
    /// Gives the text to look for in a schema file, and what is wrong there.
    pub fn check(&self) -> Result<(), (String, String)> {
        let wrong = |at: &str, what: String| Err((at.to_owned(), what));
        if self.fields.is_empty() {
            return wrong(
                "[[field]]",
                "there is no field: expected at least one `[[field]]`".into(),
            );
        }
        if self.name.is_empty()
            || self.name.contains(['/', '\\'])
            || self.name.starts_with('.')
            || self.name.chars().any(char::is_control)
        {
            return wrong(
                "name",
                format!(
                    "the name {:?} cannot be that of a folder: use letters, digits, `-` and `_`",
                    self.name
                ),
            );
        }
        for (place, field) in self.fields.iter().enumerate() {
            if self.fields[..place]
                .iter()
                .any(|other| other.name == field.name)
            {
                return wrong(
                    &format!("{:?}", field.name),
                    format!("field `{}` is there twice", field.name),
                );
            }
        }
        self.check_split()?;
        let share = self.sampling.negatives;
        if !(share > 0.0 && share <= 1.0) {
            return wrong(
                "negatives",
                format!("`negatives` is {share}, expected a share above 0, at most 1"),
            );
        }
        let label = &self.label.column;
        let leaks = |f: &&FieldSpec| f.sources().contains(label);
        if let Some(field) = self.fields.iter().find(leaks) {
            let what = format!(
                "field `{}` is the label's column: the model would be told the answer",
                field.name
            );
            return wrong(&format!("{:?}", field.name), what);
        }
        if self.metrics.is_empty() {
            return wrong(
                "metrics",
                "`metrics` is empty, expected at least one".into(),
            );
        }
        Ok(())
    }

    /// Whether the split has what it needs.
    fn check_split(&self) -> Result<(), (String, String)> {
        let at = |what: &str| Err(("[split]".to_owned(), what.to_owned()));
        if self.split.needs_user() && self.roles.user.is_none() {
            return at("the split within each user's rows needs `user` in [roles]");
        }
        if self.rows.core > 0 && (self.roles.user.is_none() || self.roles.item.is_none()) {
            let what =
                "`core` counts the rows of users and items, and needs `user` and `item` in [roles]";
            return Err(("core".to_owned(), what.to_owned()));
        }
        if self.split.needs_time() && self.roles.time.is_none() {
            return at("the split in time needs `time` in [roles]");
        }
        if self.split != SplitRule::Files && (self.input.valid.len() + self.input.test.len()) > 0 {
            return at("`valid` and `test` files in [input] need `rule = \"files\"`");
        }
        let settings = self.split.check_settings();
        settings.map_err(|error| ("[split]".to_owned(), error.to_string()))
    }
}

#[cfg(test)]
mod tests;
