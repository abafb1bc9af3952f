//! Times: how a column writes them, and the parts of one that a field can be.

use serde::{Deserialize, Serialize};

use crate::data::calendar::{date, seconds_of};
use crate::data::source::columns::ColumnRef;

/// The column that says when a row happened: `"timestamp"`, or `{ column = "ts", format = "milliseconds" }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TimeColumn {
    /// Seconds since 1970, whole or not.
    Seconds(ColumnRef),
    /// Written in another way.
    As(TimeAs),
}

/// A column of times that are written in another way than as seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeAs {
    /// Of the rows or of a joined table.
    pub column: ColumnRef,
    /// How its moments are written.
    pub format: TimeFormat,
}

impl TimeColumn {
    /// The column.
    pub fn column(&self) -> &ColumnRef {
        match self {
            TimeColumn::Seconds(column) => column,
            TimeColumn::As(TimeAs { column, .. }) => column,
        }
    }

    /// How the column writes times.
    pub fn format(&self) -> TimeFormat {
        match self {
            TimeColumn::Seconds(_) => TimeFormat::Seconds,
            TimeColumn::As(TimeAs { format, .. }) => *format,
        }
    }
}

/// How a time is written; all in UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeFormat {
    /// Since 1970-01-01.
    #[default]
    Seconds,
    /// Since 1970-01-01.
    Milliseconds,
    /// Since 1970-01-01.
    Microseconds,
    /// `2014-10-21`, `2014-10-21 05:30:00`, `2014-10-21T05:30:00.5Z`, `...+09:00`.
    Iso,
    /// `14102105`: year, month, day and hour in two digits each, as Avazu's log has it.
    Yymmddhh,
}

/// Seconds beyond which a number is no time of our age: the year 5138. What is larger is in a smaller unit.
const LATEST: f64 = 1e11;

impl TimeFormat {
    /// Seconds since 1970; NaN for a missing time.
    ///
    /// # Errors
    /// When the text is no time in this format; says which it seems to be.
    pub fn seconds(self, text: &str) -> Result<f64, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(f64::NAN);
        }
        let parsed = match self {
            TimeFormat::Iso => {
                return iso(text).ok_or_else(|| wrong(text, "a date such as 2014-10-21 05:30:00"));
            }
            TimeFormat::Yymmddhh => {
                return short(text).ok_or_else(|| wrong(text, "eight digits, YYMMDDHH"));
            }
            TimeFormat::Seconds | TimeFormat::Milliseconds | TimeFormat::Microseconds => {
                text.parse::<f64>()
            }
        };
        let unit = match self {
            TimeFormat::Milliseconds => 1e3,
            TimeFormat::Microseconds => 1e6,
            _ => 1.0,
        };
        match parsed {
            Ok(number) if number.is_finite() => checked(number / unit),
            _ => Err(wrong(text, "a number of seconds since 1970")),
        }
    }
}

fn checked(seconds: f64) -> Result<f64, String> {
    if seconds.abs() <= LATEST {
        return Ok(seconds);
    }
    let unit = if seconds.abs() <= LATEST * 1e3 {
        "milliseconds"
    } else {
        "microseconds"
    };
    Err(format!(
        "the time {seconds} would lie beyond the year 5000: if it is in {unit}, say format = \"{unit}\""
    ))
}

fn wrong(text: &str, expected: &str) -> String {
    format!(
        "{text:?} is no time, expected {expected}; other formats are seconds, milliseconds, microseconds, iso and yymmddhh"
    )
}

/// A date, perhaps with the time of day, perhaps with an offset.
fn iso(text: &str) -> Option<f64> {
    let (day, rest) = text.split_at_checked(10)?;
    let mut numbers = day.split('-').map(digits);
    let (year, month, day) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let start = seconds_of(i64::from(year), month, day)? as f64;
    let rest = rest.trim_start_matches(['T', ' ']);
    if rest.is_empty() {
        return Some(start);
    }
    let (clock, offset) = match rest.find(['Z', '+', '-']) {
        None => (rest, 0.0),
        Some(place) => (&rest[..place], offset(&rest[place..])?),
    };
    Some(start + time_of_day(clock.trim())? - offset)
}

