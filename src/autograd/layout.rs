//! Where the parameters lie: all dense ones in one flat vector with named spans, embedding tables beside it.

use std::ops::Range;

use ndarray::Array1;
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::{Distribution, Normal, StandardNormal, Uniform};
use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::error::{Error, Result};
use crate::ranks::Owners;
use crate::simd::Aligned;

/// How a parameter starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// All the same.
    Constant(f32),
    /// Normal with mean 0.
    Normal {
        /// The standard deviation.
        deviation: f32,
    },
    /// Normal with mean 0, redrawn beyond two deviations.
    TruncatedNormal {
        /// The standard deviation before the cut.
        deviation: f32,
    },
    /// Uniform in +-sqrt(6 / (fan_in + fan_out)), the fans being the shape's two axes (Glorot & Bengio 2010).
    GlorotUniform,
}

/// What a dense parameter is to its model. Penalties go by it, never by a name. (Embedding tables are kept apart, see
/// [`TableSpec`].)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The matrix of a linear map: of a projection, a cross layer, a filter, an output.
    Kernel,
    /// The matrix of a perceptron's dense layer: where Keras' users put a `kernel_regularizer`.
    DenseKernel,
    /// Added to a linear map.
    Bias,
    /// Gain or bias of a normalisation.
    Norm,
    /// A buffer: followed, not trained.
    Statistic,
}

/// A dense parameter: a span of the flat vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// Where it lies in the flat vector.
    pub range: Range<usize>,
    /// Row-major.
    pub shape: Vec<usize>,
}

/// An embedding table's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableId(pub usize);

/// A dense parameter's entry in the name table.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseSpec {
    /// `scope.name`, in weight files too; no two have the same.
    pub name: String,
    /// Its place and shape.
    pub param: Param,
    /// How it starts.
    pub init: Init,
    /// What penalties go by.
    pub role: Role,
}

impl DenseSpec {
    /// A span right behind `last`.
    fn after(
        last: Option<&DenseSpec>,
        name: &str,
        shape: &[usize],
        init: Init,
        role: Role,
    ) -> DenseSpec {
        let start = last.map_or(0, |d| d.param.range.end);
        DenseSpec {
            name: name.to_owned(),
            param: Param {
                range: start..start + shape.iter().product::<usize>(),
                shape: shape.to_vec(),
            },
            init,
            role,
        }
    }
}

/// An embedding table's entry in the name table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableSpec {
    /// Weight files call it so, field by field.
    pub name: String,
    /// Rows of all fields, one after the other.
    pub rows: usize,
    /// Numbers of a row.
    pub dim: usize,
    /// How its rows start.
    pub init: Init,
    /// The first row of each field, for unknown values: it starts at zero, as training may never touch it.
    pub field_starts: Vec<usize>,
}

/// Names, shapes and places of all parameters.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layout {
    /// The spans of the flat vector, in its order.
    pub dense: Vec<DenseSpec>,
    /// By their [`TableId`].
    pub tables: Vec<TableSpec>,
    /// Numbers that belong to the model and are not trained by gradients: moving averages.
    pub buffers: Vec<DenseSpec>,
}

impl Layout {
    /// Adds a dense parameter after the last one.
    ///
    /// # Errors
    /// When the name is taken or an axis is 0.
    pub fn dense(&mut self, name: &str, shape: &[usize], init: Init, role: Role) -> Result<Param> {
        self.check_new(name, shape)?;
        let spec = DenseSpec::after(self.dense.last(), name, shape, init, role);
        self.dense.push(spec.clone());
        Ok(spec.param)
    }

    /// Adds a buffer after the last one.
    ///
    /// # Errors
    /// When the name is taken or an axis is 0.
    pub fn buffer(&mut self, name: &str, shape: &[usize], init: Init) -> Result<Param> {
        self.check_new(name, shape)?;
        let spec = DenseSpec::after(self.buffers.last(), name, shape, init, Role::Statistic);
        self.buffers.push(spec.clone());
        Ok(spec.param)
    }

    fn check_new(&self, name: &str, shape: &[usize]) -> Result<()> {
        let mut taken = self.dense.iter().chain(&self.buffers);
        if shape.contains(&0) || taken.any(|d| d.name == name) {
            let what = format!("parameter `{name}` of shape {shape:?} is empty or there twice");
            return Err(Error::shape("parameter", what));
        }
        Ok(())
    }

    /// Adds an embedding table.
    pub fn table(&mut self, spec: TableSpec) -> TableId {
        self.tables.push(spec);
        TableId(self.tables.len() - 1)
    }

