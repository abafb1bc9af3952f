//! Weights as `safetensors`: dense parameters by name, embedding tables split by field (`embedding.user_id`), these also in fewer bits
//! ([`super::precision`]): BF16, or I8 with the rows' scales beside them (`embedding.user_id.scale`).

use std::collections::HashSet;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::precision::from_int8;
use crate::autograd::{Layout, Parameters};
use crate::data::schema::Schema;
use crate::error::{Error, Result};
use crate::simd::bf16::from_bf16;

/// A tensor's name, shape and where its numbers lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// With its part of the model: `interacting.0.query`, `embedding.user_id`.
    pub name: String,
    /// Row-major; a table's is `[rows of the field, d]`.
    pub shape: Vec<usize>,
    /// Where its first number is among the parameters.
    pub(super) place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
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
pub(super) const SCALE: &str = ".scale";

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
