//! Our side of the comparison with other frameworks: speaks as `common.py` says, with the same data and weights.
//!
//! `peers [dense|exact|lazy] [f32|bf16|amx-bf16]`: how embedding tables are updated, by default as the preset does it, and in what products are
//! taken.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::hint::black_box;
use std::io::{self, Write};
use std::time::Instant;

use anyhow::{Context, bail};
use autoint::autograd::{Layout, Parameters};
use autoint::data::batch::{Batch, FieldBatch};
use autoint::settings::Settings;
use autoint::simd::{Isa, Precision};
use serde::Deserialize;
use serde_json::{Value, json};

#[path = "../support/mod.rs"]
mod support;

use support::{Net, offsets};

/// `shapes.json`
#[derive(Deserialize)]
struct Config {
    fields: Vec<usize>,
    rows: usize,
    batches: usize,
    layers: usize,
    hidden: Vec<usize>,
    dropout: f32,
    learning_rate: f64,
    threads: usize,
    shapes: BTreeMap<String, Shape>,
}

#[derive(Deserialize)]
struct Shape {
    dim: usize,
    heads: usize,
    width: usize,
}

/// Number `i` of a stream, in [0, 1), steps of 2^-24.
fn uniform(stream: u64, i: usize) -> f64 {
    let z = ((stream << 32) + i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 40) as f64 / f64::from(1 << 24)
}

/// The rows from `first` on.
fn batch(config: &Config, first: usize, rows: usize) -> Batch {
    let sizes = config.fields.iter().zip(offsets(&config.fields));
    let fields = sizes.enumerate().map(|(field, (&size, offset))| {
        let id = |row| offset + (size as f64 * uniform(100 + field as u64, row).powi(3)) as usize;
        FieldBatch::One {
            ids: (first..first + rows).map(|row| id(row) as u32).collect(),
        }
    });
    let label = |row| f32::from(uniform(99, row) < 0.5);
    Batch {
        rows,
        fields: fields.collect(),
        labels: (first..first + rows).map(label).collect(),
        weights: Vec::new(),
    }
}

fn weights(layout: &Layout) -> Parameters {
    let fill = |stream, limit: f64, values: &mut [f32]| {
        for (i, value) in values.iter_mut().enumerate() {
            *value = ((2.0 * uniform(stream, i) - 1.0) * limit) as f32;
        }
    };
    let mut weights = Parameters::zeros(layout);
    fill(0, 0.25, &mut weights.tables[0]);
    for (stream, spec) in (1..).zip(&layout.dense) {
        let limit = match spec.param.shape[..] {
            [inputs, outputs] => (6.0 / (inputs + outputs) as f64).sqrt(),
            _ => 0.25,
        };
        fill(stream, limit, &mut weights.dense[spec.param.range.clone()]);
    }
    weights
}

/// What the peers give: probabilities, not logits.
fn probabilities(net: &mut Net, batch: &Batch) -> Vec<f32> {
    let logits = net.infer(batch).iter();
    logits.map(|logit| 1.0 / (1.0 + (-logit).exp())).collect()
}

/// Milliseconds of `repetitions` runs. The first ones are untimed: the caches hold what the other processes left in them.
fn time<T>(repetitions: usize, mut run: impl FnMut(usize) -> T) -> Vec<f64> {
    let untimed = 1 + repetitions / 10;
    let mut ms = Vec::new();
    for i in 0..untimed + repetitions {
        let start = Instant::now();
        black_box(run(i));
        ms.push(start.elapsed().as_secs_f64() * 1e3);
    }
    ms.split_off(untimed)
}

fn say(line: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

fn main() -> anyhow::Result<()> {
    let config: Config = serde_json::from_str(include_str!("shapes.json"))?;
    let mut settings = Settings::preset("compact")?;
    settings
        .model
        .interacting
        .as_mut()
        .expect("the part")
        .layers = config.layers;
    settings.model.mlp.as_mut().expect("the part").hidden = config.hidden.clone();
    settings.model.mlp.as_mut().expect("the part").dropout = config.dropout;
    settings.optimizer.learning_rate = config.learning_rate;
    if let Some(mode) = std::env::args().nth(1) {
        settings.optimizer.embedding_mode = serde_json::from_value(Value::String(mode))?;
    }
    let precision = match std::env::args().nth(2) {
        None => Precision::F32,
        Some(name) => serde_json::from_value(Value::String(name))?,
    };
    let isa = Isa::choose()?.with(precision);
    let batches: Vec<_> = (0..config.batches)
        .map(|i| batch(&config, i * config.rows, config.rows))
        .collect();
    let some: Vec<_> = (0..config.batches)
        .map(|i| batch(&config, i * config.rows, 64))
        .collect();
    let ones: Vec<_> = (0..config.batches)
        .map(|row| batch(&config, row, 1))
        .collect();
    let mode = format!("{:?}", settings.optimizer.embedding_mode).to_lowercase();
    let (version, isa_name) = (env!("CARGO_PKG_VERSION"), isa.name());
    say(format!(
        "autoint {version} ({isa_name}, {precision}, {mode} tables)"
    ))?;

    let mut nets = BTreeMap::new();
    for line in io::stdin().lines() {
        let line = line?;
        let [name, kind, repetitions] = line.split(' ').collect::<Vec<_>>()[..] else {
            bail!("expected SHAPE KIND N, got `{line}`");
        };
        if !nets.contains_key(name) {
            let shape = config.shapes.get(name).context("no such shape")?;
            settings.model.embedding.dim = shape.dim;
            settings.model.interacting.as_mut().expect("the part").heads = shape.heads;
            settings.model.interacting.as_mut().expect("the part").width = shape.width;
            let mut net = Net::with(&settings, &config.fields, weights, isa, config.threads);
            let first = probabilities(&mut net, &batches[0])[..4].to_vec();
            nets.insert(name.to_owned(), (net, first));
        }
        let (net, first) = nets.get_mut(name).context("just made")?;
        let repetitions = repetitions.parse()?;
        let ms = match kind {
            "step" => time(repetitions, |i| net.step(&batches[i % batches.len()])),
            "infer2048" => time(repetitions, |i| {
                probabilities(net, &batches[i % batches.len()])
            }),
            "infer64" => time(repetitions, |i| probabilities(net, &some[i % some.len()])),
            "infer1" => time(repetitions, |i| probabilities(net, &ones[i % ones.len()])),
            _ => bail!("no such kind: {kind}"),
        };
        let parameters = net.engine.tape().layout().len();
        say(json!({"ms": ms, "parameters": parameters, "probabilities": first}))?;
    }
    Ok(())
}
