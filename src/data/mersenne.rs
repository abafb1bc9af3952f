//! numpy's legacy random numbers, bit for bit: the generator MT19937 and the shuffle built on it.
//!
//! scikit-learn splits with `numpy.random.RandomState(seed).permutation(n)`; whoever wants the very test rows of a published
//! scikit-learn split needs the same generator and the same shuffle.
//!
//! Source: M. Matsumoto and T. Nishimura, "Mersenne Twister: A 623-dimensionally equidistributed uniform pseudo-random number
//! generator", ACM TOMACS 8(1), 1998; seeding as in the authors' `mt19937ar.c` (2002).

/// Words of state.
const N: usize = 624;
/// Distance of the word that is mixed in.
const M: usize = 397;

/// The generator MT19937 with 32-bit output.
#[derive(Debug, Clone)]
pub struct Mersenne {
    /// The generator's 624 words, renewed all at once.
    state: [u32; N],
    /// The word that the next output is made of; 624 when all are used up.
    next: usize,
}

impl Mersenne {
    /// Seeded as `numpy.random.RandomState(seed)` (`init_genrand` of the original).
    pub fn new(seed: u32) -> Mersenne {
        let mut state = [seed; N];
        for i in 1..N {
            let before = state[i - 1];
            state[i] = (before ^ (before >> 30))
                .wrapping_mul(1_812_433_253)
                .wrapping_add(i as u32);
        }
        Mersenne { state, next: N }
    }

    /// The next 32 bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.next == N {
            self.twist();
            self.next = 0;
        }
        let mut word = self.state[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// The next 624 words of state.
    fn twist(&mut self) {
        for i in 0..N {
            let joined = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % N] & 0x7fff_ffff);
            let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + M) % N] ^ (joined >> 1) ^ odd;
        }
    }
}

/// A permutation of `0..n`: Fisher and Yates' shuffle from the end, each partner drawn by masking and rejecting.
///
/// With [`Mersenne::next_u32`] as `draw` this is numpy's legacy `permutation(n)`. Draws are uniform when `draw` is: the words
/// above the wanted bound are thrown away, less than half of them on average.
pub fn permutation(n: u32, mut draw: impl FnMut() -> u32) -> Vec<u32> {
    let mut order: Vec<u32> = (0..n).collect();
    for last in (1..n).rev() {
        let mask = u32::MAX >> last.leading_zeros();
        let partner = loop {
            let word = draw() & mask;
            if word <= last {
                break word;
            }
        };
        order.swap(last as usize, partner as usize);
    }
    order
}

/// A permutation of `0..n`: Fisher and Yates' shuffle from the start, each partner the word modulo what is left.
///
/// With [`Mersenne::next_u32`] as `draw` this is `torch.randperm(n)` on a CPU after `torch.manual_seed` (`randperm_cpu` in
/// `aten/src/ATen/native/TensorFactories.cpp`), as long as n is below 2^32 / 20: beyond, torch draws 64 bits. The modulus favours
/// small partners by less than one part in twenty.
pub fn torch_permutation(n: u32, mut draw: impl FnMut() -> u32) -> Vec<u32> {
    let mut order: Vec<u32> = (0..n).collect();
    for first in 0..n.saturating_sub(1) {
        let partner = first + draw() % (n - first);
        order.swap(first as usize, partner as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_words_are_numpys() {
        let mut generator = Mersenne::new(42);
        let words: Vec<u32> = (0..3).map(|_| generator.next_u32()).collect();
        assert_eq!(words, [1_608_637_542, 3_421_126_067, 4_083_286_876]);
    }

    /// The C++ standard demands this of its `mt19937`: the 10,000th word of the default seed.
    #[test]
    fn the_ten_thousandth_word_is_the_standards() {
        let mut generator = Mersenne::new(5489);
        let last = (0..10_000).map(|_| generator.next_u32()).last();
        assert_eq!(last, Some(4_123_659_995));
    }

    /// `numpy.random.RandomState(42).permutation(10)`.
    #[test]
    fn a_small_permutation_is_numpys() {
        let mut generator = Mersenne::new(42);
        let order = permutation(10, || generator.next_u32());
        assert_eq!(order, [8, 1, 5, 0, 7, 2, 9, 4, 3, 6]);
    }

    #[test]
    fn a_permutation_holds_everything_once() {
        type Permutation = fn(u32, &mut dyn FnMut() -> u32) -> Vec<u32>;
        let both: [Permutation; 2] = [
            |n, draw| permutation(n, draw),
            |n, draw| torch_permutation(n, draw),
        ];
        for n in [0, 1, 2, 7, 8, 9, 1000] {
            for permutation in both {
                let mut generator = Mersenne::new(n);
                let mut order = permutation(n, &mut || generator.next_u32());
                order.sort_unstable();
                assert_eq!(order, (0..n).collect::<Vec<_>>());
            }
        }
    }
}
