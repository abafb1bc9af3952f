//! What fuzzing starts from, and what it has found, through the readers: an error or rows, never a panic. The targets
//! themselves are in `tests/fuzz`.

use std::path::{Path, PathBuf};

use autoint::data::protocol::file::parse;
use autoint::data::source::layout::Format;
use autoint::data::source::open::read_all;
use autoint::interop::import::classes::Classes;
use autoint::interop::import::hdf5::Hdf5;
use autoint::interop::import::map::Map;
use autoint::interop::import::{keras, npy, torch};

fn seeds(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds");
    let entries = std::fs::read_dir(folder.join(target)).unwrap();
    let mut all: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    all.sort();
    assert!(!all.is_empty(), "{target} has no seed");
    all
}

/// How many of a target's seeds could be read.
fn read(target: &str, format: Format) -> usize {
    let seeds = seeds(target);
    let bytes = seeds.iter().map(|seed| std::fs::read(seed).unwrap());
    bytes
        .filter(|bytes| read_all(bytes, format).is_ok())
        .count()
}

#[test]
fn seeds_are_read_and_finds_are_refused() {
    assert_eq!(read("csv", Format::Csv), 3);
    assert_eq!(read("jsonl", Format::Jsonl), 1);
    assert_eq!(read("libsvm", Format::Libsvm), 1);
    assert_eq!(read("libffm", Format::Libffm), 1);
    // Of five: a number in `delta-header` has more than 64 bits, which the library asserts against in debug builds.
    assert_eq!(read("parquet", Format::Parquet), 4);
}

#[test]
fn schemas_that_fuzzing_starts_from_are_schemas() {
    for seed in seeds("schema") {
        let text = std::fs::read_to_string(&seed).unwrap();
        parse(&text, &seed).unwrap();
    }
}

#[test]
fn models_and_values_of_others_are_read_or_refused() {
    let whole = seeds("keras").into_iter().filter(|seed| {
        let bytes = std::fs::read(seed).unwrap();
        let Ok(file) = Hdf5::of_bytes(seed, &bytes) else {
            return false;
        };
        let Ok(foreign) = keras::read(&file) else {
            return false;
        };
        let mut tensors = foreign.tensors.values();
        !foreign.tensors.is_empty() && tensors.all(|tensor| tensor.numbers(seed).is_ok())
    });
    assert_eq!(whole.count(), 2);
    for (library, seed) in ["deepctr-torch", "fuxictr"].into_iter().zip(seeds("torch")) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let map = Map::read(&root.join(format!("data/torch/{library}.toml"))).unwrap();
        let bytes = std::fs::read(&seed).unwrap();
        let fields = ["user", "user_kind", "item"];
        let foreign = torch::read(&seed, &bytes, &map, &fields).unwrap();
        assert!(foreign.others.is_empty(), "{:?}", foreign.others);
    }
    let known = seeds("classes").into_iter().filter(|seed| {
        let bytes = std::fs::read(seed).unwrap();
        npy::counts(&bytes).is_ok() || Classes::of_bytes(seed, &bytes).is_ok()
    });
    assert_eq!(known.count(), 2);
}
