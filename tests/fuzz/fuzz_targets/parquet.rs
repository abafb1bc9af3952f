//! Parquet files.
#![no_main]

use std::panic;

use autoint::data::source::layout::Format;
use autoint::data::source::open::read_all;
use autoint::data::source::parquet::is_guarded;
use libfuzzer_sys::fuzz_target;

fuzz_target!(
    init: {
        // A panic of the Parquet library that becomes an error is no find: the program goes on.
        let found = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !is_guarded() {
                found(info);
            }
        }));
    },
    |bytes: &[u8]| {
        let _ = read_all(bytes, Format::Parquet);
    }
);
