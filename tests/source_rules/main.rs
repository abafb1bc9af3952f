//! What the folders and files of `src` promise, held by reading them as text.
//!
//! The order of the folders is the one that the tour in `src/lib.rs` states. What uses what is known from `use` declarations
//! and from paths in the code (`crate::`, `super::`, `self::`, a module of the file's own); a name that a module only shows
//! (`pub use`) counts as a use of the file that has it. Tests are left out: they may use anything.

mod broken;
mod graph;
mod paths;
mod rules;
mod text;

use std::path::Path;

use self::text::Source;

/// Every Rust file below `src`.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
                all.push(Source::new(&name.replace('\\', "/"), &text));
            }
        }
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(all.len() > 100, "{} files", all.len());
    all
}

/// Asserts that a rule finds nothing.
fn hold(rule: fn(&[Source]) -> Vec<String>) {
    let wrong = rule(&sources());
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn a_folder_uses_only_the_folders_before_it() {
    hold(rules::folder_order);
}

#[test]
fn no_file_uses_itself_through_others() {
    hold(rules::no_circles);
}

#[test]
fn files_are_short() {
    hold(rules::file_lengths);
}

#[test]
fn functions_are_short() {
    hold(rules::function_lengths);
}

#[test]
fn files_say_what_they_are() {
    hold(rules::module_documentation);
}

#[test]
fn every_file_is_a_module() {
    hold(rules::no_orphans);
}

#[test]
fn what_is_unsafe_says_why_it_is_sound() {
    hold(rules::safety_comments);
}

#[test]
fn only_vectors_and_the_memory_map_are_unsafe() {
    hold(rules::unsafe_places);
}
