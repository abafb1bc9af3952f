//! A trained run, a server on it, and a client that writes its requests byte by byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

/// A folder with the run `run`; trained once for all tests.
pub fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        for (name, seed) in [("run", "1"), ("other", "2")] {
            let arguments = [
                "train",
                "--data",
                "synthetic:2000",
                "--epochs",
                "1",
                "--seed",
                seed,
            ];
            let done = program()
                .args(arguments)
                .args(["--out", name])
                .current_dir(&path)
                .output();
            assert!(done.unwrap().status.success());
        }
        (folder, path)
    });
    path
}

pub fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_autoint"))
}

/// A server that is killed when the test ends.
pub struct Server {
    pub process: Child,
    pub address: SocketAddr,
}

impl Server {
    pub fn start(options: &[&str]) -> Server {
        let mut process = program()
            .args([
                "serve",
                "--run",
                "run",
                "--listen",
                "127.0.0.1:0",
                "--threads",
                "2",
            ])
            .args(options)
            .current_dir(folder())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let ready = lines
            .map(Result::unwrap)
            .find(|line| line.starts_with("ready"));
        let address = ready.unwrap();
        let address = address.split("http://").nth(1).unwrap().parse().unwrap();
        Server { process, address }
    }

    /// The item that user 1 is recommended first.
    pub fn item(&self) -> String {
        let best = self.post("/v1/recommend", r#"{"user":"1","top":1}"#).json();
        best["items"][0]["item"].as_str().unwrap().to_owned()
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
    }

    /// Sends bytes as they are and gives all that comes back.
    pub fn raw(&self, bytes: &[u8]) -> String {
        self.send(bytes, false)
    }

    /// The same for bytes that may be no whole request: `end` says that nothing more will come.
    pub fn send(&self, bytes: &[u8], end: bool) -> String {
        let mut stream = self.connect();
        // The server may close before it has read everything.
        let _ = stream.write_all(bytes);
        if end {
            let _ = stream.shutdown(std::net::Shutdown::Write);
        }
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub fn get(&self, path: &str) -> Answer {
        Answer::of(
            &self.raw(
                format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes(),
            ),
        )
    }

    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.post_with(path, body, "")
    }

    pub fn post_with(&self, path: &str, body: &str, headers: &str) -> Answer {
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
        );
        Answer::of(&self.raw(&[head.as_bytes(), body.as_bytes()].concat()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn of(text: &str) -> Answer {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let mut body = body.to_owned();
        if head.to_lowercase().contains("transfer-encoding: chunked") {
            body = body.split("\r\n").skip(1).step_by(2).collect();
        }
        Answer {
            status: status.unwrap_or(0),
            head: head.to_lowercase(),
            body,
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
