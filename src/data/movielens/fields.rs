//! The fields of a line: how many there are, and what each one may hold. Errors say what is wrong; the line reader adds where.

use memchr::memmem::Finder;

/// How the lines of one file are cut.
pub(super) struct Layout {
    /// Between fields: `::`, a tab or a bar.
    separator: Finder<'static>,
    /// The fields' names joined by the separator, as error messages show them.
    shape: &'static str,
}

impl Layout {
    /// A layout; `shape` names the fields, joined by `separator`.
    pub(super) fn new(separator: &'static str, shape: &'static str) -> Layout {
        Layout {
            separator: Finder::new(separator),
            shape,
        }
    }

    /// Cuts a line into exactly `N` fields.
    ///
    /// # Errors
    /// When there are more or fewer.
    pub(super) fn split<'a, const N: usize>(
        &self,
        line: &'a [u8],
    ) -> Result<[&'a [u8]; N], String> {
        let mut fields = [&line[..0]; N];
        let mut count = 0;
        let mut rest = line;
        loop {
            let at = self.separator.find(rest);
            let (field, behind) = match at {
                Some(at) => (&rest[..at], &rest[at + self.separator.needle().len()..]),
                None => (rest, &rest[..0]),
            };
            if let Some(place) = fields.get_mut(count) {
                *place = field;
            }
            count += 1;
            rest = behind;
            if at.is_none() {
                break;
            }
        }
        if count == N {
            Ok(fields)
        } else {
            Err(format!(
                "{count} fields, expected {N}: {}",
                self.shape.escape_debug()
            ))
        }
    }
}

/// ISO-8859-1 text: byte b is code point b.
pub(super) fn text(field: &[u8]) -> String {
    field.iter().map(|&byte| char::from(byte)).collect()
}

/// A whole number of at most 32 bits. `name` is the field's.
pub(super) fn whole(name: &str, field: &[u8]) -> Result<u32, String> {
    digits(field)
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| format!("{name} {} is not a whole number", quoted(field)))
}

/// `M` or `F`, as both data sets have it; `name` is the field's.
pub(super) fn gender(name: &str, field: &[u8]) -> Result<String, String> {
    match field {
        b"M" | b"F" => Ok(text(field)),
        _ => Err(format!("{name} {} is none, expected M or F", quoted(field))),
    }
}

/// A rating of 1 to 5 stars.
pub(super) fn stars(field: &[u8]) -> Result<u8, String> {
    match digits(field) {
        Some(number @ 1..=5) => Ok(number as u8),
        Some(_) => Err(format!("rating {} is outside 1..5", quoted(field))),
        None => Err(format!("rating {} is not a whole number", quoted(field))),
    }
}

/// Unix seconds between the years 1 and 9999: milliseconds taken for seconds lie far beyond.
pub(super) fn seconds(field: &[u8]) -> Result<i64, String> {
    let (sign, magnitude) = match field.strip_prefix(b"-") {
        Some(rest) => (-1, digits(rest)),
        None => (1, digits(field)),
    };
    let number = magnitude
        .and_then(|number| i64::try_from(number).ok())
        .ok_or_else(|| format!("time {} is not a whole number", quoted(field)))?;
    let seconds = sign * number;
    if (-62_135_596_800..=253_402_300_799).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(format!(
            "time {} is outside the years 1 to 9999, expected seconds since 1970",
            quoted(field)
        ))
    }
}

/// A number written in decimal digits only, or `None` when it is not, or does not fit.
fn digits(field: &[u8]) -> Option<u64> {
    if field.is_empty() {
        return None;
    }
    field.iter().try_fold(0_u64, |number, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// A field as error messages show it: in backquotes, cut when long.
pub(super) fn quoted(field: &[u8]) -> String {
    const SHOWN: usize = 40;
    let shown = text(field.get(..SHOWN).unwrap_or(field));
    let dots = if field.len() > SHOWN { "..." } else { "" };
    format!("`{}{dots}`", shown.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn exactly_n_fields() {
        let layout = Layout::new("::", "A::B::C");
        assert_eq!(
            layout.split::<3>(b"1::a:b::").unwrap(),
            [&b"1"[..], b"a:b", b""]
        );
        let few = layout.split::<3>(b"1::2").unwrap_err();
        assert_eq!(few, "2 fields, expected 3: A::B::C");
        let many = layout.split::<3>(b"1::2::3::4::5").unwrap_err();
        assert_eq!(many, "5 fields, expected 3: A::B::C");
        let tabs = Layout::new("\t", "A\tB");
        assert_eq!(
            tabs.split::<2>(b"1").unwrap_err(),
            "1 fields, expected 2: A\\tB"
        );
    }

    #[test]
    fn numbers_in_their_ranges() {
        assert_eq!(whole("age", b"056"), Ok(56));
        assert_eq!(whole("age", b"4294967295"), Ok(u32::MAX));
        for bad in [
            &b""[..],
            b"-1",
            b"+1",
            b" 1",
            b"1.0",
            b"4294967296",
            b"99999999999999999999999",
        ] {
            assert!(
                whole("age", bad).unwrap_err().starts_with("age `"),
                "{bad:?}"
            );
        }
        assert_eq!(gender("Gender", b"F").as_deref(), Ok("F"));
        for bad in [&b""[..], b"f", b"X", b"MF"] {
            let error = gender("Gender", bad).unwrap_err();
            assert!(error.contains("expected M or F"), "{error}");
        }
        assert_eq!(stars(b"5"), Ok(5));
        assert_eq!(stars(b"0").unwrap_err(), "rating `0` is outside 1..5");
        assert_eq!(stars(b"6").unwrap_err(), "rating `6` is outside 1..5");
        assert_eq!(
            stars(b"3.5").unwrap_err(),
            "rating `3.5` is not a whole number"
        );
        assert_eq!(seconds(b"978300760"), Ok(978_300_760));
        assert_eq!(seconds(b"-1"), Ok(-1));
        assert!(
            seconds(b"978300760000")
                .unwrap_err()
                .contains("outside the years")
        );
        assert!(seconds(b"-").unwrap_err().contains("not a whole number"));
        assert!(
            seconds(b"18446744073709551615")
                .unwrap_err()
                .contains("not a whole number")
        );
    }

    #[test]
    fn bytes_become_the_code_points_of_their_value() {
        assert_eq!(text(b"Am\xe9lie"), "Amélie");
        assert_eq!(quoted(b"a\tb"), "`a\\tb`");
        assert_eq!(quoted(&[b'x'; 50]), format!("`{}...`", "x".repeat(40)));
    }

    proptest! {
        #[test]
        fn splitting_undoes_joining(a in "[a-z]{0,3}", b in "[a-z]{0,3}", c in "[a-z]{0,3}") {
            let line = format!("{a}::{b}::{c}");
            let fields = Layout::new("::", "").split::<3>(line.as_bytes()).unwrap();
            prop_assert_eq!(fields, [a.as_bytes(), b.as_bytes(), c.as_bytes()]);
        }

        #[test]
        fn numbers_read_as_the_standard_library_reads_them(field in "-?[0-9]{0,21}") {
            let standard = field.parse::<i64>().ok();
            let years = -62_135_596_800..=253_402_300_799;
            prop_assert_eq!(seconds(field.as_bytes()).ok(), standard.filter(|s| years.contains(s)));
            let unsigned = field.parse::<u32>().ok().filter(|_| !field.starts_with('-'));
            prop_assert_eq!(whole("x", field.as_bytes()).ok(), unsigned);
        }
    }
}
