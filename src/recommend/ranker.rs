//! All items for one asker: their rows, their logits, the best of them.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::{Serialize, Serializer};

use super::ask::{Asker, Given, Who};
use super::diversity::rerank;
use crate::data::batch::{Batch, FieldBatch};
use crate::data::catalogue::{Catalogue, Event};
use crate::data::encode::rows::RowEncoder;
use crate::data::gather::reset;
use crate::data::source::columns::told;
use crate::error::{Error, Result};
use crate::score::Scorer;
use crate::score::best::best;
use crate::score::predict::probability;

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Somebody of the data, or a profile.
    pub who: Who,
    /// Columns of the moment, see [`Asker::find`].
    pub set: Vec<(String, String)>,
    /// How many items.
    pub top: usize,
    /// Also items that the user had before.
    pub include_rated: bool,
    /// Only items that have these texts in these columns (one of several, where a cell holds several joined by `|`).
    pub filter: Vec<(String, String)>,
    /// 0 (the order of the model) to 1, see [`super::diversity`].
    pub diversity: f64,
}

/// An item of an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recommended {
    /// From 1.
    pub rank: usize,
    /// The id.
    pub item: String,
    /// The probability, 0 to 1: the logit's sigmoid.
    pub score: f32,
    /// As [`Scorer::logits`] gives it, calibrated where the run is; what the order goes by.
    pub logit: f32,
    /// The item's columns, in their order.
    #[serde(serialize_with = "as_object")]
    pub columns: Vec<(String, String)>,
    /// Fields of the item whose value the model does not know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// In the catalogue.
    #[serde(skip)]
    pub place: u32,
}

/// What was asked, and the answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The user's id, of somebody of the data.
    pub user: Option<String>,
    /// The user's columns; of a profile what is not given is empty.
    #[serde(serialize_with = "as_object")]
    pub profile: Vec<(String, String)>,
    /// The moment that was assumed.
    pub context: Vec<Given>,
    /// Fields of the user and the moment whose value the model does not know.
    pub unknown: Vec<String>,
    /// Items that were ranked.
    pub candidates: usize,
    /// The best first, as many as were asked for or fewer.
    pub items: Vec<Recommended>,
}

/// Names and texts as one JSON object in their order.
fn as_object<S: Serializer>(
    pairs: &[(String, String)],
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, text)| (name, text)))
}

/// What a field's value depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    /// The user and the moment.
    Shared,
    /// The item.
    Item,
    /// Both: a cross.
    Both,
}

/// A model and the rows of all its items. It may be asked from many threads at once.
#[derive(Debug)]
pub struct Ranker<'a> {
    scorer: Scorer<'a>,
    catalogue: Cow<'a, Catalogue>,
    /// Columns of the user, the item and the moment, in this order.
    header: Vec<String>,
    /// Per field: what it depends on.
    parts: Vec<Part>,
    /// The encoded rows of all items, without a user.
    items: Batch,
    /// Per item, the fields whose value the model does not know.
    unknown: Vec<Vec<String>>,
}

