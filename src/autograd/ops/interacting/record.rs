//! How an interacting layer is recorded: the shape rule, and its two results.

use super::{Fused, Interacting};
use crate::autograd::tape::{Tape, Var};
use crate::error::{Error, Result};

impl Tape {
    /// Records a fused interacting layer on `x` `[F, d]`; gives `[F, width]` and the attention weights `[H, F, F]`.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn interacting(&mut self, x: &Var, layer: Fused) -> Result<(Var, Var)> {
        let &[fields, dim] = x.shape() else {
            let what = format!("expected x of shape [F, d], got {:?}", x.shape());
            return Err(Error::shape("interacting", what));
        };
        let width = layer.projections[0]
            .weight
            .shape
            .get(1)
            .copied()
            .unwrap_or(0);
        for p in &layer.projections {
            if p.weight.shape != [dim, width] || p.bias.as_ref().is_some_and(|b| b.shape != [width])
            {
                let what = format!(
                    "expected weights of shape [{dim}, {width}], got {:?}",
                    p.weight.shape
                );
                return Err(Error::shape("interacting", what));
            }
        }
        let heads = layer.heads;
        if heads == 0 || !width.is_multiple_of(heads) {
            let what = format!("{heads} heads do not divide the width {width}");
            return Err(Error::shape("interacting", what));
        }
        let [query, key, value, residual] = layer.projections;
        let op = Interacting {
            query,
            key,
            value,
            residual,
            heads,
            scale: layer.scale,
            projection_relu: layer.projection_relu,
            dropout: layer.dropout,
            fields,
            dim,
            width,
            node: self.nodes().len() as u32,
        };
        // The attention weights are a second result, so that they can be looked at; nothing flows back into them.
        let both = self.record(op, &[x], &[heads * fields * fields + fields * width]);
        let at = both.units().start;
        let alpha = self.part(&both, at, &[heads, fields, fields])?;
        let out = self.part(&both, alpha.units().end, &[fields, width])?;
        Ok((out, alpha))
    }
}
