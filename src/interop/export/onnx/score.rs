//! From the tape's logit to what `predict` says: the correction for sampled negative rows, the calibration, the sigmoid.

use super::graph::{DType, Graph};
use crate::run::Run;
use crate::score::Calibration;

/// Adds the outputs `logit` and `probability`, both `[rows]`, of the tape's `logit`, `[rows, 1]`.
pub(super) fn outputs(graph: &mut Graph, logit: &str, run: &Run) {
    let axes = graph.list(&[1]);
    let mut logit = graph.node("Squeeze", &[logit, &axes], &[]);
    let offset = run.schema.protocol.sampling.logit_offset();
    if offset != 0.0 {
        let offset = graph.float(offset);
        logit = graph.node("Add", &[&logit, &offset], &[]);
    }
    match &run.provenance.calibration {
        None => {}
        Some(Calibration::Platt { a, b }) => {
            let (a, b) = (graph.float(*a), graph.float(*b));
            let scaled = graph.node("Mul", &[&logit, &a], &[]);
            logit = graph.node("Add", &[&scaled, &b], &[]);
        }
        Some(Calibration::Isotonic { at, probability }) => {
            logit = isotonic(graph, &logit, at, probability);
        }
    }
    let probability = graph.node("Sigmoid", &[&logit], &[]);
    graph.output(&logit, "logit");
    graph.output(&probability, "probability");
}

/// The logit of the probability on the line between the two points around `z` `[rows]`; beyond the ends it stays.
fn isotonic(graph: &mut Graph, z: &str, at: &[f32], probability: &[f32]) -> String {
    let points = at.len();
    let starts = graph.floats(&[1, points], at);
    let column = graph.unsqueeze(z, 1);
    let reached = graph.node("LessOrEqual", &[&starts, &column], &[]);
    let reached = graph.cast(&reached, DType::Int64);
    let after = graph.sum_over(&reached, 1);
    let (zero, one, last) = (graph.int(0), graph.int(1), graph.int(points as i64 - 1));
    let before = graph.node("Sub", &[&after, &one], &[]);
    let before = graph.node("Max", &[&before, &zero], &[]);
    let after = graph.node("Min", &[&after, &last], &[]);
    let (at, heights) = (
        graph.floats(&[points], at),
        graph.floats(&[points], probability),
    );
    let mut pick = |table: &str, place: &str| graph.node("Gather", &[table, place], &[]);
    let (left, right) = (pick(&at, &before), pick(&at, &after));
    let (low, high) = (pick(&heights, &before), pick(&heights, &after));
    // share = (z - left) / (right - left), 0 beyond the ends
    let width = graph.node("Sub", &[&right, &left], &[]);
    let within = graph.node("Sub", &[z, &left], &[]);
    let share = graph.node("Div", &[&within, &width], &[]);
    let beyond = graph.node("Equal", &[&before, &after], &[]);
    let nothing = graph.float(0.0);
    let share = graph.node("Where", &[&beyond, &nothing, &share], &[]);
    // p = low + share (high - low); z = ln(p / (1 - p))
    let rise = graph.node("Sub", &[&high, &low], &[]);
    let rise = graph.node("Mul", &[&share, &rise], &[]);
    let p = graph.node("Add", &[&low, &rise], &[]);
    let whole = graph.float(1.0);
    let rest = graph.node("Sub", &[&whole, &p], &[]);
    let odds = graph.node("Div", &[&p, &rest], &[]);
    graph.node("Log", &[&odds], &[])
}
