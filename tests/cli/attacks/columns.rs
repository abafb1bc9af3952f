//! Inputs with more columns than anyone reads.

use crate::scene::Scene;

#[test]
fn of_a_million_columns_only_the_nearest_are_told() {
    let scene = Scene::trained(&["--protocol", "paper"]);
    let columns: Vec<String> = (0..1_000_000).map(|n| format!("c{n}")).collect();
    scene.write(
        "wide.csv",
        columns.join(",").replace("c777777,", "genders,") + "\n",
    );
    let message = scene.fails(&["predict", "run", "--input", "wide.csv"], 1);
    assert!(
        message.contains("wide.csv:1: ") && message.contains("genders"),
        "{message:.500}"
    );
    assert!(message.len() < 500, "{} bytes", message.len());
    let train = [
        "train",
        "--data",
        "wide.csv",
        "--protocol",
        "paper",
        "--epochs",
        "1",
    ];
    let message = scene.fails(&train, 1);
    assert!(message.len() < 500, "{} bytes", message.len());
}
