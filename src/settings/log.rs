//! Where to start on a log that no preset was tuned on.

use super::resolved::Settings;
use crate::error::Result;

const STEPS_AN_EPOCH: usize = 100;
/// On the 7,000 training rows of Criteo's public sample, steps of 128 rows fit best in the first epoch already; 256 and 512 rows
/// with half the default's learning rate have the best validation AUC.
const SMALLEST_BATCH: usize = 256;
const SMALL_RATE: f64 = 1e-3;
/// The default preset's own.
const LARGEST_BATCH: usize = 2048;

impl Settings {
    /// The settings for a log of so many training rows: unless `sets` say otherwise, steps are so small that an epoch has some hundred of
    /// them, the learning rate fits small steps, and epochs go on until validation stops getting better.
    ///
    /// # Errors
    /// As [`Settings::layered`].
    pub fn for_log(rows: usize, sets: &[String]) -> Result<Settings> {
        let batch = (rows / STEPS_AN_EPOCH)
            .clamp(SMALLEST_BATCH, LARGEST_BATCH)
            .next_power_of_two();
        let mut first = vec![
            format!("train.batch_size={batch}"),
            "train.epochs=20".into(),
        ];
        if batch < LARGEST_BATCH {
            first.push(format!("optimizer.learning_rate={SMALL_RATE}"));
        }
        Settings::layered(None, None, &[&first, sets].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_log_has_small_steps_and_what_is_set_wins() {
        let of = |rows, sets: &[&str]| {
            let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
            let settings = Settings::for_log(rows, &sets).unwrap();
            (settings.train.batch_size, settings.optimizer.learning_rate)
        };
        assert_eq!(of(7_000, &[]), (256, 1e-3));
        assert_eq!(of(100_000, &[]), (1024, 1e-3));
        assert_eq!(of(10_000_000, &[]).0, 2048);
        assert_ne!(of(10_000_000, &[]).1, 1e-3);
        assert_eq!(of(7_000, &["train.batch_size=64"]), (64, 1e-3));
    }
}
