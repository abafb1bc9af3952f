//! A trace as a page: every step with its formula, its numbers as coloured cells, and its gradients beside differences.

use maud::{Markup, html};

use super::steps::{NEAR, Step, Trace};
use super::tensor::{Gradient, Tensor};

use crate::page::cells::Cells;
use crate::page::numbers::short;
use crate::page::page;

/// The most numbers of a tensor that are drawn, and of one line.
const DRAWN: usize = 4096;
const ACROSS: usize = 64;

impl Trace {
    /// The page, which needs nothing else.
    pub fn page(&self) -> String {
        let body = html! {
            p { "Probability " (format!("{:.4}", self.probability)) ", logit of the tape " (format!("{:.6}", self.logit))
                ", logit of scoring " (format!("{:.6}", self.scored)) ". Gradients are those of the " (self.end) "." }
            p.note { "Colour: blue above 0, orange below, full for the largest number of a drawing. Every cell tells its number. An error is the largest \
                distance from the op's definition in f64, relative to the largest number; differences are (end(x + h) - end(x - h)) / 2h in f64." }
            @if !self.unknown.is_empty() { p { "Not known to the model: " (self.unknown.join(", ")) } }
            @if self.kink.is_some_and(|kink| kink < NEAR) {
                p { "An argument of a ReLU is so near to 0 that differences may lie across its kink: they compare nothing there." }
            }
            h2 { "What is looked up" }
            table { thead { tr { th { "field" } th { "table rows, times" } } } tbody {
                @for (field, rows) in self.fields.iter().zip(&self.looked_up) {
                    tr { th scope="row" { (field) } td { (looked_up(rows)) } }
                }
            } }
            @for (number, step) in self.steps.iter().enumerate() { (self.step(number, step)) }
            @if !self.parameters.is_empty() {
                h2 { "Parameters" }
                @for tensor in &self.parameters { h3 { (tensor.name) } (self.tensor(tensor)) }
            }
        };
        page("One row, op by op", &body)
    }

    fn step(&self, number: usize, step: &Step) -> Markup {
        html! {
            h2 id=(format!("step-{}", number + 1)) { (number + 1) ". " (step.op) }
            pre { (step.formula) }
            @if !step.operands.is_empty() {
                p { "of " @for operand in &step.operands {
                    a href=(format!("#step-{}", operand + 1)) { (operand + 1) ". " (self.steps[*operand].op) } " "
                } }
            }
            @for tensor in &step.results {
                @if step.results.len() > 1 { h3 { (tensor.name) } }
                (self.tensor(tensor))
            }
        }
    }

    fn tensor(&self, tensor: &Tensor) -> Markup {
        let error = tensor.error.map(|error| format!(", error {error:.1e}"));
        html! {
            p.note { "shape " (format!("{:?}", tensor.shape)) (error.unwrap_or_default()) }
            (self.cells("values", tensor, &tensor.values))
            @if let Some(gradient) = &tensor.gradient {
                (self.cells(&format!("gradient of the {}", self.end), tensor, &gradient.values))
                (beside(gradient, &tensor.shape))
            }
        }
    }

    /// The numbers of a tensor, or of their beginning.
    fn cells(&self, title: &str, tensor: &Tensor, values: &[f32]) -> Markup {
        let columns = tensor.shape.last().copied().unwrap_or(1).clamp(1, ACROSS);
        let all = values.len();
        let most = values
            .iter()
            .filter(|x| x.is_finite())
            .fold(0.0, |most: f32, x| most.max(x.abs()));
        let values = &values[..all.min(DRAWN)];
        let rest = if all > DRAWN {
            format!(", the first {DRAWN} of {all}")
        } else {
            String::new()
        };
        let cells = Cells {
            title: &format!("{title}, largest {}{rest}", short(f64::from(most))),
            names: &self.names(&tensor.shape),
            values,
            columns,
            most,
        };
        cells.html()
    }

