//! The name of a metric as it stands in a schema, in JSON and in tables: `auc`, `ndcg@10`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::list::ALL;
use super::metric::{Cut, Metric};
use crate::error::{Error, Result};

/// The k of a name that has none.
const DEFAULT_K: u32 = 10;

/// The longest list that may be asked for.
const MOST_K: u32 = 10_000;

/// A metric of the list, with the k of its lists (0 for one that has none).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MetricName {
    /// The place in [`ALL`].
    place: usize,
    /// How much of a list is looked at; 0: it looks at none.
    k: u32,
}

impl MetricName {
    /// What a protocol measures that asks for nothing.
    pub fn usual() -> Vec<MetricName> {
        let usual = |(_, metric): &(usize, &Metric)| metric.usual;
        let all = ALL.iter().enumerate().filter(usual);
        all.map(|(place, metric)| MetricName {
            place,
            k: metric.cut.default(),
        })
        .collect()
    }

    /// The entry of the list.
    pub fn metric(self) -> &'static Metric {
        &ALL[self.place]
    }

    /// The length of its lists; 0 for a metric that has none.
    pub fn k(self) -> usize {
        self.k as usize
    }
}

impl Cut {
    /// The k of a name without one.
    fn default(self) -> u32 {
        match self {
            Cut::None => 0,
            Cut::Any => DEFAULT_K,
            Cut::Only(k) => k,
        }
    }
}

impl FromStr for MetricName {
    type Err = Error;

    fn from_str(text: &str) -> Result<MetricName> {
        let (name, k) = match text.split_once('@') {
            Some((name, k)) => (name, Some(k)),
            None => (text, None),
        };
        let Some(place) = ALL.iter().position(|metric| metric.name == name) else {
            return Err(unknown(text));
        };
        let cut = ALL[place].cut;
        let k = match k {
            None => Some(cut.default()),
            Some(k) => k.parse().ok().filter(|k| allowed(cut, *k)),
        };
        let wrong = || {
            let lists = match cut {
                Cut::None => format!("has no `@`: write `{name}`"),
                Cut::Any => format!("is cut at 1 to {MOST_K}: write `{name}@{DEFAULT_K}`"),
                Cut::Only(k) => format!("is cut at {k} only: write `{name}@{k}`"),
            };
            Error::Data(format!("the metric `{text}` {lists}"))
        };
        Ok(MetricName {
            place,
            k: k.ok_or_else(wrong)?,
        })
    }
}

fn allowed(cut: Cut, k: u32) -> bool {
    match cut {
        Cut::None => false,
        Cut::Any => (1..=MOST_K).contains(&k),
        Cut::Only(only) => k == only,
    }
}

fn unknown(text: &str) -> Error {
    let names: Vec<String> = ALL
        .iter()
        .map(|metric| match metric.cut {
            Cut::None => metric.name.to_owned(),
            cut => format!("{}@{}", metric.name, cut.default()),
        })
        .collect();
    Error::Data(format!(
        "there is no metric `{text}`, expected one of {}",
        names.join(", ")
    ))
}

impl fmt::Display for MetricName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.metric().name;
        match self.k {
            0 => f.pad(name),
            k => f.pad(&format!("{name}@{k}")),
        }
    }
}

impl TryFrom<String> for MetricName {
    type Error = Error;

    fn try_from(text: String) -> Result<MetricName> {
        text.parse()
    }
}

impl From<MetricName> for String {
    fn from(name: MetricName) -> String {
        name.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        text.parse::<MetricName>().unwrap_err().to_string()
    }

    #[test]
    fn names_go_there_and_back() {
        for text in [
            "auc",
            "ndcg@10",
            "recall@3",
            "course_ndcg@10",
            "coverage@100",
        ] {
            let name: MetricName = text.parse().unwrap();
            assert_eq!(name.to_string(), text);
            let json = serde_json::to_string(&name).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<MetricName>(&json).unwrap(), name);
        }
        assert_eq!("map".parse::<MetricName>().unwrap().to_string(), "map@10");
        assert_eq!(format!("{:>6}", MetricName::usual()[0]), "   auc");
    }

    #[test]
    fn the_usual_ones_are_those_of_before() {
        let usual: Vec<String> = MetricName::usual()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            usual,
            ["auc", "logloss", "gauc", "ndcg@10", "recall@10", "hit@10"]
        );
    }

    #[test]
    fn what_is_no_name_is_told() {
        assert!(message("accuracy").contains("expected one of auc, logloss, "));
        assert!(message("auc@5").contains("has no `@`"));
        for k in ["", "0", "-1", "x", "10001", "99999999999"] {
            assert!(message(&format!("ndcg@{k}")).contains("1 to 10000"), "{k}");
        }
        assert!(message("course_ndcg@5").contains("at 10 only"));
    }
}
