use std::sync::atomic::{AtomicBool, Ordering};

use crate::client::Server;
use crate::signal::signal;

#[test]
fn models_are_replaced_without_losing_a_request() {
    let server = Server::start(&[]);
    let done = AtomicBool::new(false);
    let answered = std::thread::scope(|scope| {
        let ask = || {
            let mut count = 0;
            while !done.load(Ordering::SeqCst) {
                assert_eq!(server.post("/v1/recommend", r#"{"user":"1"}"#).status, 200);
                count += 1;
            }
            count
        };
        let asking = [scope.spawn(ask), scope.spawn(ask)];
        for _ in 0..5 {
            signal(server.process.id(), "-HUP");
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        done.store(true, Ordering::SeqCst);
        asking.map(|thread| thread.join().unwrap())
    });
    assert!(answered.iter().all(|&count| count > 5), "{answered:?}");
}

#[test]
fn it_ends_well_when_it_is_asked_to() {
    let mut server = Server::start(&[]);
    assert_eq!(server.get("/healthz").status, 200);
    signal(server.process.id(), "-TERM");
    assert_eq!(server.process.wait().unwrap().code(), Some(0));
}
