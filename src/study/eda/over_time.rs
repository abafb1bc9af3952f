//! Rows and their positives over time, in hours, days, weeks, months or years: the finest that give few enough bins.

use std::collections::BTreeMap;

use crate::data::calendar::{date, day};

/// Bins that can still be told apart.
const MOST_BINS: i64 = 60;
/// Distinct hours that are kept; beyond, days are.
const MOST_HOURS: usize = 10_000;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
/// What lies beyond is no time of a log: 10,000 years.
const FARTHEST: f64 = 3.2e11;

/// How long a bin is; all in UTC, weeks begin on Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bins are called `2014-10-21 05h`.
    Hour,
    /// Called `2014-10-21`.
    Day,
    /// Called by their Monday.
    Week,
    /// Called `2014-10`.
    Month,
    /// So many years from a multiple of it on; called by the first.
    Years(i64),
}

const UNITS: [Unit; 8] = [
    Unit::Hour,
    Unit::Day,
    Unit::Week,
    Unit::Month,
    Unit::Years(1),
    Unit::Years(10),
    Unit::Years(100),
    Unit::Years(1_000),
];

impl Unit {
    /// The number of the bin that a second lies in.
    fn bin(self, seconds: i64) -> i64 {
        match self {
            Unit::Hour => seconds.div_euclid(HOUR),
            Unit::Day => seconds.div_euclid(DAY),
            // 1970-01-01 was a Thursday.
            Unit::Week => (seconds.div_euclid(DAY) + 3).div_euclid(7),
            Unit::Month => {
                let (year, month, _) = date(seconds);
                12 * year + i64::from(month) - 1
            }
            Unit::Years(years) => date(seconds).0.div_euclid(years),
        }
    }

    /// What a bin is called: when it begins.
    fn name(self, bin: i64) -> String {
        match self {
            Unit::Hour => {
                let hour = bin.rem_euclid(24);
                format!("{} {hour:02}h", day(bin * HOUR))
            }
            Unit::Day => day(bin * DAY),
            Unit::Week => day((7 * bin - 3) * DAY),
            Unit::Month => format!("{}-{:02}", bin.div_euclid(12), bin.rem_euclid(12) + 1),
            Unit::Years(years) => (bin * years).to_string(),
        }
    }

    /// `a week`.
    pub fn called(self) -> String {
        match self {
            Unit::Hour => "an hour".into(),
            Unit::Day => "a day".into(),
            Unit::Week => "a week".into(),
            Unit::Month => "a month".into(),
            Unit::Years(1) => "a year".into(),
            Unit::Years(years) => format!("{years} years"),
        }
    }
}

/// What was seen so far.
#[derive(Debug, Default)]
pub struct OverTime {
    /// Rows and positive rows by hour or, when `days`, by day.
    counts: BTreeMap<i64, [u64; 2]>,
    /// Whether hours were too many to be kept apart.
    days: bool,
    /// Rows without a time.
    without: u64,
    /// The first and the last second that came.
    ends: Option<(i64, i64)>,
}

/// Rows over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// How long each bin is.
    pub unit: Unit,
    /// Without gaps: when each begins, rows, positive rows.
    pub bins: Vec<(String, u64, u64)>,
    /// The first and the last day.
    pub from: String,
    /// The last, in the same form, `2014-10-21`.
    pub to: String,
    /// Rows without a time, which are in no bin.
    pub without: u64,
}

impl OverTime {
    /// Takes in a row.
    pub fn add(&mut self, seconds: f64, label: u8) {
        if seconds.is_nan() || seconds.abs() > FARTHEST {
            self.without += 1;
            return;
        }
        let seconds = seconds.floor() as i64;
        let (first, last) = self.ends.unwrap_or((seconds, seconds));
        self.ends = Some((first.min(seconds), last.max(seconds)));
        let bin = seconds.div_euclid(if self.days { DAY } else { HOUR });
        let count = self.counts.entry(bin).or_default();
        count[0] += 1;
        count[1] += u64::from(label);
        if !self.days && self.counts.len() > MOST_HOURS {
            self.days = true;
            for (hour, [rows, positives]) in std::mem::take(&mut self.counts) {
                let count = self.counts.entry(hour.div_euclid(DAY / HOUR)).or_default();
                count[0] += rows;
                count[1] += positives;
            }
        }
    }

