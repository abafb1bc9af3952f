//! Weights as `safetensors`: dense parameters by name, embedding tables split by field (`embedding.user_id`).

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::autograd::{Layout, Parameters};
use crate::data::schema::Schema;
use crate::error::{Error, Result};

/// A tensor's name, shape and where its numbers lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    pub name: String,
    pub shape: Vec<usize>,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// From this place of the flat vector on.
    Dense(usize),
    /// From this place of the buffers on.
    Buffer(usize),
    /// From this place of a table on.
    Table(usize, usize),
}

impl Tensor {
    /// How many numbers it holds.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its numbers among all of them, row-major.
    pub fn values<'p>(&self, parameters: &'p Parameters) -> &'p [f32] {
        match self.place {
            Place::Dense(start) => &parameters.dense[start..start + self.len()],
            Place::Buffer(start) => &parameters.buffers[start..start + self.len()],
            Place::Table(table, start) => &parameters.tables[table][start..start + self.len()],
        }
    }

    /// The same, to be changed.
    pub fn of_mut<'p>(&self, parameters: &'p mut Parameters) -> &'p mut [f32] {
        match self.place {
            Place::Dense(start) => &mut parameters.dense[start..start + self.len()],
            Place::Buffer(start) => &mut parameters.buffers[start..start + self.len()],
            Place::Table(table, start) => &mut parameters.tables[table][start..start + self.len()],
        }
    }
}

/// All tensors of a model, tables first.
pub fn tensors(layout: &Layout, schema: &Schema) -> Vec<Tensor> {
    let offsets = schema.offsets();
    let mut all = Vec::new();
    for (number, table) in layout.tables.iter().enumerate() {
        for (field, rows) in schema.fields.iter().zip(offsets.windows(2)) {
            all.push(Tensor {
                name: format!("{}.{}", table.name, field.name),
                shape: vec![rows[1] - rows[0], table.dim],
                place: Place::Table(number, rows[0] * table.dim),
            });
        }
    }
    let spans = layout
        .dense
        .iter()
        .map(|d| (d, Place::Dense(d.param.range.start)));
    let buffers = layout
        .buffers
        .iter()
        .map(|d| (d, Place::Buffer(d.param.range.start)));
    for (spec, place) in spans.chain(buffers) {
        all.push(Tensor {
            name: spec.name.clone(),
            shape: spec.param.shape.clone(),
            place,
        });
    }
    all
}

/// The file's bytes. The same weights give the same bytes.
///
/// # Errors
/// When the format cannot hold them.
pub fn to_bytes(layout: &Layout, schema: &Schema, parameters: &Parameters) -> Result<Vec<u8>> {
    let fail = |e: safetensors::SafeTensorError| {
        Error::Data(format!("the weights cannot be written: {e}"))
    };
    let all: BTreeMap<String, (Vec<usize>, Vec<u8>)> = tensors(layout, schema)
        .into_iter()
        .map(|t| {
            let bytes = t
                .values(parameters)
                .iter()
                .flat_map(|x| x.to_le_bytes())
                .collect();
            (t.name, (t.shape, bytes))
        })
        .collect();
    let mut views = BTreeMap::new();
    for (name, (shape, bytes)) in &all {
        views.insert(
            name,
            TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(fail)?,
        );
    }
    safetensors::serialize(views, None).map_err(fail)
}

