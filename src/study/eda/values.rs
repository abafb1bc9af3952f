//! The values of a field: how often each comes, and how often it is positive.

use crate::data::dataset::{Dataset, FieldView};
use crate::data::schema::{Encoding, Field, FieldKind};
use crate::data::store::column::View;
use crate::data::vocab::UNKNOWN;
use crate::metrics::wilson::wilson;
use crate::study::called::{code_called, part_called};
use crate::study::contingency::Contingency;
use crate::study::frequent::frequent;
use crate::study::parts::{bounds, part};

/// Values that are shown one by one, and how many more there may be before the others become one line.
const SHOWN: usize = 20;
const SLACK: usize = 5;
/// Parts of a number.
const PARTS: usize = 10;

/// A value, or several together.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The value as people read it, or what several have in common.
    pub name: String,
    /// How often it comes; in a list each value counts.
    pub rows: u64,
    /// How often in a positive row.
    pub positives: u64,
}

impl Group {
    /// The share of positive rows with its 95 % interval: rate, low, high.
    pub fn rate(&self) -> Option<[f64; 3]> {
        wilson(self.positives, self.rows)
    }
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    /// As in the schema.
    pub name: String,
    /// Whether a row has one value, several, or a number.
    pub kind: FieldKind,
    /// Different values that occur; of a number, none.
    pub occur: Option<usize>,
    /// Values; those of a list each count.
    pub all: u64,
    /// Of values that are unknown (too rare, or not in training) or missing.
    pub unknown: Group,
    /// The most frequent ones, the most frequent first; in rising order where they are numbers and have most of the rows. Of a number, its parts.
    pub shown: Vec<Group>,
    /// How many more values there are, and all of them together.
    pub others: Option<(usize, Group)>,
    /// Cramer's V with the label, without what chance makes of it.
    pub with_label: Option<f64>,
}

impl Values {
    /// Counts field number `place` over all rows.
    pub fn of(data: &Dataset, place: usize) -> Values {
        let field = &data.schema().fields[place];
        let (counts, bounds) = counted(data, place, field);
        let cells = (0..).zip(&counts).flat_map(|(code, &[rows, positives])| {
            [(code, 0, rows - positives), (code, 1, positives)]
        });
        let with_label = Contingency::of_cells(cells).cramers_v();
        let group = |code: u32| {
            let [rows, positives] = counts.get(code as usize).copied().unwrap_or_default();
            Group {
                name: match &bounds {
                    Some(bounds) => part_called(field, bounds, code as usize),
                    None => code_called(data, field, code),
                },
                rows,
                positives,
            }
        };
        let known = (1..)
            .zip(counts.iter().skip(1))
            .map(|(code, c)| (code, c[0]));
        let occur: Vec<(u32, u64)> = known.filter(|known| known.1 > 0).collect();
        let most = if occur.len() <= SHOWN + SLACK {
            SHOWN + SLACK
        } else {
            SHOWN
        };
        let mut codes = frequent(occur.iter().copied(), most);
        if bounds.is_some() || matches!(field.encoding, Encoding::Quantiles(_)) {
            codes.sort_unstable();
        } else if let Some(order) = by_number(field, &codes).filter(|_| most_of_all(&codes, &occur))
        {
            codes = order;
        }
        let shown: Vec<Group> = codes.iter().map(|&code| group(code)).collect();
        let others = occur.len() - codes.len();
        let sum = |of: fn(&Group) -> u64| shown.iter().map(of).sum::<u64>();
        let all = counts
            .iter()
            .fold([0; 2], |sum, c| [sum[0] + c[0], sum[1] + c[1]]);
        let unknown = Group {
            name: "unknown or missing".into(),
            ..group(UNKNOWN)
        };
        let rest = Group {
            name: format!("{others} others"),
            rows: all[0] - unknown.rows - sum(|g| g.rows),
            positives: all[1] - unknown.positives - sum(|g| g.positives),
        };
        Values {
            name: field.name.clone(),
            kind: field.kind,
            occur: bounds.is_none().then_some(occur.len()),
            all: all[0],
            unknown,
            shown,
            others: (others > 0).then_some((others, rest)),
            with_label,
        }
    }

    /// The most frequent value and its share.
    pub fn most(&self) -> Option<(&str, f64)> {
        let most = self
            .shown
            .iter()
            .reduce(|most, group| match group.rows > most.rows {
                true => group,
                false => most,
            })?;
        Some((&most.name, most.rows as f64 / self.all as f64))
    }
}

/// Rows and positive rows by code, and the bounds of a number's parts.
fn counted(data: &Dataset, place: usize, field: &Field) -> (Vec<[u64; 2]>, Option<Vec<f32>>) {
    let labels = data.labels();
    let mut counts = vec![[0, 0]; field.encoding.table_rows()];
    let mut add = |code: usize, row: usize| {
        if counts.len() <= code {
            counts.resize(code + 1, [0, 0]);
        }
        counts[code][0] += 1;
        counts[code][1] += u64::from(labels[row]);
    };
    match data.field(place) {
        FieldView::One(codes) => each(codes, |row, code| add(code as usize, row)),
        FieldView::Number(numbers) => {
            let bounds = bounds(numbers.iter().copied(), PARTS);
            for (row, &x) in numbers.iter().enumerate() {
                let code = if x.is_nan() { 0 } else { 1 + part(&bounds, x) };
                add(code, row);
            }
            return (counts, Some(bounds));
        }
        FieldView::Mean { starts, codes } => {
            let mut row = 0;
            each(codes, |at, code| {
                while starts.get(row + 1).is_some_and(|&end| end as usize <= at) {
                    row += 1;
                }
                add(code as usize, row);
            });
        }
    }
    (counts, None)
}

