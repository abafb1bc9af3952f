//! A model's metrics on one part of the data, beside what it has to beat and the best that is possible.

use std::time::Instant;

use ndarray_rand::rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::catalogue::Askers;
use super::item_knn::ItemKnn;
use super::scorer::{Scorer, labels_of};
use crate::data::dataset::{Dataset, SplitName};
use crate::data::protocol::Ranking;
use crate::error::{Error, Result};
use crate::metrics::baselines::baselines;
use crate::metrics::certainty::{Rows, of_lists};
use crate::metrics::delong::auc_estimate;
use crate::metrics::interactions::Interactions;
use crate::metrics::interval::Estimate;
use crate::metrics::items::Lists;
use crate::metrics::{MetricName, Metrics, Scores, evaluate as measure, evaluate_lists};

/// The seed of the baseline `random`: fixed, so that the same data always have the same baselines.
const RANDOM_SEED: u64 = 42;

/// What an evaluation found. As JSON it is what `evaluate --json` prints.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The protocol's name: numbers under two protocols cannot be compared.
    pub protocol: String,
    /// What was measured.
    pub names: Vec<MetricName>,
    /// Its name.
    pub model: String,
    /// The part of the data.
    pub split: SplitName,
    /// How many rows the part has.
    pub rows: usize,
    /// The model's.
    pub metrics: Metrics,
    /// The AUC with its 95 % interval; none when a class is missing.
    pub auc: Option<Estimate>,
    /// Of each of `names` the 95 % interval, where that was asked for.
    pub intervals: Option<Vec<(MetricName, Option<Estimate>)>>,
    /// See [`crate::metrics::baselines`].
    pub baselines: Vec<(&'static str, Metrics)>,
    /// Of the probabilities that the labels were drawn with: no model can expect more. Only synthetic data know them.
    pub best_possible: Option<Metrics>,
    /// How long all this took.
    pub seconds: f64,
}

impl Evaluation {
    /// What a table shows, row by row: the model, the baselines, the best possible.
    pub fn table(&self) -> Vec<(String, Metrics)> {
        let mut rows = vec![(self.model.clone(), self.metrics.clone())];
        let baselines = self.baselines.iter();
        rows.extend(baselines.map(|(name, metrics)| ((*name).to_owned(), metrics.clone())));
        let best = self.best_possible.iter();
        rows.extend(best.map(|metrics| ("best possible".to_owned(), metrics.clone())));
        rows
    }
}

/// What to measure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// None: what the protocol asks for.
    pub metrics: Option<Vec<MetricName>>,
    /// What lists are made of; none: as the protocol says.
    pub ranking: Option<Ranking>,
    /// Whether to tell how sure each is, see [`crate::metrics::certainty`].
    pub intervals: bool,
}

/// Scores the rows of one part of the split and measures what the protocol asks for.
///
/// # Errors
/// When the part has no row, or a score is not a number.
pub fn evaluate(
    scorer: &Scorer<'_>,
    model: impl Into<String>,
    data: &Dataset,
    split: SplitName,
) -> Result<Evaluation> {
    evaluate_as(scorer, model, data, split, &Asked::default())
}

/// As [`evaluate`], what is asked for.
///
/// # Errors
/// As there.
pub fn evaluate_as(
    scorer: &Scorer<'_>,
    model: impl Into<String>,
    data: &Dataset,
    split: SplitName,
    asked: &Asked,
) -> Result<Evaluation> {
    let start = Instant::now();
    data.check_unchanged()?;
    let rows = data.split(split);
    if rows.is_empty() {
        return Err(Error::Data(format!(
            "the split of the data's {} rows leaves none for `{split}`: choose another part, or give more data",
            data.rows()
        )));
    }
    let names = asked.metrics.as_ref();
    let names = names.unwrap_or(&data.schema().protocol.metrics);
    let measured = match asked.ranking.unwrap_or(data.schema().protocol.ranking) {
        Ranking::Rows => of_rows(scorer, data, split, names, asked.intervals)?,
        Ranking::Catalogue => of_catalogue(scorer, data, split, names, asked.intervals)?,
    };
    let evaluation = Evaluation {
        protocol: data.protocol_name().to_owned(),
        names: names.clone(),
        model: model.into(),
        split,
        rows: rows.len(),
        metrics: measured.metrics,
        auc: measured.auc,
        intervals: measured.intervals,
        baselines: measured.baselines,
        best_possible: measured.best_possible,
        seconds: start.elapsed().as_secs_f64(),
    };
    data.check_unchanged()?;
    Ok(evaluation)
}

