//! The fields that are proposed, and the columns that are left out with the reason.

use super::escape::{named, shown};
use super::finding::Finding;
use super::guess::Kind;
use super::sample::Sample;
use super::times;
use crate::data::protocol::field::{FieldKind, FieldSpec, Transform};
use crate::data::protocol::time::{Part, PartAs, TimeFormat, TimePart};
use crate::data::source::columns::ColumnRef;

/// What becomes of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It is proposed as a field.
    Field,
    /// Left out: it is the label, or could be.
    Label,
    /// Left out: it tells the label.
    Leak,
    /// Left out: another column says the same.
    Unneeded,
    /// Left out for what it is.
    Kind,
}

/// A field, or one that is left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The column, counted from 0.
    pub column: usize,
    /// What the schema file says of it; commented out where it is left out.
    pub spec: FieldSpec,
    /// Whether it is a field, or why not.
    pub put: Use,
    /// The reason and the statistics, a line each.
    pub notes: Vec<String>,
}

impl Proposal {
    /// Whether it is a field.
    pub fn is_used(&self) -> bool {
        self.put == Use::Field
    }
}

/// More distinct values than this are many.
const MANY: usize = 1_000;
/// So few are not many, whatever their part of the rows is.
const FEW: usize = 20;

/// Values that are seen in fewer rows share one embedding.
fn min_count(distinct: usize, rows: u64) -> u32 {
    let many = distinct > MANY || distinct > FEW && 100 * distinct as u64 > rows;
    if many { 2 } else { 1 }
}

/// How a schema file refers to a column: by name, or by number where the name is not enough.
pub(super) fn reference(names: &[String], place: usize) -> ColumnRef {
    let name = &names[place];
    let twice = names.iter().filter(|other| *other == name).count() > 1;
    match twice || name.is_empty() {
        true => ColumnRef::Number(place as u32 + 1),
        false => ColumnRef::Name(name.clone()),
    }
}

/// Names that are not taken yet.
#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    /// A name for a field that is like `wanted`.
    fn free(&mut self, wanted: &str, column: usize) -> String {
        let plain = |c: char| if c.is_control() { '_' } else { c };
        let mut base: String = wanted.chars().map(plain).collect();
        if base.is_empty() {
            base = format!("column{}", column + 1);
        }
        let numbered = (2..).map(|n| format!("{base}_{n}"));
        let mut all = std::iter::once(base.clone()).chain(numbered);
        let free = all.find(|name| !self.0.contains(name)).unwrap_or(base);
        self.0.push(free.clone());
        free
    }
}

/// The proposals for all columns, in their order. `out` says of a column why it is left out, if it is.
pub(super) fn propose(
    columns: &[Finding],
    sample: &Sample,
    out: impl Fn(usize) -> Option<(Use, String)>,
) -> Vec<Proposal> {
    let names: Vec<String> = columns.iter().map(|c| c.profile.name.clone()).collect();
    let mut taken = Names::default();
    let mut all = Vec::new();
    for (place, finding) in columns.iter().enumerate() {
        let context = Context {
            place,
            finding,
            column: reference(&names, place),
        };
        match (out(place), &finding.guess.kind) {
            (Some((put, why)), _) => all.push(context.left_out(put, &why, &mut taken)),
            (None, Kind::Time(format)) => {
                let texts = sample.columns[place].texts.iter().map(String::as_str);
                all.extend(context.of_time(
                    *format,
                    times::parts(*format, texts),
                    &names,
                    &mut taken,
                ));
            }
            (None, Kind::Constant | Kind::RowId | Kind::FreeText) => {
                all.push(context.left_out(Use::Kind, &finding.guess.why, &mut taken));
            }
            (None, _) => all.push(context.field(&mut taken)),
        }
    }
    all
}

struct Context<'a> {
    /// The column, counted from 0.
    place: usize,
    finding: &'a Finding,
    /// How the schema file refers to it.
    column: ColumnRef,
}

