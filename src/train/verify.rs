//! Whether a run can be made again: the same settings on the same data give the same weights, bit for bit, on the same
//! instruction set.

use super::trainer::Outcome;
use crate::autograd::Parameters;
use crate::data::dataset::{Dataset, SplitName};
use crate::error::Result;
use crate::metrics::MetricName;
use crate::run::Run;
use crate::run::directory::WEIGHTS;
use crate::run::precision::Tables;
use crate::run::saving::to_bytes;
use crate::run::seal::sum;
use crate::run::weights::tensors;
use crate::score::evaluate;

/// What metrics on the test rows may differ by on another instruction set, where sums are rounded in another order.
pub const TOLERANCE: f64 = 1e-4;

/// What a comparison found.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The weights file is the same; its SHA-256 in hexadecimal.
    Same {
        /// 64 hexadecimal digits.
        sha256: String,
    },
    /// The weights differ.
    Differs {
        /// The first tensor that does, in the order of [`tensors`].
        tensor: String,
        /// The largest difference of all tensors.
        largest: f32,
    },
    /// All weights are the same, but not the bytes of the file.
    File,
}

/// A metric that another instruction set changed the most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Which metric of the protocol.
    pub metric: MetricName,
    /// As the run's weights have it, on this instruction set.
    pub recorded: f64,
    /// As the weights that were trained anew have it.
    pub again: f64,
}

impl Change {
    /// The absolute difference.
    pub fn size(&self) -> f64 {
        (self.again - self.recorded).abs()
    }
}

/// Compares a run's weights with those of a training anew.
///
/// # Errors
/// When the weights cannot be written as a file.
pub fn compare(run: &Run, again: &Outcome) -> Result<Verdict> {
    let layout = run.runtime.tape().layout();
    let bytes = to_bytes(layout, &run.schema, &again.parameters, Tables::F32, None)?;
    let sha256 = sum(&bytes);
    if sha256 == run.sums.of(WEIGHTS) {
        return Ok(Verdict::Same { sha256 });
    }
    let mut first = None;
    let mut largest = 0.0;
    for tensor in tensors(layout, &run.schema) {
        let pairs = (tensor.values(&run.parameters).iter()).zip(tensor.values(&again.parameters));
        let mut differing = pairs.filter(|(a, b)| a.to_bits() != b.to_bits()).peekable();
        if differing.peek().is_some() {
            largest = differing
                .map(|(a, b)| (a - b).abs())
                .fold(largest, f32::max);
            first.get_or_insert(tensor.name);
        }
    }
    Ok(match first {
        Some(tensor) => Verdict::Differs { tensor, largest },
        None => Verdict::File,
    })
}

/// Measures both on the test rows; gives the metric that differs the most, none when there is none.
///
/// # Errors
/// When there is no test row.
pub fn largest_change(run: &Run, again: &Outcome, data: &Dataset) -> Result<Option<Change>> {
    let measured = |parameters: &Parameters| {
        let kind = run.settings.model.name();
        evaluate(&run.scorer_of(parameters), kind, data, SplitName::Test)
    };
    let recorded = measured(&run.parameters)?.metrics;
    let again = measured(&again.parameters)?.metrics;
    let both = recorded.entries().zip(again.entries());
    let changes = both.filter_map(|((metric, recorded), (_, again))| {
        Some(Change {
            metric,
            recorded: recorded?,
            again: again?,
        })
    });
    Ok(changes.max_by(|a, b| a.size().total_cmp(&b.size())))
}
