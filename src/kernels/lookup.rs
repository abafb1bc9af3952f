//! Between table rows (one sample's numbers contiguous) and rows in lanes (one unit's numbers contiguous).

/// `out[k][r] (+)= scale * table_row[k]` for one sample r: `out` is `[dim, rows]`.
#[inline]
pub fn add_row(out: &mut [f32], rows: usize, r: usize, table_row: &[f32], scale: f32) {
    for (unit, &value) in out.chunks_exact_mut(rows).zip(table_row) {
        unit[r] += scale * value;
    }
}

/// `out[k][r] = table_row[k]` for one sample r: `out` is `[dim, rows]`.
#[inline]
pub fn set_row(out: &mut [f32], rows: usize, r: usize, table_row: &[f32]) {
    for (unit, &value) in out.chunks_exact_mut(rows).zip(table_row) {
        unit[r] = value;
    }
}

/// Transposes `[units, rows]` into `[rows, stride]`, for the first `used` rows: the gradient of each sample, contiguous.
pub fn rows_to_samples(x: &[f32], rows: usize, used: usize, stride: usize, out: &mut [f32]) {
    for (unit, x) in x.chunks_exact(rows).enumerate() {
        for (r, &value) in x[..used].iter().enumerate() {
            out[r * stride + unit] = value;
        }
    }
}
