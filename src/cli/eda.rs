//! `autoint eda`

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use autoint::data::store::Target;
use autoint::files::write_text;
use autoint::page::numbers::{grouped, percent, short};
use autoint::study::eda::{Exploration, explore};
use clap::Args;

use super::data::{Asked, DataOptions, describe};
use super::threads::Threads;

/// Look at data as one page: counts, values, rates, time, users and items, and fields that carry each other.
///
/// Of any log: how often a row is positive by the values of each field (with 95 % intervals), rows over time, how unequal users and items are, how many
/// values a field has and how often none, and which fields carry each other. Where the label is made of a number (a rating), its mean by value;
/// of MovieLens by genre, decade, age, occupation and gender. The page needs no script and no other file.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataOptions,
    /// The page; an older one is replaced whole
    #[arg(long, value_name = "FILE.html", default_value = "eda.html")]
    out: PathBuf,
    #[command(flatten)]
    threads: Threads,
}

/// Fields and pairs that are told on the terminal.
const TOLD: usize = 5;

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        self.threads.apply();
        let Asked {
            source, protocol, ..
        } = self.data.asked(out)?;
        let start = Instant::now();
        let data = source.encode(protocol.as_ref(), Target::Anywhere)?;
        writeln!(out, "{}", describe(&source, &data, start))?;
        out.flush()?;
        let all = explore(&source, &data)?;
        write_text(&self.out, &all.html())?;
        tell(&all, &self.out, out)?;
        Ok(())
    }
}

/// A few lines of what is on the page.
fn tell(all: &Exploration, page: &Path, out: &mut dyn Write) -> std::io::Result<()> {
    for (name, people) in [("users ", &all.users), ("items ", &all.items)] {
        let Some(people) = people else { continue };
        writeln!(
            out,
            "{name} {}, {} rows each (median {}, most {}); the busiest 1 % have {} of all rows",
            grouped(people.who as u64),
            short(people.mean),
            grouped(people.median),
            grouped(people.most),
            percent(people.of_busiest)
        )?;
    }
    if let Some(timeline) = all.raw.as_ref().and_then(|raw| raw.timeline.as_ref()) {
        writeln!(out, "time   {} to {}", timeline.from, timeline.to)?;
    }
    let mut fields: Vec<(&str, f64)> = all
        .fields
        .iter()
        .filter_map(|field| Some((field.name.as_str(), field.with_label?)))
        .collect();
    fields.sort_by(|a, b| b.1.total_cmp(&a.1));
    let told = fields.iter().take(TOLD);
    let told: Vec<String> = told.map(|(name, v)| format!("{name} {v:.3}")).collect();
    writeln!(out, "label  Cramer's V with it: {}", told.join(", "))?;
    let pairs = all.pairs.strongest(0.1);
    let name = |place: usize| all.pairs.names.get(place).map_or("", String::as_str);
    let told = pairs.iter().take(TOLD);
    let told: Vec<String> = told
        .map(|&(a, b, v)| format!("{} and {} {v:.2}", name(a), name(b)))
        .collect();
    if !told.is_empty() {
        writeln!(
            out,
            "pairs  the strongest of {}: {}",
            pairs.len(),
            told.join(", ")
        )?;
    }
    writeln!(out, "page   {}", page.display())
}
