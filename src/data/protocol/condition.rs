//! Tests of a raw value, as a schema file writes them: `>= 4`, `== yes`, `in de, at`; with a column in front, `rating == 3`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::data::source::columns::ColumnRef;

/// A test of one value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Test {
    /// The number compares like this with the bound; a missing value or a text that is no number passes no such test.
    Compare(Order, f64),
    /// One of these. Numbers are equal when their values are (`3` and `3.0`), other texts when they are the same.
    OneOf(Vec<String>),
    /// None of these.
    NoneOf(Vec<String>),
}

/// How a number stands to a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `>=`
    AtLeast,
    /// `>`
    Above,
    /// `<=`
    AtMost,
    /// `<`
    Below,
}

/// The operators, the longer before those they begin with.
const OPERATORS: [&str; 8] = [">=", "<=", "==", "!=", ">", "<", "=", "in "];

impl Test {
    /// Whether a raw text passes.
    pub fn passes(&self, text: &str) -> bool {
        match self {
            Test::Compare(order, bound) => number(text).is_some_and(|x| order.holds(x, *bound)),
            Test::OneOf(all) => all.iter().any(|one| same(one, text)),
            Test::NoneOf(all) => !all.iter().any(|one| same(one, text)),
        }
    }

    /// Whether a number passes; NaN is the missing value.
    pub fn passes_number(&self, x: f64) -> bool {
        if x.is_nan() {
            return self.passes("");
        }
        match self {
            Test::Compare(order, bound) => order.holds(x, *bound),
            Test::OneOf(all) => all.iter().any(|one| number(one) == Some(x)),
            Test::NoneOf(all) => !all.iter().any(|one| number(one) == Some(x)),
        }
    }

    /// Whether only numbers can be tested.
    pub fn wants_number(&self) -> bool {
        matches!(self, Test::Compare(..))
    }
}

impl Order {
    fn holds(self, x: f64, bound: f64) -> bool {
        match self {
            Order::AtLeast => x >= bound,
            Order::Above => x > bound,
            Order::AtMost => x <= bound,
            Order::Below => x < bound,
        }
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|x: &f64| !x.is_nan())
}

fn same(wanted: &str, text: &str) -> bool {
    wanted == text
        || number(wanted)
            .zip(number(text))
            .is_some_and(|(a, b)| a == b)
}

impl FromStr for Test {
    type Err = String;

    fn from_str(text: &str) -> Result<Test, String> {
        let text = text.trim();
        let Some(operator) = OPERATORS.into_iter().find(|op| text.starts_with(op)) else {
            return Err(format!(
                "`{text}` is no test: expected one of >=, >, <=, <, ==, != or `in`, then a value"
            ));
        };
        let value = text[operator.len()..].trim();
        if value.is_empty() {
            return Err(format!(
                "`{text}` lacks the value behind `{}`",
                operator.trim()
            ));
        }
        let bound = |order| {
            let bound = number(value).filter(|x| x.is_finite());
            bound
                .map(|bound| Test::Compare(order, bound))
                .ok_or_else(|| {
                    format!("`{value}` in `{text}` is no number, which `{operator}` compares")
                })
        };
        match operator {
            ">=" => bound(Order::AtLeast),
            ">" => bound(Order::Above),
            "<=" => bound(Order::AtMost),
            "<" => bound(Order::Below),
            "!=" => Ok(Test::NoneOf(vec![unquoted(value)])),
            "in " => Ok(Test::OneOf(listed(value))),
            _ => Ok(Test::OneOf(vec![unquoted(value)])),
        }
    }
}

/// The values of a list; a comma within quotes is one of the value.
fn listed(list: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut rest = list.trim();
    loop {
        let quoted = ['"', '\''].into_iter().find_map(|quote| {
            let inner = rest.strip_prefix(quote)?;
            // The quote that ends a value stands before a comma or at the end.
            let mut ends = inner.match_indices(quote).map(|(end, _)| end);
            let is_end = |end: &usize| {
                let behind = inner[end + 1..].trim_start();
                behind.is_empty() || behind.starts_with(',')
            };
            let end = ends.find(is_end)?;
            Some((&inner[..end], inner[end + 1..].trim_start()))
        });
        let (value, behind) = match quoted {
            Some((value, behind)) => (value, behind),
            None => {
                let (value, behind) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
                (value.trim(), behind)
            }
        };
        values.push(value.to_owned());
        match behind.strip_prefix(',') {
            Some(behind) => rest = behind.trim_start(),
            None => return values,
        }
    }
}

