//! Invented users: a profile in the codes of MovieLens-1M.

use super::draw::{Draw, Weighted};
use crate::data::movielens::User;

/// The age buckets of MovieLens-1M, by the first year of each.
pub(super) const AGES: [&str; 7] = ["1", "18", "25", "35", "45", "50", "56"];
/// The occupation codes of MovieLens-1M are 0 to 20.
pub(super) const OCCUPATIONS: usize = 21;
/// "F" is 0, "M" is 1.
pub(super) const GENDERS: [&str; 2] = ["F", "M"];

/// Mostly young adults.
const AGE_WEIGHTS: [f64; 7] = [4.0, 18.0, 34.0, 20.0, 9.0, 8.0, 7.0];
const WOMEN: f64 = 0.35;

/// What the taste model sees of a user: positions in the lists above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Profile {
    /// In `GENDERS`.
    pub(super) gender: usize,
    /// In `AGES`.
    pub(super) age: usize,
    /// From 0 to 20, MovieLens' own code.
    pub(super) occupation: usize,
}

/// Draws users with the ids 1, 2, ...
pub(super) fn people(count: usize, draw: &mut Draw) -> (Vec<User>, Vec<Profile>) {
    let ages = Weighted::new(AGE_WEIGHTS);
    // A few occupations are common, none is rare enough to be seen in a handful of users only.
    let occupations = Weighted::new((0..OCCUPATIONS).map(|code| 1.0 / (code as f64 + 8.0)));
    // Some neighbours share a zip code.
    let zips: Vec<usize> = (0..=count * 2 / 3).map(|_| draw.below(100_000)).collect();
    (1..=count)
        .map(|id| {
            let profile = Profile {
                gender: usize::from(!draw.chance(WOMEN)),
                age: ages.pick(draw),
                occupation: occupations.pick(draw),
            };
            let zip = draw.pick(&zips).copied().unwrap_or(0);
            let user = User {
                id: id as u32,
                gender: GENDERS[profile.gender].to_string(),
                age: AGES[profile.age].to_string(),
                occupation: profile.occupation.to_string(),
                zip: format!("{zip:05}"),
            };
            (user, profile)
        })
        .unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_occurs_and_none_lies_outside() {
        let (users, profiles) = people(1_200, &mut Draw::new(1, 0));
        assert_eq!((users[0].id, users[1_199].id), (1, 1_200));
        for age in 0..AGES.len() {
            assert!(profiles.iter().filter(|p| p.age == age).count() > 20);
        }
        for occupation in 0..OCCUPATIONS {
            let same = |p: &&Profile| p.occupation == occupation;
            assert!(profiles.iter().filter(same).count() > 15);
        }
        assert!(users.iter().all(|user| user.zip.len() == 5));
    }
}