    /// What the lines of a tensor are called: of `[.., F, n]` by the fields.
    pub fn names(&self, shape: &[usize]) -> Vec<String> {
        let fields = self.fields.len();
        match shape {
            [_, _] if shape[0] == fields => self.fields.clone(),
            [heads, middle, _] if *middle == fields => {
                let of_head = |head| self.fields.iter().map(move |f| format!("{} {f}", head + 1));
                (0..*heads).flat_map(of_head).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// `17, 3 x 0.5`
pub fn looked_up(rows: &[(u32, f32)]) -> String {
    let row = |(id, scale): &(u32, f32)| match *scale == 1.0 {
        true => id.to_string(),
        false => format!("{id} x {}", short(f64::from(*scale))),
    };
    rows.iter().map(row).collect::<Vec<_>>().join(", ")
}

/// `[2, 0]`: where a number of a tensor is.
pub fn index(shape: &[usize], mut at: usize) -> String {
    let mut all: Vec<usize> = shape
        .iter()
        .rev()
        .map(|n| {
            let own = at % n.max(&1);
            at /= n.max(&1);
            own
        })
        .collect();
    all.reverse();
    format!("{all:?}")
}

fn beside(gradient: &Gradient, shape: &[usize]) -> Markup {
    if gradient.checked.is_empty() {
        return html! {};
    }
    html! {
        details {
            summary { (gradient.checked.len()) " of " (gradient.values.len()) " derivatives beside differences: the largest distance is "
                (format!("{:.1e}", gradient.error)) " of the largest derivative" }
            table { thead { tr { th { "at" } th { "backward" } th { "difference" } } } tbody {
                @for checked in &gradient.checked {
                    tr {
                        th scope="row" { (index(shape, checked.at)) }
                        td { (format!("{:.6e}", checked.analytic)) }
                        td { (format!("{:.6e}", checked.numeric)) }
                    }
                }
            } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace() -> Trace {
        let gradient = Gradient::checked(vec![0.5, -1.0], 1, |_| -1.0);
        let tensor = Tensor {
            name: "<w>".into(),
            shape: vec![2, 1],
            values: vec![1.0, -2.0],
            error: Some(1e-8),
            gradient: Some(gradient),
        };
        Trace {
            fields: vec!["<a>".into(), "b".into()],
            unknown: vec!["b".into()],
            looked_up: vec![vec![(3, 1.0)], vec![(4, 0.5), (5, 0.5)]],
            end: "logit",
            logit: 0.25,
            scored: 0.25,
            probability: 0.5622,
            steps: vec![Step {
                op: "embedding".into(),
                formula: "out[f] < 1".into(),
                operands: vec![],
                results: vec![tensor.clone()],
            }],
            parameters: vec![tensor],
            kink: Some(1e-9),
        }
    }

    #[test]
    fn a_page_has_every_step_and_says_where_differences_tell_nothing() {
        let page = trace().page();
        for part in [
            "1. embedding",
            "out[f] &lt; 1",
            "shape [2, 1], error 1.0e-8",
            "1 of 2 derivatives beside differences",
            "[1, 0]",
            "4 x 0.5, 5 x 0.5",
            "across its kink",
            "Not known to the model: b",
            "&lt;w&gt;",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("<a>") && !page.contains("<w>"));
        assert_eq!(page.matches("<rect").count(), 8);
    }

    #[test]
    fn lines_and_places_have_names() {
        let trace = trace();
        assert_eq!(trace.names(&[2, 3]), ["<a>", "b"]);
        assert_eq!(trace.names(&[2, 2, 2]), ["1 <a>", "1 b", "2 <a>", "2 b"]);
        assert!(trace.names(&[3, 2]).is_empty() && trace.names(&[1]).is_empty());
        assert_eq!(index(&[2, 3, 4], 23), "[1, 2, 3]");
        assert_eq!(index(&[4], 2), "[2]");
    }
}
