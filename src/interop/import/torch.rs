//! The weights of a PyTorch model in a safetensors file, under our names by a [`Map`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::foreign::{Foreign, PYTORCH, Tensor, listed};
use super::map::{Captured, Map, Missing, Part, Rule, TableRows, Unknown, captured, filled};
use super::sizes::table_of;
use crate::error::{Error, Result};

/// A tensor of theirs and the rule that it came by.
struct Match<'m> {
    ours: &'m str,
    rule: &'m Rule,
    /// As the file has it.
    theirs: String,
    /// What stands for the placeholders in it.
    captured: Captured,
}

/// Reads the file's bytes; `fields` are the model's, in their order.
///
/// # Errors
/// When they are no safetensors file, hold what no model of ours has, or numbers of another type.
pub fn read<'f>(path: &Path, bytes: &'f [u8], map: &Map, fields: &[&str]) -> Result<Foreign<'f>> {
    let file = SafeTensors::deserialize(bytes)
        .map_err(|e| Error::file(path, format!("is no whole safetensors file: {e}")))?;
    let mut names: Vec<String> = file.names().into_iter().map(ToString::to_string).collect();
    names.sort_unstable();
    refuse(path, &names, map, fields)?;
    let mut foreign = Foreign {
        path: path.to_path_buf(),
        layout: PYTORCH,
        tensors: BTreeMap::new(),
        others: Vec::new(),
        skipped: Vec::new(),
        unknown_rows: true,
    };
    let mut matches = Vec::new();
    for theirs in names {
        let of = |pattern: &str| captured(pattern, &theirs, fields);
        if map.ignored.keys().any(|pattern| of(pattern).is_some()) {
            foreign.skipped.push(theirs);
            continue;
        }
        let before = matches.len();
        for (ours, rule) in &map.tensors {
            if let Some(captured) = rule.from.as_deref().and_then(of) {
                let theirs = theirs.clone();
                matches.push(Match {
                    ours,
                    rule,
                    theirs,
                    captured,
                });
            }
        }
        if matches.len() == before {
            let shape = file.tensor(&theirs).map(|view| view.shape().to_vec());
            foreign
                .others
                .push(format!("`{theirs}` {:?}", shape.unwrap_or_default()));
        }
    }
    let layers = layers(&matches);
    for found in &matches {
        let name = found.name(&layers);
        let view = file.tensor(&found.theirs);
        let view = view.map_err(|e| Error::file(path, format!("`{}`: {e}", found.theirs)))?;
        let tensor = tensor(path, &found.theirs, view, found.rule.transpose)?;
        let tensor = match table_of(&name) {
            Some(table) if table != name => with_unknown(tensor, map.table),
            _ => tensor,
        };
        foreign.add(name, tensor)?;
    }
    cut(&mut foreign, &matches, &layers, fields.len());
    fill(&mut foreign, map);
    Ok(foreign)
}

/// Refuses what no model of ours has.
fn refuse(path: &Path, names: &[String], map: &Map, fields: &[&str]) -> Result<()> {
    let mut reasons = BTreeMap::<&str, Vec<String>>::new();
    for name in names {
        for (pattern, reason) in &map.refused {
            if captured(pattern, name, fields).is_some() {
                reasons.entry(reason).or_default().push(format!("`{name}`"));
            }
        }
    }
    let told: Vec<String> = reasons
        .iter()
        .map(|(reason, names)| format!("{}: {reason}", listed(names, ", ")))
        .collect();
    match told.is_empty() {
        true => Ok(()),
        false => {
            let what = format!("is no model that can be imported: {}", told.join("; "));
            Err(Error::file(path, what))
        }
    }
}

/// The numbers of layers of each kind (what comes before `{layer}` in our name), in their order: a model may leave some out.
fn layers<'m>(matches: &[Match<'m>]) -> BTreeMap<&'m str, BTreeSet<u64>> {
    let mut layers = BTreeMap::<&str, BTreeSet<u64>>::new();
    for found in matches {
        if let Some(layer) = found.captured.layer {
            layers.entry(found.kind()).or_default().insert(layer);
        }
    }
    layers
}

impl<'m> Match<'m> {
    fn kind(&self) -> &'m str {
        self.ours
            .split_once("{layer}")
            .map_or(self.ours, |(kind, _)| kind)
    }

    /// Our name of it.
    fn name(&self, layers: &BTreeMap<&str, BTreeSet<u64>>) -> String {
        let of = layers.get(self.kind());
        let (Some(layer), Some(of)) = (self.captured.layer, of) else {
            return filled(self.ours, &self.captured, 0);
        };
        match &self.rule.last {
            Some(last) if of.last() == Some(&layer) => last.clone(),
            _ => filled(self.ours, &self.captured, of.range(..layer).count()),
        }
    }
}

