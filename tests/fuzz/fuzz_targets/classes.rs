//! Lists of values, and their numbers as NumPy keeps them.
#![no_main]

use std::path::Path;

use autoint::data::movielens::protocols;
use autoint::interop::import::classes::{Classes, schema_of};
use autoint::interop::import::npy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = npy::counts(bytes);
    if let (Ok(classes), Ok(protocol)) = (
        Classes::of_bytes(Path::new("f.json"), bytes),
        protocols::named("course"),
    ) {
        if let Ok(schema) = schema_of(&classes, protocol) {
            assert_eq!(Classes::of_schema(&schema).expect("it was made of some"), classes);
        }
    }
});