fn each(codes: View<'_>, mut see: impl FnMut(usize, u32)) {
    match codes {
        View::U8(codes) => (0..)
            .zip(codes)
            .for_each(|(at, &code)| see(at, code.into())),
        View::U16(codes) => (0..)
            .zip(codes)
            .for_each(|(at, &code)| see(at, code.into())),
        View::U32(codes) => (0..).zip(codes).for_each(|(at, &code)| see(at, code)),
        View::F32(_) => {}
    }
}

/// Whether these codes have half of the rows or more: ids without the others between them are no scale.
fn most_of_all(codes: &[u32], occur: &[(u32, u64)]) -> bool {
    let all: u64 = occur.iter().map(|known| known.1).sum();
    let theirs = occur.iter().filter(|known| codes.contains(&known.0));
    2 * theirs.map(|known| known.1).sum::<u64>() >= all
}

/// The codes by the numbers that their texts are (also `1990s`); none where one is no number.
fn by_number(field: &Field, codes: &[u32]) -> Option<Vec<u32>> {
    let Encoding::Vocabulary(vocabulary) = &field.encoding else {
        return None;
    };
    let number = |&code: &u32| -> Option<(f64, u32)> {
        let text = vocabulary.text(code)?;
        let x: f64 = text.strip_suffix('s').unwrap_or(text).parse().ok()?;
        x.is_finite().then_some((x, code))
    };
    let mut numbers: Vec<(f64, u32)> = codes.iter().map(number).collect::<Option<_>>()?;
    numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
    Some(numbers.into_iter().map(|(_, code)| code).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::encode::encode;
    use crate::data::protocol::FitOn;
    use crate::data::testing::{protocol, random_split, table};

    fn of(rows: &[(&str, &str, &str, u8)]) -> Vec<Values> {
        let rows: Vec<_> = rows
            .iter()
            .map(|&(user, tags, weight, stars)| (user.into(), tags.into(), weight.into(), stars))
            .collect();
        let mut rules = protocol(FitOn::All, random_split(1));
        let names = [("a".to_owned(), "Ann".to_owned())].into();
        rules.value_names.insert("user".into(), names);
        let data = encode(&table(&rows), &rules).unwrap();
        (0..3).map(|place| Values::of(&data, place)).collect()
    }

    fn told(values: &Values) -> Vec<(&str, u64, u64)> {
        let groups = values.shown.iter();
        groups
            .map(|g| (g.name.as_str(), g.rows, g.positives))
            .collect()
    }

    #[test]
    fn values_of_every_kind_by_hand() {
        let fields = of(&[
            ("a", "x|y", "1", 5),
            ("a", "x", "2", 1),
            ("b", "y", "", 4),
            ("b", "", "4", 1),
        ]);
        let [user, tags, weight] = &fields[..] else {
            panic!("three fields");
        };
        assert_eq!(told(user), [("Ann", 2, 1), ("b", 2, 1)]);
        assert_eq!((user.occur, user.all, user.unknown.rows), (Some(2), 4, 0));
        // Independent of the label; the tags are not.
        assert_eq!(user.with_label, Some(0.0));
        assert_eq!(told(tags), [("x", 2, 1), ("y", 2, 2)]);
        assert_eq!(
            (tags.all, tags.unknown.rows, tags.unknown.positives),
            (5, 1, 0)
        );
        assert_eq!(
            told(weight),
            [("1 to 2", 1, 1), ("2 to 4", 1, 0), ("from 4", 1, 0)]
        );
        assert_eq!((weight.occur, weight.unknown.rows), (None, 1));
        assert_eq!(user.most(), Some(("Ann", 0.5)));
        assert_eq!(
            (&user.others, user.shown[0].rate().unwrap()[0]),
            (&None, 0.5)
        );
    }

    /// User i of 30 has i + 1 rows, one of which is positive.
    #[test]
    fn the_most_frequent_are_shown_and_the_others_are_one() {
        let names: Vec<String> = (0..30).map(|user| format!("u{user:02}")).collect();
        let rows: Vec<(&str, &str, &str, u8)> = (0..30)
            .flat_map(|user| (0..=user).map(move |row| (user, if row == 0 { 5 } else { 1 })))
            .map(|(user, stars)| (names[user].as_str(), "x", "1", stars))
            .collect();
        let user = &of(&rows)[0];
        assert_eq!(user.shown.len(), SHOWN);
        assert_eq!(told(user)[0], ("u29", 30, 1));
        let (values, others) = user.others.as_ref().unwrap();
        assert_eq!((*values, others.rows, others.positives), (10, 55, 10));
        assert_eq!(user.occur, Some(30));
    }

    #[test]
    fn numbers_are_in_their_order_where_they_have_most_of_the_rows() {
        let months: Vec<(&str, &str, &str, u8)> = ["10", "9", "10", "2"]
            .map(|month| (month, "x", "1", 5))
            .to_vec();
        let user = &of(&months)[0];
        let names: Vec<&str> = told(user).iter().map(|value| value.0).collect();
        assert_eq!(names, ["2", "9", "10"]);
        // Of 100 ids with a row each, and one with two, the twenty shown are no scale.
        let ids: Vec<String> = (0..100).map(|id| id.to_string()).collect();
        let mut rows: Vec<_> = ids.iter().map(|id| (id.as_str(), "x", "1", 5)).collect();
        rows.push(("77", "x", "1", 5));
        assert_eq!(told(&of(&rows)[0])[0], ("77", 2, 2));
    }
}
