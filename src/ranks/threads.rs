//! Ranks that are threads of one process: for tests, and to see what ranks do without any other program.

use std::sync::{Arc, Barrier, Mutex, PoisonError};

use super::Ranks;

/// What the ranks share.
#[derive(Debug)]
struct Table {
    /// What each has to tell.
    words: Vec<Mutex<Vec<u32>>>,
    /// How many of them go to each.
    sent: Vec<Mutex<Vec<usize>>>,
    /// All have told before any reads, and all have read before any tells again.
    barrier: Barrier,
}

/// One rank.
#[derive(Debug, Clone)]
struct Thread {
    rank: usize,
    /// The same for all.
    table: Arc<Table>,
}

/// Runs `work` as so many ranks at once; gives what each made of it, in the order of the ranks.
///
/// # Panics
/// When one of them does. (The others may then wait for it forever, as those of other machines would.)
pub fn together<T: Send>(size: usize, work: impl Fn(Arc<dyn Ranks>) -> T + Sync) -> Vec<T> {
    let table = Arc::new(Table {
        words: (0..size).map(|_| Mutex::default()).collect(),
        sent: (0..size).map(|_| Mutex::default()).collect(),
        barrier: Barrier::new(size),
    });
    std::thread::scope(|scope| {
        let start = |rank| {
            let table = Arc::clone(&table);
            let work = &work;
            scope.spawn(move || work(Arc::new(Thread { rank, table })))
        };
        let threads: Vec<_> = (0..size).map(start).collect();
        let ends = threads.into_iter().map(|thread| thread.join());
        ends.map(|end| end.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

impl Thread {
    /// Puts words on the table, and takes from it while nobody changes it.
    fn tell<T>(&self, words: &[u32], sent: &[usize], take: impl FnOnce(&Table) -> T) -> T {
        let own = &self.table.words[self.rank];
        words.clone_into(&mut own.lock().unwrap_or_else(PoisonError::into_inner));
        let own = &self.table.sent[self.rank];
        sent.clone_into(&mut own.lock().unwrap_or_else(PoisonError::into_inner));
        self.table.barrier.wait();
        let taken = take(&self.table);
        self.table.barrier.wait();
        taken
    }
}

impl Ranks for Thread {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.table.words.len()
    }

    fn gather(&self, mine: &[u32], lengths: &[usize], all: &mut Vec<u32>) {
        self.tell(mine, &[], |table| {
            all.clear();
            for (words, &length) in table.words.iter().zip(lengths) {
                let words = words.lock().unwrap_or_else(PoisonError::into_inner);
                assert_eq!(words.len(), length, "a rank gives what it did not promise");
                all.extend_from_slice(&words);
            }
        });
    }

    fn exchange(&self, mine: &[u32], sent: &[usize], received: &[usize], all: &mut Vec<u32>) {
        assert_eq!(mine.len(), sent.iter().sum::<usize>());
        self.tell(mine, sent, |table| {
            all.clear();
            for ((words, sent), &length) in table.words.iter().zip(&table.sent).zip(received) {
                let words = words.lock().unwrap_or_else(PoisonError::into_inner);
                let sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
                assert_eq!(
                    sent[self.rank], length,
                    "a rank sends what it did not promise"
                );
                let start = sent[..self.rank].iter().sum();
                all.extend_from_slice(&words[start..][..length]);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranks::{gather_unknown, share};

    #[test]
    fn everybody_gets_what_everybody_gives() {
        for size in 1..5 {
            let found = together(size, |ranks| {
                let mine = vec![ranks.rank() as u32; ranks.rank()];
                let mut all = Vec::new();
                let lengths = gather_unknown(&*ranks, &mine, &mut all);
                (lengths, all)
            });
            let all: Vec<u32> = (0..size).flat_map(|r| vec![r as u32; r]).collect();
            assert_eq!(found, vec![((0..size).collect::<Vec<_>>(), all); size]);
        }
    }

    #[test]
    fn each_gets_what_the_others_have_for_it() {
        for size in 1..5 {
            let found = together(size, |ranks| {
                let rank = ranks.rank();
                // Rank r has r + to words for rank `to`.
                let sent: Vec<usize> = (0..size).map(|to| rank + to).collect();
                let words = |to: usize| vec![(10 * rank + to) as u32; rank + to];
                let mine: Vec<u32> = (0..size).flat_map(words).collect();
                let mut all = Vec::new();
                let received: Vec<usize> = (0..size).map(|from| from + rank).collect();
                ranks.exchange(&mine, &sent, &received, &mut all);
                all
            });
            for (rank, all) in found.into_iter().enumerate() {
                let words = |from: usize| vec![(10 * from + rank) as u32; from + rank];
                assert_eq!(all, (0..size).flat_map(words).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn shares_are_in_order_and_equal_but_for_one() {
        for (size, count) in [(1, 7), (3, 7), (8, 3), (4, 0)] {
            let shares: Vec<_> = (0..size).map(|rank| share(rank, size, count)).collect();
            assert!(shares.iter().flat_map(Clone::clone).eq(0..count));
            let lengths = shares.iter().map(ExactSizeIterator::len);
            assert!(lengths.clone().max() <= lengths.min().map(|least| least + 1));
        }
    }
}
