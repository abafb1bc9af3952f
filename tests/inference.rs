//! Inference of a few rows takes another way through the layers than a batch; it gives the same bits.

use autoint::autograd::op::Shard;
use autoint::autograd::workspace::{Replay, Workspace};
use autoint::autograd::{Engine, Parameters, Part, Runtime, Var, WeightPairs};
use autoint::data::batch::{Batch, FieldBatch};
use autoint::kernels::dropout::uniform;
use autoint::model::{Model, ModelConfig, ModelKind, build};
use autoint::settings::{Settings, presets};
use autoint::simd::{Isa, Precision};

const VALUES: usize = 5;

fn offsets(fields: usize) -> Vec<usize> {
    (0..=fields).map(|field| field * VALUES).collect()
}

/// Rows `first..first + rows` of an endless random log.
fn rows_of_log(fields: usize, first: usize, rows: usize) -> Batch {
    let id = |field: usize, row: usize| {
        let u = uniform(7, field as u32, row as u32);
        (field * VALUES + (u * VALUES as f32) as usize) as u32
    };
    let field = |field| FieldBatch::One {
        ids: (first..first + rows).map(|row| id(field, row)).collect(),
    };
    Batch {
        rows,
        fields: (0..fields).map(field).collect(),
        labels: vec![1.0; rows],
        weights: Vec::new(),
    }
}

/// All presets, so that biases, ReLUs and normalisation take part.
fn configurations() -> Vec<(String, ModelConfig)> {
    let all = presets::NAMES.iter().map(|name| {
        let sets = [format!("model.kind={}", ModelKind::AutoIntPlus)];
        let mut config = Settings::layered(Some(name), None, &sets).unwrap().model;
        // Three outputs do not fill a vector; 80 are one wide step and one narrow one on every instruction set.
        config.mlp.as_mut().unwrap().hidden = vec![80, 3];
        ((*name).to_owned(), config)
    });
    all.collect()
}

fn parameters(model: &Model) -> Parameters {
    let mut p = Parameters::initialise(model.tape.layout(), 3);
    for (i, x) in p.dense.iter_mut().enumerate() {
        *x += 0.2 * (uniform(1, 1, i as u32) - 0.5);
    }
    p
}

/// Every instruction set, and the fastest in every precision: what the others make of those is the same, slowly.
fn arithmetics() -> impl Iterator<Item = Isa> {
    let sets = Isa::available();
    let others = Precision::ALL.map(|precision| sets[0].with(precision));
    sets.into_iter().chain(others.into_iter().skip(1))
}

