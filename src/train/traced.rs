//! What a training's first steps are made of, as text: `trace.jsonl` of its run directory.

use std::sync::Arc;

use serde::Serialize;

use crate::autograd::Runtime;
use crate::autograd::part::GROUP_ROWS;
use crate::autograd::trace::{Header, Stage};
use crate::error::{Error, Result};
use crate::ranks::Ranks;

/// The environment variable that asks for it.
pub const TRACE_VARIABLE: &str = "AUTOINT_TRACE";

/// Steps that are recorded: enough for medians, and few enough for a small file.
pub(super) const STEPS: usize = 200;

/// The stage in which a rank hands the others numbers, or waits for theirs.
pub const OTHER_RANKS: &str = "other ranks";

/// Whether the environment asks for it.
///
/// # Errors
/// When the variable is neither 1 nor 0 nor empty.
pub(super) fn asked() -> Result<bool> {
    match std::env::var(TRACE_VARIABLE).as_deref() {
        Ok("1") => Ok(true),
        Ok("" | "0") | Err(_) => Ok(false),
        Ok(other) => {
            let what = format!("is `{other}`: set it to 1 to write a trace, or to nothing");
            Err(Error::config(TRACE_VARIABLE, what))
        }
    }
}

/// What all steps of a runtime have in common.
fn header(runtime: &Runtime) -> Header {
    let layout = runtime.tape().layout();
    Header {
        threads: runtime.threads(),
        isa: runtime.isa().name().to_owned(),
        group_rows: GROUP_ROWS,
        dense: layout.dense_len(),
        width: layout.table_width(),
    }
}

/// The steps recorded so far, a line each behind the header's.
pub(super) fn text(runtime: &Runtime) -> Result<String> {
    let mut text = line(&header(runtime))?;
    for step in runtime.trace().take() {
        text += &line(&step)?;
    }
    Ok(text)
}

fn line(value: &impl Serialize) -> Result<String> {
    let error = |e| Error::Data(format!("the trace cannot be written as JSON: {e}"));
    Ok(serde_json::to_string(value).map_err(error)? + "\n")
}

/// Ranks of which every call is a stage of what this runtime records, when it records.
pub(super) fn among(ranks: Arc<dyn Ranks>, runtime: &Arc<Runtime>) -> Arc<dyn Ranks> {
    if ranks.alone() {
        return ranks;
    }
    let runtime = Arc::clone(runtime);
    Arc::new(Traced { ranks, runtime })
}

/// See [`among`].
#[derive(Debug)]
struct Traced {
    ranks: Arc<dyn Ranks>,
    /// Whose trace the exchanges go into.
    runtime: Arc<Runtime>,
}

impl Traced {
    fn time(&self, words: usize, work: impl FnOnce()) {
        let stage = Stage::of(OTHER_RANKS, 1, 4 * words);
        self.runtime.trace().time(stage, work);
    }
}

impl Ranks for Traced {
    fn rank(&self) -> usize {
        self.ranks.rank()
    }

    fn size(&self) -> usize {
        self.ranks.size()
    }

    fn gather(&self, mine: &[u32], lengths: &[usize], all: &mut Vec<u32>) {
        let words = lengths.iter().sum();
        self.time(words, || self.ranks.gather(mine, lengths, all));
    }

    fn exchange(&self, mine: &[u32], sent: &[usize], received: &[usize], all: &mut Vec<u32>) {
        let words = mine.len() + received.iter().sum::<usize>();
        self.time(words, || self.ranks.exchange(mine, sent, received, all));
    }
}
