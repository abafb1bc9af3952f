//! Who asks, and when: the part of a row that is the same for every item.

use serde::Serialize;

use crate::data::catalogue::{Catalogue, Side};
use crate::data::protocol::field::FieldKind;
use crate::data::schema::Schema;
use crate::data::source::columns::told;
use crate::error::{Error, Result};

/// Somebody that items are ranked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Who {
    /// Somebody of the data, by id.
    User(String),
    /// Somebody who is not in the data, by the values of user columns; what is not given is missing.
    Profile(Vec<(String, String)>),
}

/// A name and its text, and whether the one who asked has given it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Given {
    /// The column's, or the field's where it was given as it is.
    pub name: String,
    /// A raw text, as the log would have it.
    pub value: String,
    /// `false`: it is the latest in the data.
    pub given: bool,
}

/// [`Who`], found in the catalogue, and the moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Asker {
    /// In the catalogue, when it is somebody of the data.
    pub place: Option<u32>,
    /// The id and the user's columns.
    pub texts: Vec<String>,
    /// The moment's columns in the catalogue's order, then fields that were given as they are.
    pub context: Vec<Given>,
    /// Fields whose value is given as it is, not as the column it is made of, by their number in the schema.
    pub fields: Vec<(usize, String)>,
}

impl Asker {
    /// Finds somebody, and sets the moment: columns (or fields made of them) to given texts, the others to those of the latest row.
    ///
    /// # Errors
    /// When the user is unknown, or a name is none that can be given; lists those that can.
    pub fn find(
        catalogue: &Catalogue,
        schema: &Schema,
        who: &Who,
        set: &[(String, String)],
    ) -> Result<Asker> {
        let users = &catalogue.users;
        let (place, texts) = match who {
            Who::User(id) => {
                let place = known(
                    users,
                    id,
                    "--profile describes somebody who is not in the data",
                )?;
                (Some(place), users.texts(place).map(str::to_owned).collect())
            }
            Who::Profile(values) => (None, profile(users, values)?),
        };
        let context = catalogue.context.iter().map(|(name, value)| Given {
            name: name.clone(),
            value: value.clone(),
            given: false,
        });
        let mut asker = Asker {
            place,
            texts,
            context: context.collect(),
            fields: Vec::new(),
        };
        for (name, value) in set {
            asker.set(catalogue, schema, name, value)?;
        }
        Ok(asker)
    }

    fn set(
        &mut self,
        catalogue: &Catalogue,
        schema: &Schema,
        name: &str,
        value: &str,
    ) -> Result<()> {
        if let Some(given) = self.context.iter_mut().find(|given| given.name == name) {
            (given.value, given.given) = (value.to_owned(), true);
            return Ok(());
        }
        if let Some(place) = catalogue.users.columns.iter().position(|c| c.name == name) {
            value.clone_into(&mut self.texts[place + 1]);
            return Ok(());
        }
        if let Some(place) = derived(catalogue, schema, name) {
            self.fields.push((place, value.to_owned()));
            self.context.push(Given {
                name: name.to_owned(),
                value: value.to_owned(),
                given: true,
            });
            return Ok(());
        }
        let names = settable(catalogue, schema);
        Err(Error::Data(format!(
            "`{name}` cannot be set: it is no column of the moment or of the user; there {}",
            told(name, &names)
        )))
    }
}

/// What can be set beside who asks: columns of the moment, fields made of it, columns of the user.
pub fn settable<'n>(catalogue: &'n Catalogue, schema: &'n Schema) -> Vec<&'n str> {
    let fields = schema.fields.iter().map(|field| field.name.as_str());
    let column = |name: &str| catalogue.context.iter().any(|(column, _)| column == name);
    let fields = fields.filter(|n| !column(n) && derived(catalogue, schema, n).is_some());
    let context = catalogue.context.iter().map(|(name, _)| name.as_str());
    let users = catalogue.users.columns.iter().map(|c| c.name.as_str());
    context.chain(fields).chain(users).collect()
}

/// The place of an id, or an error that says which there are.
///
/// # Errors
/// When the id is not in the data; `hint` is what to do then.
pub fn known(side: &Side, id: &str, hint: &str) -> Result<u32> {
    side.place(id).ok_or_else(|| {
        let first = side.ids().first().map_or("", String::as_str);
        Error::Data(format!(
            "`{}` {id:?} is not in the data, which have {} of them, such as {first:?}; {hint}",
            side.name,
            side.len()
        ))
    })
}

/// The number of a categorical field that is made of a part of the moment, such as the year of a timestamp.
pub(super) fn derived(catalogue: &Catalogue, schema: &Schema, name: &str) -> Option<usize> {
    let place = schema.fields.iter().position(|field| field.name == name)?;
    let field = &schema.fields[place];
    let of_moment = |name: String| catalogue.context.iter().any(|(column, _)| *column == name);
    let mut sources = field.sources().into_iter();
    let shared = sources.all(|source| of_moment(source.to_string()));
    (field.kind == FieldKind::Categorical && shared).then_some(place)
}

/// The texts of a user of whom only some columns are known.
fn profile(users: &Side, values: &[(String, String)]) -> Result<Vec<String>> {
    let mut texts = vec![String::new(); users.columns.len() + 1];
    for (name, value) in values {
        let place = users.columns.iter().position(|column| column.name == *name);
        let Some(place) = place else {
            let names: Vec<&str> = users.columns.iter().map(|c| c.name.as_str()).collect();
            return Err(Error::Data(format!(
                "a profile has no `{name}`; there {}",
                told(name, &names)
            )));
        };
        value.clone_into(&mut texts[place + 1]);
    }
    Ok(texts)
}

/// What a form for the moment asks: fields made of a part of it, else its columns, with the latest value where there is one.
pub fn derived_names(catalogue: &Catalogue, schema: &Schema) -> Vec<(String, String)> {
    let used = |name: &str| {
        let fields = schema.fields.iter().flat_map(|field| field.sources());
        fields.into_iter().any(|source| source.to_string() == name)
    };
    let fields = schema.fields.iter().filter(|field| {
        derived(catalogue, schema, &field.name).is_some()
            && catalogue
                .context
                .iter()
                .all(|(name, _)| *name != field.name)
    });
    let fields = fields.map(|field| (field.name.clone(), String::new()));
    let columns = catalogue.context.iter().filter(|(name, _)| {
        let direct = schema.fields.iter().any(|field| field.name == *name);
        used(name) && direct
    });
    columns.cloned().chain(fields).collect()
}
