//! Folders of the user's own.

use std::fs;

use crate::scene::Scene;

const WILD: [&str; 6] = [
    "train",
    "--data",
    "synthetic:500",
    "--learning-rate",
    "1e30",
    "--out",
];

#[test]
fn an_empty_folder_that_was_there_stays_when_a_training_fails() {
    let scene = Scene::new();
    fs::create_dir(scene.path("mine")).unwrap();
    let message = scene.fails(&[&WILD[..], &["mine"]].concat(), 1);
    assert!(message.contains("not finite"), "{message}");
    assert_eq!(scene.names("mine"), [""; 0]);
    // What was made for the run goes, and nothing above that was there.
    scene.fails(&[&WILD[..], &["mine/a/b"]].concat(), 1);
    assert_eq!(scene.names("mine"), [""; 0]);
    scene.fails(&[&WILD[..], &["new/a/b"]].concat(), 1);
    scene.fails(&WILD[..5], 1);
    assert_eq!(scene.names(""), ["mine"]);
}
