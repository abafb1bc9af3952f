//! `autoint recommend`

use std::io::{self, Write};
use std::path::PathBuf;

use autoint::data::calendar::day;
use autoint::data::catalogue::Catalogue;
use autoint::recommend::{Answer, Ranker, Request, Who, export};
use clap::{ArgGroup, Args};
use indicatif::ProgressBar;

use super::computing::With;
use super::table;

/// Liked items that are shown above an answer.
const LIKED: usize = 5;

/// The best items for somebody, or for every user.
///
/// All items of the training data that the user has not had are ranked. Nothing but the run directory is needed.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("who").required(true).args(["user", "profile", "all"]))]
pub struct Arguments {
    /// The run directory
    run: PathBuf,
    /// Somebody of the data
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Somebody who is not in the data: values of user columns, joined by commas
    #[arg(long, value_name = "COLUMN=VALUE,...", value_delimiter = ',', value_parser = pair)]
    profile: Vec<(String, String)>,
    /// Every user of the data: writes the lines `user,rank,item,score` into --out
    #[arg(long, requires = "out")]
    all: bool,
    /// The file of --all, by its ending: .csv, .jsonl or .parquet
    #[arg(long, value_name = "FILE", requires = "all")]
    out: Option<PathBuf>,
    /// Another value for a column of the moment, or for a field that is made of one [default: those of the latest row]
    #[arg(long, value_name = "COLUMN=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// How many items
    #[arg(long, default_value_t = 10)]
    top: usize,
    /// Also items that the user had before
    #[arg(long)]
    include_rated: bool,
    /// Only items with this value in this column
    #[arg(long, value_name = "COLUMN=VALUE", value_parser = pair)]
    filter: Vec<(String, String)>,
    /// Fewer items of one kind: 0 (the model's order) to 1
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    diversity: f64,
    /// Print one JSON object instead of a table
    #[arg(long, conflicts_with = "all")]
    json: bool,
    #[command(flatten)]
    with: With,
}

/// `COLUMN=VALUE`
pub fn pair(text: &str) -> std::result::Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected COLUMN=VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn share(text: &str) -> std::result::Result<f64, String> {
    match text.parse() {
        Ok(share @ 0.0..=1.0) => Ok(share),
        _ => Err("expected a number from 0 to 1".into()),
    }
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let run = self.with.open(&self.run)?;
        let catalogue = run.catalogue()?;
        let ranker = Ranker::new(run.scorer(), &catalogue)?;
        let who = match &self.user {
            Some(id) => Who::User(id.clone()),
            None => Who::Profile(self.profile.clone()),
        };
        let request = Request {
            who,
            set: self.set.clone(),
            top: self.top,
            include_rated: self.include_rated,
            filter: self.filter.clone(),
            diversity: self.diversity,
        };
        if let Some(file) = &self.out {
            let bar = ProgressBar::new(catalogue.users.len() as u64);
            let users = export::write(&ranker, &request, file, &|| bar.inc(1))?;
            bar.finish_and_clear();
            writeln!(out, "{}: {users} users", file.display())?;
            return Ok(());
        }
        let answer = ranker.recommend(&request)?;
        match self.json {
            true => writeln!(out, "{}", serde_json::to_string(&answer)?)?,
            false => tell(&ranker, &answer, out)?,
        }
        Ok(())
    }
}

/// Prints an answer: who asked, what they liked, and the items.
fn tell(ranker: &Ranker<'_>, answer: &Answer, out: &mut dyn Write) -> anyhow::Result<()> {
    let catalogue = ranker.catalogue();
    let mut who: Vec<String> = Vec::new();
    who.extend(
        answer
            .user
            .iter()
            .map(|id| format!("{} {id}", catalogue.users.name)),
    );
    let known = answer.profile.iter().filter(|(_, value)| !value.is_empty());
    let protocol = &ranker.scorer().schema().protocol;
    who.extend(
        known.map(|(name, value)| match protocol.called(name, value) {
            called if called == value => format!("{name} {value}"),
            called => format!("{name} {value} ({called})"),
        }),
    );
    writeln!(out, "for    {}", who.join(", "))?;
    let moment = answer.context.iter().map(|given| {
        let from = if given.given {
            ""
        } else {
            " (the latest in the data)"
        };
        format!("{} {}{from}", given.name, given.value)
    });
    writeln!(out, "when   {}", moment.collect::<Vec<_>>().join(", "))?;
    if let Some(user) = answer
        .user
        .as_ref()
        .and_then(|id| catalogue.users.place(id))
    {
        liked(ranker, user, out)?;
    }
    if !answer.unknown.is_empty() {
        writeln!(
            out,
            "note   the model does not know these values: {}",
            answer.unknown.join(", ")
        )?;
    }
    if answer.items.is_empty() {
        writeln!(
            out,
            "no item is left: all were had before, or none passes the filters"
        )?;
        return Ok(());
    }
    writeln!(
        out,
        "\nthe best of {} items\n{}",
        answer.candidates,
        items(ranker, answer)
    )?;
    Ok(())
}

/// The items, their title first.
fn items(ranker: &Ranker<'_>, answer: &Answer) -> String {
    let items = &ranker.catalogue().items;
    let title = items.title().map(|column| column.name.as_str());
    let mut names: Vec<&str> = items.columns.iter().map(|c| c.name.as_str()).collect();
    names.sort_by_key(|name| Some(*name) != title);
    let header = ["rank", "score", items.name.as_str()].into_iter();
    let header: Vec<String> = header
        .chain(names.iter().copied())
        .map(str::to_owned)
        .collect();
    let mut table = table::new(&header);
    for item in &answer.items {
        let start = [
            item.rank.to_string(),
            format!("{:.4}", item.score),
            item.item.clone(),
        ];
        let text = |name: &&str| {
            let column = item.columns.iter().find(|(other, _)| other == name);
            column.map(|(_, text)| text.clone()).unwrap_or_default()
        };
        table.add_row(start.into_iter().chain(names.iter().map(text)));
    }
    table.trim_fmt()
}

fn liked(ranker: &Ranker<'_>, user: u32, out: &mut dyn Write) -> io::Result<()> {
    let catalogue = ranker.catalogue();
    let count = ranker.liked(user).count();
    let all = catalogue.events(user).len();
    writeln!(
        out,
        "liked  {count} of {all} items{}",
        if count > LIKED { ", the latest:" } else { "" }
    )?;
    for event in ranker.liked(user).take(LIKED) {
        let day = event
            .time()
            .map(|time| day(time) + "  ")
            .unwrap_or_default();
        writeln!(out, "       {day}{}", called(catalogue, event.item))?;
    }
    Ok(())
}

/// An item by its title and its id, or by its id alone.
pub fn called(catalogue: &Catalogue, item: u32) -> String {
    let (name, id) = (catalogue.items.called(item), catalogue.items.id(item));
    match name == id {
        true => id.to_owned(),
        false => format!("{name} ({id})"),
    }
}
