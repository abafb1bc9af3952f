//! ONNX graphs, checked and run by onnxruntime, beside `autoint predict`.

use std::path::{Path, PathBuf};

use autoint::data::batch::FieldBatch;
use autoint::data::encode::rows::encode_rows;
use autoint::data::source::Source;
use autoint::data::table::Values;
use autoint::kernels::dropout::uniform;
use autoint::run::Run;
use serde_json::{Map, Value, json};

use super::python::Python;
use crate::scene::Scene;

/// The raw synthetic rows as CSV of all their columns.
pub fn synthetic() -> String {
    let table = Source::named("synthetic:2000").unwrap().table().unwrap();
    let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
    let mut text = names.join(",") + "\n";
    for row in 0..table.rows() {
        let cells = table.columns().iter().map(|column| match &column.values {
            Values::Text { dictionary, codes } => {
                format!("\"{}\"", dictionary[codes[row] as usize])
            }
            Values::Number(numbers) => numbers[row].to_string(),
        });
        text += &(cells.collect::<Vec<_>>().join(",") + "\n");
    }
    text
}

/// The columns of a CSV file, each a list of texts.
pub fn columns(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let texts = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect();
    let header: Vec<String> = texts(reader.headers().unwrap());
    let rows = reader.records().map(|record| texts(&record.unwrap()));
    (header, rows.collect())
}

/// The inputs of a graph of codes, of rows encoded by the run.
fn codes(run: &Run, text: &str) -> Value {
    let (header, rows) = columns(text);
    let (batch, _) = encode_rows(&run.schema, &header, &rows).unwrap();
    let mut inputs = Map::new();
    let fields = run.schema.fields.iter().zip(run.schema.offsets());
    for ((field, offset), values) in fields.zip(&batch.fields) {
        let code = |id: &u32| *id as usize - offset;
        let values: Vec<Value> = match values {
            FieldBatch::One { ids } => ids.iter().map(|id| json!(code(id))).collect(),
            FieldBatch::Scaled { ids, values } => {
                let number = |(id, value): (&u32, &f32)| match code(id) {
                    0 => Value::Null,
                    _ => json!(f64::from(*value)),
                };
                ids.iter().zip(values).map(number).collect()
            }
            FieldBatch::Mean { starts, ids } | FieldBatch::Sum { starts, ids } => {
                let list = |ends: &[u32]| {
                    let ids = &ids[ends[0] as usize..ends[1] as usize];
                    // A list of nothing but the unknown row is also what a list without values is.
                    match ids.iter().map(code).collect::<Vec<_>>() {
                        nothing if nothing == [0] => json!([]),
                        codes => json!(codes),
                    }
                };
                starts.windows(2).map(list).collect()
            }
        };
        inputs.insert(field.name.clone(), values.into());
    }
    inputs.into()
}

/// The inputs of a graph of raw values: the columns themselves. (The script makes numbers of those that are.)
fn raw(text: &str) -> Value {
    let (header, rows) = columns(text);
    let column = |place: usize| {
        rows.iter()
            .map(|row| row[place].clone())
            .collect::<Vec<_>>()
    };
    let all = header.iter().enumerate();
    all.map(|(place, name)| (name.clone(), json!(column(place))))
        .collect::<Map<_, _>>()
        .into()
}

/// Exports a scene's run both ways and has each compared with what `predict` says of the rows; gives what the script says.
fn compared(scene: &Scene, python: &Python, run: &str, rows: &str) -> String {
    compared_within(scene, python, run, rows, "1e-5")
}

/// The same, `most` being the largest difference.
fn compared_within(scene: &Scene, python: &Python, run: &str, rows: &str, most: &str) -> String {
    scene.write("rows.csv", rows);
    let predict = ["predict", run, "--input", "rows.csv"];
    scene.ok(&[&predict[..], &["--output", "predicted.csv"]].concat());
    let inputs = [("raw", raw(rows)), ("codes", codes(&scene.run(run), rows))];
    let said = inputs.map(|(name, values)| {
        scene.write("inputs.json", values.to_string());
        let export = ["export", run, "--format", "onnx", "--out", "model.onnx"];
        scene.ok(&[&export[..], &["--inputs", name]].concat());
        let files = ["model.onnx", "inputs.json", "predicted.csv"].map(|name| scene.path(name));
        let mut arguments: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        arguments.push(Path::new(most));
        python.ok("check_onnx.py", &arguments)
    });
    said.concat()
}

