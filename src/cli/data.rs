//! `--data`, shared by the commands.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use autoint::data::dataset::Dataset;
use autoint::data::source::{DEFAULT_FOLDER, Source};
use indicatif::HumanCount;

/// The source that was asked for, or the default one: when that is the synthetic set, says so and how to get the real one.
pub fn source(asked: Option<&str>, out: &mut dyn Write) -> anyhow::Result<Source> {
    if let Some(text) = asked {
        return Ok(Source::named(text)?);
    }
    let source = Source::default_in(Path::new("."));
    if matches!(source, Source::Synthetic(_)) {
        writeln!(
            out,
            "no {DEFAULT_FOLDER} here: using the built-in synthetic set; `autoint download ml-1m` gets the real one"
        )?;
    }
    Ok(source)
}

/// One line on a data set that was read and encoded since `start`.
pub fn describe(source: &Source, data: &Dataset, start: Instant) -> String {
    format!(
        "data   {source}, protocol {}: {} rows, {} fields, {:.3} % positive ({:.1} s)",
        data.protocol_name(),
        HumanCount(data.rows() as u64),
        data.schema().fields.len(),
        100.0 * data.label_rate(),
        start.elapsed().as_secs_f64()
    )
}
