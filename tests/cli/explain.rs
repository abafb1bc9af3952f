use serde_json::Value;

use crate::scene::Scene;

/// A raw row of protocol `paper`.
const ROW: &str = r#"{"gender": "F", "age": 25, "occupation": 4, "zip": "none such", "movie_year": 1995,
    "timestamp": 978300760, "genres": ["Comedy", "Drama"]}"#;

const FIELDS: usize = 7;

fn scene() -> Scene {
    let scene = Scene::trained(&["--protocol", "paper"]);
    scene.write("row.json", ROW);
    scene
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn numbers(list: &Value) -> Vec<f64> {
    let all = list.as_array().unwrap().iter();
    all.map(|number| number.as_f64().unwrap()).collect()
}

fn lengths(list: &Value) -> Vec<usize> {
    let mut all = Vec::new();
    let mut list = Some(list);
    while let Some(inner) = list.and_then(Value::as_array) {
        all.push(inner.len());
        list = inner.first();
    }
    all
}

/// What a row and a sample have in common.
fn check(explained: &Value) {
    assert_eq!(explained["fields"].as_array().unwrap().len(), FIELDS);
    assert_eq!(lengths(&explained["attention"]), [2, 2, FIELDS, FIELDS]);
    for head in explained["attention"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|l| l.as_array().unwrap())
    {
        for looks in head.as_array().unwrap() {
            assert!((numbers(looks).iter().sum::<f64>() - 1.0).abs() < 1e-4);
        }
    }
    let contributions = numbers(&explained["contributions"]);
    assert_eq!(contributions.len(), FIELDS);
    assert!(
        contributions.iter().any(|c| c.abs() > 1e-3),
        "{contributions:?}"
    );
    assert!((numbers(&explained["received"]).iter().sum::<f64>() - 1.0).abs() < 1e-4);
    let strongest = explained["strongest"].as_array().unwrap();
    assert_eq!(strongest.len(), 10);
    assert_ne!(strongest[0]["from"], strongest[0]["to"]);
}

#[test]
fn a_row_is_explained() {
    let scene = scene();
    let text = scene.ok(&["explain", "run", "--row", "row.json"]);
    for part in [
        "probability 0.",
        "not known to the model: ",
        " -> ",
        "layer 2",
        "contribution",
        "agreement of attention and contributions",
        "at random would have 0 on average, and between -0.80 and 0.80",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let explained = json(&scene.ok(&["explain", "run", "--row", "row.json", "--json"]));
    check(&explained);
    let deviation = explained["agreement"]["random_baseline"]["standard_deviation"].as_f64();
    assert!((deviation.unwrap() - (1.0_f64 / 6.0).sqrt()).abs() < 1e-12);

    // The logit is that of `predict`, and a contribution the difference of two of its.
    let header = "gender,age,occupation,zip,movie_year,timestamp,genres";
    let rest = "25,4,none such,1995,978300760,Comedy|Drama";
    scene.write("rows.csv", format!("{header}\nF,{rest}\n,{rest}\n"));
    let predicted = scene.ok(&["predict", "run", "--input", "rows.csv"]);
    let logits: Vec<f32> = (predicted.lines().skip(1))
        .map(|line| line.split(',').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(explained["logit"].as_f64().unwrap() as f32, logits[0]);
    let fields = explained["fields"].as_array().unwrap();
    let gender = fields.iter().position(|name| name == "gender").unwrap();
    let contribution = numbers(&explained["contributions"])[gender] as f32;
    assert_eq!(contribution, logits[0] - logits[1]);
    // Nothing was written.
    assert_eq!(scene.names("."), ["row.json", "rows.csv", "run"]);
}

#[test]
fn a_row_comes_from_standard_input_too() {
    let scene = scene();
    let mut command = scene.command(&["explain", "run", "--row", "-", "--json"]);
    let output = command.write_stdin(ROW).output().unwrap();
    check(&json(&String::from_utf8(output.stdout).unwrap()));
}

#[test]
fn what_is_wrong_with_a_row_is_told() {
    let scene = scene();
    let refused = |row: &str| {
        scene.write("bad.json", row);
        scene.fails(&["explain", "run", "--row", "bad.json"], 1)
    };
    let error = refused(&ROW.replace("gender", "gendre"));
    assert!(
        error.contains("`gendre`") && error.contains("gender"),
        "{error}"
    );
    let error = refused(r#"{"gender": "F", "age": 25}"#);
    assert!(
        error.contains("lacks") && error.contains("`zip`"),
        "{error}"
    );
    let error = refused(&ROW.replace("978300760", "\"yesterday\""));
    assert!(error.contains("timestamp"), "{error}");
    assert!(refused("[1, 2").contains("bad.json: the row is no JSON object"));
    assert!(
        scene
            .fails(&["explain", "run", "--row", "gone.json"], 1)
            .contains("gone.json")
    );
    for (option, value) in [("--rows", "5"), ("--out", "x"), ("--data", "x")] {
        let mut command = scene.command(&["explain", "run", "--row", "row.json", option, value]);
        assert_eq!(command.output().unwrap().status.code(), Some(2), "{option}");
    }
}

#[test]
fn test_rows_are_explained_and_drawn() {
    let scene = scene();
    let text = scene.ok(&["explain", "run"]);
    for part in [
        "144 test rows, means",
        " -> ",
        "mean agreement of attention and contributions",
        "95 % interval",
        "at random",
        "run-explain.svg, run-explain.json",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let all = json(&scene.text("run-explain.json"));
    check(&all);
    assert_eq!(all["rows"], 144);
    assert!(numbers(&all["contributions"]).iter().all(|&c| c >= 0.0));
    let agreement = &all["agreement"];
    let (low, high) = (
        &agreement["interval"]["low"],
        &agreement["interval"]["high"],
    );
    let mean = agreement["mean"].as_f64().unwrap();
    assert!(low.as_f64().unwrap() < mean && mean < high.as_f64().unwrap());
    let svg = scene.text("run-explain.svg");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
    assert_eq!(svg.matches("\"x-cell\"").count(), 4 * FIELDS * FIELDS);
    assert_eq!(svg.matches("\"x-up\"").count(), FIELDS);

    // The same again, with other threads, elsewhere, and fewer rows; the run itself may be asked for with a slash.
    scene.ok(&["explain", "run/", "--threads", "1", "--out", "a/b"]);
    assert_eq!(
        scene.read("a/b/explain.json"),
        scene.read("run-explain.json")
    );
    assert_eq!(scene.read("a/b/explain.svg"), scene.read("run-explain.svg"));
    let few = json(&scene.ok(&["explain", "run", "--rows", "3", "--json", "--out", "few"]));
    assert_eq!(few["rows"], 3);
    assert_eq!(few, json(&scene.text("few/explain.json")));
    assert_eq!(scene.names("few"), ["explain.json", "explain.svg"]);
    let message = scene
        .command(&["explain", "run", "--rows", "0"])
        .output()
        .unwrap();
    assert_eq!(message.status.code(), Some(2));
}
