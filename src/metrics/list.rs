//! The list of metrics: a line each. What a line stands for is in the metric's own file.

use super::metric::Metric;

/// All of them, in the order of tables, which is all that the order is for: put one beside its kin.
pub static ALL: &[Metric] = &[
    super::auc::METRIC,
    super::logloss::METRIC,
    super::average_precision::METRIC,
    super::brier::METRIC,
    super::calibration::METRIC,
    super::gauc::METRIC,
    super::ndcg::METRIC,
    super::recall::METRIC,
    super::hit::METRIC,
    super::precision::METRIC,
    super::mrr::METRIC,
    super::map::METRIC,
    super::course::NDCG,
    super::course::HITRATE,
    super::coverage::METRIC,
    super::novelty::METRIC,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_of_a_kind() {
        let mut names: Vec<&str> = ALL.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
