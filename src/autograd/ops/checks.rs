//! The gradient check is checked itself: every op of this folder has a case here, the case passes, and it fails as soon as the
//! op's backward is broken.
//!
//! (Random shapes and values are the business of `tests/gradient_check.rs`; here one case an op is enough.)

use super::batch_norm::Norm;
use super::interacting::{Fused, Projection};
use crate::autograd::batch_op::BatchOp;
use crate::autograd::check::Check;
use crate::autograd::kind::OpKind;
use crate::autograd::layout::{Param, TableSpec};
use crate::autograd::op::{BLOCK, Backward, Definition, Forward, Op, unit_and_row};
use crate::autograd::{Init, Parameters, Role, Tape, Var};
use crate::data::batch::{Batch, FieldBatch};
use crate::error::Result;
use crate::kernels::dropout::{Draw, uniform};
use crate::simd::Isa;

/// What `tests/gradient_check.rs` allows.
const TOLERANCE: f64 = 2e-4;
/// More than a block, in a shard of two.
const ROWS: usize = BLOCK + 2;
const SHARD: usize = 2 * BLOCK;

/// Records an op on leaves of its own and gives its result.
type Recorder = fn(&mut Tape) -> Result<Var>;

/// One entry a file of this folder (a leaf has no gradient to get wrong).
const CASES: [(&str, Recorder); 18] = [
    ("add", |t| {
        let (a, b) = (t.input(&[3]), t.input(&[3]));
        t.add(&a, &b)
    }),
    ("add_bias", |t| {
        let x = t.input(&[3]);
        let bias = t.parameter("bias", &[3], Init::GlorotUniform, Role::Bias)?;
        t.add_bias(&x, &bias)
    }),
    ("batch_norm", |t| {
        let x = t.input(&[3]);
        let norm = Norm {
            gain: t.parameter("gain", &[3], Init::GlorotUniform, Role::Norm)?,
            bias: t.parameter("bias", &[3], Init::GlorotUniform, Role::Bias)?,
            mean: t.buffer("mean", &[3], Init::Constant(0.0))?,
            variance: t.buffer("variance", &[3], Init::Constant(1.0))?,
            epsilon: 1e-3,
            momentum: 0.99,
        };
        t.batch_norm(&x, norm)
    }),
    ("bce", |t| {
        let x = t.input(&[1]);
        t.bce(&x)
    }),
    ("cin", |t| {
        let (x, x0) = (t.input(&[3, 2]), t.input(&[4, 3]));
        let weight = t.parameter("weight", &[8, 3], Init::GlorotUniform, Role::Kernel)?;
        t.cin(Some(&x), &x0, &weight)
    }),
    ("dropout", |t| {
        let x = t.input(&[9]);
        Ok(t.dropout(&x, 0.4))
    }),
    ("einsum", |t| {
        let (q, k) = (t.input(&[3, 2, 2]), t.input(&[4, 2, 2]));
        t.einsum("i h c, j h c -> h i j", &q, &k)
    }),
    ("embedding", |t| {
        let init = Init::Normal { deviation: 1.0 };
        let table = t.table(TableSpec {
            name: "e".into(),
            rows: 4,
            dim: 2,
            init,
            field_starts: vec![],
        });
        t.embedding(table, 2)
    }),
    ("fm", |t| {
        let x = t.input(&[3, 2]);
        t.fm(&x)
    }),
    ("gate", |t| {
        let x = t.input(&[3, 2]);
        let gate = t.parameter("gate", &[3], Init::GlorotUniform, Role::Norm)?;
        t.gate(&x, &gate)
    }),
    ("interacting", |t| {
        let x = t.input(&[3, 2]);
        let mut projection = |name| -> Result<Projection> {
            Ok(Projection {
                weight: t.parameter(name, &[2, 4], Init::GlorotUniform, Role::Kernel)?,
                bias: None,
            })
        };
        let projections = [
            projection("q")?,
            projection("k")?,
            projection("v")?,
            projection("r")?,
        ];
        let layer = Fused {
            projections,
            heads: 2,
            scale: 0.7,
            projection_relu: false,
            dropout: 0.0,
        };
        Ok(t.interacting(&x, layer)?.0)
    }),
    ("layer_norm", |t| {
        let x = t.input(&[2, 4]);
        let gain = t.parameter("gain", &[4], Init::GlorotUniform, Role::Norm)?;
        let bias = t.parameter("bias", &[4], Init::GlorotUniform, Role::Bias)?;
        t.layer_norm(&x, &gain, &bias, 1e-3)
    }),
    ("linear", |t| {
        let x = t.input(&[2, 3]);
        let weight = t.parameter("weight", &[3, 4], Init::GlorotUniform, Role::Kernel)?;
        let bias: Param = t.parameter("bias", &[4], Init::GlorotUniform, Role::Bias)?;
        t.linear(&x, &weight, Some(&bias))
    }),
    ("multiply_add", |t| {
        let (a, b, c) = (t.input(&[3]), t.input(&[3]), t.input(&[3]));
        t.multiply_add(&a, &b, &c)
    }),
    ("relu", |t| {
        let x = t.input(&[9]);
        Ok(t.relu(&x))
    }),
    ("scale", |t| {
        let x = t.input(&[3]);
        Ok(t.scale(&x, -1.3))
    }),
    ("softmax", |t| {
        let x = t.input(&[2, 4]);
        t.softmax(&x)
    }),
    ("sum", |t| {
        let x = t.input(&[4]);
        Ok(t.sum(&x))
    }),
];

