//! Wilson's 95 % interval of a rate: it stays within 0 and 1, and is right for few rows and rare positives too.
//!
//! ```text
//! centre = (p + z^2 / 2n) / (1 + z^2 / n)      half = z sqrt( p (1 - p) / n + z^2 / 4n^2 ) / (1 + z^2 / n)
//! ```
//!
//! (Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 1927.)

use super::interval::Z95;

/// The rate of `positives` among `rows`, and its interval: rate, low, high. None without a row.
pub fn wilson(positives: u64, rows: u64) -> Option<[f64; 3]> {
    if rows == 0 {
        return None;
    }
    let (n, p) = (rows as f64, positives as f64 / rows as f64);
    let scale = 1.0 + Z95 * Z95 / n;
    let centre = (p + Z95 * Z95 / (2.0 * n)) / scale;
    let half = Z95 * (p * (1.0 - p) / n + Z95 * Z95 / (4.0 * n * n)).sqrt() / scale;
    Some([p, centre - half, centre + half])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the formula in another language (Python's floats): 10 of 50.
    #[test]
    fn the_interval_is_wilsons() {
        let [rate, low, high] = wilson(10, 50).unwrap();
        assert_eq!(rate, 0.2);
        assert!(
            (low - 0.1124).abs() < 1e-4 && (high - 0.3304).abs() < 1e-4,
            "{low} {high}"
        );
        assert_eq!(wilson(0, 0), None);
    }

    #[test]
    fn no_positive_leaves_room_above_and_none_below() {
        // z^2 / (n + z^2) for n = 10.
        let [rate, low, high] = wilson(0, 10).unwrap();
        assert_eq!(rate, 0.0);
        assert!(
            low.abs() < 1e-15 && (high - 0.277_53).abs() < 1e-5,
            "{high}"
        );
    }
}
