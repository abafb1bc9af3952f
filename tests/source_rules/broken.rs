//! Every rule on texts that break it, and on ones that look as if they did.

use crate::rules;
use crate::text::Source;

const TOUR: &str =
    "//! 1. [`error`], `files`: below\n//! 2. [`data`]: rows\n//! 3. [`model`]: ops of [`data`]\n";

fn sources(files: &[(&str, &str)]) -> Vec<Source> {
    let tour = [("lib.rs", TOUR), ("error.rs", "//! Errors.\n")];
    let files = tour.iter().chain(files);
    files.map(|(path, text)| Source::new(path, text)).collect()
}

/// What a rule finds is `expected`: for each finding the start of its line.
fn finds(rule: fn(&[Source]) -> Vec<String>, files: &[(&str, &str)], expected: &[&str]) {
    let found = rule(&sources(files));
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found} instead of {expected}");
    }
}

#[test]
fn the_order_is_the_tours() {
    let order = rules::stated_order(&sources(&[]));
    assert_eq!(order, ["error", "files", "data", "model", "cli"]);
}

#[test]
fn a_folder_that_uses_a_later_one_is_found() {
    let bad = |text| {
        [
            ("data/a.rs", text),
            ("model/mod.rs", "//! m\npub struct M;\n"),
        ]
    };
    for text in [
        "use crate::model::M;",
        "use crate::{error::Error, model};",
        "use crate::model::M as Other;",
        "fn f() { crate::model::M }",
        "use super::super::model;",
        "use crate::model::*;",
    ] {
        finds(
            rules::folder_order,
            &bad(text),
            &["data/a.rs: uses model/mod.rs"],
        );
    }
    for text in [
        "// use crate::model::M;\nconst A: &str = \"crate::model::M\";",
        "#[cfg(test)]\nmod tests {\n    use crate::model::M;\n}",
        "use other::model::M;",
        "pub(crate) fn model() {}",
    ] {
        finds(rules::folder_order, &bad(text), &[]);
    }
    let unknown = [("odd/mod.rs", "use crate::data;\n"), ("data/mod.rs", "")];
    finds(
        rules::folder_order,
        &unknown,
        &["odd/mod.rs: `odd` is not in the order"],
    );
    let below = [
        ("cli/a.rs", "use autoint::model::M;"),
        ("model/mod.rs", "use crate::data;"),
        ("data/mod.rs", ""),
    ];
    finds(rules::folder_order, &below, &[]);
}

#[test]
fn a_name_that_is_only_shown_is_its_own_files() {
    // `a` wants what `mod.rs` shows of `b`, and `mod.rs` shows `a` as well: no circle.
    let shown = [
        (
            "data/mod.rs",
            "pub mod a;\npub mod b;\npub use a::A;\npub use b::B;\n",
        ),
        ("data/a.rs", "use super::B;\npub struct A;\n"),
        ("data/b.rs", "pub struct B;\n"),
    ];
    finds(rules::no_circles, &shown, &[]);
    let used = [
        ("data/mod.rs", "mod a;\npub use a::A;\npub struct C(A);\n"),
        ("data/a.rs", "use super::C;\npub struct A;\n"),
    ];
    finds(
        rules::no_circles,
        &used,
        &["data/a.rs: is in a circle of files: data/a.rs -> data/mod.rs -> data/a.rs"],
    );
}

#[test]
fn a_circle_of_files_is_found() {
    let three = [
        ("data/mod.rs", ""),
        ("data/a.rs", "use super::b::B;"),
        ("data/b.rs", "fn f() { super::c::g() }"),
        ("data/c.rs", "use crate::data::{a::A, d};"),
        (
            "data/d.rs",
            "#[cfg(test)]\nmod tests { use super::super::a::A; }",
        ),
    ];
    let way =
        "data/a.rs: is in a circle of files: data/a.rs -> data/b.rs -> data/c.rs -> data/a.rs";
    finds(rules::no_circles, &three, &[way]);
    finds(rules::no_circles, &three[..3], &[]);
    // A test's own file is no part of it.
    let test = [
        (
            "data/mod.rs",
            "#[cfg(test)]\nmod tests;\nmod a;\npub fn f() { a::g() }",
        ),
        ("data/a.rs", "pub fn g() {}"),
        ("data/tests.rs", "use super::f;"),
    ];
    finds(rules::no_circles, &test, &[]);
    let child = [
        ("data/mod.rs", "mod a;\npub fn f() { a::g() }"),
        ("data/a.rs", "pub fn g() { super::f() }"),
    ];
    finds(rules::no_circles, &child, &["data/a.rs: "]);
}

