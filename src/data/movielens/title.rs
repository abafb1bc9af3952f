//! A title with its year, as in `Land Before Time III, The (1995) (V)`.

/// The title without its year, and the year: the last `(dddd)`, wherever it stands (titles hold other parentheses).
pub(super) fn split_year(title: &str) -> (String, Option<u16>) {
    let year_at = |&at: &usize| year(title.as_bytes().get(at..at + YEAR_LENGTH)).is_some();
    let Some(at) = (0..title.len()).rev().find(year_at) else {
        return (title.trim().to_string(), None);
    };
    // `at` stands on an ASCII parenthesis and the year ends with one, so both are borders of characters.
    let (before, rest) = title.split_at(at);
    let (inside, behind) = rest.split_at(YEAR_LENGTH);
    let without = format!("{}{}", before.trim_end(), behind.trim_end());
    (without.trim().to_string(), year(Some(inside.as_bytes())))
}

/// Bytes of `(dddd)`.
const YEAR_LENGTH: usize = 6;

fn year(bytes: Option<&[u8]>) -> Option<u16> {
    let digits = bytes?.strip_prefix(b"(")?.strip_suffix(b")")?;
    let whole = digits.len() == 4 && digits.iter().all(u8::is_ascii_digit);
    whole.then(|| {
        digits
            .iter()
            .fold(0, |year, &digit| year * 10 + u16::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_four_digits_in_parentheses_are_the_year() {
        for (whole, title, year) in [
            ("Toy Story (1995)", "Toy Story", Some(1995)),
            ("Seven (Se7en) (1995)", "Seven (Se7en)", Some(1995)),
            ("2001 (1968) (2001)", "2001 (1968)", Some(2001)),
            ("Time III, The (1995) (V)", "Time III, The (V)", Some(1995)),
            (
                "Á köldum klaka (Cold Fever) (1994)",
                "Á köldum klaka (Cold Fever)",
                Some(1994),
            ),
            ("1984", "1984", None),
            ("unknown", "unknown", None),
            (
                "Odd (199) (19955) ((1995)",
                "Odd (199) (19955) (",
                Some(1995),
            ),
            ("(1995)", "", Some(1995)),
            ("", "", None),
        ] {
            assert_eq!(split_year(whole), (title.to_string(), year), "{whole}");
        }
    }

    proptest! {
        #[test]
        fn a_year_put_behind_any_title_is_found(title in "[ -~À-ÿ]{0,20}", year in 1000_u16..9999) {
            let (without, found) = split_year(&format!("{title} ({year})"));
            prop_assert_eq!(without, title.trim());
            prop_assert_eq!(found, Some(year));
        }
    }
}
