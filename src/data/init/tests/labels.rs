//! Labels that are said, clear or open.

use super::*;
use crate::Error;
use crate::data::protocol::condition::Test;

#[test]
fn a_label_is_taken_as_it_is_said() {
    let columns = || {
        vec![
            column("x", |row| row % 7),
            column("stars", |row| 1 + noise(row) % 5),
            column("sold", |row| ["yes", "Yes", "no"][noise(row) % 3]),
            column("income", |row| {
                [">50K", "<=50K", ">50K.", "<=50K."][noise(row) % 4]
            }),
            column("town", |row| ["a", "b", "c"][noise(row) % 3]),
        ]
    };
    let said = |label: &str| {
        drafted(
            &columns(),
            &Ask {
                label: Some(label.into()),
                ..Ask::default()
            },
        )
    };
    for (text, column, test) in [
        ("stars", "stars", ">= 4"),
        ("stars>=3", "stars", ">= 3"),
        ("2==5", "stars", "== 5"),
        ("sold", "sold", "in yes, Yes"),
        ("sold=yes", "sold", "in yes, Yes"),
        ("income=>50K", "income", "in >50K, >50K."),
        ("town in a, b", "town", "in a, b"),
    ] {
        let found = protocol(&said(text).unwrap()).label;
        assert_eq!(found.column, ColumnRef::from(column), "{text}");
        let (Some(Test::OneOf(mut a)), Ok(Test::OneOf(mut b))) =
            (found.positive.clone(), test.parse())
        else {
            assert_eq!(found.positive, test.parse().ok(), "{text}");
            continue;
        };
        a.sort();
        b.sort();
        assert_eq!(a, b, "{text}");
    }
    for (text, what) in [
        ("income", "--label 'income="),
        ("town", "which values of column `town` are positive"),
        ("stars>=6", "no row is positive"),
        ("sold=perhaps", "no row is positive"),
        ("stars>=0", "all rows are positive"),
        ("price", "no column `price`"),
    ] {
        let error = said(text).unwrap_err();
        assert!(matches!(error, Error::Config { .. }), "{text}: {error}");
        assert!(error.to_string().contains(what), "{text}: {error}");
    }
}

#[test]
fn rows_without_a_label_are_left_out() {
    let columns = vec![
        column("x", |row| row % 7),
        column("click", |row| ["0", "1", "", "NA"][noise(row) % 4]),
    ];
    let draft = drafted(&columns, &Ask::default()).unwrap();
    let found = protocol(&draft);
    assert_eq!(found.rows.drop[0].to_string(), "\"click\" == \"\"");
    assert_eq!(found.input.missing, ["NA"]);
    assert!(
        draft.warnings[0].contains("have no label in `click`"),
        "{:?}",
        draft.warnings
    );
    let data = crate::data::encode::encode(&table(&columns), &found).unwrap();
    assert_eq!(
        data.rows() as u64,
        draft.shares[0].positive + draft.shares[0].negative
    );
}

#[test]
fn an_open_label_leaves_candidates_that_can_be_uncommented() {
    let mut columns = plain();
    columns.push(column("bought", |row| noise(row) % 5 / 4));
    let draft = drafted(&columns, &Ask::default()).unwrap();
    assert!(matches!(draft.label, Label::Open { .. }));
    let text = toml(&draft);
    let error = file::parse(&text, Path::new("clicks.toml"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("there is no [label]") && error.contains("2 candidates"),
        "{error}"
    );
    let one = "# [label]\n# column = \"bought\"\n";
    assert!(text.contains(one), "{text}");
    let kept = text.replace(one, &one.replace("# ", ""));
    let kept = file::parse(&kept, Path::new("clicks.toml")).unwrap();
    assert_eq!(kept.label.column, ColumnRef::from("bought"));
    // The other could tell what is to be learnt.
    assert!(kept.fields.iter().all(|field| field.name != "click"));
}
