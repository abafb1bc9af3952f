//! bf16, the upper half of an f32: its sign, its exponent, and eight significant bits. What AVX512-BF16 does with such numbers, in
//! plain Rust: the definition, and what is run on a processor that has no such instructions.
//!
//! Two of them lie in the 32 bits of one lane, a *pair*: the even one in the lower half, the odd one in the upper. A register of
//! pairs is an f32 register whose bits mean something else, so pairs are loaded, stored and broadcast as f32 are; nothing may be
//! computed with them but [`dot_pair`].
//!
//! ```text
//! pair(x0, x1)         = (bf16(x0), bf16(x1))
//! dot_pair(a, b, sum)  = fma(a0, b0, fma(a1, b1, sum))
//! ```
//!
//! The odd factors come first, each of the two steps is rounded once, to f32, and numbers too small to be normal are 0, before
//! and after (Intel, "Architecture Instruction Set Extensions Programming Reference", 319433-040, `VDPBF16PS` and
//! `VCVTNE2PS2BF16`). AMD's processors do the same; a test holds the instructions to this text wherever they are there.

/// The bits of the nearest bf16; of two equally near ones, the even one. What is larger than any bf16 becomes infinite.
#[inline(always)]
pub fn to_bf16(x: f32) -> u16 {
    let bits = x.to_bits();
    let even = (bits >> 16) & 1;
    let nearest = bits.wrapping_add(0x7fff + even) >> 16;
    // Rounding up would turn some NaN into an infinity.
    (if x.is_nan() {
        (bits >> 16) | 0x40
    } else {
        nearest
    }) as u16
}

/// The number.
#[inline(always)]
pub fn from_bf16(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// Two numbers as a pair.
#[inline(always)]
pub fn pair(even: f32, odd: f32) -> f32 {
    let [even, odd] = [even, odd].map(|x| u32::from(to_bf16(flushed(x))));
    f32::from_bits(even | odd << 16)
}

/// The two numbers of a pair.
#[inline(always)]
pub fn halves(pair: f32) -> [f32; 2] {
    let bits = pair.to_bits();
    [
        f32::from_bits(bits << 16),
        f32::from_bits(bits & 0xffff_0000),
    ]
}

/// `sum + a1 b1 + a0 b0`
#[inline(always)]
pub fn dot_pair(a: f32, b: f32, sum: f32) -> f32 {
    let ([a0, a1], [b0, b1]) = (halves(a), halves(b));
    let step = |a: f32, b: f32, sum: f32| flushed(flushed(a).mul_add(flushed(b), sum));
    step(a0, b0, step(a1, b1, flushed(sum)))
}

/// 0 of the same sign in the place of a number too small to be normal.
#[inline(always)]
pub(super) fn flushed(x: f32) -> f32 {
    if x.abs() < f32::MIN_POSITIVE {
        f32::from_bits(x.to_bits() & 0x8000_0000)
    } else {
        x
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::simd::{Isa, MAX_LANES, Precision, Products, Simd, Term};

    #[test]
    fn the_nearest_and_of_equals_the_even_one() {
        // 1 + 2^-8 lies between 1 and 1 + 2^-7; 1 + 3 * 2^-8 between that and 1 + 2^-6.
        let step = 2f32.powi(-8);
        for (x, near) in [
            (1.0, 1.0),
            (1.0 + step, 1.0),
            (1.0 + 1.01 * step, 1.0 + 2.0 * step),
            (1.0 + 3.0 * step, 1.0 + 4.0 * step),
            (-0.0, -0.0),
            (f32::MAX, f32::INFINITY),
        ] {
            assert_eq!(from_bf16(to_bf16(x)).to_bits(), f32::to_bits(near), "{x}");
        }
        assert!(from_bf16(to_bf16(f32::from_bits(0x7fff_ffff))).is_nan());
    }

    #[test]
    fn a_pair_is_two_products() {
        assert_eq!(dot_pair(pair(2.0, 3.0), pair(5.0, 7.0), 100.0), 131.0);
        assert_eq!(halves(pair(-1.5, 0.25)), [-1.5, 0.25]);
        // The odd product is added to the sum first: 2^30 takes the 1 in before it is taken off again.
        let big = 2f32.powi(15);
        assert_eq!(dot_pair(pair(-big, big), pair(big, big), 1.0), 0.0);
        let tiny = f32::MIN_POSITIVE / 2.0;
        assert_eq!(halves(pair(tiny, -tiny)).map(f32::to_bits), [0, 1 << 31]);
        assert_eq!(dot_pair(0.0, 0.0, tiny), 0.0);
    }

    proptest! {
        #[test]
        fn what_is_bf16_stays_and_others_move_by_half_a_step(bits: u16, x in -1e30f32..1e30) {
            let exact = from_bf16(bits);
            if exact.is_finite() {
                prop_assert_eq!(to_bf16(exact), bits);
            }
            let near = from_bf16(to_bf16(x));
            prop_assert!((near - x).abs() <= x.abs() * 2f32.powi(-8), "{} {}", near, x);
        }
    }

    /// The operations of the trait, on the numbers of each lane.
    struct Operations<'a> {
        numbers: &'a [[f32; MAX_LANES]; 5],
    }

    impl Products for Operations<'_> {
        type Output = [[f32; MAX_LANES]; 4];

        #[inline(always)]
        fn multiply<S: Simd, T: Term>(self, s: S) -> Self::Output {
            let mut out = [[0.0; MAX_LANES]; 4];
            for lane in (0..MAX_LANES).step_by(S::LANES) {
                let at = |i: usize| s.load(&self.numbers[i], lane);
                let (a, b) = (s.pair(at(0), at(1)), s.pair(at(2), at(3)));
                let [even, odd] = s.unpair(a);
                for (i, v) in [a, T::add(s, a, b, at(4)), even, odd]
                    .into_iter()
                    .enumerate()
                {
                    s.store(v, &mut out[i], lane);
                }
            }
            out
        }
    }

    /// Any bits, or numbers of about the same size, whose sums round.
    fn number() -> impl Strategy<Value = f32> {
        prop_oneof![
            any::<u32>().prop_map(f32::from_bits),
            -4.0f32..4.0,
            (-4.0f32..4.0).prop_map(|x| x * 2f32.powi(-64)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn every_instruction_set_does_what_is_written_here(
            numbers in prop::array::uniform5(prop::array::uniform16(number()))
        ) {
            for isa in Isa::available() {
                let isa = isa.with(Precision::Bf16);
                for isa in [isa, isa.emulated()] {
                    let [pairs, sums, even, odd] = isa.multiply(Operations { numbers: &numbers });
                    for lane in 0..MAX_LANES {
                        let [x0, x1, y0, y1, sum] = numbers.each_ref().map(|of| of[lane]);
                        let (a, b) = (pair(x0, x1), pair(y0, y1));
                        let same = |got: f32, want: f32| got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan();
                        let place = format!("{} lane {lane}", isa.name());
                        for (got, want) in halves(pairs[lane]).into_iter().zip(halves(a)) {
                            prop_assert!(same(got, want), "{place}: {got} for {want}");
                        }
                        let apart = [even[lane], odd[lane]].map(f32::to_bits);
                        prop_assert_eq!(apart, halves(pairs[lane]).map(f32::to_bits));
                        let (got, want) = (sums[lane], dot_pair(a, b, sum));
                        prop_assert!(same(got, want), "{place}: {got:e} for {want:e}");
                    }
                }
            }
        }
    }
}
