//! What a group, a node of the tree over groups, and a whole batch sum up.

/// Sums over some rows of a batch.
#[derive(Debug, Default)]
pub struct Sums {
    /// Gradients of the flat vector; empty in a round that runs nothing backward.
    pub dense: Vec<f32>,
    /// What a batch op asked for.
    pub statistics: Vec<f64>,
    /// The rows' parts of the loss.
    pub loss: f64,
    /// The first node of the tape that gave a value that is not finite, of the first rows that have one.
    pub not_finite: Option<usize>,
}

impl Sums {
    /// Zero, of so many gradients and statistics.
    pub fn clear(&mut self, dense: usize, statistics: usize) {
        self.dense.clear();
        self.dense.resize(dense, 0.0);
        self.statistics.clear();
        self.statistics.resize(statistics, 0.0);
        self.loss = 0.0;
        self.not_finite = None;
    }

    /// Adds the sums over the rows behind.
    pub fn add(&mut self, right: &Sums) {
        for (sum, x) in self.dense.iter_mut().zip(&right.dense) {
            *sum += x;
        }
        for (sum, x) in self.statistics.iter_mut().zip(&right.statistics) {
            *sum += x;
        }
        self.loss += right.loss;
        self.not_finite = self.not_finite.or(right.not_finite);
    }
}
