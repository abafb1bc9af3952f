//! The scale of an axis: round bounds around all values, and what stands beside its grid lines.

/// Grid lines, about as many.
const LINES: f64 = 5.0;

/// An axis for values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// The value at the bottom, a multiple of `step`.
    low: f64,
    /// The value at the top, a multiple of `step`.
    high: f64,
    /// Between grid lines.
    step: f64,
}

impl Scale {
    /// Holds every value; its bounds are multiples of a round step. None when there is no value.
    pub fn around(values: impl Iterator<Item = f64>) -> Option<Scale> {
        let ends = values.fold(None, |ends: Option<(f64, f64)>, value| {
            let (least, greatest) = ends.unwrap_or((value, value));
            Some((least.min(value), greatest.max(value)))
        });
        let (least, greatest) = ends?;
        let step = round_step((greatest - least).max(1e-3) / LINES);
        let low = (least / step).floor();
        let high = (greatest / step).ceil().max(low + 1.0);
        Some(Scale {
            low: low * step,
            high: high * step,
            step,
        })
    }

    /// From 0 to 1.
    pub const fn unit() -> Scale {
        Scale {
            low: 0.0,
            high: 1.0,
            step: 0.2,
        }
    }

    /// Where a value lies between the lower end, 0, and the upper, 1.
    pub fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    /// The values at the grid lines, and what stands beside them.
    pub fn lines(&self) -> Vec<(f64, String)> {
        let lines = ((self.high - self.low) / self.step).round() as usize;
        let digits = (-self.step.log10()).ceil().max(0.0) as usize;
        let values = (0..=lines).map(|line| self.low + line as f64 * self.step);
        values
            .map(|value| (value, format!("{value:.digits$}")))
            .collect()
    }
}

/// The least of 1, 2, 5 times a power of ten that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|digit| digit * power);
    steps
        .into_iter()
        .find(|&round| round >= step)
        .unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        for (step, round) in [(0.3, 0.5), (1.0, 1.0), (0.0011, 0.002), (7.0, 10.0)] {
            assert!((round_step(step) / round - 1.0).abs() < 1e-9, "{step}");
        }
    }

    #[test]
    fn every_value_lies_on_the_axis_and_its_ends_are_round() {
        let values = [-0.013, 0.002, 0.0461];
        let scale = Scale::around(values.into_iter()).unwrap();
        assert!(
            values
                .iter()
                .all(|&value| (0.0..=1.0).contains(&scale.share(value)))
        );
        let lines: Vec<String> = scale.lines().into_iter().map(|(_, text)| text).collect();
        assert_eq!(lines, ["-0.02", "0.00", "0.02", "0.04", "0.06"]);
        assert_eq!(Scale::around([].into_iter()), None);
        assert_eq!(Scale::unit().lines().len(), 6);
    }
}
