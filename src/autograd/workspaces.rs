//! The workspaces of a model: a stack that any thread, of any pool or of none, may take one from.
//!
//! There are as many as threads that ever replayed at once. Those of the engine's own pool are there from the start, so that
//! nothing is allocated once training or scoring is warm; one more is made when more threads ask.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::profile::OpTime;
use super::tape::Tape;
use super::workspace::Workspace;

/// See the module.
#[derive(Debug)]
pub struct Workspaces {
    /// The most rows of a shard.
    rows: usize,
    stack: Mutex<Stack>,
}

#[derive(Debug)]
struct Stack {
    free: Vec<Workspace>,
    /// Workspaces that were made, whether they are free or in use.
    made: usize,
    /// Whether new ones measure the time of every op.
    profiled: bool,
}

impl Workspaces {
    /// `count` workspaces for shards of at most `rows` rows.
    pub fn new(tape: &Tape, rows: usize, count: usize) -> Workspaces {
        let free = (0..count).map(|_| Workspace::new(tape, rows)).collect();
        Workspaces {
            rows,
            stack: Mutex::new(Stack {
                free,
                made: count,
                profiled: false,
            }),
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.lock().made
    }

    /// Does `work` with one of them, set to shards of `rows` rows.
    pub fn with<T>(&self, tape: &Tape, rows: usize, work: impl FnOnce(&mut Workspace) -> T) -> T {
        let mut workspace = self.take(tape);
        workspace.set_rows(rows);
        let result = work(&mut workspace);
        // One whose work panicked is not given back: the next to ask makes another.
        self.lock().free.push(workspace);
        result
    }

    fn take(&self, tape: &Tape) -> Workspace {
        let mut stack = self.lock();
        if let Some(workspace) = stack.free.pop() {
            return workspace;
        }
        stack.made += 1;
        let (made, profiled) = (stack.made, stack.profiled);
        // Nobody waits for memory when they are all given back.
        stack.free.reserve(made);
        drop(stack);
        let mut workspace = Workspace::new(tape, self.rows);
        if profiled {
            workspace.profile.start(tape.nodes().len());
        }
        workspace
    }

    /// Makes room for gradients in all that are free, so that a step allocates nothing whichever of them it takes.
    pub fn reserve_gradients(&self, tape: &Tape) {
        for workspace in &mut self.lock().free {
            workspace.reserve_gradients(tape, self.rows);
        }
    }

    /// Starts to measure the time of every op, anew in those that are free.
    pub fn start_profile(&self, nodes: usize) {
        let mut stack = self.lock();
        stack.profiled = true;
        for workspace in &mut stack.free {
            workspace.profile.start(nodes);
        }
    }

    /// The time of every node, all that are free together.
    pub fn profile(&self, nodes: usize) -> Vec<OpTime> {
        let mut total = vec![OpTime::default(); nodes];
        for workspace in &self.lock().free {
            workspace.profile.add_to(&mut total);
        }
        total
    }

    fn lock(&self) -> MutexGuard<'_, Stack> {
        // Nothing panics while it is held.
        self.stack.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_one_is_made_only_while_all_are_taken() {
        let tape = Tape::new();
        let all = Workspaces::new(&tape, 16, 1);
        for _ in 0..3 {
            all.with(&tape, 16, |_| all.with(&tape, 16, |_| ()));
        }
        assert_eq!(all.count(), 2);
        all.with(&tape, 16, |_| {
            all.with(&tape, 16, |_| all.with(&tape, 16, |_| ()))
        });
        assert_eq!(all.count(), 3);
    }

    #[test]
    fn one_whose_work_panicked_is_replaced() {
        let tape = Tape::new();
        let all = Workspaces::new(&tape, 16, 1);
        let work = || all.with(&tape, 16, |_| panic!("on purpose"));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        assert!(panicked.is_err());
        assert_eq!(all.with(&tape, 16, |_| 7), 7);
        assert_eq!(all.count(), 2);
    }
}
