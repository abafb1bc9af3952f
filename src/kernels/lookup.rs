//! Between table rows (one sample's numbers contiguous) and rows in lanes (one unit's numbers contiguous).

use super::{BLOCK, Column, columns};
use crate::simd::{Kernel, Simd, bf16};

const ZERO: Column = [0.0; BLOCK];

/// The table rows of a block's samples: `out[k][r] = table[ids[r] * stride + k]`, 0 for samples that there are not.
#[derive(Debug)]
pub struct Gather<'a> {
    /// From the first row's first number to be looked up on.
    pub table: &'a [f32],
    /// From one row of the table to the next.
    pub stride: usize,
    /// One a sample, at most [`BLOCK`].
    pub ids: &'a [u32],
    /// `[dim]`
    pub out: &'a mut [Column],
}

/// Fetches what a [`Gather`] will soon load.
#[derive(Debug)]
pub struct Prefetch<'a> {
    /// That of the [`Gather`], as are stride and ids.
    pub table: &'a [f32],
    /// From one row of the table to the next.
    pub stride: usize,
    /// One a sample.
    pub ids: &'a [u32],
    /// Numbers of a row.
    pub width: usize,
}

impl Kernel for Prefetch<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for &id in self.ids {
            for at in (0..self.width).step_by(BLOCK) {
                s.prefetch(self.table, id as usize * self.stride + at);
            }
        }
    }
}

impl Kernel for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        if let Some(id) = self.only_id() {
            // One user's candidates: nothing to transpose.
            let from = &self.table[id as usize * self.stride..][..self.out.len()];
            for (out, &x) in self.out.iter_mut().zip(from) {
                for lane in (0..BLOCK).step_by(S::LANES) {
                    s.store(s.splat(x), out, lane);
                }
            }
            return;
        }
        let rest_is_worth_a_tile = self.rest_is_worth_a_tile();
        let (tiles, rest) = self.out.as_chunks_mut();
        for (tile, out) in tiles.iter_mut().enumerate() {
            let mut rows = [&ZERO; BLOCK];
            for (row, &id) in rows.iter_mut().zip(self.ids) {
                let from = &self.table[id as usize * self.stride + tile * BLOCK..];
                if let Some(from) = from.first_chunk() {
                    *row = from;
                }
            }
            s.transpose(rows, out);
        }
        let first = BLOCK * tiles.len();
        if rest_is_worth_a_tile {
            let (mut rows, mut columns) = ([&ZERO; BLOCK], [ZERO; BLOCK]);
            for (row, &id) in rows.iter_mut().zip(self.ids) {
                if let Some(from) = self.table[id as usize * self.stride + first..].first_chunk() {
                    *row = from;
                }
            }
            s.transpose(rows, &mut columns);
            rest.copy_from_slice(&columns[..rest.len()]);
            return;
        }
        for (lane, &id) in self.ids.iter().enumerate() {
            let from = &self.table[id as usize * self.stride + first..];
            for (out, &x) in rest.iter_mut().zip(from) {
                out[lane] = x;
            }
        }
        for out in rest {
            out[self.ids.len()..].fill(0.0);
        }
    }
}

impl Gather<'_> {
    /// Whether the units that fill no tile had better be transposed too, with what lies behind them: where something does, and more than
    /// a few of it are wanted.
    #[inline(always)]
    fn rest_is_worth_a_tile(&self) -> bool {
        let (first, rest) = (self.out.len() / BLOCK * BLOCK, self.out.len() % BLOCK);
        let last = || self.ids.iter().copied().max().unwrap_or(0) as usize;
        rest >= 4 && last() * self.stride + first + BLOCK <= self.table.len()
    }

    /// The id of all samples of a whole block, if they share it.
    #[inline(always)]
    fn only_id(&self) -> Option<u32> {
        let all: &[u32; BLOCK] = self.ids.try_into().ok()?;
        let mut same = true;
        for &id in all {
            same &= id == all[0];
        }
        same.then_some(all[0])
    }
}

