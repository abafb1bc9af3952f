use serde_json::json;

use crate::client::{Server, folder};
use crate::signal::signal;

#[test]
fn users_are_split_and_what_they_did_is_kept() {
    let log = folder().join("feedback.jsonl");
    let options = [
        "--run",
        "other",
        "--split",
        "50,50",
        "--feedback",
        "feedback.jsonl",
    ];
    let server = Server::start(&options);
    let ask = |user: u32| {
        server
            .post(
                "/v1/recommend",
                &json!({"user": user.to_string(), "top": 1}).to_string(),
            )
            .json()
    };
    let mut shown = [0u64; 2];
    for user in 1..=20 {
        let answer = ask(user);
        assert_eq!(answer["model"], ask(user)["model"]);
        let model = answer["model"].as_str().unwrap();
        shown[usize::from(model == "other")] += 1;
        let item = &answer["items"][0];
        let body = json!({"model": model, "user": user.to_string(), "item": item["item"],
            "clicked": user % 4 == 0, "score": item["score"]});
        assert_eq!(server.post("/v1/feedback", &body.to_string()).status, 204);
    }
    assert!(shown[0] > 0 && shown[1] > 0, "{shown:?}");
    assert_eq!(std::fs::read_to_string(&log).unwrap().lines().count(), 20);
    let traffic = server.get("/v1/traffic").json();
    let models = traffic["models"].as_array().unwrap();
    assert_eq!(
        models
            .iter()
            .map(|m| m["shown"].as_u64().unwrap())
            .sum::<u64>(),
        20
    );
    assert_eq!(
        models
            .iter()
            .map(|m| m["clicked"].as_u64().unwrap())
            .sum::<u64>(),
        5
    );
    let refused = server.post(
        "/v1/feedback",
        r#"{"model":"x","user":"1","item":"1","clicked":true}"#,
    );
    assert_eq!(refused.status, 404);
    let without = Server::start(&[]);
    let body = r#"{"model":"run","user":"1","item":"1","clicked":true}"#;
    assert!(
        without
            .post("/v1/feedback", body)
            .body
            .contains("--feedback FILE")
    );
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill_and_no_line_is_half() {
    let log = folder().join("killed.jsonl");
    let mut acknowledged = 0;
    for round in 0..6u64 {
        let mut server = Server::start(&["--feedback", "killed.jsonl"]);
        let process = server.process.id();
        let killer = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(40 + 17 * round));
            signal(process, "-9");
        });
        let body = r#"{"model":"run","user":"1","item":"1","clicked":true}"#;
        while let Ok(true) =
            std::panic::catch_unwind(|| server.post("/v1/feedback", body).status == 204)
        {
            acknowledged += 1;
        }
        killer.join().unwrap();
        server.process.wait().unwrap();
    }
    drop(Server::start(&["--feedback", "killed.jsonl"]));
    let text = std::fs::read_to_string(&log).unwrap();
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["clicked"], true);
    }
    let lines = text.lines().count();
    // One a round may be on disk whose answer did not come.
    assert!(
        acknowledged > 0 && (acknowledged..=acknowledged + 6).contains(&lines),
        "{acknowledged}, {lines}"
    );
}