    /// The rows in bins; none where no row has a time.
    pub fn timeline(&self) -> Option<Timeline> {
        let (first, last) = self.ends?;
        let fits = |unit: &&Unit| {
            let hours = **unit == Unit::Hour && self.days;
            !hours && unit.bin(last) - unit.bin(first) < MOST_BINS
        };
        let unit = *UNITS.iter().find(fits).unwrap_or(&Unit::Years(1_000));
        let (start, size) = (unit.bin(first), unit.bin(last) - unit.bin(first) + 1);
        let mut bins: Vec<(String, u64, u64)> = (0..size)
            .map(|bin| (unit.name(start + bin), 0, 0))
            .collect();
        let width = if self.days { DAY } else { HOUR };
        for (&at, &[rows, positives]) in &self.counts {
            let place = (unit.bin(at * width) - start) as usize;
            if let Some(bin) = bins.get_mut(place) {
                bin.1 += rows;
                bin.2 += positives;
            }
        }
        Some(Timeline {
            unit,
            bins,
            from: day(first),
            to: day(last),
            without: self.without,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::calendar::seconds_of;

    fn at(year: i64, month: u32, day: u32) -> f64 {
        seconds_of(year, month, day).unwrap() as f64
    }

    fn of(rows: &[(f64, u8)]) -> Timeline {
        let mut time = OverTime::default();
        rows.iter()
            .for_each(|&(seconds, label)| time.add(seconds, label));
        time.timeline().unwrap()
    }

    #[test]
    fn months_without_gaps() {
        let rows = [
            (at(2000, 11, 30), 1),
            (at(2000, 11, 1), 0),
            (at(2003, 2, 1), 1),
            (f64::NAN, 1),
        ];
        let timeline = of(&rows);
        assert_eq!((timeline.unit, timeline.bins.len()), (Unit::Month, 28));
        assert_eq!(timeline.bins[0], ("2000-11".into(), 2, 1));
        assert_eq!(timeline.bins[1], ("2000-12".into(), 0, 0));
        assert_eq!(timeline.bins[27], ("2003-02".into(), 1, 1));
        assert_eq!(
            (timeline.from.as_str(), timeline.without),
            ("2000-11-01", 1)
        );
        assert_eq!(timeline.to, "2003-02-01");
    }

    #[test]
    fn the_unit_is_the_finest_that_fits() {
        for (last, unit, name) in [
            (HOUR as f64, Unit::Hour, "1970-01-01 00h"),
            (3.0 * DAY as f64, Unit::Day, "1970-01-01"),
            (70.0 * DAY as f64, Unit::Week, "1969-12-29"),
            (420.0 * DAY as f64, Unit::Month, "1970-01"),
            (at(1990, 1, 1), Unit::Years(1), "1970"),
            (at(2100, 1, 1), Unit::Years(10), "1970"),
        ] {
            let timeline = of(&[(0.0, 1), (last, 0)]);
            assert_eq!(timeline.unit, unit);
            assert_eq!(timeline.bins[0], (name.into(), 1, 1));
            assert!(timeline.bins.len() as i64 <= MOST_BINS);
            assert_eq!(timeline.bins.iter().map(|bin| bin.1).sum::<u64>(), 2);
        }
        assert_eq!(OverTime::default().timeline(), None);
    }

    /// The 4th of January 1970 was a Sunday.
    #[test]
    fn weeks_begin_on_monday() {
        let days = [0.0, 3.0, 4.0, 100.0].map(|day| (day * DAY as f64, 1));
        let bins = of(&days).bins;
        assert_eq!(bins[0], ("1969-12-29".into(), 2, 2));
        assert_eq!(bins[1], ("1970-01-05".into(), 1, 1));
    }

    /// More distinct hours than are kept: days take their place and no row is lost.
    #[test]
    fn many_hours_become_days() {
        let mut time = OverTime::default();
        for hour in 0..MOST_HOURS as i64 + 500 {
            time.add((hour * HOUR) as f64, u8::from(hour % 2 == 0));
        }
        assert!(time.days && time.counts.len() < 500);
        let timeline = time.timeline().unwrap();
        assert_eq!(timeline.bins[1], ("1970-02".into(), 28 * 24, 28 * 12));
        assert_eq!(timeline.bins.iter().map(|bin| bin.1).sum::<u64>(), 10_500);
        assert_eq!(timeline.bins.iter().map(|bin| bin.2).sum::<u64>(), 5_250);
    }
}
