//! A source text as the rules see it: code without comments, strings and tests.

use std::ops::Range;

/// A Rust file below `src`.
#[derive(Debug)]
pub struct Source {
    /// Relative to `src`, with `/`.
    pub path: String,
    pub text: String,
    /// The text with blanks for comments, strings and characters; every line stays where it is.
    pub code: String,
    /// The code with blanks for everything under `#[cfg(test)]`.
    pub product: String,
    /// Lines that are no part of an item under `#[cfg(test)]`.
    pub product_lines: usize,
    /// Modules declared as `#[cfg(test)] mod NAME;`.
    pub test_modules: Vec<String>,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Source {
        let code = code(text);
        let tests = test_items(&code);
        let mut product: Vec<char> = code.chars().collect();
        let (mut test_lines, mut test_modules) = (0, Vec::new());
        for range in tests {
            let item: String = product[range.clone()].iter().collect();
            test_lines += item.lines().count();
            test_modules.extend(declared_module(&item));
            blank(&mut product[range]);
        }
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
            product: product.into_iter().collect(),
            product_lines: text.lines().count() - test_lines,
            code,
            test_modules,
        }
    }
}

/// Overwrites all but the ends of lines.
fn blank(code: &mut [char]) {
    for c in code {
        if *c != '\n' {
            *c = ' ';
        }
    }
}

/// See [`Source::code`].
fn code(text: &str) -> String {
    let mut all: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < all.len() {
        let end = other_than_code(&all, at);
        blank(&mut all[at..end]);
        at = end.max(at + 1);
    }
    all.into_iter().collect()
}

/// Where the comment, string or character ends that begins at `at`; `at` itself when none does.
fn other_than_code(all: &[char], at: usize) -> usize {
    let starts = |pattern: &str| {
        pattern
            .chars()
            .enumerate()
            .all(|(i, c)| all.get(at + i) == Some(&c))
    };
    if starts("//") {
        return find(all, at, |i| all[i] == '\n');
    }
    if starts("/*") {
        return after_comment(all, at);
    }
    if all[at] == '"' {
        return after_string(all, at);
    }
    if all[at] == 'r'
        && !at
            .checked_sub(1)
            .is_some_and(|i| is_name(all[i]) && all[i] != 'b')
    {
        return after_raw_string(all, at);
    }
    if all[at] == '\'' {
        return after_character(all, at);
    }
    at
}

fn find(all: &[char], from: usize, is: impl Fn(usize) -> bool) -> usize {
    (from..all.len()).find(|&i| is(i)).unwrap_or(all.len())
}

/// Comments of `/*` may lie within each other.
fn after_comment(all: &[char], at: usize) -> usize {
    let (mut depth, mut i) = (0, at);
    while i + 1 < all.len() {
        match (all[i], all[i + 1]) {
            ('/', '*') => (depth, i) = (depth + 1, i + 2),
            ('*', '/') => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            return i;
        }
    }
    all.len()
}

fn after_string(all: &[char], at: usize) -> usize {
    let mut i = at + 1;
    while i < all.len() && all[i] != '"' {
        i += if all[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(all.len())
}

/// `at` when what begins there is no raw string but a name.
fn after_raw_string(all: &[char], at: usize) -> usize {
    let open = find(all, at + 1, |i| all[i] != '#');
    if all.get(open) != Some(&'"') {
        return at;
    }
    let hashes = open - at - 1;
    let closes = |i: usize| all[i] == '"' && (1..=hashes).all(|h| all.get(i + h) == Some(&'#'));
    (find(all, open + 1, closes) + 1 + hashes).min(all.len())
}

/// `at` when what begins there is a lifetime.
fn after_character(all: &[char], at: usize) -> usize {
    match all.get(at + 1) {
        Some('\\') => find(all, at + 3, |i| all[i] == '\'') + 1,
        Some(_) if all.get(at + 2) == Some(&'\'') => at + 3,
        _ => at,
    }
}

pub fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The items under `#[cfg(test)]`, attribute and all.
fn test_items(code: &str) -> Vec<Range<usize>> {
    const ATTRIBUTE: &str = "#[cfg(test)]";
    let all: Vec<char> = code.chars().collect();
    let attribute: Vec<char> = ATTRIBUTE.chars().collect();
    let mut items = Vec::new();
    let mut at = 0;
    while at + attribute.len() <= all.len() {
        if all[at..at + attribute.len()] == attribute[..] {
            let end = after_item(&all, at + attribute.len());
            items.push(at..end);
            at = end;
        } else {
            at += 1;
        }
    }
    items
}

/// Where an item ends: at its `;`, or at the brace that closes its first one.
pub fn after_item(all: &[char], from: usize) -> usize {
    match body(all, from) {
        Some(body) => body.end,
        None => (find(all, from, |i| all[i] == ';') + 1).min(all.len()),
    }
}

/// The first braces after `from`, unless a `;` outside of brackets comes before them.
pub fn body(all: &[char], from: usize) -> Option<Range<usize>> {
    let mut depth = 0;
    let mut open = None;
    for (i, &c) in all.iter().enumerate().skip(from) {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ';' if depth == 0 => break,
            '{' if depth == 0 => {
                open = Some(i);
                break;
            }
            _ => {}
        }
    }
    let open = open?;
    let mut depth = 0;
    for (i, &c) in all.iter().enumerate().skip(open) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(open..i + 1);
        }
    }
    Some(open..all.len())
}

/// The name of an item that is `mod NAME;`.
fn declared_module(item: &str) -> Option<String> {
    let declaration = item.trim_end().strip_suffix(';')?;
    let (before, name) = declaration.rsplit_once(' ')?;
    before.trim_end().ends_with("mod").then(|| name.to_owned())
}
