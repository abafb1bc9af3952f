//! Which column is the label: one that is clear, or several to choose from.

use super::answers::Answers;
use super::escape::{named, shown};
use super::names;
use crate::data::protocol::condition::Test;

/// A column that could be the label.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Counted from 0.
    pub column: usize,
    /// None where the values are 0 and 1 already.
    pub positive: Option<Test>,
    /// Half a sentence for people.
    pub why: String,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub enum Label {
    /// Name and values agree, or somebody has said so.
    Clear(Candidate),
    /// Somebody has to choose. There may be none at all.
    Open {
        /// The likeliest first, at most five.
        candidates: Vec<Candidate>,
        /// Candidates that are not among them.
        more: usize,
        /// Why no one of them is clear.
        why: String,
    },
}

impl Label {
    /// The columns that are no fields because of it.
    pub fn columns(&self) -> Vec<usize> {
        self.candidates().iter().map(|c| c.column).collect()
    }

    /// The label, or all that could be it.
    pub fn candidates(&self) -> &[Candidate] {
        match self {
            Label::Clear(one) => std::slice::from_ref(one),
            Label::Open { candidates, .. } => candidates,
        }
    }
}

/// How much speaks for a column, the most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    /// Name and values agree.
    Clear,
    /// The name is that of a label; the values need a decision.
    Name,
    /// A yes and a no without such a name.
    Values,
    /// Two values.
    Two,
}

/// Candidates that are written down.
const WRITTEN: usize = 5;

/// Chooses among all columns. Names mean nothing where the program made them (`headed` is false): there the first and the last
/// column are where labels are.
pub(super) fn choose(columns: &[(&str, Answers)], headed: bool) -> Label {
    let last = columns.len().saturating_sub(1);
    let binary = |answers: &Answers| matches!(answers, Answers::Binary { .. });
    let all_binary = columns
        .iter()
        .filter(|(_, answers)| binary(answers))
        .count();
    let strength = |place: usize, name: &str, answers: &Answers| -> Option<Strength> {
        let at_end = !headed && (place == 0 || place == last) && all_binary == 1;
        let label = headed && names::is_label(name);
        let rating = headed && names::is_rating(name);
        Some(match answers {
            Answers::Binary { .. } if label || at_end => Strength::Clear,
            Answers::Stars { .. } if rating => Strength::Clear,
            Answers::Spelled { .. } if label || headed && names::is_flag(name) => Strength::Name,
            answers if answers.is_possible() && label => Strength::Name,
            Answers::Binary { .. } => Strength::Values,
            Answers::Stars { .. } if !headed => Strength::Values,
            Answers::Two { .. } | Answers::Spelled { .. } => Strength::Two,
            _ => return None,
        })
    };
    let found = columns
        .iter()
        .enumerate()
        .filter_map(|(place, (name, answers))| Some((strength(place, name, answers)?, place)));
    let mut found: Vec<(Strength, usize)> = found.collect();
    found.sort_unstable();
    let candidate = |place: usize| {
        let (name, answers) = &columns[place];
        Candidate {
            column: place,
            positive: answers.positive().cloned(),
            why: why(name, answers, headed),
        }
    };
    let best = found.first().map(|(strength, _)| *strength);
    // What has a label's name is a rival also when its values need a decision.
    let rivals = |(strength, _): &&(Strength, usize)| match best {
        Some(Strength::Clear | Strength::Name) => *strength <= Strength::Name,
        best => Some(*strength) == best,
    };
    let rivals: Vec<usize> = found
        .iter()
        .filter(rivals)
        .map(|(_, place)| *place)
        .collect();
    if let (Some(Strength::Clear), &[one]) = (best, &rivals[..]) {
        return Label::Clear(candidate(one));
    }
    Label::Open {
        why: open(columns, &rivals, best),
        more: rivals.len().saturating_sub(WRITTEN),
        candidates: rivals.into_iter().take(WRITTEN).map(candidate).collect(),
    }
}

fn why(name: &str, answers: &Answers, headed: bool) -> String {
    match answers {
        Answers::Binary { yes, no, .. } => {
            let by = if headed && names::is_label(name) {
                ", and its name is that of a label"
            } else {
                ""
            };
            format!("is {} or {}{by}", shown(yes), shown(no))
        }
        Answers::Spelled { ways, positive } => {
            let ways: Vec<String> = ways.iter().map(|way| shown(way)).collect();
            format!(
                "writes one value in several ways ({}): take them together as `{}` does, or correct the data",
                ways.join(", "),
                named(&positive.to_string())
            )
        }
        Answers::Stars { steps, max, .. } => {
            format!(
                "has {steps} steps up to {max}: from which one on a row is positive is a proposal"
            )
        }
        Answers::Two { .. } => "has two values: which of them is positive is a proposal".to_owned(),
        Answers::Numbers { .. } => {
            "has many numbers: from where on they are positive is a proposal".to_owned()
        }
        Answers::One(_) | Answers::Nothing | Answers::Other => "has no two classes".to_owned(),
    }
}

