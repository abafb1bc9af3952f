//! What the commands share that take in a model of another program.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use autoint::autograd::Runtime;
use autoint::data::dataset::{Dataset, SplitName};
use autoint::data::schema::Schema;
use autoint::data::source::Source;
use autoint::data::store::Target;
use autoint::interop::import::classes::{Classes, schema_of};
use autoint::interop::import::foreign::{Foreign, listed};
use autoint::interop::import::place::place;
use autoint::model::{Model, build};
use autoint::run::directory::catalogue_size;
use autoint::run::precision::Tables;
use autoint::run::writer::Finished;
use autoint::run::{Provenance, Writer};
use autoint::score::{Distribution, Scorer, evaluate};
use autoint::settings::Settings;
use autoint::simd::Isa;
use autoint::{Error, Result};
use clap::Args;
use indicatif::{HumanBytes, HumanCount};

use super::data::DataOptions;
use super::table;
use super::threads::Threads;

/// Which values the rows of the table stand for, and where the run goes.
#[derive(Debug, Args)]
pub struct Import {
    /// The values of every field in the order of their rows in the table: an object with a list of texts a field, as
    /// data/export_classes.py writes it. Without it they are the sorted distinct texts of --data
    #[arg(long, value_name = "classes.json")]
    classes: Option<PathBuf>,
    #[command(flatten)]
    data: DataOptions,
    /// A setting that weights do not tell, such as model.mlp.dropout=0.2 or model.interacting.head.relu=true; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// The folder of the new run
    #[arg(long, value_name = "runs/NAME")]
    out: PathBuf,
    /// Replace a run in that folder
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    threads: Threads,
}

/// The values of the fields, and the rows when there are some.
pub struct Values {
    pub schema: Schema,
    pub rows: Option<(Source, Dataset)>,
}

impl Import {
    /// Whether there is a list of values.
    pub fn has_classes(&self) -> bool {
        self.classes.is_some()
    }

    /// Reads the values and the rows.
    pub fn values(&self) -> Result<Values> {
        self.threads.apply();
        let (protocol, source) = self.data.named()?;
        let Some(file) = &self.classes else {
            let Some(source) = source else {
                let what = "the weights do not tell which row of the table is which value: give --classes classes.json (data/export_classes.py \
                    makes it of label_encoders.pkl), or --data with the data of the training, whose sorted values they then are";
                return Err(Error::Data(what.into()));
            };
            let data = source.encode(Some(&protocol), Target::Anywhere)?;
            return Ok(Values {
                schema: data.schema().clone(),
                rows: Some((source, data)),
            });
        };
        let joins = !protocol.tables.is_empty();
        let mut schema = schema_of(&Classes::read(file)?, protocol)
            .map_err(|error| Error::file(file, error.to_string()))?;
        if joins {
            // The model keeps its own copy of what rows are joined with, which encoding makes.
            let Some(source) = &source else {
                let what =
                    "the schema joins tables, whose rows the model needs: give --data as well";
                return Err(Error::Data(what.into()));
            };
            let fitted = source.encode(Some(&schema.protocol), Target::Anywhere)?;
            schema.tables.clone_from(&fitted.schema().tables);
        }
        let encode = |source: Source| Ok((source.clone(), source.encode_with(&schema)?));
        Ok(Values {
            rows: source.map(encode).transpose()?,
            schema,
        })
    }

    /// The settings: those of a preset, what the weights tell, what the user says.
    pub fn settings(&self, preset: &str, mut told: Vec<String>) -> Result<Settings> {
        told.extend(self.sets.iter().cloned());
        Settings::layered(Some(preset), None, &told)
    }

