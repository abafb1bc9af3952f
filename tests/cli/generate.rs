//! `autoint generate`

use std::process::Stdio;

use crate::scene::Scene;

#[test]
fn a_file_equals_standard_output_with_any_number_of_threads() {
    let scene = Scene::new();
    for layout in ["criteo", "avazu", "clicks"] {
        let options = ["generate", "--layout", layout, "--rows", "9000"];
        let streamed = scene.ok(&[&options[..], &["--threads", "3"]].concat());
        let said = scene.ok(&[&options[..], &["--threads", "1", "--out", "file"]].concat());
        assert!(said.starts_with("file: 9,000 rows, "), "{said}");
        assert!(scene.text("file") == streamed, "{layout}");
        let header = usize::from(layout != "criteo");
        assert_eq!(streamed.lines().count(), 9_000 + header);
        let other = scene.ok(&[&options[..], &["--seed", "2", "--out", "-"]].concat());
        assert!(other != streamed, "{layout}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let scene = Scene::new();
    let mut process = scene.process(&["generate", "--layout", "criteo", "--rows", "1000000000000"]);
    process.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = process.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn what_cannot_be_made_is_refused() {
    let scene = Scene::new();
    let options = ["generate", "--layout", "criteo", "--rows", "10"];
    let message = scene.fails(&[&options[..], &["--out", "no/folder/file"]].concat(), 1);
    assert!(message.contains("no/folder"), "{message}");
    for wrong in [["--layout", "libsvm"], ["--rows", "-1"], ["--rows", "many"]] {
        let process = scene.command(&["generate", wrong[0], wrong[1]]);
        assert_eq!({ process }.output().unwrap().status.code(), Some(2));
    }
}
