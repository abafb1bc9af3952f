//! Contractions with named axes, e.g. `"i h k, j h k -> h i j"`: the two operands' products, summed over every axis that the
//! result does not name. Attention reads like the paper with it.

use crate::autograd::kind::{EinsumKind, OpKind};
use crate::autograd::op::{Backward, Definition, Forward, Op};
use crate::autograd::tape::{Tape, Var};
use crate::error::{Error, Result};
use crate::kernels::einsum::{Contract, ContractGrad, Plan, Side};
use crate::kernels::{columns, columns_mut};

#[derive(Debug)]
struct Einsum {
    spec: String,
    plan: Plan,
    /// Of the operands.
    shapes: [Vec<usize>; 2],
    /// Units of the operands.
    units: [usize; 2],
}

impl Tape {
    /// `spec` names the axes of a, of b and of the result, each a word: `"i h k, j h k -> h i j"`.
    ///
    /// # Errors
    /// When the spec does not parse, an axis has two sizes, or the result names an unknown axis or one twice.
    pub fn einsum(&mut self, spec: &str, a: &Var, b: &Var) -> Result<Var> {
        let fail = |what: String| Error::shape("einsum", format!("`{spec}`: {what}"));
        let (inputs, result) = spec
            .split_once("->")
            .ok_or_else(|| fail("expected `->`".into()))?;
        let (a_names, b_names) = inputs
            .split_once(',')
            .ok_or_else(|| fail("expected two operands".into()))?;
        let words = |names: &'_ str| {
            names
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let (a_names, b_names, result) = (words(a_names), words(b_names), words(result));
        let mut axes: Vec<Axis> = Vec::new();
        for (names, var, side) in [(&a_names, a, Side::A), (&b_names, b, Side::B)] {
            if names.len() != var.shape().len() {
                return Err(fail(format!(
                    "{} axes named for shape {:?}",
                    names.len(),
                    var.shape()
                )));
            }
            add_axes(&mut axes, names, var.shape(), side).map_err(fail)?;
        }
        let mut output = Vec::new();
        for (i, name) in result.iter().enumerate() {
            let axis = axes.iter().find(|x| &x.name == name);
            let axis =
                axis.ok_or_else(|| fail(format!("axis {name} of the result is in no operand")))?;
            if result[..i].contains(name) {
                return Err(fail(format!("the result names axis {name} twice")));
            }
            output.push(axis);
        }
        let shape: Vec<usize> = output.iter().map(|x| x.size).collect();
        let summed: Vec<&Axis> = axes.iter().filter(|x| !result.contains(&x.name)).collect();
        let plan = Plan {
            outputs: offsets(&output),
            terms: offsets(&summed),
        };
        let op = Einsum {
            spec: spec.to_owned(),
            plan,
            shapes: [a.shape().to_vec(), b.shape().to_vec()],
            units: [a.units().len(), b.units().len()],
        };
        Ok(self.record(op, &[a, b], &shape))
    }
}

/// A named axis: its size and its stride in each operand (0 where the operand does not have it).
#[derive(Debug)]
struct Axis {
    name: String,
    size: usize,
    strides: (u32, u32),
}

/// Enters the axes of one operand, or the reason why they do not fit.
fn add_axes(
    axes: &mut Vec<Axis>,
    names: &[String],
    shape: &[usize],
    side: Side,
) -> Result<(), String> {
    let mut stride = shape.iter().product::<usize>();
    for (i, (name, &size)) in names.iter().zip(shape).enumerate() {
        if names[..i].contains(name) {
            return Err(format!("an operand names axis {name} twice"));
        }
        stride /= size;
        let at = axes
            .iter()
            .position(|x| &x.name == name)
            .unwrap_or_else(|| {
                axes.push(Axis {
                    name: name.clone(),
                    size,
                    strides: (0, 0),
                });
                axes.len() - 1
            });
        if axes[at].size != size {
            return Err(format!(
                "axis {name} is {} in one operand and {size} in the other",
                axes[at].size
            ));
        }
        match side {
            Side::A => axes[at].strides.0 = stride as u32,
            Side::B => axes[at].strides.1 = stride as u32,
        }
    }
    Ok(())
}

