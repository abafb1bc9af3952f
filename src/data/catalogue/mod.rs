//! What recommending needs of the raw data: who there is, what there is, who had what, and the moment the log ends.
//!
//! A column of the log is the user's when every row of a user has the same value in it (gender), the item's when every row of an
//! item has (title), and the moment's otherwise (hour). Nobody has to say which: [`build`] finds out. Columns of a joined table
//! are those of whoever its key names.
//!
//! Only users and items that occur in the log are in it: the model knows no other.
//!
//! Reading order: here, [`build`], [`file`](mod@file).

pub mod build;
pub mod file;
mod side;

use std::ops::Range;

pub use self::side::{Column, Side};

/// See the module.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Catalogue {
    /// Those of the log, by the order of their first row.
    pub users: Side,
    /// Those of the log, by the order of their first row.
    pub items: Side,
    /// The moment's columns, and what the latest row has in them.
    pub context: Vec<(String, String)>,
    /// Rows that were read.
    pub rows: u64,
    /// Per user, where its events are in [`Catalogue::events`]; one more than users.
    starts: Vec<u32>,
    /// By user, the latest first; of the same time, the later row first.
    events: Vec<Event>,
}

/// Somebody had something to do with an item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// Its place in [`Catalogue::items`].
    pub item: u32,
    /// Whether its label is positive.
    pub liked: bool,
    /// Seconds since 1970; `i64::MIN` when the log has no time.
    pub time: i64,
}

impl Event {
    /// When it was, where the log says so.
    pub fn time(&self) -> Option<i64> {
        (self.time != i64::MIN).then_some(self.time)
    }
}

impl Catalogue {
    /// What a user (by place) had to do with, the latest first.
    pub fn events(&self, user: u32) -> &[Event] {
        &self.events[self.range(user)]
    }

    fn range(&self, user: u32) -> Range<usize> {
        let at = |place: usize| self.starts.get(place).copied().unwrap_or(0) as usize;
        at(user as usize)..at(user as usize + 1)
    }

    /// The columns of a raw row: the user's id and columns, the item's, the moment's.
    pub fn header(&self) -> Vec<String> {
        let of = |side: &Side| {
            let columns = side.columns.iter().map(|column| column.name.clone());
            std::iter::once(side.name.clone())
                .chain(columns)
                .collect::<Vec<_>>()
        };
        let context = self.context.iter().map(|(name, _)| name.clone());
        of(&self.users)
            .into_iter()
            .chain(of(&self.items))
            .chain(context)
            .collect()
    }
}
