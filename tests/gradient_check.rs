//! Every op's forward and backward, on every instruction set, against its definition in f64: random shapes, random values,
//! random cotangents.
//!
//! The tolerance is 2e-4 relative (see `relative_error`): f32 keeps 6e-8, and the sums here have up to a few hundred terms
//! whose parts cancel; an error in a formula shows as 1e-2 and more.

use autoint::autograd::check::{Check, Outcome, relative_error};
use autoint::autograd::layout::TableSpec;
use autoint::autograd::op::Shard;
use autoint::autograd::ops::batch_norm::Norm;
use autoint::autograd::workspace::{Replay, ShardGrads, Workspace};
use autoint::autograd::{Init, Parameters, Part, Role, Tape, Var, WeightPairs};
use autoint::data::batch::{Batch, FieldBatch};
use autoint::kernels::dropout::{Draw, uniform};
use autoint::model::config::{HeadConfig, InitConfig, InteractingConfig, Residual};
use autoint::model::parts::interacting::interacting;
use autoint::simd::{Isa, MAX_LANES, Precision, bf16};
use autoint::{Error, Result};
use proptest::prelude::*;

const TOLERANCE: f64 = 2e-4;

/// Noise in -scale..scale, a function of the seed only. Numbers of bf16, so that products are the same in either precision.
fn noise(n: usize, seed: u32, salt: u32, scale: f32) -> Vec<f32> {
    let number = |i| bf16::from_bf16(bf16::to_bf16(scale * (2.0 * uniform(seed, salt, i) - 1.0)));
    (0..n as u32).map(number).collect()
}

/// A recorded op with its leaves.
struct Built {
    tape: Tape,
    leaves: Vec<Var>,
    result: Var,
}

impl Built {
    /// Whether products are made of products, so that in bf16 numbers are rounded that are none of bf16.
    fn rounds_in_between(&self) -> bool {
        let names = || self.tape.nodes().iter().map(|node| node.op.name());
        names().filter(|&name| name == "linear").count() > 1
            || names().any(|name| name == "interacting")
    }
}

/// Records `op` on leaves of the given shapes.
fn built(
    shapes: &[Vec<usize>],
    op: impl FnOnce(&mut Tape, &[Var]) -> Result<Var>,
) -> Result<Built> {
    let mut tape = Tape::new();
    let leaves: Vec<Var> = shapes.iter().map(|s| tape.input(s)).collect();
    let result = op(&mut tape, &leaves)?;
    Ok(Built {
        tape,
        leaves,
        result,
    })
}

/// Three real rows in a shard of sixteen, so that padding rows are there too.
fn compare(
    built: &Built,
    mut batch: Batch,
    seed: u32,
    scale: f32,
    draw: Option<Draw>,
) -> Result<(), TestCaseError> {
    if batch.rows == 0 {
        batch.rows = 3;
    }
    let rows = MAX_LANES;
    let mut parameters = Parameters::initialise(built.tape.layout(), u64::from(seed));
    let dense = parameters.dense.len();
    parameters.dense = noise(dense, seed, 77, scale);
    // A cotangent of zero on the padding rows, as the loss gives it.
    let mut cotangent = noise(built.result.units().len() * rows, seed, 99, 1.0);
    for (i, c) in cotangent.iter_mut().enumerate() {
        if i % rows >= batch.rows {
            *c = 0.0;
        }
    }
    let leaves = built.leaves.iter().enumerate().map(|(i, leaf)| {
        (
            leaf.clone(),
            noise(leaf.units().len() * rows, seed, i as u32, scale),
        )
    });
    let check = Check {
        tape: &built.tape,
        result: &built.result,
        leaves: leaves.collect(),
        parameters: &parameters,
        batch: &batch,
        rows,
        draw,
        cotangent: &cotangent,
    };
    for isa in Isa::available() {
        for precision in Precision::ALL {
            if !precision.is_f32() && built.rounds_in_between() {
                continue;
            }
            let outcome = check.run(isa.with(precision));
            // Proptest bounds the number of rejections.
            prop_assume!(outcome != Outcome::Rejected);
            let of = format!("{} {precision}", isa.name());
            prop_assert!(outcome.worst() < TOLERANCE, "{of}: {outcome:?}");
        }
    }
    Ok(())
}

