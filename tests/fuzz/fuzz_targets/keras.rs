//! HDF5 files that claim to be Keras' weights: every tensor that is found can be read or is refused.
#![no_main]

use std::path::Path;

use autoint::interop::import::hdf5::Hdf5;
use autoint::interop::import::keras;
use autoint::interop::import::sizes::Sizes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let path = Path::new("f.h5");
    let Ok(file) = Hdf5::of_bytes(path, bytes) else {
        return;
    };
    if let Ok(foreign) = keras::read(&file) {
        let _ = Sizes::of(&foreign, None, true);
        for tensor in foreign.tensors.values() {
            if let Ok(numbers) = tensor.numbers(path) {
                assert!(numbers.len() * 4 <= bytes.len());
            }
        }
    }
});
