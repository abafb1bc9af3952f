//! A traced step replayed as if on more cores: who would work, who would wait, and for what.
//!
//! Work takes the time that one core took for it. Workers take the tasks of a stage one after the other; at its end all wait for the last
//! one, and for being woken again. What is one task is waited for by all. No stage is faster than memory can move its bytes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use autoint::autograd::trace::{Stage, Step};

/// What is known of the machine, and what is assumed of a larger one.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// Seconds in which two threads begin together and end together, measured. More are woken as a tree: by this times its levels.
    pub barrier: f64,
    /// Bytes a second that one and two cores move, measured.
    pub bandwidth: [f64; 2],
    /// Bytes a second of a socket's memory, and the cores that share it, assumed.
    pub socket: (f64, usize),
}

impl Machine {
    /// Seconds that so many workers need to begin and end a stage together.
    pub fn barrier(&self, threads: usize) -> f64 {
        self.barrier * f64::from(threads.next_power_of_two().ilog2())
    }

    /// Bytes a second that so many cores move: each what one of two does, up to what the sockets' memory gives.
    pub fn bandwidth(&self, threads: usize) -> f64 {
        let [one, two] = self.bandwidth;
        let (socket, cores) = self.socket;
        match threads {
            1 => one,
            _ => (two / 2.0 * threads as f64).min(socket.max(two) * threads.div_ceil(cores) as f64),
        }
    }
}

/// Seconds of a simulated step.
#[derive(Debug, Clone, Default)]
pub struct Simulated {
    pub seconds: f64,
    /// Beyond the work shared out evenly: seconds lost, by what they are lost to.
    pub lost: BTreeMap<String, f64>,
}

impl Simulated {
    /// What most is lost to.
    pub fn limit(&self) -> &str {
        let most = self.lost.iter().max_by(|a, b| a.1.total_cmp(b.1));
        most.map_or("nothing", |(name, _)| name)
    }

    fn lose(&mut self, name: &str, seconds: f64) {
        if seconds > 0.0 {
            *self.lost.entry(name.to_owned()).or_default() += seconds;
        }
    }
}

/// A step, of which the trace was recorded with one thread, on so many.
pub fn simulate(step: &Step, threads: usize, machine: &Machine) -> Simulated {
    let mut now = Simulated::default();
    if threads == 1 {
        now.seconds = seconds(step.ns);
        return now;
    }
    let in_stages: u64 = step.stages.iter().map(|stage| stage.ns).sum();
    serial(
        &mut now,
        "between stages",
        step.ns.saturating_sub(in_stages),
        threads,
    );
    let mut beside: Option<&Stage> = None;
    for stage in &step.stages {
        if stage.beside {
            beside = Some(stage);
        } else if stage.tasks < 2 && stage.groups.is_empty() {
            serial(&mut now, &stage.name, stage.ns, threads);
        } else {
            parallel(&mut now, stage, beside.take(), threads, machine);
        }
    }
    now
}

fn seconds(ns: u64) -> f64 {
    ns as f64 * 1e-9
}

/// One works, the others wait.
fn serial(now: &mut Simulated, name: &str, ns: u64, threads: usize) {
    let spent = seconds(ns);
    now.seconds += spent;
    now.lose(
        &format!("serial: {name}"),
        spent * (1.0 - 1.0 / threads as f64),
    );
}

/// All work, one of them at first on what is done beside it.
fn parallel(
    now: &mut Simulated,
    stage: &Stage,
    beside: Option<&Stage>,
    threads: usize,
    machine: &Machine,
) {
    let alike = vec![stage.ns / stage.tasks.max(1) as u64; stage.tasks];
    let (tasks, few) = match stage.groups.is_empty() {
        true => (&alike, format!("too few tasks: {}", stage.name)),
        false => (&stage.groups, "too few groups".to_owned()),
    };
    let workers = threads as f64;
    let late = beside.map_or(0, |beside| beside.ns);
    let mut spent = makespan(tasks, threads, late);
    let even = seconds(tasks.iter().sum::<u64>() + late) / workers;
    // What is done beside a round is lost when it makes the round longer by more than a fair share of it.
    let longer = spent - makespan(tasks, threads, 0) - seconds(late) / workers;
    if let Some(beside) = beside {
        now.lose(&format!("serial: {}", beside.name), longer);
    }
    now.lose(&few, spent - even - longer.max(0.0));
    // Of a round: what its one worker did between groups, which each does for its own.
    let between = seconds(stage.ns) - seconds(tasks.iter().sum());
    spent += between.max(0.0) / workers;
    let moved = stage.bytes as f64 / machine.bandwidth(threads);
    now.lose("memory bandwidth", moved - spent);
    let barrier = machine.barrier(threads);
    now.lose("barriers", barrier);
    now.seconds += spent.max(moved) + barrier;
}

/// Seconds until the last of the tasks is done, which workers take in their order; one worker comes later, by so many nanoseconds.
pub fn makespan(tasks: &[u64], threads: usize, late: u64) -> f64 {
    let free = std::iter::once(late).chain(std::iter::repeat_n(0, threads - 1));
    let mut free: BinaryHeap<Reverse<u64>> = free.map(Reverse).collect();
    let mut last = late;
    for task in tasks {
        if let Some(mut worker) = free.peek_mut() {
            worker.0 += task;
            last = last.max(worker.0);
        }
    }
    seconds(last)
}
