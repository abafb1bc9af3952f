//! A trace on a terminal.

use autoint::explain::trace::{Gradient, NEAR, Step, Tensor, Trace, index, looked_up};

/// Lines of a tensor, and numbers of a line, that are shown.
const LINES: usize = 10;
const COLUMNS: usize = 8;

/// The whole trace.
pub fn text(trace: &Trace) -> String {
    let mut text = format!(
        "probability {:.4}, logit of the tape {:.6}, logit of scoring {:.6}\n",
        trace.probability, trace.logit, trace.scored
    );
    if !trace.unknown.is_empty() {
        text += &format!("not known to the model: {}\n", trace.unknown.join(", "));
    }
    text += "\nlooked up: table rows of each field\n";
    for (field, rows) in trace.fields.iter().zip(&trace.looked_up) {
        text += &format!("  {field:<16} {}\n", looked_up(rows));
    }
    for (number, step) in trace.steps.iter().enumerate() {
        text += &step_of(trace, number, step);
    }
    if !trace.parameters.is_empty() {
        text += "\nparameters\n";
    }
    for parameter in &trace.parameters {
        text += &format!("\n{} {:?}\n", parameter.name, parameter.shape);
        text += &tensor(trace, parameter);
    }
    if trace.kink.is_some_and(|kink| kink < NEAR) {
        text += "\nan argument of a ReLU is so near to 0 that differences may lie across its kink: they compare nothing there\n";
    }
    text.trim_end().to_owned()
}

fn step_of(trace: &Trace, number: usize, step: &Step) -> String {
    let of: Vec<String> = step
        .operands
        .iter()
        .map(|n| format!("#{}", n + 1))
        .collect();
    let of = match of.is_empty() {
        true => String::new(),
        false => format!("  of {}", of.join(", ")),
    };
    let mut text = format!("\n#{} {}{of}\n  {}\n", number + 1, step.op, step.formula);
    for result in &step.results {
        text += &format!("  {} {:?}\n", result.name, result.shape);
        text += &tensor(trace, result);
    }
    text
}

/// The values of a tensor and what is known of them.
fn tensor(trace: &Trace, tensor: &Tensor) -> String {
    let mut text = matrix(trace, tensor, &tensor.values);
    if let Some(error) = tensor.error {
        text += &format!("    within {error:.0e} of the definition\n");
    }
    if let Some(gradient) = &tensor.gradient {
        text += &format!("  gradient of the {}\n", trace.end);
        text += &matrix(trace, tensor, &gradient.values);
        text += &beside(gradient, &tensor.shape);
    }
    text
}

/// The beginning of some numbers in a tensor's shape, a line of its last axis a line.
fn matrix(trace: &Trace, tensor: &Tensor, values: &[f32]) -> String {
    let columns = tensor.shape.last().copied().unwrap_or(1).max(1);
    let names = trace.names(&tensor.shape);
    let mut text = String::new();
    for (line, numbers) in values.chunks(columns).take(LINES).enumerate() {
        let name = names.get(line).map_or("", String::as_str);
        text += &format!("    {name:<16}");
        for number in numbers.iter().take(COLUMNS) {
            text += &format!(" {number:>9.5}");
        }
        if columns > COLUMNS {
            text += &format!(" .. {columns}");
        }
        text.push('\n');
    }
    let lines = values.len().div_ceil(columns);
    if lines > LINES {
        text += &format!("    .. {lines} lines\n");
    }
    text
}

/// Derivatives beside differences.
fn beside(gradient: &Gradient, shape: &[usize]) -> String {
    let mut text = String::new();
    for checked in &gradient.checked {
        let at = index(shape, checked.at);
        text += &format!(
            "    at {at:<12} {:>13.6e}, by difference {:>13.6e}\n",
            checked.analytic, checked.numeric
        );
    }
    if !gradient.checked.is_empty() {
        text += &format!(
            "    within {:.0e} of the largest derivative\n",
            gradient.error
        );
    }
    text
}
