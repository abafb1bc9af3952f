//! Whether all ranks are about to do the same.
//!
//! Ranks of another version, or with other data, would train a model that no single process can, or wait for each other forever. So
//! each tells what it is and was told, by name, and all compare before anything is trained.

use super::{Ranks, gather_unknown};
use crate::error::{Error, Result, one_line};

/// A fact's name and what it is, as text.
pub type Fact = (&'static str, String);

/// Refuses to go on when some rank's facts differ from those of rank 0.
///
/// # Errors
/// Names the first rank that differs and in what, on every rank alike.
pub fn agree(ranks: &dyn Ranks, facts: &[Fact]) -> Result<()> {
    let text: Vec<String> = facts
        .iter()
        .map(|(name, value)| format!("{name}\t{}", one_line(value)))
        .collect();
    let all = texts(ranks, &text.join("\n"));
    for (rank, text) in all.iter().enumerate().skip(1) {
        // One may have more of them than the other.
        let most = all[0].lines().count().max(text.lines().count());
        let lines = lines_of(&all[0]).zip(lines_of(text)).take(most);
        let Some((first, other)) = lines.into_iter().find(|(a, b)| a != b) else {
            continue;
        };
        let part = |line: &str| {
            let (name, value) = line.split_once('\t').unwrap_or(("", "nothing"));
            (name.to_owned(), value.to_owned())
        };
        let ((of_one, of_first), (of_two, of_other)) = (part(first), part(other));
        let name = if of_one.is_empty() { of_two } else { of_one };
        return Err(Error::Data(format!(
            "the ranks do not agree on {name}: rank 0 has `{of_first}`, rank {rank} has `{of_other}`; start them all alike"
        )));
    }
    Ok(())
}

/// The lines, and then empty ones.
fn lines_of(text: &str) -> impl Iterator<Item = &str> {
    text.lines().chain(std::iter::repeat(""))
}

/// What the first rank says.
pub fn said_by_first(ranks: &dyn Ranks, mine: &str) -> String {
    texts(ranks, mine).swap_remove(0)
}

/// Everybody's text, in the order of the ranks.
fn texts(ranks: &dyn Ranks, mine: &str) -> Vec<String> {
    // A word a byte: a few kilobytes, once.
    let words: Vec<u32> = mine.bytes().map(u32::from).collect();
    let mut all = Vec::new();
    let lengths = gather_unknown(ranks, &words, &mut all);
    let mut rest = &all[..];
    let mut texts = Vec::new();
    for length in lengths {
        let (own, others) = rest.split_at(length);
        let bytes = own.iter().map(|&word| word as u8).collect::<Vec<_>>();
        texts.push(String::from_utf8_lossy(&bytes).into_owned());
        rest = others;
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranks::Alone;
    use crate::ranks::threads::together;

    #[test]
    fn ranks_that_differ_are_named_with_what_differs() {
        let facts = |value: &str| {
            vec![
                ("the version", "1".to_owned()),
                ("the data", value.to_owned()),
            ]
        };
        let found = together(3, |ranks| {
            let own = if ranks.rank() == 2 { "other" } else { "same" };
            agree(&*ranks, &facts(own)).unwrap_err().to_string()
        });
        for message in found {
            assert!(
                message.contains("on the data: rank 0 has `same`, rank 2 has `other`"),
                "{message}"
            );
        }
        let agreed = together(3, |ranks| agree(&*ranks, &facts("same")).is_ok());
        assert_eq!(agreed, [true; 3]);
        agree(&Alone, &facts("any")).unwrap();
    }

    #[test]
    fn a_fact_more_is_a_difference() {
        let found = together(2, |ranks| {
            let more = (ranks.first()).then(|| ("the settings", "sharded".to_owned()));
            let facts = [("the version", "1".to_owned())];
            let facts: Vec<Fact> = facts.into_iter().chain(more).collect();
            agree(&*ranks, &facts).unwrap_err().to_string()
        });
        for message in found {
            let expected = "on the settings: rank 0 has `sharded`, rank 1 has `nothing`";
            assert!(message.contains(expected), "{message}");
        }
    }
}