/// Reads weights back.
///
/// # Errors
/// When the file is damaged, or a tensor is missing, unknown, of another type or shape, or not finite: by its name.
pub fn from_bytes(
    layout: &Layout,
    schema: &Schema,
    bytes: &[u8],
    path: &Path,
) -> Result<Parameters> {
    let file = SafeTensors::deserialize(bytes)
        .map_err(|e| Error::file(path, format!("not a whole safetensors file: {e}")))?;
    let wanted = tensors(layout, schema);
    if let Some(extra) = file
        .names()
        .into_iter()
        .find(|n| wanted.iter().all(|t| t.name != **n))
    {
        let what = format!("tensor `{extra}` does not belong to this model");
        return Err(Error::file(path, what));
    }
    // All views before any memory is taken for them: a configuration may ask for more than the file can hold.
    let views = wanted
        .iter()
        .map(|tensor| view(&file, tensor, path))
        .collect::<Result<Vec<_>>>()?;
    let mut parameters = Parameters::zeros(layout);
    for (tensor, view) in wanted.iter().zip(views) {
        let numbers = view.data().chunks_exact(4);
        for (to, from) in tensor.of_mut(&mut parameters).iter_mut().zip(numbers) {
            *to = f32::from_le_bytes([from[0], from[1], from[2], from[3]]);
        }
        if tensor.values(&parameters).iter().any(|x| !x.is_finite()) {
            let what = format!("tensor `{}` holds a number that is not finite", tensor.name);
            return Err(Error::file(path, what));
        }
    }
    Ok(parameters)
}

/// The tensor of a file, of the type and shape that are wanted.
fn view<'f>(file: &SafeTensors<'f>, wanted: &Tensor, path: &Path) -> Result<TensorView<'f>> {
    let name = &wanted.name;
    let view = file
        .tensor(name)
        .map_err(|_| Error::file(path, format!("tensor `{name}` is missing")))?;
    if view.dtype() != Dtype::F32 || view.shape() != wanted.shape {
        let (dtype, shape) = (view.dtype(), view.shape());
        let what = format!(
            "tensor `{name}`: expected F32 {:?}, got {dtype:?} {shape:?}",
            wanted.shape
        );
        return Err(Error::file(path, what));
    }
    Ok(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::movielens::protocols;
    use crate::data::source::Source;
    use crate::data::store::Target;
    use crate::model::build;
    use crate::settings::Settings;

    fn example(preset_name: &str) -> (Layout, Schema, Parameters) {
        let source = Source::Synthetic { rows: Some(40) };
        let protocol = protocols::named("paper").unwrap();
        let data = source.encode(Some(&protocol), Target::Anywhere).unwrap();
        let config = Settings::preset(preset_name).unwrap().model;
        let model = build(&config, &data.schema().offsets()).unwrap();
        let layout = model.tape.layout().clone();
        let parameters = Parameters::initialise(&layout, 3);
        (layout, data.schema().clone(), parameters)
    }

    #[test]
    fn weights_survive_the_way_through_their_file() {
        let (layout, schema, parameters) = example("autoint");
        let bytes = to_bytes(&layout, &schema, &parameters).unwrap();
        let read = from_bytes(&layout, &schema, &bytes, Path::new("w")).unwrap();
        assert_eq!(read, parameters);
        assert_eq!(to_bytes(&layout, &schema, &read).unwrap(), bytes);
        let all = tensors(&layout, &schema);
        assert_eq!(all.iter().map(Tensor::len).sum::<usize>(), layout.len());
        let names: Vec<_> = all.iter().map(|t| t.name.as_str()).collect();
        assert!(names.contains(&"embedding.genres") && names.contains(&"linear.zip"));
    }

    #[test]
    fn weights_of_another_model_or_damaged_ones_are_refused_by_name() {
        let (layout, schema, mut parameters) = example("autoint");
        let refused = |bytes: &[u8]| {
            let error = from_bytes(&layout, &schema, bytes, Path::new("w"));
            error.unwrap_err().to_string()
        };
        let (other_layout, _, other) = example("paper");
        let other = to_bytes(&other_layout, &schema, &other).unwrap();
        assert!(refused(&other).contains("tensor `interacting.2."));
        let bytes = to_bytes(&layout, &schema, &parameters).unwrap();
        for end in [0, 4, 100, bytes.len() - 1] {
            assert!(refused(&bytes[..end]).contains("not a whole"), "{end}");
        }
        parameters.dense[0] = f32::NAN;
        let bytes = to_bytes(&layout, &schema, &parameters).unwrap();
        assert!(refused(&bytes).contains("not finite"));
    }
}
