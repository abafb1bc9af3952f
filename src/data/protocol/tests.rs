//! Schema files.

use std::path::Path;

use super::*;

const CLICKS: &str = r#"
name = "clicks"

[input]
files = ["clicks.csv"]
delimiter = ";"

[label]
column = "stars"
positive = ">= 4"

[rows]
drop = ["stars == 3"]

[roles]
user = "user"
time = { column = "when", format = "iso" }

[tables.items]
file = "items.csv"
key = "item"

[[field]]
name = "user"
kind = "categorical"
min_count = 2

[[field]]
name = "hour"
kind = "categorical"
column = "when"
part = { of = "hour", format = "iso" }

[[field]]
name = "price"
kind = "numeric"
column = 7
transform = "log"
"#;

fn refused(from: &str, to: &str) -> String {
    assert!(CLICKS.contains(from), "{from}");
    let text = CLICKS.replace(from, to);
    file::parse(&text, Path::new("clicks.toml"))
        .unwrap_err()
        .to_string()
}

#[test]
fn a_schema_file_becomes_a_protocol_and_comes_back() {
    let protocol = file::parse(CLICKS, Path::new("clicks.toml")).unwrap();
    assert_eq!(protocol.fields.len(), 3);
    assert_eq!(protocol.fields[2].sources(), [ColumnRef::Number(7)]);
    assert_eq!(protocol.metrics.len(), 6);
    let text = toml::to_string(&protocol).unwrap();
    assert_eq!(toml::from_str::<Protocol>(&text).unwrap(), protocol);
    let json = serde_json::to_string(&protocol).unwrap();
    assert_eq!(serde_json::from_str::<Protocol>(&json).unwrap(), protocol);
}

#[test]
fn what_is_unknown_or_impossible_is_told_with_its_line() {
    assert!(
        refused("delimiter", "delimeter").starts_with("clicks.toml:6: unknown field `delimeter`")
    );
    assert!(refused("min_count = 2", "min_count = 0").contains("`min_count` is 0"));
    assert!(refused("min_count = 2", "min_count = -2").starts_with("clicks.toml:26:"));
    assert!(refused("\">= 4\"", "\"4\"").starts_with("clicks.toml:10:"));
    assert!(refused("name = \"price\"", "name = \"user\"").contains("`user` is there twice"));
    assert!(refused("kind = \"numeric\"", "kind = \"number\"").starts_with("clicks.toml:36:"));
    assert!(refused("column = 7", "column = \"stars\"").contains("told the answer"));
    assert!(
        refused("transform = \"log\"", "transform = \"quantile\"")
            .contains("kind = \"categorical\"")
    );
    assert!(refused("name = \"clicks\"", "name = \"../clicks\"").starts_with("clicks.toml:2:"));
    assert!(
        refused(
            "[rows]",
            "[split]\nrule = \"global-time\"\ntest = 1.5\nvalidation = 0.1\n[rows]"
        )
        .contains("test")
    );
}

#[test]
fn a_missing_label_is_told_with_what_to_do() {
    let label = "[label]\ncolumn = \"stars\"\npositive = \">= 4\"\n";
    assert!(refused(label, "").starts_with("clicks.toml:1: there is no [label]: say which"));
    let one = "# [label]\n# column = \"stars\"\n";
    let error = refused(label, one);
    assert!(
        error.starts_with("clicks.toml:8:") && error.contains("one candidate"),
        "{error}"
    );
    let error = refused(label, &format!("{one}#\n{one}"));
    assert!(
        error.contains("2 candidates commented out: keep one"),
        "{error}"
    );
}
