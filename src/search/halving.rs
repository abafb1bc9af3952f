//! Successive halving: all trials train for a while, the better part of them goes on, and so forth until few train to the end.
//!
//! K. Jamieson and A. Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization", AISTATS 2016; with a factor
//! other than two as in L. Li et al., "Hyperband", JMLR 2018. A trial is paused and gone on with, not trained anew: its learning rate
//! follows the schedule of its whole training from the first step on, so a survivor's weights are those that it had without any halving.

/// How many trials stop at each rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Halving {
    /// Of so many trials one goes on; so many times longer than at the rung before.
    pub factor: usize,
    /// How often trials are compared before the end.
    pub rungs: u32,
}

impl Halving {
    /// As many rungs as trials and epochs allow: each leaves at least one trial, and the first comes after at least one epoch.
    pub fn new(factor: usize, trials: usize, epochs: usize) -> Halving {
        let factor = factor.max(2);
        let rungs = trials.min(epochs).max(1).ilog(factor);
        Halving { factor, rungs }
    }

    /// After how many of its epochs a trial is compared at a rung, counted from 1; all of them at the end.
    pub fn epochs(&self, rung: u32, epochs: usize) -> usize {
        let times = self.factor.pow(self.rungs.saturating_sub(rung) + 1);
        match rung > self.rungs {
            true => epochs,
            false => (epochs / times).max(1),
        }
    }

    /// How many of `trials` go on.
    pub fn keep(&self, trials: usize) -> usize {
        trials.div_ceil(self.factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_of_the_papers_example_is_shared_out() {
        // Hyperband's table 1 (bracket s = 4): 81 trials, factor 3, at most 81 epochs.
        let halving = Halving::new(3, 81, 81);
        let mut trials = 81;
        let mut rungs = Vec::new();
        for rung in 1..=halving.rungs + 1 {
            rungs.push((trials, halving.epochs(rung, 81)));
            trials = halving.keep(trials);
        }
        assert_eq!(rungs, [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)]);
    }

    #[test]
    fn few_trials_or_epochs_have_few_rungs() {
        assert_eq!(Halving::new(3, 20, 6).rungs, 1);
        assert_eq!(Halving::new(3, 20, 6).epochs(1, 6), 2);
        assert_eq!(Halving::new(2, 20, 6).rungs, 2);
        assert_eq!(Halving::new(2, 20, 6).epochs(1, 6), 1);
        assert_eq!(Halving::new(2, 20, 6).epochs(2, 6), 3);
        assert_eq!(Halving::new(3, 2, 100).rungs, 0);
        assert_eq!(Halving::new(3, 9, 1).rungs, 0);
        // A trial of fewer epochs than the others is compared after its first.
        assert_eq!(Halving::new(2, 8, 8).epochs(1, 2), 1);
        assert_eq!(Halving::new(0, 0, 0).rungs, 0);
    }
}