/// What is measured in one way or the other.
struct Measured {
    metrics: Metrics,
    auc: Option<Estimate>,
    intervals: Option<Intervals>,
    /// By name; those that the ranking has.
    baselines: Vec<(&'static str, Metrics)>,
    best_possible: Option<Metrics>,
}

/// From each row's logit.
fn of_rows(
    scorer: &Scorer<'_>,
    data: &Dataset,
    split: SplitName,
    names: &[MetricName],
    sure: bool,
) -> Result<Measured> {
    let rows = data.split(split);
    let logits = scorer.rows(data, rows);
    let labels = labels_of(data, rows);
    let users = users_of(data, rows);
    let users = users.as_deref();
    let best_possible = data.true_probability().map(|all| {
        let true_ones: Vec<f64> = rows.iter().map(|&r| f64::from(all[r as usize])).collect();
        measure(Scores::Probabilities(&true_ones), &labels, users, names)
    });
    let intervals = || intervals(Scores::Logits(&logits), &labels, users, names);
    Ok(Measured {
        metrics: measure(Scores::Logits(&logits), &labels, users, names)?,
        auc: auc_estimate(&logits, &labels)?,
        intervals: sure.then(intervals).transpose()?,
        baselines: baselines_of(data, split, names)?,
        best_possible: best_possible.transpose()?,
    })
}

/// From each user's list of all items.
fn of_catalogue(
    scorer: &Scorer<'_>,
    data: &Dataset,
    split: SplitName,
    names: &[MetricName],
    sure: bool,
) -> Result<Measured> {
    let askers = Askers::of(data, split)?;
    let k = names.iter().map(|name| name.k()).max().unwrap_or(0);
    let lists = askers.ranked_by(scorer, k);
    let intervals = || {
        let of = |name: &MetricName| Ok((*name, of_lists(*name, &lists, None, BOOTSTRAP_SEED)?));
        names.iter().map(of).collect::<Result<Intervals>>()
    };
    let baselines = list_baselines(&askers, k);
    let measured = baselines
        .into_iter()
        .map(|(name, lists)| (name, evaluate_lists(&lists, names)));
    Ok(Measured {
        metrics: evaluate_lists(&lists, names),
        auc: None,
        intervals: sure.then(intervals).transpose()?,
        baselines: measured.collect(),
        best_possible: None,
    })
}

/// What a ranking of the catalogue has to beat: chance, what most users had, items like those a user had.
fn list_baselines(askers: &Askers<'_>, k: usize) -> Vec<(&'static str, Lists)> {
    let random = askers.ranked(k, |asker, candidates| {
        let mut generator = ChaCha8Rng::seed_from_u64(RANDOM_SEED);
        generator.set_stream(u64::from(asker.user));
        candidates.iter().map(|_| generator.random()).collect()
    });
    let popularity = askers.ranked(k, |_, candidates| {
        let known = candidates.iter().map(|&item| askers.known[item as usize]);
        known.map(|users| users as f32).collect()
    });
    let near = ItemKnn::of(askers.data, askers.before.iter().copied());
    let near = near.map(|near| ("item_knn", near.ranked(askers, k)));
    let all = [("random", random), ("popularity", popularity)];
    all.into_iter().chain(near).collect()
}

/// What is measured, with its interval.
type Intervals = Vec<(MetricName, Option<Estimate>)>;

/// The seed of the bootstrap: fixed, so that the same scores always have the same interval.
const BOOTSTRAP_SEED: u64 = 42;

fn intervals(
    scores: Scores<'_>,
    labels: &[u8],
    users: Option<&[u32]>,
    names: &[MetricName],
) -> Result<Intervals> {
    let rows = Rows {
        labels,
        users,
        seed: BOOTSTRAP_SEED,
    };
    let estimates = rows.estimates(names, scores, None)?;
    Ok(names.iter().copied().zip(estimates).collect())
}

/// The baselines on one part of the split, learnt from all rows that come before it: the test rows from training and
/// validation rows, validation rows from training rows. Those of the training rows have seen them, as the model has.
///
/// None when the data have no items or all rows have one label.
///
/// # Errors
/// Never for a [`Dataset`], whose columns fit each other.
pub fn baselines_of(
    data: &Dataset,
    split: SplitName,
    names: &[MetricName],
) -> Result<Vec<(&'static str, Metrics)>> {
    let p = data.label_rate();
    if data.items().is_empty() || !(p > 0.0 && p < 1.0) {
        return Ok(Vec::new());
    }
    let mut seen = data.split(SplitName::Train).to_vec();
    if split == SplitName::Test {
        seen.extend_from_slice(data.split(SplitName::Valid));
    }
    let (train, test) = (
        Columns::of(data, &seen),
        Columns::of(data, data.split(split)),
    );
    let mut all = baselines(train.view(), test.view(), p, RANDOM_SEED, names)?;
    // Of what has seen nothing, only chance is told: anything beats the others.
    if train.items.is_empty() {
        all.retain(|(name, _)| *name == "random");
        return Ok(all);
    }
    let near = test
        .users
        .as_ref()
        .and_then(|users| Some((users, ItemKnn::of(data, seen.into_iter())?)));
    if let Some((users, near)) = near {
        let both = users.iter().zip(&test.items);
        let scores: Vec<f64> = both
            .map(|(&user, &item)| near.score(user, item).into())
            .collect();
        let metrics = measure(Scores::Ranking(&scores), &test.labels, Some(users), names)?;
        all.push(("item_knn", metrics));
    }
    Ok(all)
}

/// Some rows as the baselines want them.
struct Columns {
    /// None where the protocol names none.
    users: Option<Vec<u32>>,
    items: Vec<u32>,
    labels: Vec<u8>,
}

impl Columns {
    fn of(data: &Dataset, rows: &[u32]) -> Columns {
        Columns {
            users: users_of(data, rows),
            items: pick(data.items(), rows),
            labels: labels_of(data, rows),
        }
    }

