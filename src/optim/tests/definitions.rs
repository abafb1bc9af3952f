//! An optimiser's kernel against its f64 definition, on every instruction set: the file of each calls this.

use proptest::prelude::*;

use crate::kernels::update::Update;
use crate::optim::config::OptimizerConfig;
use crate::optim::method::{At, Method};
use crate::simd::Isa;

const STEPS: usize = 20;

/// What differs between cases.
#[derive(Debug, Clone)]
struct Case {
    config: OptimizerConfig,
    l2: f64,
    w: Vec<f32>,
    /// `[STEPS][w]`; none is a gradient of zero.
    g: Vec<Option<Vec<f32>>>,
}

fn cases() -> impl Strategy<Value = Case> {
    let configs = (
        (0.0..0.95, 0.5..0.9999, 1e-8..1e-3, 0.1..0.95),
        (any::<bool>(), 0.5..0.999, 4e-3..1.0, 0.0..0.1),
    );
    (configs, 0.0..0.1, 1usize..40).prop_flat_map(|(of, l2, n)| {
        let ((beta1, beta2, epsilon, momentum), (nesterov, alpha, momentum_decay, decay)) = of;
        let config = OptimizerConfig {
            learning_rate: 0.01,
            beta1,
            beta2,
            epsilon,
            momentum,
            nesterov,
            alpha,
            momentum_decay,
            weight_decay: decay,
            ..OptimizerConfig::default()
        };
        let g = prop::collection::vec(-1f32..1.0, n);
        let g = prop::collection::vec(prop::option::weighted(0.8, g), STEPS);
        (prop::collection::vec(-1f32..1.0, n), g).prop_map(move |(w, g)| Case {
            config: config.clone(),
            l2,
            w,
            g,
        })
    })
}

/// The constants' place at step `i` from 0, the learning rate falling.
fn at(case: &Case, i: usize) -> At {
    At {
        t: i as u64 + 1,
        learning_rate: case.config.learning_rate * 0.95f64.powf(i as f64),
        l2: case.l2,
    }
}

/// The weights after all steps by the definition, and the length of each weight's way.
fn by_definition<R: Method<N>, const N: usize>(case: &Case) -> Vec<(f64, f64)> {
    let way = |(k, &w): (usize, &f32)| {
        let (mut w, mut state, mut length) = (f64::from(w), [0.0; N], 0.0);
        for (i, g) in case.g.iter().enumerate() {
            let g = g.as_ref().map_or(0.0, |g| f64::from(g[k]));
            let (new, after) = R::definition(&case.config, at(case, i), w, g, state);
            length += (new - w).abs();
            (w, state) = (new, after);
        }
        (w, length)
    };
    case.w.iter().enumerate().map(way).collect()
}

fn by_kernel<R: Method<N>, const N: usize>(case: &Case, isa: Isa) -> Vec<f32> {
    let mut w = case.w.clone();
    let mut state: [Vec<f32>; N] = std::array::from_fn(|_| vec![0.0; w.len()]);
    for (i, g) in case.g.iter().enumerate() {
        isa.run(Update {
            steps: &[R::new(&case.config, at(case, i))],
            w: &mut w,
            g: g.as_deref(),
            scale: 1.0,
            state: state.each_mut().map(|s| &mut s[..]),
        });
    }
    w
}

fn agrees<R: Method<N>, const N: usize>(case: &Case) -> Result<(), TestCaseError> {
    let truth = by_definition::<R, N>(case);
    for isa in Isa::available() {
        let got = by_kernel::<R, N>(case, isa);
        for (&got, &(w, length)) in got.iter().zip(&truth) {
            // Relative to the way as well: a weight may end near 0.
            let off = (f64::from(got) - w).abs();
            prop_assert!(
                off <= 1e-5 * (w.abs() + length),
                "{}: {got} for {w}",
                isa.name()
            );
        }
    }
    Ok(())
}

/// Holds the kernel of an optimiser to its definition: random settings, weights and gradients, every instruction set.
pub fn held<R: Method<N>, const N: usize>() {
    proptest!(|(case in cases())| agrees::<R, N>(&case)?);
}
