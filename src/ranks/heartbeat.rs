//! Ranks that stand still end the job instead of keeping all others waiting for good.
//!
//! A rank that dies is noticed by `mpirun`, which ends the others. One that is stopped, or whose machine is cut off, is not: all
//! others would wait in their next exchange. So a thread of every rank tells rank 0 each second that it is there, and hears the
//! same from it; whoever hears nothing for [`SILENCE`] says so and ends the job.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mpi::point_to_point::{Destination, Source};
use mpi::topology::{Communicator, SimpleCommunicator};

use crate::error::{Error, Result};

/// After so long a silence a rank is given up.
const SILENCE: Duration = Duration::from_secs(30);
const EVERY: Duration = Duration::from_secs(1);
/// How often messages are looked for.
const LOOK: Duration = Duration::from_millis(100);
const TAG: i32 = 7;

/// The thread of this rank.
#[derive(Debug)]
pub(super) struct Heartbeat {
    /// Set when the job ends in order, so that silence is no failure any more.
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Heartbeat {
    /// Starts it; every rank does.
    pub fn start() -> Result<Heartbeat> {
        let stop = Arc::new(AtomicBool::new(false));
        let watched = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("heartbeat".into())
            .spawn(move || watch(&watched))
            .map_err(|e| Error::Data(format!("cannot start a thread: {e}")))?;
        Ok(Heartbeat { stop, thread })
    }

    /// Ends it and waits for it.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        // It has nothing to tell.
        let _ = self.thread.join();
    }

    /// Hears what was still under way when all had stopped.
    pub fn drain() {
        others().into_iter().for_each(|rank| _ = heard(rank));
    }
}

/// Says why, and ends all ranks.
pub(super) fn abort(why: &str) -> ! {
    let world = SimpleCommunicator::world();
    eprintln!("error: rank {}: {why}", world.rank());
    world.abort(1)
}

/// Whom this rank listens to.
fn others() -> Vec<i32> {
    let world = SimpleCommunicator::world();
    match world.rank() {
        0 => (1..world.size()).collect(),
        _ => vec![0],
    }
}

/// Whether a rank has been heard of; takes all of its messages.
fn heard(rank: i32) -> bool {
    let world = SimpleCommunicator::world();
    let process = world.process_at_rank(rank);
    let mut any = false;
    while let Some((message, _)) = process.immediate_matched_probe_with_tag(TAG) {
        let mut beat = [0u32];
        message.matched_receive_into(&mut beat[..]);
        any = true;
    }
    any
}

fn watch(stop: &AtomicBool) {
    let world = SimpleCommunicator::world();
    let mut last: Vec<(i32, Instant)> = others()
        .into_iter()
        .map(|rank| (rank, Instant::now()))
        .collect();
    let (mut told, mut looked) = (Instant::now(), Instant::now());
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK);
        // Who stood still itself has no right to complain.
        let asleep = looked.elapsed() > SILENCE / 4;
        looked = Instant::now();
        if told.elapsed() >= EVERY {
            told = looked;
            // So short a message is on its way at once, whether anybody waits for it or not.
            last.iter()
                .for_each(|(rank, _)| world.process_at_rank(*rank).send_with_tag(&0u32, TAG));
        }
        for (rank, time) in &mut last {
            if heard(*rank) || asleep {
                *time = looked;
            }
            if time.elapsed() > SILENCE {
                abort(&format!(
                    "nothing was heard of rank {rank} for {} seconds: it stands still, or its machine is cut off; \
                     `autoint train --resume` goes on from the last checkpoint",
                    SILENCE.as_secs()
                ));
            }
        }
    }
}
