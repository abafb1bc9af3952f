//! `download` against a server on the loopback interface that serves well and badly.

mod support {
    pub mod server;
}

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use autoint::data::download::{
    Counts, DownloadOptions, DownloadReport, DownloadSet, Outcome, download,
};
use md5::{Digest, Md5};
use support::server::{Reply, Server};
use zip::write::{SimpleFileOptions, ZipWriter};

const FILES: [(&str, &str); 4] = [
    ("ml-1m/README", "terms\n"),
    (
        "ml-1m/users.dat",
        "1::F::1::10::48067\n2::M::56::16::70072\n",
    ),
    ("ml-1m/movies.dat", "1::Toy Story (1995)::Animation\n"),
    (
        "ml-1m/ratings.dat",
        "1::1::5::978824268\n2::1::4::978300760\n",
    ),
];
const COUNTS: Counts = Counts {
    ratings: 2,
    users: 2,
    movies: 1,
};

fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn sum(bytes: &[u8]) -> Reply {
    let hex: String = Md5::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Reply::Whole(format!("MD5 (x.zip) = {hex}\n").into_bytes())
}

/// A server, an empty folder, and options that lead the download from the one to the other.
struct Scene {
    server: Server,
    root: tempfile::TempDir,
    options: DownloadOptions,
}

impl Scene {
    /// `/x.zip` answers with `archive`, `/x.zip.md5` with `sum`.
    fn new(archive: Reply, sum: Reply) -> Scene {
        Scene::with(vec![("/x.zip", archive), ("/x.zip.md5", sum)])
    }

    fn serving(files: &[(&str, &str)]) -> Scene {
        let archive = zip(files);
        let sum = sum(&archive);
        Scene::new(Reply::Whole(archive), sum)
    }

