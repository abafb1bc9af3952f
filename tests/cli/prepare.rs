use crate::scene::Scene;

#[test]
fn it_prints_what_it_wrote() {
    let scene = Scene::new();
    let out = scene.ok(&[
        "prepare",
        "--data",
        "synthetic:2000",
        "--protocol",
        "recbole",
        "--out",
        "a.store",
    ]);
    for text in [
        "protocol recbole: ",
        " % positive",
        "7 fields",
        "user_id",
        "multi-valued",
        "a.store written in ",
    ] {
        assert!(out.contains(text), "{text}: {out}");
    }
    // A store is replaced, anything else is not.
    scene.ok(&["prepare", "--data", "synthetic:500", "--out", "a.store"]);
    scene.write("thesis.txt", "mine");
    let message = scene.fails(
        &["prepare", "--data", "synthetic:500", "--out", "thesis.txt"],
        1,
    );
    assert!(message.contains("thesis.txt"), "{message}");
    assert_eq!(scene.text("thesis.txt"), "mine");
    let message = scene.fails(&["prepare", "--data", "a.store", "--out", "b.store"], 1);
    assert!(
        message.contains("a.store: is prepared already"),
        "{message}"
    );
}

#[test]
fn a_store_has_its_own_protocol() {
    let scene = Scene::new();
    scene.ok(&[
        "prepare",
        "--data",
        "synthetic:500",
        "--protocol",
        "paper",
        "--out",
        "a.store",
    ]);
    let train = |options: &[&'static str]| {
        [&["train", "--data", "a.store", "--epochs", "1"], options].concat()
    };
    assert!(scene.ok(&train(&[])).contains("protocol paper"));
    assert!(
        scene
            .ok(&train(&["--protocol", "paper"]))
            .contains("protocol paper")
    );
    let message = scene.fails(&train(&["--protocol", "course"]), 2);
    assert!(message.contains("prepared with `paper`"), "{message}");
    scene.write("c.toml", "protocol = 'recbole'");
    scene.fails(&train(&["--config", "c.toml"]), 2);

    let mut bytes = scene.read("a.store");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    scene.write("b.store", &bytes);
    scene.write("c.store", &bytes[..middle]);
    for name in ["b.store", "c.store"] {
        let message = scene.fails(&["train", "--data", name], 1);
        assert!(
            message.contains(name) && message.contains("autoint prepare"),
            "{message}"
        );
    }
}
