//! Where in the input, or in a joined table, everything lies that a protocol needs.

use std::collections::BTreeMap;

use crate::data::lookup::Lookup;
use crate::data::protocol::Protocol;
use crate::data::source::columns::{ColumnRef, told};
use crate::data::source::reader::Reader;
use crate::error::{Error, Result};

/// A column of a chunk after joining: those of the input in front, those of tables behind.
pub(super) type Slot = usize;

/// The places of everything.
#[derive(Debug)]
pub(super) struct Plan {
    /// What the reader is asked for.
    pub selected: Vec<ColumnRef>,
    /// Columns of tables, behind the selected ones.
    pub joined: Vec<Joined>,
    /// Per field: its columns.
    pub fields: Vec<Vec<Slot>>,
    /// Where the label's raw value is.
    pub label: Slot,
    /// Per condition of the protocol's `drop`.
    pub drop: Vec<Slot>,
    /// None where the protocol has no such role; so with the others.
    pub user: Option<Slot>,
    /// See [`crate::data::protocol::Roles::item`].
    pub item: Option<Slot>,
    /// See [`crate::data::protocol::Roles::time`].
    pub time: Option<Slot>,
    /// See [`crate::data::protocol::Roles::weight`].
    pub weight: Option<Slot>,
    /// None also where the input has no such column: only synthetic data know it.
    pub true_probability: Option<Slot>,
}

/// A column of a table.
#[derive(Debug)]
pub(super) struct Joined {
    /// By its name in the protocol.
    pub table: String,
    /// The table's column, by its number.
    pub column: usize,
    /// Where the key is.
    pub key: Slot,
}

impl Plan {
    /// Finds every column; the reader is then told which it has to read.
    ///
    /// # Errors
    /// When a column is nowhere, or in two tables.
    pub fn new(
        protocol: &Protocol,
        tables: &BTreeMap<String, Lookup>,
        reader: &mut dyn Reader,
    ) -> Result<Plan> {
        let mut finder = Finder {
            header: reader.header().map(<[String]>::to_vec),
            protocol,
            tables,
            selected: Vec::new(),
            joined: Vec::new(),
        };
        // Keys of tables are columns of the input; what is joined comes behind all of these, so tables are looked at last.
        let fields = protocol.fields.iter().map(|field| {
            let sources = field.sources();
            sources.iter().map(|column| finder.find(column)).collect()
        });
        let fields = fields.collect::<Result<Vec<Vec<Found>>>>()?;
        let label = finder.find(&protocol.label.column)?;
        let drop = protocol.rows.drop.iter().map(|c| finder.find(&c.column));
        let drop = drop.collect::<Result<Vec<_>>>()?;
        let roles = &protocol.roles;
        let mut optional = |column: Option<&ColumnRef>| column.map(|c| finder.find(c)).transpose();
        let user = optional(roles.user.as_ref())?;
        let item = optional(roles.item.as_ref())?;
        let time = optional(roles.time.as_ref().map(|time| time.column()))?;
        let weight = optional(roles.weight.as_ref())?;
        let true_probability = match &roles.true_probability {
            Some(column) if finder.knows(column) => Some(finder.find(column)?),
            _ => None,
        };
        let behind = finder.selected.len();
        let slot = |found: Found| match found {
            Found::Selected(place) => place,
            Found::Joined(place) => behind + place,
        };
        let plan = Plan {
            fields: fields
                .into_iter()
                .map(|all| all.into_iter().map(slot).collect())
                .collect(),
            label: slot(label),
            drop: drop.into_iter().map(slot).collect(),
            user: user.map(slot),
            item: item.map(slot),
            time: time.map(slot),
            weight: weight.map(slot),
            true_probability: true_probability.map(slot),
            selected: finder.selected,
            joined: finder.joined,
        };
        reader.select(&plan.selected)?;
        Ok(plan)
    }

