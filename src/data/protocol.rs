//! A protocol names data filter, fields, label and split together: two numbers can be compared only when their protocol is the same.

use serde::{Deserialize, Serialize};

use super::schema::{FieldKind, FieldSpec, LabelRule};
use super::split::SplitRule;
use crate::error::{Error, Result};

/// Which rows vocabularies and the bounds of numeric fields are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FitOn {
    /// The training rows: what the model would know in use.
    Train,
    /// All rows, as the `course` projects did it. Validation and test rows then have no unknown value, which flatters a little.
    All,
}

/// How a raw table becomes an encoded one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Protocol {
    /// Stands beside every reported number.
    pub name: String,
    /// In the order of the model's input.
    pub fields: Vec<FieldSpec>,
    pub label: LabelRule,
    pub split: SplitRule,
    pub fit_on: FitOn,
    /// The column that says whose row it is; it need not be a field.
    pub user_column: Option<String>,
    /// The column that says which item it is; it need not be a field.
    pub item_column: Option<String>,
    /// The numeric column that says what a row counts in the training loss; without one every row counts 1.
    #[serde(default)]
    pub weight_column: Option<String>,
}

/// The names that [`Protocol::named`] knows.
pub const NAMES: [&str; 3] = ["course", "recbole", "paper"];

impl Protocol {
    /// The protocol called `name`: `course`, `recbole` or `paper`.
    ///
    /// # Errors
    /// For any other name; the message lists the known ones.
    pub fn named(name: &str) -> Result<Protocol> {
        match name {
            "course" => Ok(course()),
            "recbole" => Ok(recbole()),
            "paper" => Ok(paper()),
            _ => Err(Error::config(
                "protocol",
                format!("`{name}` is unknown; known are {}", NAMES.join(", ")),
            )),
        }
    }

    /// The same protocol with another seed of its split.
    ///
    /// # Errors
    /// When the split has no seed, or the seed is too large for it (scikit-learn's have 32 bits).
    pub fn with_split_seed(mut self, new: u64) -> Result<Protocol> {
        match &mut self.split {
            SplitRule::Random { seed, .. } => *seed = new,
            SplitRule::Sklearn { seed, .. } => {
                *seed = u32::try_from(new).map_err(|_| {
                    Error::config(
                        "split.seed",
                        format!("is {new}, but a scikit-learn split takes at most 4294967295"),
                    )
                })?;
            }
            SplitRule::LeaveLastOut | SplitRule::GlobalTime { .. } => {
                return Err(Error::config(
                    "split.seed",
                    "is set, but a split in time has no seed",
                ));
            }
        }
        Ok(self)
    }
}

/// The protocol of the course projects: 14 categorical fields, all ratings, positive from 4 stars, scikit-learn's 80:20 rows.
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
        fields: names.map(categorical).to_vec(),
        split: SplitRule::Sklearn {
            test_size: 0.2,
            seed: 42,
            validation: 0.1,
        },
        fit_on: FitOn::All,
        ..movielens("course", vec![])
    }
}

/// The usual click-through set-up of the RecBole library: 3 stars dropped, rows 8:1:1.
fn recbole() -> Protocol {
    let fields = vec![
        categorical("user_id"),
        categorical("movie_id"),
        categorical("age"),
        categorical("gender"),
        categorical("occupation"),
        field("genres", FieldKind::MultiValued),
        categorical("movie_year"),
    ];
    Protocol {
        fields,
        ..movielens("recbole", vec![3.0])
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
        field("timestamp", FieldKind::Numeric),
        field("genres", FieldKind::MultiValued),
    ];
    Protocol {
        fields,
        split: SplitRule::Random {
            parts: [8, 1, 1],
            seed: 2019,
        },
        ..movielens("paper", vec![3.0])
    }
}

/// What the protocols on MovieLens share; `drop` are the ratings that are not used.
fn movielens(name: &str, drop: Vec<f64>) -> Protocol {
    Protocol {
        name: name.into(),
        fields: Vec::new(),
        label: LabelRule {
            column: "rating".into(),
            at_least: 4.0,
            drop,
        },
        split: SplitRule::Random {
            parts: [8, 1, 1],
            seed: 2020,
        },
        fit_on: FitOn::Train,
        user_column: Some("user_id".into()),
        item_column: Some("movie_id".into()),
        weight_column: None,
    }
}

fn categorical(name: &str) -> FieldSpec {
    field(name, FieldKind::Categorical)
}

fn field(name: &str, kind: FieldKind) -> FieldSpec {
    FieldSpec {
        name: name.into(),
        kind,
        min_count: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known_and_others_are_answered_with_the_list() {
        for name in NAMES {
            let protocol = Protocol::named(name).unwrap();
            assert_eq!(protocol.name, name);
            let text = toml::to_string(&protocol).unwrap();
            assert_eq!(toml::from_str::<Protocol>(&text).unwrap(), protocol);
        }
        let error = Protocol::named("curse").unwrap_err().to_string();
        assert!(error.contains("course, recbole, paper"), "{error}");
    }

    #[test]
    fn protocols_differ_where_they_should() {
        let [course, recbole, paper] = NAMES.map(|name| Protocol::named(name).unwrap());
        assert_eq!((course.fields.len(), course.fit_on), (14, FitOn::All));
        assert!(course.label.drop.is_empty());
        assert_eq!((recbole.fields.len(), recbole.fit_on), (7, FitOn::Train));
        assert_eq!((paper.fields.len(), paper.fit_on), (7, FitOn::Train));
        assert_eq!(
            (&recbole.label.drop, &paper.label),
            (&vec![3.0], &recbole.label)
        );
        assert!(paper.fields.iter().all(|f| !f.name.ends_with("_id")));
    }

    #[test]
    fn a_seed_is_taken_where_there_is_one() {
        let seeded = |name: &str, seed| Protocol::named(name).unwrap().with_split_seed(seed);
        let seven = SplitRule::Random {
            parts: [8, 1, 1],
            seed: 7,
        };
        assert_eq!(seeded("recbole", 7).unwrap().split, seven);
        assert!(seeded("course", 7).is_ok());
        assert!(seeded("course", 1 << 32).is_err());
        let mut timed = Protocol::named("paper").unwrap();
        timed.split = SplitRule::LeaveLastOut;
        assert!(timed.with_split_seed(7).is_err());
    }
}
