//! Metrics that are means over rows: the loss of a row, of its logit or of its probability. (More may be better: the metric's entry says
//! so.) Models are measured from logits, which decide where both differ by rounding; probabilities are for baselines and other systems.
//! Whoever calls this has checked lengths, labels and that scores are numbers, see [`super::evaluate`].

/// The loss of a row with a label of 0 or 1.
#[derive(Debug, Clone, Copy)]
pub struct Loss {
    /// From its logit: where 1 - p has no digits left, the logit has.
    pub of_logit: fn(f64, u8) -> f64,
    /// From its probability.
    pub of_probability: fn(f64, u8) -> f64,
}

impl Loss {
    /// The mean over rows, `logits` and `labels` being `[n]`, summed in f64. `None` without rows.
    pub fn mean_of_logits(&self, logits: &[f32], labels: &[u8]) -> Option<f64> {
        let rows = logits.iter().zip(labels);
        let losses = rows.map(|(&logit, &label)| (self.of_logit)(f64::from(logit), label));
        mean(losses.sum(), labels.len())
    }

    /// The mean over rows, `probabilities` and `labels` being `[n]`. `None` without rows.
    pub fn mean_of_probabilities(&self, probabilities: &[f64], labels: &[u8]) -> Option<f64> {
        let rows = probabilities.iter().zip(labels);
        let losses = rows.map(|(&p, &label)| (self.of_probability)(p, label));
        mean(losses.sum(), labels.len())
    }
}

fn mean(sum: f64, rows: usize) -> Option<f64> {
    (rows > 0).then(|| sum / rows as f64)
}

/// The probability of a logit, in f64.
pub fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}
