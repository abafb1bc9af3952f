//! What columns are taken for.

use super::*;
use crate::data::protocol::field::{FieldKind, Transform};
use crate::data::protocol::time::TimeFormat;

#[test]
fn every_kind_is_told() {
    for (name, kind_of, cell) in [
        ("a", Kind::Constant, (|_| "x".into()) as fn(usize) -> String),
        ("a", Kind::Constant, |_| String::new()),
        ("a", Kind::Categorical, |row| (row % 20).to_string()),
        ("a", Kind::Numeric(Transform::MinMax), |row| {
            (noise(row) % 997).to_string()
        }),
        ("a", Kind::Numeric(Transform::MinMax), |row| {
            format!("{}.5", noise(row) % 9_999)
        }),
        ("a", Kind::Numeric(Transform::Log), |row| {
            if row % 50 == 0 { row * 9_999 } else { row % 30 }.to_string()
        }),
        ("site_id", Kind::Categorical, |row| {
            (noise(row) % 97).to_string()
        }),
        ("C14", Kind::Categorical, |row| {
            (noise(row) % 97).to_string()
        }),
        ("a", Kind::RowId, |row| (row + 1000).to_string()),
        ("a", Kind::RowId, |row| {
            format!("{}", 16_294_208_416_658_607_535_u64 - row as u64)
        }),
        ("a", Kind::RowId, |row| format!("x{row}")),
        ("a", Kind::Categorical, |row| format!("x{}", row / 2)),
        ("a", Kind::FreeText, |row| {
            format!("this one is number {row}, said the fox to the hen")
        }),
        ("a", Kind::Time(TimeFormat::Seconds), |row| {
            (1_700_000_000 + 977 * row).to_string()
        }),
        ("a", Kind::Time(TimeFormat::Milliseconds), |row| {
            (1_700_000_000_123 + 977_000 * row).to_string()
        }),
        ("a", Kind::Time(TimeFormat::Microseconds), |row| {
            (1_700_000_000_123_456_u64 + row as u64).to_string()
        }),
        ("a", Kind::Time(TimeFormat::Iso), |row| {
            format!("2014-10-{:02}", 1 + row % 30)
        }),
        ("a", Kind::Time(TimeFormat::Iso), |row| {
            format!("2014-10-01T{:02}:30:00Z", row % 24)
        }),
        ("hour", Kind::Time(TimeFormat::Yymmddhh), |row| {
            format!("141021{:02}", row % 24)
        }),
        ("a", Kind::Categorical, |row| {
            format!("141021{:02}", row % 20)
        }),
        ("hash", Kind::Categorical, |row| {
            (788_918_400 + noise(row) % 99).to_string()
        }),
    ] {
        assert_eq!(kind(name, cell), kind_of, "{name} {} {}", cell(0), cell(1));
    }
}

#[test]
fn lists_are_told_by_values_that_come_back() {
    let list = |row: usize, separator: &str| {
        let parts =
            (0..1 + row % 3).map(|n| format!("tag{}", (noise(row) % 15 + n * (1 + row % 4)) % 15));
        parts.collect::<Vec<_>>().join(separator)
    };
    for separator in ["|", ";", ", ", ",", " "] {
        assert_eq!(
            kind("tags", move |row| list(row, separator)),
            Kind::MultiValued(Some(separator.to_owned())),
            "{separator:?}"
        );
    }
    assert_eq!(
        kind("tags", move |row| list(row, "\u{1f}")),
        Kind::MultiValued(None)
    );
    let few = |row: usize| ["red|blue", "blue", "green|red", "red"][row % 4].to_owned();
    assert_eq!(kind("tags", few), Kind::MultiValued(Some("|".to_owned())));
    let pairs = |row: usize| ["a|b", "c|d"][row % 2].to_owned();
    assert_eq!(kind("tags", pairs), Kind::Categorical);
    // Names of two words, and places with a comma.
    assert_eq!(
        kind("name", |row| format!("Anna{} Smith{}", row % 50, row % 49)),
        Kind::RowId
    );
    let towns = |row: usize| format!("Town {}, {}", row % 150, row % 5);
    assert_eq!(kind("town", towns), Kind::Categorical);
    let draft = with(vec![column("tags", move |row| list(row, ";"))]);
    let field = &protocol(&draft).fields[2];
    assert_eq!(
        (field.kind, field.separator()),
        (FieldKind::MultiValued, ";")
    );
}

#[test]
fn markers_among_numbers_mean_missing() {
    let draft = with(vec![
        column("price", |row| {
            if row % 9 == 0 {
                "NA".into()
            } else {
                format!("{}.25", noise(row) % 300)
            }
        }),
        column("age", |row| {
            if row % 11 == 0 {
                "?".into()
            } else {
                (noise(row) % 60).to_string()
            }
        }),
        column("kind", |row| if row % 3 == 0 { "-" } else { "x" }),
    ]);
    assert_eq!(draft.missing, ["?", "NA"]);
    assert!(matches!(draft.columns[3].guess.kind, Kind::Numeric(_)));
    assert_eq!(draft.columns[3].profile.missing, 45);
    assert_eq!(draft.columns[5].guess.kind, Kind::Categorical);
    assert_eq!(protocol(&draft).input.missing, ["?", "NA"]);
    assert!(
        draft
            .warnings
            .iter()
            .any(|w| w.contains("\"?\", \"NA\" mean \"missing\"")),
        "{:?}",
        draft.warnings
    );
}

#[test]
fn mixed_types_are_told_with_the_first_row_that_breaks_them() {
    let draft = with(vec![column("price", |row| {
        if row == 77 {
            "n.v.".into()
        } else {
            (noise(row) % 300).to_string()
        }
    })]);
    assert_eq!(draft.columns[3].guess.kind, Kind::Categorical);
    let told = |w: &&String| w.contains("`price`") && w.contains("\"n.v.\" at row 78");
    assert!(
        draft.warnings.iter().any(|w| told(&w)),
        "{:?}",
        draft.warnings
    );
    let draft = with(vec![column("price", |row| {
        format!("{},5", noise(row) % 300)
    })]);
    assert!(
        draft.warnings.iter().any(|w| w.contains("decimal point")),
        "{:?}",
        draft.warnings
    );
}

#[test]
fn times_that_do_not_differ_give_no_fields_and_names_do_not_collide() {
    let draft = with(vec![
        column("day", |_| "2014-10-21"),
        column("made", |row| format!("2014-10-21 {:02}:00", row % 24)),
        column("hour", |row| row % 3),
    ]);
    let names: Vec<String> = protocol(&draft)
        .fields
        .iter()
        .map(|f| f.name.clone())
        .collect();
    assert_eq!(names, ["user", "item", "made_hour", "hour"]);
}
