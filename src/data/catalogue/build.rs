//! A catalogue out of raw rows, read once.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::side::{Column, Side};
use super::{Catalogue, Event};
use crate::data::lookup::Lookup;
use crate::data::protocol::Protocol;
use crate::data::protocol::time::TimeColumn;
use crate::data::source::columns::ColumnRef;
use crate::data::source::reader::{Chunk, Reader};
use crate::error::{Error, Result};

/// Columns beyond this number are no catalogue's: of a wider log only the fields' own are kept.
const MOST_COLUMNS: usize = 100;

/// Rows beyond which a log has no catalogue: unlike all else, it grows with the rows (64 bytes each while it is made).
pub const MOST_ROWS: u64 = 20_000_000;

/// What a column turned out to be made of.
struct Kept {
    /// As the input's header has it; a number where there is none.
    name: String,
    /// Distinct, in the order of their first row.
    texts: Vec<String>,
    /// The place of each of them.
    codes: HashMap<String, u32>,
    /// While no user (item) has had two values: the code of each, and how often one was seen again.
    of_user: Option<Constant>,
    /// The same of items.
    of_item: Option<Constant>,
}

/// One code an id.
#[derive(Default)]
struct Constant {
    /// By the id's place; [`NONE`] for one that had no row yet.
    codes: Vec<u32>,
    /// Rows whose id was known and had the same value: without any, constancy says nothing.
    seen_again: u64,
}

/// Nothing seen yet.
const NONE: u32 = u32::MAX;

impl Constant {
    /// The code that an id has, if it has one.
    fn code(&self, id: u32) -> Option<u32> {
        let code = self.codes.get(id as usize).copied();
        code.filter(|&code| code != NONE)
    }

    fn set(&mut self, id: u32, code: u32) {
        if self.codes.len() <= id as usize {
            self.codes.resize(id as usize + 1, NONE);
        }
        self.codes[id as usize] = code;
    }
}

impl Kept {
    fn new(name: String) -> Kept {
        Kept {
            name,
            texts: Vec::new(),
            codes: HashMap::new(),
            of_user: Some(Constant::default()),
            of_item: Some(Constant::default()),
        }
    }

    fn code(&mut self, text: &str) -> u32 {
        if let Some(&code) = self.codes.get(text) {
            return code;
        }
        let code = self.texts.len() as u32;
        self.texts.push(text.to_owned());
        self.codes.insert(text.to_owned(), code);
        code
    }

    /// Takes in a row's text.
    fn add(&mut self, user: u32, item: u32, text: &str) {
        if self.of_user.is_none() && self.of_item.is_none() {
            return;
        }
        let texts = &self.texts;
        let mut settled = true;
        for (constant, id) in [(&mut self.of_user, user), (&mut self.of_item, item)] {
            let Some(known) = constant else { continue };
            match known.code(id).map(|code| texts[code as usize] == text) {
                Some(true) => known.seen_again += 1,
                Some(false) => *constant = None,
                None => settled = false,
            }
        }
        if settled {
            return;
        }
        let code = self.code(text);
        for (constant, id) in [(&mut self.of_user, user), (&mut self.of_item, item)] {
            if let Some(known) = constant.as_mut().filter(|known| known.code(id).is_none()) {
                known.set(id, code);
            }
        }
    }

    /// Whose column it is: who showed the same value again and again and never another. The first for the user's, the second for
    /// the item's.
    fn whose(&self) -> (bool, bool) {
        let again = |constant: &Option<Constant>| constant.as_ref().map(|c| c.seen_again);
        let (user, item) = (again(&self.of_user), again(&self.of_item));
        // One value for all tells nothing: it stays with the moment.
        if self.texts.len() < 2 {
            return (false, false);
        }
        match (user, item) {
            (None | Some(0), Some(1..)) => (false, true),
            (Some(1..), None | Some(0)) => (true, false),
            (Some(_), Some(items)) => (items == 0, items > 0),
            (Some(0), None) => (true, false),
            (None, Some(0)) => (false, true),
            (None, None) => (false, false),
        }
    }

