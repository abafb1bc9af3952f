//! The rules. Each gives a line for every place that breaks it.

use crate::graph::Graph;
use crate::text::{Source, body};

/// The most lines of a file, tests and all.
const MOST_LINES: usize = 500;
/// Of the files' lengths without what is under `#[cfg(test)]`; comments and empty lines count, files that are only tests do
/// not.
const MEDIAN_LINES: usize = 170;
const P90_LINES: usize = 350;
/// From the line of `fn` to that of the closing brace.
const MOST_FUNCTION_LINES: usize = 60;
/// The one place outside of the vectors that is unsafe: it maps a file into memory.
const MEMORY_MAP: &str = "data/store/payload.rs";

/// The folders in the order that the tour in `lib.rs` states: the names in its numbered list, then the command line.
pub fn stated_order(sources: &[Source]) -> Vec<String> {
    let tour = sources.iter().find(|source| source.path == "lib.rs");
    let lines = tour.map_or("", |tour| tour.text.as_str()).lines();
    let mut order = Vec::new();
    for line in lines {
        let Some((number, item)) = line.trim_start_matches("//! ").split_once(". ") else {
            continue;
        };
        if line.starts_with("//! ") && number.parse::<u8>().is_ok() {
            let names = item.split(':').next().unwrap_or_default();
            order.extend(names.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    order.push("cli".to_owned());
    order
}

fn folder(path: &str) -> &str {
    let first = path.split('/').next().unwrap_or_default();
    first.trim_end_matches(".rs")
}

/// A folder uses only itself and the folders before it.
pub fn folder_order(sources: &[Source]) -> Vec<String> {
    let order = stated_order(sources);
    let place = |path: &str| order.iter().position(|name| name == folder(path));
    let mut wrong = Vec::new();
    for (file, used) in Graph::of(sources).edges {
        // The crate's roots only declare the folders.
        if file == "lib.rs" || file == "main.rs" {
            continue;
        }
        let Some(own) = place(&file) else {
            wrong.push(format!(
                "{file}: `{}` is not in the order that the tour in lib.rs states",
                folder(&file)
            ));
            continue;
        };
        for used in used {
            if place(&used).is_none_or(|place| place > own) {
                wrong.push(format!(
                    "{file}: uses {used}, but the order is {}",
                    order.join(", ")
                ));
            }
        }
    }
    wrong
}

/// Files do not use each other in a circle.
pub fn no_circles(sources: &[Source]) -> Vec<String> {
    let circles = Graph::of(sources).circles();
    let told = circles.iter().map(|circle| {
        format!(
            "{}: is in a circle of files: {}",
            circle[0],
            circle.join(" -> ")
        )
    });
    told.collect()
}

/// No file is long, and most are short.
pub fn file_lengths(sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources {
        let lines = source.text.lines().count();
        if lines > MOST_LINES {
            wrong.push(format!(
                "{}: has {lines} lines, more than {MOST_LINES}",
                source.path
            ));
        }
    }
    let graph = Graph::of(sources);
    let product = sources.iter().filter(|s| graph.edges.contains_key(&s.path));
    let mut lengths: Vec<_> = product.map(|s| (s.product_lines, &s.path)).collect();
    lengths.sort();
    for (name, share, most) in [
        ("median", 0.5, MEDIAN_LINES),
        ("90th percentile", 0.9, P90_LINES),
    ] {
        let place = (lengths.len() as f64 * share) as usize;
        if let Some((lines, path)) = lengths.get(place).filter(|(lines, _)| *lines > most) {
            wrong.push(format!(
                "{path}: the {name} of the files' lengths is its {lines} lines, more than {most}"
            ));
        }
    }
    wrong
}

/// No function is long.
pub fn function_lengths(sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources {
        let all: Vec<char> = source.code.chars().collect();
        for (name, start) in functions(&all) {
            let Some(body) = body(&all, start) else {
                continue;
            };
            let lines = 1 + count_lines(&all[start..body.end]);
            if lines > MOST_FUNCTION_LINES {
                wrong.push(format!(
                    "{}:{}: function `{name}` has {lines} lines, more than {MOST_FUNCTION_LINES}",
                    source.path,
                    1 + count_lines(&all[..start])
                ));
            }
        }
    }
    wrong
}

fn count_lines(code: &[char]) -> usize {
    code.iter().filter(|&&c| c == '\n').count()
}

/// Names of functions, and where their names begin.
fn functions(all: &[char]) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for at in words(all, "fn") {
        let Some(start) = (at + 2..all.len()).find(|&i| !all[i].is_whitespace()) else {
            continue;
        };
        let name: String = all[start..]
            .iter()
            .take_while(|c| crate::text::is_name(**c))
            .collect();
        // `fn(f32) -> f32` is a type.
        if !name.is_empty() {
            found.push((name, start));
        }
    }
    found
}

/// Where a keyword stands.
fn words(all: &[char], word: &str) -> Vec<usize> {
    let word: Vec<char> = word.chars().collect();
    let named = |i: Option<usize>| {
        i.and_then(|i| all.get(i))
            .is_some_and(|&c| crate::text::is_name(c))
    };
    let is = |&at: &usize| {
        all[at..].starts_with(&word) && !named(at.checked_sub(1)) && !named(Some(at + word.len()))
    };
    (0..all.len()).filter(is).collect()
}

/// A file begins by saying what it is.
pub fn module_documentation(sources: &[Source]) -> Vec<String> {
    let silent = sources.iter().filter(|s| !s.text.starts_with("//! "));
    silent
        .map(|s| format!("{}: does not begin with `//!` and what it is", s.path))
        .collect()
}

/// Every file is the module of another: what no `mod` names is compiled by nobody.
pub fn no_orphans(sources: &[Source]) -> Vec<String> {
    let declares = |parent: &str, name: &str| {
        let parent = sources.iter().find(|source| source.path == parent);
        let ends = format!("mod {name};");
        parent.is_some_and(|parent| parent.code.lines().any(|line| line.trim().ends_with(&ends)))
    };
    let orphan = |source: &&Source| {
        let path = source.path.trim_end_matches(".rs").trim_end_matches("/mod");
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let parents = match folder {
            "" if ["lib", "main"].contains(&name) => return false,
            "" => ["lib.rs".to_owned(), "main.rs".to_owned()],
            folder => [format!("{folder}/mod.rs"), format!("{folder}.rs")],
        };
        !parents.iter().any(|parent| declares(parent, name))
    };
    let orphans = sources.iter().filter(orphan);
    orphans
        .map(|source| format!("{}: no `mod` names it, so nobody compiles it", source.path))
        .collect()
}

/// What is unsafe says why it is sound, in a comment above its statement.
pub fn safety_comments(sources: &[Source]) -> Vec<String> {
    unsafe_lines(sources, |source, line| {
        let lines: Vec<&str> = source.text.lines().collect();
        let code: Vec<&str> = source.code.lines().collect();
        for above in (0..line).rev() {
            if lines[above].contains("SAFETY: ") || lines[above].contains("# Safety") {
                return None;
            }
            let code = code[above].trim();
            // What ends here is another statement, what opens here is around it.
            if code.ends_with([';', '{', '}', ',']) {
                break;
            }
        }
        Some("is unsafe without a SAFETY comment above it".to_owned())
    })
}

/// Only the vectors and the memory map are unsafe.
pub fn unsafe_places(sources: &[Source]) -> Vec<String> {
    unsafe_lines(sources, |source, _| {
        let allowed = source.path.starts_with("simd/") || source.path == MEMORY_MAP;
        (!allowed).then(|| format!("is unsafe outside of simd/ and {MEMORY_MAP}"))
    })
}

/// What `wrong` says of the lines (counted from 0) that have an `unsafe`.
fn unsafe_lines(
    sources: &[Source],
    wrong: impl Fn(&Source, usize) -> Option<String>,
) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        let all: Vec<char> = source.code.chars().collect();
        for at in words(&all, "unsafe") {
            let line = count_lines(&all[..at]);
            if let Some(what) = wrong(source, line) {
                found.push(format!("{}:{}: {what}", source.path, line + 1));
            }
        }
    }
    found
}
