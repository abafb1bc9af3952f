//! In what the products of a model are taken.

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use super::in_tiles::Tiles;
use super::vector::{Kernel, Simd};
use crate::error::{Error, Result};

/// What the factors of products are rounded to. Sums, and all that is no product of matrices, are f32 whatever it is.
///
/// The arithmetic of the two in bf16 is defined in [`super::bf16`] and [`super::tiles`]: a processor without their instructions computes
/// the same bits, more slowly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 24 significant bits: factors stay as they are.
    #[default]
    F32,
    /// Eight significant bits, for AMD's processors with AVX512-BF16 (on Intel's it is no faster than f32).
    Bf16,
    /// Eight significant bits in products with weights, for Intel's processors with AMX; another order of sums than that of bf16.
    AmxBf16,
}

impl Precision {
    /// All of them.
    pub const ALL: [Precision; 3] = [Precision::F32, Precision::Bf16, Precision::AmxBf16];

    /// The processor's instructions that it takes to be fast; none for f32.
    pub fn instructions(self) -> Option<&'static str> {
        match self {
            Precision::F32 => None,
            Precision::Bf16 => Some("AVX512-BF16"),
            Precision::AmxBf16 => Some("AMX-BF16"),
        }
    }

    /// The precision called `name`.
    ///
    /// # Errors
    /// When there is none; the message lists them.
    pub fn named(name: &str) -> Result<Precision> {
        let found = Precision::ALL.into_iter().find(|p| p.to_string() == name);
        found.ok_or_else(|| {
            let names = Precision::ALL.map(|p| p.to_string()).join(", ");
            Error::config(
                "precision",
                format!("expected one of {names}, got `{name}`"),
            )
        })
    }

    /// Whether it is the one that is never said.
    pub fn is_f32(&self) -> bool {
        *self == Precision::F32
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Precision::F32 => "f32",
            Precision::Bf16 => "bf16",
            Precision::AmxBf16 => "amx-bf16",
        })
    }
}

/// What a sum of products is made of: one product a lane at a time, or two.
pub trait Term: Copy + Send + Sync + 'static {
    /// Whether factors are pairs of bf16, see [`super::bf16`].
    const PAIRS: bool;

    /// The sum with the next product.
    fn add<S: Simd>(s: S, a: S::F, b: S::F, sum: S::F) -> S::F;

    /// How many terms a sum of `n` products has. A last one of a pair is multiplied with 0.
    #[inline(always)]
    fn terms(n: usize) -> usize {
        if Self::PAIRS { n.div_ceil(2) } else { n }
    }
}

/// A product of two f32 a lane.
#[derive(Debug, Clone, Copy)]
pub struct Single;

impl Term for Single {
    const PAIRS: bool = false;

    #[inline(always)]
    fn add<S: Simd>(s: S, a: S::F, b: S::F, sum: S::F) -> S::F {
        s.mul_add(a, b, sum)
    }
}

/// Two products of bf16 a lane.
#[derive(Debug, Clone, Copy)]
pub struct Pair;

impl Term for Pair {
    const PAIRS: bool = true;

    #[inline(always)]
    fn add<S: Simd>(s: S, a: S::F, b: S::F, sum: S::F) -> S::F {
        s.dot_pairs(a, b, sum)
    }
}

/// A kernel made of sums of products, for any [`Term`]; [`super::Isa::multiply`] enters it.
pub trait Products {
    /// What the work returns.
    type Output;
    /// Does the work with the given instruction set and terms.
    fn multiply<S: Simd, T: Term>(self, s: S) -> Self::Output;
    /// The same where products with weights are made in tiles: those of anything else are f32.
    #[inline(always)]
    fn multiply_in_tiles<S: Simd>(self, s: S, tiles: Tiles) -> Self::Output
    where
        Self: Sized,
    {
        let _ = tiles;
        self.multiply::<S, Single>(s)
    }
}

/// Such a kernel with its terms chosen.
#[derive(Debug)]
pub struct With<K, T>(K, PhantomData<T>);

impl<K: Products, T: Term> With<K, T> {
    /// The kernel with the terms `T`.
    pub fn new(kernel: K) -> Self {
        With(kernel, PhantomData)
    }
}

impl<K: Products, T: Term> Kernel for With<K, T> {
    type Output = K::Output;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> K::Output {
        self.0.multiply::<S, T>(s)
    }
}

/// A kernel of products with those of weights in tiles: see [`Products::multiply_in_tiles`].
#[derive(Debug)]
pub(super) struct Tiled<K>(pub K, pub Tiles);

impl<K: Products> Kernel for Tiled<K> {
    type Output = K::Output;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> K::Output {
        self.0.multiply_in_tiles(s, self.1)
    }
}
