//! A table that is joined to the rows by a key, such as the items of a shop.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::source::cells::Cells;

/// The rows of a table by their key. The table lies in memory: it has one row an item, not one a click.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "File", into = "File")]
pub struct Lookup {
    /// Keys and columns as `schema.json` keeps them; the rest is made of them.
    file: File,
    /// The place of each key.
    places: HashMap<String, u32>,
    /// The texts of each column, and behind them the empty one for rows without a match.
    shared: Vec<Arc<[String]>>,
}

/// What a lookup is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Distinct, in the order of the table's rows.
    keys: Vec<String>,
    /// Those that fields use, the key's own not among them.
    columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    /// As the table's header has it.
    name: String,
    /// One a key.
    texts: Vec<String>,
}

impl PartialEq for Lookup {
    fn eq(&self, other: &Lookup) -> bool {
        self.file == other.file
    }
}

impl Lookup {
    /// A table of `keys` with named columns, each with a text a key.
    ///
    /// # Errors
    /// When a key is there twice, or a column is not as long as the keys.
    pub fn new(keys: Vec<String>, columns: Vec<(String, Vec<String>)>) -> Result<Lookup, String> {
        let column = |(name, texts)| Column { name, texts };
        Lookup::try_from(File {
            keys,
            columns: columns.into_iter().map(column).collect(),
        })
    }

    /// The names of the columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.file.columns.iter().map(|column| column.name.as_str())
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.file.keys.iter().map(String::as_str)
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.file.keys.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.file.keys.is_empty()
    }

    /// The row of a key.
    pub fn place(&self, key: &str) -> Option<u32> {
        self.places.get(key.trim()).copied()
    }

    /// The text of a column (by its number) in a row; the empty text without a row.
    pub fn text(&self, column: usize, place: Option<u32>) -> &str {
        let column = self.file.columns.get(column);
        let text = column
            .zip(place)
            .and_then(|(column, place)| column.texts.get(place as usize));
        text.map_or("", String::as_str)
    }

    /// The cells of a column (by its number) for rows whose key has these places.
    pub fn cells(&self, column: usize, places: &[Option<u32>]) -> Cells {
        let missing = self.len() as u32;
        Cells::Dictionary {
            texts: Arc::clone(&self.shared[column]),
            codes: places
                .iter()
                .map(|place| place.unwrap_or(missing))
                .collect(),
        }
    }

    /// The same table with these columns only.
    pub fn only(&self, names: &[&str]) -> Lookup {
        let mut file = self.file.clone();
        file.columns
            .retain(|column| names.contains(&column.name.as_str()));
        Lookup::built(file, self.places.clone())
    }

    /// Whether the table can be used; one that was read from a file can.
    pub fn check(&self) -> Result<(), String> {
        match self.places.len() == self.len() {
            true => Ok(()),
            false => Err("holds a key twice".into()),
        }
    }

    fn built(file: File, places: HashMap<String, u32>) -> Lookup {
        let with_missing = |column: &Column| {
            let texts = column.texts.iter().cloned();
            texts.chain([String::new()]).collect()
        };
        Lookup {
            shared: file.columns.iter().map(with_missing).collect(),
            file,
            places,
        }
    }
}

impl TryFrom<File> for Lookup {
    type Error = String;

    fn try_from(file: File) -> Result<Lookup, String> {
        if u32::try_from(file.keys.len()).is_err() {
            return Err("it has more than 2^32 - 1 rows".into());
        }
        let mut places = HashMap::with_capacity(file.keys.len());
        for (place, key) in (0..).zip(&file.keys) {
            if places.insert(key.clone(), place).is_some() {
                return Err(format!("the key {key:?} is there twice"));
            }
        }
        if let Some(column) = file
            .columns
            .iter()
            .find(|c| c.texts.len() != file.keys.len())
        {
            return Err(format!(
                "column `{}` has {} rows, expected {}",
                column.name,
                column.texts.len(),
                file.keys.len()
            ));
        }
        Ok(Lookup::built(file, places))
    }
}

impl From<Lookup> for File {
    fn from(lookup: Lookup) -> File {
        lookup.file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_row_and_others_have_none() {
        let texts = |all: [&str; 2]| all.map(str::to_owned).to_vec();
        let items = Lookup::new(
            texts(["7", "9"]),
            vec![
                ("title".into(), texts(["A", "B"])),
                ("year".into(), texts(["1990", ""])),
            ],
        );
        let items = items.unwrap();
        let places = ["9", "8", " 7"].map(|key| items.place(key));
        assert_eq!(places, [Some(1), None, Some(0)]);
        assert_eq!((items.text(0, places[0]), items.text(0, None)), ("B", ""));
        let Cells::Dictionary { texts, codes } = items.cells(0, &places) else {
            panic!("no dictionary");
        };
        let found: Vec<&str> = codes
            .iter()
            .map(|&code| texts[code as usize].as_str())
            .collect();
        assert_eq!(found, ["B", "", "A"]);
        let json = serde_json::to_string(&items).unwrap();
        assert_eq!(serde_json::from_str::<Lookup>(&json).unwrap(), items);
        assert_eq!(
            items.only(&["year"]).columns().collect::<Vec<_>>(),
            ["year"]
        );
        let twice = Lookup::new(vec!["7".into(), "7".into()], vec![]).unwrap_err();
        assert!(twice.contains("\"7\" is there twice"));
    }
}