    fn with(replies: Vec<(&'static str, Reply)>) -> Scene {
        let server = Server::start(replies);
        let root = tempfile::tempdir().unwrap();
        let options = DownloadOptions {
            url: Some(server.url("/x.zip")),
            to: Some(root.path().join("ml-1m")),
            expected: Some(COUNTS),
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(5),
            // Loopback addresses must not go through a proxy that the environment names.
            proxy_from_environment: false,
            ..DownloadOptions::default()
        };
        Scene {
            server,
            root,
            options,
        }
    }

    fn target(&self) -> PathBuf {
        self.root.path().join("ml-1m")
    }

    fn run(&self) -> autoint::Result<DownloadReport> {
        download(DownloadSet::Ml1m, &self.options, &mut |_, _| {})
    }

    /// Runs into a missing target and, with `force`, into one with files: both fail with a message that names the server
    /// and holds `what`, and leave the folder as it was.
    fn fails(mut self, what: &str) {
        let check = |scene: &Scene| {
            let message = scene.run().unwrap_err().to_string();
            assert!(message.contains(what), "{message}");
            assert!(message.starts_with(&scene.server.url("")), "{message}");
            assert!(!message.contains('\n'), "{message}");
        };
        check(&self);
        assert_eq!(names(self.root.path()), [""; 0]);

        fs::create_dir(self.target()).unwrap();
        for name in ["users.dat", "ratings.dat"] {
            fs::write(self.target().join(name), "mine").unwrap();
        }
        self.options.force = true;
        check(&self);
        assert_eq!(names(self.root.path()), ["ml-1m"]);
        assert_eq!(names(&self.target()), ["ratings.dat", "users.dat"]);
        let kept = fs::read_to_string(self.target().join("ratings.dat")).unwrap();
        assert_eq!(kept, "mine");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_good_archive_is_unpacked_and_checked() {
    let scene = Scene::serving(&FILES);
    let mut calls = Vec::new();
    let report = download(DownloadSet::Ml1m, &scene.options, &mut |received, size| {
        calls.push((received, size));
    })
    .unwrap();
    assert_eq!(names(scene.root.path()), ["ml-1m"]);
    let all = ["README", "movies.dat", "ratings.dat", "users.dat"];
    assert_eq!(names(&scene.target()), all);
    assert_eq!(report.folder, scene.target());
    assert!(report.licence.contains("Harper") && report.licence.contains("redistribute"));
    let Outcome::Downloaded { bytes, counts, .. } = report.outcome else {
        panic!("{report:?}");
    };
    assert_eq!(counts, COUNTS);
    assert_eq!(calls.first(), Some(&(0, Some(bytes))));
    assert_eq!(calls.last(), Some(&(bytes, Some(bytes))));
    assert!(
        autoint::data::movielens::read(&scene.target())
            .unwrap()
            .rows()
            == 2
    );
}

#[test]
fn a_folder_with_the_files_is_left_alone_unless_forced() {
    let mut scene = Scene::serving(&FILES);
    scene.run().unwrap();
    let ratings = scene.target().join("ratings.dat");
    fs::write(&ratings, "mine").unwrap();
    assert_eq!(scene.run().unwrap().outcome, Outcome::AlreadyThere);
    assert_eq!(fs::read_to_string(&ratings).unwrap(), "mine");
    scene.options.force = true;
    scene.run().unwrap();
    assert_ne!(fs::read_to_string(&ratings).unwrap(), "mine");
    fs::remove_file(&ratings).unwrap();
    scene.options.force = false;
    let message = scene.run().unwrap_err().to_string();
    assert!(
        message.contains("but not ratings.dat: use --force"),
        "{message}"
    );
}

#[test]
fn redirects_are_followed_up_to_a_limit() {
    let archive = zip(&FILES);
    let sum_reply = sum(&archive);
    let scene = Scene::with(vec![
        ("/x.zip", Reply::Redirect("/moved.zip")),
        ("/moved.zip", Reply::Whole(archive.clone())),
        ("/x.zip.md5", sum_reply),
    ]);
    scene.run().unwrap();
    Scene::new(Reply::Redirect("/x.zip"), sum(&archive)).fails("more than 5 redirects");
}

#[test]
fn a_truncated_transfer_is_an_error() {
    let archive = zip(&FILES);
    let sum = sum(&archive);
    let half = archive.len() / 2;
    Scene::new(Reply::Short(archive, half), sum).fails("the transfer failed");
}

#[test]
fn a_truncated_transfer_of_unknown_length_is_found_by_its_sum() {
    let archive = zip(&FILES);
    let half = archive[..archive.len() / 2].to_vec();
    Scene::new(Reply::Unsized(half), sum(&archive)).fails("the transfer was damaged");
}

#[test]
fn a_damaged_archive_is_found_by_its_sum() {
    let mut archive = zip(&FILES);
    let sum = sum(&archive);
    archive[40] ^= 1;
    Scene::new(Reply::Whole(archive), sum).fails("the transfer was damaged, try again");
}

#[test]
fn a_stalled_transfer_ends_after_the_read_timeout() {
    let archive = zip(&FILES);
    let sum = sum(&archive);
    let mut scene = Scene::new(Reply::Stall(archive, 10), sum);
    scene.options.read_timeout = Duration::from_millis(200);
    let start = Instant::now();
    scene.fails("the server sent nothing for 0.2 s: try again later");
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[test]
fn missing_files_on_the_server_are_named() {
    let archive = zip(&FILES);
    Scene::with(vec![("/x.zip.md5", sum(&archive))])
        .fails("/x.zip: the server answered with status 404");
    Scene::with(vec![("/x.zip", Reply::Whole(archive.clone()))])
        .fails("/x.zip.md5: the server answered with status 404");
    let page = Reply::Whole(b"<html>welcome</html>".to_vec());
    Scene::new(Reply::Whole(archive), page).fails("/x.zip.md5: no MD5 sum in this file");
}

#[test]
fn nobody_listening_is_an_error() {
    let mut scene = Scene::serving(&FILES);
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    scene.options.url = Some(format!("http://{port}/x.zip"));
    let message = scene.run().unwrap_err().to_string();
    assert!(message.contains("check the network"), "{message}");
    assert_eq!(names(scene.root.path()), [""; 0]);
}

#[test]
fn an_archive_that_leads_out_of_its_folder_is_refused() {
    let evil = [&FILES[..], &[("../evil.dat", "x")]].concat();
    Scene::serving(&evil).fails("entry `../evil.dat` of the archive leads out of its folder");
}

#[test]
fn an_archive_larger_than_allowed_is_refused_whatever_its_headers_say() {
    let archive = zip(&FILES);
    let sum_reply = sum(&archive);
    let mut scene = Scene::new(Reply::Unsized(archive), sum_reply);
    scene.options.largest_archive = 100;
    scene.fails("larger than 100 bytes");
    let mut scene = Scene::serving(&FILES);
    scene.options.largest_unpacked = 100;
    scene.fails("unpacks to more than 100 bytes");
}

#[test]
fn an_archive_that_is_another_data_set_is_refused() {
    let mut scene = Scene::serving(&FILES);
    scene.options.expected = None;
    scene.fails("holds 2 ratings, 2 users and 1 movies, but ml-1m has 1000209 ratings, 6040 users");
    let mut files = FILES;
    files[3].1 = "1::1::9::0\n";
    Scene::serving(&files).fails("ratings.dat:1: rating `9` is outside 1..5");
    Scene::serving(&FILES[..2]).fails("the archive lacks movies.dat, ratings.dat");
}
