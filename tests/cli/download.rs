use crate::scene::Scene;
use crate::server::{Reply, Server};
use crate::train::tiny_movielens;

#[test]
fn data_that_are_there_are_left_alone_and_the_licence_is_shown() {
    let scene = Scene::new();
    tiny_movielens(&scene, "data/ml-1m");
    let out = scene.ok(&["download", "ml-1m"]);
    assert!(
        out.starts_with("data/ml-1m holds ml-1m already; --force"),
        "{out}"
    );
    assert!(
        out.contains("GroupLens") && out.contains("redistribute"),
        "{out}"
    );
}

#[test]
fn a_download_that_fails_says_why_and_leaves_nothing() {
    let scene = Scene::new();
    let server = Server::start(vec![("/x.zip", Reply::Whole(b"no archive".to_vec()))]);
    let url = server.url("/x.zip");
    let message = scene.fails(&["download", "ml-100k", "--to", "d", "--url", &url], 1);
    assert!(
        message.contains("/x.zip.md5: the server answered with status 404"),
        "{message}"
    );
    assert_eq!(scene.names(""), [""; 0]);
}
