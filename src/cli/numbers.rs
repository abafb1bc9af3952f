//! Numbers on the command line: one that cannot be read is answered with what can.

/// The greatest whole number of a configuration file: TOML's are signed.
const MOST: u64 = i64::MAX as u64;

/// A whole number from `least` to `most`.
pub fn within(text: &str, least: u64, most: u64) -> Result<u64, String> {
    let number = text.parse().ok();
    let number = number.filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("expected a whole number from {least} to {most}"))
}

/// A whole number that is a setting; which ones make sense the setting itself says.
pub fn whole(text: &str) -> Result<usize, String> {
    within(text, 0, MOST).map(|number| number as usize)
}

/// The same where it is a seed.
pub fn seed(text: &str) -> Result<u64, String> {
    within(text, 0, MOST)
}

/// A fraction that is a setting, likewise.
pub fn fraction(text: &str) -> Result<f64, String> {
    let wrong = |_| "expected a number, such as 0.001 or 1e-3".to_owned();
    text.parse().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_answered_with_what_can() {
        assert_eq!(whole("0"), Ok(0));
        assert_eq!(seed("9223372036854775807"), Ok(MOST));
        for bad in ["", "-1", "1.0", "9223372036854775808", "x"] {
            let error = seed(bad).unwrap_err();
            assert!(error.ends_with("from 0 to 9223372036854775807"), "{bad}");
        }
        assert_eq!(within("1024", 1, 1024), Ok(1024));
        assert!(within("0", 1, 1024).unwrap_err().contains("1 to 1024"));
        assert_eq!(fraction("1e-3"), Ok(0.001));
        assert!(fraction("nan").unwrap().is_nan());
        assert!(fraction("1,5").unwrap_err().contains("such as 0.001"));
    }
}
