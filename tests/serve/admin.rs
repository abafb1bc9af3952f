use std::fs;

use crate::client::{Server, folder};

/// A server on a copy of the run, which a test may change.
fn on_copy(name: &str, options: &[&str]) -> Server {
    let copy = folder().join(name);
    fs::create_dir_all(&copy).unwrap();
    for file in fs::read_dir(folder().join("run")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.join(file.file_name())).unwrap();
    }
    Server::start(&[&["--run", name], options].concat())
}

#[test]
fn only_the_administrator_reloads_and_a_broken_run_changes_nothing() {
    fs::write(folder().join("admin"), "open sesame\n").unwrap();
    let server = on_copy("reloaded", &["--admin-token-file", "admin"]);
    let reload = |headers: &str| server.post_with("/admin/reload", "", headers);
    assert_eq!(reload("").status, 401);
    assert_eq!(reload("Authorization: Bearer wrong\r\n").status, 401);
    let right = "Authorization: Bearer open sesame\r\n";
    assert_eq!(reload(right).status, 204);
    let models = || server.get("/v1/models").json();
    let before = models();
    fs::write(folder().join("reloaded/model.safetensors"), "no weights").unwrap();
    let refused = reload(right);
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(refused.body.contains("the old models stay") && refused.body.contains("safetensors"));
    assert_eq!(models(), before);
    let scored = server.post(
        "/v1/recommend",
        r#"{"model":"reloaded","user":"1","top":1}"#,
    );
    assert_eq!(scored.status, 200, "{}", scored.body);
}

#[test]
fn without_a_token_there_is_no_administration() {
    let server = Server::start(&[]);
    let refused = server.post("/admin/reload", "");
    assert_eq!(refused.status, 404);
    assert!(
        refused.body.contains("--admin-token-file"),
        "{}",
        refused.body
    );
}
