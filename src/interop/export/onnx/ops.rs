//! Ops that take several ONNX nodes, or a node with attributes. Values are `[rows, ..]`.

use super::graph::{Attribute, Graph};
use crate::error::{Error, Result};

/// `x weight + bias`.
pub(super) fn linear(graph: &mut Graph, x: &str, weight: &str, bias: Option<&str>) -> String {
    let product = graph.node("MatMul", &[x, weight], &[]);
    match bias {
        Some(bias) => graph.node("Add", &[&product, bias], &[]),
        None => product,
    }
}

/// Of x `[rows, F, d]`: `1/2 sum_k ((sum_f x[f][k])^2 - sum_f x[f][k]^2)`, `[rows, 1]`.
pub(super) fn fm(graph: &mut Graph, x: &str) -> String {
    let total = graph.sum_over(x, 1);
    let square_of_sum = graph.node("Mul", &[&total, &total], &[]);
    let squares = graph.node("Mul", &[x, x], &[]);
    let sum_of_squares = graph.sum_over(&squares, 1);
    let twice = graph.node("Sub", &[&square_of_sum, &sum_of_squares], &[]);
    let twice = sum(graph, &twice);
    let half = graph.float(0.5);
    graph.node("Mul", &[&twice, &half], &[])
}

/// The sum over the last axis of `[rows, n]`, `[rows, 1]`.
pub(super) fn sum(graph: &mut Graph, x: &str) -> String {
    let axes = graph.list(&[1]);
    graph.node("ReduceSum", &[x, &axes], &[])
}

/// Of x `[rows, d, maps]` (or, for the first layer, none) and x0 `[rows, F, d]`: the outer products for each k, `[rows, d, maps * F]`,
/// times `weight` `[maps * F, o]`.
pub(super) fn cin(
    graph: &mut Graph,
    x: Option<&str>,
    x0: &str,
    weight: &str,
    dim: usize,
) -> String {
    let x0 = graph.node(
        "Transpose",
        &[x0],
        &[Attribute::Ints("perm", vec![0, 2, 1])],
    );
    let left = graph.unsqueeze(x.unwrap_or(&x0), 3);
    let right = graph.unsqueeze(&x0, 2);
    let outer = graph.node("Mul", &[&left, &right], &[]);
    let shape = graph.list(&[0, dim as i64, -1]);
    let outer = graph.node("Reshape", &[&outer, &shape], &[]);
    graph.node("MatMul", &[&outer, weight], &[])
}

/// Of x `[rows, tokens, n]`. Not ONNX's own operator: runtimes compute its variance as E(x^2) - E(x)^2, which loses all digits
/// beside an epsilon of 1e-8.
pub(super) fn layer_norm(
    graph: &mut Graph,
    x: &str,
    (gain, bias): (&str, &str),
    epsilon: f32,
    n: usize,
) -> String {
    let mean = mean(graph, x, n);
    let centred = graph.node("Sub", &[x, &mean], &[]);
    let squares = graph.node("Mul", &[&centred, &centred], &[]);
    let variance = self::mean(graph, &squares, n);
    let epsilon = graph.float(epsilon);
    let variance = graph.node("Add", &[&variance, &epsilon], &[]);
    let deviation = graph.node("Sqrt", &[&variance], &[]);
    let normalised = graph.node("Div", &[&centred, &deviation], &[]);
    let scaled = graph.node("Mul", &[&normalised, gain], &[]);
    graph.node("Add", &[&scaled, bias], &[])
}

/// The mean over the last axis, which stays with one number.
fn mean(graph: &mut Graph, x: &str, n: usize) -> String {
    let (axes, share) = (graph.list(&[-1]), graph.float(1.0 / n as f32));
    let sum = graph.node("ReduceSum", &[x, &axes], &[]);
    graph.node("Mul", &[&sum, &share], &[])
}

/// ONNX's equation of named axes: `"i h c, j h c -> h i j"` becomes `"zabc,zdbc->zbad"`, z being the rows.
///
/// # Errors
/// When it names more axes than there are letters.
pub(super) fn equation(spec: &str) -> Result<String> {
    let mut axes: Vec<String> = Vec::new();
    let mut equation = String::from("z");
    for word in spec
        .replace("->", " -> ")
        .replace(',', " , ")
        .split_whitespace()
    {
        match word {
            "," => equation.push_str(",z"),
            "->" => equation.push_str("->z"),
            axis => {
                let place = axes.iter().position(|a| a == axis).unwrap_or(axes.len());
                if place == axes.len() {
                    axes.push(axis.to_owned());
                }
                let letter = ('a'..='y').nth(place);
                let many = || {
                    Error::shape(
                        "einsum",
                        format!("`{spec}` has more than 25 axes, which ONNX cannot write"),
                    )
                };
                equation.push(letter.ok_or_else(many)?);
            }
        }
    }
    Ok(equation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_axes_become_letters() {
        let written = |spec: &str| equation(spec).unwrap();
        assert_eq!(written("i h c, j h c -> h i j"), "zabc,zdbc->zbad");
        assert_eq!(written("row out,out->row"), "zab,zb->za");
        let many: Vec<String> = (0..26).map(|i| format!("x{i}")).collect();
        let error = equation(&format!("{}, x1 -> x0", many.join(" ")));
        assert!(error.unwrap_err().to_string().contains("25 axes"));
    }
}