#[test]
fn long_files_are_found() {
    let long = |lines: usize| "\n".repeat(lines);
    let too_long = [
        ("data/a.rs", &*long(501)),
        ("data/b.rs", ""),
        ("data/c.rs", ""),
        ("data/d.rs", ""),
    ];
    let found = rules::file_lengths(&sources(&too_long));
    assert!(
        found[0].starts_with("data/a.rs: has 501 lines"),
        "{found:?}"
    );
    let (short, rather, very) = (long(100), long(171), long(351));
    let half = [
        ("data/a.rs", &*rather),
        ("data/b.rs", &*rather),
        ("data/c.rs", &*rather),
    ];
    finds(rules::file_lengths, &half, &["data/a.rs: the median"]);
    let one = [
        ("data/a.rs", &*very),
        ("data/b.rs", &*short),
        ("data/c.rs", &*short),
    ];
    finds(
        rules::file_lengths,
        &one,
        &["data/a.rs: the 90th percentile"],
    );
    // Tests are not counted, but for the whole.
    let tests = format!("{short}#[cfg(test)]\nmod tests {{\n{very}}}\n");
    let tested = [("data/a.rs", &*tests), ("data/b.rs", &*tests)];
    finds(rules::file_lengths, &tested, &[]);
}

#[test]
fn long_functions_are_found() {
    let function =
        |head: &str, lines: usize| format!("\n{head} {{\n{}}}\n", "    x;\n".repeat(lines));
    let long = function("pub fn long(x: [u8; 2]) -> u8", 59);
    let found = "data/a.rs:2: function `long` has 61 lines";
    finds(rules::function_lengths, &[("data/a.rs", &*long)], &[found]);
    let tests = format!("#[cfg(test)]\nmod tests {{{long}}}");
    finds(
        rules::function_lengths,
        &[("data/a.rs", &*tests)],
        &["data/a.rs:3: function `long`"],
    );
    let braces = "fn f() {\n    let a = \"{{\"; // {\n    let b = '{'; /* { */\n    let c = r#\"{\"{\"#;\n}\n";
    let good = [
        braces,
        &"\n".repeat(100),
        &function("fn g<'a>(f: fn(&'a u8))", 58),
    ]
    .concat();
    finds(rules::function_lengths, &[("data/a.rs", &*good)], &[]);
    let declared = format!("trait T {{\n    fn f(&self);\n{}}}\n", "\n".repeat(100));
    finds(rules::function_lengths, &[("data/a.rs", &*declared)], &[]);
}

#[test]
fn a_file_that_does_not_say_what_it_is_is_found() {
    for text in [
        "use a;\n//! late",
        "",
        "// What it is.\n",
        "/// An item's.\n",
    ] {
        finds(
            rules::module_documentation,
            &[("data/a.rs", text)],
            &["data/a.rs: "],
        );
    }
    finds(
        rules::module_documentation,
        &[("data/a.rs", "//! Rows.\n")],
        &[],
    );
}

#[test]
fn a_file_that_no_module_names_is_found() {
    let modules = [
        (
            "lib.rs",
            "//! 1. `data`: rows\npub mod data;\npub mod error;\n",
        ),
        (
            "data/mod.rs",
            "//! Rows.\nmod a;\n#[cfg(test)]\nmod tests;\n// mod c;\n",
        ),
        ("data/a.rs", "//! One.\nmod deep;\n"),
        ("data/a/deep.rs", "//! Deep.\n"),
        ("data/tests.rs", "//! Tests.\n"),
        ("data/c.rs", "//! Nobody's.\n"),
    ];
    let all = modules.map(|(path, text)| Source::new(path, text));
    let found = rules::no_orphans(&all);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("data/c.rs: "));
}

#[test]
fn what_is_unsafe_without_a_reason_is_found() {
    let bad = [
        "fn f() {\n    unsafe { g() }\n}\n",
        "// SAFETY: of another statement.\nf();\nlet x = unsafe { g() };\n",
        "// SAFETY: of what is around it.\nfn f() {\n    unsafe { g() }\n}\n",
        "/// Does it.\npub unsafe fn f() {}\n",
        "unsafe impl Send for A {}\n",
        "fn f() {\n    // It is safe: trust me.\n    unsafe { g() }\n}\n",
    ];
    for text in bad {
        finds(
            rules::safety_comments,
            &[("simd/a.rs", text)],
            &["simd/a.rs:"],
        );
    }
    let good = [
        "fn f() {\n    // SAFETY: g\n    // is sound.\n    unsafe { g() }\n}\n",
        "// SAFETY: it has no threads.\n#[allow(x)]\nunsafe impl Send for A {}\n",
        "fn f() {\n    // SAFETY: checked.\n    let x =\n        unsafe { g() };\n}\n",
        "/// # Safety\n/// The caller has the instructions.\n#[inline]\npub unsafe fn f() {}\n",
        "// unsafe { g() }\nconst A: &str = \"unsafe\";\n#![deny(unsafe_code)]\n",
    ];
    for text in good {
        finds(rules::safety_comments, &[("simd/a.rs", text)], &[]);
    }
}

#[test]
fn what_is_unsafe_elsewhere_is_found() {
    let text = "fn f() {\n    // SAFETY: g is sound.\n    unsafe { g() }\n}\n";
    for path in ["kernels/a.rs", "data/store/mod.rs", "model/simd/a.rs"] {
        let at = format!("{path}:3: is unsafe outside");
        finds(rules::unsafe_places, &[(path, text)], &[&at]);
    }
    for path in ["simd/a.rs", "data/store/payload.rs"] {
        finds(rules::unsafe_places, &[(path, text)], &[]);
    }
}
