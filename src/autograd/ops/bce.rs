//! `out = weight * scale * (softplus(z) - y z)`: binary cross-entropy of label y and logit z, computed from the logit.
//!
//! It equals -[y ln p + (1 - y) ln(1 - p)] with p = sigmoid(z). Going through p loses everything beyond |z| = 17 in f32 and
//! ends in NaN; this form is exact at any logit. `scale` is 1 / the sum of the batch's weights, so the rows add up to the
//! batch's mean loss.

use crate::autograd::kind::OpKind;
use crate::autograd::op::{Backward, Definition, Forward, Op, Shard};
use crate::autograd::tape::{Tape, Var};
use crate::error::{Error, Result};
use crate::kernels::bce;

#[derive(Debug)]
struct Bce;

impl Tape {
    /// Each row's part of the batch's loss, of shape `[1]`; labels and weights come from the batch.
    ///
    /// # Errors
    /// When `logit` is not of shape `[1]`.
    pub fn bce(&mut self, logit: &Var) -> Result<Var> {
        if logit.shape() != [1] {
            let what = format!("expected a logit of shape [1], got {:?}", logit.shape());
            return Err(Error::shape("bce", what));
        }
        Ok(self.record(Bce, &[logit], &[1]))
    }
}

/// Labels and scaled weights of a shard, the rows beyond the used ones weighing nothing.
fn targets(shard: Shard<'_>, rows: usize, saved: &mut [f32]) {
    let Shard {
        batch,
        first_row,
        used,
        part,
        ..
    } = shard;
    saved.fill(0.0);
    let (y, weight) = saved.split_at_mut(rows);
    y[..used].copy_from_slice(&batch.labels[first_row..first_row + used]);
    for (i, weight) in weight[..used].iter_mut().enumerate() {
        *weight = part.loss_scale as f32 * batch.weights.get(first_row + i).copied().unwrap_or(1.0);
    }
}

impl Op for Bce {
    fn name(&self) -> &'static str {
        "bce"
    }

    fn formula(&self) -> &str {
        "out = weight scale (softplus(z) - y z)"
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::Bce
    }

    /// Labels and weights.
    fn saved_units(&self) -> usize {
        2
    }

    fn forward(&self, f: &mut Forward<'_>) {
        targets(f.shard, f.rows, f.saved);
        let (y, weight) = f.saved.split_at(f.rows);
        f.isa.run(bce::Bce {
            z: f.operands.get(0),
            y,
            weight,
            out: f.out,
        });
    }

    fn backward(&self, b: &mut Backward<'_>) {
        let (y, weight) = b.saved.split_at(b.rows);
        // out = weight (softplus(z) - y z)  =>  d_z += d_out weight (sigmoid(z) - y)
        b.isa.run(bce::BceGrad {
            z: b.operands.get(0),
            y,
            weight,
            d_out: b.d_out,
            d_z: b.d_operands.get(0),
        });
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        let z = r.operands[0][0];
        let y = f64::from(r.batch.labels[r.row]);
        let weight = r.batch.weights.get(r.row).map_or(1.0, |&w| f64::from(w));
        let softplus = z.max(0.0) + (-z.abs()).exp().ln_1p();
        vec![weight * r.part.loss_scale * (softplus - y * z)]
    }
}

#[cfg(test)]
mod tests {
    use crate::autograd::ops::checks::held;

    #[test]
    fn its_gradient_holds_and_a_wrong_one_is_found() {
        held("bce", |t| {
            let x = t.input(&[1]);
            t.bce(&x)
        });
    }
}
