//! `autoint similar`

use std::io::Write;
use std::path::PathBuf;

use autoint::recommend::similar::{item_field, similar};
use autoint::run::Run;
use autoint::simd::Isa;
use clap::{ArgGroup, Args};

use super::recommend::called;
use super::table;
use super::threads::Threads;

/// The items, or the values of another field, whose embeddings are nearest to one.
///
/// Near is what points in the same direction: cosine similarity, 1 for the same, 0 for unrelated.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["item", "field"]))]
pub struct Arguments {
    /// The run directory
    run: PathBuf,
    /// An item of the data
    #[arg(long, value_name = "ID")]
    item: Option<String>,
    /// A field of the model
    #[arg(long, requires = "value")]
    field: Option<String>,
    /// A value of --field
    #[arg(long, requires = "field")]
    value: Option<String>,
    /// How many
    #[arg(long, default_value_t = 10)]
    top: usize,
    /// Print one JSON array instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    threads: Threads,
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let run = Run::open(&self.run, Isa::choose()?, self.threads.apply())?;
        let scorer = run.scorer();
        let catalogue = self.item.is_some().then(|| run.catalogue()).transpose()?;
        let (field, value) = match (&catalogue, &self.item) {
            (Some(catalogue), Some(item)) => (item_field(&run.schema, catalogue)?, item.as_str()),
            _ => (
                self.field.as_deref().unwrap_or_default(),
                self.value.as_deref().unwrap_or_default(),
            ),
        };
        let near = similar(&scorer, field, value, self.top)?;
        if self.json {
            writeln!(out, "{}", serde_json::to_string(&near)?)?;
            return Ok(());
        }
        let name = |value: &str| match &catalogue {
            Some(catalogue) => {
                let place = catalogue.items.place(value);
                place.map_or(value.to_owned(), |place| called(catalogue, place))
            }
            None => value.to_owned(),
        };
        writeln!(out, "nearest to {field} {}", name(value))?;
        let mut table = table::new(&[field.to_owned(), "cosine".to_owned()]);
        for neighbour in &near {
            table.add_row([name(&neighbour.value), format!("{:.4}", neighbour.cosine)]);
        }
        writeln!(out, "{}", table.trim_fmt())?;
        Ok(())
    }
}