impl<'a> Ranker<'a> {
    /// Encodes every item once.
    ///
    /// # Errors
    /// When the catalogue lacks a column that the model needs.
    pub fn new(scorer: Scorer<'a>, catalogue: impl Into<Cow<'a, Catalogue>>) -> Result<Ranker<'a>> {
        let catalogue = catalogue.into();
        let header = catalogue.header();
        let schema = scorer.schema();
        let mut encoder = RowEncoder::new(schema, &header)?;
        let first = 1 + catalogue.users.columns.len();
        let of_items = first..first + 1 + catalogue.items.columns.len();
        let part = |places: Vec<usize>| {
            let items = places
                .iter()
                .filter(|place| of_items.contains(place))
                .count();
            match items {
                0 => Part::Shared,
                n if n == places.len() => Part::Item,
                _ => Part::Both,
            }
        };
        let parts: Vec<Part> = encoder.places().into_iter().map(part).collect();
        let nobody = vec![String::new(); first];
        let latest: Vec<&str> = catalogue
            .context
            .iter()
            .map(|(_, text)| text.as_str())
            .collect();
        let mut unknown = Vec::with_capacity(catalogue.items.len());
        for item in 0..catalogue.items.len() as u32 {
            let texts = catalogue.items.texts(item);
            let row: Vec<&str> = nobody.iter().map(String::as_str).chain(texts).collect();
            let names = encoder.push(&[&row[..], &latest].concat())?;
            let of_item = |name: &&&str| {
                let place = schema.fields.iter().position(|field| field.name == **name);
                place.is_some_and(|place| parts[place] == Part::Item)
            };
            let names = names.iter().filter(of_item);
            unknown.push(names.map(|name| (*name).to_owned()).collect());
        }
        let items = encoder.batch().clone();
        Ok(Ranker {
            scorer,
            catalogue,
            header,
            parts,
            items,
            unknown,
        })
    }

    /// The model.
    pub fn scorer(&self) -> &Scorer<'a> {
        &self.scorer
    }

    /// Who and what there is.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The fields of an item (by place) whose value the model does not know.
    pub fn unknown(&self, item: u32) -> &[String] {
        self.unknown.get(item as usize).map_or(&[], Vec::as_slice)
    }

    /// Whether a field (by number) depends on the user and the moment alone.
    pub fn is_of_asker(&self, field: usize) -> bool {
        self.parts.get(field) == Some(&Part::Shared)
    }

    /// The columns of [`Ranker::row`].
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Finds who asks.
    ///
    /// # Errors
    /// As [`Asker::find`].
    pub fn asker(&self, who: &Who, set: &[(String, String)]) -> Result<Asker> {
        Asker::find(&self.catalogue, self.scorer.schema(), who, set)
    }

    /// The raw row of an asker and an item (by place), as `predict` takes it. Fields that were given as they are
    /// ([`Asker::fields`]) are not in it.
    pub fn row(&self, asker: &Asker, item: u32) -> Vec<String> {
        let context = asker.context.iter().take(self.catalogue.context.len());
        let context = context.map(|given| given.value.clone());
        let texts = asker.texts.iter().cloned();
        let items = self.catalogue.items.texts(item).map(str::to_owned);
        texts.chain(items).chain(context).collect()
    }

    /// Fills a batch with the rows of an asker and these items; gives the fields of the shared part that are unknown.
    ///
    /// # Errors
    /// When a value is not what its field takes, such as a text for a number.
    pub fn batch(&self, asker: &Asker, items: &[u32], batch: &mut Batch) -> Result<Vec<String>> {
        let schema = self.scorer.schema();
        let mut encoder = RowEncoder::new(schema, &self.header)?;
        let whole = self.parts.contains(&Part::Both);
        let mut unknown = Vec::new();
        for (number, &item) in items.iter().enumerate() {
            if number > 0 && !whole {
                break;
            }
            let names = encoder.push(&self.row(asker, item))?;
            if number == 0 {
                unknown = names;
            }
        }
        reset(schema, batch);
        batch.rows = items.len();
        let shared = encoder.batch();
        for (place, field) in batch.fields.iter_mut().enumerate() {
            match self.parts[place] {
                Part::Item => {
                    field.append(&self.items.fields[place], items.iter().map(|&i| i as usize));
                }
                Part::Shared if !items.is_empty() => {
                    field.append(&shared.fields[place], std::iter::repeat_n(0, items.len()));
                }
                Part::Both => field.append(&shared.fields[place], 0..items.len()),
                Part::Shared => {}
            }
        }
        let mut names: Vec<String> = self.of_shared(&unknown);
        self.give(&asker.fields, batch, &mut names);
        Ok(names)
    }

    /// Gives fields (by number) a text of their own in all rows of a batch; `unknown` are those whose value the model does not know.
    pub(super) fn give(
        &self,
        fields: &[(usize, String)],
        batch: &mut Batch,
        unknown: &mut Vec<String>,
    ) {
        let schema = self.scorer.schema();
        let offsets = schema.offsets();
        for (place, text) in fields {
            let field = &schema.fields[*place];
            let code = field.code(text);
            unknown.retain(|name| *name != field.name);
            if code == 0 && !text.is_empty() {
                unknown.push(field.name.clone());
            }
            if let FieldBatch::One { ids } = &mut batch.fields[*place] {
                ids.fill(offsets[*place] as u32 + code);
            }
        }
    }

    fn of_shared(&self, names: &[&str]) -> Vec<String> {
        let fields = self.scorer.schema().fields.iter().zip(&self.parts);
        let shared = fields
            .filter(|(field, part)| **part != Part::Item && names.contains(&field.name.as_str()));
        shared.map(|(field, _)| field.name.clone()).collect()
    }

    /// The best items for somebody.
    ///
    /// # Errors
    /// When who asks, a column or a filter is not in the data.
    pub fn recommend(&self, request: &Request) -> Result<Answer> {
        let asker = self.asker(&request.who, &request.set)?;
        let candidates = self.candidates(&asker, request)?;
        let (mut batch, mut logits) = (Batch::default(), Vec::new());
        let unknown = self.batch(&asker, &candidates, &mut batch)?;
        self.scorer.logits(&batch, &mut logits);
        let picked = self.pick(&candidates, &logits, request)?;
        let names = self.catalogue.users.columns.iter().map(|c| c.name.clone());
        let item = |(rank, at): (usize, u32)| {
            self.recommended(rank, candidates[at as usize], logits[at as usize])
        };
        Ok(Answer {
            user: asker
                .place
                .map(|place| self.catalogue.users.id(place).to_owned()),
            profile: names.zip(asker.texts.iter().skip(1).cloned()).collect(),
            context: asker.context,
            unknown,
            candidates: candidates.len(),
            items: (1..).zip(picked).map(item).collect(),
        })
    }

    /// The numbers of the candidates to show, in their order.
    pub(super) fn pick(
        &self,
        candidates: &[u32],
        logits: &[f32],
        request: &Request,
    ) -> Result<Vec<u32>> {
        match request.diversity > 0.0 {
            true => rerank(
                (&self.scorer, &self.catalogue),
                candidates,
                logits,
                (request.top, request.diversity),
            ),
            false => Ok(best(logits, request.top)),
        }
    }

    fn recommended(&self, rank: usize, item: u32, logit: f32) -> Recommended {
        let items = &self.catalogue.items;
        let columns = items.columns.iter();
        Recommended {
            rank,
            item: items.id(item).to_owned(),
            score: probability(logit),
            logit,
            columns: columns
                .map(|c| (c.name.clone(), c.text(item).to_owned()))
                .collect(),
            unknown: self.unknown(item).to_vec(),
            place: item,
        }
    }

    /// The places of the items to rank, in the catalogue's order.
    ///
    /// # Errors
    /// When a filter names no column of items.
    pub fn candidates(&self, asker: &Asker, request: &Request) -> Result<Vec<u32>> {
        let items = &self.catalogue.items;
        let mut wanted = Vec::new();
        for (name, text) in &request.filter {
            let Some(column) = items.column(name) else {
                let names: Vec<&str> = items.columns.iter().map(|c| c.name.as_str()).collect();
                let there = told(name, &names);
                return Err(Error::Data(format!(
                    "items cannot be filtered by `{name}`; there {there}"
                )));
            };
            wanted.push((column, text));
        }
        let rated: HashSet<u32> = match (asker.place, request.include_rated) {
            (Some(user), false) => self.catalogue.events(user).iter().map(|e| e.item).collect(),
            _ => HashSet::new(),
        };
        let passes = |item: &u32| {
            wanted.iter().all(|(column, text)| {
                let cell = column.text(*item);
                cell == *text || cell.split('|').any(|part| part == *text)
            })
        };
        let all = (0..items.len() as u32).filter(|item| !rated.contains(item));
        Ok(all.filter(passes).collect())
    }

    /// What a user liked, the latest first.
    pub fn liked(&self, user: u32) -> impl Iterator<Item = &Event> {
        self.catalogue
            .events(user)
            .iter()
            .filter(|event| event.liked)
    }
}

impl<'a> From<&'a Catalogue> for Cow<'a, Catalogue> {
    fn from(catalogue: &'a Catalogue) -> Self {
        Cow::Borrowed(catalogue)
    }
}

impl From<Catalogue> for Cow<'_, Catalogue> {
    fn from(catalogue: Catalogue) -> Self {
        Cow::Owned(catalogue)
    }
}
