//! How many threads compute, and threads bound to cores, where the system can (Linux).
//!
//! Threads that sleep between requests are woken on the core of whoever wakes them, and the system takes milliseconds to notice that
//! another core is idle. Measured on two cores with 3,706 rows a request, 50 times a second: the median was 4.9 to 5.5 ms, and 2.9
//! to 3.6 ms with each thread on a core of its own.

/// The number of threads to compute with, one a core unless another is asked for. It is made that of everything that runs in parallel,
/// the first time; later that number stays there.
pub fn threads(asked: Option<usize>) -> usize {
    let threads = asked.unwrap_or_else(cores);
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global();
    threads
}

/// The cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Binds each thread of a pool to a core of its own, when there are as many cores as threads. Others are left alone: several
/// programs that each bind fewer threads would all take the first cores.
#[cfg(target_os = "linux")]
pub(super) fn bind(pool: &rayon::ThreadPool) {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let Ok(allowed) = sched_getaffinity(None) else {
        return;
    };
    let cores: Vec<usize> = (0..CpuSet::MAX_CPU)
        .filter(|&core| allowed.is_set(core))
        .collect();
    if cores.len() != pool.current_num_threads() {
        return;
    }
    pool.broadcast(|thread| {
        let mut own = CpuSet::new();
        own.set(cores[thread.index()]);
        // Without it the thread goes where the system puts it.
        let _ = sched_setaffinity(None, &own);
    });
}

#[cfg(not(target_os = "linux"))]
pub(super) fn bind(_: &rayon::ThreadPool) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::thread::sched_getaffinity;

    use super::*;

    /// The cores that each thread of a pool may use.
    fn allowed(threads: usize) -> Vec<u32> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        bind(&pool);
        pool.broadcast(|_| sched_getaffinity(None).unwrap().count())
    }

    #[test]
    fn as_many_threads_as_cores_have_one_each_and_others_have_all() {
        let cores = sched_getaffinity(None).unwrap().count();
        assert_eq!(allowed(cores as usize), vec![1; cores as usize]);
        let more = cores as usize + 1;
        assert_eq!(allowed(more), vec![cores; more]);
    }
}