    fn into_column(self, constant: Constant, length: usize) -> Column {
        let mut column = Column {
            name: self.name,
            texts: self.texts,
            codes: constant.codes,
        };
        column.codes.resize(length, NONE);
        column
    }
}

/// Where the roles stand in a chunk.
#[derive(Debug)]
struct Places {
    /// The column of users' ids.
    user: usize,
    /// The column of items' ids.
    item: usize,
    /// The column that the label is made of.
    label: usize,
    /// None where the protocol has no time.
    time: Option<usize>,
}

/// A catalogue in the making.
struct Builder<'a> {
    protocol: &'a Protocol,
    users: Side,
    items: Side,
    /// One a column of the input, in its order.
    columns: Vec<Kept>,
    /// The user's place and what happened, in the order of rows.
    events: Vec<(u32, Event)>,
    /// The latest row's texts and its time.
    latest: Vec<String>,
    /// Seconds since 1970; the least there is before the first row.
    latest_time: i64,
}

/// The catalogue of the rows that `readers` give; none when the protocol does not say what is a user and what an item, or there are
/// more than `most` rows.
///
/// # Errors
/// When the rows cannot be read.
pub fn build(
    readers: Vec<Box<dyn Reader>>,
    protocol: &Protocol,
    tables: &BTreeMap<String, Lookup>,
    most: u64,
) -> Result<Option<Catalogue>> {
    let (Some(user), Some(item)) = (&protocol.roles.user, &protocol.roles.item) else {
        return Ok(None);
    };
    let mut builder: Option<Builder> = None;
    for mut reader in readers {
        let columns = columns(protocol, reader.header(), (user, item));
        if columns.is_empty() {
            continue;
        }
        let names: Vec<String> = columns
            .iter()
            .map(|c| name_of(c, reader.header()))
            .collect();
        reader.select(&columns)?;
        let builder = builder.get_or_insert_with(|| Builder::new(protocol, &names));
        let place = |column: &ColumnRef| {
            let name = name_of(column, Some(&names));
            let wanted = names.iter().position(|n| *n == name);
            wanted.or_else(|| columns.iter().position(|c| c == column))
        };
        let found = (place(user), place(item), place(&protocol.label.column));
        let (Some(user), Some(item), Some(label)) = found else {
            return Err(Error::Data(
                "the user's or the item's column is not there".into(),
            ));
        };
        let time = protocol.roles.time.as_ref();
        let places = Places {
            user,
            item,
            label,
            time: time.and_then(|time| place(time.column())),
        };
        while let Some(block) = reader.next_block()? {
            builder.add(&block.parse()?, &places);
            if builder.events.len() as u64 > most {
                return Ok(None);
            }
        }
    }
    Ok(builder.map(|builder| builder.finish(tables)))
}

/// The columns to read: those of the input, or (where it has none, or very many) those that the protocol names.
fn columns(
    protocol: &Protocol,
    header: Option<&[String]>,
    (user, item): (&ColumnRef, &ColumnRef),
) -> Vec<ColumnRef> {
    if let Some(header) = header.filter(|header| header.len() <= MOST_COLUMNS) {
        return (1..=header.len() as u32).map(ColumnRef::Number).collect();
    }
    let mut all = vec![user.clone(), item.clone(), protocol.label.column.clone()];
    all.extend(protocol.roles.time.as_ref().map(|t| t.column().clone()));
    all.extend(protocol.fields.iter().flat_map(|field| field.sources()));
    let mut distinct: Vec<ColumnRef> = Vec::new();
    for column in all {
        let there = match (&column, header) {
            (ColumnRef::Name(name), Some(header)) => header.contains(name),
            _ => true,
        };
        if there && !distinct.contains(&column) {
            distinct.push(column);
        }
    }
    distinct
}

/// What a column is called.
fn name_of(column: &ColumnRef, header: Option<&[String]>) -> String {
    match (column, header) {
        (ColumnRef::Number(number), Some(header)) => {
            let place = (*number as usize).checked_sub(1);
            let name = place.and_then(|place| header.get(place));
            name.cloned().unwrap_or_else(|| column.to_string())
        }
        _ => column.to_string(),
    }
}

