//! `autoint explain`

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use autoint::data::dataset::SplitName;
use autoint::explain::row::RawRow;
use autoint::explain::{Explainer, Explanation, Summary, chosen};
use autoint::recommend::{Ranker, Who};
use autoint::run::Run;
use autoint::simd::Isa;
use autoint::{Error, Result};
use clap::Args;

use super::output::note;
use super::recommend::pair;
use super::threads::Threads;
use super::{explained, numbers, recorded, row};

/// Tell why a model gives a row its probability, or what it looks at on average.
///
/// With `--row`, or `--user` and `--item`: the row's attention, what each field contributes (the logit less the logit with the field unknown), and
/// whether the two agree. Without: the mean of all that over test rows, drawn as SVG and written as JSON.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The run directory
    run: PathBuf,
    /// A file with one JSON object: a raw value for each column that the model needs, null for a missing one; `-` for
    /// standard input
    #[arg(long, value_name = "ROW.json", conflicts_with_all = ["data", "rows", "out"])]
    row: Option<PathBuf>,
    /// A user of the data, with --item
    #[arg(long, value_name = "ID", requires = "item", conflicts_with_all = ["row", "data", "rows", "out"])]
    user: Option<String>,
    /// An item of the data, with --user
    #[arg(long, value_name = "ID", requires = "user")]
    item: Option<String>,
    /// With --user: another value for a column of the moment [default: those of the latest row]
    #[arg(long, value_name = "COLUMN=VALUE", value_parser = pair, requires = "user")]
    set: Vec<(String, String)>,
    /// The data whose test rows are explained, as `train` takes them [default: those of the training]
    #[arg(long, num_args = 1.., value_name = "DATA")]
    data: Vec<String>,
    /// The most test rows to explain, evenly spaced
    #[arg(long, value_name = "N", default_value = "2000", allow_negative_numbers = true, value_parser = rows)]
    rows: usize,
    /// The folder to write explain.svg and explain.json into [default: RUN-explain.svg and RUN-explain.json beside the run]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Print one JSON object instead of tables
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    threads: Threads,
}

fn rows(text: &str) -> Result<usize, String> {
    numbers::within(text, 1, u64::from(u32::MAX)).map(|rows| rows as usize)
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let run = Run::open(&self.run, Isa::choose()?, self.threads.apply())?;
        if let (Some(user), Some(item)) = (&self.user, &self.item) {
            return self.tell(&self.of_catalogue(&run, user, item)?, out);
        }
        match &self.row {
            Some(path) => {
                let RawRow { header, values } = row::read(path)?;
                let scorer = run.scorer();
                let explainer = Explainer::new(&scorer, &run.attention);
                self.tell(&explainer.raw(&header, &values)?, out)
            }
            None => self.explain_sample(&run, out),
        }
    }

    /// The row of a user and an item, as `recommend` scores it.
    fn of_catalogue(&self, run: &Run, user: &str, item: &str) -> Result<Explanation> {
        let catalogue = run.catalogue()?;
        let ranker = Ranker::new(run.scorer(), &catalogue)?;
        ranker.explain(&run.attention, &Who::User(user.into()), &self.set, item)
    }

    /// Prints the explanation of a row.
    fn tell(&self, explanation: &Explanation, out: &mut dyn Write) -> anyhow::Result<()> {
        match self.json {
            true => writeln!(out, "{}", serde_json::to_string(explanation)?)?,
            false => writeln!(out, "{}", explained::row(explanation))?,
        }
        Ok(())
    }

    /// Test rows.
    fn explain_sample(&self, run: &Run, out: &mut dyn Write) -> anyhow::Result<()> {
        let (svg, json) = self.places()?;
        let summary = self.summary(run)?;
        if let Some(folder) = &self.out {
            fs::create_dir_all(folder).map_err(Error::io(folder, "create"))?;
        }
        summary.write(&svg, &json)?;
        match self.json {
            true => writeln!(out, "{}", serde_json::to_string(&summary)?)?,
            false => {
                writeln!(out, "{}", explained::summary(&summary))?;
                writeln!(out, "\n{}, {}", svg.display(), json.display())?;
            }
        }
        Ok(())
    }

    fn summary(&self, run: &Run) -> Result<Summary> {
        let data =
            recorded::source(&self.data, &run.provenance.source)?.encode_with(&run.schema)?;
        if data.fingerprint() != run.provenance.fingerprint {
            note("note: these are not the data of the training: other rows are its test rows");
        }
        data.check_unchanged()?;
        let rows = chosen(data.split(SplitName::Test), self.rows);
        let scorer = run.scorer();
        let summary = Explainer::new(&scorer, &run.attention).sample(&data, &rows)?;
        data.check_unchanged()?;
        Ok(summary)
    }

    /// The files to write.
    fn places(&self) -> Result<(PathBuf, PathBuf)> {
        if let Some(folder) = &self.out {
            return Ok((folder.join("explain.svg"), folder.join("explain.json")));
        }
        // `.` has no name of its own.
        let run = match self.run.file_name() {
            Some(_) => self.run.clone(),
            None => fs::canonicalize(&self.run).map_err(Error::io(&self.run, "read"))?,
        };
        let beside = |ending: &str| {
            let mut name = run.file_name().unwrap_or_default().to_os_string();
            name.push(ending);
            run.with_file_name(name)
        };
        Ok((beside("-explain.svg"), beside("-explain.json")))
    }
}
