//! Pieces of work side by side: each in a thread of its own, its lines told as they come.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// What a piece of work tells of itself.
#[derive(Debug)]
pub enum Event<T> {
    Line(String),
    Ended(anyhow::Result<T>),
}

/// Does the pieces `0..pieces`, `at_once` of them at a time, each with a place for its lines; `tell` hears of all in this thread, in the
/// order in which it happens. A piece that `work` gives nothing for is left out; once `stop` is set, none is begun.
///
/// # Errors
/// The first of `tell`; what is under way is then asked to stop, and nothing else begun.
pub fn side_by_side<T: Send>(
    pieces: usize,
    at_once: usize,
    stop: &AtomicBool,
    work: impl Fn(usize, &mut dyn Write) -> Option<anyhow::Result<T>> + Sync,
    mut tell: impl FnMut(usize, Event<T>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (sender, receiver) = channel();
    let (next, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let worker = |sender: Sender<(usize, Event<T>)>| {
        while !over.load(Ordering::Relaxed) && !stop.load(Ordering::Relaxed) {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            if piece >= pieces {
                return;
            }
            let mut lines = Lines {
                piece,
                sender: &sender,
                begun: Vec::new(),
            };
            let Some(done) = work(piece, &mut lines) else {
                continue;
            };
            // Whoever listens to it has gone only after an error, which is reported.
            let _ = sender.send((piece, Event::Ended(done)));
        }
    };
    thread::scope(|scope| {
        for _ in 0..at_once.min(pieces) {
            let (worker, sender) = (&worker, sender.clone());
            scope.spawn(move || worker(sender));
        }
        drop(sender);
        let mut told = Ok(());
        for (piece, event) in receiver {
            if told.is_ok() {
                told = tell(piece, event);
                if told.is_err() {
                    over.store(true, Ordering::Relaxed);
                    stop.store(true, Ordering::Relaxed);
                }
            }
        }
        told
    })
}

/// Sends whole lines.
struct Lines<'a, T> {
    piece: usize,
    sender: &'a Sender<(usize, Event<T>)>,
    begun: Vec<u8>,
}

impl<T> Write for Lines<'_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.extend_from_slice(bytes);
        while let Some(end) = self.begun.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.begun.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line[..end]).into_owned();
            let _ = self.sender.send((self.piece, Event::Line(line)));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_done_once_and_its_lines_come_before_its_end() {
        for at_once in [1, 3, 20] {
            let stop = AtomicBool::new(false);
            let mut heard = vec![Vec::new(); 7];
            let work = |piece: usize, out: &mut dyn Write| {
                write!(out, "a").unwrap();
                writeln!(out, "{piece}\nb").unwrap();
                (piece != 4).then_some(Ok(piece * 10))
            };
            side_by_side(7, at_once, &stop, work, |piece, event| {
                heard[piece].push(match event {
                    Event::Line(line) => line,
                    Event::Ended(done) => done?.to_string(),
                });
                Ok(())
            })
            .unwrap();
            for (piece, heard) in heard.iter().enumerate() {
                let end = (piece * 10).to_string();
                let all = [format!("a{piece}"), "b".into(), end];
                assert_eq!(heard[..], all[..if piece == 4 { 2 } else { 3 }]);
            }
        }
    }

    #[test]
    fn an_error_of_the_listener_ends_it() {
        let stop = AtomicBool::new(false);
        let work = |piece: usize, _: &mut dyn Write| Some(Ok(piece));
        let told = side_by_side(1_000_000, 2, &stop, work, |piece, _| match piece {
            5 => Err(anyhow::anyhow!("full")),
            _ => Ok(()),
        });
        assert_eq!(told.unwrap_err().to_string(), "full");
        assert!(stop.load(Ordering::Relaxed));
    }
}
