//! Delimited text.
#![no_main]

use autoint::data::source::layout::Format;
use autoint::data::source::open::read_all;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = read_all(bytes, Format::Csv);
});
