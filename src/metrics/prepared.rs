//! The scores of a system as its metrics need them, made once for all of them.

use std::borrow::Cow;

use super::name::MetricName;
use super::ranking::Rankings;
use super::scores::Scores;
use crate::error::Result;

/// See the module.
pub(super) struct Prepared<'a> {
    /// As they were given: logits, probabilities, or numbers that only order.
    pub scores: Scores<'a>,
    /// As numbers that order the rows: `[n]`.
    pub order: Cow<'a, [f64]>,
    /// When there are users, and a metric that asks for them.
    pub rankings: Option<Rankings>,
}

impl<'a> Prepared<'a> {
    /// # Errors
    /// On unequal lengths, a label other than 0 and 1, a NaN score, or a probability outside 0..=1.
    pub fn new(
        scores: Scores<'a>,
        labels: &[u8],
        users: Option<&[u32]>,
        names: &[MetricName],
    ) -> Result<Prepared<'a>> {
        scores.check(labels)?;
        let order = scores.order();
        let per_user = |name: &MetricName| name.metric().of.is_per_user();
        let rankings = users
            .filter(|_| names.iter().any(per_user))
            .map(|users| Rankings::new(&order, labels, users))
            .transpose()?;
        Ok(Prepared {
            scores,
            order,
            rankings,
        })
    }
}