/// Adds table rows: `rows[r][k] += table[ids[r] * stride + k]` for k below `width`, at most [`BLOCK`].
#[derive(Debug)]
pub struct AddRows<'a> {
    /// From the first row's first number to be added on.
    pub table: &'a [f32],
    /// From one row of the table to the next.
    pub stride: usize,
    /// One a sample, at most [`BLOCK`].
    pub ids: &'a [u32],
    /// Not columns: a sample's numbers side by side.
    pub rows: &'a mut [[f32; BLOCK]; BLOCK],
    /// Numbers that are added.
    pub width: usize,
}

impl Kernel for AddRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (row, &id) in self.rows.iter_mut().zip(self.ids) {
            let from = &self.table[id as usize * self.stride..];
            if self.width < BLOCK {
                for (sum, x) in row.iter_mut().zip(&from[..self.width]) {
                    *sum += x;
                }
                continue;
            }
            for at in (0..BLOCK).step_by(S::LANES) {
                s.store(s.add(s.load(row, at), s.load(from, at)), row, at);
            }
        }
    }
}

/// `out[k][r] = rows[r][k]`
#[derive(Debug)]
pub struct IntoLanes<'a> {
    /// What [`AddRows`] has made.
    pub rows: &'a [[f32; BLOCK]; BLOCK],
    /// At most [`BLOCK`] units.
    pub out: &'a mut [Column],
}

impl Kernel for IntoLanes<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let mut out = [ZERO; BLOCK];
        s.transpose(self.rows.each_ref(), &mut out);
        self.out.copy_from_slice(&out[..self.out.len()]);
    }
}

/// `out[k][r] += scale * table_row[k]` for one sample r: `out` is `[dim]`.
#[inline]
pub fn add_row(out: &mut [Column], r: usize, table_row: &[f32], scale: f32) {
    for (unit, &value) in out.iter_mut().zip(table_row) {
        unit[r] += scale * value;
    }
}

/// The same of a row of pairs of bf16, the last of which may have one number only.
#[inline]
pub fn add_row_of_pairs(out: &mut [Column], r: usize, table_row: &[f32], scale: f32) {
    for (units, &pair) in out.chunks_mut(2).zip(table_row) {
        for (unit, value) in units.iter_mut().zip(bf16::halves(pair)) {
            unit[r] += scale * value;
        }
    }
}

/// Transposes a block's `[units, BLOCK]` into `[samples, units]`: the gradient of each sample, contiguous.
#[derive(Debug)]
pub struct ToSamples<'a> {
    /// `[units, BLOCK]`
    pub x: &'a [f32],
    /// `[samples, units]` of at most [`BLOCK`] samples; lanes behind them are left out.
    pub out: &'a mut [f32],
}

impl Kernel for ToSamples<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let all = columns(self.x);
        for (tile, x) in all.chunks(BLOCK).enumerate() {
            let mut units = [&ZERO; BLOCK];
            for (unit, x) in units.iter_mut().zip(x) {
                *unit = x;
            }
            let mut rows = [ZERO; BLOCK];
            s.transpose(units, &mut rows);
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
        // Ids that differ, and the same one throughout.
        for step in [7, 0] {
            rows_into_lanes_and_back(step);
        }
    }

    fn rows_into_lanes_and_back(step: u32) {
        for isa in Isa::available() {
            for dim in [1, 3, 15, 16, 17, 40] {
                let table: Vec<f32> = (0..20 * dim).map(|i| i as f32).collect();
                for used in 0..=BLOCK {
                    let ids: Vec<u32> = (0..used as u32).map(|r| (3 + r * step) % 20).collect();
                    let mut out = vec![[f32::NAN; BLOCK]; dim];
                    isa.run(Gather {
                        table: &table,
                        stride: dim,
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