    /// Puts the weights into the model, writes the run, and says what came of it.
    pub fn write(
        &self,
        foreign: &Foreign<'_>,
        mut settings: Settings,
        values: &Values,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let schema = &values.schema;
        settings.settle(schema.offsets().last().copied().unwrap_or(0));
        let Model { tape, logit, .. } = build(&settings.model, &schema.offsets())?;
        let parameters = place(foreign, tape.layout(), schema)?;
        let isa = Isa::choose()?;
        let runtime = Arc::new(Runtime::new(tape, logit, isa, self.threads.apply())?);
        tell(
            foreign,
            &settings,
            schema,
            runtime.tape().layout().len(),
            out,
        )?;
        let scorer = Scorer::new(std::borrow::Cow::Borrowed(schema), &runtime, &parameters);
        let rows = values.rows.as_ref();
        let distribution = rows.map(|(_, data)| Distribution::of(&scorer, data));
        let catalogue = rows.map(|(source, _)| source.catalogue(&schema.protocol));
        let provenance = provenance(&foreign.path, values, isa)?;
        let mut writer = Writer::create(&self.out, self.force)?;
        writer.finish(Finished {
            settings: &settings,
            schema,
            provenance: &provenance,
            layout: runtime.tape().layout(),
            weights: &parameters,
            distribution: distribution.as_ref(),
            catalogue: catalogue.transpose()?.flatten().as_ref(),
        })?;
        if let Some((_, data)) = rows.filter(|(_, data)| !data.split(SplitName::Test).is_empty()) {
            let evaluation = evaluate(&scorer, settings.model.name(), data, SplitName::Test)?;
            writer.evaluation(&evaluation)?;
            writeln!(out, "\n{}", table::metrics(&evaluation))?;
        }
        writer.close()?;
        writeln!(out, "run {}", self.out.display())?;
        writeln!(out, "{}", has(&self.out, rows.is_some()))?;
        Ok(())
    }
}

/// Where the weights came from.
fn provenance(file: &Path, values: &Values, isa: Isa) -> Result<Provenance> {
    let rows = values.rows.as_ref();
    Ok(Provenance {
        source: rows.map_or(Source::Absent, |(source, _)| source.clone()),
        from: None,
        fingerprint: rows.map_or(String::new(), |(_, data)| data.fingerprint().to_owned()),
        rows: rows.map_or(0, |(_, data)| data.rows()),
        isa: isa.name().to_owned(),
        best_epoch: 0,
        stopped: false,
        members: Vec::new(),
        imported: Some(std::path::absolute(file).map_err(Error::io(file, "find"))?),
        tables: Tables::F32,
        calibration: None,
    })
}

/// What was found.
fn tell(
    foreign: &Foreign<'_>,
    settings: &Settings,
    schema: &Schema,
    parameters: usize,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let (file, model) = (foreign.path.display(), &settings.model);
    writeln!(
        out,
        "file   {file}: {}, {} tensors",
        foreign.layout,
        foreign.tensors.len()
    )?;
    if !foreign.skipped.is_empty() {
        let skipped = listed(&foreign.skipped, ", ");
        writeln!(out, "       {skipped}: no weights, skipped")?;
    }
    let mut text = format!("embeddings of {}", model.embedding.dim);
    if let Some(layers) = &model.interacting {
        let own = layers.width / layers.heads;
        text += &format!(
            ", {} interacting layers of {} heads x {own}",
            layers.layers, layers.heads
        );
    }
    if let Some(mlp) = &model.mlp {
        let widths: Vec<String> = mlp.hidden.iter().map(ToString::to_string).collect();
        text += &format!(", MLP {}", widths.join("-"));
        text += if mlp.batch_norm {
            " with batch normalisation"
        } else {
            ""
        };
    }
    writeln!(
        out,
        "model  {}: {} fields, {text}; {} parameters",
        model.name(),
        schema.fields.len(),
        HumanCount(parameters as u64)
    )?;
    Ok(())
}

/// What the run can do.
fn has(run: &Path, with_rows: bool) -> String {
    match (catalogue_size(run), with_rows) {
        (Some(bytes), _) => format!("catalogue of users and items: {}", HumanBytes(bytes)),
        (None, true) => "no catalogue of users and items: the run scores rows, but does not recommend".into(),
        (None, false) => "no data were given: the run scores rows, but knows no users and items, so `recommend` and the pages of `serve` have nothing \
            to show; the same command with --data DIR as well adds them"
            .into(),
    }
}
