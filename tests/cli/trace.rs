use serde_json::Value;

use crate::scene::Scene;

/// A raw row of protocol `paper`.
const ROW: &str = r#"{"gender": "F", "age": 25, "occupation": 4, "zip": "none such", "movie_year": 1995,
    "timestamp": 978300760, "genres": ["Comedy", "Drama"]}"#;

fn scene() -> Scene {
    let scene = Scene::trained(&["--protocol", "paper"]);
    scene.write("row.json", ROW);
    scene
}

#[test]
fn a_row_is_followed_forward_and_back() {
    let scene = scene();
    let text = scene.ok(&["trace", "run", "--row", "row.json"]);
    for part in [
        "not known to the model: zip",
        "#1 embedding",
        "out[f] = sum over the values v of field f",
        "interacting.0/interacting  of #1",
        "attention weights [2, 7, 7]",
        "of the definition",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("gradient"), "{text}");
    let options = [
        "trace",
        "run",
        "--row",
        "row.json",
        "--backward",
        "--label",
        "1",
    ];
    let text = scene.ok(&options);
    for part in [
        "gradient of the loss",
        "bce",
        "by difference",
        "interacting.0.query [",
        "embedding, rows [",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // As JSON all of it, and every derivative compared.
    let json = scene.ok(&[&options[..], &["--numbers", "0", "--json"]].concat());
    let trace: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(trace["end"], "loss");
    for parameter in trace["parameters"].as_array().unwrap() {
        let gradient = &parameter["gradient"];
        let (values, checked) = (&gradient["values"], gradient["checked"].as_array().unwrap());
        assert_eq!(checked.len(), values.as_array().unwrap().len());
        let error = gradient["error"].as_f64().unwrap();
        assert!(error < 1e-3, "{}: {error}", parameter["name"]);
    }
    // Scoring is what `predict` gives.
    let header = "gender,age,occupation,zip,movie_year,timestamp,genres";
    let row = "F,25,4,none such,1995,978300760,Comedy|Drama";
    scene.write("rows.csv", format!("{header}\n{row}\n"));
    let predicted = scene.ok(&["predict", "run", "--input", "rows.csv"]);
    let logit: f32 = predicted
        .lines()
        .nth(1)
        .unwrap()
        .split(',')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(trace["scored"].as_f64().unwrap() as f32, logit);
}

#[test]
fn a_trace_is_drawn_on_a_page_of_its_own() {
    let scene = scene();
    let told = scene.ok(&[
        "trace",
        "run",
        "--row",
        "row.json",
        "--backward",
        "--html",
        "trace.html",
    ]);
    assert_eq!(told, "trace.html\n");
    let page = scene.text("trace.html");
    for part in [
        "1. embedding",
        "<rect",
        "gradient of the logit",
        "derivatives beside differences",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("<script") && !page.contains("http"));
}

#[test]
fn what_is_wrong_is_told() {
    let scene = scene();
    scene.write("bad.json", r#"{"gender": "F"}"#);
    let error = scene.fails(&["trace", "run", "--row", "bad.json"], 1);
    assert!(
        error.contains("lacks") && error.contains("`zip`"),
        "{error}"
    );
    for options in [
        &["--label", "2"][..],
        &["--numbers", "3"],
        &["--backward", "--numbers", "x"],
    ] {
        let command = [&["trace", "run", "--row", "row.json"], options].concat();
        let output = scene.command(&command).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{options:?}");
    }
}
