//! Who rates what, and when. Which movies a user meets depends on popularity only, not on taste.

use super::draw::{Draw, Weighted};

/// 2000-04-25 00:00:00 UTC.
const OPENING: i64 = 956_620_800;
/// 2003-02-28 00:00:00 UTC.
const CLOSING: i64 = 1_046_390_400;
/// Every user of MovieLens-1M has at least this many ratings.
const FEWEST: usize = 20;
/// Ratings between two pauses, on average.
const SESSION: f64 = 60.0;

/// A meeting of a user and a movie; both are positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Visit {
    /// In the list of users.
    pub(super) user: usize,
    /// In the list of movies.
    pub(super) movie: usize,
    /// Since 1970.
    pub(super) seconds: i64,
}

/// How popular each movie is.
pub(super) struct Popularity {
    /// The rank of each movie; 0 is the most popular.
    pub(super) rank: Vec<usize>,
    /// Draws a rank.
    weighted: Weighted,
}

impl Popularity {
    /// A power law over random ranks: the weight of rank r is `1 / (r + 12)`, so that the first dozen are close.
    pub(super) fn new(movies: usize, draw: &mut Draw) -> Popularity {
        let rank = draw.permutation(movies);
        let weighted = Weighted::new(rank.iter().map(|&rank| 1.0 / (rank as f64 + 12.0)));
        Popularity { rank, weighted }
    }
}

/// Draws `rows` visits, user after user, each user's in time order; no user meets a movie twice. `rows` is at most half
/// of all pairs.
pub(super) fn visits(
    users: usize,
    rows: usize,
    popularity: &Popularity,
    draw: &mut Draw,
) -> Vec<Visit> {
    let movies = popularity.rank.len();
    let mut visits = Vec::with_capacity(rows);
    // The user who last met each movie: no clearing between users.
    let mut met = vec![usize::MAX; movies];
    for (user, count) in activity(users, movies, rows, draw).into_iter().enumerate() {
        // Cubed: most join in the first year.
        let late = draw.unit();
        let span = (CLOSING - OPENING) as f64;
        let mut seconds = OPENING + (span * late * late * late) as i64;
        for _ in 0..count {
            let mut movie = popularity.weighted.pick(draw);
            while met[movie] == user {
                movie = popularity.weighted.pick(draw);
            }
            met[movie] = user;
            if draw.chance(1.0 / SESSION) {
                seconds += ((CLOSING - seconds).max(0) as f64 * 0.5 * draw.unit()) as i64;
            }
            seconds += 5 + draw.below(85) as i64;
            visits.push(Visit {
                user,
                movie,
                seconds,
            });
        }
    }
    visits
}

/// How many ratings each user gives: a floor, and above it shares of a power law over random ranks. Nobody rates more
/// than two thirds of the movies (or the average, where that is more), so that drawing unmet movies ends soon.
fn activity(users: usize, movies: usize, rows: usize, draw: &mut Draw) -> Vec<usize> {
    let floor = FEWEST.min(rows / users);
    let most = (movies * 2 / 3).max(rows.div_ceil(users));
    let law = Weighted::new((0..users).map(|rank| 1.0 / (rank as f64 + users as f64 / 20.0 + 1.0)));
    let mut left_over = 0;
    let mut counts = Vec::with_capacity(users);
    for share in law.shares(rows - floor * users) {
        // What one user may not take goes to the next ranks.
        let wanted = floor + share + left_over;
        counts.push(wanted.min(most));
        left_over = wanted - wanted.min(most);
    }
    for count in &mut counts {
        let more = left_over.min(most - *count);
        *count += more;
        left_over -= more;
    }
    draw.permutation(users)
        .into_iter()
        .map(|rank| counts[rank])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::calendar::year_month;
    use proptest::prelude::*;

    fn of(users: usize, movies: usize, rows: usize) -> Vec<Visit> {
        let mut draw = Draw::new(3, 0);
        let popularity = Popularity::new(movies, &mut draw);
        visits(users, rows, &popularity, &mut draw)
    }

    #[test]
    fn times_lie_in_the_years_2000_to_2003() {
        let visits = of(1_200, 600, 100_000);
        for year in 2000..=2003 {
            assert!(visits.iter().any(|v| year_month(v.seconds).0 == year));
        }
        assert!(
            visits
                .iter()
                .all(|v| (2000..=2003).contains(&year_month(v.seconds).0))
        );
        let in_order =
            |pair: &[Visit]| pair[0].user != pair[1].user || pair[0].seconds < pair[1].seconds;
        assert!(visits.windows(2).all(in_order));
    }

    #[test]
    fn popularity_and_activity_are_skewed() {
        let visits = of(1_200, 600, 100_000);
        let counts = |of: &dyn Fn(&Visit) -> usize, length: usize| {
            let mut counts = vec![0; length];
            visits.iter().for_each(|visit| counts[of(visit)] += 1);
            counts.sort_unstable();
            counts
        };
        let users = counts(&|v| v.user, 1_200);
        assert!(
            users[0] >= FEWEST && users[1_199] == 400,
            "{}",
            users[1_199]
        );
        assert!(users[600] < 70, "{}", users[600]);
        let movies = counts(&|v| v.movie, 600);
        assert!(
            movies[0] >= 20 && movies[599] > 900,
            "{}, {}",
            movies[0],
            movies[599]
        );
    }

    proptest! {
        #[test]
        fn any_size_gives_the_rows_asked_for_and_no_pair_twice(
            users in 1_usize..30, movies in 2_usize..40, part in 0.0..1.0_f64,
        ) {
            let rows = ((users * movies / 2) as f64 * part) as usize;
            let visits = of(users, movies, rows);
            prop_assert_eq!(visits.len(), rows);
            let mut pairs: Vec<_> = visits.iter().map(|v| (v.user, v.movie)).collect();
            pairs.sort_unstable();
            pairs.dedup();
            prop_assert_eq!(pairs.len(), rows);
        }
    }
}
