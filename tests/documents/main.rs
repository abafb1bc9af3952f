//! What the Markdown files of this repository name is in it: links to files, files in commands, tests and benches; and so with the files that
//! the folders' pages name.
//!
//! In it means: tracked by git. A file that only lies in a working tree is not there for who clones it.

mod adding;
mod markdown;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use self::markdown::{links, words};
use autoint::settings::Settings;
use autoint::settings::grid::candidates;

/// Folders whose paths are checked wherever a command or a sentence names them.
const FOLDERS: [&str; 4] = ["src", "tests", "benches", ".ci"];

/// There lie data sets too, which are not tracked: only names with one of these endings are files of ours.
const DATA: &str = "data";
const ENDINGS: [&str; 3] = [".md", ".toml", ".txt"];

/// Every tracked file, or why there is no telling.
fn tracked() -> Result<BTreeSet<String>, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("git cannot be run: {error}"))?;
    if !output.status.success() {
        return Err("this is no working tree of git".to_owned());
    }
    let names = String::from_utf8(output.stdout).unwrap();
    Ok(names.split_terminator('\0').map(str::to_owned).collect())
}

/// A file, or a folder with files.
fn holds(tracked: &BTreeSet<String>, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let folder = format!("{path}/");
    path.is_empty() || tracked.contains(path) || tracked.iter().any(|f| f.starts_with(&folder))
}

/// `link` as a path from the root, seen from the file `from`; none when it leaves the repository.
fn from_root(from: &str, link: &str) -> Option<String> {
    let mut path: Vec<&str> = from.split('/').collect();
    path.pop();
    for part in link.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                path.pop()?;
            }
            part => path.push(part),
        }
    }
    Some(path.join("/"))
}

/// What a Markdown file names and git does not track: a line for each.
fn missing(tracked: &BTreeSet<String>, file: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for link in links(text) {
        let path = from_root(file, &link);
        if path.is_none_or(|path| !holds(tracked, &path)) {
            wrong.push(format!(
                "{file}: the link `{link}` leads to no file that git tracks"
            ));
        }
    }
    let words = words(text);
    for word in words.iter().filter(|word| is_ours(word)) {
        if !holds(tracked, word) {
            wrong.push(format!("{file}: names `{word}`, which git does not track"));
        }
    }
    for pair in words.windows(2) {
        let folder = match pair[0].as_str() {
            "--test" => "tests",
            "--bench" => "benches",
            _ => continue,
        };
        let name = &pair[1];
        let is = |path: &str| tracked.contains(path);
        if !is(&format!("{folder}/{name}.rs")) && !is(&format!("{folder}/{name}/main.rs")) {
            wrong.push(format!("{file}: `{} {name}` is not in {folder}/", pair[0]));
        }
    }
    wrong
}

/// Whether a word is the path of a file of ours, and no pattern of many.
fn is_ours(word: &str) -> bool {
    let word = word.trim_start_matches("./");
    let Some((folder, _)) = word.split_once('/') else {
        return false;
    };
    let pattern = word.contains(['*', '<', '{', '$']);
    let data = folder == DATA && ENDINGS.iter().any(|ending| word.ends_with(ending));
    !pattern && (FOLDERS.contains(&folder) || data)
}

#[test]
fn what_the_documents_name_is_tracked() {
    let tracked = match tracked() {
        Ok(tracked) => tracked,
        Err(why) => {
            println!("skipped: {why}, so nothing is known to be tracked");
            return;
        }
    };
    let documents: Vec<_> = tracked.iter().filter(|f| f.ends_with(".md")).collect();
    assert!(documents.len() >= 4, "{documents:?}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let wrong = documents.iter().flat_map(|file| {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        missing(&tracked, file, &text)
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn what_is_missing_is_found() {
    let tracked = [
        "README.md",
        "data/a.toml",
        "tests/x.rs",
        "tests/y/main.rs",
        "src/lib.rs",
        "docs/b.md",
    ];
    let tracked = tracked.map(str::to_owned).into();
    for text in [
        "[gone](data/gone.toml)",
        "[gone](data/gone.toml#part \"title\")",
        "[out](../README.md)",
        "run `tune --config data/gone.toml --out runs/x`.",
        "```sh\ntune --config 'data/gone.toml'   # slow\n```",
        "[`src/gone.rs`](https://example.org)",
        "`cargo test --test gone`",
        "```sh\ncargo bench --bench x\n```",
        "`src/gone/`",
    ] {
        let found = missing(&tracked, "README.md", text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].starts_with("README.md: "), "{found:?}");
    }
    for text in [
        "[`src/lib.rs`](src/lib.rs) and [a](data/a.toml#part), [there](https://example.org/x.md), [below](#part)",
        "`tune --config data/a.toml --data data/ml-1m --out runs/x`, `src/`, `tests/*.rs`, tests/gone.rs",
        "```sh\ncargo test --test x --test y\ncat data/a.toml\n```",
        "`[x](gone)`",
    ] {
        assert_eq!(missing(&tracked, "README.md", text), [""; 0], "{text}");
    }
    assert_eq!(
        missing(&tracked, "docs/b.md", "[up](../README.md)"),
        [""; 0]
    );
    assert_eq!(missing(&tracked, "docs/b.md", "[up](README.md)").len(), 1);
}

/// The runs that the README's table of the course projects' optimisers was made with.
#[test]
fn the_file_of_the_optimisers_table_has_its_ten_runs() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/course-optimizers.toml");
    let all = candidates(None, Settings::read_file(&file).unwrap(), &[]).unwrap();
    let names: Vec<&str> = all.iter().map(|run| run.name.as_str()).collect();
    let variants = ["adam", "adam-relu", "adamw", "nadam", "rmsprop"];
    let schedules = ["constant", "exponential"];
    let expected = variants.map(|v| schedules.map(|s| format!("{v}-{s}")));
    assert_eq!(names, expected.as_flattened());
    for run in &all {
        let Settings {
            preset,
            model,
            train,
            optimizer,
            schedule,
            ..
        } = &run.settings;
        assert_eq!(
            (preset.as_str(), train.epochs),
            ("course", 10),
            "{}",
            run.name
        );
        let interacting = model.interacting.as_ref().unwrap();
        let mlp = model.mlp.as_ref().unwrap();
        assert_eq!((model.embedding.dim, interacting.heads), (16, 2));
        assert_eq!(
            (optimizer.learning_rate, optimizer.l2_keras_mlp),
            (1e-3, 1e-3)
        );
        assert_eq!((schedule.decay_steps, schedule.decay_rate), (100, 0.96));
        let relu = run.name.starts_with("adam-relu");
        assert_eq!(
            (interacting.head.relu, mlp.output_relu),
            (relu, relu),
            "{}",
            run.name
        );
        let of = |variant: &str| run.name.starts_with(&format!("{variant}-"));
        let pick = |variant, value, otherwise| if of(variant) { value } else { otherwise };
        assert_eq!(optimizer.weight_decay, pick("adamw", 1e-5, 0.0));
        assert_eq!(optimizer.momentum, pick("rmsprop", 0.9, 0.0));
        // Keras' own values.
        assert_eq!(optimizer.alpha, pick("rmsprop", 0.9, 0.99));
        assert_eq!(optimizer.momentum_decay, pick("nadam", 1.0, 4e-3));
    }
}
