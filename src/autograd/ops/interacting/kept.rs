//! What forward of an interacting layer keeps for backward.

/// The saved values, cut into what they are; in this order.
#[derive(Debug)]
pub(super) struct Kept<S> {
    /// `[blocks, F, width, BLOCK]`
    pub query: S,
    /// `[blocks, F, width, BLOCK]`
    pub key: S,
    /// `[blocks, F, width, BLOCK]`
    pub value: S,
    /// Likewise; empty unless its projection passes through a ReLU.
    pub residual: S,
    /// `[blocks, H, F, F, BLOCK]`: dropout's factors; empty without dropout.
    pub mask: S,
}

impl<'a> Kept<&'a mut [f32]> {
    /// To be written to: projections of so many numbers each, and a residual of so many.
    pub fn cut_mut(saved: &'a mut [f32], (projection, residual): (usize, usize)) -> Self {
        let (query, rest) = saved.split_at_mut(projection);
        let (key, rest) = rest.split_at_mut(projection);
        let (value, rest) = rest.split_at_mut(projection);
        let (residual, mask) = rest.split_at_mut(residual);
        Kept {
            query,
            key,
            value,
            residual,
            mask,
        }
    }
}

impl<'a> Kept<&'a [f32]> {
    /// To be read: likewise.
    pub fn cut(saved: &'a [f32], (projection, residual): (usize, usize)) -> Self {
        let (query, rest) = saved.split_at(projection);
        let (key, rest) = rest.split_at(projection);
        let (value, rest) = rest.split_at(projection);
        let (residual, mask) = rest.split_at(residual);
        Kept {
            query,
            key,
            value,
            residual,
            mask,
        }
    }
}
