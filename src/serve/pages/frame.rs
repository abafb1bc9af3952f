//! What all pages have: the head, the language, links that keep the state.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use super::words::{Language, Word};
use crate::data::protocol::Protocol;
use crate::serve::problem::Problem;

/// A page's language and the state that its address holds.
#[derive(Debug, Clone)]
pub struct State {
    /// By `lang` in the address, else by what the browser accepts.
    pub language: Language,
    /// Without the query.
    pub path: String,
    /// The query; of a name that is there twice, the last.
    pub query: BTreeMap<String, String>,
}

impl<S: Send + Sync> FromRequestParts<S> for State {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<State, Self::Rejection> {
        // What cannot be read is an empty form, not an error page.
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let query: BTreeMap<String, String> = pairs
            .map(|Query(pairs)| pairs)
            .unwrap_or_default()
            .into_iter()
            .collect();
        let accepted = parts.headers.get(ACCEPT_LANGUAGE);
        let accepted = accepted
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        Ok(State {
            language: Language::of(query.get("lang").map(String::as_str), accepted),
            path: parts.uri.path().to_owned(),
            query,
        })
    }
}

impl State {
    /// A word in the page's language.
    pub fn say(&self, word: Word) -> &'static str {
        self.language.say(word)
    }

    /// A value of the query; none when it is empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.query.get(name).map(|value| value.trim());
        value.filter(|value| !value.is_empty())
    }

    /// The address of a page with this state and some changes.
    pub fn link(&self, path: &str, changes: &[(&str, &str)]) -> String {
        let mut query = self.query.clone();
        query
            .entry("lang".into())
            .or_insert(self.language.code().into());
        for (name, value) in changes {
            query.insert((*name).to_owned(), (*value).to_owned());
        }
        let pairs = query.iter().filter(|(_, value)| !value.is_empty());
        let pairs: Vec<String> = pairs
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        format!("{path}?{}", pairs.join("&"))
    }

    /// Values of the query whose names begin with `prefix`, by the rest of their names; empty ones are none.
    pub fn starting(&self, prefix: &str) -> Vec<(String, String)> {
        let names = self.query.keys().filter_map(|name| {
            let rest = name.strip_prefix(prefix)?;
            Some((rest.to_owned(), self.get(name)?.to_owned()))
        });
        names.collect()
    }

    /// The state as hidden parts of a form, but for names that the form asks for itself.
    pub fn hidden(&self, asked: impl Fn(&str) -> bool) -> Markup {
        html! {
            input type="hidden" name="lang" value=(self.language.code());
            @for (name, value) in self.query.iter().filter(|(name, _)| *name != "lang" && !asked(name)) {
                input type="hidden" name=(name) value=(value);
            }
        }
    }

    /// The whole page.
    pub fn page(&self, status: StatusCode, title: &str, content: &Markup) -> Response {
        self.renewed(status, title, None, content)
    }

    /// A page that says what was wrong with the address; a program's answer where it is the server's own trouble.
    pub fn refused(&self, problem: Problem, title: &str) -> Response {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::NOT_FOUND);
        if status.is_server_error() {
            return problem.into_response();
        }
        self.page(status, title, &html! { p.note { (problem.detail) } })
    }

    /// The whole page, which renews itself every so many seconds.
    pub fn renewed(
        &self,
        status: StatusCode,
        title: &str,
        seconds: Option<u32>,
        content: &Markup,
    ) -> Response {
        let other = self.link(&self.path, &[("lang", self.language.other().code())]);
        let page = html! {
            (DOCTYPE)
            html lang=(self.language.code()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    @if let Some(seconds) = seconds { meta http-equiv="refresh" content=(seconds); }
                    title { (title) " · autoint" }
                    link rel="stylesheet" href="/style.css";
                }
                body {
                    header {
                        a.brand href=(format!("/?lang={}", self.language.code())) { "autoint" }
                        span.tagline { (self.say(Word::Tagline)) }
                        a href=(format!("/traffic?lang={}", self.language.code())) { (self.say(Word::Traffic)) }
                        a.language href=(other) lang=(self.language.other().code()) { (self.say(Word::OtherLanguage)) }
                    }
                    main { (content) }
                }
            }
        };
        (status, Html(page.into_string())).into_response()
    }
}

/// A cell of a column as people read it: by its name, where the value has one, and with commas between several values.
pub fn shown(protocol: &Protocol, column: &str, text: &str) -> String {
    let values = text.split('|').map(|value| protocol.called(column, value));
    values.collect::<Vec<_>>().join(", ")
}

/// Percent-encoded for a query (RFC 3986: all but unreserved characters).
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded += &format!("%{byte:02X}"),
        }
    }
    encoded
}
