//! Vector arithmetic: one trait, one file per instruction set, one dispatch function.
//!
//! Kernels are written once, generic over [`Simd`]. A value of an instruction set's type is a *token*: it can only be made
//! after the CPU was asked, so holding one proves that its instructions may run. [`Isa`] is the choice made at run time;
//! [`Isa::run`] and [`Isa::multiply`] are the only places where code compiled for an instruction set is entered.
//!
//! An [`Isa`] also has a [`Precision`], in which [`Isa::multiply`] takes products: f32, or bf16, whose arithmetic [`bf16`] and [`tiles`]
//! define. Ops hand on the one they are given, so no op is written twice.

mod aligned;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub mod bf16;
mod in_tiles;
#[cfg(target_arch = "aarch64")]
mod neon;
mod precision;
mod scalar;
pub mod tiles;
mod vector;

use crate::error::{Error, Result};

use precision::Tiled;

pub use aligned::Aligned;
pub use in_tiles::Tiles;
pub use precision::{Pair, Precision, Products, Single, Term, With};
pub use scalar::Scalar;
pub use vector::{Kernel, MAX_LANES, Simd};

/// The environment variable that forces an instruction set by name.
pub const ISA_VARIABLE: &str = "AUTOINT_ISA";

/// An instruction set that this machine has, and in what products are taken with it.
#[derive(Debug, Clone, Copy)]
pub struct Isa {
    set: Set,
    tiles: Tiles,
    precision: Precision,
}

#[derive(Debug, Clone, Copy)]
enum Set {
    /// Plain Rust arrays; works everywhere.
    Scalar(Scalar),
    /// 8 lanes, fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    /// 16 lanes, 32 registers; and where the processor has it, products of bf16.
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512<false>, Option<avx512::Avx512<true>>),
    /// 4 lanes, 32 registers.
    #[cfg(target_arch = "aarch64")]
    Neon(neon::Neon),
}