fn fails(e: Error) -> TestCaseError {
    TestCaseError::fail(e.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_global_rejects: 64, ..ProptestConfig::default() })]

    #[test]
    fn linear((t, k, o) in (1usize..6, 1usize..9, 1usize..10), bias: bool, scale in 0.1f32..3.0, seed: u32) {
        let b = built(&[vec![t, k]], |tape, x| {
            let weight = tape.parameter("weight", &[k, o], Init::Constant(0.0), Role::Kernel)?;
            let bias = bias.then(|| tape.parameter("bias", &[o], Init::Constant(0.0), Role::Bias)).transpose()?;
            tape.linear(&x[0], &weight, bias.as_ref())
        }).map_err(fails)?;
        compare(&b, Batch::default(), seed, scale, None)?;
    }

    #[test]
    fn einsum(which in 0usize..4, (h, i, j, k) in (1usize..4, 1usize..5, 1usize..5, 1usize..5), scale in 0.1f32..3.0, seed: u32) {
        let (spec, a, b) = [
            ("i h k, j h k -> h i j", vec![i, h, k], vec![j, h, k]),
            ("h i j, j h k -> i h k", vec![h, i, j], vec![j, h, k]),
            ("i k, k -> i", vec![i, k], vec![k]),
            ("i j, i j -> j i", vec![i, j], vec![i, j]),
        ][which].clone();
        let b = built(&[a, b], |tape, x| tape.einsum(spec, &x[0], &x[1])).map_err(fails)?;
        compare(&b, Batch::default(), seed, scale, None)?;
    }

    #[test]
    fn einsum_of_a_result_with_itself((i, k) in (1usize..5, 1usize..5), seed: u32) {
        let b = built(&[vec![i, k]], |tape, x| tape.einsum("i k, j k -> i j", &x[0], &x[0])).map_err(fails)?;
        compare(&b, Batch::default(), seed, 1.0, None)?;
    }

    #[test]
    fn softmax((g, n) in (1usize..6, 1usize..12), scale in 0.1f32..20.0, seed: u32) {
        let b = built(&[vec![g, n]], |tape, x| tape.softmax(&x[0])).map_err(fails)?;
        compare(&b, Batch::default(), seed, scale, None)?;
    }

    #[test]
    fn relu_scale_add_and_sum(n in 1usize..40, factor in -3.0f32..3.0, scale in 0.1f32..10.0, seed: u32) {
        let b = built(&[vec![n], vec![n]], |tape, x| {
            let relu = tape.relu(&x[0]);
            let scaled = tape.scale(&relu, factor);
            let added = tape.add(&scaled, &x[1])?;
            Ok(tape.sum(&added))
        }).map_err(fails)?;
        compare(&b, Batch::default(), seed, scale, None)?;
        let b = built(&[vec![n], vec![n]], |tape, x| {
            let relu = tape.relu(&x[0]);
            tape.add(&relu, &x[1])
        }).map_err(fails)?;
        compare(&b, Batch::default(), seed, scale, None)?;
    }

    #[test]
    fn add_bias(n in 1usize..40, scale in 0.1f32..10.0, seed: u32) {
        let b = built(&[vec![n]], |tape, x| {
            let bias = tape.parameter("bias", &[n], Init::Constant(0.0), Role::Bias)?;
            tape.add_bias(&x[0], &bias)
        }).map_err(fails)?;
        compare(&b, Batch::default(), seed, scale, None)?;
    }

    #[test]
    fn fm((f, d) in (1usize..9, 1usize..9), scale in 0.1f32..3.0, seed: u32) {
        let b = built(&[vec![f, d]], |tape, x| tape.fm(&x[0])).map_err(fails)?;
        compare(&b, Batch::default(), seed, scale, None)?;
    }

    /// Also of operands that are one result, as the embeddings are in a first cross layer.
    #[test]
    fn multiply_add(n in 1usize..40, which in 0usize..4, scale in 0.1f32..3.0, seed: u32) {
        let [i, j, k] = [[0, 1, 2], [0, 1, 0], [0, 0, 1], [0, 0, 0]][which];
        let b = built(&[vec![n], vec![n], vec![n]], |tape, x| tape.multiply_add(&x[i], &x[j], &x[k])).map_err(fails)?;
        compare(&b, Batch::default(), seed, scale, None)?;
    }

    /// A first layer and a later one, with more numbers of an embedding than are taken at a time and fewer, and outputs that fill
    /// vectors and do not.
    #[test]
    fn cin((f, d, maps) in (1usize..6, 1usize..7, 1usize..5), o in prop_oneof![1usize..6, 15usize..19], first: bool, scale in 0.1f32..2.0, seed: u32) {
        let maps = if first { f } else { maps };
        let b = built(&[vec![f, d], vec![d, maps]], |tape, x| {
            let weight = tape.parameter("weight", &[maps * f, o], Init::Constant(0.0), Role::Kernel)?;
            tape.cin((!first).then_some(&x[1]), &x[0], &weight)
        }).map_err(fails)?;
        compare(&b, Batch::default(), seed, scale, None)?;
    }

    #[test]
    fn dropout(n in 1usize..40, rate in 0.1f32..0.9, step in 0u32..9, training: bool, seed: u32) {
        let b = built(&[vec![n]], |tape, x| Ok(tape.dropout(&x[0], rate))).map_err(fails)?;
        let draw = training.then_some(Draw { seed: u64::from(seed), step });
        compare(&b, Batch::default(), seed, 1.0, draw)?;
    }

    #[test]
    // Three or four numbers can be so close to each other that f32 loses the gradient's digits with their differences.
    fn layer_norm((t, n) in (1usize..5, 8usize..16), scale in 0.3f32..5.0, seed: u32) {
        let b = built(&[vec![t, n]], |tape, x| {
            let gain = tape.parameter("gain", &[n], Init::Constant(1.0), Role::Norm)?;
            let bias = tape.parameter("bias", &[n], Init::Constant(0.0), Role::Bias)?;
            tape.layer_norm(&x[0], &gain, &bias, 1e-3)
        }).map_err(fails)?;
        compare(&b, Batch::default(), seed, scale, None)?;
    }

    /// In training (the batch's own statistics) and at inference (the moving averages).
    #[test]
    fn batch_norm(n in 1usize..9, rows in 3usize..16, training: bool, scale in 0.3f32..3.0, seed: u32) {
        let b = built(&[vec![n]], |tape, x| {
            let norm = Norm {
                gain: tape.parameter("gain", &[n], Init::Constant(1.0), Role::Norm)?,
                bias: tape.parameter("bias", &[n], Init::Constant(0.0), Role::Bias)?,
                mean: tape.buffer("mean", &[n], Init::Constant(0.2))?,
                variance: tape.buffer("variance", &[n], Init::Constant(0.7))?,
                epsilon: 1e-3,
                momentum: 0.99,
            };
            tape.batch_norm(&x[0], norm)
        }).map_err(fails)?;
        let batch = Batch { rows, ..Batch::default() };
        let draw = training.then_some(Draw { seed: 1, step: 1 });
        compare(&b, batch, seed, scale, draw)?;
    }

    #[test]
    fn bce(scale in 0.1f32..30.0, weighted: bool, seed: u32) {
        let b = built(&[vec![1]], |tape, x| tape.bce(&x[0])).map_err(fails)?;
        let batch = Batch {
            rows: 3,
            labels: vec![0.0, 1.0, 0.3],
            weights: if weighted { vec![1.0, 2.5, 0.5] } else { vec![] },
            ..Batch::default()
        };
        compare(&b, batch, seed, scale, None)?;
    }

    #[test]
    fn embedding(dim in 1usize..9, ids in proptest::collection::vec(0u32..6, 5), value in -2.0f32..2.0, seed: u32) {
        let b = built(&[], |tape, _| {
            let init = Init::Normal { deviation: 1.0 };
            let table = tape.table(TableSpec { name: "e".into(), rows: 10, dim, init, field_starts: vec![] });
            tape.embedding(table, 3)
        }).map_err(fails)?;
        let batch = Batch {
            rows: 3,
            fields: vec![
                FieldBatch::One { ids: ids[..3].to_vec() },
                FieldBatch::Mean { starts: vec![0, 1, 3, 5], ids: ids.clone() },
                FieldBatch::Scaled { ids: vec![8, 9, 9], values: vec![1.0, value, 0.25] },
            ],
            ..Batch::default()
        };
        compare(&b, batch, seed, 1.0, None)?;
    }
}