/// The offsets of every index of the axes, the last axis fastest.
fn offsets(axes: &[&Axis]) -> Vec<(u32, u32)> {
    let mut all = vec![(0, 0)];
    for axis in axes {
        let (a, b) = axis.strides;
        all = all
            .iter()
            .flat_map(|&(x, y)| (0..axis.size as u32).map(move |i| (x + i * a, y + i * b)))
            .collect();
    }
    all
}

impl Op for Einsum {
    fn name(&self) -> &'static str {
        "einsum"
    }

    /// The contraction itself: it is a formula already.
    fn formula(&self) -> &str {
        &self.spec
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::Einsum(EinsumKind {
            spec: &self.spec,
            shapes: [&self.shapes[0], &self.shapes[1]],
        })
    }

    fn forward(&self, f: &mut Forward<'_>) {
        let out = columns_mut(f.out).chunks_exact_mut(self.plan.outputs.len());
        let [a, b] = [0, 1].map(|i| columns(f.operands.get(i)).chunks_exact(self.units[i]));
        for (out, (a, b)) in out.zip(a.zip(b)) {
            f.isa.run(Contract {
                plan: &self.plan,
                a,
                b,
                out,
            });
        }
    }

    fn backward(&self, b: &mut Backward<'_>) {
        // out[o] = sum_t a[o + t] b[o + t]  =>  d_a[o + t] += d_out[o] b[o + t], d_b[o + t] += d_out[o] a[o + t]
        for (side, own, other) in [(Side::A, 0, 1), (Side::B, 1, 0)] {
            let d_out = columns(b.d_out).chunks_exact(self.plan.outputs.len());
            let other = columns(b.operands.get(other)).chunks_exact(self.units[other]);
            let d_own = columns_mut(b.d_operands.get(own)).chunks_exact_mut(self.units[own]);
            for (d_operand, (d_out, other)) in d_own.zip(d_out.zip(other)) {
                b.isa.run(ContractGrad {
                    plan: &self.plan,
                    side,
                    other,
                    d_out,
                    d_operand,
                });
            }
        }
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        let (a, b) = (r.operands[0], r.operands[1]);
        let product = |(a0, b0): (u32, u32), (da, db): (u32, u32)| {
            a[(a0 + da) as usize] * b[(b0 + db) as usize]
        };
        self.plan
            .outputs
            .iter()
            .map(|&o| self.plan.terms.iter().map(|&t| product(o, t)).sum())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autograd::ops::checks::held;

    #[test]
    fn its_gradient_holds_and_a_wrong_one_is_found() {
        held("einsum", |t| {
            let (q, k) = (t.input(&[3, 2, 2]), t.input(&[4, 2, 2]));
            t.einsum("i h c, j h c -> h i j", &q, &k)
        });
    }

    #[test]
    fn specs_that_do_not_fit_are_refused_with_their_reason() {
        let mut tape = Tape::new();
        let a = tape.input(&[2, 3]);
        let b = tape.input(&[4, 3]);
        assert_eq!(
            tape.einsum("i k, j k -> i j", &a, &b).unwrap().shape(),
            [2, 4]
        );
        for (spec, reason) in [
            ("i k, j k", "->"),
            ("i k -> i", "two operands"),
            ("i k, j -> i j", "1 axes named"),
            ("i k, k j -> i j", "axis k is 3"),
            ("i k, j k -> i x", "no operand"),
            ("i k, j k -> i i", "twice"),
            ("i i, j k -> i j", "twice"),
        ] {
            let error = tape.einsum(spec, &a, &b).unwrap_err().to_string();
            assert!(error.contains(reason), "{spec}: {error}");
        }
    }
}