impl<'a> Builder<'a> {
    fn new(protocol: &'a Protocol, names: &[String]) -> Builder<'a> {
        Builder {
            protocol,
            users: Side::default(),
            items: Side::default(),
            columns: names.iter().cloned().map(Kept::new).collect(),
            events: Vec::new(),
            latest: Vec::new(),
            latest_time: i64::MIN,
        }
    }

    fn add(&mut self, chunk: &Chunk, places: &Places) {
        self.users.name.clone_from(&self.columns[places.user].name);
        self.items.name.clone_from(&self.columns[places.item].name);
        let mut latest = None;
        for row in 0..chunk.rows() {
            let text = |place: usize| chunk.columns[place].text(row);
            let (user, item) = (text(places.user), text(places.item));
            // Rows without a label were refused or counted when the data were encoded.
            let Ok(liked) = self.protocol.label.label(&text(places.label)) else {
                continue;
            };
            if user.is_empty() || item.is_empty() {
                continue;
            }
            let (user, item) = (self.users.add(&user), self.items.add(&item));
            let time = self.time(places.time.map(text));
            self.events.push((user, Event { item, liked, time }));
            if time >= self.latest_time {
                (self.latest_time, latest) = (time, Some(row));
            }
            let used = [places.user, places.item, places.label];
            for (place, kept) in self.columns.iter_mut().enumerate() {
                if !used.contains(&place) {
                    kept.add(user, item, &chunk.columns[place].text(row));
                }
            }
        }
        if let Some(row) = latest {
            let texts = chunk
                .columns
                .iter()
                .map(|cells| cells.text(row).into_owned());
            self.latest = texts.collect();
        }
        for place in [places.user, places.item, places.label] {
            (self.columns[place].of_user, self.columns[place].of_item) = (None, None);
        }
    }

    fn time(&self, text: Option<Cow<'_, str>>) -> i64 {
        let format = self.protocol.roles.time.as_ref().map(TimeColumn::format);
        let seconds = format.zip(text).and_then(|(f, text)| f.seconds(&text).ok());
        let seconds = seconds.filter(|seconds| !seconds.is_nan());
        seconds.map_or(i64::MIN, |seconds| seconds.floor() as i64)
    }

    fn finish(mut self, tables: &BTreeMap<String, Lookup>) -> Catalogue {
        let (user, item) = (self.users.name.clone(), self.items.name.clone());
        let mut context = Vec::new();
        for (place, kept) in self.columns.drain(..).enumerate() {
            let ids = [&user, &item].contains(&&kept.name);
            let label = name_of(&self.protocol.label.column, None) == kept.name;
            if ids || label {
                continue;
            }
            let (of_user, of_item) = kept.whose();
            let mut kept = kept;
            match (of_user, of_item, kept.of_user.take(), kept.of_item.take()) {
                (true, _, Some(constant), _) => {
                    let column = kept.into_column(constant, self.users.len());
                    self.users.columns.push(column);
                }
                (_, true, _, Some(constant)) => {
                    let column = kept.into_column(constant, self.items.len());
                    self.items.columns.push(column);
                }
                _ => {
                    let text = self.latest.get(place).cloned().unwrap_or_default();
                    context.push((kept.name, text));
                }
            }
        }
        for (name, spec) in &self.protocol.tables {
            let Some(table) = tables.get(name) else {
                continue;
            };
            let on = spec.on().to_string();
            for side in [&mut self.users, &mut self.items] {
                if side.name == on {
                    join(side, table);
                }
            }
        }
        let rows = self.events.len() as u64;
        let (starts, events) = by_user(self.events, self.users.len());
        Catalogue {
            users: self.users,
            items: self.items,
            context,
            rows,
            starts,
            events,
        }
    }
}

/// Adds a table's columns to the side that its key names; one that the log has already stays the log's.
fn join(side: &mut Side, table: &Lookup) {
    for (number, name) in table.columns().enumerate() {
        if side.column(name).is_some() || side.name == name {
            continue;
        }
        let mut kept = Kept::new(name.to_owned());
        let codes = side.ids().iter().map(|id| {
            let text = table.text(number, table.place(id));
            kept.code(text)
        });
        let codes = codes.collect();
        side.columns.push(Column {
            name: kept.name,
            texts: kept.texts,
            codes,
        });
    }
}

/// Each user's events, the latest first.
fn by_user(events: Vec<(u32, Event)>, users: usize) -> (Vec<u32>, Vec<Event>) {
    let mut numbered: Vec<(u32, i64, u32, Event)> = events
        .into_iter()
        .zip(0..)
        .map(|((user, event), row)| (user, event.time, row, event))
        .collect();
    numbered.sort_unstable_by_key(|&(user, time, row, _)| (user, std::cmp::Reverse((time, row))));
    let mut starts = vec![0; users + 1];
    for &(user, ..) in &numbered {
        starts[user as usize + 1] += 1;
    }
    for user in 0..users {
        starts[user + 1] += starts[user];
    }
    let events = numbered.into_iter().map(|(.., event)| event);
    (starts, events.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::movielens::protocols;
    use crate::data::source::table::TableReader;
    use crate::data::table::{Table, Values};

    fn table(columns: &[(&str, &[&str])]) -> Table {
        let mut table = Table::new(columns[0].1.len());
        for (name, texts) in columns {
            let mut dictionary: Vec<String> = Vec::new();
            let code = |text: &&str| match dictionary.iter().position(|t| t == text) {
                Some(code) => code as u32,
                None => {
                    dictionary.push((*text).to_owned());
                    dictionary.len() as u32 - 1
                }
            };
            let codes = texts.iter().map(code).collect();
            table
                .push(*name, Values::Text { dictionary, codes })
                .unwrap();
        }
        table
    }

    fn built(table: Table, most: u64) -> Option<Catalogue> {
        let protocol = protocols::named("course").unwrap();
        let readers: Vec<Box<dyn Reader>> = vec![Box::new(TableReader::new(table))];
        build(readers, &protocol, &BTreeMap::new(), most).unwrap()
    }

    fn example() -> Table {
        table(&[
            ("user_id", &["a", "b", "a", "b", "a"]),
            ("movie_id", &["1", "1", "2", "3", "3"]),
            ("rating", &["5", "1", "4", "2", "4"]),
            ("timestamp", &["10", "30", "20", "5", "20"]),
            ("gender", &["F", "M", "F", "M", "F"]),
            ("title", &["X", "X", "Y", "Z", "Z"]),
            ("hour", &["1", "2", "3", "4", "5"]),
            ("site", &["s", "s", "s", "s", "s"]),
        ])
    }

    #[test]
    fn columns_find_whose_they_are_and_the_latest_row_is_the_moment() {
        let catalogue = built(example(), 5).unwrap();
        let names =
            |side: &Side| -> Vec<String> { side.columns.iter().map(|c| c.name.clone()).collect() };
        assert_eq!(names(&catalogue.users), ["gender"]);
        assert_eq!(names(&catalogue.items), ["title"]);
        let context: Vec<(&str, &str)> = catalogue
            .context
            .iter()
            .map(|(n, t)| (n.as_str(), t.as_str()))
            .collect();
        assert_eq!(context, [("timestamp", "30"), ("hour", "2"), ("site", "s")]);
        let header = [
            "user_id",
            "gender",
            "movie_id",
            "title",
            "timestamp",
            "hour",
            "site",
        ];
        assert_eq!(catalogue.header(), header);
        assert_eq!(catalogue.users.texts(1).collect::<Vec<_>>(), ["b", "M"]);
        assert_eq!(catalogue.items.texts(2).collect::<Vec<_>>(), ["3", "Z"]);
    }

    #[test]
    fn events_are_each_users_own_the_latest_first() {
        let catalogue = built(example(), 5).unwrap();
        let of = |user: u32| -> Vec<(u32, bool)> {
            catalogue
                .events(user)
                .iter()
                .map(|e| (e.item, e.liked))
                .collect()
        };
        // Of the same time, the later row comes first.
        assert_eq!(of(0), [(2, true), (1, true), (0, true)]);
        assert_eq!(of(1), [(0, false), (2, false)]);
        assert_eq!(of(9), []);
    }

    #[test]
    fn more_rows_than_it_may_have_are_no_catalogue() {
        assert!(built(example(), 4).is_none());
    }
}