/// Two layers as a preset would configure them, fused or composed.
fn layers(fields: usize, dim: usize, config: &InteractingConfig, composed: bool) -> Result<Built> {
    let config = InteractingConfig {
        composed,
        ..config.clone()
    };
    built(&[vec![fields, dim]], |tape, x| {
        tape.scope("0");
        let first = interacting(tape, &x[0], &config)?;
        tape.scope("1");
        Ok(interacting(tape, &first.output, &config)?.output)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_global_rejects: 400, ..ProptestConfig::default() })]

    /// Both against the definition (so against each other), with every switch.
    #[test]
    fn interacting_fused_and_composed(
        (fields, dim, heads, head_dim) in (1usize..10, 1usize..6, 1usize..4, 1usize..5),
        (scale_scores, projection_bias, projection_relu) in any::<(bool, bool, bool)>(),
        dropout in prop_oneof![Just(0.0f32), 0.1f32..0.6],
        // Two layers of larger weights saturate the softmax: what is left of its gradient is rounding.
        scale in 0.2f32..0.6,
        seed: u32,
    ) {
        let config = InteractingConfig {
            layers: 2, heads, width: heads * head_dim, per_head: false, scale_scores, projection_bias, projection_relu,
            residual: Residual::Projection, output_projection: false, gate: false, norm_first: false,
            layer_norm: false, dropout, composed: false, init: InitConfig(Init::GlorotUniform),
            head: HeadConfig { bias: false, relu: false, init: InitConfig(Init::GlorotUniform) },
        };
        // Composed ops number their masks differently, so dropout is compared with the definition only.
        let draw = Some(Draw { seed: u64::from(seed), step: 1 });
        for composed in [false, true] {
            let b = layers(fields, dim, &config, composed).map_err(fails)?;
            compare(&b, Batch::default(), seed, scale, draw)?;
        }
    }

    /// Without dropout fused and composed give the same values, up to rounding.
    #[test]
    fn interacting_fused_equals_composed(
        (fields, dim, heads, head_dim) in (1usize..16, 1usize..20, 1usize..4, 1usize..12),
        (scale_scores, projection_bias, projection_relu) in any::<(bool, bool, bool)>(),
        seed: u32,
    ) {
        let config = InteractingConfig {
            layers: 2, heads, width: heads * head_dim, per_head: false, scale_scores, projection_bias, projection_relu,
            residual: Residual::Projection, output_projection: false, gate: false, norm_first: false,
            layer_norm: false, dropout: 0.0, composed: false, init: InitConfig(Init::GlorotUniform),
            head: HeadConfig { bias: false, relu: false, init: InitConfig(Init::GlorotUniform) },
        };
        let mut all = Vec::new();
        for composed in [false, true] {
            let b = layers(fields, dim, &config, composed).map_err(fails)?;
            let parameters = Parameters::initialise(b.tape.layout(), u64::from(seed));
            let mut workspace = Workspace::new(&b.tape, 32);
            let x = noise(b.leaves[0].units().len() * 32, seed, 0, 1.0);
            workspace.value_mut(&b.leaves[0]).copy_from_slice(&x);
            let batch = Batch { rows: 32, ..Batch::default() };
            let shard = Shard { batch: &batch, first_row: 0, used: 32, part: Part::whole(&batch), draw: None, statistics: &[], backward: true };
            let isa = Isa::choose().map_err(fails)?;
            let pairs = WeightPairs::of(isa, b.tape.layout(), &parameters);
            let replay = Replay { isa, tape: &b.tape, parameters: &parameters, pairs: &pairs };
            let nodes = 0..b.tape.nodes().len();
            workspace.forward(replay, nodes.clone(), shard);
            let (mut dense, mut samples) = (vec![0.0; parameters.dense.len()], Vec::new());
            let mut grads = ShardGrads { dense: &mut dense, samples: &mut samples, first_sample: 0 };
            let cotangent = noise(b.result.units().len() * 32, seed, 1, 1.0);
            workspace.seed(&b.tape, &b.result).copy_from_slice(&cotangent);
            workspace.backward(replay, nodes, shard, &mut grads);
            let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
            all.push((wide(workspace.value(&b.result)), wide(workspace.grad(&b.leaves[0])), wide(&dense)));
        }
        prop_assert!(relative_error(&all[0].0, &all[1].0) < TOLERANCE);
        prop_assert!(relative_error(&all[0].1, &all[1].1) < TOLERANCE);
        prop_assert!(relative_error(&all[0].2, &all[1].2) < TOLERANCE);
    }
}

