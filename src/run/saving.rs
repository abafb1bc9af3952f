//! Weights on their way to a `safetensors` file, block by block of rows: tables may be larger than the memory, and lie elsewhere.
//!
//! The format is eight bytes (the length of the header), the header in JSON (of each tensor its type, its shape and where its bytes
//! lie), and the tensors' bytes: the larger types first, then by name. The same weights give the same bytes, whoever keeps them.

use std::collections::HashMap;
use std::io::{self, Write};
use std::ops::Range;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::precision::{Tables, to_int8};
use super::weights::{Place, SCALE, Tensor, tensors};
use crate::autograd::{Layout, Parameters};
use crate::data::schema::Schema;
use crate::error::{Error, Result};
use crate::score::Scorer;
use crate::simd::bf16::to_bf16;

/// Rows of a table that are written at once.
const ROWS: usize = 1 << 15;

/// Where weights come from.
pub trait Weights {
    /// What is not in tables.
    fn dense(&self) -> &Parameters;

    /// Some rows of a table of rows of `dim` numbers.
    fn rows(&self, table: usize, dim: usize, rows: Range<usize>, out: &mut Vec<f32>);
}

impl Weights for Parameters {
    fn dense(&self) -> &Parameters {
        self
    }

    fn rows(&self, table: usize, dim: usize, rows: Range<usize>, out: &mut Vec<f32>) {
        out.clear();
        out.extend_from_slice(&self.tables[table][rows.start * dim..rows.end * dim]);
    }
}

/// Those that it scores with, wherever they lie.
impl Weights for Scorer<'_> {
    fn dense(&self) -> &Parameters {
        self.parameters()
    }

    fn rows(&self, table: usize, _dim: usize, rows: Range<usize>, out: &mut Vec<f32>) {
        self.table_rows(table, rows, out);
    }
}

/// What of a tensor's numbers is written.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// As they are, f32.
    Whole,
    /// The upper two bytes, rounded.
    Bf16,
    /// Each row's numbers over the row's scale.
    Bytes,
    /// The scales of the rows of bytes.
    Scales,
}

/// A tensor as the file has it.
#[derive(Debug)]
struct Stored {
    /// As the file has it.
    name: String,
    form: Form,
    /// The tensor that its numbers are made of.
    of: Tensor,
}

impl Stored {
    /// A tensor, and of bytes also the rows' scales.
    fn of(of: Tensor, tables: Tables) -> Vec<Stored> {
        // A scale a row would take more than the bytes save.
        let narrow = of.shape.last().is_none_or(|&width| width < 4);
        let form = match (&of.place, tables) {
            (Place::Table(..), Tables::Bf16) => Form::Bf16,
            (Place::Table(..), Tables::Int8) if !narrow => Form::Bytes,
            _ => Form::Whole,
        };
        let scales = matches!(form, Form::Bytes).then(|| Stored {
            name: format!("{}{SCALE}", of.name),
            form: Form::Scales,
            of: of.clone(),
        });
        let name = of.name.clone();
        let whole = Stored { name, form, of };
        std::iter::once(whole).chain(scales).collect()
    }

    fn dtype(&self) -> Dtype {
        match self.form {
            Form::Whole | Form::Scales => Dtype::F32,
            Form::Bf16 => Dtype::BF16,
            Form::Bytes => Dtype::I8,
        }
    }

    fn shape(&self) -> &[usize] {
        match self.form {
            Form::Scales => &self.of.shape[..1],
            _ => &self.of.shape,
        }
    }

    fn length(&self) -> usize {
        let numbers: usize = self.shape().iter().product();
        numbers * self.dtype().bitsize() / 8
    }

    /// The bytes of some of its numbers.
    fn bytes(&self, numbers: &[f32], out: &mut Vec<u8>) {
        out.clear();
        let rows = || numbers.chunks(self.of.shape[1].max(1)).map(to_int8);
        match self.form {
            Form::Whole => out.extend(numbers.iter().flat_map(|x| x.to_le_bytes())),
            Form::Bf16 => out.extend(numbers.iter().flat_map(|&x| to_bf16(x).to_le_bytes())),
            Form::Bytes => out.extend(rows().flat_map(|(bytes, _)| bytes).map(|byte| byte as u8)),
            Form::Scales => out.extend(rows().flat_map(|(_, scale)| scale.to_le_bytes())),
        }
    }
}

/// A file of weights, planned.
#[derive(Debug)]
pub struct Plan {
    header: Vec<u8>,
    /// In their order in the file.
    all: Vec<Stored>,
    /// The numbers of a row of each table.
    dims: Vec<usize>,
}

