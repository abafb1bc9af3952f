//! `autoint doctor`

use std::io::Write;

use autoint::data::store::Target;
use autoint::study::finding::{Finding, Grave};
use autoint::study::findings;
use autoint::{Error, Result};
use clap::Args;

use super::data::{Asked, DataOptions};
use super::threads::Threads;

/// Look at data before they are trained on: what would make numbers too good, or a field useless.
///
/// Duplicate rows, the same user and item in training and test, fields that know the answer, constant fields, fields that know another,
/// values unseen in training, drift between the parts, a split that is blind to time; each with its numbers and what to do.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataOptions,
    /// Exit with code 1 when there is a finding of this weight or more: error, warning or note
    #[arg(long, value_name = "WEIGHT", value_parser = grave)]
    strict: Option<Grave>,
    /// Print one JSON object a finding
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    threads: Threads,
}

fn grave(text: &str) -> std::result::Result<Grave, String> {
    let all = [Grave::Error, Grave::Warning, Grave::Note];
    let found = all.into_iter().find(|grave| grave.to_string() == text);
    found.ok_or_else(|| "expected error, warning or note".into())
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        self.threads.apply();
        let mut told = Vec::new();
        let Asked {
            source, protocol, ..
        } = self.data.asked(&mut told)?;
        let data = source.encode(protocol.as_ref(), Target::Anywhere)?;
        let all = findings(&data)?;
        if self.json {
            for finding in &all {
                writeln!(out, "{}", serde_json::to_string(finding)?)?;
            }
        } else {
            out.write_all(&told)?;
            write!(out, "{}", data.summary())?;
            writeln!(out, "{}\n", data.counts())?;
            tell(&all, out)?;
        }
        out.flush()?;
        Ok(self.judge(&all)?)
    }

    fn judge(&self, all: &[Finding]) -> Result<()> {
        let bad = |finding: &&Finding| self.strict.is_some_and(|least| finding.grave <= least);
        match all.iter().filter(bad).count() {
            0 => Ok(()),
            n => {
                let what = format!("the data have {n} findings that --strict does not let pass");
                Err(Error::Data(what))
            }
        }
    }
}

fn tell(all: &[Finding], out: &mut dyn Write) -> anyhow::Result<()> {
    if all.is_empty() {
        writeln!(out, "nothing found")?;
    }
    for finding in all {
        let field = match finding.field.as_str() {
            "" => String::new(),
            field => format!(" `{field}`"),
        };
        writeln!(
            out,
            "{:<8} {}:{field} {}",
            finding.grave, finding.check, finding.what
        )?;
        writeln!(out, "         {}", finding.advice)?;
    }
    Ok(())
}
