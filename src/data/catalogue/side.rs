//! One side of a log: its users, or its items.

use std::collections::HashMap;

/// Ids and what is known of each, by place.
#[derive(Debug, Clone, Default)]
pub struct Side {
    /// The id's column.
    pub name: String,
    /// In the order of their first row.
    ids: Vec<String>,
    /// The place of each id in `ids`.
    places: HashMap<String, u32>,
    /// What is known of an id: those columns whose value hangs on it alone.
    pub columns: Vec<Column>,
}

/// A column that has one text an id.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Column {
    /// As the log or the joined table has it.
    pub name: String,
    /// Distinct texts.
    pub texts: Vec<String>,
    /// Per id, the place of its text.
    pub codes: Vec<u32>,
}

impl PartialEq for Side {
    fn eq(&self, other: &Side) -> bool {
        (&self.name, &self.ids, &self.columns) == (&other.name, &other.ids, &other.columns)
    }
}

impl Side {
    /// A side without anybody.
    pub fn new(name: String) -> Side {
        Side {
            name,
            ..Side::default()
        }
    }

    /// The ids, by place.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The number of ids.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The place of an id.
    pub fn place(&self, id: &str) -> Option<u32> {
        self.places.get(id.trim()).copied()
    }

    /// The place of an id, which is taken in when it is new.
    pub(super) fn add(&mut self, id: &str) -> u32 {
        if let Some(&place) = self.places.get(id) {
            return place;
        }
        let place = self.ids.len() as u32;
        self.ids.push(id.to_owned());
        self.places.insert(id.to_owned(), place);
        place
    }

    /// The id at a place.
    pub fn id(&self, place: u32) -> &str {
        self.ids.get(place as usize).map_or("", String::as_str)
    }

    /// The id at a place and its columns' texts, in the order of [`super::Catalogue::header`].
    pub fn texts(&self, place: u32) -> impl Iterator<Item = &str> {
        let columns = self.columns.iter().map(move |column| column.text(place));
        std::iter::once(self.id(place)).chain(columns)
    }

    /// The column called `name`.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// What a person would call the one at a place: its title where it has one, else its id.
    pub fn called(&self, place: u32) -> &str {
        let title = self.title().map(|column| column.text(place));
        title
            .filter(|title| !title.is_empty())
            .unwrap_or(self.id(place))
    }

    /// The column a person would call an item by: a title or a name, where there is one.
    pub fn title(&self) -> Option<&Column> {
        let named = |word: &str| {
            let is = |c: &&Column| c.name.to_lowercase().ends_with(word);
            self.columns.iter().find(is)
        };
        named("title").or_else(|| named("name"))
    }
}

impl Column {
    /// The text of the id at a place.
    pub fn text(&self, place: u32) -> &str {
        let code = self.codes.get(place as usize);
        let text = code.and_then(|&code| self.texts.get(code as usize));
        text.map_or("", String::as_str)
    }
}
