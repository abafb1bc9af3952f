//! `autoint evaluate --split-report`: what a split that mixes past and future makes of the numbers.

use std::io::Write;

use autoint::data::dataset::{Dataset, SplitName};
use autoint::data::protocol::condition::Condition;
use autoint::data::source::Source;
use autoint::data::split::SplitRule;
use autoint::data::store::Target;
use autoint::run::{Ended, Run};
use autoint::score::{Asked, Evaluation, evaluate_as};
use autoint::study::future;
use autoint::train::{Machine, Trainer};
use autoint::{Error, Result};
use indicatif::MultiProgress;

use super::interrupt::{self, Stopped};
use super::progress::Progress;
use super::table;

/// What is compared.
pub struct SplitReport<'a> {
    pub run: &'a Run,
    pub source: &'a Source,
    /// Rows that are left out besides those of the protocol.
    pub drop: &'a [Condition],
    pub asked: &'a Asked,
    pub threads: usize,
}

impl SplitReport<'_> {
    /// Trains the run's model on its rows in its own split and in one by time, with parts of the same sizes, and tells both.
    pub fn tell(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let mut protocol = self.run.schema.protocol.clone();
        let Some(rule) = future::blind(&protocol) else {
            let what = "needs rows with a time, `time` in [roles], and a split that does not look at it: this run's numbers are not in doubt";
            return Err(Error::config("--split-report", what).into());
        };
        protocol.rows.drop.extend(self.drop.iter().cloned());
        let random = self.source.encode(Some(&protocol), Target::Anywhere)?;
        let share = |split| random.split(split).len() as f64 / random.rows() as f64;
        protocol.split = SplitRule::GlobalTime {
            validation: share(SplitName::Valid),
            test: share(SplitName::Test),
        };
        let timed = self.source.encode(Some(&protocol), Target::Anywhere)?;
        let (rows, name) = (random.rows(), &protocol.name);
        writeln!(
            out,
            "protocol {name}, {rows} rows; the split of the run ({rule})"
        )?;
        let random = self.trained(&random, out)?;
        writeln!(out, "\nthe same rows split in time")?;
        let timed = self.trained(&timed, out)?;
        for (rule, evaluation) in [(rule, &random), ("in time", &timed)] {
            writeln!(out, "\nsplit {rule}\n{}", table::metrics(evaluation))?;
        }
        writeln!(out, "\n{}", both(rule, &random, &timed))?;
        Ok(())
    }

    fn trained(&self, data: &Dataset, out: &mut dyn Write) -> anyhow::Result<Evaluation> {
        let (settings, isa) = (&self.run.settings, self.run.runtime.isa());
        let mut trainer = Trainer::new(data, settings, &Machine::new(isa, self.threads))?;
        let stop = interrupt::requested()?;
        let outcome = trainer.run(&mut Progress::new(&MultiProgress::new(), "", out)?, stop)?;
        if outcome.ended == Ended::Stopped {
            return Err(Stopped("stopped: nothing is told").into());
        }
        let scorer = trainer.scorer(&outcome.parameters);
        let name = settings.model.name();
        let evaluation: Result<Evaluation> =
            evaluate_as(&scorer, name, data, SplitName::Test, self.asked);
        Ok(evaluation?)
    }
}

/// The model's metrics side by side.
fn both(rule: &str, random: &Evaluation, timed: &Evaluation) -> String {
    let header = ["", rule, "in time", "difference"].map(str::to_owned);
    let mut told = table::new(&header);
    let pairs = random.metrics.entries().zip(timed.metrics.entries());
    for ((name, random), (_, timed)) in pairs {
        let difference = random.zip(timed).map(|(random, timed)| timed - random);
        told.add_row([
            name.to_string(),
            table::number(random),
            table::number(timed),
            difference.map_or("-".to_owned(), |difference| format!("{difference:+.4}")),
        ]);
    }
    told.trim_fmt()
}