fn open(columns: &[(&str, Answers)], rivals: &[usize], best: Option<Strength>) -> String {
    let constant = columns.iter().find_map(|(name, answers)| match answers {
        Answers::Nothing if names::is_label(name) => {
            Some(format!("no row has a value in `{}`", named(name)))
        }
        Answers::One(value) if names::is_label(name) => Some(format!(
            "`{}` is always {}, so there is nothing to tell apart: add rows of the other kind",
            named(name),
            shown(value)
        )),
        _ => None,
    });
    match (rivals, constant) {
        ([], Some(constant)) => constant,
        ([], None) => "no column looks like one".to_owned(),
        ([one], _) => {
            let name = named(columns[*one].0);
            match best {
                Some(Strength::Name) => {
                    format!("`{name}` {}", why(columns[*one].0, &columns[*one].1, true))
                }
                _ => format!("`{name}` could be it, but its name does not say so"),
            }
        }
        (all, _) => {
            let names: Vec<String> = all
                .iter()
                .take(WRITTEN)
                .map(|&c| format!("`{}`", named(columns[c].0)))
                .collect();
            let more = match all.len() - names.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{}{more} could be it", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &str) -> Answers {
        let texts: Vec<String> = texts.split(' ').map(str::to_owned).collect();
        Answers::of(&texts, &vec![1; texts.len()])
    }

    fn chosen(columns: &[(&str, &str)], headed: bool) -> Label {
        let columns: Vec<(&str, Answers)> = columns
            .iter()
            .map(|(name, values)| (*name, texts(values)))
            .collect();
        choose(&columns, headed)
    }

    fn clear(columns: &[(&str, &str)], headed: bool) -> Option<usize> {
        match chosen(columns, headed) {
            Label::Clear(candidate) => Some(candidate.column),
            Label::Open { .. } => None,
        }
    }

    #[test]
    fn one_clear_candidate_is_taken() {
        for (columns, place) in [
            (&[("user", "a b c"), ("click", "0 1")][..], 1),
            (&[("is_new", "0 1"), ("Clicked", "no yes")], 1),
            (&[("rating", "1 2 3 4 5"), ("is_new", "0 1")], 0),
            (&[("sex", "m f"), ("label", "-1 +1")], 1),
        ] {
            assert_eq!(clear(columns, true), Some(place), "{columns:?}");
        }
        assert_eq!(clear(&[("c1", "0 1"), ("c2", "1 5 9")], false), Some(0));
        assert_eq!(clear(&[("c1", "a b c"), ("c2", "1 0")], false), Some(1));
    }

    #[test]
    fn where_two_could_be_it_none_is() {
        for (columns, headed, expected) in [
            (
                &[("click", "0 1"), ("purchase", "0 1")][..],
                true,
                &[0, 1][..],
            ),
            (&[("click", "0 1"), ("rating", "1 2 3 4 5")], true, &[0, 1]),
            (&[("click", "yes Yes no")], true, &[0]),
            (
                &[("click", "0 1"), ("is_sold", "yes Yes no")],
                true,
                &[0, 1],
            ),
            (&[("active", "0 1")], true, &[0]),
            (&[("clicks", "0 1 2 17")], true, &[0]),
            (
                &[("sex", "m f"), ("income", ">50K <=50K <=50K.")],
                true,
                &[0, 1],
            ),
            (&[("c1", "0 1"), ("c2", "1 0")], false, &[0, 1]),
            (&[("c1", "a b"), ("c2", "0 1"), ("c3", "x y")], false, &[1]),
            (&[("click", "1")], true, &[]),
        ] {
            let label = chosen(columns, headed);
            assert!(
                matches!(label, Label::Open { .. }),
                "{columns:?}: {label:?}"
            );
            assert_eq!(label.columns(), expected, "{columns:?}");
        }
        let Label::Open { why, .. } = chosen(&[("click", ""), ("x", "a b c")], true) else {
            panic!()
        };
        assert!(why.contains("no row has a value in `click`"), "{why}");
        let Label::Open { why, .. } = chosen(&[("click", "1"), ("x", "a b c")], true) else {
            panic!()
        };
        assert!(why.contains("always \"1\""), "{why}");
        let many: Vec<(String, &str)> = (0..40).map(|n| (format!("f{n}"), "0 1")).collect();
        let many: Vec<(&str, &str)> = many
            .iter()
            .map(|(name, values)| (name.as_str(), *values))
            .collect();
        let Label::Open {
            why,
            more,
            candidates,
        } = chosen(&many, true)
        else {
            panic!()
        };
        assert_eq!((candidates.len(), more), (WRITTEN, 35));
        assert!(why.contains("and 35 more"), "{why}");
    }
}
