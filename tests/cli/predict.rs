use autoint::data::source::Source;
use autoint::data::table::Values;

use crate::scene::Scene;

/// The raw synthetic rows of a scene's run, as CSV of the given columns.
pub fn csv(columns: &[&str]) -> String {
    let table = Source::named("synthetic:2000").unwrap().table().unwrap();
    let mut text = columns.join(",") + "\n";
    for row in 0..table.rows() {
        let cells = columns
            .iter()
            .map(|name| match table.column(name).unwrap() {
                Values::Text { dictionary, codes } => {
                    format!("\"{}\"", dictionary[codes[row] as usize])
                }
                Values::Number(numbers) => numbers[row].to_string(),
            });
        text += &(cells.collect::<Vec<_>>().join(",") + "\n");
    }
    text
}

/// Of protocol `paper`, in another order and with one that is no field.
pub const COLUMNS: [&str; 8] = [
    "title",
    "genres",
    "timestamp",
    "movie_year",
    "zip",
    "occupation",
    "age",
    "gender",
];

fn paper() -> Scene {
    Scene::trained(&["--protocol", "paper"])
}

/// One row of [`COLUMNS`] in which one value is replaced.
fn row(column: &str, value: &str) -> String {
    let text = csv(&COLUMNS);
    let mut lines = text.lines();
    let header = lines.next().unwrap();
    let place = COLUMNS.iter().position(|name| *name == column).unwrap();
    // Titles may hold commas, but in this row none does.
    let mut cells: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(cells.len(), COLUMNS.len());
    cells[place] = value;
    format!("{header}\n{}\n", cells.join(","))
}

#[test]
fn raw_rows_give_the_logits_of_the_encoded_ones() {
    let scene = paper();
    scene.write("rows.csv", csv(&COLUMNS));
    let out = scene.ok(&[
        "predict", "run", "--input", "rows.csv", "--output", "out.csv",
    ]);
    assert!(out.contains("out.csv: 2000 rows"), "{out}");

    let run = scene.run("run");
    // The protocol leaves out 3-star rows: encode all rows with the same schema instead.
    let mut schema = run.schema.clone();
    schema.protocol.rows.drop.clear();
    let data = Source::named("synthetic:2000")
        .unwrap()
        .encode_with(&schema)
        .unwrap();
    let all: Vec<u32> = (0..data.rows() as u32).collect();
    let logits = run.scorer().rows(&data, &all);
    let text = scene.text("out.csv");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("logit,probability,unknown"));
    assert_eq!(logits.len(), 2000);
    for (line, logit) in lines.zip(&logits) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells[0].parse::<f32>().unwrap(), *logit);
        let probability = 1.0 / (1.0 + (-logit).exp());
        assert!((cells[1].parse::<f32>().unwrap() - probability).abs() < 1e-6);
    }
    assert_eq!(text.lines().count(), 2001);

    // The same through pipes, with the byte order mark that spreadsheets write.
    let mut piped = scene.command(&["predict", "run", "--input", "-"]);
    let stdin = ["\u{feff}", &scene.text("rows.csv")].concat();
    let output = piped.write_stdin(stdin).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), text);
}

#[test]
fn unknown_values_are_named_and_missing_ones_are_not() {
    let scene = paper();
    let predicted = |column: &str, value: &str| {
        scene.write("row.csv", row(column, value));
        let out = scene.ok(&["predict", "run", "--input", "row.csv"]);
        out.lines().nth(1).unwrap().to_owned()
    };
    assert!(predicted("zip", "no such zip").ends_with(",zip"));
    assert!(predicted("genres", "Comedy|Opera").ends_with(",genres"));
    assert!(predicted("zip", "").ends_with(','));
    assert!(predicted("timestamp", "").ends_with(','));
    scene.write(
        "row.csv",
        "gender,age,occupation,zip,movie_year,timestamp,genres\nX,Y,Z,,,0,\n",
    );
    let out = scene.ok(&["predict", "run", "--input", "row.csv"]);
    assert!(out.ends_with(",gender|age|occupation\n"), "{out}");
}

#[test]
fn bad_input_is_named_by_file_line_and_field() {
    let scene = paper();
    let refused = |text: &[u8]| {
        scene.write("row.csv", text);
        let output = [
            "predict", "run", "--input", "row.csv", "--output", "out.csv",
        ];
        let message = scene.fails(&output, 1);
        assert!(!scene.path("out.csv").exists());
        message
    };
    let without_zip = csv(&[
        "gender",
        "age",
        "occupation",
        "movie_year",
        "timestamp",
        "genres",
    ]);
    let message = refused(without_zip.as_bytes());
    assert!(
        message.contains("row.csv:1: ") && message.contains("no column `zip`"),
        "{message}"
    );

    let header = "gender,age,occupation,zip,movie_year,timestamp,genres\n";
    let good = "F,1,2,3,1995,5,Comedy\n";
    let with = |line: &[u8]| [header.as_bytes(), good.as_bytes(), line].concat();
    let message = refused(&with(b"F,1,2,3,1995,soon,Comedy\n"));
    assert!(
        message.contains("row.csv:3: ") && message.contains("`timestamp`: \"soon\""),
        "{message}"
    );
    let message = refused(&with(b"F,1,2,3\n"));
    assert!(
        message.contains("row.csv:3: there are 4 values"),
        "{message}"
    );
    let message = refused(&with(b"F,1,2,\xff,1995,5,Comedy\n"));
    assert!(
        message.contains("row.csv:3: value 4 is no UTF-8"),
        "{message}"
    );
    assert!(refused(b"").contains("row.csv: is empty"));
    let twice = format!("zip,{header}");
    assert!(refused(twice.as_bytes()).contains("`zip` is there twice"));
    let message = scene.fails(&["predict", "run", "--input", "none.csv"], 1);
    assert!(message.contains("none.csv: cannot open"), "{message}");
    // Rows of none are no error.
    scene.write("row.csv", header);
    assert_eq!(
        scene.ok(&["predict", "run", "--input", "row.csv"]),
        "logit,probability,unknown\n"
    );
}