impl Plan {
    /// The file of a model's weights, its tables kept as asked, `about` in its header.
    ///
    /// # Errors
    /// When two tensors have one name.
    pub fn of(
        layout: &Layout,
        schema: &Schema,
        tables: Tables,
        about: Option<HashMap<String, String>>,
    ) -> Result<Plan> {
        let wrong = |what: String| Error::Data(format!("the weights cannot be written: {what}"));
        let all = tensors(layout, schema).into_iter();
        let mut all: Vec<Stored> = all.flat_map(|tensor| Stored::of(tensor, tables)).collect();
        all.sort_by(|a, b| b.dtype().cmp(&a.dtype()).then(a.name.cmp(&b.name)));
        let mut names: Vec<&str> = all.iter().map(|stored| stored.name.as_str()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            let name = twice[0];
            return Err(wrong(format!(
                "two tensors have the name `{name}`: rename the field"
            )));
        }
        let mut end = 0;
        let infos = all.iter().map(|stored| {
            let begin = end;
            end += stored.length();
            let info = TensorInfo {
                dtype: stored.dtype(),
                shape: stored.shape().to_vec(),
                data_offsets: (begin, end),
            };
            (stored.name.clone(), info)
        });
        let metadata = Metadata::new(about, infos.collect()).map_err(|e| wrong(e.to_string()))?;
        let mut header = serde_json::to_vec(&metadata).map_err(|e| wrong(e.to_string()))?;
        // So that numbers lie at multiples of their length.
        header.resize(header.len().next_multiple_of(8), b' ');
        Ok(Plan {
            header,
            all,
            dims: layout.tables.iter().map(|table| table.dim).collect(),
        })
    }

    /// Writes it.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write(&self, weights: &dyn Weights, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&(self.header.len() as u64).to_le_bytes())?;
        out.write_all(&self.header)?;
        let (mut numbers, mut bytes) = (Vec::new(), Vec::new());
        for stored in &self.all {
            let tensor = &stored.of;
            let Place::Table(table, start) = tensor.place else {
                stored.bytes(tensor.values(weights.dense()), &mut bytes);
                out.write_all(&bytes)?;
                continue;
            };
            let dim = self.dims[table];
            let end = start / dim + tensor.shape[0];
            for first in (start / dim..end).step_by(ROWS) {
                weights.rows(table, dim, first..(first + ROWS).min(end), &mut numbers);
                stored.bytes(&numbers, &mut bytes);
                out.write_all(&bytes)?;
            }
        }
        Ok(())
    }
}

/// The file's bytes, see [`Plan`].
///
/// # Errors
/// As [`Plan::of`].
pub fn to_bytes(
    layout: &Layout,
    schema: &Schema,
    parameters: &Parameters,
    tables: Tables,
    about: Option<HashMap<String, String>>,
) -> Result<Vec<u8>> {
    let (plan, mut bytes) = (Plan::of(layout, schema, tables, about)?, Vec::new());
    let written = plan.write(parameters, &mut bytes);
    written.map_err(|e| Error::Data(format!("the weights cannot be written: {e}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use safetensors::tensor::TensorView;

    use super::*;
    use crate::data::movielens::protocols;
    use crate::data::source::Source;
    use crate::data::store::Target;
    use crate::model::build;
    use crate::run::weights::from_bytes;
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

    /// Block by block, the file is what the format's own library writes of whole tensors.
    #[test]
    fn the_bytes_are_those_of_the_library() {
        let (layout, schema, parameters) = example("autoint");
        let all = tensors(&layout, &schema);
        let bytes: Vec<Vec<u8>> = all
            .iter()
            .map(|tensor| {
                tensor
                    .values(&parameters)
                    .iter()
                    .flat_map(|x| x.to_le_bytes())
                    .collect()
            })
            .collect();
        let views: BTreeMap<&str, TensorView<'_>> = all
            .iter()
            .zip(&bytes)
            .map(|(tensor, bytes)| {
                let view = TensorView::new(Dtype::F32, tensor.shape.clone(), bytes);
                (tensor.name.as_str(), view.unwrap())
            })
            .collect();
        let about = HashMap::from([("format".to_owned(), "x".to_owned())]);
        let expected = safetensors::serialize(views, Some(about.clone())).unwrap();
        let found = to_bytes(&layout, &schema, &parameters, Tables::F32, Some(about)).unwrap();
        assert!(found == expected);
    }
}
