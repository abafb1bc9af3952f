//! `POST /v1/recommend` and `/v1/similar`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::body::{Body, given, whole};
use crate::recommend::similar::{Neighbour, item_field, similar as near};
use crate::recommend::{self, Who};
use crate::serve::app::App;
use crate::serve::problem::Problem;
use crate::serve::served::Served;

/// Items of an answer.
const MOST: usize = 1_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recommend {
    #[serde(default, deserialize_with = "given")]
    model: Option<String>,
    #[serde(default, deserialize_with = "given")]
    user: Option<String>,
    #[serde(default, deserialize_with = "given")]
    profile: Option<BTreeMap<String, String>>,
    #[serde(default)]
    set: BTreeMap<String, String>,
    #[serde(default = "ten", deserialize_with = "whole")]
    top: usize,
    #[serde(default)]
    include_rated: bool,
    #[serde(default)]
    filter: BTreeMap<String, String>,
    #[serde(default)]
    diversity: f64,
}

fn ten() -> usize {
    10
}

/// What is answered, with the model's name in front.
#[derive(Debug, Serialize)]
pub struct Answer<T> {
    model: String,
    #[serde(flatten)]
    answer: T,
}

/// An answer with the name of the model that gave it.
pub(super) fn by<T>(model: &Served, answer: T) -> Json<Answer<T>> {
    Json(Answer {
        model: model.name.clone(),
        answer,
    })
}

fn checked_top(top: usize) -> Result<usize, Problem> {
    match top {
        1..=MOST => Ok(top),
        _ => Err(Problem::value(
            "top",
            format!("{top} items, expected 1 to {MOST}"),
        )),
    }
}

/// The best items for somebody.
pub async fn recommend(
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Json<Answer<recommend::Answer>>, Problem> {
    app.work(move |app| {
        let asked: Recommend = body.json()?;
        let who = match (asked.user, asked.profile) {
            (Some(user), None) => Who::User(user),
            (None, Some(profile)) => Who::Profile(profile.into_iter().collect()),
            _ => {
                return Err(Problem::value(
                    "user",
                    "expected either `user` or `profile`",
                ));
            }
        };
        if !(0.0..=1.0).contains(&asked.diversity) {
            return Err(Problem::value("diversity", "expected a number from 0 to 1"));
        }
        let model = match &who {
            Who::User(user) => app.model_for(asked.model.as_deref(), user)?,
            Who::Profile(_) => app.model(asked.model.as_deref())?,
        };
        let ranker = model.ranker()?;
        if let Who::User(id) = &who
            && ranker.catalogue().users.place(id).is_none()
        {
            let detail = format!(
                "{} is not in the data; `profile` describes somebody new",
                ranker.catalogue().users.name
            );
            return Err(Problem {
                field: Some("user".into()),
                ..Problem::missing(detail)
            });
        }
        let request = recommend::Request {
            who,
            set: asked.set.into_iter().collect(),
            top: checked_top(asked.top)?,
            include_rated: asked.include_rated,
            filter: asked.filter.into_iter().collect(),
            diversity: asked.diversity,
        };
        let answer = ranker.recommend(&request)?;
        model.count_asker(&request.who, &request.set);
        Ok(by(&model, answer))
    })
    .await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Similar {
    #[serde(default, deserialize_with = "given")]
    model: Option<String>,
    #[serde(default, deserialize_with = "given")]
    item: Option<String>,
    #[serde(default, deserialize_with = "given")]
    field: Option<String>,
    #[serde(default, deserialize_with = "given")]
    value: Option<String>,
    #[serde(default = "ten", deserialize_with = "whole")]
    top: usize,
}

/// The nearest values, and what they are near to.
#[derive(Debug, Serialize)]
pub struct Neighbours {
    /// The field whose embeddings were compared.
    field: String,
    value: String,
    /// The nearest first.
    neighbours: Vec<Neighbour>,
}

/// The values nearest to one.
pub async fn similar(
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Json<Answer<Neighbours>>, Problem> {
    app.work(move |app| {
        let asked: Similar = body.json()?;
        let model = app.model(asked.model.as_deref())?;
        let scorer = model.scorer();
        let (field, value) = match (asked.item, asked.field, asked.value) {
            (Some(item), None, None) => {
                let catalogue = model.ranker()?.catalogue();
                (item_field(scorer.schema(), catalogue)?.to_owned(), item)
            }
            (None, Some(field), Some(value)) => (field, value),
            _ => {
                let detail = "expected either `item`, or `field` and `value`";
                return Err(Problem::value("item", detail));
            }
        };
        let top = checked_top(asked.top)?;
        let neighbours = near(scorer, &field, &value, top);
        // All that can be wrong is that there is no such field or value.
        let neighbours = neighbours.map_err(|error| Problem::missing(error.to_string()))?;
        let answer = Neighbours {
            field,
            value,
            neighbours,
        };
        Ok(by(&model, answer))
    })
    .await
}
