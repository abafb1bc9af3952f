//! Foreign tensors into the parameters of a model: all of them, or none.
//!
//! A foreign table has a row for each value that its author's encoder knew. Where it has none for unknown ones, our field's first row, which is
//! that, stays at zero, where a training that never met an unknown value leaves it.

use super::foreign::{Foreign, Tensor, listed};
use super::sizes::table_of;
use crate::autograd::{Layout, Parameters};
use crate::data::schema::Schema;
use crate::error::{Error, Result};
use crate::run::weights::{self, tensors};

/// Rows of our tables that theirs do not have.
const UNKNOWN_ROWS: usize = 1;

/// Fills the parameters of a model.
///
/// # Errors
/// When a tensor is missing, has another shape or belongs to nothing: names all of them. When one cannot be read.
pub fn place(foreign: &Foreign<'_>, layout: &Layout, schema: &Schema) -> Result<Parameters> {
    let ours = tensors(layout, schema);
    // A table of all fields is as long as all of ours.
    let mut wanted: Vec<(String, Vec<usize>)> = Vec::new();
    for tensor in &ours {
        let (name, shape) = (foreign.name_of(tensor), foreign.shape_of(tensor));
        match wanted.last_mut() {
            Some((last, rows)) if *last == name => rows[0] += shape[0],
            _ => wanted.push((name, shape)),
        }
    }
    let differences = differences(foreign, &wanted);
    if !differences.is_empty() {
        let what = format!(
            "its weights are not those of such a model on these values: {}",
            listed(&differences, "; ")
        );
        return Err(Error::file(&foreign.path, what));
    }
    let mut parameters = Parameters::zeros(layout);
    let mut before = String::new();
    let mut numbers = Vec::new();
    let mut done = 0;
    for tensor in &ours {
        let (name, shape) = (foreign.name_of(tensor), foreign.shape_of(tensor));
        if name != before {
            let missing = || Error::file(&foreign.path, format!("{name} is missing"));
            let from = foreign.tensors.get(&name).ok_or_else(missing)?;
            numbers = from.numbers(&foreign.path)?;
            (before, done) = (name, 0);
        }
        let count = shape.iter().product::<usize>();
        let to = tensor.of_mut(&mut parameters);
        // Behind the row for unknown values, where theirs has none.
        let to = &mut to[tensor.len() - count..];
        to.copy_from_slice(&numbers[done..][..count]);
        done += count;
    }
    Ok(parameters)
}

impl Foreign<'_> {
    /// What a tensor of ours is called here: its own name, or that of the table of all fields that it is a part of.
    fn name_of(&self, tensor: &weights::Tensor) -> String {
        match table_of(&tensor.name) {
            Some(table) if self.tensors.contains_key(table) => table.to_owned(),
            _ => tensor.name.clone(),
        }
    }

    /// The shape that it has here.
    fn shape_of(&self, tensor: &weights::Tensor) -> Vec<usize> {
        let mut shape = tensor.shape.clone();
        if let Some(table) = table_of(&tensor.name)
            && (!self.unknown_rows || self.tensors.contains_key(table))
        {
            shape[0] -= UNKNOWN_ROWS;
        }
        shape
    }
}

/// What is wrong, by name.
fn differences(foreign: &Foreign<'_>, wanted: &[(String, Vec<usize>)]) -> Vec<String> {
    let mut all = Vec::new();
    for (name, shape) in wanted {
        match foreign.tensors.get(name) {
            None => all.push(format!("{name} {shape:?} is missing")),
            Some(tensor) if tensor.shape != *shape => {
                let Tensor {
                    source, shape: got, ..
                } = tensor;
                all.push(format!(
                    "{name} (`{source}`): expected {shape:?}, got {got:?}"
                ));
            }
            Some(_) => {}
        }
    }
    for (name, tensor) in &foreign.tensors {
        if wanted.iter().all(|(other, _)| other != name) {
            all.push(format!("{tensor:?} ({name}) is extra"));
        }
    }
    let others = foreign.others.iter();
    all.extend(others.map(|other| format!("{other} belongs to no part of the model")));
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::data::movielens::protocols;
    use crate::interop::import::classes::{Classes, schema_of};
    use crate::model::build;
    use crate::settings::Settings;

    /// Three values a field of protocol `course`.
    fn schema() -> Schema {
        let protocol = protocols::named("course").unwrap();
        let fields = protocol.fields.iter().map(|field| {
            let texts = ["a", "b", "c"].map(str::to_owned).to_vec();
            (field.name.clone(), texts)
        });
        schema_of(&Classes(fields.collect()), protocol.clone()).unwrap()
    }

    fn layout(schema: &Schema) -> Layout {
        let sets = ["model.kind=autoint".to_owned()];
        let settings = Settings::layered(Some("course"), None, &sets).unwrap();
        let model = build(&settings.model, &schema.offsets()).unwrap();
        model.tape.layout().clone()
    }

    fn foreign(layout: &Layout, schema: &Schema) -> Foreign<'static> {
        let mut tensors = BTreeMap::new();
        let mut add = |name: &str, shape: Vec<usize>| {
            let count = shape.iter().product::<usize>();
            let read = move || Ok((1..=count).map(|n| n as f32).collect());
            tensors.insert(name.to_owned(), Tensor::new(name.into(), shape, read));
        };
        add(
            "embedding",
            vec![3 * schema.fields.len(), layout.tables[0].dim],
        );
        for dense in &layout.dense {
            add(&dense.name, dense.param.shape.clone());
        }
        Foreign {
            path: "w.h5".into(),
            layout: "none",
            tensors,
            others: Vec::new(),
            skipped: Vec::new(),
            unknown_rows: false,
        }
    }

    #[test]
    fn a_table_without_unknown_rows_lies_behind_ours() {
        let schema = schema();
        let layout = layout(&schema);
        let parameters = place(&foreign(&layout, &schema), &layout, &schema).unwrap();
        let dim = layout.tables[0].dim;
        let row = |number: usize| parameters.tables[0][number * dim];
        // Field 0 has rows 0 to 3, field 1 rows 4 to 7.
        let first = [0.0, 1.0, 1.0 + dim as f32, 1.0 + 2.0 * dim as f32];
        assert_eq!([0, 1, 2, 3].map(row), first);
        assert_eq!([4, 5].map(row), [0.0, 1.0 + 3.0 * dim as f32]);
        assert_eq!(parameters.dense[0], 1.0);
    }

    #[test]
    fn every_difference_is_named() {
        let schema = schema();
        let layout = layout(&schema);
        let mut foreign = foreign(&layout, &schema);
        foreign.tensors.remove("interacting.1.key").unwrap();
        foreign.tensors.get_mut("head.weight").unwrap().shape = vec![7, 1];
        let extra = Tensor::new("theirs".into(), vec![2], || Ok(vec![0.0; 2]));
        foreign.tensors.insert("head.bias".into(), extra);
        foreign.others.push("`conv` [3]".into());
        let error = place(&foreign, &layout, &schema).unwrap_err().to_string();
        for part in [
            "interacting.1.key [32, 32] is missing",
            "head.weight (`head.weight`): expected [448, 1], got [7, 1]",
            "`theirs` [2] (head.bias) is extra",
            "`conv` [3] belongs to no part of the model",
        ] {
            assert!(error.contains(part), "{part} is not in {error}");
        }
    }
}