impl Isa {
    /// All instruction sets of this machine, the fastest first.
    pub fn available() -> Vec<Isa> {
        let mut sets = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let pairs = avx512::Avx512::detect();
            sets.extend(avx512::Avx512::detect().map(|token| Set::Avx512(token, pairs)));
            sets.extend(avx2::Avx2::detect().map(Set::Avx2));
        }
        #[cfg(target_arch = "aarch64")]
        sets.extend(neon::Neon::detect().map(Set::Neon));
        sets.push(Set::Scalar(Scalar));
        let tiles = Tiles::detect();
        let of = |set| Isa {
            set,
            tiles,
            precision: Precision::F32,
        };
        sets.into_iter().map(of).collect()
    }

    /// The same, with products taken in `precision`.
    pub fn with(self, precision: Precision) -> Isa {
        Isa { precision, ..self }
    }

    /// The same without the processor's own products of bf16: the same bits, from plain Rust.
    pub fn emulated(self) -> Isa {
        let set = match self.set {
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(token, _) => Set::Avx512(token, None),
            set => set,
        };
        Isa {
            set,
            tiles: Tiles::Plain,
            ..self
        }
    }

    /// In what products are taken.
    pub fn precision(self) -> Precision {
        self.precision
    }

    /// Whether products are bf16 which the processor itself does not have.
    pub fn emulates(self) -> bool {
        match (self.precision, self.set) {
            (Precision::F32, _) => false,
            (Precision::AmxBf16, _) => matches!(self.tiles, Tiles::Plain),
            #[cfg(target_arch = "x86_64")]
            (_, Set::Avx512(_, pairs)) => pairs.is_none(),
            _ => true,
        }
    }

    /// Whether products with weights are made in tiles.
    pub fn in_tiles(self) -> bool {
        self.precision == Precision::AmxBf16
    }

    /// How many terms a sum of `n` products with weights has: see [`Term::terms`].
    pub fn terms(self, n: usize) -> usize {
        match self.precision {
            Precision::F32 => Single::terms(n),
            Precision::Bf16 | Precision::AmxBf16 => Pair::terms(n),
        }
    }

    /// The name that [`ISA_VARIABLE`] takes and that a run records.
    pub fn name(self) -> &'static str {
        match self.set {
            Set::Scalar(_) => "scalar",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(..) => "avx512",
            #[cfg(target_arch = "aarch64")]
            Set::Neon(_) => "neon",
        }
    }

    /// The instruction set called `name`.
    ///
    /// # Errors
    /// When this machine does not have it; the message lists those it has.
    pub fn named(name: &str) -> Result<Isa> {
        let sets = Isa::available();
        sets.iter()
            .copied()
            .find(|isa| isa.name() == name)
            .ok_or_else(|| {
                let names: Vec<_> = sets.iter().map(|isa| isa.name()).collect();
                let what = format!("this machine has no `{name}`; it has: {}", names.join(", "));
                Error::config(ISA_VARIABLE, what)
            })
    }

    /// The instruction set forced by the environment, or else the fastest one.
    ///
    /// # Errors
    /// When the forced one is missing: falling back silently would hide that it was not tested.
    pub fn choose() -> Result<Isa> {
        match std::env::var(ISA_VARIABLE) {
            Ok(name) if !name.is_empty() => Isa::named(&name),
            _ => Ok(Isa::available()[0]),
        }
    }

    /// Runs a kernel compiled for this instruction set.
    #[inline]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.set {
            Set::Scalar(token) => kernel.run(token),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(token) => token.enter(kernel),
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(token, _) => token.enter(kernel),
            #[cfg(target_arch = "aarch64")]
            Set::Neon(token) => token.enter(kernel),
        }
    }

    /// Runs a kernel of products compiled for this instruction set and precision.
    #[inline]
    pub fn multiply<K: Products>(self, kernel: K) -> K::Output {
        match (self.precision, self.set) {
            (Precision::F32, _) => self.run(With::<K, Single>::new(kernel)),
            #[cfg(target_arch = "x86_64")]
            (Precision::Bf16, Set::Avx512(_, Some(token))) => {
                token.enter(With::<K, Pair>::new(kernel))
            }
            (Precision::Bf16, _) => self.run(With::<K, Pair>::new(kernel)),
            #[cfg(target_arch = "x86_64")]
            (Precision::AmxBf16, Set::Avx512(_, Some(token))) => {
                token.enter(Tiled(kernel, self.tiles))
            }
            (Precision::AmxBf16, _) => self.run(Tiled(kernel, self.tiles)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every operation of the trait on a vector of interesting values, against plain f32.
    struct Operations;

    impl Kernel for Operations {
        type Output = ();

        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            let a: Vec<f32> = (0..S::LANES).map(|i| i as f32 * 0.75 - 2.5).collect();
            let b: Vec<f32> = (0..S::LANES).map(|i| 3.0 - i as f32 * 0.5).collect();
            let (va, vb) = (s.load(&a, 0), s.load(&b, 0));
            let read = |v: S::F| {
                let mut out = vec![0.0; S::LANES];
                s.store(v, &mut out, 0);
                out
            };
            let each = |f: fn(f32, f32) -> f32| -> Vec<f32> {
                a.iter().zip(&b).map(|(&x, &y)| f(x, y)).collect()
            };
            assert_eq!(read(s.add(va, vb)), each(|x, y| x + y));
            assert_eq!(read(s.sub(va, vb)), each(|x, y| x - y));
            assert_eq!(read(s.mul(va, vb)), each(|x, y| x * y));
            assert_eq!(read(s.max(va, vb)), each(|x, y| if x > y { x } else { y }));
            assert_eq!(read(s.min(va, vb)), each(|x, y| if x < y { x } else { y }));
            assert_eq!(read(s.div(va, s.splat(4.0))), each(|x, _| x / 4.0));
            assert_eq!(read(s.sqrt(s.mul(va, va))), each(|x, _| x.abs()));
            assert_eq!(read(s.round(va)), each(|x, _| x.round_ties_even()));
            assert_eq!(
                read(s.mul_pow2(vb, s.round(va))),
                each(|x, y| y * x.round_ties_even().exp2())
            );
            assert_eq!(read(s.mul_add(va, vb, va)), each(|x, y| x * y + x));
            let chosen = s.select(s.lt(va, vb), va, s.splat(9.0));
            assert_eq!(read(chosen), each(|x, y| if x < y { x } else { 9.0 }));
            let sum: f32 = a.iter().sum();
            assert_eq!(s.reduce_sum(va), sum);
            let many: [S::F; 16] = std::array::from_fn(|i| s.mul(va, s.splat(i as f32)));
            let sums: [f32; 16] = std::array::from_fn(|i| sum * i as f32);
            assert_eq!(s.reduce_sums(many), sums);
            let square: [[f32; 16]; 16] =
                std::array::from_fn(|i| std::array::from_fn(|j| (16 * i + j) as f32));
            let mut transposed = [[0.0; 16]; 16];
            s.transpose(square.each_ref(), &mut transposed);
            for (i, row) in transposed.iter().enumerate() {
                for (j, &x) in row.iter().enumerate() {
                    assert_eq!(x, square[j][i]);
                }
            }
        }
    }

    #[test]
    fn every_instruction_set_agrees_with_plain_arithmetic() {
        for isa in Isa::available() {
            isa.run(Operations);
        }
    }

    /// A NaN in the second operand of `max` comes out: ReLU written `max(0, x)` must not swallow it.
    struct NanThroughMax;

    impl Kernel for NanThroughMax {
        type Output = f32;

        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> f32 {
            s.reduce_sum(s.max(s.splat(0.0), s.splat(f32::NAN)))
        }
    }

    #[test]
    fn max_keeps_a_nan() {
        for isa in Isa::available() {
            assert!(isa.run(NanThroughMax).is_nan(), "{}", isa.name());
        }
    }

    #[test]
    fn a_missing_instruction_set_is_an_error_that_lists_the_present_ones() {
        let error = Isa::named("mmx").unwrap_err().to_string();
        assert!(error.contains("scalar"), "{error}");
    }
}
