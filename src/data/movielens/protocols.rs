//! The protocols of published results on MovieLens.

use std::collections::BTreeMap;

use crate::data::protocol::field::{FieldKind, FieldSpec};
use crate::data::protocol::label::LabelRule;
use crate::data::protocol::time::TimeColumn;
use crate::data::protocol::{FitOn, Protocol, Ranking, Roles, Rows};
use crate::data::source::columns::ColumnRef;
use crate::data::split::SplitRule;
use crate::data::synthetic::TRUE_PROBABILITY;
use crate::error::{Error, Result};
use crate::metrics::MetricName;

/// The names that [`named`] knows.
pub const NAMES: [&str; 5] = ["course", "course-v1", "recbole", "paper", "topk"];

/// The protocol called `name`, one of [`NAMES`].
///
/// # Errors
/// For any other name; the message lists the known ones.
pub fn named(name: &str) -> Result<Protocol> {
    match name {
        "course" => Ok(course()),
        "course-v1" => Ok(course_v1()),
        "recbole" => Ok(recbole()),
        "paper" => Ok(paper()),
        "topk" => Ok(topk()),
        _ => Err(Error::config(
            "protocol",
            format!("`{name}` is unknown; known are {}", NAMES.join(", ")),
        )),
    }
}

/// The usual ones, and the projects' own.
fn course_metrics() -> Vec<MetricName> {
    let own = ["course_ndcg", "course_hitrate"];
    let own = own.iter().filter_map(|name| name.parse().ok());
    MetricName::usual().into_iter().chain(own).collect()
}

/// The protocol of the course projects: 14 categorical fields, all ratings, positive from 4 stars, scikit-learn's 80:20 rows, and
/// the projects' own metrics beside the usual ones.
fn course() -> Protocol {
    let names = [
        "user_id",
        "movie_id",
        "movie_decade",
        "movie_year",
        "rating_year",
        "rating_month",
        "rating_decade",
        "genre1",
        "genre2",
        "genre3",
        "gender",
        "age",
        "occupation",
        "zip",
    ];
    Protocol {
        metrics: course_metrics(),
        fields: names.map(categorical).to_vec(),
        split: SplitRule::Sklearn {
            test_size: 0.2,
            seed: 42,
            validation: 0.1,
        },
        fit_on: FitOn::All,
        ..movielens("course", &[])
    }
}

/// The table that the course projects built first and left: whoever gave three stars or more chose the movie, the other rows are not used, and
/// training draws five movies that the user has not chosen for each that was (`--negatives 5`). They measured nothing on it; here the whole
/// catalogue is ranked.
fn course_v1() -> Protocol {
    let chosen = topk();
    Protocol {
        name: "course-v1".into(),
        metrics: chosen.metrics,
        ranking: chosen.ranking,
        label: chosen.label,
        rows: Rows {
            core: 0,
            ..chosen.rows
        },
        ..course()
    }
}

/// The usual click-through set-up of the RecBole library: 3 stars dropped, rows 8:1:1, the very rows that its published results were
/// measured on (configuration of version 1.0.1's `benchmark` folder; its seed is 2020).
fn recbole() -> Protocol {
    let fields = vec![
        categorical("user_id"),
        categorical("movie_id"),
        categorical("age"),
        categorical("gender"),
        categorical("occupation"),
        FieldSpec::new("genres", FieldKind::MultiValued),
        categorical("movie_year"),
    ];
    Protocol {
        fields,
        split: SplitRule::Torch {
            parts: [8, 1, 1],
            seed: 2020,
        },
        ..movielens("recbole", &["rating == 3"])
    }
}

/// The authors' seven fields (Song et al. 2019): neither user nor movie id; 3 stars dropped, rows 8:1:1.
fn paper() -> Protocol {
    let fields = vec![
        categorical("gender"),
        categorical("age"),
        categorical("occupation"),
        categorical("zip"),
        categorical("movie_year"),
        FieldSpec::new("timestamp", FieldKind::Numeric),
        FieldSpec::new("genres", FieldKind::MultiValued),
    ];
    Protocol {
        fields,
        split: SplitRule::Random {
            parts: [8, 1, 1],
            seed: 2019,
        },
        ..movielens("paper", &["rating == 3"])
    }
}

/// Recommending from the whole catalogue, as RecBole's benchmark of general recommenders does it: whoever gave three stars or more chose the
/// movie; users and movies with ten such rows; each user's rows 8:1:1. It takes training with sampled negatives.
fn topk() -> Protocol {
    let metrics = [
        "ndcg",
        "recall",
        "hit",
        "precision",
        "mrr",
        "map",
        "coverage",
        "novelty",
    ];
    let mut protocol = Protocol {
        metrics: metrics
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect(),
        ranking: Ranking::Catalogue,
        fields: recbole().fields,
        split: SplitRule::RandomByUser {
            parts: [8, 1, 1],
            seed: 2020,
        },
        ..movielens("topk", &["rating < 3"])
    };
    protocol.label.positive = ">= 3".parse().ok();
    protocol.rows.core = 10;
    protocol
}

