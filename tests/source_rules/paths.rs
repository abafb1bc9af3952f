//! The paths of a file: what its `use` declarations bind, and what its code names.

use crate::text::is_name;

/// One name that a `use` declaration binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Whether others may have the name from here.
    pub public: bool,
    pub path: Vec<String>,
    /// What it is called here; `*` for all of a module.
    pub name: String,
}

/// What a file names.
#[derive(Debug, Default)]
pub struct Paths {
    pub uses: Vec<Use>,
    /// The paths in its code, outside of `use` declarations.
    pub paths: Vec<Vec<String>>,
    /// The modules it declares.
    pub children: Vec<String>,
}

impl Paths {
    pub fn of(code: &str) -> Paths {
        let tokens = tokens(code);
        let mut all = Paths::default();
        let mut at = 0;
        while at < tokens.len() {
            // `use<'a>` is no declaration.
            if tokens[at] == "use" && tokens.get(at + 1).is_some_and(|t| t != "<") {
                let public = at > 0 && (tokens[at - 1] == "pub" || tokens[at - 1] == ")");
                at += 1;
                all.tree(&tokens, &mut at, public, &[]);
                continue;
            }
            if tokens[at] == "mod" && tokens.get(at + 2).is_some_and(|t| t == ";") {
                all.children.push(tokens[at + 1].clone());
                at += 2;
                continue;
            }
            let path = path_at(&tokens, at);
            at += (2 * path.len()).max(2) - 1;
            if !path.is_empty() {
                all.paths.push(path);
            }
        }
        all
    }

    /// Reads one tree of a `use` declaration, all of whose names begin with `before`.
    fn tree(&mut self, tokens: &[String], at: &mut usize, public: bool, before: &[String]) {
        let mut path = before.to_vec();
        while let Some(token) = tokens.get(*at) {
            *at += 1;
            match token.as_str() {
                "::" => continue,
                "{" => {
                    while tokens.get(*at).is_some_and(|t| t != "}") {
                        self.tree(tokens, at, public, &path);
                        if tokens.get(*at).is_some_and(|t| t == ",") {
                            *at += 1;
                        }
                    }
                    *at += 1;
                    return;
                }
                name => path.push(name.to_owned()),
            }
            match tokens.get(*at).map(String::as_str) {
                Some("as") => {
                    let name = tokens.get(*at + 1).cloned().unwrap_or_default();
                    *at += 2;
                    return self.bind(public, path, name);
                }
                Some("::") => {}
                _ => {
                    let named = path.iter().rev().find(|name| *name != "self");
                    let name = named.cloned().unwrap_or_default();
                    return self.bind(public, path, name);
                }
            }
        }
    }

    fn bind(&mut self, public: bool, path: Vec<String>, name: String) {
        self.uses.push(Use { public, path, name });
    }
}

/// Names, `::`, and every other sign for itself.
pub fn tokens(code: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut continues = false;
    for c in code.chars() {
        let named = is_name(c);
        match all.last_mut() {
            Some(last) if continues && named => last.push(c),
            Some(last) if c == ':' && continues == named && last == ":" => last.push(c),
            _ if c.is_whitespace() => {}
            _ => all.push(c.to_string()),
        }
        continues = named;
    }
    all
}

/// The path that begins with a token, if one does: `a::b::c`, at least one name.
fn path_at(tokens: &[String], at: usize) -> Vec<String> {
    let name = |i: usize| tokens.get(i).filter(|t| t.chars().all(is_name));
    let inner = at > 0 && (tokens[at - 1] == "::" || tokens[at - 1] == ".");
    let mut path = Vec::new();
    let mut i = at;
    while let Some(token) = name(i).filter(|_| !inner) {
        path.push(token.clone());
        if tokens.get(i + 1).is_none_or(|t| t != "::") {
            break;
        }
        i += 2;
    }
    path
}
