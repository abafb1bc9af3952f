//! Weights as `safetensors`: dense parameters by name, embedding tables split by field (`embedding.user_id`), these also in fewer bits
//! ([`super::precision`]): BF16, or I8 with the rows' scales beside them (`embedding.user_id.scale`).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::precision::{Tables, from_bf16, from_int8, to_bf16, to_int8};
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

/// What a tensor's row has one of when its numbers are bytes: the tensor of this name and end.
const SCALE: &str = ".scale";

/// A tensor as a file has it.
struct Stored {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Tensor {
    /// The tensor as it is kept, and of bytes the rows' scales.
    fn stored(&self, parameters: &Parameters, tables: Tables) -> Vec<Stored> {
        let values = self.values(parameters);
        let of = |name: String, dtype, shape: &[usize], bytes| Stored {
            name,
            dtype,
            shape: shape.to_vec(),
            bytes,
        };
        let whole = |values: &[f32]| values.iter().flat_map(|x| x.to_le_bytes()).collect();
        let name = self.name.clone();
        // A scale a row would take more than the bytes save.
        let tables = match tables {
            Tables::Int8 if self.shape.last().is_none_or(|&width| width < 4) => Tables::F32,
            tables => tables,
        };
        match (&self.place, tables) {
            (Place::Table(..), Tables::Bf16) => {
                let bytes = values.iter().flat_map(|&x| to_bf16(x).to_le_bytes());
                vec![of(name, Dtype::BF16, &self.shape, bytes.collect())]
            }
            (Place::Table(..), Tables::Int8) => {
                let rows = values.chunks(self.shape[1].max(1)).map(to_int8);
                let (bytes, scales): (Vec<Vec<i8>>, Vec<f32>) = rows.unzip();
                let bytes = bytes.concat().into_iter().map(|byte| byte as u8);
                let scale = format!("{name}{SCALE}");
                vec![
                    of(name, Dtype::I8, &self.shape, bytes.collect()),
                    of(scale, Dtype::F32, &self.shape[..1], whole(&scales)),
                ]
            }
            _ => vec![of(name, Dtype::F32, &self.shape, whole(values))],
        }
    }
}

/// The file's bytes, `about` in its header. The same weights give the same bytes.
///
/// # Errors
/// When the format cannot hold them.
pub fn to_bytes(
    layout: &Layout,
    schema: &Schema,
    parameters: &Parameters,
    tables: Tables,
    about: Option<HashMap<String, String>>,
) -> Result<Vec<u8>> {
    let wrong = |what: String| Error::Data(format!("the weights cannot be written: {what}"));
    let all = tensors(layout, schema).into_iter();
    let all: Vec<Stored> = all.flat_map(|t| t.stored(parameters, tables)).collect();
    let mut views = BTreeMap::new();
    for Stored {
        name,
        dtype,
        shape,
        bytes,
    } in &all
    {
        let view =
            TensorView::new(*dtype, shape.clone(), bytes).map_err(|e| wrong(e.to_string()))?;
        if views.insert(name.as_str(), view).is_some() {
            return Err(wrong(format!(
                "two tensors have the name `{name}`: rename the field"
            )));
        }
    }
    safetensors::serialize(views, about).map_err(|e| wrong(e.to_string()))
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
    let known: HashSet<&str> = wanted.iter().map(|tensor| tensor.name.as_str()).collect();
    let is_scale = |name: &str| {
        let scaled = name
            .strip_suffix(SCALE)
            .filter(|scaled| known.contains(scaled));
        let scaled = scaled.and_then(|scaled| file.tensor(scaled).ok());
        scaled.is_some_and(|scaled| scaled.dtype() == Dtype::I8)
    };
    let mut names = file.names().into_iter();
    if let Some(extra) = names.find(|name| !known.contains(*name) && !is_scale(name)) {
        let what = format!("tensor `{extra}` does not belong to this model");
        return Err(Error::file(path, what));
    }
    // All views before any memory is taken for them: a configuration may ask for more than the file can hold.
    let views = wanted.iter().map(|tensor| Kept::of(&file, tensor, path));
    let views = views.collect::<Result<Vec<_>>>()?;
    let mut parameters = Parameters::zeros(layout);
    for (tensor, kept) in wanted.iter().zip(views) {
        kept.read(
            tensor.of_mut(&mut parameters),
            tensor.shape.last().copied().unwrap_or(1),
        );
        if tensor.values(&parameters).iter().any(|x| !x.is_finite()) {
            let what = format!("tensor `{}` holds a number that is not finite", tensor.name);
            return Err(Error::file(path, what));
        }
    }
    Ok(parameters)
}

/// A tensor of a file.
enum Kept<'f> {
    F32(TensorView<'f>),
    Bf16(TensorView<'f>),
    /// Bytes, and the rows' scales.
    Int8(TensorView<'f>, TensorView<'f>),
}

impl<'f> Kept<'f> {
    /// The tensor of the shape that is wanted; of a table also in fewer bits.
    fn of(file: &SafeTensors<'f>, wanted: &Tensor, path: &Path) -> Result<Kept<'f>> {
        let get = |name: &str, shape: &[usize]| {
            let missing = |_| Error::file(path, format!("tensor `{name}` is missing"));
            let view = file.tensor(name).map_err(missing)?;
            match view.shape() == shape {
                true => Ok(view),
                false => Err(strange(path, name, &view, shape)),
            }
        };
        let (name, shape) = (&wanted.name, &wanted.shape[..]);
        let view = get(name, shape)?;
        match (&wanted.place, view.dtype()) {
            (_, Dtype::F32) => Ok(Kept::F32(view)),
            (Place::Table(..), Dtype::BF16) => Ok(Kept::Bf16(view)),
            (Place::Table(..), Dtype::I8) => {
                let name = format!("{name}{SCALE}");
                let scale = get(&name, &shape[..1])?;
                match scale.dtype() {
                    Dtype::F32 => Ok(Kept::Int8(view, scale)),
                    _ => Err(strange(path, &name, &scale, &shape[..1])),
                }
            }
            _ => Err(strange(path, name, &view, shape)),
        }
    }

    /// Its numbers, in rows of `width`.
    fn read(&self, to: &mut [f32], width: usize) {
        match self {
            Kept::F32(view) => {
                for (to, x) in to.iter_mut().zip(view.data().as_chunks().0) {
                    *to = f32::from_le_bytes(*x);
                }
            }
            Kept::Bf16(view) => {
                for (to, x) in to.iter_mut().zip(view.data().as_chunks().0) {
                    *to = from_bf16(u16::from_le_bytes(*x));
                }
            }
            Kept::Int8(view, scales) => {
                let width = width.max(1);
                let rows = to.chunks_mut(width).zip(view.data().chunks(width));
                for ((to, bytes), scale) in rows.zip(scales.data().as_chunks().0) {
                    let scale = f32::from_le_bytes(*scale);
                    for (to, &byte) in to.iter_mut().zip(bytes) {
                        *to = from_int8(byte as i8, scale);
                    }
                }
            }
        }
    }
}

fn strange(path: &Path, name: &str, view: &TensorView<'_>, shape: &[usize]) -> Error {
    let (dtype, found) = (view.dtype(), view.shape());
    let what = format!("tensor `{name}`: expected F32 {shape:?}, got {dtype:?} {found:?}");
    Error::file(path, what)
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

    fn whole(layout: &Layout, schema: &Schema, parameters: &Parameters) -> Vec<u8> {
        to_bytes(layout, schema, parameters, Tables::F32, None).unwrap()
    }

    /// Tables in fewer bits are near what they were, the others are as they were, and writing them once more changes nothing.
    #[test]
    fn tables_in_fewer_bits_are_read_back() {
        let (layout, schema, parameters) = example("autoint");
        let long = whole(&layout, &schema, &parameters).len();
        for (tables, most, size) in [(Tables::Bf16, 2e-3, 2), (Tables::Int8, 5e-3, 3)] {
            let bytes = to_bytes(&layout, &schema, &parameters, tables, None).unwrap();
            let read = from_bytes(&layout, &schema, &bytes, Path::new("w")).unwrap();
            assert_eq!(
                (&read.dense, &read.buffers),
                (&parameters.dense, &parameters.buffers)
            );
            let pairs = read
                .tables
                .concat()
                .into_iter()
                .zip(parameters.tables.concat());
            let largest = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(largest > 0.0 && largest < most, "{tables:?}: {largest}");
            let saved = 4 * parameters.tables.concat().len() * (size - 1) / size;
            assert!(long - bytes.len() > saved / 2, "{tables:?}");
            let again = to_bytes(&layout, &schema, &read, tables, None).unwrap();
            let again = from_bytes(&layout, &schema, &again, Path::new("w")).unwrap();
            assert_eq!(again.dense, read.dense);
            let pairs = again.tables.concat().into_iter().zip(read.tables.concat());
            assert!(pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) < 1e-6);
        }
        let bytes = to_bytes(&layout, &schema, &parameters, Tables::Int8, None).unwrap();
        let name = b"embedding.zip.scale";
        let at = bytes
            .windows(name.len())
            .position(|part| part == name)
            .unwrap();
        let mut other = bytes.clone();
        other[at + name.len() - 1] = b'f';
        let error = from_bytes(&layout, &schema, &other, Path::new("w")).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("`embedding.zip.scalf` does not belong"),
            "{error}"
        );
    }

    #[test]
    fn weights_survive_the_way_through_their_file() {
        let (layout, schema, parameters) = example("autoint");
        let bytes = whole(&layout, &schema, &parameters);
        let read = from_bytes(&layout, &schema, &bytes, Path::new("w")).unwrap();
        assert_eq!(read, parameters);
        assert_eq!(whole(&layout, &schema, &read), bytes);
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
        let other = whole(&other_layout, &schema, &other);
        assert!(refused(&other).contains("tensor `interacting.2."));
        let bytes = whole(&layout, &schema, &parameters);
        for end in [0, 4, 100, bytes.len() - 1] {
            assert!(refused(&bytes[..end]).contains("not a whole"), "{end}");
        }
        parameters.dense[0] = f32::NAN;
        let bytes = whole(&layout, &schema, &parameters);
        assert!(refused(&bytes).contains("not finite"));
    }
}