#[test]
fn every_preset_and_every_part_answers_like_predict() {
    let Some(python) = Python::find() else {
        return;
    };
    let rows = synthetic();
    let models: [&[&str]; 13] = [
        &["--preset", "autoint"],
        &[
            "--preset",
            "autoint",
            "--model",
            "autoint",
            "--protocol",
            "paper",
        ],
        &["--preset", "paper", "--protocol", "paper"],
        // Layer normalisation, biases and ReLU of projections.
        &["--preset", "authors", "--protocol", "paper"],
        &["--preset", "course"],
        &[
            "--preset",
            "course-best",
            "--set",
            "model.mlp.batch_norm=true",
        ],
        &["--preset", "compact"],
        // What published AutoInts differ in.
        &[
            "--set",
            "model.interacting.gate=true",
            "--set",
            "model.interacting.output_projection=true",
            "--set",
            "model.interacting.residual=identity",
            "--set",
            "model.interacting.layer_norm=true",
            "--set",
            "model.interacting.norm_first=true",
        ],
        &["--preset", "recbole", "--protocol", "recbole"],
        &["--model", "lr"],
        &["--model", "fm", "--protocol", "paper"],
        &["--model", "dcn-v2", "--set", "model.cross.rank=4"],
        &[
            "--model",
            "xdeepfm",
            "--protocol",
            "paper",
            "--set",
            "model.interacting.head.relu=true",
        ],
    ];
    let scene = Scene::new();
    for (number, options) in models.iter().enumerate() {
        let run = format!("run{number}");
        // Many steps: models that begin near zero say the same of every row after few.
        let fast = ["optimizer.learning_rate=1e-2", "train.batch_size=32"];
        let fast = fast.map(|set| ["--set", set]).concat();
        scene.train(&run, &[options, &fast[..]].concat());
        eprintln!("{options:?}\n{}", compared(&scene, &python, &run, &rows));
    }
    // Several models on one tape, and both calibrations.
    scene.ok(&["ensemble", "run0", "run4", "--out", "both"]);
    eprintln!("ensemble\n{}", compared(&scene, &python, "both", &rows));
    scene.ok(&["calibrate", "both"]);
    eprintln!("platt\n{}", compared(&scene, &python, "both", &rows));
    scene.ok(&["calibrate", "both", "--method", "isotonic"]);
    // Between two steps the map is as steep as it likes, so a logit's last digit becomes much of a probability.
    let said = compared_within(&scene, &python, "both", &rows, "1e-3");
    eprintln!("isotonic\n{said}");
}

/// Every kind of field that ONNX can encode.
const SCHEMA: &str = r#"
name = "shop"
[input]
files = ["clicks.csv"]
missing = ["NA", "-1"]
[label]
column = "label"
[sampling]
negatives = 0.5
[split]
rule = "random"
parts = [8, 1, 1]
seed = 1
[tables.items]
file = "items.csv"
key = "item"
[[field]]
name = "city"
kind = "categorical"
min_count = 2
[[field]]
name = "city and shop"
kind = "categorical"
columns = ["city", "shop"]
[[field]]
name = "price"
kind = "numeric"
[[field]]
name = "age"
kind = "numeric"
transform = "standard"
[[field]]
name = "visits"
kind = "numeric"
transform = "log"
[[field]]
name = "visits, squared"
kind = "numeric"
column = "visits"
transform = "log2"
[[field]]
name = "height"
kind = "numeric"
transform = "none"
[[field]]
name = "visits, counted"
kind = "categorical"
column = "visits"
transform = "log2"
[[field]]
name = "price, parted"
kind = "categorical"
column = "price"
transform = "quantile"
buckets = 5
[[field]]
name = "tags"
kind = "multi-valued"
[[field]]
name = "words"
kind = "multi-valued"
columns = ["words", "tags"]
separator = " "
pooling = "sum"
[[field]]
name = "brand"
kind = "categorical"
[[field]]
name = "weight"
kind = "numeric"
[[field]]
name = "labels"
kind = "multi-valued"
[[field]]
name = "maker"
kind = "categorical"
hash_buckets = 7
[[field]]
name = "year"
column = "ts"
kind = "categorical"
part = "year"
[[field]]
name = "decade"
column = "ts"
kind = "categorical"
part = "decade"
[[field]]
name = "month"
column = "ts"
kind = "categorical"
part = "month"
[[field]]
name = "weekday"
column = "ts"
kind = "categorical"
part = "weekday"
[[field]]
name = "hour"
column = "ts"
kind = "categorical"
part = "hour"
[[field]]
name = "hour, a number"
column = "ts"
kind = "numeric"
part = "hour"
[[field]]
name = "days"
column = "ts"
kind = "numeric"
part = "days"
[[field]]
name = "brand in town"
kind = "categorical"
columns = ["brand", "city"]
"#;

const ITEMS: &str = "item,brand,weight,labels,maker\n\
    1,acme,2.5,new|blue,m1\n2,NA,NA,,m2\n3,bolt,1e3,blue||red,m3\n4,,0,NA,m3\n5,acme,-1,red,\n";

