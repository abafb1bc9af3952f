//! Parts of times that are written as numbers, of which ONNX can make dates by whole numbers: [`crate::data::calendar::date`], step by step.

use super::super::graph::{Attribute, DType, Graph};
use crate::data::protocol::time::{Part, PartAs, TimeFormat, TimePart};
use crate::data::schema::{Encoding, Field};
use crate::data::vocab::{UNKNOWN, Vocabulary};

/// Ten cycles of 400 years, which keep what is divided above 0 (ONNX rounds towards 0): a time is at most 3,170 years from 1970.
const ERAS: i64 = 10;
/// Of a cycle, see [`crate::data::calendar`].
const ERA_DAYS: i64 = 146_097;
const EPOCH_DAYS: i64 = 719_468;
const DAY: i64 = 86_400;

/// The part and the units of a second that times of this format count; none for texts.
pub(super) fn part_of(time: TimePart) -> Option<(Part, f64)> {
    let (part, format) = match time {
        TimePart::OfSeconds(part) => (part, TimeFormat::Seconds),
        TimePart::As(PartAs { of, format }) => (of, format),
    };
    match format {
        TimeFormat::Seconds => Some((part, 1.0)),
        TimeFormat::Milliseconds => Some((part, 1e3)),
        TimeFormat::Microseconds => Some((part, 1e6)),
        TimeFormat::Iso | TimeFormat::Yymmddhh => None,
    }
}

/// The part of times `x` `[rows]` as doubles, NaN where a time is missing. A decade is its first year.
pub(super) fn number(graph: &mut Graph, (part, units): (Part, f64), x: &str) -> String {
    let units = graph.double(units);
    let seconds = graph.node("Div", &[x, &units], &[]);
    if part == Part::Days {
        let day = graph.double(DAY as f64);
        return graph.node("Div", &[&seconds, &day], &[]);
    }
    let missing = graph.node("IsNaN", &[x], &[]);
    let (zero, nothing) = (graph.double(0.0), graph.double(f64::NAN));
    let there = graph.node("Where", &[&missing, &zero, &seconds], &[]);
    let whole = graph.node("Floor", &[&there], &[]);
    let seconds = graph.cast(&whole, DType::Int64);
    let past = graph.int(ERAS * ERA_DAYS * DAY);
    let seconds = graph.node("Add", &[&seconds, &past], &[]);
    let value = match part {
        Part::Hour => {
            let of_day = with(graph, "Mod", &seconds, DAY);
            with(graph, "Div", &of_day, 3_600)
        }
        // 1970-01-01 was a Thursday, and so was the first day of the cycle ten cycles before: a cycle has whole weeks.
        Part::Weekday => {
            let days = with(graph, "Div", &seconds, DAY);
            let from_monday = with(graph, "Add", &days, 3);
            let weekday = with(graph, "Mod", &from_monday, 7);
            with(graph, "Add", &weekday, 1)
        }
        Part::Year | Part::Decade | Part::Month | Part::Days => {
            let days = with(graph, "Div", &seconds, DAY);
            let (year, month) = date(graph, &days);
            match part {
                Part::Month => month,
                Part::Year => year,
                _ => {
                    let decades = with(graph, "Div", &year, 10);
                    with(graph, "Mul", &decades, 10)
                }
            }
        }
    };
    let value = graph.cast(&value, DType::Double);
    graph.node("Where", &[&missing, &nothing, &value], &[])
}

/// Whole numbers with a constant.
fn with(graph: &mut Graph, op: &str, x: &str, by: i64) -> String {
    let by = graph.int(by);
    graph.node(op, &[x, &by], &[])
}

/// Year and month of days since 1970-01-01 and [`ERAS`] cycles, both whole numbers.
fn date(graph: &mut Graph, days: &str) -> (String, String) {
    let days = with(graph, "Add", days, EPOCH_DAYS);
    let (era, of_era) = (
        with(graph, "Div", &days, ERA_DAYS),
        with(graph, "Mod", &days, ERA_DAYS),
    );
    // year of the era = (d - d / 1460 + d / 36524 - d / 146096) / 365
    let leap = [(1_460, "Sub"), (36_524, "Add"), (146_096, "Sub")];
    let plain = leap.into_iter().fold(of_era.clone(), |sum, (by, op)| {
        let part = with(graph, "Div", &of_era, by);
        graph.node(op, &[&sum, &part], &[])
    });
    let year_of_era = with(graph, "Div", &plain, 365);
    // day of the year, which begins in March = d - (365 y + y / 4 - y / 100)
    let mut before = with(graph, "Mul", &year_of_era, 365);
    for (by, op) in [(4, "Add"), (100, "Sub")] {
        let part = with(graph, "Div", &year_of_era, by);
        before = graph.node(op, &[&before, &part], &[]);
    }
    let of_year = graph.node("Sub", &[&of_era, &before], &[]);
    let scaled = with(graph, "Mul", &of_year, 5);
    let scaled = with(graph, "Add", &scaled, 2);
    let from_march = with(graph, "Div", &scaled, 153);
    let two_later = with(graph, "Add", &from_march, 2);
    let month = with(graph, "Mod", &two_later, 12);
    let month = with(graph, "Add", &month, 1);
    // January and February are of the next year.
    let limit = graph.int(2);
    let early = graph.node("LessOrEqual", &[&month, &limit], &[]);
    let early = graph.cast(&early, DType::Int64);
    let years = with(graph, "Mul", &era, 400);
    let years = graph.node("Add", &[&years, &year_of_era], &[]);
    let year = graph.node("Add", &[&years, &early], &[]);
    (with(graph, "Sub", &year, 400 * ERAS), month)
}

/// The code of a categorical part `x` `[rows]`, int64 `[rows]`: 0 where it is missing or unknown.
pub(super) fn code(graph: &mut Graph, field: &Field, x: &str) -> String {
    let nothing = Vocabulary::default();
    let vocabulary = match &field.encoding {
        Encoding::Vocabulary(vocabulary) => vocabulary,
        // Refused before.
        _ => &nothing,
    };
    let number = |text: &str| text.trim_end_matches('s').parse::<i64>();
    let known = (1..).zip(vocabulary.texts());
    let known = known.filter_map(|(code, text)| Some((number(text).ok()?, code)));
    let (keys, codes): (Vec<i64>, Vec<i64>) = known.unzip();
    let missing = graph.node("IsNaN", &[x], &[]);
    let (never, unknown) = (graph.double(-1e9), i64::from(UNKNOWN));
    let there = graph.node("Where", &[&missing, &never, x], &[]);
    let whole = graph.cast(&there, DType::Int64);
    let attributes = [
        Attribute::Ints("keys_int64s", keys),
        Attribute::Ints("values_int64s", codes),
        Attribute::Int("default_int64", unknown),
    ];
    graph.node_ml("LabelEncoder", &[&whole], &attributes)
}
