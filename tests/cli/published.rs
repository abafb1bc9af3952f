use crate::scene::Scene;

#[test]
fn ours_stand_beside_what_was_published_and_nothing_is_trained_twice() {
    let scene = Scene::new();
    let command = [
        "reproduce",
        "recbole",
        "--data",
        "synthetic:600",
        "--seeds",
        "2",
        "--only",
        "lr,fm",
        "--out",
        "table",
    ];
    let told = scene.ok(&command);
    assert_eq!(scene.names("table"), ["fm.1", "fm.2", "lr.1", "lr.2"]);
    let line = |start: &str| {
        let line = told
            .lines()
            .find(|line| line.trim_start().starts_with(start));
        line.unwrap_or_else(|| panic!("{start}: {told}")).to_owned()
    };
    for ours in ["ours: fm", "ours: lr"] {
        let line = line(ours);
        assert_eq!(line.matches(" sd ").count(), 2, "{line}");
    }
    assert!(
        line("published: AutoInt").contains("0.8987") && line("published: LR").contains("0.8699")
    );
    let again = scene.ok(&command);
    assert_eq!(again.matches("trained before").count(), 4, "{again}");
    assert!(again.contains(&line("ours: fm")));
}

#[test]
fn a_model_that_the_table_has_not_is_named() {
    let scene = Scene::new();
    let message = scene.fails(
        &[
            "reproduce",
            "recbole",
            "--data",
            "synthetic:600",
            "--only",
            "ffm",
        ],
        2,
    );
    assert!(
        message.contains("names no model of the file, which has autoint-plus"),
        "{message}"
    );
}
