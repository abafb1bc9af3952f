//! What a file is, from its first bytes.
#![no_main]

use autoint::data::source::sniff::of_bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = of_bytes(bytes);
});