/// The plan of an einsum is shared by kernel and definition, so its indexing needs an oracle of its own: attention scores
/// written out.
#[test]
fn einsum_indexes_as_its_axes_say() {
    let (i, j, h, k) = (2, 3, 2, 4);
    let b = built(&[vec![i, h, k], vec![j, h, k]], |tape, x| {
        tape.einsum("i h k, j h k -> h i j", &x[0], &x[1])
    })
    .unwrap();
    let value = |n: usize, salt: u32| -> Vec<f64> {
        noise(n, 5, salt, 1.0).into_iter().map(f64::from).collect()
    };
    let (q, keys) = (value(i * h * k, 0), value(j * h * k, 1));
    let batch = Batch {
        rows: 1,
        ..Batch::default()
    };
    let reference = autoint::autograd::reference::Reference {
        tape: &b.tape,
        batch: &batch,
        draw: None,
    };
    let parameters = (&Parameters::default()).into();
    let values = reference
        .rows(&[0], &parameters, &[vec![q.clone()], vec![keys.clone()]])
        .values;
    let scores = &values[0][b.result.units()];
    for hh in 0..h {
        for ii in 0..i {
            for jj in 0..j {
                let dot: f64 = (0..k)
                    .map(|kk| q[(ii * h + hh) * k + kk] * keys[(jj * h + hh) * k + kk])
                    .sum();
                assert!((scores[(hh * i + ii) * j + jj] - dot).abs() < 1e-12);
            }
        }
    }
}