    fn view(&self) -> Interactions<'_> {
        Interactions {
            users: self.users.as_deref(),
            items: &self.items,
            labels: &self.labels,
        }
    }
}

fn users_of(data: &Dataset, rows: &[u32]) -> Option<Vec<u32>> {
    (!data.users().is_empty()).then(|| pick(data.users(), rows))
}

fn pick(column: &[u32], rows: &[u32]) -> Vec<u32> {
    rows.iter().map(|&row| column[row as usize]).collect()
}

impl Serialize for Evaluation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = serializer.serialize_struct("Evaluation", 8)?;
        all.serialize_field("protocol", &self.protocol)?;
        all.serialize_field("model", &self.model)?;
        all.serialize_field("split", &self.split.to_string())?;
        all.serialize_field("rows", &self.rows)?;
        all.serialize_field("metrics", &self.metrics)?;
        if let Some(intervals) = &self.intervals {
            all.serialize_field("intervals", &InOrder(intervals))?;
        }
        all.serialize_field("baselines", &InOrder(&self.baselines))?;
        all.serialize_field("seconds", &self.seconds)?;
        all.end()
    }
}

/// A map in the order of a list.
struct InOrder<'a, K, V>(&'a [(K, V)]);

impl<K: Serialize, V: Serialize> Serialize for InOrder<'_, K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::sync::Arc;

    use super::*;
    use crate::autograd::{Parameters, Runtime};
    use crate::data::dataset::Dataset;
    use crate::data::movielens::protocols;
    use crate::data::source::Source;
    use crate::data::store::Target;
    use crate::model::build;
    use crate::settings::Settings;
    use crate::simd::Isa;

    fn evaluated(data: &Dataset, split: SplitName) -> Result<Evaluation> {
        let config = Settings::preset("autoint").unwrap().model;
        let model = build(&config, &data.schema().offsets()).unwrap();
        let parameters = Parameters::initialise(model.tape.layout(), 1);
        let isa = Isa::choose().unwrap();
        let runtime = Arc::new(Runtime::new(model.tape, model.logit, isa, 1).unwrap());
        let scorer = Scorer::new(Cow::Borrowed(data.schema()), &runtime, parameters);
        evaluate(&scorer, "autoint+", data, split)
    }

    fn synthetic(rows: usize, protocol: &str) -> Dataset {
        let protocol = protocols::named(protocol).unwrap();
        let source = Source::Synthetic { rows: Some(rows) };
        source.encode(Some(&protocol), Target::Anywhere).unwrap()
    }

    #[test]
    fn the_best_possible_stands_above_baselines_and_an_untrained_model() {
        let all = evaluated(&synthetic(5_000, "course"), SplitName::Test).unwrap();
        assert_eq!((all.rows, all.baselines.len()), (1_000, 6));
        let best = all.best_possible.unwrap();
        assert!(best.get("auc").unwrap() > 0.75, "{best:?}");
        assert!((all.auc.unwrap().value - all.metrics.get("auc").unwrap()).abs() < 1e-12);
        for metrics in all.baselines.iter().map(|b| &b.1).chain([&all.metrics]) {
            assert!(metrics.get("auc") < best.get("auc"), "{metrics:?}");
        }
    }

    #[test]
    fn as_json_it_has_the_keys_of_the_command() {
        let all = evaluated(&synthetic(500, "recbole"), SplitName::Valid).unwrap();
        let json = serde_json::to_string(&all).unwrap();
        let start = r#"{"protocol":"recbole","model":"autoint+","split":"valid","rows":"#;
        assert!(json.starts_with(start), "{json}");
        let place = |key: &str| json.find(&format!("\"{key}\":")).unwrap();
        let keys = ["rows", "metrics", "baselines", "popularity", "seconds"];
        assert!(keys.map(place).is_sorted(), "{json}");
        assert!(!json.contains("course_"), "{json}");
    }

    #[test]
    fn a_part_without_rows_is_an_error() {
        let data = synthetic(3, "recbole");
        let error = evaluated(&data, SplitName::Valid).unwrap_err().to_string();
        assert!(error.contains("none for `valid`"), "{error}");
    }
}
