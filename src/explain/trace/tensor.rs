//! The numbers of a trace: a result or a parameter of one row, and its gradient beside differences.

use std::collections::BTreeSet;

use serde::Serialize;

/// A result or a parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tensor {
    /// `out`, `attention weights`, or the name of a parameter.
    pub name: String,
    /// Of one row, e.g. `[F, d]`.
    pub shape: Vec<usize>,
    /// Row-major.
    pub values: Vec<f32>,
    /// Of a result: the largest distance of a value from the op's definition in f64, relative to the largest value.
    pub error: Option<f64>,
    /// When it was asked for, and an op takes what is in it.
    pub gradient: Option<Gradient>,
}

/// The derivatives of a trace's end by the numbers of a tensor.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gradient {
    /// By backward, in the tensor's shape.
    pub values: Vec<f32>,
    /// Those that were compared with a difference, in their order.
    pub checked: Vec<Checked>,
    /// The largest distance of these two, relative to the largest derivative of the tensor.
    pub error: f64,
}

/// A derivative, twice.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Checked {
    /// The number's place in the tensor.
    pub at: usize,
    /// By backward.
    pub analytic: f32,
    /// (end(x + h) - end(x - h)) / 2h, by the definitions in f64.
    pub numeric: f64,
}

impl Gradient {
    /// Compares at most `most` numbers with what `difference` gives for their places.
    pub(super) fn checked(
        values: Vec<f32>,
        most: usize,
        difference: impl FnMut(usize) -> f64,
    ) -> Gradient {
        let places = places(&values, most);
        let numeric: Vec<f64> = places.iter().copied().map(difference).collect();
        let beside = places.iter().zip(&numeric);
        let checked = beside.map(|(&at, &numeric)| Checked {
            at,
            analytic: values[at],
            numeric,
        });
        let checked: Vec<Checked> = checked.collect();
        let analytic: Vec<f32> = checked.iter().map(|c| c.analytic).collect();
        Gradient {
            error: error(&analytic, &numeric),
            values,
            checked,
        }
    }
}

/// The place of the largest number and others evenly spaced, `most` in all.
fn places(values: &[f32], most: usize) -> Vec<usize> {
    let count = most.min(values.len());
    let size = |at: &usize| values[*at].abs();
    let largest = (0..values.len()).max_by(|a, b| size(a).total_cmp(&size(b)));
    let mut places: BTreeSet<usize> = largest.into_iter().take(count).collect();
    for number in 0..count {
        // The largest may be one of them.
        if places.len() < count {
            places.insert(number * values.len() / count);
        }
    }
    places.into_iter().collect()
}

/// The largest distance of numbers from others, relative to the largest of these; 0 of none.
pub(super) fn error(numbers: &[f32], exact: &[f64]) -> f64 {
    let largest = exact.iter().fold(0.0f64, |most, x| most.max(x.abs()));
    let pairs = numbers.iter().zip(exact);
    let distances = pairs.map(|(number, exact)| (f64::from(*number) - exact).abs());
    // What is no number stays.
    let larger = |most: f64, d: f64| if d > most || d.is_nan() { d } else { most };
    let distance = distances.fold(0.0, larger);
    match distance == 0.0 {
        true => 0.0,
        false => distance / largest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_is_among_those_compared() {
        let values = [0.0, 1.0, 2.0, -9.0, 3.0, 4.0, 5.0];
        assert_eq!(places(&values, 1), [3]);
        assert_eq!(places(&values, 2), [0, 3]);
        assert_eq!(places(&values, 3), [0, 2, 3]);
        for most in [7, 9] {
            assert_eq!(places(&values, most), [0, 1, 2, 3, 4, 5, 6]);
        }
        assert!(places(&values, 0).is_empty() && places(&[], 3).is_empty());
    }

    #[test]
    fn errors_are_relative_to_the_largest() {
        assert_eq!(error(&[1.0, 2.0], &[1.0, 4.0]), 0.5);
        assert_eq!(error(&[], &[]), 0.0);
        assert_eq!(error(&[0.0], &[0.0]), 0.0);
        assert_eq!(error(&[1.0], &[0.0]), f64::INFINITY);
        assert!(error(&[f32::NAN, 1.0], &[1.0, 1.0]).is_nan());
    }
}
