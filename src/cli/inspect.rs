//! `autoint inspect`

use std::io::Write;
use std::path::PathBuf;

use autoint::data::schema::{Field, FieldKind};
use autoint::run::precision::Tables;
use autoint::run::weights::{Tensor, tensors};
use autoint::run::{Provenance, Run};
use autoint::score::Calibration;
use autoint::settings::Settings;
use autoint::simd::Isa;
use clap::Args;
use indicatif::HumanCount;
use serde::Serialize;

use super::table;

/// Show what a run directory holds: configuration, fields, parameters, data.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The run directory
    run: PathBuf,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// What is shown.
#[derive(Debug, Serialize)]
struct Inspection<'a> {
    protocol: &'a str,
    data: &'a Provenance,
    fields: Vec<FieldLine<'a>>,
    tensors: Vec<TensorLine>,
    /// Of all tensors together.
    parameters: usize,
    settings: &'a Settings,
}

#[derive(Debug, Serialize)]
struct FieldLine<'a> {
    name: &'a str,
    kind: FieldKind,
    /// Values the vocabulary knows; none for a number.
    cardinality: Option<usize>,
}

#[derive(Debug, Serialize)]
struct TensorLine {
    name: String,
    shape: Vec<usize>,
    parameters: usize,
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let run = Run::open(&self.run, Isa::choose()?, 1)?;
        let inspection = Inspection::of(&run);
        if self.json {
            writeln!(out, "{}", serde_json::to_string(&inspection)?)?;
        } else {
            inspection.print(out)?;
        }
        Ok(())
    }
}

impl<'a> Inspection<'a> {
    fn of(run: &'a Run) -> Inspection<'a> {
        let layout = run.runtime.tape().layout();
        let tensors = tensors(layout, &run.schema);
        Inspection {
            protocol: &run.schema.protocol.name,
            data: &run.provenance,
            fields: run.schema.fields.iter().map(FieldLine::of).collect(),
            tensors: tensors.into_iter().map(TensorLine::of).collect(),
            parameters: layout.len(),
            settings: &run.settings,
        }
    }

    fn print(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let Provenance {
            source,
            from,
            fingerprint,
            rows,
            isa,
            best_epoch,
            stopped,
            members,
            imported,
            tables,
            calibration,
        } = self.data;
        let model = self.settings.model.name();
        writeln!(out, "model        {model}, preset {}", self.settings.preset)?;
        writeln!(out, "protocol     {}", self.protocol)?;
        writeln!(out, "data         {source}, {rows} rows")?;
        if let Some(from) = from {
            writeln!(out, "started from {}", from.display())?;
        }
        writeln!(out, "fingerprint  {fingerprint}")?;
        match (members.is_empty(), imported) {
            (true, None) => writeln!(out, "best epoch   {best_epoch}, trained with {isa}")?,
            (true, Some(file)) => writeln!(out, "imported     from {}", file.display())?,
            (false, _) => writeln!(out, "made of      {} runs", members.len())?,
        }
        for member in members {
            writeln!(out, "             {}", member.display())?;
        }
        if !self.settings.train.precision.is_f32() {
            writeln!(out, "precision    {}", self.settings.train.precision)?;
        }
        match tables {
            Tables::F32 => {}
            Tables::Bf16 => writeln!(out, "tables       kept as bf16")?,
            Tables::Int8 => writeln!(out, "tables       kept as int8, a scale a row")?,
        }
        match calibration {
            Some(Calibration::Platt { a, b }) => writeln!(out, "calibrated   {a} z {b:+} (Platt)")?,
            Some(Calibration::Isotonic { at, .. }) => {
                writeln!(out, "calibrated   by {} points (isotonic)", at.len())?;
            }
            None => {}
        }
        if *stopped {
            writeln!(out, "stopped      before its training had come to its end")?;
        }
        writeln!(out, "\n{}", self.fields())?;
        writeln!(out, "\n{}", self.tensors())?;
        writeln!(
            out,
            "{} parameters in all\n",
            HumanCount(self.parameters as u64)
        )?;
        write!(out, "{}", self.settings.to_toml()?)?;
        Ok(())
    }

    fn fields(&self) -> String {
        let mut table = table::new(&["field", "kind", "values"].map(str::to_owned));
        for field in &self.fields {
            let values = field
                .cardinality
                .map_or("-".to_owned(), |n| HumanCount(n as u64).to_string());
            table.add_row([field.name.to_owned(), field.kind.to_string(), values]);
        }
        table.trim_fmt()
    }

    fn tensors(&self) -> String {
        let mut table = table::new(&["tensor", "shape", "parameters"].map(str::to_owned));
        for tensor in &self.tensors {
            let count = HumanCount(tensor.parameters as u64).to_string();
            table.add_row([tensor.name.clone(), format!("{:?}", tensor.shape), count]);
        }
        table.trim_fmt()
    }
}

impl FieldLine<'_> {
    fn of(field: &Field) -> FieldLine<'_> {
        FieldLine {
            name: &field.name,
            kind: field.kind,
            cardinality: field.encoding.cardinality(),
        }
    }
}

impl TensorLine {
    fn of(tensor: Tensor) -> TensorLine {
        TensorLine {
            parameters: tensor.len(),
            name: tensor.name,
            shape: tensor.shape,
        }
    }
}
