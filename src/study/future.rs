//! A split that trains on what came after the test: numbers are then better than those of tomorrow will be.

use super::columns::Columns;
use super::finding::{Finding, Grave};
use crate::data::protocol::Protocol;
use crate::data::split::SplitRule;
use crate::error::Result;

/// Looks at the rule.
pub fn check(columns: &Columns<'_>) -> Result<Vec<Finding>> {
    let protocol = &columns.data.schema().protocol;
    let Some(rule) = blind(protocol) else {
        return Ok(Vec::new());
    };
    Ok(vec![Finding {
        grave: Grave::Note,
        check: "split that is blind to time",
        field: String::new(),
        what: format!("the rows have a time, and the split ({rule}) does not look at it: training rows come after test rows"),
        advice: "fine for comparing with published numbers; to know how the model will do tomorrow, split with rule = \"global-time\"".into(),
    }])
}

/// The name of the rule where rows have a time and the split mixes past and future; none where they have not, or the split does not or is made by
/// others.
pub fn blind(protocol: &Protocol) -> Option<&'static str> {
    protocol.roles.time.as_ref()?;
    match protocol.split {
        SplitRule::Sklearn { .. } => Some("sklearn"),
        SplitRule::Random { .. } => Some("random"),
        SplitRule::Torch { .. } => Some("torch"),
        SplitRule::Stratified { .. } => Some("stratified"),
        SplitRule::RandomByUser { .. } => Some("random-by-user"),
        // Each user's own past, but other users' future.
        SplitRule::LeaveLastOut => Some("leave-last-out"),
        SplitRule::GlobalTime { .. } | SplitRule::Files | SplitRule::Listed { .. } => None,
    }
}
