//! Between table rows (one sample's numbers contiguous) and rows in lanes (one unit's numbers contiguous).

use super::{BLOCK, Column, columns};
use crate::simd::{Kernel, Simd};

/// The table rows of a block's samples: `out[k][r] = table[ids[r] * dim + k]`, 0 for samples that there are not.
#[derive(Debug)]
pub struct Gather<'a> {
    pub table: &'a [f32],
    /// At most [`BLOCK`].
    pub ids: &'a [u32],
    /// `[dim]`
    pub out: &'a mut [Column],
}

impl Kernel for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let dim = self.out.len();
        for (tile, out) in self.out.chunks_mut(BLOCK).enumerate() {
            let mut rows = [[0.0; BLOCK]; BLOCK];
            for (row, &id) in rows.iter_mut().zip(self.ids) {
                let from = &self.table[id as usize * dim + tile * BLOCK..][..out.len()];
                row[..out.len()].copy_from_slice(from);
            }
            out.copy_from_slice(&s.transpose(&rows)[..out.len()]);
        }
    }
}

/// `out[k][r] += scale * table_row[k]` for one sample r: `out` is `[dim]`.
#[inline]
pub fn add_row(out: &mut [Column], r: usize, table_row: &[f32], scale: f32) {
    for (unit, &value) in out.iter_mut().zip(table_row) {
        unit[r] += scale * value;
    }
}

/// Transposes a block's `[units, BLOCK]` into `[samples, units]`: the gradient of each sample, contiguous.
#[derive(Debug)]
pub struct ToSamples<'a> {
    /// `[units, BLOCK]`
    pub x: &'a [f32],
    /// As many samples as there are, at most [`BLOCK`].
    pub out: &'a mut [f32],
}

impl Kernel for ToSamples<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let all = columns(self.x);
        for (tile, x) in all.chunks(BLOCK).enumerate() {
            let mut units = [[0.0; BLOCK]; BLOCK];
            units[..x.len()].copy_from_slice(x);
            let rows = s.transpose(&units);
            for (out, row) in self.out.chunks_exact_mut(all.len()).zip(&rows) {
                out[tile * BLOCK..][..x.len()].copy_from_slice(&row[..x.len()]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Isa;

    #[test]
    fn rows_go_into_lanes_and_back() {
        for isa in Isa::available() {
            for dim in [1, 3, 15, 16, 17, 40] {
                let table: Vec<f32> = (0..20 * dim).map(|i| i as f32).collect();
                for used in 0..=BLOCK {
                    let ids: Vec<u32> = (0..used as u32).map(|r| r * 7 % 20).collect();
                    let mut out = vec![[f32::NAN; BLOCK]; dim];
                    isa.run(Gather {
                        table: &table,
                        ids: &ids,
                        out: &mut out,
                    });
                    let mut samples = vec![f32::NAN; used * dim];
                    isa.run(ToSamples {
                        x: out.as_flattened(),
                        out: &mut samples,
                    });
                    for (r, &id) in ids.iter().enumerate() {
                        let row = &table[id as usize * dim..][..dim];
                        let lane: Vec<f32> = out.iter().map(|unit| unit[r]).collect();
                        assert_eq!(lane, row, "{} {dim} {used}", isa.name());
                        assert_eq!(&samples[r * dim..][..dim], row, "{} {dim}", isa.name());
                    }
                    assert!(
                        out.iter()
                            .all(|unit| unit[used..].iter().all(|&x| x == 0.0))
                    );
                }
            }
        }
    }
}