    /// The same for the share of the tables' rows that this rank keeps.
    pub fn share(&self, owners: Owners) -> Layout {
        let mut share = self.clone();
        for table in &mut share.tables {
            table.rows = owners.rows(table.rows);
            table
                .field_starts
                .retain(|&row| owners.owner(row) == owners.rank());
            for row in &mut table.field_starts {
                *row = owners.place(*row);
            }
        }
        share
    }

    /// The length of the flat vector.
    pub fn dense_len(&self) -> usize {
        self.dense.last().map_or(0, |d| d.param.range.end)
    }

    /// The rows of the largest table. (Tables share ids, so this is how many there are.)
    pub fn table_rows(&self) -> usize {
        self.tables.iter().map(|t| t.rows).max().unwrap_or(0)
    }

    /// The numbers of a row of all tables side by side.
    pub fn table_width(&self) -> usize {
        self.tables.iter().map(|t| t.dim).sum()
    }

    /// The number of all trainable numbers.
    pub fn len(&self) -> usize {
        self.dense_len() + self.tables.iter().map(|t| t.rows * t.dim).sum::<usize>()
    }

    /// Whether there is no parameter.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The values of all parameters of a [`Layout`]. Gradients and optimiser moments are mirrored in the same form.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters {
    /// The flat vector.
    pub dense: Vec<f32>,
    /// One table each, `[rows, dim]` row-major.
    pub tables: Vec<Aligned>,
    /// All buffers, flat.
    pub buffers: Vec<f32>,
}

impl Parameters {
    /// All zero.
    pub fn zeros(layout: &Layout) -> Parameters {
        Parameters {
            dense: vec![0.0; layout.dense_len()],
            tables: layout
                .tables
                .iter()
                .map(|t| Aligned::zeros(t.rows * t.dim))
                .collect(),
            buffers: vec![0.0; layout.buffers.last().map_or(0, |d| d.param.range.end)],
        }
    }

    /// Drawn as each parameter's [`Init`] says. Every parameter has its own stream of the seed, so adding one does not change
    /// the others.
    pub fn initialise(layout: &Layout, seed: u64) -> Parameters {
        Parameters::initialise_share(layout, Owners::ONE, seed)
    }

    /// This rank's share of them: every row of a table is drawn, those of others are dropped.
    pub fn initialise_share(layout: &Layout, owners: Owners, seed: u64) -> Parameters {
        let share = layout.share(owners);
        let mut parameters = Parameters::zeros(&share);
        for (index, spec) in layout.dense.iter().enumerate() {
            let fans = (
                spec.param.shape[0],
                spec.param.shape.get(1).copied().unwrap_or(1),
            );
            let mut stream = ChaCha8Rng::seed_from_u64(seed);
            stream.set_stream(index as u64);
            let values = &mut parameters.dense[spec.param.range.clone()];
            draw(values, spec.init, fans, &mut stream);
        }
        for spec in &layout.buffers {
            // Moving averages start as constants; nothing is drawn for them.
            if let Init::Constant(value) = spec.init {
                parameters.buffers[spec.param.range.clone()].fill(value);
            }
        }
        for (index, spec) in layout.tables.iter().enumerate() {
            let mut stream = ChaCha8Rng::seed_from_u64(seed);
            // Far from the dense parameters' streams.
            stream.set_stream((1 << 32) + index as u64);
            let table = &mut parameters.tables[index];
            draw_rows(spec, owners, &mut stream, table);
            for &row in &share.tables[index].field_starts {
                table[row * spec.dim..(row + 1) * spec.dim].fill(0.0);
            }
        }
        parameters
    }
}

/// Rows of a table that are drawn at once.
const DRAWN_ROWS: usize = 1 << 12;

/// Draws all rows of a table one after the other, and keeps those of this rank.
fn draw_rows(spec: &TableSpec, owners: Owners, stream: &mut ChaCha8Rng, table: &mut [f32]) {
    let dim = spec.dim;
    let mut drawn = vec![0.0; DRAWN_ROWS.min(spec.rows) * dim];
    for first in (0..spec.rows).step_by(DRAWN_ROWS) {
        let end = (first + DRAWN_ROWS).min(spec.rows);
        let drawn = &mut drawn[..(end - first) * dim];
        draw(drawn, spec.init, (spec.rows, dim), stream);
        for id in owners.within(first..end) {
            let row = &drawn[(id - first) * dim..][..dim];
            table[owners.place(id) * dim..][..dim].copy_from_slice(row);
        }
    }
}

