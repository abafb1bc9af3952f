//! A model on parts of the rows: for which values of a field it is worse, and where its probabilities are not what they say.

use serde::Serialize;

use super::scorer::{Scorer, labels_of};
use crate::data::dataset::{Dataset, SplitName};
use crate::error::{Error, Result};
use crate::metrics::auc::auc;
use crate::metrics::calibration::expected_calibration_error;
use crate::metrics::logloss::logloss_of_logits;
use crate::metrics::loss::sigmoid;
use crate::study::called::{code_called, part_called};
use crate::study::columns::Column;

/// The most values that are told apart; the others are one segment.
pub const MOST: usize = 20;
/// The parts of a field of numbers.
const PARTS: usize = 10;

/// The rows of a part of the split that have one value of a field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Segment {
    /// The value, as people read it.
    pub value: String,
    /// Of the part that is looked at.
    pub rows: usize,
    /// The share of positives.
    pub rate: f64,
    /// The mean of the probabilities: far from the rate, the model says too much or too little of such rows.
    pub said: f64,
    /// None where a class is missing.
    pub auc: Option<f64>,
    /// In nats.
    pub logloss: Option<f64>,
    /// See [`crate::metrics::calibration`].
    pub ece: Option<f64>,
}

/// Those of a field, the one with the most rows first, the values with the fewest together in the last. A field of numbers is cut into parts of
/// about as many rows each; of a field with several values, the first counts.
///
/// # Errors
/// When the model has no such field, or a score is not a number.
pub fn segments(
    scorer: &Scorer<'_>,
    data: &Dataset,
    split: SplitName,
    field: &str,
) -> Result<Vec<Segment>> {
    let names = data.schema().field_names();
    let Some(place) = names.iter().position(|name| *name == field) else {
        let names = names.join(", ");
        let what = format!("expected a field of the model ({names}), got `{field}`");
        return Err(Error::config("--by", what));
    };
    let rows = data.split(split);
    let (logits, labels) = (scorer.rows(data, rows), labels_of(data, rows));
    let segment = |(value, places): (String, Vec<usize>)| {
        let logits: Vec<f32> = places.iter().map(|&at| logits[at]).collect();
        let labels: Vec<u8> = places.iter().map(|&at| labels[at]).collect();
        measured(value, &logits, &labels)
    };
    let groups = groups(data, place, rows).into_iter();
    groups.map(segment).collect()
}

/// The values of a field among some rows, and at which places of these they are.
fn groups(data: &Dataset, place: usize, rows: &[u32]) -> Vec<(String, Vec<usize>)> {
    let field = &data.schema().fields[place];
    let column = Column::cut(data, place, PARTS);
    let mut places: Vec<Vec<usize>> = vec![Vec::new(); column.end];
    for (at, &row) in rows.iter().enumerate() {
        places[column.codes[row as usize] as usize].push(at);
    }
    let called = |code: usize| match &column.bounds {
        _ if code == 0 => "unknown or missing".to_owned(),
        Some(bounds) => part_called(field, bounds, code),
        None => code_called(data, field, code as u32),
    };
    let there = places.into_iter().enumerate();
    let there = there.filter(|(_, places)| !places.is_empty());
    let mut all: Vec<(usize, Vec<usize>)> = there.collect();
    all.sort_by_key(|(code, places)| (std::cmp::Reverse(places.len()), *code));
    let rest = all.split_off(
        all.len()
            .min(if all.len() > MOST { MOST - 1 } else { MOST }),
    );
    let named = all.into_iter().map(|(code, places)| (called(code), places));
    let others = (!rest.is_empty()).then(|| {
        let name = format!("{} others", rest.len());
        let places = rest.into_iter().flat_map(|(_, places)| places);
        (name, places.collect())
    });
    named.chain(others).collect()
}

fn measured(value: String, logits: &[f32], labels: &[u8]) -> Result<Segment> {
    let said: Vec<f64> = logits
        .iter()
        .map(|&logit| sigmoid(f64::from(logit)))
        .collect();
    let (rows, positives) = (labels.len(), labels.iter().filter(|&&label| label == 1));
    Ok(Segment {
        value,
        rows,
        rate: positives.count() as f64 / rows as f64,
        said: said.iter().sum::<f64>() / rows as f64,
        auc: auc(logits, labels)?,
        logloss: logloss_of_logits(logits, labels)?,
        ece: expected_calibration_error(&said, labels)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::movielens::protocols;
    use crate::data::source::Source;
    use crate::data::store::Target;

    #[test]
    fn every_row_is_in_one_group_and_the_small_ones_are_together() {
        let protocol = protocols::named("course").unwrap();
        let source = Source::Synthetic { rows: Some(3_000) };
        let data = source.encode(Some(&protocol), Target::Anywhere).unwrap();
        let rows = data.split(SplitName::Test);
        for (place, field) in data.schema().field_names().into_iter().enumerate() {
            let groups = groups(&data, place, rows);
            let mut places: Vec<usize> = groups.iter().flat_map(|(_, at)| at.clone()).collect();
            places.sort_unstable();
            assert!(places.into_iter().eq(0..rows.len()), "{field}");
            assert!(groups.len() <= MOST, "{field}: {}", groups.len());
            let values = &groups[..groups.len() - 1];
            assert!(
                values.is_sorted_by(|a, b| a.1.len() >= b.1.len()),
                "{field}"
            );
        }
        let genders = groups(&data, 10, rows);
        let (name, places) = &genders[0];
        let women = ["female", "male"];
        assert!(women.contains(&name.as_str()), "{name}");
        assert_eq!(places.len() + genders[1].1.len(), rows.len());
        let films = groups(&data, 1, rows);
        assert!(
            films[MOST - 1].0.ends_with(" others"),
            "{:?}",
            films[MOST - 1].0
        );
    }

    /// Two rows of .5 and .75, one positive: rate .5, said .625, and both bins off by a half and a quarter.
    #[test]
    fn a_segment_by_hand() {
        let segment = measured("x".into(), &[0.0, 3f32.ln()], &[0, 1]).unwrap();
        assert_eq!(
            (segment.rows, segment.rate, segment.auc),
            (2, 0.5, Some(1.0))
        );
        assert!((segment.said - 0.625).abs() < 1e-6);
        assert!((segment.ece.unwrap() - (0.5 + 0.25) / 2.0).abs() < 1e-6);
        let loss = -(0.5f64.ln() + 0.75f64.ln()) / 2.0;
        assert!((segment.logloss.unwrap() - loss).abs() < 1e-6);
    }
}
