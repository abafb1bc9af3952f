//! Bytes that claim to be gzip or zstd.
#![no_main]

use std::io::{Cursor, Read};

use autoint::data::source::bytes::unpacked;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (packer, rest) = bytes.split_at_checked(1).unwrap_or((&[0], &[]));
    let magic: &[u8] = if packer[0] % 2 == 0 { &[0x1f, 0x8b] } else { &[0x28, 0xb5, 0x2f, 0xfd] };
    let input = Box::new(Cursor::new([magic, rest].concat()));
    if let Ok(input) = unpacked(input) {
        // A bomb is cut off as readers cut theirs: by reading in parts.
        let _ = input.take(1 << 20).read_to_end(&mut Vec::new());
    }
});
