//! What the peers in Rust share: the lines that they speak with `run.py`, and [`data`].
//!
//! A process prints its version, then answers each line `SHAPE step N` with one line of JSON: the milliseconds of N steps,
//! the number of parameters, and the first rows' probabilities before any training.

pub mod data;

use std::collections::BTreeMap;
use std::env;
use std::fmt::Display;
use std::io::{self, Write};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use self::data::{Config, Rows, Shape};

/// AutoInt+ in a framework.
pub trait Model: Sized {
    /// Rows as the framework takes them.
    type Batch;

    /// Made once: not timed.
    fn batch(config: &Config, rows: Rows) -> Result<Self::Batch>;

    /// With the weights that all sides start from.
    fn new(config: &Config, shape: &Shape) -> Result<Self>;

    /// How many numbers are trained.
    fn parameters(&self) -> usize;

    /// Trains and gives the loss.
    fn step(&mut self, batch: &Self::Batch) -> Result<f32>;

    /// Probabilities, without dropout.
    fn infer(&self, batch: &Self::Batch) -> Result<Vec<f32>>;
}

/// A model, and what it gave for the first rows before any training.
struct Trained<M> {
    model: M,
    probabilities: Vec<f32>,
}

/// Answers lines until they end. To be called before there is any other thread.
pub fn serve<M: Model>(framework: &str, backend: &str) -> Result<()> {
    let config: Config = serde_json::from_str(include_str!("../../shapes.json"))?;
    bound_threads(config.threads);
    let batches = config.batches().into_iter();
    let batches: Vec<_> = batches
        .map(|rows| M::batch(&config, rows))
        .collect::<Result<_>>()?;
    let version = version(framework).context("not in Cargo.lock")?;
    say(format!("{framework} {version} ({backend})"))?;

    let mut models = BTreeMap::new();
    for line in io::stdin().lines() {
        let line = line?;
        let [name, kind, repetitions] = line.split(' ').collect::<Vec<_>>()[..] else {
            bail!("expected SHAPE KIND N, got `{line}`");
        };
        ensure!(kind == "step", "no such kind here: {kind}");
        if !models.contains_key(name) {
            models.insert(name.to_owned(), start::<M>(&config, name, &batches[0])?);
        }
        let Trained {
            model,
            probabilities,
        } = models.get_mut(name).context("just made")?;
        let ms = time(repetitions.parse()?, |i| {
            model.step(&batches[i % batches.len()])
        })?;
        say(json!({"ms": ms, "parameters": model.parameters(), "probabilities": probabilities}))?;
    }
    Ok(())
}

/// Both frameworks compute in rayon's threads and read how many from its variable; candle takes all cores of the machine
/// otherwise, whatever it is bound to.
fn bound_threads(threads: usize) {
    // SAFETY: called first in `main`, before anything starts a thread that could read the environment.
    unsafe { env::set_var("RAYON_NUM_THREADS", threads.to_string()) };
}

/// As built, from `Cargo.lock`: the frameworks do not say it themselves.
fn version(framework: &str) -> Option<&'static str> {
    let head = format!("name = \"{framework}\"\nversion = \"");
    let (_, rest) = include_str!("../Cargo.lock").split_once(&head)?;
    rest.split('"').next()
}

fn start<M: Model>(config: &Config, name: &str, first: &M::Batch) -> Result<Trained<M>> {
    let shape = config.shapes.get(name).context("no such shape")?;
    let model = M::new(config, shape)?;
    let probabilities = model.infer(first)?[..4].to_vec();
    Ok(Trained {
        model,
        probabilities,
    })
}

/// Milliseconds of `repetitions` runs. The first ones are untimed: the caches hold what the other processes left in them.
fn time(repetitions: usize, mut run: impl FnMut(usize) -> Result<f32>) -> Result<Vec<f64>> {
    let untimed = 1 + repetitions / 10;
    let mut ms = Vec::new();
    for i in 0..untimed + repetitions {
        let start = Instant::now();
        std::hint::black_box(run(i)?);
        ms.push(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(ms.split_off(untimed))
}

fn say(line: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
