//! Schema files: what is accepted comes back from its own text, and labels and values never panic.
#![no_main]

use std::path::Path;

use autoint::data::protocol::file::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let path = Path::new("f.toml");
    if let Ok(protocol) = parse(text, path) {
        let again = toml::to_string(&protocol).expect("TOML holds every protocol");
        assert_eq!(parse(&again, path).expect("what was written is read"), protocol);
        let _ = protocol.label.label(text);
    }
});
