//! Files that were cut, and times that cannot be: what reads well and is wrong all the same.
//!
//! A file that is cut within its last field still reads: `956715648` becomes `956`, which is of the year 1970. A missing line end
//! gives it away, or a last line that is not like the others.

use std::path::Path;

use super::lines::End;
use super::records::{Movie, Rating, User};
use crate::data::calendar::year_month;
use crate::error::Result;

/// The first full year of MovieLens' times: none of GroupLens' data sets has an older one.
const FIRST_YEAR: i64 = 1995;

/// Refuses a last time that was cut, and notes times from before [`FIRST_YEAR`].
pub(super) fn check_times(
    path: &Path,
    ratings: &[Rating],
    end: End,
    notes: &mut Vec<String>,
) -> Result<()> {
    let year = |rating: &Rating| year_month(rating.seconds).0;
    end.check(path, || {
        let (last, others) = ratings.split_last()?;
        let first = others.iter().min_by_key(|rating| rating.seconds)?;
        let (last, first) = (year(last), year(first));
        (last < first)
            .then(|| format!("its time is of {last}, where all others are of {first} or later"))
    })?;
    let old = |rating: &&Rating| year(rating) < FIRST_YEAR;
    if let Some(first) = ratings.iter().position(|rating| old(&rating)) {
        let times = match ratings.iter().filter(old).count() {
            1 => "1 time is".to_owned(),
            count => format!("{count} times are"),
        };
        notes.push(format!(
            "{}: {times} before {FIRST_YEAR}, the first on line {} ({}): MovieLens has none that old",
            name(path),
            first + 1,
            year(&ratings[first])
        ));
    }
    notes.extend(end.note(&name(path)));
    Ok(())
}

/// Refuses a last zip code that was cut.
pub(super) fn check_zips(
    path: &Path,
    users: &[User],
    end: End,
    notes: &mut Vec<String>,
) -> Result<()> {
    end.check(path, || {
        let (last, others) = users.split_last()?;
        let shortest = others.iter().map(|user| user.zip.len()).min()?;
        let zip = &last.zip;
        (zip.len() < shortest).then(|| format!("its zip code `{zip}` is shorter than all others"))
    })?;
    notes.extend(end.note(&name(path)));
    Ok(())
}

/// Refuses a last genre that was cut.
pub(super) fn check_genres(
    path: &Path,
    movies: &[Movie],
    end: End,
    notes: &mut Vec<String>,
) -> Result<()> {
    end.check(path, || {
        let (last, others) = movies.split_last()?;
        let genre = last.genres.last()?;
        let known = others.iter().any(|movie| movie.genres.contains(genre));
        let unknown = !known && !others.is_empty();
        unknown.then(|| format!("no other movie has its genre `{genre}`"))
    })?;
    notes.extend(end.note(&name(path)));
    Ok(())
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: End = End {
        line: 3,
        open: true,
    };
    const CLOSED: End = End {
        line: 3,
        open: false,
    };

    fn ratings(times: &[i64]) -> Vec<Rating> {
        let rating = |&seconds: &i64| Rating {
            user: 0,
            movie: 0,
            stars: 3,
            seconds,
        };
        times.iter().map(rating).collect()
    }

    fn checked(times: &[i64], end: End) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        check_times(Path::new("a/ratings.dat"), &ratings(times), end, &mut notes)?;
        Ok(notes)
    }

    #[test]
    fn a_cut_time_is_an_error_and_an_old_one_a_note() {
        let whole = [978_300_760, 956_715_648, 956_715_648];
        assert_eq!(checked(&whole, CLOSED).unwrap(), [""; 0]);
        let notes = checked(&whole, OPEN).unwrap();
        assert!(notes.len() == 1 && notes[0].starts_with("ratings.dat ends without"));
        for digits in 1..9 {
            let cut = [whole[0], whole[1], whole[2] / 10_i64.pow(digits)];
            let error = checked(&cut, OPEN).unwrap_err().to_string();
            assert!(error.starts_with("a/ratings.dat:3: "), "{error}");
            let notes = checked(&cut, CLOSED).unwrap();
            assert!(notes[0].contains("ratings.dat: 1 time is before 1995, the first on line 3"));
        }
        // Nothing to compare with.
        assert_eq!(checked(&[9], OPEN).unwrap().len(), 2);
    }
}
