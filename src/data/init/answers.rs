//! What the values of a column say as a label: yes and no, stars, or nothing that is clear.

use std::collections::BTreeMap;

use super::profile::{is_marker, number};
use crate::data::protocol::condition::{Order, Test};

/// Pairs of words for yes and no, as [`normal`] has them.
const PAIRS: [(&str, &str); 13] = [
    ("1", "0"),
    ("1", "-1"),
    ("true", "false"),
    ("yes", "no"),
    ("y", "n"),
    ("t", "f"),
    ("ja", "nein"),
    ("j", "n"),
    ("oui", "non"),
    ("si", "no"),
    ("sí", "no"),
    ("positive", "negative"),
    ("pos", "neg"),
];

/// What a column would be as a label.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answers {
    /// A yes and a no; without a test the label needs none.
    Binary {
        yes: String,
        no: String,
        /// None where a label rule reads the two as they are, such as 1 and 0.
        positive: Option<Test>,
    },
    /// A yes and a no, or two other values, that are written in several ways: `yes` and `Yes`, `1` and `1.`.
    Spelled {
        /// All texts that occur.
        ways: Vec<String>,
        positive: Test,
    },
    /// Steps from bad to good.
    Stars {
        /// Four of five and more, seven of ten and more.
        positive: Test,
        /// Distinct numbers.
        steps: usize,
        /// The best that occurs.
        max: f64,
    },
    /// Two other values; the rarer is proposed.
    Two { positive: Test },
    /// Other numbers.
    Numbers { positive: Test },
    /// One value.
    One(String),
    /// None.
    Nothing,
    /// More than two texts.
    Other,
}

/// A text without what people add to it: case, a trailing dot, another way to write the number.
pub(super) fn normal(text: &str) -> String {
    let text = text.trim();
    let text = text.strip_suffix('.').unwrap_or(text);
    match number(text) {
        Some(x) => (x + 0.0).to_string(),
        None => text.to_lowercase(),
    }
}

/// Whether a test asks for a word that means yes.
pub(super) fn is_pair(positive: &Test) -> bool {
    match positive {
        Test::OneOf(ways) => ways
            .iter()
            .any(|way| PAIRS.iter().any(|(yes, _)| *yes == normal(way))),
        _ => false,
    }
}

/// The most steps of a rating: half stars up to five and a zero.
const STEPS: usize = 11;

impl Answers {
    /// Looks at a column's texts and how often each occurs.
    pub(super) fn of(texts: &[String], counts: &[u64]) -> Answers {
        let mut ways: BTreeMap<String, Vec<(&str, u64)>> = BTreeMap::new();
        for (text, &count) in texts.iter().zip(counts) {
            if !text.is_empty() && !is_marker(text) {
                ways.entry(normal(text)).or_default().push((text, count));
                if ways.len() > STEPS {
                    return Answers::many(texts);
                }
            }
        }
        let keys: Vec<&str> = ways.keys().map(String::as_str).collect();
        match keys[..] {
            [] => Answers::Nothing,
            [one] => Answers::One(one.to_owned()),
            [a, b] => Answers::of_two(&ways, a, b),
            _ => Answers::of_steps(&keys).unwrap_or_else(|| Answers::many(texts)),
        }
    }

    fn of_two(ways: &BTreeMap<String, Vec<(&str, u64)>>, a: &str, b: &str) -> Answers {
        let pair = PAIRS
            .into_iter()
            .find(|&(yes, no)| (yes, no) == (a, b) || (yes, no) == (b, a));
        let rows = |key: &str| ways[key].iter().map(|(_, n)| n).sum::<u64>();
        let (yes, no) = pair.unwrap_or(if rows(a) <= rows(b) { (a, b) } else { (b, a) });
        let spelled = |key: &str| {
            ways[key]
                .iter()
                .map(|(text, _)| (*text).to_owned())
                .collect::<Vec<_>>()
        };
        let positive = Test::OneOf(spelled(yes));
        if ways.values().any(|ways| ways.len() > 1) {
            let ways = ways.values().filter(|ways| ways.len() > 1).flatten();
            let ways = ways.map(|(text, _)| (*text).to_owned()).collect();
            return Answers::Spelled { ways, positive };
        }
        if pair.is_none() {
            return Answers::Two { positive };
        }
        let plain = number(yes).is_some() || yes == "true";
        Answers::Binary {
            yes: spelled(yes).swap_remove(0),
            no: spelled(no).swap_remove(0),
            positive: (!plain).then_some(positive),
        }
    }