fn digits(text: &str) -> Option<u32> {
    let plain = !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// `05:30`, `05:30:00`, `05:30:00.25`.
fn time_of_day(text: &str) -> Option<f64> {
    let mut parts = text.split(':');
    let (hour, minute) = (digits(parts.next()?)?, digits(parts.next()?)?);
    let seconds: f64 = match parts.next() {
        None => 0.0,
        Some(text) if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') => text.parse().ok()?,
        Some(_) => return None,
    };
    let fits = parts.next().is_none() && hour < 24 && minute < 60 && seconds < 61.0;
    fits.then(|| f64::from(hour * 3600 + minute * 60) + seconds)
}

/// `Z`, `+09:00`, `-0330`, `+09`: seconds.
fn offset(text: &str) -> Option<f64> {
    if text == "Z" {
        return Some(0.0);
    }
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    let plain: String = text[1..].chars().filter(|c| *c != ':').collect();
    let (hours, minutes) = match plain.len() {
        2 => (digits(&plain)?, 0),
        4 => (digits(&plain[..2])?, digits(&plain[2..])?),
        _ => return None,
    };
    Some(sign * f64::from(hours * 3600 + minutes * 60))
}

/// YYMMDDHH of this century.
fn short(text: &str) -> Option<f64> {
    if text.len() != 8 || digits(text).is_none() {
        return None;
    }
    let two = |at: usize| digits(&text[at..at + 2]);
    let (year, month, day, hour) = (two(0)?, two(2)?, two(4)?, two(6)?);
    let start = seconds_of(2000 + i64::from(year), month, day)?;
    (hour < 24).then(|| start as f64 + f64::from(hour * 3600))
}

/// A part of a time, in UTC: `"hour"`, or `{ of = "hour", format = "milliseconds" }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TimePart {
    /// Of a column of seconds since 1970.
    OfSeconds(Part),
    /// Of a column that is written in another way.
    As(PartAs),
}

/// A part of a time that is written in another way than as seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartAs {
    /// Which part.
    pub of: Part,
    /// How the column's moments are written.
    pub format: TimeFormat,
}

/// What of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// 1999
    Year,
    /// 1990s
    Decade,
    /// 1 to 12
    Month,
    /// 1 (Monday) to 7
    Weekday,
    /// 0 to 23
    Hour,
    /// Days since 1970-01-01, with fractions: a number.
    Days,
}

impl TimePart {
    /// The part of a raw text; empty when it is missing.
    ///
    /// # Errors
    /// When the text is no time.
    pub fn text(self, raw: &str) -> Result<String, String> {
        let (part, format) = match self {
            TimePart::OfSeconds(part) => (part, TimeFormat::Seconds),
            TimePart::As(PartAs { of, format }) => (of, format),
        };
        let seconds = format.seconds(raw)?;
        if seconds.is_nan() {
            return Ok(String::new());
        }
        // checked() keeps seconds far within i64.
        let whole = seconds.floor() as i64;
        let (year, month, _) = date(whole);
        Ok(match part {
            Part::Year => year.to_string(),
            Part::Decade => format!("{}s", year.div_euclid(10) * 10),
            Part::Month => month.to_string(),
            // 1970-01-01 was a Thursday.
            Part::Weekday => ((whole.div_euclid(86_400) + 3).rem_euclid(7) + 1).to_string(),
            Part::Hour => (whole.rem_euclid(86_400) / 3_600).to_string(),
            Part::Days => (seconds / 86_400.0).to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_gives_the_same_moment() {
        // 2014-10-21 05:00:00 UTC, from `date -u -d '2014-10-21 05:00' +%s`.
        let moment = 1_413_867_600.0;
        for (format, text) in [
            (TimeFormat::Seconds, "1413867600"),
            (TimeFormat::Milliseconds, "1413867600000"),
            (TimeFormat::Microseconds, "1413867600000000"),
            (TimeFormat::Yymmddhh, "14102105"),
            (TimeFormat::Iso, "2014-10-21 05:00:00"),
            (TimeFormat::Iso, "2014-10-21T05:00Z"),
            (TimeFormat::Iso, "2014-10-21T14:00:00.0+09:00"),
        ] {
            assert_eq!(format.seconds(text), Ok(moment), "{text}");
        }
        assert_eq!(TimeFormat::Iso.seconds("1970-01-02"), Ok(86_400.0));
        assert!(TimeFormat::Seconds.seconds("").unwrap().is_nan());
    }

    #[test]
    fn what_is_no_time_is_told() {
        let refused = |format: TimeFormat, text: &str| format.seconds(text).unwrap_err();
        assert!(
            refused(TimeFormat::Seconds, "1413867600000").contains("format = \"milliseconds\"")
        );
        assert!(refused(TimeFormat::Seconds, "soon").contains("is no time"));
        for text in [
            "2014-13-01",
            "2014-02-30",
            "2014-1-1",
            "2014-10-21 25:00",
            "é014-10-21",
            "2014-10-21 05:00+1",
        ] {
            assert!(
                refused(TimeFormat::Iso, text).contains("is no time"),
                "{text}"
            );
        }
        assert!(refused(TimeFormat::Yymmddhh, "14102125").contains("YYMMDDHH"));
    }

    #[test]
    fn parts_of_a_time() {
        let part = |part, text: &str| TimePart::OfSeconds(part).text(text).unwrap();
        // A Tuesday.
        let text = "1413867600";
        assert_eq!(part(Part::Year, text), "2014");
        assert_eq!(part(Part::Decade, text), "2010s");
        assert_eq!(part(Part::Month, text), "10");
        assert_eq!(part(Part::Weekday, text), "2");
        assert_eq!(part(Part::Hour, text), "5");
        assert_eq!(part(Part::Days, "43200"), "0.5");
        assert_eq!(part(Part::Hour, ""), "");
        let avazu = TimePart::As(PartAs {
            of: Part::Hour,
            format: TimeFormat::Yymmddhh,
        });
        assert_eq!(avazu.text("14102123"), Ok("23".into()));
    }
}
