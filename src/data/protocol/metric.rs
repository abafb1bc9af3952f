//! The names of the metrics that a protocol may ask for; what they are is said in [`crate::metrics`].

use std::fmt;

use serde::{Deserialize, Serialize};

/// A metric's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MetricName {
    #[serde(rename = "auc")]
    Auc,
    #[serde(rename = "logloss")]
    Logloss,
    #[serde(rename = "gauc")]
    Gauc,
    #[serde(rename = "ndcg@10")]
    NdcgAt10,
    #[serde(rename = "recall@10")]
    RecallAt10,
    #[serde(rename = "hit@10")]
    HitAt10,
    #[serde(rename = "course_ndcg@10")]
    CourseNdcgAt10,
    #[serde(rename = "course_hitrate@10")]
    CourseHitrateAt10,
}

impl MetricName {
    /// All of them, in the order of tables.
    pub const ALL: [MetricName; 8] = [
        MetricName::Auc,
        MetricName::Logloss,
        MetricName::Gauc,
        MetricName::NdcgAt10,
        MetricName::RecallAt10,
        MetricName::HitAt10,
        MetricName::CourseNdcgAt10,
        MetricName::CourseHitrateAt10,
    ];

    /// As in JSON and in tables.
    pub fn name(self) -> &'static str {
        match self {
            MetricName::Auc => "auc",
            MetricName::Logloss => "logloss",
            MetricName::Gauc => "gauc",
            MetricName::NdcgAt10 => "ndcg@10",
            MetricName::RecallAt10 => "recall@10",
            MetricName::HitAt10 => "hit@10",
            MetricName::CourseNdcgAt10 => "course_ndcg@10",
            MetricName::CourseHitrateAt10 => "course_hitrate@10",
        }
    }
}

impl fmt::Display for MetricName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a protocol measures that asks for nothing: all but the course's own.
pub fn usual() -> Vec<MetricName> {
    let mut all = MetricName::ALL.to_vec();
    all.retain(|name| !name.name().starts_with("course_"));
    all
}
