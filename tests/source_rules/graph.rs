//! Which file uses which.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::paths::{Paths, Use};
use crate::text::Source;

/// The library's own name, by which the command line knows it.
const LIBRARY: &str = "autoint";

/// Re-exports of re-exports that are followed; more would be a circle of them.
const MOST: usize = 16;

type Module = Vec<String>;

/// The files of a crate, those of tests left out, and what each uses.
#[derive(Debug)]
pub struct Graph {
    files: Vec<(Module, Paths)>,
    by_module: HashMap<Module, usize>,
    /// By their path.
    pub edges: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    pub fn of(sources: &[Source]) -> Graph {
        let product = product(sources);
        let files: Vec<_> = (product.iter())
            .map(|s| (module(&s.path), Paths::of(&s.product)))
            .collect();
        let by_module = (files.iter().enumerate())
            .map(|(number, (module, _))| (module.clone(), number))
            .collect();
        let mut graph = Graph {
            files,
            by_module,
            edges: BTreeMap::new(),
        };
        for (number, source) in product.iter().enumerate() {
            let used = graph.used(number).into_iter().filter(|&n| n != number);
            let used = used.map(|n| product[n].path.clone()).collect();
            graph.edges.insert(source.path.clone(), used);
        }
        graph
    }

    /// The files that a file uses.
    fn used(&self, file: usize) -> Vec<usize> {
        let (module, paths) = &self.files[file];
        let uses = paths.uses.iter().filter(|u| !self.only_shown(file, u));
        // `pub(crate)` and `self.x` name no file.
        let named = paths.paths.iter().filter(|path| path.len() > 1);
        let all = uses.map(|u| &u.path).chain(named);
        all.filter_map(|path| self.resolve(module, path, 0))
            .collect()
    }

    /// Whether a `use` only shows what a module's own files have: whoever wants it is known to use the file itself.
    fn only_shown(&self, file: usize, shown: &Use) -> bool {
        let (module, paths) = &self.files[file];
        let own = shown.path.first().is_some_and(|first| {
            let child = [&module[..], std::slice::from_ref(first)].concat();
            first == "self" || self.by_module.contains_key(&child)
        });
        let mentioned = || paths.paths.iter().any(|path| path[0] == shown.name);
        shown.public && own && !mentioned()
    }

    /// The file that has what a path names, seen from a module; none for other crates' names, and for names that a `use`
    /// has bound.
    fn resolve(&self, from: &Module, path: &[String], depth: usize) -> Option<usize> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" | LIBRARY => self.walk(Vec::new(), rest, depth),
            "self" => self.walk(from.clone(), rest, depth),
            "super" => {
                let mut above = from.clone();
                above.pop();
                match rest.first().is_some_and(|next| next == "super") {
                    true => self.resolve(&above, rest, depth),
                    false => self.walk(above, rest, depth),
                }
            }
            name => {
                let (_, paths) = &self.files[*self.by_module.get(from)?];
                let child = paths.children.iter().any(|child| child == name);
                child.then(|| self.walk(from.clone(), path, depth))?
            }
        }
    }

    fn walk(&self, module: Module, path: &[String], depth: usize) -> Option<usize> {
        let file = *self.by_module.get(&module)?;
        let Some((first, rest)) = path.split_first().filter(|_| depth < MOST) else {
            return Some(file);
        };
        let child = [&module[..], std::slice::from_ref(first)].concat();
        if self.by_module.contains_key(&child) {
            return self.walk(child, rest, depth);
        }
        let (_, paths) = &self.files[file];
        let shown = paths.uses.iter().filter(|u| u.name == *first);
        let through = shown.filter_map(|u| {
            let whole = [&u.path[..], rest].concat();
            self.resolve(&module, &whole, depth + 1)
        });
        through.into_iter().next().or(Some(file))
    }

    /// The circles, each as the files on a shortest way around.
    pub fn circles(&self) -> Vec<Vec<String>> {
        let mut seen = BTreeSet::new();
        let mut all = Vec::new();
        for file in self.edges.keys() {
            if !seen.contains(file)
                && let Some(circle) = self.way_back(file)
            {
                seen.extend(circle.iter().cloned());
                all.push(circle);
            }
        }
        all
    }

    /// The shortest way from a file over others to itself.
    fn way_back(&self, start: &String) -> Option<Vec<String>> {
        let mut ways = VecDeque::from([vec![start]]);
        let mut seen = BTreeSet::new();
        while let Some(way) = ways.pop_front() {
            for used in &self.edges[way[way.len() - 1]] {
                let longer = [&way[..], &[used]].concat();
                if used == start {
                    return Some(longer.into_iter().cloned().collect());
                }
                if seen.insert(used) {
                    ways.push_back(longer);
                }
            }
        }
        None
    }
}

/// The files that are no test's.
fn product(sources: &[Source]) -> Vec<&Source> {
    let tests: Vec<Module> = (sources.iter())
        .flat_map(|source| {
            let above = module(&source.path);
            let of = move |name: &String| [&above[..], std::slice::from_ref(name)].concat();
            source.test_modules.iter().map(of)
        })
        .collect();
    let is_test = |s: &&Source| tests.iter().any(|t| module(&s.path).starts_with(t));
    sources.iter().filter(|s| !is_test(s)).collect()
}

/// The module of a file: `a/b.rs` and `a/b/mod.rs` are `a::b`, `lib.rs` is the root.
pub fn module(path: &str) -> Module {
    let path = path.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if path == "lib" {
        return Vec::new();
    }
    path.split('/').map(str::to_owned).collect()
}