/// Rows with unknown, missing and odd values of every column.
fn clicks() -> String {
    let mut text = String::from("label,city,shop,price,age,visits,height,tags,words,item,ts,day\n");
    // Each column by itself: a value stands beside every other one.
    let pick = |row: usize, salt: u32, from: &[&'static str]| {
        let share = uniform(7, salt, row as u32);
        from[(share * from.len() as f32) as usize % from.len()]
    };
    for row in 0..3000 {
        let cells = [
            pick(row, 1, &["0", "1", "0", "1", "1"]),
            pick(
                row,
                2,
                &["Ulm", "Bonn", "Bern", "NA", "", "Łódź", "only here"],
            ),
            pick(row, 3, &["a", "b", "NA", "", "&"]),
            pick(row, 4, &["1.5", "2", "-7.25", "NA", "", "100", "33.3"]),
            pick(row, 5, &["18", "30", "44.5", "-1", "", "99", "1e12"]),
            pick(
                row,
                6,
                &["0", "1", "2", "3", "17", "400", "-1", "-5", "1e9"],
            ),
            pick(row, 7, &["0.25", "1", "-0.5", "", "0"]),
            pick(
                row,
                8,
                &["x|y", "x", "", "NA", "y||z", "|x|", "unheard", "x|unheard"],
            ),
            pick(row, 9, &["one two", "two", "", " one  two ", "NA", "three"]),
            pick(row, 10, &["1", "2", "3", "4", "5", "6", ""]),
            // Around leap days, ends of years and 1970, in this century and in others.
            pick(
                row,
                11,
                &[
                    "0",
                    "-1",
                    "951782399",
                    "951868800",
                    "978307199.5",
                    "",
                    "1413867600",
                    "-2203891201",
                    "4107542400",
                ],
            ),
            pick(row, 12, &["2014-10-21", "1999-12-31"]),
        ];
        text += &(cells.join(",") + "\n");
    }
    text
}

#[test]
fn every_kind_of_field_is_encoded_in_the_graph() {
    let Some(python) = Python::find() else {
        return;
    };
    let scene = Scene::new();
    scene.write("shop.toml", SCHEMA);
    scene.write("items.csv", ITEMS);
    scene.write("clicks.csv", clicks());
    scene.ok(&[
        "train",
        "--schema",
        "shop.toml",
        "--out",
        "run",
        "--epochs",
        "2",
    ]);
    eprintln!("{}", compared(&scene, &python, "run", &clicks()));
    // Values that no training row had.
    let strange = "label,city,shop,price,age,visits,height,tags,words,item,ts\n\
        1,unheard,unheard,1e30,-1e30,123456789,1e-30,,,unheard,99999999999\n\
        0,Ulm,a,2,18,1,1,x|y,two one,3,-99999999999\n0,,,,,,,,,,\n1,NA,NA,-1,NA,-1,NA,NA,NA,NA,NA\n\
        1,Bonn,b,1.5,30,2.5,-3,z,q,1,951868799\n0,Ulm,NA,33.3,44.5,2,0,y|x,one one one,2,1709251199\n\
        0,Bern,a,100,99,3,7,x|x,two,5,-0.5\n1,Bern,b,100,99,3,7,x|x,two,4,0.5\n1,Ulm,a,2,18,1,1,x,two,2,1e9\n";
    eprintln!("{}", compared(&scene, &python, "run", strange));
}

#[test]
fn what_onnx_cannot_encode_is_refused_by_field_and_codes_can_be_given() {
    let scene = Scene::new();
    let schema = |field: &str| {
        let rest = "\n[[field]]\nname = \"height\"\nkind = \"numeric\"\n";
        let [top, _] = SCHEMA
            .split_once("[tables.items]")
            .map(|(a, b)| [a, b])
            .unwrap();
        format!("{top}[[field]]\n{field}{rest}")
    };
    scene.write("clicks.csv", clicks());
    let cases = [
        (
            "name = \"city\"\nkind = \"categorical\"\nhash_buckets = 9",
            "field `city` is hashed",
        ),
        (
            "name = \"hour\"\ncolumn = \"day\"\nkind = \"categorical\"\npart = { of = \"year\", format = \"iso\" }",
            "field `hour` is a part of a time",
        ),
        (
            "name = \"high\"\ncolumn = \"height\"\nkind = \"categorical\"",
            "column `height` is a number for one field and a text",
        ),
    ];
    for (field, reason) in cases {
        scene.write("shop.toml", schema(field));
        scene.ok(&[
            "train",
            "--schema",
            "shop.toml",
            "--out",
            "run",
            "--epochs",
            "1",
            "--force",
        ]);
        let export = ["export", "run", "--format", "onnx", "--out", "model.onnx"];
        let message = scene.fails(&export, 1);
        assert!(
            message.contains(reason) && message.contains("--inputs codes"),
            "{message}"
        );
        assert!(!scene.path("model.onnx").exists());
        scene.ok(&[&export[..], &["--inputs", "codes"]].concat());
        let first = scene.read("model.onnx");
        // The same run gives the same bytes.
        scene.ok(&[&export[..], &["--inputs", "codes"]].concat());
        assert_eq!(scene.read("model.onnx"), first);
        std::fs::remove_file(scene.path("model.onnx")).unwrap();
    }
    let inputs = ["--format", "npy", "--out", "tensors", "--inputs", "raw"];
    let message = scene.fails(&[&["export", "run"], &inputs[..]].concat(), 2);
    assert!(message.contains("only a graph has inputs"), "{message}");
}
