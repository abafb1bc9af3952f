//! Drafts of small tables.

use std::path::Path;

use proptest::prelude::*;

use super::guess::Kind;
use super::write::Place;
use super::*;
use crate::data::init::ask::Ask;
use crate::data::protocol::field::{FieldKind, FieldSpec, Transform};
use crate::data::protocol::time::TimeFormat;
use crate::data::protocol::{Protocol, file};
use crate::data::source::columns::ColumnRef;
use crate::data::source::table::TableReader;
use crate::data::table::Table;
use crate::data::testing::texts;

type Column<'a> = (&'a str, Box<dyn Fn(usize) -> String>);

const ROWS: usize = 400;

fn column<S: ToString>(name: &str, cell: impl Fn(usize) -> S + 'static) -> Column<'_> {
    (name, Box::new(move |row| cell(row).to_string()))
}

/// A user, an item and a label that none of the other tests' columns tells.
fn plain<'a>() -> Vec<Column<'a>> {
    vec![
        column("user", |row| format!("u{}", row % 37)),
        column("item", |row| format!("i{}", row * 7 % 23)),
        column("click", |row| u8::from(row * 7919 % 101 < 30)),
    ]
}

fn table(columns: &[Column<'_>]) -> Table {
    let mut table = Table::new(ROWS);
    for (name, cell) in columns {
        let rows: Vec<String> = (0..ROWS).map(cell).collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        table.push(*name, texts(&rows)).unwrap();
    }
    table
}

fn drafted(columns: &[Column<'_>], ask: &Ask) -> Result<Draft> {
    let table = table(columns);
    let names: Vec<String> = table.columns().iter().map(|c| c.name.clone()).collect();
    draft(
        &mut TableReader::new(table),
        &names,
        &Layout::default(),
        ask,
    )
}

fn with(columns: Vec<Column<'_>>) -> Draft {
    let all: Vec<Column<'_>> = plain().into_iter().chain(columns).collect();
    drafted(&all, &Ask::default()).unwrap()
}

/// What the column behind the plain ones is taken for.
fn kind(name: &str, cell: impl Fn(usize) -> String + 'static) -> Kind {
    with(vec![column(name, cell)]).columns[3].guess.kind.clone()
}

fn toml(draft: &Draft) -> String {
    let place = Place {
        files: vec!["a \"b\".csv".into()],
        numbered: true,
        ..Place::default()
    };
    draft.toml("clicks", &place, "autoint init 'a \"b\".csv'")
}

fn protocol(draft: &Draft) -> Protocol {
    let text = toml(draft);
    file::parse(&text, Path::new("clicks.toml")).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Numbers without a rhythm.
fn noise(row: usize) -> usize {
    (row + 1).wrapping_mul(2_654_435_761) >> 7
}

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
fn what_hurts_is_left_out_with_its_reason() {
    let is_click = |row: usize| row * 7919 % 101 < 30;
    let draft = with(vec![
        column("shipped", move |row| if is_click(row) { "s" } else { "n" }),
        column("paid_at", move |row| {
            if is_click(row) {
                format!("p{row}")
            } else {
                String::new()
            }
        }),
        column("row", |row| format!("r{row}")),
        column("same", |_| "x"),
    ]);
    let text = toml(&draft);
    let names: Vec<String> = protocol(&draft)
        .fields
        .iter()
        .map(|f| f.name.clone())
        .collect();
    assert_eq!(names, ["user", "item"]);
    for line in [
        "# `shipped` is left out: it nearly equals the label `click`",
        "# `paid_at` is left out: it nearly equals the label `click`",
        "# `row` is left out: one row a value",
        "# `same` is left out: all rows have \"x\"",
        "# name = \"shipped\"",
    ] {
        assert!(text.lines().any(|l| l.starts_with(line)), "{line}\n{text}");
    }
    assert_eq!(draft.warnings.len(), 4, "{:?}", draft.warnings);
}

#[test]
fn roles_come_from_names_and_statistics_or_from_options() {
    let columns = || {
        vec![
            column("session", |row| row % 50),
            column("customer_id", |row| row % 40),
            column("ad_id", |row| row * 3 % 31),
            column("when", |row| 1_700_000_000 + 3_600 * row),
            column("click", |row| u8::from(noise(row) % 3 == 0)),
        ]
    };
    let draft = drafted(&columns(), &Ask::default()).unwrap();
    let found = protocol(&draft);
    assert_eq!(found.roles.user, Some(ColumnRef::from("customer_id")));
    assert_eq!(found.roles.item, Some(ColumnRef::from("ad_id")));
    assert_eq!(
        found.roles.time.map(|t| t.format()),
        Some(TimeFormat::Seconds)
    );
    assert_eq!(found.metrics.len(), 6);
    let fields: Vec<&str> = found.fields.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(
        fields,
        ["session", "customer_id", "ad_id", "hour", "weekday"]
    );

    let ask = Ask {
        user: Some("1".into()),
        item: Some("customer_id".into()),
        ..Ask::default()
    };
    let said = protocol(&drafted(&columns(), &ask).unwrap());
    assert_eq!(said.roles.user, Some(ColumnRef::from("session")));
    assert_eq!(said.roles.item, Some(ColumnRef::from("customer_id")));
    let ask = Ask {
        time: Some("ad_id".into()),
        ..Ask::default()
    };
    assert!(drafted(&columns(), &ask).is_ok());
    let ask = Ask {
        time: Some("nothing".into()),
        ..Ask::default()
    };
    assert!(
        drafted(&columns(), &ask)
            .unwrap_err()
            .to_string()
            .contains("--time")
    );
    // A user with one row has no metrics of its own.
    let own = vec![
        column("user", |row| format!("u{row}")),
        column("x", |row| row % 3),
        column("y", |row| row % 2),
    ];
    let draft = drafted(&own, &Ask::default()).unwrap();
    assert_eq!(draft.roles.user, None);
    assert_eq!(protocol(&draft).metrics.len(), 2);
}

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
        (a.sort(), b.sort());
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

#[test]
fn without_any_field_there_is_no_file() {
    let columns = vec![
        column("row", |row| format!("r{row}")),
        column("click", |row| noise(row) % 2),
    ];
    let error = drafted(&columns, &Ask::default()).unwrap_err().to_string();
    assert!(
        error.contains("no column could be a field") && error.contains("one row a value"),
        "{error}"
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

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[0-3]",
        2 => "[a-c]{0,2}",
        1 => "-?[0-9]{1,4}(\\.[0-9])?",
        1 => any::<String>(),
        1 => Just("NA".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever the table is, the file is a schema that reads it, or lacks the label alone.
    #[test]
    fn a_file_is_a_schema_or_lacks_its_label(
        names in prop::collection::hash_set("(label|user|click|rating|time|[\\PC\n\"#]{1,6}|)", 2..6),
        rows in prop::collection::vec(prop::collection::vec(cell(), 6), 1..30),
        headed: bool,
    ) {
        let mut table = Table::new(rows.len());
        let names: Vec<String> = names.into_iter().collect();
        for (place, name) in names.iter().enumerate() {
            let cells: Vec<&str> = rows.iter().map(|row| row[place].as_str()).collect();
            table.push(name.clone(), texts(&cells)).unwrap();
        }
        let layout = Layout { header: Some(headed), ..Layout::default() };
        let Ok(draft) = draft(&mut TableReader::new(table.clone()), &names, &layout, &Ask::default()) else {
            return Ok(());
        };
        let text = toml(&draft);
        match (&draft.label, file::parse(&text, Path::new("x"))) {
            (Label::Clear(_), Ok(protocol)) => {
                let used: Vec<FieldSpec> = draft.fields.iter().filter(|f| f.is_used()).map(|f| f.spec.clone()).collect();
                let read: Vec<_> = protocol.fields.iter().map(|f| (f.kind, f.sources())).collect();
                prop_assert_eq!(read, used.iter().map(|f| (f.kind, f.sources())).collect::<Vec<_>>());
                // Few rows may leave a part of the split without any.
                if let Err(error) = crate::data::encode::encode(&table, &protocol) {
                    prop_assert!(error.to_string().contains("training row"), "{}\n{}", error, text);
                }
            }
            (Label::Open { .. }, Err(error)) => {
                prop_assert!(error.to_string().contains("there is no [label]"), "{}\n{}", error, text);
            }
            (label, parsed) => prop_assert!(false, "{:?} {:?}\n{}", label, parsed, text),
        }
    }
}
