//! What somebody who starts `init` already knows.

use crate::data::protocol::condition::Test;
use crate::data::source::columns::ColumnRef;
use crate::error::{Error, Result};

/// What is said at once instead of guessed. Columns by name, or by number from 1 when no column has that name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    /// The label, perhaps with a test behind it: `rating>=4`, `bought=yes`.
    pub label: Option<String>,
    /// The column of users' ids; none: a guess by name and values. So with the next two.
    pub user: Option<String>,
    /// The column of items' ids.
    pub item: Option<String>,
    /// The column of times.
    pub time: Option<String>,
    /// About how many rows to look at; `None`: all.
    pub rows: Option<usize>,
    /// What the columns are by their types, where these tell, in their order; may be shorter.
    pub types: Vec<Option<Type>>,
}

/// A type that a column of a data frame has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A category, a truth value: one of some values.
    Category,
    /// A text, also where it holds digits.
    Text,
    /// Seconds since 1970.
    Moment,
    /// Any number of values.
    List,
}

/// What a test begins with, the longer before those they begin with.
const OPERATORS: [&str; 8] = [">=", "<=", "==", "!=", ">", "<", "=", "in "];

/// The place of a column that an option names.
///
/// # Errors
/// When there is none; the message names the option and the columns.
pub(super) fn column(option: &str, text: &str, names: &[String]) -> Result<usize> {
    place(text, names).map_err(|error| Error::config(option, error.to_string()))
}

fn place(text: &str, names: &[String]) -> Result<usize> {
    let text = text.trim();
    let reference = match text.parse() {
        Ok(number) if !names.iter().any(|name| name == text) => ColumnRef::Number(number),
        _ => ColumnRef::from(text),
    };
    reference.place(names)
}

/// The label's column, and its test.
///
/// # Errors
/// As `column`, and when what stands behind the column is no test.
pub(super) fn label(text: &str, names: &[String]) -> Result<(usize, Option<Test>)> {
    const OPTION: &str = "--label";
    let text = text.trim();
    if names.iter().any(|name| name == text) {
        return Ok((column(OPTION, text, names)?, None));
    }
    // A column may itself hold an operator: the longest name that the text begins with is meant.
    let behind = |name: &str| {
        let rest = text.strip_prefix(name)?.trim_start();
        OPERATORS
            .iter()
            .any(|op| rest.starts_with(op))
            .then_some(rest)
    };
    let known = names.iter().filter(|name| !name.is_empty());
    let known = known.filter_map(|name| Some((name.as_str(), behind(name)?)));
    let (name, rest) = match known.max_by_key(|(name, _)| name.len()) {
        Some((name, rest)) => (name, Some(rest)),
        None => {
            let end = text
                .find(['>', '<', '=', '!'])
                .or_else(|| text.find(" in "));
            let (name, rest) = text.split_at(end.unwrap_or(text.len()));
            (name, Some(rest.trim()).filter(|rest| !rest.is_empty()))
        }
    };
    let place = column(OPTION, name, names)?;
    let test = rest.map(str::parse).transpose();
    Ok((
        place,
        test.map_err(|what: String| Error::config(OPTION, what))?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        ["rating", "in stock", "a=b", "3", "a", ""]
            .map(str::to_owned)
            .to_vec()
    }

    #[test]
    fn labels_in_every_form() {
        let names = names();
        for (text, place, test) in [
            ("rating", 0, None),
            ("rating>=4", 0, Some(">= 4")),
            ("rating >= 4", 0, Some(">= 4")),
            ("in stock", 1, None),
            ("in stock=yes", 1, Some("== yes")),
            ("a=b", 2, None),
            ("a=b=c", 2, Some("== c")),
            ("a=c", 4, Some("== c")),
            ("a in x, y", 4, Some("in x, y")),
            ("3", 3, None),
            ("3==1", 3, Some("== 1")),
            ("1", 0, None),
            ("1>=4", 0, Some(">= 4")),
            ("2 in x", 1, Some("== x")),
            ("a=>50K", 4, Some("== >50K")),
        ] {
            let expected = test.map(|test| test.parse().unwrap());
            assert_eq!(label(text, &names).unwrap(), (place, expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_there_is_told() {
        let refused = |text: &str| label(text, &names()).unwrap_err().to_string();
        assert!(refused("stars>=4").contains("no column `stars`"));
        assert!(
            refused("stars>=4").contains("--label") && refused("7").contains("expected 1 to 6")
        );
        assert!(refused("rating>=").contains("lacks the value"));
        assert!(
            column("--user", "who", &names())
                .unwrap_err()
                .to_string()
                .contains("--user")
        );
    }
}
