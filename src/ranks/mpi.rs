//! Ranks that `mpirun` has started, by the Message Passing Interface.
//!
//! Only its transport is used: gather and exchange. A failure inside the library ends all ranks, as its own default has it.

use std::sync::Arc;

use mpi::Threading;
use mpi::collective::CommunicatorCollectives;
use mpi::datatype::{Partition, PartitionMut};
use mpi::environment::Universe;
use mpi::topology::{Communicator, SimpleCommunicator};

use super::Ranks;
use super::heartbeat::{Heartbeat, abort};
use crate::error::{Error, Result};

/// All ranks of a job.
#[derive(Debug, Clone, Copy)]
struct World;

fn world() -> SimpleCommunicator {
    SimpleCommunicator::world()
}

impl Ranks for World {
    fn rank(&self) -> usize {
        world().rank() as usize
    }

    fn size(&self) -> usize {
        world().size() as usize
    }

    fn gather(&self, mine: &[u32], lengths: &[usize], all: &mut Vec<u32>) {
        let (counts, places) = counted(lengths);
        all.resize(lengths.iter().sum(), 0);
        let mut to = PartitionMut::new(&mut all[..], counts, places);
        world().all_gather_varcount_into(mine, &mut to);
    }

    fn exchange(&self, mine: &[u32], sent: &[usize], received: &[usize], all: &mut Vec<u32>) {
        let (counts, places) = counted(sent);
        let from = Partition::new(mine, counts, places);
        let (counts, places) = counted(received);
        all.resize(received.iter().sum(), 0);
        let mut to = PartitionMut::new(&mut all[..], counts, places);
        world().all_to_all_varcount_into(&from, &mut to);
    }
}

/// Lengths and where each begins, as the library counts.
fn counted(lengths: &[usize]) -> (Vec<i32>, Vec<i32>) {
    let (mut counts, mut begins, mut end) = (Vec::new(), Vec::new(), 0i32);
    for &length in lengths {
        let count = i32::try_from(length).unwrap_or(i32::MAX);
        counts.push(count);
        begins.push(end);
        end = end.checked_add(count).unwrap_or(i32::MAX);
    }
    if end == i32::MAX {
        abort("more than 8 GB at once for one rank: train with smaller batches");
    }
    (counts, begins)
}

/// Ends all ranks with an exit code.
pub fn end_all(code: i32) -> ! {
    world().abort(code)
}

/// This process as a rank of a job. Dropping it waits for all others to have come to their end, too.
pub struct Job {
    /// None for a rank that is alone.
    heartbeat: Option<Heartbeat>,
    // Dropped last: it ends the library.
    _universe: Universe,
}

impl Job {
    /// Joins the job.
    ///
    /// # Errors
    /// When the library cannot be called by several threads.
    pub fn join() -> Result<Job> {
        let Some((universe, threading)) = mpi::initialize_with_threading(Threading::Multiple)
        else {
            return Err(Error::Data("MPI was joined twice: this is a defect".into()));
        };
        if threading < Threading::Multiple {
            let what = "this MPI library does not let several threads call it: use one that has MPI_THREAD_MULTIPLE";
            return Err(Error::Data(what.into()));
        }
        Ok(Job {
            heartbeat: (world().size() > 1).then(Heartbeat::start).transpose()?,
            _universe: universe,
        })
    }

    /// The ranks.
    pub fn ranks(&self) -> Arc<dyn Ranks> {
        Arc::new(World)
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if let Some(heartbeat) = self.heartbeat.take() {
            world().barrier();
            heartbeat.stop();
            // Nobody sends any more.
            world().barrier();
            Heartbeat::drain();
        }
    }
}