    /// The columns of a table that are used.
    pub fn used_of<'t>(&self, name: &str, table: &'t Lookup) -> Vec<&'t str> {
        let used = |column: usize| {
            self.joined
                .iter()
                .any(|j| j.table == name && j.column == column)
        };
        let columns = table
            .columns()
            .enumerate()
            .filter(|(column, _)| used(*column));
        columns.map(|(_, name)| name).collect()
    }
}

/// Where a column was found.
#[derive(Debug, Clone, Copy)]
enum Found {
    /// A place among the selected columns.
    Selected(usize),
    /// A place among the joined ones, which come behind all selected ones.
    Joined(usize),
}

struct Finder<'a> {
    /// None for inputs whose columns only reading would tell.
    header: Option<Vec<String>>,
    protocol: &'a Protocol,
    tables: &'a BTreeMap<String, Lookup>,
    /// Columns of the input so far, each once.
    selected: Vec<ColumnRef>,
    /// Columns of tables so far, each once.
    joined: Vec<Joined>,
}

impl Finder<'_> {
    /// Whether the input itself has a column; one without a header has every column that no table has.
    fn knows(&self, column: &ColumnRef) -> bool {
        let Some(header) = &self.header else {
            return false;
        };
        match column {
            ColumnRef::Number(_) => true,
            ColumnRef::Name(name) => header.iter().any(|known| known == name),
        }
    }

    fn find(&mut self, column: &ColumnRef) -> Result<Found> {
        if !self.knows(column)
            && let ColumnRef::Name(name) = column
        {
            match self.in_tables(name)?[..] {
                [] => {}
                [(table, place)] => {
                    let table = table.to_owned();
                    return self.join(table, place);
                }
                [(a, _), (b, _), ..] => {
                    return Err(Error::Data(format!(
                        "column `{name}` is in the tables `{a}` and `{b}`: say `{a}.{name}` or `{b}.{name}`"
                    )));
                }
            }
            if let Some(header) = &self.header {
                return Err(self.missing(name, header));
            }
        }
        Ok(self.select(column))
    }

    fn missing(&self, name: &str, header: &[String]) -> Error {
        let tables = match self.tables.is_empty() {
            true => String::new(),
            false => ", and no table has it".to_owned(),
        };
        Error::Data(format!(
            "the data has no column `{name}`{tables}; there {}",
            told(name, header)
        ))
    }

    /// The tables that have a column of that name, or of that name behind the table's own and a dot.
    fn in_tables(&self, name: &str) -> Result<Vec<(&str, usize)>> {
        let found = self.tables.iter().filter_map(|(table, lookup)| {
            let bare = name
                .strip_prefix(table.as_str())
                .and_then(|n| n.strip_prefix('.'));
            let wanted = bare.unwrap_or(name);
            let place = lookup.columns().position(|column| column == wanted);
            place.map(|place| (table.as_str(), place))
        });
        Ok(found.collect())
    }

    fn select(&mut self, column: &ColumnRef) -> Found {
        let known = self.selected.iter().position(|c| c == column);
        Found::Selected(known.unwrap_or_else(|| {
            self.selected.push(column.clone());
            self.selected.len() - 1
        }))
    }

    fn join(&mut self, table: String, column: usize) -> Result<Found> {
        let known = (self.joined.iter()).position(|j| j.table == table && j.column == column);
        if let Some(known) = known {
            return Ok(Found::Joined(known));
        }
        let Some(spec) = self.protocol.tables.get(&table) else {
            return Err(Error::Data(format!("the protocol has no table `{table}`")));
        };
        let on = spec.on().clone();
        if let (Some(header), ColumnRef::Name(name)) = (&self.header, &on)
            && !self.knows(&on)
        {
            return Err(Error::Data(format!(
                "table `{table}` is joined by `{name}`, but {}; name the rows' column with `on`",
                self.missing(name, header)
            )));
        }
        let Found::Selected(key) = self.select(&on) else {
            return Err(Error::Data(format!(
                "table `{table}` is joined by a column of a table"
            )));
        };
        self.joined.push(Joined { table, column, key });
        Ok(Found::Joined(self.joined.len() - 1))
    }
}
