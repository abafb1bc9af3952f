//! Small tables for the tests of this folder.

use proptest::prelude::*;

use super::protocol::label::LabelRule;
use super::protocol::time::TimeColumn;
use super::protocol::{FitOn, Protocol, Roles};
use super::schema::{FieldKind, FieldSpec};
use super::split::SplitRule;
use super::table::{Table, Values};

/// A text column; the dictionary holds texts in the order of their first row.
pub(crate) fn texts(rows: &[&str]) -> Values {
    let mut dictionary: Vec<String> = Vec::new();
    let codes = rows
        .iter()
        .map(|&text| {
            let known = dictionary.iter().position(|t| t == text);
            known.unwrap_or_else(|| {
                dictionary.push(text.to_owned());
                dictionary.len() - 1
            }) as u32
        })
        .collect();
    Values::Text { dictionary, codes }
}

/// A table of raw rows: user, tags (multi-valued), weight (a number as text), rating.
pub(crate) fn table(rows: &[(String, String, String, u8)]) -> Table {
    let column = |text: fn(&(String, String, String, u8)) -> &str| {
        texts(&rows.iter().map(text).collect::<Vec<_>>())
    };
    let number = |number: fn(&(String, String, String, u8)) -> f64| {
        Values::Number(rows.iter().map(number).collect())
    };
    let mut table = Table::new(rows.len());
    let columns = [
        ("user", column(|row| &row.0)),
        ("tags", column(|row| &row.1)),
        ("weight", column(|row| &row.2)),
        ("rating", number(|row| f64::from(row.3))),
        ("timestamp", number(|row| f64::from(row.3 % 3))),
        ("true_probability", number(|row| f64::from(row.3) / 8.0)),
    ];
    for (name, values) in columns {
        table.push(name, values).unwrap();
    }
    table
}

/// A protocol for [`table`]: all three kinds of field, rating 3 dropped.
pub(crate) fn protocol(fit_on: FitOn, split: SplitRule) -> Protocol {
    let label = LabelRule {
        column: "rating".into(),
        positive: ">= 4".parse().ok(),
    };
    let mut protocol = Protocol::new("test", label);
    protocol.fields = vec![
        FieldSpec::new("user", FieldKind::Categorical),
        FieldSpec::new("tags", FieldKind::MultiValued),
        FieldSpec::new("weight", FieldKind::Numeric),
    ];
    protocol.rows.drop = vec!["rating == 3".parse().unwrap()];
    protocol.split = split;
    protocol.fit_on = fit_on;
    protocol.roles = Roles {
        user: Some("user".into()),
        time: Some(TimeColumn::Seconds("timestamp".into())),
        true_probability: Some("true_probability".into()),
        ..Roles::default()
    };
    protocol
}

/// The random split 8:1:1.
pub(crate) fn random_split(seed: u64) -> SplitRule {
    SplitRule::Random {
        parts: [8, 1, 1],
        seed,
    }
}

/// Raw rows for [`table`], at least two that are not dropped. Numbers are quarters: exact in JSON.
pub(crate) fn any_rows() -> impl Strategy<Value = Vec<(String, String, String, u8)>> {
    let weight = prop_oneof![
        1 => Just(String::new()),
        4 => (-8i32..8).prop_map(|quarters| (f64::from(quarters) / 4.0).to_string()),
    ];
    let row = ("[a-dé]{0,2}", "[xyz]?(\\|[xyz]){0,3}", weight, 1u8..=5);
    proptest::collection::vec(row, 2..40).prop_map(|mut rows| {
        rows[0].3 = 5;
        rows[1].3 = 1;
        rows
    })
}
