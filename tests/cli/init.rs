//! `init`, and what is trained with what it wrote.

use crate::scene::Scene;

/// Clicks that depend on the user and the item.
fn clicks(label: impl Fn(bool) -> String) -> String {
    let mut text = "user_id,item_id,price,tags,device,timestamp,clicked\n".to_owned();
    for row in 0..3_000_usize {
        let (user, item) = (row * 31 % 97, row * 17 % 53);
        let score = user * 5 % 7 + item * 3 % 5;
        let clicked = score * 100 + row * 7919 % 300 > 650;
        let tags = ["red|blue", "blue", "green|red", "red"][row % 4];
        let time = 1_700_000_000 + row * 3_600;
        text += &format!(
            "u{user},i{item},{}.{:02},{tags},{},{time},{}\n",
            row * 13 % 211,
            row % 100,
            ["tv", "phone"][row % 2],
            label(clicked)
        );
    }
    text
}

fn plain() -> String {
    clicks(|yes| u8::from(yes).to_string())
}

fn auc(out: &str) -> f64 {
    let line = out.lines().find(|line| line.starts_with("AUC of")).unwrap();
    line.split_whitespace()
        .nth(3)
        .unwrap()
        .trim_end_matches(',')
        .parse()
        .unwrap()
}

#[test]
fn what_it_writes_trains_without_editing() {
    let scene = Scene::new();
    scene.write("logs/clicks.csv", plain());
    let out = scene.ok(&["init", "logs/clicks.csv"]);
    for text in [
        "user_id",
        "numeric",
        "multi-valued",
        "timestamp (seconds)",
        "next: autoint train --schema clicks.toml",
    ] {
        assert!(out.contains(text), "{text}: {out}");
    }
    let schema = scene.text("clicks.toml");
    for line in [
        "files = [\"logs/clicks.csv\"]",
        "delimiter = \",\"",
        "header = true",
        "user = \"user_id\"",
        "time = \"timestamp\"",
    ] {
        assert!(schema.lines().any(|l| l == line), "{line}: {schema}");
    }
    let out = scene.ok(&[
        "train",
        "--schema",
        "clicks.toml",
        "--epochs",
        "5",
        "--out",
        "run",
    ]);
    assert!(out.contains("protocol clicks"), "{out}");
    assert!(auc(&out) > 0.75, "{out}");

    // Never over a file without being told to, and never half.
    scene.write("clicks.toml", "mine");
    let message = scene.fails(&["init", "logs/clicks.csv"], 1);
    assert!(
        message.contains("clicks.toml: is there already"),
        "{message}"
    );
    assert_eq!(scene.text("clicks.toml"), "mine");
    scene.ok(&["init", "logs/clicks.csv", "--force", "--rows", "500"]);
    assert!(
        scene
            .text("clicks.toml")
            .contains("from 500 rows of about 3000")
    );
    scene.write("deep/x", "");
    scene.ok(&[
        "init",
        "logs/clicks.csv",
        "--full",
        "--out",
        "deep/other.toml",
    ]);
    let other = scene.text("deep/other.toml");
    assert!(
        other.contains("files = [\"../logs/clicks.csv\"]") && other.contains("name = \"other\""),
        "{other}"
    );
    scene.ok(&["train", "--schema", "deep/other.toml", "--epochs", "1"]);
}

