//! Online and offline are the same, bit for bit.

use std::io::Write;
use std::process::Stdio;

use autoint::data::source::Source;
use autoint::data::table::Values;
use serde_json::{Map, Value, json};

use crate::client::{Server, folder, program};

/// Raw rows of the training data, as JSON and as CSV.
fn rows(count: usize) -> (Vec<Map<String, Value>>, String) {
    let table = Source::named("synthetic:2000").unwrap().table().unwrap();
    let mut rows = vec![Map::new(); count];
    let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
    for column in table.columns() {
        for (row, to) in rows.iter_mut().enumerate() {
            let value = match &column.values {
                Values::Text { dictionary, codes } => json!(dictionary[codes[row] as usize]),
                Values::Number(numbers) => json!(numbers[row]),
            };
            to.insert(column.name.clone(), value);
        }
    }
    let mut csv = names.join(",") + "\n";
    for row in &rows {
        let cells = names.iter().map(|name| match &row[*name] {
            Value::String(text) => format!("\"{}\"", text.replace('"', "\"\"")),
            other => other.to_string(),
        });
        csv += &(cells.collect::<Vec<_>>().join(",") + "\n");
    }
    (rows, csv)
}

fn predicted(csv: &str) -> Vec<[String; 2]> {
    let mut child = program()
        .args(["predict", "run", "--input", "-"])
        .current_dir(folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(csv.as_bytes())
        .unwrap();
    let out = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let line = |line: &str| {
        let mut cells = line.split(',').map(str::to_owned);
        [cells.next().unwrap(), cells.next().unwrap()]
    };
    out.lines().skip(1).map(line).collect()
}

#[test]
fn a_score_has_the_bits_that_predict_gives_alone_or_in_a_batch() {
    let server = Server::start(&[]);
    let (rows, csv) = rows(100);
    let expected = predicted(&csv);
    let score = |rows: &[Map<String, Value>]| -> Vec<[f32; 2]> {
        let answer = server.post("/v1/score", &json!({ "rows": rows }).to_string());
        assert_eq!(answer.status, 200, "{answer:?}");
        let results = answer.json()["results"].as_array().unwrap().clone();
        let number = |value: &Value| value.to_string().parse::<f32>().unwrap();
        results
            .iter()
            .map(|r| [number(&r["logit"]), number(&r["probability"])])
            .collect()
    };
    let expected: Vec<[f32; 2]> = expected
        .iter()
        .map(|row| row.each_ref().map(|text| text.parse().unwrap()))
        .collect();
    assert_eq!(score(&rows), expected);
    for at in [0, 17, 99] {
        assert_eq!(score(&rows[at..=at]), expected[at..=at]);
    }
}

#[test]
fn a_recommendation_is_that_of_the_command_line() {
    let server = Server::start(&[]);
    let out = program()
        .args(["recommend", "run", "--user", "2", "--json"])
        .current_dir(folder())
        .output()
        .unwrap();
    let offline: Value = serde_json::from_slice(&out.stdout).unwrap();
    let online = server.post("/v1/recommend", r#"{"user":"2"}"#).json();
    assert_eq!(online["items"], offline["items"]);
    assert_eq!(online["context"], offline["context"]);
    let explained = server.post(
        "/v1/explain",
        &json!({"user": "2", "item": online["items"][0]["item"]}).to_string(),
    );
    assert_eq!(explained.json()["logit"], online["items"][0]["logit"]);
}

#[test]
fn other_routes_tell_what_there_is() {
    let server = Server::start(&["--run", "other"]);
    let models = server.get("/v1/models").json();
    let names: Vec<&str> = models["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["run", "other"]);
    let user = server.get("/v1/users/1").json();
    assert!(user["columns"]["gender"].is_string() && user["events"].as_u64().unwrap() > 0);
    let by_other = server
        .post("/v1/recommend", r#"{"user":"2","model":"other"}"#)
        .json();
    assert_eq!(by_other["model"], "other");
    assert_ne!(
        by_other["items"],
        server.post("/v1/recommend", r#"{"user":"2"}"#).json()["items"]
    );
    let item = by_other["items"][0]["item"].as_str().unwrap();
    assert_eq!(server.get(&format!("/v1/items/{item}")).json()["id"], item);
    let near = server
        .post("/v1/similar", &json!({"item": item, "top": 3}).to_string())
        .json();
    assert_eq!(near["neighbours"].as_array().unwrap().len(), 3);
    assert_eq!(
        (server.get("/healthz").status, server.get("/readyz").status),
        (200, 200)
    );
    let metrics = server.get("/metrics").body;
    assert!(
        metrics.contains("route=\"/v1/users/{id}\",status=\"200\"} 1"),
        "{metrics}"
    );
    let described = server.get("/openapi.json").json();
    let row = &described["components"]["schemas"]["Row"];
    assert_eq!(row["required"].as_array().unwrap().len(), 14, "{row}");
    let routes = described["paths"].as_object().unwrap();
    for route in [
        "/v1/score",
        "/v1/recommend",
        "/v1/explain",
        "/v1/similar",
        "/v1/models",
    ] {
        assert!(routes.contains_key(route), "{route}");
    }
}

#[test]
fn a_raw_row_is_explained_as_the_command_explains_it() {
    let server = Server::start(&[]);
    let models = server.get("/v1/models").json();
    let fields = models["models"][0]["fields"].as_array().unwrap();
    let mut row = rows(1).0.remove(0);
    row.retain(|name, _| fields.contains(&json!(name)));
    let file = folder().join("row.json");
    std::fs::write(&file, json!(row).to_string()).unwrap();
    let offline = program()
        .args(["explain", "run", "--json", "--row"])
        .arg(&file)
        .current_dir(folder())
        .output()
        .unwrap();
    let offline: Value = serde_json::from_slice(&offline.stdout).unwrap();
    let online = server.post("/v1/explain", &json!({"row": row}).to_string());
    assert_eq!(online.status, 200, "{}", online.body);
    let mut online = online.json();
    online.as_object_mut().unwrap().remove("model");
    assert_eq!(online, offline);
    for (body, told) in [
        (json!({"row": {"gender": "F"}}), "lacks"),
        (json!({"row": row, "user": "1"}), "either"),
        (json!({"user": null, "item": "1"}), "null"),
    ] {
        let refused = server.post("/v1/explain", &body.to_string());
        assert!(
            (400..=422).contains(&refused.status) && refused.body.contains(told),
            "{refused:?}"
        );
    }
}
