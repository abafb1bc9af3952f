//! What the folders' pages say of adding to them: a line `Files:` names every file that is touched, those that are new as `(new)`.

use std::collections::BTreeSet;
use std::path::Path;

/// What such a line begins with.
const LINE: &str = "//! Files: ";

/// What the name of a new thing stands for in its files' names.
const NAME: &str = "NAME";

/// Folders that people add to.
const FOLDERS: [&str; 16] = [
    "data",
    "interop",
    "metrics",
    "model",
    "optim",
    "page",
    "ranks",
    "recommend",
    "report",
    "run",
    "score",
    "search",
    "serve",
    "settings",
    "study",
    "train",
];

/// A file of a line, and whether it is new.
#[derive(Debug, PartialEq, Eq)]
struct Touched {
    path: String,
    new: bool,
}

/// The files of a line, behind [`LINE`].
fn touched(line: &str) -> Vec<Touched> {
    let mut pieces = line.split('`').skip(1);
    let mut all = Vec::new();
    while let (Some(path), Some(behind)) = (pieces.next(), pieces.next()) {
        all.push(Touched {
            path: path.to_owned(),
            new: behind.starts_with(" (new)"),
        });
    }
    all
}

/// What is wrong with a page's lines; `is_there` says whether a file exists.
fn wrong(page: &str, text: &str, is_there: impl Fn(&str) -> bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut heading = "";
    for line in text.lines() {
        if line.starts_with("//! # ") {
            heading = line;
        }
        let Some(files) = line.strip_prefix(LINE) else {
            continue;
        };
        if !heading.starts_with("//! # Adding ") {
            wrong.push(format!("{page}: files outside a section `# Adding ...`"));
        }
        for Touched { path, new } in touched(files) {
            match new {
                true if !path.contains(NAME) => {
                    wrong.push(format!("{page}: `{path}` is new and has no {NAME} in it"));
                }
                false if !is_there(&path) => {
                    wrong.push(format!("{page}: `{path}` is not there"));
                }
                _ => {}
            }
        }
    }
    wrong
}

/// Every Rust file below `src`, with its text.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                let text = std::fs::read_to_string(&path).unwrap();
                all.push((name.replace('\\', "/"), text));
            }
        }
    }
    all
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// Whether the code of a file, its tests and comments left out, has a word in it.
fn names(text: &str, word: &str) -> bool {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut lines = code.lines().filter(|line| !line.trim().starts_with("//"));
    lines.any(|line| line.to_lowercase().contains(word))
}

#[test]
fn every_page_names_files_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = sources();
    let pages = pages.iter().filter(|(path, _)| path.ends_with("/mod.rs"));
    let (mut all, mut with) = (Vec::new(), BTreeSet::new());
    for (path, text) in pages {
        all.extend(wrong(path, text, |file| root.join(file).exists()));
        if text.lines().any(|line| line.starts_with(LINE)) {
            with.insert(path.clone());
        }
    }
    assert!(all.is_empty(), "\n{}\n", all.join("\n"));
    for folder in FOLDERS {
        let page = format!("src/{folder}/mod.rs");
        assert!(with.contains(&page), "{page} has no line `{LINE}`");
    }
}

/// One that is there is named in the code of just the files that its page names.
#[test]
fn an_optimiser_and_a_metric_are_in_the_files_that_their_pages_name() {
    let sources = sources();
    for (folder, name) in [("optim", "adagrad"), ("metrics", "average_precision")] {
        let page = format!("src/{folder}/mod.rs");
        let (_, text) = sources.iter().find(|(path, _)| *path == page).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(LINE));
        let told = touched(line.unwrap()).into_iter();
        let told = told.map(|file| file.path.replace(NAME, name));
        let told: BTreeSet<String> = told.filter(|path| !is_test(path)).collect();
        let found = sources.iter().filter(|(path, _)| !is_test(path));
        let found = found.filter(|(_, text)| names(text, name));
        let found: BTreeSet<String> = found.map(|(path, _)| path.clone()).collect();
        assert_eq!(found, told, "{name}: in the code, and on {page}");
    }
}

#[test]
fn what_is_missing_is_found() {
    let there = |path: &str| path == "src/a/mod.rs";
    let page =
        |line: &str| format!("//! A folder.\n//!\n//! # Adding a thing\n//!\n{LINE}{line}\n");
    let good = "`src/a/NAME.rs` (new), `src/a/mod.rs`";
    assert_eq!(touched(good).len(), 2);
    assert_eq!(wrong("p", &page(good), there), [""; 0]);
    for line in [
        "`src/a/mod.rs`, `src/b.rs`",
        "`src/a/NAME.rs`",
        "`src/a/x.rs` (new)",
    ] {
        assert_eq!(wrong("p", &page(line), there).len(), 1, "{line}");
    }
    let elsewhere = format!("//! A folder.\n{LINE}`src/a/mod.rs`\n");
    assert_eq!(wrong("p", &elsewhere, there).len(), 1);
    assert!(names("use a::Adagrad;\n", "adagrad"));
    assert!(!names(
        "// Adagrad\n#[cfg(test)]\nmod tests {\n    Adagrad",
        "adagrad"
    ));
}
