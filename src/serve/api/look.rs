//! `GET /v1/models`, `/v1/users/{id}` and `/v1/items/{id}`: what there is.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};

use crate::data::calendar::day;
use crate::data::catalogue::Side;
use crate::serve::app::App;
use crate::serve::problem::Problem;

/// One entry a model.
#[derive(Debug, Serialize)]
pub struct Models {
    models: Vec<Model>,
}

#[derive(Debug, Serialize)]
struct Model {
    /// The run directory's.
    name: String,
    /// What it is made of: `autoint+`.
    model: String,
    preset: String,
    protocol: String,
    fields: Vec<String>,
    /// Of the data that it was trained on, all parts of the split.
    rows: usize,
    best_epoch: usize,
    fingerprint: String,
    /// None without a catalogue.
    users: Option<usize>,
    items: Option<usize>,
}

/// The models, the first of them the one that answers when none is named.
pub async fn models(State(app): State<Arc<App>>) -> Json<Models> {
    let models = app.models();
    let of = |model: &Arc<crate::serve::Served>| {
        let catalogue = model.ranker().ok().map(|ranker| ranker.catalogue());
        let schema = model.scorer().schema();
        Model {
            name: model.name.clone(),
            model: model.settings.model.name(),
            preset: model.settings.preset.clone(),
            protocol: schema.protocol.name.clone(),
            fields: schema
                .field_names()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            rows: model.provenance.rows,
            best_epoch: model.provenance.best_epoch,
            fingerprint: model.provenance.fingerprint.clone(),
            users: catalogue.map(|c| c.users.len()),
            items: catalogue.map(|c| c.items.len()),
        }
    };
    Json(Models {
        models: models.iter().map(of).collect(),
    })
}

/// Which model's data.
#[derive(Debug, Deserialize)]
pub struct Of {
    /// None: the first.
    model: Option<String>,
}

/// A user or an item.
#[derive(Debug, Serialize)]
pub struct Entry {
    id: String,
    columns: BTreeMap<String, String>,
}

/// A user, and what they had.
#[derive(Debug, Serialize)]
pub struct User {
    #[serde(flatten)]
    entry: Entry,
    /// Items the user had to do with.
    events: usize,
    /// The liked ones, the latest first, at most a hundred.
    liked: Vec<Liked>,
}

#[derive(Debug, Serialize)]
struct Liked {
    item: String,
    /// The item's title or name, where items have such a column.
    title: Option<String>,
    /// `YYYY-MM-DD` in UTC, where the log has times.
    date: Option<String>,
}

/// Liked items that are listed.
const LISTED: usize = 100;

fn entry(side: &Side, id: &str) -> Result<(u32, Entry), Problem> {
    let missing = || Problem::missing(format!("there is no such `{}`", side.name));
    let place = side.place(id).ok_or_else(missing)?;
    let columns = side
        .columns
        .iter()
        .map(|c| (c.name.clone(), c.text(place).to_owned()));
    let entry = Entry {
        id: side.id(place).to_owned(),
        columns: columns.collect(),
    };
    Ok((place, entry))
}

/// A user's profile and what they liked.
pub async fn user(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(of): Query<Of>,
) -> Result<Json<User>, Problem> {
    let model = app.model(of.model.as_deref())?;
    let ranker = model.ranker()?;
    let catalogue = ranker.catalogue();
    let (place, entry) = entry(&catalogue.users, &id)?;
    let title = catalogue.items.title();
    let liked = ranker.liked(place).take(LISTED).map(|event| Liked {
        item: catalogue.items.id(event.item).to_owned(),
        title: title.map(|column| column.text(event.item).to_owned()),
        date: event.time().map(day),
    });
    Ok(Json(User {
        entry,
        events: catalogue.events(place).len(),
        liked: liked.collect(),
    }))
}

/// An item's columns.
pub async fn item(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(of): Query<Of>,
) -> Result<Json<Entry>, Problem> {
    let model = app.model(of.model.as_deref())?;
    let (_, entry) = entry(&model.ranker()?.catalogue().items, &id)?;
    Ok(Json(entry))
}
