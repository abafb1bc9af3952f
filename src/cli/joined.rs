//! This process as one of several ranks, when `mpirun` has started it.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "mpi")]
use autoint::ranks::mpi::{Job, end_all};
use autoint::ranks::{Alone, Ranks};

/// What `mpirun` and its likes tell a process: how many ranks there are.
const SIZES: [&str; 2] = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"];
/// The same of those on this machine.
const LOCAL_SIZES: [&str; 2] = ["OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"];

/// How long the other ranks leave it to rank 0 to say what is wrong with all of them.
const PATIENCE: Duration = Duration::from_secs(1);

fn number(names: &[&str]) -> Option<usize> {
    let mut set = names.iter().filter_map(|name| std::env::var(name).ok());
    set.next()?.trim().parse().ok()
}

/// How many ranks share this machine.
pub fn neighbours() -> usize {
    number(&LOCAL_SIZES).unwrap_or(1).max(1)
}

/// A process that has joined the others, if there are any.
pub struct Joined {
    ranks: Arc<dyn Ranks>,
    #[cfg(feature = "mpi")]
    job: Option<Job>,
}

impl Joined {
    /// Joins the others, if there are any.
    #[cfg(feature = "mpi")]
    pub fn join() -> anyhow::Result<Joined> {
        let job = number(&SIZES).map(|_| Job::join()).transpose()?;
        let alone: Arc<dyn Ranks> = Arc::new(Alone);
        Ok(Joined {
            ranks: job.as_ref().map_or(alone, Job::ranks),
            job,
        })
    }

    /// Refuses to be one of several.
    #[cfg(not(feature = "mpi"))]
    pub fn join() -> anyhow::Result<Joined> {
        if let Some(size @ 2..) = number(&SIZES) {
            anyhow::bail!(
                "this was started as one of {size} ranks, but built without MPI: build it with `cargo build --release --features mpi`"
            );
        }
        Ok(Joined {
            ranks: Arc::new(Alone),
        })
    }

    pub fn ranks(&self) -> &Arc<dyn Ranks> {
        &self.ranks
    }

    /// To be called before an error is told: where all ranks have the same, one of them is enough.
    pub fn wait_for_first(&self) {
        if !self.ranks.first() {
            std::thread::sleep(PATIENCE);
        }
    }

    /// Ends all ranks when this one has failed; otherwise waits for the others to come to their end.
    pub fn end(self, code: u8, failed: bool) -> ExitCode {
        #[cfg(feature = "mpi")]
        if failed && self.job.is_some() && !self.ranks.alone() {
            end_all(i32::from(code));
        }
        let _ = failed;
        ExitCode::from(code)
    }
}
