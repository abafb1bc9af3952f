//! The few functions that rows are made of, from operations that every machine rounds alike.
//!
//! IEEE 754 fixes the result of `+ - * /` and of the square root, but not that of `exp` or `powf`, which are the platform's
//! and differ in their last bits: one bit may turn a label. So `exp` is ten squarings here, and what a value is worth to
//! the label comes from integer hashes.

/// `e^x` for x within ±30, to within a part in 10^4: `(1 + t + t²/2 + t³/6)^1024` with `t = x / 1024`.
pub(super) fn exp(x: f64) -> f64 {
    let t = x.clamp(-30.0, 30.0) / 1024.0;
    let mut power = 1.0 + t * (1.0 + t * (0.5 + t * (1.0 / 6.0)));
    for _ in 0..10 {
        power *= power;
    }
    power
}

/// The logistic function.
pub(super) fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + exp(-logit))
}

/// About normal with mean 0 and variance 1 from one random word: the sum of its four 16-bit parts (Irwin-Hall of order
/// four, so never beyond ±3.5).
pub(super) fn spread(word: u64) -> f64 {
    // The standard deviation of the sum of four even draws from 0..65536: sqrt(4 / 12) * 65536.
    const DEVIATION: f64 = 37_837.2;
    let parts = (0..4).map(|part| (word >> (16 * part)) & 0xffff);
    (parts.sum::<u64>() as f64 - 131_070.0) / DEVIATION
}

/// Mixes a word so that neighbours have nothing in common (the finaliser of SplitMix64; no two words give the same).
pub(super) fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// The same for 32 bits (the finaliser of MurmurHash3).
pub(super) fn mix32(word: u32) -> u32 {
    let word = (word ^ (word >> 16)).wrapping_mul(0x85eb_ca6b);
    let word = (word ^ (word >> 13)).wrapping_mul(0xc2b2_ae35);
    word ^ (word >> 16)
}

/// What `value` of the thing named by `key` is worth: fixed once and for all, about normal over the values.
pub(super) fn effect(key: u32, value: u32) -> f64 {
    spread(mix((u64::from(key) << 32) | u64::from(value)))
}

/// What two values are worth together, beside what each one is worth alone.
pub(super) fn pair_effect(key: u32, a: u32, b: u32) -> f64 {
    spread(mix(
        mix((u64::from(key) << 32) | u64::from(a)) ^ u64::from(b)
    ))
}

/// Appends a whole number in decimal digits.
pub(super) fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends eight hexadecimal digits.
pub(super) fn push_hex(out: &mut Vec<u8>, word: u32) {
    let digit = |at: u32| b"0123456789abcdef"[(word >> (28 - 4 * at)) as usize & 15];
    let digits: [u8; 8] = std::array::from_fn(|at| digit(at as u32));
    out.extend_from_slice(&digits);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spread_has_the_moments_it_should() {
        let all: Vec<f64> = (0..40_000).map(|at| spread(mix(at))).collect();
        let mean = all.iter().sum::<f64>() / 40_000.0;
        let variance = all.iter().map(|x| x * x).sum::<f64>() / 40_000.0;
        assert!(mean.abs() < 0.02, "{mean}");
        assert!((variance - 1.0).abs() < 0.03, "{variance}");
        assert!(spread(0) > -3.5 && spread(u64::MAX) < 3.5);
    }

    #[test]
    fn effects_differ_by_key_and_value() {
        assert_ne!(effect(1, 2), effect(2, 1));
        assert_ne!(pair_effect(1, 2, 3), pair_effect(1, 3, 2));
        assert_eq!(effect(7, 9), effect(7, 9));
    }

    proptest! {
        #[test]
        fn exp_is_near_the_platforms(x in -30.0..30.0_f64) {
            prop_assert!((exp(x) / x.exp() - 1.0).abs() < 1e-4);
        }

        #[test]
        fn numbers_are_written_as_by_the_library(number: u64, word: u32) {
            let mut out = Vec::new();
            push_number(&mut out, number);
            prop_assert_eq!(out, number.to_string().into_bytes());
            let mut out = Vec::new();
            push_hex(&mut out, word);
            prop_assert_eq!(out, format!("{word:08x}").into_bytes());
        }
    }
}