/// A tensor of the file, transposed when it is to be.
fn tensor<'f>(
    path: &Path,
    name: &str,
    view: TensorView<'f>,
    transpose: bool,
) -> Result<Tensor<'f>> {
    if view.dtype() != Dtype::F32 {
        let what = format!(
            "tensor `{name}`: expected F32, got {:?}: save the model after `.float()`",
            view.dtype()
        );
        return Err(Error::file(path, what));
    }
    let mut shape = view.shape().to_vec();
    let columns = match (transpose, &shape[..]) {
        (true, &[_, columns]) => columns,
        _ => 0,
    };
    if columns > 0 {
        shape.reverse();
    }
    let bytes: &'f [u8] = view.data();
    Ok(Tensor::new(name.to_owned(), shape, move || {
        let numbers = bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b));
        let numbers: Vec<f32> = numbers.collect();
        if columns == 0 {
            return Ok(numbers);
        }
        let column = |at: usize| numbers[at..].iter().step_by(columns).copied();
        Ok((0..columns).flat_map(column).collect())
    }))
}

/// A field's table with the row for unknown values first, as ours are.
fn with_unknown(tensor: Tensor<'_>, rows: TableRows) -> Tensor<'_> {
    let &[count, dim] = &tensor.shape[..] else {
        return tensor;
    };
    let TableRows {
        first,
        last,
        unknown,
    } = rows;
    let Some(own) = count.checked_sub(first.saturating_add(last)) else {
        return tensor;
    };
    let at = match unknown {
        Unknown::First if first > 0 => Some(0),
        Unknown::Last if last > 0 => count.checked_sub(1),
        _ => None,
    };
    tensor.changed(vec![own + 1, dim], move |numbers| {
        let row = at.map_or(vec![0.0; dim], |row| numbers[row * dim..][..dim].to_vec());
        [&row[..], &numbers[first * dim..][..own * dim]].concat()
    })
}

/// Cuts weights on several outputs into those of each.
fn cut(
    foreign: &mut Foreign<'_>,
    matches: &[Match<'_>],
    layers: &BTreeMap<&str, BTreeSet<u64>>,
    fields: usize,
) {
    let query = foreign.tensors.get("interacting.0.query");
    let width = query.and_then(|tensor| tensor.shape.last().copied());
    let flat = width.unwrap_or(0).saturating_mul(fields);
    for found in matches {
        let Some(part) = found.rule.rows else {
            continue;
        };
        let name = found.name(layers);
        let Some(tensor) = foreign.tensors.remove(&name) else {
            continue;
        };
        let &[rows, columns] = &tensor.shape[..] else {
            foreign.tensors.insert(name, tensor);
            continue;
        };
        let range = match part {
            Part::Interacting => 0..flat.min(rows),
            Part::Mlp => flat.min(rows)..rows,
        };
        // A model without a perceptron has no rows for one.
        if part == Part::Interacting || !range.is_empty() {
            let cells = range.start * columns..range.end * columns;
            let shape = vec![range.len(), columns];
            let cut = tensor.changed(shape, move |numbers| numbers[cells.clone()].to_vec());
            foreign.tensors.insert(name, cut);
        }
    }
}

/// Adds what the file leaves out because it is always the same.
fn fill(foreign: &mut Foreign<'_>, map: &Map) {
    for (ours, rule) in &map.tensors {
        match rule.missing {
            Some(Missing::Zero) if !foreign.tensors.contains_key(ours) => {
                // Only beside its weights.
                let weights = ours.replace(".bias", ".weight");
                if foreign.tensors.contains_key(&weights) {
                    let zero = Tensor::new("none".into(), vec![1], || Ok(vec![0.0]));
                    foreign.tensors.insert(ours.clone(), zero);
                }
            }
            Some(Missing::Identity) => identities(foreign, ours),
            _ => {}
        }
    }
}

/// The identity for every layer without this tensor whose input is as wide as its output.
fn identities(foreign: &mut Foreign<'_>, ours: &str) {
    for layer in 0.. {
        let own = |pattern: &str| pattern.replace("{layer}", &layer.to_string());
        let query = own("interacting.{layer}.query");
        let Some(&[rows, columns]) = foreign.tensors.get(&query).map(|t| &t.shape[..]) else {
            break;
        };
        let name = own(ours);
        if rows == columns && !foreign.tensors.contains_key(&name) {
            let cell = move |cell: usize| f32::from(u8::from(cell / rows == cell % rows));
            let numbers = move || Ok((0..rows * rows).map(cell).collect());
            let tensor = Tensor::new("the identity".into(), vec![rows, rows], numbers);
            foreign.tensors.insert(name, tensor);
        }
    }
}
