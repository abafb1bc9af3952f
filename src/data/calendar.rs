//! From unix seconds to the calendar, in UTC, without a time zone database.

/// Seconds of a day; unix time has no leap seconds.
const DAY: i64 = 86_400;
/// Days of a cycle of 400 Gregorian years, after which the calendar repeats.
const ERA_DAYS: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;

/// The year and the month (1..=12) of `seconds` since 1970-01-01 00:00:00 UTC, in the proleptic Gregorian calendar.
///
/// Exact for every `i64`, times before 1970 included. The algorithm is `civil_from_days` of Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms": the year is taken to begin in March, so that the leap day is its last
/// day and the lengths of the months before it follow one linear formula.
pub fn year_month(seconds: i64) -> (i64, u32) {
    let (year, month, _) = date(seconds);
    (year, month)
}

/// As [`year_month`], with the day of the month (1..=31).
pub fn date(seconds: i64) -> (i64, u32, u32) {
    // Rounded towards the past, so that one second before 1970 is a day of 1969.
    let days = seconds.div_euclid(DAY) + EPOCH_DAYS;
    let era = days.div_euclid(ERA_DAYS);
    let day_of_era = days.rem_euclid(ERA_DAYS);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // 0 is March, 11 is February.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    (
        year,
        u32::try_from(month).unwrap_or(0),
        u32::try_from(day).unwrap_or(0),
    )
}

/// The first second of a day, the inverse of [`date`] (`days_from_civil` of the same source); `None` when there is no such day.
pub fn seconds_of(year: i64, month: u32, day: u32) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(-9999..=9999).contains(&year) {
        return None;
    }
    let from_march = i64::from((month + 9) % 12);
    let year_from_march = year - i64::from(month <= 2);
    let (era, year_of_era) = (
        year_from_march.div_euclid(400),
        year_from_march.rem_euclid(400),
    );
    let day_of_year = (153 * from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let seconds = (era * ERA_DAYS + day_of_era - EPOCH_DAYS) * DAY;
    // The 30th of February is a day of March.
    (date(seconds) == (year, month, day)).then_some(seconds)
}

/// The day of a time as `YYYY-MM-DD`, in UTC.
pub fn day(seconds: i64) -> String {
    let (year, month, day) = date(seconds);
    format!("{year}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ends_of_months_and_years_are_exact() {
        // Seconds from `date -u -d '...' +%s`.
        for (seconds, expected) in [
            (0, (1970, 1)),
            (-1, (1969, 12)),
            (951_782_399, (2000, 2)),      // 2000-02-28 23:59:59
            (951_782_400, (2000, 2)),      // 2000-02-29, a leap day
            (951_868_800, (2000, 3)),      // 2000-03-01
            (978_307_199, (2000, 12)),     // 2000-12-31 23:59:59
            (978_307_200, (2001, 1)),      // 2001-01-01
            (-2_203_891_201, (1900, 2)),   // 1900-02-28 23:59:59
            (-2_203_891_200, (1900, 3)),   // 1900 has no leap day
            (-62_135_596_800, (1, 1)),     // 0001-01-01
            (-62_135_596_801, (0, 12)),    // the last second of year 0
            (253_402_300_799, (9999, 12)), // 9999-12-31 23:59:59
            (-62_167_219_201, (-1, 12)),   // the last second before year 0
        ] {
            assert_eq!(year_month(seconds), expected, "{seconds}");
        }
    }

    #[test]
    fn no_time_overflows() {
        assert!(year_month(i64::MAX).0 > 290_000_000_000);
        assert!(year_month(i64::MIN).0 < -290_000_000_000);
    }

    /// Walks the calendar month by month from year -400 to 2400, with lengths written down the way school teaches them.
    #[test]
    fn equals_a_walk_through_the_calendar() {
        let leap = |y: i64| (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
        // Days from -0400-01-01 to 1970-01-01: five full cycles of 400 years, then 1600 to 1970.
        let before: i64 = (-400..1970).map(|y| if leap(y) { 366 } else { 365 }).sum();
        let mut day = -before;
        for year in -400..2400 {
            for (month, length) in (1..).zip([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
                let length = length + i64::from(month == 2 && leap(year));
                assert_eq!(year_month(day * DAY), (year, month));
                assert_eq!(year_month((day + length) * DAY - 1), (year, month));
                day += length;
            }
        }
    }

    proptest! {
        #[test]
        fn a_day_comes_back(seconds in -(1_i64 << 37)..(1_i64 << 37)) {
            let (year, month, day) = date(seconds);
            prop_assert_eq!(seconds_of(year, month, day), Some(seconds.div_euclid(DAY) * DAY));
        }

        #[test]
        fn the_calendar_repeats_after_400_years(seconds in -(1_i64 << 50)..(1_i64 << 50)) {
            let (year, month) = year_month(seconds);
            prop_assert_eq!(year_month(seconds + ERA_DAYS * DAY), (year + 400, month));
            prop_assert!((1..=12).contains(&month));
        }
    }
}