/// How a backward pass is broken.
#[derive(Debug, Clone, Copy)]
enum Mutation {
    /// Every gradient is one percent too large.
    Scaled,
    /// Every gradient has the wrong sign.
    Negated,
    /// Nothing flows back: what a fused op without backward does.
    Forgotten,
}

/// An op whose backward pass is broken.
#[derive(Debug)]
struct Mutant(Box<dyn Op>, Mutation);

impl Op for Mutant {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn kind(&self) -> OpKind<'_> {
        self.0.kind()
    }

    fn saved_units(&self) -> usize {
        self.0.saved_units()
    }

    fn scratch_units(&self) -> usize {
        self.0.scratch_units()
    }

    fn forward(&self, f: &mut Forward<'_>) {
        self.0.forward(f);
    }

    fn backward(&self, b: &mut Backward<'_>) {
        let factor = match self.1 {
            Mutation::Scaled => 1.01,
            Mutation::Negated => -1.0,
            Mutation::Forgotten => return,
        };
        let wrong: Vec<f32> = b.d_out.iter().map(|d| factor * d).collect();
        self.0.backward(&mut Backward {
            d_out: &wrong,
            d_operands: b.d_operands.reborrow(),
            scratch: b.scratch,
            d_dense: b.d_dense,
            d_samples: b.d_samples,
            ..*b
        });
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        self.0.definition(r)
    }

    fn batch_op(&self) -> Option<&dyn BatchOp> {
        self.0.batch_op()
    }
}

/// The worst error of a case, its op broken or not.
fn worst(recorder: Recorder, mutation: Option<Mutation>) -> f64 {
    let mut tape = Tape::new();
    let result = recorder(&mut tape).unwrap();
    if let Some(mutation) = mutation {
        let last = tape.nodes().len() - 1;
        tape.replace_op(last, |op| Box::new(Mutant(op, mutation)));
    }
    let inputs = tape.nodes().iter().filter(|n| n.op.name() == "input");
    let leaves = inputs.map(|n| n.result.clone()).collect::<Vec<Var>>();
    let noise = |n: usize, salt: u32| -> Vec<f32> {
        (0..n as u32)
            .map(|i| 2.0 * uniform(1, salt, i) - 1.0)
            .collect()
    };
    let units = result.units().len();
    let mut cotangent = noise(units * SHARD, 99);
    for (at, c) in cotangent.iter_mut().enumerate() {
        let (_, row) = unit_and_row(units, at);
        *c = if row < ROWS { *c } else { 0.0 };
    }
    let ids = |from: u32| FieldBatch::One {
        ids: (0..ROWS as u32).map(|row| from + row % 3 % 2).collect(),
    };
    let batch = Batch {
        rows: ROWS,
        fields: vec![ids(0), ids(2)],
        labels: (0..ROWS).map(|row| (row % 2) as f32).collect(),
        weights: vec![],
    };
    let parameters = Parameters::initialise(tape.layout(), 3);
    let with_values = leaves.into_iter().enumerate().map(|(i, leaf)| {
        let values = noise(leaf.units().len() * SHARD, i as u32);
        (leaf, values)
    });
    let check = Check {
        leaves: with_values.collect(),
        tape: &tape,
        result: &result,
        parameters: &parameters,
        batch: &batch,
        rows: SHARD,
        draw: Some(Draw { seed: 1, step: 1 }),
        cotangent: &cotangent,
    };
    check.run(Isa::choose().unwrap()).worst()
}

#[test]
fn every_op_has_a_case() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/autograd/ops");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".rs").map(str::to_owned))
        .filter(|name| !["mod", "checks", "input"].contains(&name.as_str()))
        .collect();
    files.sort();
    let cases: Vec<&str> = CASES.iter().map(|(name, _)| *name).collect();
    assert_eq!(files, cases);
    for (name, recorder) in CASES {
        let mut tape = Tape::new();
        recorder(&mut tape).unwrap();
        assert_eq!(tape.nodes().last().unwrap().op.name(), name);
    }
}

#[test]
fn the_check_passes_every_op_and_fails_every_broken_one() {
    for (name, recorder) in CASES {
        let error = worst(recorder, None);
        assert!(error < TOLERANCE, "{name}: {error}");
        for mutation in [Mutation::Scaled, Mutation::Negated, Mutation::Forgotten] {
            let error = worst(recorder, Some(mutation));
            assert!(
                error > 10.0 * TOLERANCE,
                "{name} with its gradient {mutation:?} passes: {error}"
            );
        }
    }
}