/// What the protocols on MovieLens share; `drop` are conditions of rows that are not used.
fn movielens(name: &str, drop: &[&str]) -> Protocol {
    let label = LabelRule {
        column: ColumnRef::from("rating"),
        positive: ">= 4".parse().ok(),
    };
    let mut protocol = Protocol::new(name, label);
    protocol.rows.drop = drop.iter().filter_map(|text| text.parse().ok()).collect();
    protocol.split = SplitRule::Random {
        parts: [8, 1, 1],
        seed: 2020,
    };
    protocol.value_names = value_names();
    protocol.roles = Roles {
        user: Some(ColumnRef::from("user_id")),
        item: Some(ColumnRef::from("movie_id")),
        time: Some(TimeColumn::Seconds(ColumnRef::from("timestamp"))),
        weight: None,
        // Only the synthetic set has it; where it is missing it means nothing.
        true_probability: Some(ColumnRef::from(TRUE_PROBABILITY)),
    };
    protocol
}

/// The codes of ages and occupations, as the data's own README explains them.
fn value_names() -> BTreeMap<String, BTreeMap<String, String>> {
    let ages = [
        ("1", "under 18"),
        ("18", "18-24"),
        ("25", "25-34"),
        ("35", "35-44"),
        ("45", "45-49"),
        ("50", "50-55"),
        ("56", "56 and older"),
    ];
    let occupations = [
        "other",
        "academic or educator",
        "artist",
        "clerical or administrative",
        "college or graduate student",
        "customer service",
        "doctor or health care",
        "executive or managerial",
        "farmer",
        "homemaker",
        "school student",
        "lawyer",
        "programmer",
        "retired",
        "sales or marketing",
        "scientist",
        "self-employed",
        "technician or engineer",
        "tradesman or craftsman",
        "unemployed",
        "writer",
    ];
    let named = |(code, name): (String, &str)| (code, name.to_owned());
    let ages = ages.map(|(code, name)| named((code.to_owned(), name)));
    let occupations = occupations.iter().enumerate();
    let occupations = occupations.map(|(code, name)| named((code.to_string(), name)));
    let genders =
        [("F", "female"), ("M", "male")].map(|(code, name)| named((code.to_owned(), name)));
    BTreeMap::from([
        ("age".to_owned(), BTreeMap::from(ages)),
        ("gender".to_owned(), BTreeMap::from(genders)),
        ("occupation".to_owned(), occupations.collect()),
    ])
}

fn categorical(name: &str) -> FieldSpec {
    FieldSpec::new(name, FieldKind::Categorical)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known_and_others_are_answered_with_the_list() {
        for name in NAMES {
            let protocol = named(name).unwrap();
            assert_eq!(protocol.name, name);
            protocol.check().unwrap();
            let text = toml::to_string(&protocol).unwrap();
            assert_eq!(toml::from_str::<Protocol>(&text).unwrap(), protocol);
        }
        let error = named("curse").unwrap_err().to_string();
        assert!(
            error.contains("course, course-v1, recbole, paper"),
            "{error}"
        );
    }

    #[test]
    fn protocols_differ_where_they_should() {
        let [course, v1, recbole, paper, topk] = NAMES.map(|name| named(name).unwrap());
        assert_eq!((course.fields.len(), course.fit_on), (14, FitOn::All));
        assert!(course.rows.drop.is_empty() && course.label.positive.is_some());
        assert_eq!((recbole.fields.len(), recbole.fit_on), (7, FitOn::Train));
        assert_eq!((paper.fields.len(), paper.fit_on), (7, FitOn::Train));
        assert_eq!((recbole.rows.drop.len(), &paper.label), (1, &recbole.label));
        assert!(paper.fields.iter().all(|f| !f.name.ends_with("_id")));
        assert_eq!((course.metrics.len(), recbole.metrics.len()), (8, 6));
        assert_eq!((topk.ranking, topk.rows.core), (Ranking::Catalogue, 10));
        assert_eq!((&v1.fields, &v1.split), (&course.fields, &course.split));
        assert_eq!((&v1.label, &v1.rows.drop), (&topk.label, &topk.rows.drop));
        assert_eq!((v1.ranking, v1.rows.core), (Ranking::Catalogue, 0));
    }

    #[test]
    fn a_seed_is_taken_where_there_is_one() {
        let seeded = |name: &str, seed| named(name).unwrap().with_split_seed(seed);
        let parts = [8, 1, 1];
        let seven = SplitRule::Random { parts, seed: 7 };
        assert_eq!(seeded("paper", 7).unwrap().split, seven);
        let seven = SplitRule::Torch { parts, seed: 7 };
        assert_eq!(seeded("recbole", 7).unwrap().split, seven);
        assert!(seeded("course", 7).is_ok());
        assert!(seeded("course", 1 << 32).is_err());
        let mut timed = named("paper").unwrap();
        timed.split = SplitRule::LeaveLastOut;
        assert!(timed.with_split_seed(7).is_err());
    }
}
