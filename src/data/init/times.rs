//! Whether a column holds times, and how it writes them.

use super::names;
use super::profile::Numbers;
use crate::data::calendar::date;
use crate::data::protocol::time::TimeFormat;

/// Seconds from 1995 to 2065: what a number must lie in to be taken for a time.
const AGE: (f64, f64) = (788_918_400.0, 3.0e9);
/// Seconds that all times of a log lie within when nothing but their size says that they are times: forty years. Random
/// numbers of 32 bits, ids by hash, lie wider.
const SPAN: f64 = 40.0 * 365.25 * 86_400.0;

/// The unit of numbers, by their size.
pub(super) fn unit(name: &str, numbers: &Numbers) -> Option<TimeFormat> {
    if numbers.distinct < 2 || names::is_mark(name) {
        return None;
    }
    let units = [
        (TimeFormat::Seconds, 1.0),
        (TimeFormat::Milliseconds, 1e3),
        (TimeFormat::Microseconds, 1e6),
    ];
    let of_age = |unit: f64| {
        let (min, max) = (numbers.min / unit, numbers.max / unit);
        AGE.0 <= min && max <= AGE.1 && (max - min <= SPAN || names::is_time(name))
    };
    let found = units.into_iter().find(|(_, unit)| of_age(*unit));
    found.map(|(format, _)| format)
}

/// The format of texts that are all dates: ISO, or YYMMDDHH when the name is that of a time.
pub(super) fn format<'t>(
    name: &str,
    mut texts: impl Iterator<Item = &'t str> + Clone,
) -> Option<TimeFormat> {
    let is = |format: TimeFormat| move |text: &str| format.seconds(text).is_ok();
    if texts.clone().all(is(TimeFormat::Iso)) {
        return Some(TimeFormat::Iso);
    }
    let short = names::is_time(name) && texts.all(is(TimeFormat::Yymmddhh));
    short.then_some(TimeFormat::Yymmddhh)
}

/// Which parts of these times differ: the hour of the day, the day of the week.
pub(super) fn parts<'t>(format: TimeFormat, texts: impl Iterator<Item = &'t str>) -> (bool, bool) {
    let (mut hours, mut days) = (0u32, 0u8);
    for text in texts {
        if let Ok(seconds) = format.seconds(text)
            && seconds.is_finite()
        {
            let whole = seconds.floor() as i64;
            hours |= 1 << (whole.rem_euclid(86_400) / 3_600);
            days |= 1 << whole.div_euclid(86_400).rem_euclid(7);
        }
    }
    (hours.count_ones() > 1, days.count_ones() > 1)
}

/// A moment, for people.
pub(super) fn day(format: TimeFormat, text: &str) -> Option<String> {
    let seconds = format.seconds(text).ok().filter(|s| s.is_finite())?;
    let (year, month, day) = date(seconds.floor() as i64);
    Some(format!("{year}-{month:02}-{day:02}"))
}

/// A format as a schema file writes it.
pub(super) fn name(format: TimeFormat) -> &'static str {
    match format {
        TimeFormat::Seconds => "seconds",
        TimeFormat::Milliseconds => "milliseconds",
        TimeFormat::Microseconds => "microseconds",
        TimeFormat::Iso => "iso",
        TimeFormat::Yymmddhh => "yymmddhh",
    }
}
