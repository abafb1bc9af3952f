//! A small HTTP server on the loopback interface that answers each path in one fixed way, and ends when dropped.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How a path is answered.
#[allow(dead_code, reason = "each test uses those it needs")]
pub enum Reply {
    /// The bytes, with their length announced.
    Whole(Vec<u8>),
    /// The bytes, with no length announced: the end of the connection is the end of the bytes.
    Unsized(Vec<u8>),
    /// The length of all bytes announced, but only the first few sent before the connection ends.
    Short(Vec<u8>, usize),
    /// As `Short`, but the connection stays open and silent.
    Stall(Vec<u8>, usize),
    /// To another path.
    Redirect(&'static str),
}

/// The running server.
pub struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts; paths without a reply are answered with status 404.
    pub fn start(replies: Vec<(&'static str, Reply)>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let serve = move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                // A client that goes away early is one of the things tested.
                let _ = answer(stream, &replies);
            }
        };
        Server {
            address,
            stop,
            thread: Some(std::thread::spawn(serve)),
        }
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread, which waits for a connection.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(
    stream: std::io::Result<TcpStream>,
    replies: &[(&'static str, Reply)],
) -> std::io::Result<()> {
    let mut stream = stream?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? == 1 {
        request.push(byte[0]);
    }
    let request = String::from_utf8_lossy(&request);
    let path = request.split(' ').nth(1).unwrap_or_default();
    let reply = replies.iter().find(|(there, _)| *there == path);
    let head = |status: &str, more: String| {
        format!("HTTP/1.1 {status}\r\nConnection: close\r\n{more}\r\n")
    };
    let sized = |bytes: &[u8]| head("200 OK", format!("Content-Length: {}\r\n", bytes.len()));
    let empty = "Content-Length: 0\r\n";
    let (head, body) = match reply.map(|(_, reply)| reply) {
        None => (head("404 Not Found", empty.into()), &[][..]),
        Some(Reply::Redirect(to)) => (
            head("302 Found", format!("{empty}Location: {to}\r\n")),
            &[][..],
        ),
        Some(Reply::Whole(bytes)) => (sized(bytes), bytes.as_slice()),
        Some(Reply::Unsized(bytes)) => (head("200 OK", String::new()), bytes.as_slice()),
        Some(Reply::Short(bytes, sent) | Reply::Stall(bytes, sent)) => {
            (sized(bytes), &bytes[..*sent])
        }
    };
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    if matches!(reply, Some((_, Reply::Stall(..)))) {
        // Until the client gives up (or five seconds are over).
        let _ = stream.read(&mut byte);
    }
    Ok(())
}