fn bits(x: &[f32]) -> Vec<u32> {
    x.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn a_few_rows_have_the_bits_they_have_in_a_batch() {
    for (name, config) in configurations() {
        for fields in [1, 2, 7, 14, 16, 17, 39] {
            let model = build(&config, &offsets(fields)).unwrap();
            let weights = parameters(&model);
            for isa in arithmetics() {
                let model = build(&config, &offsets(fields)).unwrap();
                let engine = Engine::new(model.tape, model.logit, model.loss, isa, 1).unwrap();
                let weights = engine.freeze(&weights);
                let (mut all, mut few) = (Vec::new(), Vec::new());
                engine.logits(&weights, &rows_of_log(fields, 0, 80), &mut all);
                for (first, rows) in [(0, 1), (7, 2), (30, 3), (44, 5), (61, 7)] {
                    engine.logits(&weights, &rows_of_log(fields, first, rows), &mut few);
                    let of = format!("{} {}", isa.name(), isa.precision());
                    let what = format!("{name}, {fields} fields, {rows} rows, {of}");
                    assert_eq!(bits(&few), bits(&all[first..first + rows]), "{what}");
                }
            }
        }
    }
}

/// What `explain` looks at.
#[test]
fn a_few_rows_have_the_same_attention_weights() {
    for fields in [2, 14, 39] {
        let config = Settings::preset("authors").unwrap().model;
        let model = build(&config, &offsets(fields)).unwrap();
        let (weights, batch) = (parameters(&model), rows_of_log(fields, 0, 1));
        let attention = |backward: bool| {
            let mut workspace = Workspace::new(&model.tape, 16);
            let isa = Isa::choose().unwrap();
            let pairs = WeightPairs::of(isa, model.tape.layout(), &weights);
            let replay = Replay {
                isa,
                tape: &model.tape,
                parameters: &weights,
                pairs: &pairs,
            };
            let shard = Shard {
                batch: &batch,
                first_row: 0,
                used: 1,
                part: Part {
                    loss_scale: 1.0,
                    ..Part::whole(&batch)
                },
                draw: None,
                statistics: &[],
                backward,
            };
            workspace.forward(replay, 0..model.tape.nodes().len(), shard);
            let of_row = |weights| workspace.value(weights).iter().step_by(16).copied();
            model
                .attention
                .iter()
                .flat_map(of_row)
                .collect::<Vec<f32>>()
        };
        let (alone, in_block) = (attention(false), attention(true));
        assert_eq!(bits(&alone), bits(&in_block));
        assert!(alone.iter().all(|&weight| weight > 0.0));
    }
}

/// The attention weights of all layers, `[L][rows, H * F * F]`, read through frozen weights, and the logits read beside them.
fn read(config: &ModelConfig, batch: &Batch, threads: usize) -> (Vec<Vec<f32>>, Vec<f32>) {
    let model = build(config, &offsets(batch.fields.len())).unwrap();
    let weights = parameters(&model);
    let isa = Isa::choose().unwrap();
    let runtime = Runtime::new(model.tape, model.logit.clone(), isa, threads).unwrap();
    let weights = runtime.freeze(&weights);
    let mut vars: Vec<&Var> = vec![&model.logit];
    vars.extend(&model.attention);
    // From a thread that is none of its own.
    let read = std::thread::scope(|scope| {
        let asked = scope.spawn(|| runtime.read(&weights, batch, &vars));
        asked.join().unwrap()
    });
    let mut logits = Vec::new();
    runtime.logits(&weights, batch, &mut logits);
    assert_eq!(bits(&read[0]), bits(&logits));
    (read[1..].to_vec(), logits)
}

#[test]
fn what_is_read_of_a_model_is_what_it_computes() {
    for (name, config) in configurations() {
        for (fields, rows) in [(7, 1), (7, 150), (17, 3), (39, 70)] {
            let batch = rows_of_log(fields, 3, rows);
            let (attention, logits) = read(&config, &batch, 2);
            let mut composed = config.clone();
            composed.interacting.as_mut().unwrap().composed = true;
            let (textbook, textbook_logits) = read(&composed, &batch, 1);
            let what = format!("{name}, {fields} fields, {rows} rows");
            let near = |a: &[f32], b: &[f32], most: f32| {
                assert_eq!(a.len(), b.len(), "{what}");
                let far = a.iter().zip(b).find(|(a, b)| (*a - *b).abs() > most);
                assert_eq!(far, None, "{what}");
            };
            near(&logits, &textbook_logits, 1e-3);
            let layers = config.interacting.as_ref().unwrap();
            assert_eq!(attention.len(), layers.layers);
            for (layer, textbook) in attention.iter().zip(&textbook) {
                assert_eq!(layer.len(), rows * layers.heads * fields * fields);
                near(layer, textbook, 1e-4);
                for looks in layer.chunks(fields) {
                    assert!((looks.iter().sum::<f32>() - 1.0).abs() < 1e-4, "{what}");
                }
            }
            // Rows differ, and each stands where it is asked for.
            let last = rows_of_log(fields, 2 + rows, 1);
            let (alone, _) = read(&config, &last, 1);
            for (layer, alone) in attention.iter().zip(&alone) {
                assert_eq!(
                    bits(&layer[layer.len() - alone.len()..]),
                    bits(alone),
                    "{what}"
                );
                let units = alone.len();
                assert!(rows == 1 || layer[..units] != layer[units..2 * units]);
            }
        }
    }
}

/// Tables too large for the third-level cache are not frozen: forward computes as in training, to the last bit.
#[test]
fn what_is_too_large_is_not_frozen() {
    let mut config = Settings::preset("paper").unwrap().model;
    config.embedding.dim = 4;
    for (rows, frozen) in [(1_000, true), (40_000, false)] {
        let offsets = [0, rows, rows + 5];
        let model = build(&config, &offsets).unwrap();
        let weights = parameters(&model);
        let engine = Engine::new(
            model.tape,
            model.logit,
            model.loss,
            Isa::choose().unwrap(),
            2,
        );
        let engine = engine.unwrap();
        let weights = engine.freeze(weights);
        // A row of the layer's four projections, 64 wide, has 256 numbers.
        let bytes = if frozen { (rows + 5) * 256 * 4 } else { 0 };
        assert_eq!(weights.bytes(), bytes);
        let batch = Batch {
            rows: 20,
            fields: vec![
                FieldBatch::One {
                    ids: (0..20).map(|i| i * 37).collect(),
                },
                FieldBatch::One {
                    ids: (0..20).map(|i| rows as u32 + i % 5).collect(),
                },
            ],
            labels: vec![1.0; 20],
            weights: Vec::new(),
        };
        let mut logits = Vec::new();
        engine.logits(&weights, &batch, &mut logits);
        assert!(logits.iter().all(|z| z.is_finite()) && logits[0] != logits[1]);
    }
}
