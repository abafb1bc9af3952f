use std::io::Write;
use std::time::Duration;

use crate::client::{Server, folder, program};

/// A refusal has the form of all refusals.
fn refused(answer: &crate::client::Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(
        answer.head.contains("application/problem+json"),
        "{answer:?}"
    );
    assert!(answer.body.contains(what), "{answer:?}");
    assert_eq!(answer.json()["status"], status);
}

#[test]
fn what_is_wrong_is_named() {
    let server = Server::start(&["--max-body", "2000", "--max-rows", "3"]);
    let post = |path: &str, body: &str| server.post(path, body);
    refused(&post("/v1/score", "{"), 400, "EOF");
    refused(
        &post("/v1/score", r#"{"row":[]}"#),
        400,
        "unknown field `row`",
    );
    refused(&post("/v1/score", r#"{"rows":[]}"#), 422, "expected 1 to 3");
    refused(
        &post("/v1/score", r#"{"rows":[{},{},{},{}]}"#),
        422,
        "4 rows",
    );
    refused(
        &post("/v1/score", r#"{"rows":[{"user_id":1}]}"#),
        422,
        "rows[0].movie_id",
    );
    refused(
        &post("/v1/score", r#"{"rows":[{"user_id":{}}]}"#),
        422,
        "rows[0].user_id",
    );
    refused(
        &post(
            "/v1/score",
            &format!("{{\"model\":\"{}\"}}", "x".repeat(3000)),
        ),
        413,
        "2000",
    );
    refused(
        &post("/v1/recommend", r#"{"user":"nobody"}"#),
        404,
        "not in the data",
    );
    refused(
        &post("/v1/recommend", r#"{"user":"1","top":0}"#),
        422,
        "1 to 1000",
    );
    refused(
        &post("/v1/recommend", r#"{"user":"1","diversity":7}"#),
        422,
        "0 to 1",
    );
    refused(
        &post("/v1/recommend", r#"{"user":"1","set":{"title":"x"}}"#),
        422,
        "cannot be set",
    );
    refused(
        &post("/v1/recommend", r#"{"user":"1","model":"x"}"#),
        404,
        "there are: run",
    );
    refused(
        &post("/v1/explain", r#"{"user":"1","item":"none"}"#),
        404,
        "not in the data",
    );
    refused(&post("/v1/similar", "{}"), 422, "either `item`");
    refused(&server.get("/v1/users/nobody"), 404, "no such");
    refused(&server.get("/v1/score"), 405, "another method");
    refused(&server.get("/nothing"), 404, "no such page");
}

#[test]
fn more_than_it_takes_on_is_answered_with_503_and_probes_still_are() {
    let server = Server::start(&["--max-concurrent", "1", "--max-time", "1500"]);
    // Its body never comes: it holds the only place until its time is over.
    let mut slow = server.connect();
    slow.write_all(b"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let busy = server.get("/v1/models");
    refused(&busy, 503, "too many");
    assert!(busy.head.contains("retry-after: 1"), "{busy:?}");
    assert_eq!(server.get("/healthz").status, 200);
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(server.get("/v1/models").status, 200);
}

#[test]
fn without_the_token_nothing_under_v1_answers() {
    std::fs::write(folder().join("token"), " secret\n").unwrap();
    let server = Server::start(&["--token-file", "token"]);
    refused(&server.get("/v1/models"), 401, "Authorization");
    let wrong = server.post_with(
        "/v1/recommend",
        r#"{"user":"1"}"#,
        "Authorization: Bearer secreT\r\n",
    );
    refused(&wrong, 401, "Authorization");
    let right = server.post_with(
        "/v1/recommend",
        r#"{"user":"1"}"#,
        "Authorization: Bearer secret\r\n",
    );
    assert_eq!(right.status, 200);
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn it_does_not_listen_beyond_this_machine_without_a_token() {
    let arguments = ["serve", "--run", "run", "--listen", "0.0.0.0:0"];
    let out = program()
        .args(arguments)
        .current_dir(folder())
        .output()
        .unwrap();
    let told = String::from_utf8(out.stderr).unwrap();
    assert!(
        !out.status.success() && told.contains("--token-file"),
        "{told}"
    );
}
