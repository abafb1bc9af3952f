//! Drafts of small tables.

mod files;
mod kinds;
mod labels;

use std::path::Path;

use super::guess::Kind;
use super::label::Label;
use super::write::Place;
use super::{Ask, Draft, draft};
use crate::Result;
use crate::data::protocol::time::TimeFormat;
use crate::data::protocol::{Protocol, file};
use crate::data::source::columns::ColumnRef;
use crate::data::source::layout::Layout;
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
            column("click", |row| u8::from(noise(row).is_multiple_of(3))),
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
fn a_first_line_that_may_be_a_header_is_told() {
    let columns = [column("c1", |row| match row {
        0 => "price".to_owned(),
        row => (row * 31 % 301).to_string(),
    })];
    let mut table = table(&columns);
    table
        .push("c2", texts(&["0", "1"].repeat(ROWS / 2)))
        .unwrap();
    let names = ["c1", "c2"].map(str::to_owned);
    let layout = Layout {
        header: Some(false),
        ..Layout::default()
    };
    let mut reader = TableReader::of_file(table, Path::new("a.csv"));
    let draft = draft(&mut reader, &names, &layout, &Ask::default()).unwrap();
    assert!(
        draft.warnings.iter().any(|w| w.contains("--header yes")),
        "{:?}",
        draft.warnings
    );
}
