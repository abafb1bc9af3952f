//! Whatever comes: an answer below 500 or a closed connection, and others are answered all the while. `AUTOINT_MALFORMED` says how
//! many requests (3,000).

use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::client::{Answer, Server};

fn random(rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = vec![0; rng.random_range(0..400)];
    rng.fill_bytes(&mut bytes);
    bytes
}

fn post(body: &[u8], headers: &str) -> Vec<u8> {
    let path = ["/v1/score", "/v1/recommend", "/v1/similar", "/v1/explain"][body.len() % 4];
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

const VALUES: [&str; 12] = [
    "1e999",
    "-0",
    "18446744073709551616",
    "[]",
    "{}",
    "null",
    "true",
    "\"\\ud800\"",
    "\"\"",
    "[[1]]",
    "1e-400",
    "\"1\"",
];
const KEYS: [&str; 9] = [
    "rows",
    "user",
    "item",
    "top",
    "set",
    "filter",
    "diversity",
    "model",
    "profile",
];

/// JSON of the right keys with values of any type.
fn wrong_types(rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut pairs = Vec::new();
    for _ in 0..rng.random_range(1..4) {
        let key = KEYS[rng.random_range(0..KEYS.len())];
        let value = VALUES[rng.random_range(0..VALUES.len())];
        pairs.push(format!("\"{key}\":{value}"));
    }
    format!("{{{}}}", pairs.join(",")).into_bytes()
}

fn malformed(kind: usize, rng: &mut ChaCha8Rng) -> Vec<u8> {
    match kind {
        0 => random(rng),
        1 => post(&random(rng), ""),
        2 => post(&wrong_types(rng), ""),
        3 => {
            let whole = post(&wrong_types(rng), "");
            whole[..rng.random_range(0..whole.len())].to_vec()
        }
        4 => post("[".repeat(rng.random_range(1..5000)).as_bytes(), ""),
        5 => post(
            format!("{{\"rows\":{}1{}}}", "[".repeat(200), "]".repeat(200)).as_bytes(),
            "",
        ),
        // Shapes of request smuggling: two lengths, a length and chunks, a hidden second request.
        6 => post(b"{}", "Content-Length: 0\r\n"),
        7 => post(
            b"0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n",
            "Transfer-Encoding: chunked\r\n",
        ),
        8 => format!(
            "GET /{}  HTTP/9.9\r\n\r\n",
            "%ff".repeat(rng.random_range(0..300))
        )
        .into_bytes(),
        9 => format!(
            "GET /recommend?user=%00%ff&{}=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "a".repeat(rng.random_range(0..3000))
        )
        .into_bytes(),
        10 => post(
            b"",
            &format!("X: {}\r\n", "y".repeat(rng.random_range(0..100_000))),
        ),
        _ => b"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"
            .to_vec(),
    }
}

#[test]
fn no_request_is_answered_with_a_defect() {
    let count = std::env::var("AUTOINT_MALFORMED")
        .ok()
        .and_then(|text| text.parse().ok());
    let server = Server::start(&["--max-time", "2000"]);
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.process.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS"));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok())
            .unwrap_or(0)
    };
    // Half-open connections that say nothing, all the while.
    let _silent: Vec<_> = (0..50).map(|_| server.connect()).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut answered = 0;
    let mut before = 0;
    for number in 0..count.unwrap_or(3_000usize) {
        let bytes = malformed(number % 12, &mut rng);
        // Only what is whole is waited for.
        let whole = matches!(number % 12, 1 | 2 | 4 | 5 | 6 | 7 | 9 | 10);
        let answer = Answer::of(&server.send(&bytes, !whole));
        let told = String::from_utf8_lossy(&bytes);
        let told: String = told.chars().take(300).collect();
        assert!(answer.status < 500, "{number}: {told}\n{answer:?}");
        answered += usize::from(answer.status > 0);
        if number % 500 == 0 {
            let good = server.post("/v1/recommend", r#"{"user":"1","top":1}"#);
            assert_eq!(good.status, 200, "after {number}: {good:?}");
        }
        if number == 1_000 {
            before = resident();
        }
    }
    assert!(answered > 1_000, "{answered}");
    assert!(
        resident() < before + 20_000,
        "{before} kB became {} kB",
        resident()
    );
}