#[test]
fn a_label_that_is_not_clear_is_not_chosen() {
    let scene = Scene::new();
    let two: String = plain()
        .lines()
        .enumerate()
        .map(|(row, line)| {
            format!(
                "{line},{}\n",
                if row == 0 {
                    "bought".to_owned()
                } else {
                    (row % 5 / 4).to_string()
                }
            )
        })
        .collect();
    scene.write("clicks.csv", two);
    let out = scene.ok(&["init", "clicks.csv"]);
    assert!(
        out.contains("label: none yet") && out.contains("`clicked`, `bought` could be it"),
        "{out}"
    );
    let message = scene.fails(&["train", "--schema", "clicks.toml"], 1);
    assert!(
        message.contains("there is no [label]") && message.contains("keep one"),
        "{message}"
    );

    let schema = scene.text("clicks.toml");
    let lines = "# [label]\n# column = \"clicked\"\n";
    scene.write(
        "clicks.toml",
        schema.replace(lines, &lines.replace("# ", "")),
    );
    scene.ok(&["train", "--schema", "clicks.toml", "--epochs", "1"]);

    let out = scene.ok(&[
        "init",
        "clicks.csv",
        "--force",
        "--label",
        "bought",
        "--user",
        "1",
        "--item",
        "item_id",
    ]);
    assert!(out.contains("label: bought"), "{out}");
    scene.ok(&["train", "--schema", "clicks.toml", "--epochs", "1"]);
    for label in ["sold", "price", "clicked=maybe"] {
        let message = scene.fails(&["init", "clicks.csv", "--force", "--label", label], 2);
        assert!(message.contains("--label"), "{message}");
    }
}

#[test]
fn ways_of_writing_a_label_are_told() {
    let scene = Scene::new();
    let mut row = 0;
    let ways = std::cell::RefCell::new(&mut row);
    let text = clicks(|yes| {
        let row = &mut **ways.borrow_mut();
        *row += 1;
        let dot = if *row % 3 == 0 { "." } else { "" };
        format!(" {}{dot}", if yes { ">50K" } else { "<=50K" })
    });
    scene.write("adult.csv", text.replace(',', ", "));
    let out = scene.ok(&["init", "adult.csv"]);
    assert!(
        out.contains("label: none yet") && out.contains("clicked"),
        "{out}"
    );
    assert!(scene.text("adult.toml").contains("in several ways"));
    scene.fails(&["train", "--schema", "adult.toml"], 1);
    scene.ok(&["init", "adult.csv", "--force", "--label", "clicked=>50K"]);
    let schema = scene.text("adult.toml");
    assert!(
        schema.contains(r#"positive = "in \">50K\", \">50K.\"""#),
        "{schema}"
    );
    let out = scene.ok(&["train", "--schema", "adult.toml", "--epochs", "5"]);
    assert!(auc(&out) > 0.75, "{out}");
}

#[test]
fn a_file_without_a_header_is_taken_as_one_when_told() {
    let scene = Scene::new();
    let text: String = plain()
        .lines()
        .skip(1)
        .map(|line| format!("{}\n", line.replace(',', "\t")))
        .collect();
    scene.write("clicks.tsv", &text);
    let out = scene.ok(&[
        "init",
        "clicks.tsv",
        "--header",
        "no",
        "--delimiter",
        "tab",
        "--user",
        "1",
        "--item",
        "2",
        "--label",
        "7==1",
    ]);
    assert!(out.contains("label: c7"), "{out}");
    let schema = scene.text("clicks.toml");
    for line in ["header = false", "delimiter = \"\\t\"", "user = \"c1\""] {
        assert!(schema.lines().any(|l| l == line), "{line}: {schema}");
    }
    let out = scene.ok(&["train", "--schema", "clicks.toml", "--epochs", "5"]);
    assert!(auc(&out) > 0.75, "{out}");
    // The only yes and no, at the end of its line, is the label there.
    let out = scene.ok(&["init", "clicks.tsv", "--force", "--header", "no"]);
    assert!(out.contains("label: c7"), "{out}");
}

#[test]
fn what_needs_no_schema_or_is_no_data_is_told() {
    let scene = Scene::new();
    scene.ok(&["prepare", "--data", "synthetic:200", "--out", "a.store"]);
    scene.write("empty.csv", "");
    scene.write("header.csv", "user,click\n");
    for (file, what) in [
        ("a.store", "needs no schema"),
        ("synthetic", "needs no schema"),
        ("empty.csv", "empty"),
        ("header.csv", "there is no row"),
        ("nowhere.csv", "nowhere.csv"),
    ] {
        let message = scene.fails(&["init", file], 1);
        assert!(message.contains(what), "{message}");
    }
    assert_eq!(scene.names(""), ["a.store", "empty.csv", "header.csv"]);
}
