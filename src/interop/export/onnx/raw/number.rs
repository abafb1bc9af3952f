//! Numbers become what the model sees: the transforms of [`crate::data::protocol::field::Transform`], in f64 as the run has them.

use super::super::graph::{DType, Graph};
use crate::data::protocol::field::Transform;
use crate::data::schema::{Encoding, Field};

/// The number of a numeric field as the model sees it: floats `[rows]`, NaN where x `[rows]` is.
pub(super) fn transformed(graph: &mut Graph, field: &Field, x: &str) -> String {
    let most = f64::from(f32::MAX);
    let value = match field.encoding {
        Encoding::MinMax { min, max } => {
            // Halved first, as the run does.
            let width = max / 2.0 - min / 2.0;
            let half = arithmetic(graph, "Div", x, 2.0);
            let above = arithmetic(graph, "Sub", &half, min / 2.0);
            let share = match width > 0.0 {
                true => arithmetic(graph, "Div", &above, width),
                false => arithmetic(graph, "Mul", &above, 0.0),
            };
            clip(graph, &share, 0.0, 1.0)
        }
        Encoding::Standard { mean, deviation } => {
            let above = arithmetic(graph, "Sub", x, mean);
            let share = match deviation > 0.0 {
                true => arithmetic(graph, "Div", &above, deviation),
                false => arithmetic(graph, "Mul", &above, 0.0),
            };
            clip(graph, &share, -10.0, 10.0)
        }
        _ => {
            let value = match field.transform() {
                Transform::Log => log(graph, x),
                Transform::Log2 => log2(graph, x),
                // What is fitted was above; there is nothing to do.
                Transform::None | Transform::MinMax | Transform::Standard | Transform::Quantile => {
                    x.to_owned()
                }
            };
            clip(graph, &value, -most, most)
        }
    };
    let (missing, nothing) = (graph.node("IsNaN", &[x], &[]), graph.double(f64::NAN));
    let value = graph.node("Where", &[&missing, &nothing, &value], &[]);
    graph.cast(&value, DType::Float)
}

/// The code of a categorical field of numbers, int64 `[rows]`; 0 where x `[rows]` is NaN.
pub(super) fn code(graph: &mut Graph, field: &Field, x: &str) -> String {
    let column = graph.unsqueeze(x, 1);
    match &field.encoding {
        Encoding::Quantiles(bounds) => {
            // 1 + the number of bounds that x has reached.
            let bounds_row = graph.doubles(&[1, bounds.len()], bounds);
            let reached = graph.node("LessOrEqual", &[&bounds_row, &column], &[]);
            let reached = graph.cast(&reached, DType::Int64);
            let count = graph.sum_over(&reached, 1);
            let one = graph.int(1);
            let code = graph.node("Add", &[&count, &one], &[]);
            let (missing, unknown) = (graph.node("IsNaN", &[x], &[]), graph.int(0));
            graph.node("Where", &[&missing, &unknown, &code], &[])
        }
        Encoding::Vocabulary(vocabulary) => {
            let texts = vocabulary.texts();
            let known: Vec<f64> = texts.map(|text| text.parse().unwrap_or(f64::NAN)).collect();
            let codes: Vec<i64> = (1..=known.len() as i64).collect();
            let value = log2(graph, &column);
            let known = graph.doubles(&[1, codes.len()], &known);
            let codes = graph.ints(&[1, codes.len()], &codes);
            let is = graph.node("Equal", &[&value, &known], &[]);
            let is = graph.cast(&is, DType::Int64);
            let picked = graph.node("Mul", &[&is, &codes], &[]);
            graph.sum_over(&picked, 1)
        }
        // No categorical field of numbers has another encoding: a schema is checked when it is read.
        Encoding::Buckets(_)
        | Encoding::MinMax { .. }
        | Encoding::Standard { .. }
        | Encoding::Plain => {
            let (missing, unknown) = (graph.node("IsNaN", &[x], &[]), graph.int(0));
            graph.node("Where", &[&missing, &unknown, &unknown], &[])
        }
    }
}

/// `sign(x) ln(1 + |x|)`
fn log(graph: &mut Graph, x: &str) -> String {
    let size = graph.node("Abs", &[x], &[]);
    let above = arithmetic(graph, "Add", &size, 1.0);
    let (log, sign) = (
        graph.node("Log", &[&above], &[]),
        graph.node("Sign", &[x], &[]),
    );
    graph.node("Mul", &[&sign, &log], &[])
}

/// `floor(ln(x)^2)` for x > 2, x as it is otherwise.
fn log2(graph: &mut Graph, x: &str) -> String {
    let two = graph.double(2.0);
    let larger = graph.node("Greater", &[x, &two], &[]);
    let log = graph.node("Log", &[x], &[]);
    let square = graph.node("Mul", &[&log, &log], &[]);
    let floor = graph.node("Floor", &[&square], &[]);
    graph.node("Where", &[&larger, &floor, x], &[])
}

fn arithmetic(graph: &mut Graph, op: &str, x: &str, by: f64) -> String {
    let by = graph.double(by);
    graph.node(op, &[x, &by], &[])
}

fn clip(graph: &mut Graph, x: &str, least: f64, most: f64) -> String {
    let (least, most) = (graph.double(least), graph.double(most));
    graph.node("Clip", &[x, &least, &most], &[])
}
