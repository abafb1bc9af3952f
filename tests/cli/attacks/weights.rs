//! Weights of rows that are no numbers.

use crate::scene::Scene;
use crate::train::tiny_movielens;

#[test]
fn a_weight_that_is_text_is_shown() {
    let scene = Scene::new();
    tiny_movielens(&scene, "ml");
    let train = ["train", "--data", "ml", "--weight-column", "title"];
    let message = scene.fails(&train, 1);
    assert!(
        message.contains("column `title`: \"Toy Story\" is not a weight"),
        "{message}"
    );
    assert!(message.contains("from 1e-6 to 1000000.0"), "{message}");
    let train = ["train", "--data", "ml", "--weight-column", "titel"];
    let message = scene.fails(&train, 1);
    assert!(
        message.contains("`titel`") && message.contains("title"),
        "{message}"
    );
}