    /// Three or more whole or half steps from 0 or above to at most 10.
    fn of_steps(keys: &[&str]) -> Option<Answers> {
        let steps: Option<Vec<f64>> = keys.iter().map(|key| number(key)).collect();
        let steps = steps.filter(|all| {
            all.iter()
                .all(|x| (0.0..=10.0).contains(x) && (2.0 * x).fract() == 0.0)
        })?;
        let max = steps.iter().copied().fold(0.0, f64::max);
        // Four of five, seven of ten: "liked", as most of the literature has it.
        let bound = if max > 5.0 {
            7.0
        } else {
            (0.8 * max).ceil().max(1.0)
        };
        Some(Answers::Stars {
            positive: Test::Compare(Order::AtLeast, bound),
            steps: steps.len(),
            max,
        })
    }

    fn many(texts: &[String]) -> Answers {
        let present = texts
            .iter()
            .filter(|text| !text.is_empty() && !is_marker(text));
        let numbers: Option<Vec<f64>> = present.map(|text| number(text)).collect();
        let Some(mut numbers) = numbers.filter(|all| !all.is_empty()) else {
            return Answers::Other;
        };
        numbers.sort_unstable_by(f64::total_cmp);
        let counts = numbers[0] == 0.0 && numbers.iter().all(|x| x.fract() == 0.0);
        let bound = if counts {
            1.0
        } else {
            numbers[numbers.len() / 2]
        };
        Answers::Numbers {
            positive: Test::Compare(Order::AtLeast, bound),
        }
    }

    /// The test that makes a label of the column: one that is clear, or one to begin with.
    pub(super) fn positive(&self) -> Option<&Test> {
        match self {
            Answers::Binary { positive, .. } => positive.as_ref(),
            Answers::Spelled { positive, .. }
            | Answers::Stars { positive, .. }
            | Answers::Two { positive }
            | Answers::Numbers { positive } => Some(positive),
            Answers::One(_) | Answers::Nothing | Answers::Other => None,
        }
    }

    /// Whether the column could be a label at all.
    pub(super) fn is_possible(&self) -> bool {
        !matches!(self, Answers::One(_) | Answers::Nothing | Answers::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Answers {
        let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
        let counts: Vec<u64> = (1..=texts.len() as u64).collect();
        Answers::of(&texts, &counts)
    }

    fn test(text: &str) -> Test {
        text.parse().unwrap()
    }

    #[test]
    fn a_yes_and_a_no_in_every_way() {
        for (texts, expected) in [
            (&["0", "1"][..], None),
            (&["1.0", "", "0.0", "NA"], None),
            (&["-1", "+1"], None),
            (&["TRUE", "FALSE"], None),
            (&["no", "yes"], Some(test("== yes"))),
            (&["Ja", "Nein"], Some(test("== Ja"))),
        ] {
            let answers = of(texts);
            assert!(
                matches!(answers, Answers::Binary { .. }),
                "{texts:?}: {answers:?}"
            );
            assert_eq!(answers.positive().cloned(), expected, "{texts:?}");
        }
    }

    #[test]
    fn ways_of_writing_are_told_and_not_merged_silently() {
        for (texts, positive) in [
            (&["yes", "Yes", "no"][..], "in yes, Yes"),
            (&["1", "0", "1."], "in 1, 1."),
            (&["<=50K", ">50K", "<=50K.", ">50K."], "in <=50K, <=50K."),
        ] {
            let answers = of(texts);
            assert!(
                matches!(answers, Answers::Spelled { .. }),
                "{texts:?}: {answers:?}"
            );
            assert_eq!(answers.positive(), Some(&test(positive)), "{texts:?}");
        }
    }

    #[test]
    fn stars_counts_and_the_rest() {
        for (texts, bound) in [
            (&["1", "2", "3", "4", "5"][..], ">= 4"),
            (&["0.5", "5", "3.5"], ">= 4"),
            (&["1", "10", "7"], ">= 7"),
            (&["0", "1", "2"], ">= 2"),
        ] {
            assert_eq!(of(texts).positive(), Some(&test(bound)), "{texts:?}");
            assert!(matches!(of(texts), Answers::Stars { .. }));
        }
        let counts: Vec<String> = (0..30).map(|n| n.to_string()).collect();
        let counts: Vec<&str> = counts.iter().map(String::as_str).collect();
        assert_eq!(of(&counts).positive(), Some(&test(">= 1")));
        assert_eq!(
            of(&["m", "f"]),
            Answers::Two {
                positive: test("== m")
            }
        );
        assert_eq!(of(&["1", "NA"]), Answers::One("1".into()));
        assert_eq!(of(&["a", "b", "c"]), Answers::Other);
    }
}