/// A value may stand in quotes: `== "yes"`, `== ""` for a missing one.
fn unquoted(value: &str) -> String {
    for quote in ['"', '\''] {
        let inner = value
            .strip_prefix(quote)
            .and_then(|v| v.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner.to_owned();
        }
    }
    value.to_owned()
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |all: &[String]| {
            let quoted: Vec<String> = all.iter().map(|v| format!("\"{v}\"")).collect();
            quoted.join(", ")
        };
        match self {
            Test::Compare(order, bound) => {
                let operator = match order {
                    Order::AtLeast => ">=",
                    Order::Above => ">",
                    Order::AtMost => "<=",
                    Order::Below => "<",
                };
                write!(f, "{operator} {bound}")
            }
            Test::OneOf(all) if all.len() == 1 => write!(f, "== {}", listed(all)),
            Test::OneOf(all) => write!(f, "in {}", listed(all)),
            Test::NoneOf(all) => write!(f, "!= {}", listed(all)),
        }
    }
}

impl TryFrom<String> for Test {
    type Error = String;

    fn try_from(text: String) -> Result<Test, String> {
        text.parse()
    }
}

impl From<Test> for String {
    fn from(test: Test) -> String {
        test.to_string()
    }
}

/// A test of the value in a column: `rating == 3`, `"device type" in tv, phone`, `#4 >= 1` (column number 4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Condition {
    /// Of the rows or of a joined table.
    pub column: ColumnRef,
    /// What its value has to pass; a missing one passes no test of an amount.
    pub test: Test,
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Condition, String> {
        let text = text.trim();
        let (column, test) = match text.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
            Some((column, test)) => (column, test),
            None => {
                let place = OPERATORS.iter().filter_map(|op| place_of(text, op)).min();
                let place = place.ok_or_else(|| {
                    format!("`{text}` is no condition: expected a column, then a test such as == 3")
                })?;
                text.split_at(place)
            }
        };
        let column = column.trim();
        let column = match column.strip_prefix('#').map(str::parse) {
            Some(Ok(number)) => ColumnRef::Number(number),
            _ => ColumnRef::from(column),
        };
        Ok(Condition {
            column,
            test: test.parse()?,
        })
    }
}

/// Where an operator begins; `in` is a word of its own.
fn place_of(text: &str, operator: &str) -> Option<usize> {
    match operator.trim_end() == operator {
        true => text.find(operator),
        false => text.find(&format!(" {operator}")).map(|place| place + 1),
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            ColumnRef::Number(number) => write!(f, "#{number} {}", self.test),
            ColumnRef::Name(name) => write!(f, "\"{name}\" {}", self.test),
        }
    }
}

impl TryFrom<String> for Condition {
    type Error = String;

    fn try_from(text: String) -> Result<Condition, String> {
        text.parse()
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> String {
        condition.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(test: &str, text: &str) -> bool {
        test.parse::<Test>().unwrap().passes(text)
    }

    #[test]
    fn values_are_compared_as_people_mean_it() {
        assert!(passes(">= 4", "4") && passes(">=4", "4.5") && !passes(">= 4", "3"));
        assert!(!passes(">= 4", "") && !passes("< 4", "four"));
        assert!(passes("== 3", "3.0") && passes("= yes", "yes") && !passes("== yes", "Yes"));
        assert!(passes("== \"\"", "") && passes("!= no", "") && passes("in a, 'b'", "b"));
        assert!(passes("< 0", "-1") && passes("> 1", "2") && passes("<= 1", "1"));
        let test: Test = ">= 4".parse().unwrap();
        assert!(test.passes_number(4.0) && !test.passes_number(f64::NAN));
        let test: Test = "== 3".parse().unwrap();
        assert!(test.passes_number(3.0) && !test.passes_number(4.0));
    }

    #[test]
    fn what_is_no_test_says_what_one_is() {
        let refused = |text: &str| text.parse::<Test>().unwrap_err();
        assert!(refused("4").contains("expected one of"));
        assert!(refused(">=").contains("lacks the value"));
        assert!(refused(">= yes").contains("no number"));
        assert!(
            "rating"
                .parse::<Condition>()
                .unwrap_err()
                .contains("expected a column")
        );
    }

    #[test]
    fn conditions_come_back_as_they_were() {
        for text in [
            "rating == 3",
            "#4 >= 1",
            "\"device type\" in tv, phone",
            "a != \"\"",
        ] {
            let condition: Condition = text.parse().unwrap();
            assert_eq!(
                condition.to_string().parse::<Condition>().unwrap(),
                condition
            );
        }
        let test: Test = "in \"a, b\", 'c', d, it's, \"\"".parse().unwrap();
        let values = ["a, b", "c", "d", "it's", ""].map(str::to_owned);
        assert_eq!(test, Test::OneOf(values.to_vec()));
        assert_eq!(test.to_string().parse::<Test>().unwrap(), test);
        let condition: Condition = "main in a, b".parse().unwrap();
        assert_eq!(condition.column, ColumnRef::from("main"));
        let condition: Condition = "#4 >= 1".parse().unwrap();
        assert_eq!(condition.column, ColumnRef::Number(4));
    }
}
