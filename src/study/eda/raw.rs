//! What only the raw rows know: when they happened, what is missing, and the number behind the label.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::means::{ByValue, Means, Moments};
use super::over_time::{OverTime, Timeline};
use crate::data::dataset::Dataset;
use crate::data::encode::visit::Seen;
use crate::data::protocol::Protocol;
use crate::data::schema::{FieldKind, FieldSpec};
use crate::data::source::Source;
use crate::error::Result;

/// Columns of MovieLens by which ratings are averaged, whatever the protocol's fields are.
const OF_MOVIELENS: [(&str, FieldKind); 5] = [
    ("genres", FieldKind::MultiValued),
    ("movie_decade", FieldKind::Categorical),
    ("age", FieldKind::Categorical),
    ("occupation", FieldKind::Categorical),
    ("gender", FieldKind::Categorical),
];

/// Of other data: fields with more values than this are left out of the means.
const MOST_VALUES: usize = 1_000;

/// The label's distinct numbers that are told one by one.
const MOST_NUMBERS: usize = 20;

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Raw {
    /// The rows that were looked at: those that are kept, before duplicates and the core.
    pub rows: u64,
    /// A field: how many rows have no value of it.
    pub missing: Vec<u64>,
    /// None where the protocol names no time, or no row has one.
    pub timeline: Option<Timeline>,
    /// The label's number; none where it is 0 or 1 anyway, or no number.
    pub label: Option<LabelNumber>,
}

/// The number that the label is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelNumber {
    /// That of the label's rule.
    pub column: String,
    /// Over all rows that were looked at.
    pub all: Moments,
    /// How often each comes; empty when there are too many different ones.
    pub numbers: Vec<(f64, u64)>,
    /// By the values of some fields, of which two or more occur.
    pub means: Vec<Means>,
}

/// Reads the rows once more; none where they are encoded already.
///
/// # Errors
/// When they cannot be read.
pub fn look(source: &Source, data: &Dataset) -> Result<Option<Raw>> {
    let own = &data.schema().protocol;
    let (protocol, by) = wanted(source, data);
    let mut rows = 0;
    let mut missing = vec![0; own.fields.len()];
    let mut time = OverTime::default();
    let mut label = Label::default();
    let mut means: Vec<(usize, ByValue)> = by.iter().map(|&at| (at, ByValue::default())).collect();
    let mut see = |some: &Seen<'_>| {
        rows += some.labels().len() as u64;
        let fields = missing.par_iter_mut().enumerate();
        fields.for_each(|(field, count)| *count += some.missing(field));
        let times = some.times().iter().zip(some.labels());
        times.for_each(|(&seconds, &label)| time.add(seconds, label));
        let numbers = some.label_numbers();
        label.add(&numbers);
        if label.is_number() {
            means.par_iter_mut().for_each(|(field, by)| {
                some.each(*field, &mut |row, value| by.add(value, numbers[row]));
            });
        }
    };
    if !source.visit(&protocol, &mut see)? {
        return Ok(None);
    }
    let means = means.into_iter().map(|(field, by)| {
        let name = &protocol.fields[field].name;
        by.means(name, |value| own.called(name, value).to_owned())
    });
    let means: Vec<Means> = means.filter(|means| means.shown.len() > 1).collect();
    Ok(Some(Raw {
        rows,
        missing,
        timeline: time.timeline(),
        label: label.finish(own.label.column.to_string(), means),
    }))
}

/// The protocol with the columns that means are wanted by, and the places of these.
fn wanted(source: &Source, data: &Dataset) -> (Protocol, Vec<usize>) {
    let schema = data.schema();
    let mut protocol = schema.protocol.clone();
    if let Source::Movielens { .. } | Source::Synthetic { .. } = source {
        let mut places = Vec::new();
        for (name, kind) in OF_MOVIELENS {
            let known = protocol.fields.iter().position(|field| field.name == name);
            places.push(known.unwrap_or(protocol.fields.len()));
            if known.is_none() {
                protocol.fields.push(FieldSpec::new(name, kind));
            }
        }
        return (protocol, places);
    }
    let fields = schema.fields.iter().enumerate();
    let few = fields.filter(|(_, field)| {
        let values = field.encoding.cardinality();
        values.is_some_and(|values| values <= MOST_VALUES) && !field.spec.is_number()
    });
    let places = few.map(|(place, _)| place).collect();
    (protocol, places)
}

