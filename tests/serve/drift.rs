use serde_json::{Value, json};

use crate::client::Server;

/// A row of the synthetic data; `occupation` is what the test changes.
fn row(number: usize, occupation: &str) -> Value {
    json!({"user_id": 1 + number % 50, "movie_id": 1 + number % 70, "movie_decade": "1990s", "movie_year": "1995",
        "rating_year": 2000, "rating_month": 11, "rating_decade": "2000s", "genre1": "Drama", "genre2": "no", "genre3": "no",
        "gender": "F", "age": 25, "occupation": occupation, "zip": "00001"})
}

fn field(report: &Value, name: &str) -> Value {
    let fields = report["models"][0]["fields"].as_array().unwrap();
    let found = fields.iter().find(|field| field["name"] == name);
    found.unwrap().clone()
}

#[test]
fn values_that_the_model_never_saw_are_told() {
    let server = Server::start(&[]);
    let before = field(&server.get("/v1/drift").json(), "occupation");
    assert_eq!(
        (&before["values"], &before["psi"]),
        (&json!(0), &Value::Null)
    );
    let rows: Vec<Value> = (0..400).map(|number| row(number, "astronaut")).collect();
    let scored = server.post("/v1/score", &json!({"rows": rows}).to_string());
    assert_eq!(scored.status, 200, "{}", scored.body);
    let report = server.get("/v1/drift").json();
    let occupation = field(&report, "occupation");
    assert_eq!(
        (&occupation["values"], &occupation["unknown"]),
        (&json!(400), &json!(1.0))
    );
    assert!(occupation["unknown_in_training"].as_f64().unwrap() < 0.5);
    assert!(occupation["psi"].as_f64().unwrap() > 0.25, "{occupation}");
    assert_eq!(report["models"][0]["scores"]["rows"], 400);
    let text = server.get("/metrics").body;
    let line = "autoint_drift_unknown_ratio{model=\"run\",field=\"occupation\"} 1";
    assert!(text.lines().any(|l| l == line), "{text}");
    let page = server.get("/traffic?lang=en").body;
    assert!(page.contains("class=\"chip alarm\">moved"), "{page}");
}

#[test]
fn who_asks_for_recommendations_is_counted_but_not_what_is_ranked() {
    let server = Server::start(&[]);
    for user in 1..=5 {
        let asked = json!({"user": user.to_string(), "top": 1}).to_string();
        assert_eq!(server.post("/v1/recommend", &asked).status, 200);
    }
    let report = server.get("/v1/drift").json();
    assert_eq!(field(&report, "gender")["values"], 5);
    assert_eq!(field(&report, "genre1")["values"], 0);
    assert_eq!(report["models"][0]["scores"]["rows"], 0);
}
