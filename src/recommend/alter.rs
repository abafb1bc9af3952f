//! The row of an asker and an item, value by value, and what it becomes when some of them change.

use super::ask::{Asker, derived};
use super::ranker::Ranker;
use crate::data::batch::{Batch, FieldBatch};
use crate::data::encode::rows::RowEncoder;
use crate::data::schema::Encoding;
use crate::data::source::columns::told;
use crate::error::{Error, Result};

impl Ranker<'_> {
    /// What a row is made of and can be changed in: the columns that fields are made of, and in the place of a column of the moment the
    /// fields made of it (a year is easier to change than a timestamp). With the values of an asker's item (by place).
    ///
    /// # Errors
    /// When a value is not what its field takes.
    pub fn inputs(&self, asker: &Asker, item: u32) -> Result<Vec<(String, String)>> {
        let mut batch = Batch::default();
        self.batch(asker, &[item], &mut batch)?;
        let columns = self.header().iter().zip(self.row(asker, item));
        let columns = columns.filter(|(name, _)| self.is_input(name));
        let columns = columns.map(|(name, text)| (name.clone(), text));
        let schema = self.scorer().schema();
        let offsets = schema.offsets();
        let moment = (0..schema.fields.len()).filter(|&place| self.of_moment(place));
        let moment = moment.map(|place| {
            let field = &schema.fields[place];
            let code = match &batch.fields[place] {
                FieldBatch::One { ids } => ids.first().map(|id| id - offsets[place] as u32),
                _ => None,
            };
            let text = match &field.encoding {
                Encoding::Vocabulary(vocabulary) => code.and_then(|code| vocabulary.text(code)),
                _ => None,
            };
            (field.name.clone(), text.unwrap_or_default().to_owned())
        });
        Ok(columns.chain(moment).collect())
    }

    /// Encodes the row of an asker and an item with other values for some of [`Ranker::inputs`]; gives the fields whose value the
    /// model does not know.
    ///
    /// # Errors
    /// When a name is none of them, or a value is not what its field takes.
    pub fn altered(
        &self,
        asker: &Asker,
        item: u32,
        changes: &[(String, String)],
        batch: &mut Batch,
    ) -> Result<Vec<String>> {
        let schema = self.scorer().schema();
        let mut row = self.row(asker, item);
        let mut fields = asker.fields.clone();
        for (name, value) in changes {
            let column = self.header().iter().position(|column| column == name);
            let column = column.filter(|_| self.is_input(name));
            let field = schema.fields.iter().position(|field| field.name == *name);
            match (column, field.filter(|&place| self.of_moment(place))) {
                (_, Some(place)) => fields.push((place, value.clone())),
                (Some(place), None) => row[place].clone_from(value),
                (None, None) => {
                    let names = self.inputs(asker, item)?;
                    let names: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
                    return Err(Error::Data(format!(
                        "the row has no `{name}` to change; there {}",
                        told(name, &names)
                    )));
                }
            }
        }
        let mut encoder = RowEncoder::new(schema, self.header())?;
        let unknown = encoder.push(&row)?;
        let mut unknown: Vec<String> = unknown.into_iter().map(str::to_owned).collect();
        batch.clone_from(encoder.batch());
        self.give(&fields, batch, &mut unknown);
        Ok(unknown)
    }

    /// Whether a field (by number) is made of the moment alone and has a code of its own.
    fn of_moment(&self, place: usize) -> bool {
        let schema = self.scorer().schema();
        derived(self.catalogue(), schema, &schema.fields[place].name).is_some()
    }

    /// Whether a column is one of [`Ranker::inputs`].
    fn is_input(&self, column: &str) -> bool {
        let fields = self.scorer().schema().fields.iter().enumerate();
        let mut users = fields.filter(|(_, field)| {
            let sources = field.sources().into_iter();
            sources
                .into_iter()
                .any(|source| source.to_string() == column)
        });
        users.any(|(place, _)| !self.of_moment(place))
    }
}
