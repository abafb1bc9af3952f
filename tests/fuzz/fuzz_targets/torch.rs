//! safetensors files that claim to be a PyTorch model's, by both ready maps: every tensor that is found can be read or is refused.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use autoint::interop::import::map::Map;
use autoint::interop::import::sizes::Sizes;
use autoint::interop::import::torch;
use libfuzzer_sys::fuzz_target;

static MAPS: LazyLock<[Map; 2]> = LazyLock::new(|| {
    let texts = [
        include_str!("../../../data/torch/fuxictr.toml"),
        include_str!("../../../data/torch/deepctr-torch.toml"),
    ];
    texts.map(|text| Map::parse(Path::new("m.toml"), text).expect("it is a map"))
});

fuzz_target!(|bytes: &[u8]| {
    let path = Path::new("f.safetensors");
    for map in MAPS.iter() {
        let Ok(foreign) = torch::read(path, bytes, map, &["user", "user_kind", "item"]) else {
            continue;
        };
        let _ = Sizes::of(&foreign, Some(2), false);
        for tensor in foreign.tensors.values() {
            let _ = tensor.numbers(path);
        }
    }
});
