//! Where the time of a replay goes, op by op.

use std::time::{Duration, Instant};

/// Time spent in one node of the tape, summed over shards and workers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpTime {
    /// Of [`super::Op::forward`].
    pub forward: Duration,
    /// Of [`super::Op::backward`].
    pub backward: Duration,
}

/// A worker's stopwatch; it does nothing until it is started.
#[derive(Debug, Default)]
pub struct Profile {
    /// One per node of the tape; empty when off.
    times: Vec<OpTime>,
}

impl Profile {
    /// Starts with zeros, for a tape of so many nodes.
    pub fn start(&mut self, nodes: usize) {
        self.times = vec![OpTime::default(); nodes];
    }

    /// Runs `work`, which is node number `node` going forward or backward.
    pub fn time(&mut self, node: usize, forward: bool, work: impl FnOnce()) {
        let Some(time) = self.times.get_mut(node) else {
            return work();
        };
        let start = Instant::now();
        work();
        let slot = match forward {
            true => &mut time.forward,
            false => &mut time.backward,
        };
        *slot += start.elapsed();
    }

    /// Adds these times to `total`.
    pub fn add_to(&self, total: &mut [OpTime]) {
        for (total, time) in total.iter_mut().zip(&self.times) {
            total.forward += time.forward;
            total.backward += time.backward;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_kept_by_node_and_direction_once_started() {
        let mut profile = Profile::default();
        let (mut total, mut runs) = ([OpTime::default(); 2], 0);
        profile.time(1, true, || runs += 1);
        profile.add_to(&mut total);
        assert_eq!((runs, total), (1, [OpTime::default(); 2]));
        profile.start(2);
        let nap = Duration::from_millis(2);
        profile.time(1, true, || std::thread::sleep(nap));
        profile.time(0, false, || std::thread::sleep(nap));
        profile.add_to(&mut total);
        profile.add_to(&mut total);
        assert!(total[1].forward >= 2 * nap && total[0].backward >= 2 * nap);
        assert_eq!(
            (total[0].forward, total[1].backward),
            (Duration::ZERO, Duration::ZERO)
        );
    }
}
