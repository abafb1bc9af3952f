//! Any number of threads gives the same bits; another instruction set only other roundings.

use autoint::simd::Isa;
use autoint::train::verify::TOLERANCE;
use serde_json::Value;

use crate::scene::Scene;

/// Few steps: roundings have no time to grow. Batches of many shards: they are what threads share.
const TRAINING: [&str; 8] = [
    "train",
    "--data",
    "synthetic:4000",
    "--epochs",
    "2",
    "--batch-size",
    "1000",
    "--out",
];

fn with(scene: &Scene, isa: Isa, arguments: &[&str]) -> String {
    let mut command = scene.command(arguments);
    let output = command.env("AUTOINT_ISA", isa.name()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn threads_change_no_bit_and_instruction_sets_hardly_a_metric() {
    let scene = Scene::new();
    let mut first: Option<Value> = None;
    for isa in Isa::available() {
        let name = isa.name();
        let run = |threads: &str| format!("{name}-{threads}");
        let mut models = Vec::new();
        for threads in ["1", "2", "3", "8"] {
            let options = [&run(threads)[..], "--threads", threads];
            with(&scene, isa, &[&TRAINING[..], &options].concat());
            models.push(scene.read(&format!("{}/model.safetensors", run(threads))));
        }
        assert!(models.iter().all(|model| *model == models[0]), "{name}");
        let json = with(&scene, isa, &["evaluate", &run("1"), "--json"]);
        let metrics = serde_json::from_str::<Value>(&json).unwrap()["metrics"].take();
        let first = first.get_or_insert_with(|| metrics.clone());
        for (metric, a) in first.as_object().unwrap() {
            let pair = a.as_f64().zip(metrics[metric].as_f64());
            let near = pair.is_none_or(|(a, b)| (a - b).abs() <= TOLERANCE);
            assert!(near, "{name} {metric}: {pair:?}");
        }
    }
    assert!(first.is_some_and(|metrics| metrics["auc"].is_number()));
}