/// The label's numbers while rows are seen.
#[derive(Default)]
struct Label {
    /// Of all rows so far.
    all: Moments,
    /// How often each comes, of the first different ones.
    numbers: BTreeMap<Ordered, u64>,
    /// Whether there were more of them.
    more: bool,
    /// Whether a row had none.
    none: bool,
}

/// A number that is not NaN, in its order.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ordered(f64);

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Ordered) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Ordered) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Label {
    fn add(&mut self, numbers: &[f64]) {
        for &x in numbers {
            if !x.is_finite() {
                self.none = true;
                continue;
            }
            self.all.add(x);
            if let Some(count) = self.numbers.get_mut(&Ordered(x)) {
                *count += 1;
            } else if self.numbers.len() < MOST_NUMBERS {
                self.numbers.insert(Ordered(x), 1);
            } else {
                self.more = true;
            }
        }
    }

    /// Whether every row so far had a number.
    fn is_number(&self) -> bool {
        !self.none
    }

    fn finish(self, column: String, means: Vec<Means>) -> Option<LabelNumber> {
        let numbers: Vec<(f64, u64)> = self.numbers.into_iter().map(|(x, n)| (x.0, n)).collect();
        // Two values say no more than the label.
        (!self.none && numbers.len() > 2).then_some(LabelNumber {
            column,
            all: self.all,
            numbers: if self.more { Vec::new() } else { numbers },
            means,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::store::Target;

    #[test]
    fn a_label_of_two_values_or_of_words_is_no_number() {
        let of = |numbers: &[f64]| {
            let mut label = Label::default();
            label.add(numbers);
            label.finish("y".into(), Vec::new())
        };
        assert_eq!(of(&[0.0, 1.0, 1.0]), None);
        assert_eq!(of(&[1.0, 2.0, 3.0, f64::NAN]), None);
        let stars = of(&[5.0, 1.0, 3.0, 5.0]).unwrap();
        assert_eq!(stars.numbers, [(1.0, 1), (3.0, 1), (5.0, 2)]);
        assert_eq!(stars.all.mean, 3.5);
        let many: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(of(&many).unwrap().numbers, []);
    }

    /// The synthetic set is read under a protocol without genres and with another label; its means are those of its own table.
    #[test]
    fn the_means_are_those_of_the_table() {
        let source = Source::Synthetic { rows: Some(3_000) };
        let data = source.encode(None, Target::Anywhere).unwrap();
        let raw = look(&source, &data).unwrap().unwrap();
        let table = source.table().unwrap();
        assert_eq!((raw.rows, raw.missing.len()), (3_000, 14));
        let label = raw.label.unwrap();
        let stars = table.numbers("rating").unwrap();
        let columns: Vec<&str> = label.means.iter().map(|m| m.column.as_str()).collect();
        assert_eq!(columns, OF_MOVIELENS.map(|column| column.0));
        let crate::data::table::Values::Text { dictionary, codes } =
            table.column("gender").unwrap()
        else {
            panic!("genders are texts");
        };
        let women = dictionary.iter().position(|text| text == "F").unwrap();
        let theirs = codes
            .iter()
            .zip(&stars)
            .filter(|(c, _)| **c as usize == women);
        let theirs: Vec<f64> = theirs.map(|(_, &stars)| stars).collect();
        let mean = theirs.iter().sum::<f64>() / theirs.len() as f64;
        let told = label.means[4]
            .shown
            .iter()
            .find(|v| v.0 == "female")
            .unwrap();
        assert_eq!(told.1.n as usize, theirs.len());
        assert!((told.1.mean - mean).abs() < 1e-12);
        // Every movie has a genre, many have several.
        let genres: u64 = label.means[0].shown.iter().map(|v| v.1.n).sum();
        assert!(genres > 3_000, "{genres}");
    }
}
