//! Several processes that do one thing together: who is there, and the two ways in which they hand each other numbers.
//!
//! A *rank* is one of the processes, and its number. What they exchange is words of 32 bits; who computes what, and in which order
//! sums are made, is up to the callers: nothing here adds anything up, as libraries do so in an order of their own.
//!
//! [`Alone`] is the one process of every day, [`threads`] has ranks that are threads of one process, for tests and to learn from, and
//! `mpi` (with the cargo feature of that name) is the Message Passing Interface, by which `mpirun` joins machines.
//!
//! [`owners`] says which of them keeps which row of a table that is spread over all.
//!
//! Every call is collective: all ranks make the same calls in the same order, and none returns before all have made it.
//!
//! Its idea: training needs two exchanges, and nothing else of a cluster. It knows no tape, no table and no gradient: what is exchanged is
//! cut and added up by those who call ([`crate::autograd`], [`crate::optim`], [`crate::train`]).
//!
//! # Adding a way to reach other processes
//!
//! A type that has [`Ranks::gather`] and [`Ranks::exchange`], and the command line that starts it. What several ranks train is held to
//! the bits of one by `tests/ranks/main.rs`.
//!
//! Files: `src/ranks/NAME.rs` (new), `src/ranks/mod.rs`, `src/cli/joined.rs`

pub mod agree;
#[cfg(feature = "mpi")]
mod heartbeat;
#[cfg(feature = "mpi")]
pub mod mpi;
pub mod owners;
pub mod threads;

use std::fmt::Debug;

pub use owners::Owners;

/// See the module.
pub trait Ranks: Debug + Send + Sync {
    /// This one's number, from 0.
    fn rank(&self) -> usize;

    /// How many there are.
    fn size(&self) -> usize;

    /// Everybody gets everybody's words, in the order of the ranks; rank `r` gives `lengths[r]`, which all know.
    fn gather(&self, mine: &[u32], lengths: &[usize], all: &mut Vec<u32>);

    /// Everybody has words for each: `sent[r]` for rank `r`, one after the other, and gets `received[r]` from rank `r`.
    fn exchange(&self, mine: &[u32], sent: &[usize], received: &[usize], all: &mut Vec<u32>);

    /// Whether there is nobody else.
    fn alone(&self) -> bool {
        self.size() == 1
    }

    /// Which rows of tables that are spread over the ranks this one keeps.
    fn owners(&self) -> Owners {
        Owners::of(self.rank(), self.size())
    }

    /// Whether this is the rank that writes files and speaks to people.
    fn first(&self) -> bool {
        self.rank() == 0
    }
}

/// The only rank.
#[derive(Debug, Clone, Copy)]
pub struct Alone;

impl Ranks for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn gather(&self, mine: &[u32], _lengths: &[usize], all: &mut Vec<u32>) {
        all.clear();
        all.extend_from_slice(mine);
    }

    fn exchange(&self, mine: &[u32], _sent: &[usize], _received: &[usize], all: &mut Vec<u32>) {
        self.gather(mine, &[], all);
    }
}

/// [`Ranks::gather`] where nobody knows how much the others give: says how much that was.
pub fn gather_unknown(ranks: &dyn Ranks, mine: &[u32], all: &mut Vec<u32>) -> Vec<usize> {
    let mut lengths = Vec::new();
    ranks.gather(&[mine.len() as u32], &vec![1; ranks.size()], &mut lengths);
    let lengths: Vec<usize> = lengths.into_iter().map(|length| length as usize).collect();
    ranks.gather(mine, &lengths, all);
    lengths
}

/// [`Ranks::exchange`] where nobody knows how much it gets: says how much that was.
pub fn exchange_unknown(
    ranks: &dyn Ranks,
    mine: &[u32],
    sent: &[usize],
    all: &mut Vec<u32>,
) -> Vec<usize> {
    let lengths: Vec<u32> = sent.iter().map(|&length| length as u32).collect();
    let (once, mut received) = (vec![1; ranks.size()], Vec::new());
    ranks.exchange(&lengths, &once, &once, &mut received);
    let received: Vec<usize> = received.into_iter().map(|length| length as usize).collect();
    ranks.exchange(mine, sent, &received, all);
    received
}

/// 64 bits as two words, to be told.
pub fn words_of(bits: u64) -> [u32; 2] {
    [bits as u32, (bits >> 32) as u32]
}

/// The bits that two words were made of.
pub fn bits_of([low, high]: [u32; 2]) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// The rank's share of `count` things in a row: contiguous, and as large as any other's but for one.
pub fn share(rank: usize, size: usize, count: usize) -> std::ops::Range<usize> {
    rank * count / size..(rank + 1) * count / size
}
