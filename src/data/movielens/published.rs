//! What was published on MovieLens-1M under each protocol: numbers to beat, with the names of our models of the same kind.

/// A published row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Published {
    /// What its authors call it.
    pub name: &'static str,
    /// The run of ours that is compared with it (its name in `data/reproduce`); none where we have no such model.
    pub ours: Option<&'static str>,
    /// By their names.
    pub metrics: &'static [(&'static str, f64)],
}

const fn row(
    name: &'static str,
    ours: Option<&'static str>,
    metrics: &'static [(&'static str, f64)],
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
    &[("course_ndcg@10", 0.67482), ("course_hitrate@10", 0.63843)],
)];

/// RecBole's benchmark of context-aware recommenders, version 1.0.1, each after a search of its hyper-parameters.
const RECBOLE: [Published; 8] = [
    row("FFM", None, &[("auc", 0.9007), ("logloss", 0.3103)]),
    row(
        "DCN-V2",
        Some("dcn-v2"),
        &[("auc", 0.9000), ("logloss", 0.3119)],
    ),
    row(
        "DeepFM",
        Some("deepfm"),
        &[("auc", 0.8997), ("logloss", 0.3150)],
    ),
    row(
        "AutoInt (with MLP and linear term)",
        Some("autoint-plus"),
        &[("auc", 0.8987), ("logloss", 0.3174)],
    ),
    row("Wide&Deep", None, &[("auc", 0.8987), ("logloss", 0.3155)]),
    row(
        "xDeepFM",
        Some("xdeepfm"),
        &[("auc", 0.8986), ("logloss", 0.3157)],
    ),
    row("FM", Some("fm"), &[("auc", 0.8935), ("logloss", 0.3262)]),
    row("LR", Some("lr"), &[("auc", 0.8699), ("logloss", 0.3488)]),
];

/// Song et al. 2019, tables 2 and 5.
const PAPER: [Published; 6] = [
    row(
        "AutoInt+",
        Some("autoint-plus"),
        &[("auc", 0.8488), ("logloss", 0.3753)],
    ),
    row(
        "xDeepFM (CIN and MLP)",
        Some("xdeepfm"),
        &[("auc", 0.8463), ("logloss", 0.3808)],
    ),
    row(
        "AutoInt",
        Some("autoint"),
        &[("auc", 0.8456), ("logloss", 0.3797)],
    ),
    row(
        "DeepCrossing",
        None,
        &[("auc", 0.8448), ("logloss", 0.3814)],
    ),
    row("FM", Some("fm"), &[("auc", 0.8252), ("logloss", 0.3998)]),
    row("LR", Some("lr"), &[("auc", 0.7716), ("logloss", 0.4424)]),
];

/// RecBole's benchmark of general recommenders, each after a search of its hyper-parameters: rows of three stars and more, 10-core, the whole
/// catalogue ranked. They see ids alone.
const TOPK: [Published; 5] = [
    row("SimpleX", None, &[("ndcg@10", 0.2700)]),
    row("LightGCN", None, &[("ndcg@10", 0.2478)]),
    row("BPR", None, &[("ndcg@10", 0.2407)]),
    row("NeuMF", None, &[("ndcg@10", 0.2393)]),
    row("ItemKNN", None, &[("ndcg@10", 0.2389)]),
];

/// The rows published under a protocol, the best first.
pub fn published(protocol: &str) -> &'static [Published] {
    match protocol {
        "course" => &COURSE,
        "recbole" => &RECBOLE,
        "paper" => &PAPER,
        "topk" => &TOPK,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::MetricName;

    #[test]
    fn every_number_is_of_a_metric_that_there_is() {
        for row in COURSE.iter().chain(&RECBOLE).chain(&PAPER).chain(&TOPK) {
            for (name, value) in row.metrics {
                let known = name.parse::<MetricName>().unwrap().to_string();
                assert_eq!(known, *name);
                assert!((0.0..1.0).contains(value), "{} {value}", row.name);
            }
        }
    }
}