impl Context<'_> {
    fn spec(&self, kind: FieldKind, taken: &mut Names) -> FieldSpec {
        let name = taken.free(&self.finding.profile.name, self.place);
        let mut spec = FieldSpec::new(&name, kind);
        if self.column != ColumnRef::Name(name) {
            spec.columns = vec![self.column.clone()];
        }
        spec
    }

    fn proposal(&self, spec: FieldSpec, put: Use, why: &str) -> Proposal {
        Proposal {
            column: self.place,
            spec,
            put,
            notes: vec![why.to_owned(), statistics(self.finding)],
        }
    }

    fn left_out(&self, put: Use, why: &str, taken: &mut Names) -> Proposal {
        let name = named(&self.finding.profile.name);
        let spec = self.spec(FieldKind::Categorical, taken);
        self.proposal(spec, put, &format!("`{name}` is left out: {why}"))
    }

    fn field(&self, taken: &mut Names) -> Proposal {
        let Finding { profile, guess } = self.finding;
        let why = format!("{}: {}", guess.kind, guess.why);
        let spec = match &guess.kind {
            Kind::Numeric(transform) => {
                let mut spec = self.spec(FieldKind::Numeric, taken);
                spec.transform = Some(*transform).filter(|t| *t != Transform::None);
                spec
            }
            Kind::MultiValued(separator) => {
                let mut spec = self.spec(FieldKind::MultiValued, taken);
                spec.separator = separator.clone();
                let parts = profile.list.as_ref().map_or(0, |list| list.parts);
                spec.min_count = min_count(parts, profile.rows);
                spec
            }
            _ => {
                let mut spec = self.spec(FieldKind::Categorical, taken);
                spec.min_count = min_count(profile.distinct, profile.rows);
                spec
            }
        };
        self.proposal(spec, Use::Field, &why)
    }

    /// The hour and the weekday, where they differ.
    fn of_time(
        &self,
        format: TimeFormat,
        (hours, weekdays): (bool, bool),
        names: &[String],
        taken: &mut Names,
    ) -> Vec<Proposal> {
        let own = &self.finding.profile.name;
        let mut parts = Vec::new();
        for (part, word, differs) in [
            (Part::Hour, "hour", hours),
            (Part::Weekday, "weekday", weekdays),
        ] {
            if !differs {
                continue;
            }
            // Another column may be called like this.
            let free = own == word || !names.iter().chain(&taken.0).any(|name| name == word);
            let wanted = if free {
                word.to_owned()
            } else {
                format!("{own}_{word}")
            };
            let mut spec = FieldSpec::new(&taken.free(&wanted, self.place), FieldKind::Categorical);
            spec.columns = vec![self.column.clone()];
            spec.part = Some(match format {
                TimeFormat::Seconds => TimePart::OfSeconds(part),
                format => TimePart::As(PartAs { of: part, format }),
            });
            let why = format!(
                "the {word} of `{}`, a {}: {}",
                named(own),
                self.finding.guess.kind,
                self.finding.guess.why
            );
            parts.push(self.proposal(spec, Use::Field, &why));
        }
        if parts.is_empty() {
            parts.push(self.left_out(
                Use::Kind,
                "all its times have the same hour and weekday",
                taken,
            ));
        }
        parts
    }
}

/// How many values, how many missing, and what they look like.
fn statistics(finding: &Finding) -> String {
    let profile = &finding.profile;
    let missing = match profile.missing {
        0 => "none missing".to_owned(),
        n => format!(
            "{:.1} % missing",
            100.0 * n as f64 / profile.rows.max(1) as f64
        ),
    };
    let examples: Vec<String> = profile.examples.iter().map(|text| shown(text)).collect();
    let such = if examples.is_empty() { "" } else { "; " };
    let values = if profile.distinct == 1 {
        "value"
    } else {
        "values"
    };
    format!(
        "{} {values}, {missing}{such}{}",
        profile.distinct,
        examples.join(", ")
    )
}
