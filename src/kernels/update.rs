//! One or several steps of an optimiser on a span of weights.
//!
//! An optimiser's rule is element by element: what a weight becomes depends on its own gradient and state only. So the same
//! operations on the same numbers give the same bits wherever an element lies in a span, which is what makes replaying
//! missed steps (see [`crate::optim::tables`]) exact.

use crate::simd::{Kernel, MAX_LANES, Simd};

/// The rule of one step, with that step's constants and `N` numbers of state per weight.
pub trait Rule<const N: usize>: Copy + Send + Sync + 'static {
    /// The new weights and state, lane by lane.
    fn apply<S: Simd>(self, s: S, w: S::F, g: S::F, state: [S::F; N]) -> (S::F, [S::F; N]);

    /// Whether this step moves a weight by its gradient and state only: no penalty, no decay.
    fn is_pure(&self) -> bool;

    /// Whether pure steps with a gradient of zero certainly leave weights of this state as they are, to the last bit, and
    /// the state too. `false` is always right.
    fn rests(state: [&[f32]; N]) -> bool {
        all_zero(state)
    }
}

/// Whether every number is +0 (a -0 could turn into +0, which are other bits).
#[inline]
fn all_zero<const N: usize>(state: [&[f32]; N]) -> bool {
    state
        .iter()
        .all(|numbers| numbers.iter().all(|x| x.to_bits() == 0))
}

/// Takes steps on weights of any number: whole vectors first, the rest through a padded one.
#[derive(Debug)]
pub struct Update<'a, R, const N: usize> {
    /// One after the other, all with the same gradient.
    pub steps: &'a [R],
    /// The weights of the span, any number of them.
    pub w: &'a mut [f32],
    /// None means zero: a table row that no sample touched.
    pub g: Option<&'a [f32]>,
    /// The gradient is multiplied by this first: 1, or less where it is clipped.
    pub scale: f32,
    /// Each as long as `w`.
    pub state: [&'a mut [f32]; N],
}

impl<R: Rule<N>, const N: usize> Kernel for Update<'_, R, N> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Update {
            steps,
            w,
            g,
            scale,
            mut state,
        } = self;
        let whole = w.len() / S::LANES * S::LANES;
        for at in (0..whole).step_by(S::LANES) {
            let mut vectors = [s.splat(0.0); N];
            for (vector, numbers) in vectors.iter_mut().zip(&state) {
                *vector = s.load(numbers, at);
            }
            let g = match g {
                None => s.splat(0.0),
                Some(g) => s.mul(s.load(g, at), s.splat(scale)),
            };
            let (new, vectors) = all_steps(s, steps, s.load(w, at), g, vectors);
            s.store(new, w, at);
            for (vector, numbers) in vectors.into_iter().zip(&mut state) {
                s.store(vector, numbers, at);
            }
        }
        if whole < w.len() {
            let mut vectors = [s.splat(0.0); N];
            for (vector, numbers) in vectors.iter_mut().zip(&state) {
                *vector = load_rest(s, &numbers[whole..]);
            }
            let g = match g {
                None => s.splat(0.0),
                Some(g) => s.mul(load_rest(s, &g[whole..]), s.splat(scale)),
            };
            let rest = load_rest(s, &w[whole..]);
            let (new, vectors) = all_steps(s, steps, rest, g, vectors);
            store_rest(s, new, &mut w[whole..]);
            for (vector, numbers) in vectors.into_iter().zip(&mut state) {
                store_rest(s, vector, &mut numbers[whole..]);
            }
        }
    }
}

#[inline(always)]
fn all_steps<S: Simd, R: Rule<N>, const N: usize>(
    s: S,
    steps: &[R],
    mut w: S::F,
    g: S::F,
    mut state: [S::F; N],
) -> (S::F, [S::F; N]) {
    for step in steps {
        (w, state) = step.apply(s, w, g, state);
    }
    (w, state)
}

/// Fewer numbers than lanes, padded with zeros.
#[inline(always)]
fn load_rest<S: Simd>(s: S, from: &[f32]) -> S::F {
    let mut lanes = [0.0; MAX_LANES];
    lanes[..from.len()].copy_from_slice(from);
    s.load(&lanes, 0)
}

/// The first lanes.
#[inline(always)]
fn store_rest<S: Simd>(s: S, v: S::F, to: &mut [f32]) {
    let mut lanes = [0.0; MAX_LANES];
    s.store(v, &mut lanes, 0);
    to.copy_from_slice(&lanes[..to.len()]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::oracle::assert_steps;
    use crate::simd::Isa;

    /// `b = 2 b + g; w -= b`: whole numbers stay exact.
    #[derive(Clone, Copy)]
    struct Doubling;

    impl Rule<1> for Doubling {
        #[inline(always)]
        fn apply<S: Simd>(self, s: S, w: S::F, g: S::F, [b]: [S::F; 1]) -> (S::F, [S::F; 1]) {
            let b = s.add(s.add(b, b), g);
            (s.sub(w, b), [b])
        }

        fn is_pure(&self) -> bool {
            true
        }
    }

    #[test]
    fn steps_follow_each_other_with_and_without_a_gradient() {
        assert_steps(Doubling, |w, g, [b]| (w - (2.0 * b + g), [2.0 * b + g]));
        for isa in Isa::available() {
            let (mut w, mut b) = ([5.0; 19], [1.0; 19]);
            isa.run(Update {
                steps: &[Doubling; 3],
                w: &mut w,
                g: None,
                scale: 1.0,
                state: [&mut b],
            });
            assert_eq!((w, b), ([5.0 - 14.0; 19], [8.0; 19]), "{}", isa.name());
        }
    }

    #[test]
    fn only_a_state_of_positive_zeros_rests() {
        assert!(Doubling::rests([&[0.0, 0.0]]));
        assert!(!Doubling::rests([&[0.0, -0.0]]));
        assert!(!Doubling::rests([&[0.0, 1.0]]));
    }
}
