//! Which rank keeps which row of a table that is spread over all of them.

/// Row `id` lies at rank `id mod n`, there as row `id / n`: neighbours, which are often as popular as each other, part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owners {
    /// This rank's number.
    rank: usize,
    /// How many ranks there are; 1: all rows are here.
    size: usize,
}

impl Owners {
    /// All rows are here.
    pub const ONE: Owners = Owners { rank: 0, size: 1 };

    /// Of `size` ranks, seen from number `rank`.
    pub fn of(rank: usize, size: usize) -> Owners {
        Owners { rank, size }
    }

    /// This rank's number.
    pub fn rank(self) -> usize {
        self.rank
    }

    /// How many ranks there are.
    pub fn size(self) -> usize {
        self.size
    }

    /// Whether all rows are here.
    pub fn all_here(self) -> bool {
        self.size == 1
    }

    /// The rank that keeps a row.
    pub fn owner(self, id: usize) -> usize {
        id % self.size
    }

    /// The number of a row at its owner.
    pub fn place(self, id: usize) -> usize {
        id / self.size
    }

    /// The number of this rank's row `place` among all.
    pub fn id(self, place: usize) -> usize {
        place * self.size + self.rank
    }

    /// How many of a table's rows are here.
    pub fn rows(self, all: usize) -> usize {
        (all + self.size - 1 - self.rank) / self.size
    }

    /// The rows of a range that are here, by their numbers among all.
    pub fn within(self, rows: std::ops::Range<usize>) -> impl Iterator<Item = usize> {
        let first = self.id((rows.start + self.size - 1 - self.rank) / self.size);
        (first..rows.end).step_by(self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_one_owner_and_one_place_there() {
        for (size, rows) in [(1, 5), (3, 10), (4, 3), (5, 0)] {
            let mut seen = vec![0; rows];
            for rank in 0..size {
                let owners = Owners::of(rank, size);
                for place in 0..owners.rows(rows) {
                    let id = owners.id(place);
                    assert_eq!((owners.owner(id), owners.place(id)), (rank, place));
                    seen[id] += 1;
                }
                let here: Vec<usize> = (0..owners.rows(rows)).map(|p| owners.id(p)).collect();
                assert!(owners.within(0..rows).eq(here.iter().copied()));
                let some = owners.within(rows / 3..rows);
                assert!(some.eq(here.into_iter().filter(|&id| id >= rows / 3)));
            }
            assert!(seen.iter().all(|&times| times == 1));
        }
    }
}