fn draw(values: &mut [f32], init: Init, fans: (usize, usize), stream: &mut ChaCha8Rng) {
    let drawn = match init {
        Init::Constant(value) => Array1::from_elem(values.len(), value),
        Init::Normal { deviation } => random(values.len(), Normal::new(0.0, deviation), stream),
        Init::TruncatedNormal { deviation } => {
            Array1::from_shape_fn(values.len(), |_| deviation * within_two(stream))
        }
        Init::GlorotUniform => {
            let limit = (6.0 / (fans.0 + fans.1) as f32).sqrt();
            random(values.len(), Uniform::new_inclusive(-limit, limit), stream)
        }
    };
    for (value, drawn) in values.iter_mut().zip(drawn) {
        *value = drawn;
    }
}

/// `n` numbers from a distribution; zeros when its parameters are not finite, which configuration checks exclude.
fn random<D: Distribution<f32>, E>(
    n: usize,
    distribution: Result<D, E>,
    stream: &mut ChaCha8Rng,
) -> Array1<f32> {
    distribution.map_or_else(|_| Array1::zeros(n), |d| Array1::random_using(n, d, stream))
}

/// A standard normal number, redrawn until it lies within two deviations.
fn within_two(stream: &mut ChaCha8Rng) -> f32 {
    loop {
        let x: f32 = stream.sample(StandardNormal);
        if x.abs() <= 2.0 {
            return x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: &[f32]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        let square = values.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / n;
        (mean, (square - mean * mean).sqrt())
    }

    #[test]
    fn initialisers_have_the_moments_they_promise() {
        let mut layout = Layout::default();
        layout
            .dense(
                "n",
                &[100, 100],
                Init::Normal { deviation: 0.05 },
                Role::Kernel,
            )
            .unwrap();
        layout
            .dense(
                "t",
                &[100, 100],
                Init::TruncatedNormal { deviation: 0.05 },
                Role::Kernel,
            )
            .unwrap();
        layout
            .dense("g", &[100, 200], Init::GlorotUniform, Role::Kernel)
            .unwrap();
        layout
            .dense("c", &[7], Init::Constant(1.0), Role::Kernel)
            .unwrap();
        let p = Parameters::initialise(&layout, 1);
        let of = |i: usize| &p.dense[layout.dense[i].param.range.clone()];
        let (mean, deviation) = moments(of(0));
        assert!(mean.abs() < 0.002 && (deviation - 0.05).abs() < 0.002);
        let (_, deviation) = moments(of(1));
        // A normal cut at two deviations keeps .8796 of its deviation.
        assert!((deviation - 0.05 * 0.8796).abs() < 0.002);
        assert!(of(1).iter().all(|x| x.abs() <= 0.1));
        let limit = (6.0f32 / 300.0).sqrt();
        assert!(of(2).iter().all(|x| x.abs() <= limit));
        assert!((moments(of(2)).1 - f64::from(limit) / 3f64.sqrt()).abs() < 0.002);
        assert!(of(3).iter().all(|&x| x == 1.0));
    }

    #[test]
    fn a_seed_gives_the_same_numbers_and_another_seed_others() {
        let mut layout = Layout::default();
        layout
            .dense("w", &[4, 4], Init::GlorotUniform, Role::Kernel)
            .unwrap();
        layout.table(TableSpec {
            name: "e".into(),
            rows: 5,
            dim: 2,
            init: Init::Normal { deviation: 1.0 },
            field_starts: vec![3],
        });
        let first = Parameters::initialise(&layout, 1);
        assert_eq!(first, Parameters::initialise(&layout, 1));
        assert_ne!(first, Parameters::initialise(&layout, 2));
        assert_eq!(first.tables[0][6..8], [0.0, 0.0]);
        for rank in 0..3 {
            let owners = Owners::of(rank, 3);
            let share = Parameters::initialise_share(&layout, owners, 1);
            assert_eq!(share.dense, first.dense);
            let rows = owners
                .within(0..5)
                .flat_map(|id| &first.tables[0][2 * id..2 * id + 2]);
            assert!(rows.eq(&share.tables[0][..]));
        }
        assert!(first.tables[0][..6].iter().all(|&x| x != 0.0));
    }

    #[test]
    fn a_name_twice_is_refused() {
        let mut layout = Layout::default();
        layout
            .dense("w", &[2], Init::Constant(0.0), Role::Kernel)
            .unwrap();
        assert!(
            layout
                .dense("w", &[2], Init::Constant(0.0), Role::Kernel)
                .is_err()
        );
    }
}
