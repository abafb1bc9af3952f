//! What was published on MovieLens-1M under each protocol: numbers to beat, with the names of our models of the same kind.

use crate::data::protocol::metric::MetricName::{
    self, Auc, CourseHitrateAt10, CourseNdcgAt10, Logloss,
};

/// A published row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Published {
    /// What its authors call it.
    pub name: &'static str,
    /// The run of ours that is compared with it (its name in `data/reproduce`); none where we have no such model.
    pub ours: Option<&'static str>,
    pub metrics: &'static [(MetricName, f64)],
}

const fn row(
    name: &'static str,
    ours: Option<&'static str>,
    metrics: &'static [(MetricName, f64)],
) -> Published {
    Published {
        name,
        ours,
        metrics,
    }
}

/// The best of the course projects, see the README.
const COURSE: [Published; 1] = [row(
    "AutoInt+ (course projects, E 32, 8 heads)",
    Some("autoint-plus"),
    &[(CourseNdcgAt10, 0.67482), (CourseHitrateAt10, 0.63843)],
)];

/// RecBole's benchmark of context-aware recommenders, version 1.0.1, each after a search of its hyper-parameters.
const RECBOLE: [Published; 8] = [
    row("FFM", None, &[(Auc, 0.9007), (Logloss, 0.3103)]),
    row(
        "DCN-V2",
        Some("dcn-v2"),
        &[(Auc, 0.9000), (Logloss, 0.3119)],
    ),
    row(
        "DeepFM",
        Some("deepfm"),
        &[(Auc, 0.8997), (Logloss, 0.3150)],
    ),
    row(
        "AutoInt (with MLP and linear term)",
        Some("autoint-plus"),
        &[(Auc, 0.8987), (Logloss, 0.3174)],
    ),
    row("Wide&Deep", None, &[(Auc, 0.8987), (Logloss, 0.3155)]),
    row(
        "xDeepFM",
        Some("xdeepfm"),
        &[(Auc, 0.8986), (Logloss, 0.3157)],
    ),
    row("FM", Some("fm"), &[(Auc, 0.8935), (Logloss, 0.3262)]),
    row("LR", Some("lr"), &[(Auc, 0.8699), (Logloss, 0.3488)]),
];

/// Song et al. 2019, tables 2 and 5.
const PAPER: [Published; 6] = [
    row(
        "AutoInt+",
        Some("autoint-plus"),
        &[(Auc, 0.8488), (Logloss, 0.3753)],
    ),
    row(
        "xDeepFM (CIN and MLP)",
        Some("xdeepfm"),
        &[(Auc, 0.8463), (Logloss, 0.3808)],
    ),
    row(
        "AutoInt",
        Some("autoint"),
        &[(Auc, 0.8456), (Logloss, 0.3797)],
    ),
    row("DeepCrossing", None, &[(Auc, 0.8448), (Logloss, 0.3814)]),
    row("FM", Some("fm"), &[(Auc, 0.8252), (Logloss, 0.3998)]),
    row("LR", Some("lr"), &[(Auc, 0.7716), (Logloss, 0.4424)]),
];

/// The rows published under a protocol, the best first.
pub fn published(protocol: &str) -> &'static [Published] {
    match protocol {
        "course" => &COURSE,
        "recbole" => &RECBOLE,
        "paper" => &PAPER,
        _ => &[],
    }
}
