//! From a field's codes to the rows of a table, and to their embeddings, `[rows, F, d]`.

use super::graph::{Attribute, DType, Graph};

/// The encoded values of a field: the values of a graph, either inputs or made of inputs.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Coded {
    /// A categorical field: int64 codes `[rows]`, 0 for unknown or missing.
    One(String),
    /// A numeric field: floats `[rows]`, NaN for missing.
    Number(String),
    /// A multi-valued field: int64 codes `[rows, n]`, -1 where there is no value. The rows of the table are added, or averaged.
    Several { codes: String, mean: bool },
}

/// The rows of a field in every table.
#[derive(Debug, Clone)]
pub(super) enum Field {
    /// int64 `[rows, 1]`
    One(String),
    /// int64 `[rows, n]` and floats `[rows, n, 1]`: the embedding is the weighted sum.
    Weighted { ids: String, weights: String },
}

/// The table rows of a field whose own are `first..first + count`. A code that the field does not have is an unknown value, never
/// another field's row.
pub(super) fn rows_of(graph: &mut Graph, coded: &Coded, first: usize, count: usize) -> Field {
    match coded {
        Coded::One(codes) => {
            let ids = ids(graph, codes, first, count);
            Field::One(graph.unsqueeze(&ids, 1))
        }
        Coded::Number(numbers) => number(graph, numbers, first),
        Coded::Several { codes, mean } => {
            let ids = ids(graph, codes, first, count);
            several(graph, codes, &ids, first, *mean)
        }
    }
}

/// Table rows of codes of any shape.
fn ids(graph: &mut Graph, codes: &str, first: usize, count: usize) -> String {
    let (zero, most) = (graph.int(0), graph.int(count as i64));
    let below = graph.node("Less", &[codes, &most], &[]);
    let negative = graph.node("Less", &[codes, &zero], &[]);
    let known = graph.node("Not", &[&negative], &[]);
    let known = graph.node("And", &[&below, &known], &[]);
    let codes = graph.node("Where", &[&known, codes, &zero], &[]);
    let first = graph.int(first as i64);
    graph.node("Add", &[&codes, &first], &[])
}

/// The second row times the number, or the first row as it is when the number is missing.
fn number(graph: &mut Graph, numbers: &str, first: usize) -> Field {
    let missing = graph.node("IsNaN", &[numbers], &[]);
    let (unknown, scaled) = (graph.int(first as i64), graph.int(first as i64 + 1));
    let ids = graph.node("Where", &[&missing, &unknown, &scaled], &[]);
    let one = graph.float(1.0);
    let weights = graph.node("Where", &[&missing, &one, numbers], &[]);
    let axes = graph.list(&[1, 2]);
    Field::Weighted {
        ids: graph.unsqueeze(&ids, 1),
        weights: graph.node("Unsqueeze", &[&weights, &axes], &[]),
    }
}

/// The rows of all values, and before them the unknown one, which counts when there is no value.
fn several(graph: &mut Graph, codes: &str, ids: &str, first: usize, mean: bool) -> Field {
    let zero = graph.int(0);
    let absent = graph.node("Less", &[codes, &zero], &[]);
    let present = graph.node("Not", &[&absent], &[]);
    let mut weights = graph.cast(&present, DType::Float);
    let axes = graph.list(&[1]);
    let count = graph.node("ReduceSum", &[&weights, &axes], &[]);
    let one = graph.float(1.0);
    if mean {
        let shared = graph.node("Max", &[&count, &one], &[]);
        weights = graph.node("Div", &[&weights, &shared], &[]);
    }
    let none = graph.node("Less", &[&count, &one], &[]);
    let alone = graph.cast(&none, DType::Float);
    // The same number for every row.
    let first = graph.int(first as i64);
    let unknown = graph.node("Where", &[&none, &first, &first], &[]);
    let weights = concat(graph, &[&alone, &weights]);
    Field::Weighted {
        ids: concat(graph, &[&unknown, ids]),
        weights: graph.unsqueeze(&weights, 2),
    }
}

/// Side by side.
fn concat(graph: &mut Graph, parts: &[&str]) -> String {
    let axis = Attribute::Int("axis", 1);
    graph.node("Concat", parts, &[axis])
}

/// The embeddings of all fields in a table: `[rows, F, d]`.
pub(super) fn look_up(graph: &mut Graph, table: &str, fields: &[Field]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut rest = fields;
    while let Some(field) = rest.first() {
        let ones = rest.iter().map_while(|field| match field {
            Field::One(ids) => Some(ids.as_str()),
            Field::Weighted { .. } => None,
        });
        let ones: Vec<&str> = ones.collect();
        rest = &rest[ones.len().max(1)..];
        // Categorical fields that follow each other are looked up at once.
        let (ids, weights) = match field {
            Field::One(ids) if ones.len() == 1 => (ids.clone(), None),
            Field::One(_) => (concat(graph, &ones), None),
            Field::Weighted { ids, weights } => (ids.clone(), Some(weights)),
        };
        let found = graph.node("Gather", &[table, &ids], &[]);
        parts.push(match weights {
            None => found,
            Some(weights) => {
                let weighted = graph.node("Mul", &[&found, weights], &[]);
                let axes = graph.list(&[1]);
                graph.node("ReduceSum", &[&weighted, &axes], &[])
            }
        });
    }
    match &parts[..] {
        [one] => one.clone(),
        several => {
            let several: Vec<&str> = several.iter().map(String::as_str).collect();
            concat(graph, &several)
        }
    }
}
