//! `POST /v1/explain`: of a user and an item, or of a raw row.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::ask::{Answer, by};
use super::body::{Body, given};
use crate::explain::row::RawRow;
use crate::explain::{Explainer, Explanation};
use crate::recommend::Who;
use crate::recommend::ask::known;
use crate::serve::app::App;
use crate::serve::problem::Problem;
use crate::serve::served::Served;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Explain {
    #[serde(default, deserialize_with = "given")]
    model: Option<String>,
    #[serde(default, deserialize_with = "given")]
    user: Option<String>,
    #[serde(default, deserialize_with = "given")]
    item: Option<String>,
    /// As it is written: numbers keep their digits.
    #[serde(default, deserialize_with = "given")]
    row: Option<Box<RawValue>>,
    #[serde(default)]
    set: BTreeMap<String, String>,
}

/// See the module.
pub async fn explain(
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Json<Answer<Explanation>>, Problem> {
    app.work(move |app| {
        let mut asked: Explain = body.json()?;
        let model = app.model(asked.model.as_deref())?;
        let set: Vec<(String, String)> = std::mem::take(&mut asked.set).into_iter().collect();
        let explanation = match (asked.user, asked.item, asked.row) {
            (Some(user), Some(item), None) => {
                let ranker = model.ranker()?;
                let catalogue = ranker.catalogue();
                for (side, id) in [(&catalogue.users, &user), (&catalogue.items, &item)] {
                    known(
                        side,
                        id,
                        "GET /v1/users/ID and /v1/items/ID tell of those that are",
                    )
                    .map_err(|error| Problem::missing(error.to_string()))?;
                }
                ranker.explain(&model.attention, &Who::User(user), &set, &item)?
            }
            (None, None, Some(row)) if set.is_empty() => of_row(&model, &row)?,
            _ => {
                let detail = "expected either `user` and `item` (and `set`), or `row`";
                return Err(Problem::value("user", detail));
            }
        };
        Ok(by(&model, explanation))
    })
    .await
}

fn of_row(model: &Served, row: &RawValue) -> Result<Explanation, Problem> {
    let in_row = |error: crate::error::Error| Problem::value("row", error.to_string());
    let row = RawRow::from_json(row.get()).map_err(in_row)?;
    let explainer = Explainer::new(model.scorer(), &model.attention);
    explainer.raw(&row.header, &row.values).map_err(in_row)
}
