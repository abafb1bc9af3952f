//! The ops, one a file: the formula, the shape rule, forward, backward directly below it, the definition in f64, and the test that holds
//! all of it (`checks::held`).
//!
//! | op | out | gradients, g being that of out |
//! |---|---|---|
//! | [`add`] | `a + b` | `d_a += g`, `d_b += g` |
//! | [`add_bias`] | `x[u] + bias[u]` | `d_x += g`, `d_bias += g` summed over rows |
//! | [`batch_norm`] | `gain hat + bias`, `hat = (x - mean) / sqrt(variance + e)` | `d_x += gain (g - mean(g) - hat mean(g hat)) / sqrt(variance + e)`; `d_gain += g hat`, `d_bias += g` |
//! | [`bce`] | `w s (softplus(z) - y z)` | `d_z += g w s (sigmoid(z) - y)` |
//! | [`cin`] | `sum_ij W[i F + j][o] x[k][i] x0[j][k]` | each factor gets g times the two others |
//! | [`dropout`] | `mask x` | `d_x += mask g` |
//! | [`einsum`] | `sum a b` over the axes that the result does not name | each operand gets g times the other, summed over the axes that it does not name |
//! | [`embedding`] | `sum_v scale_v table[id_v]` | `d_table[id_v] += scale_v g` |
//! | [`fm`] | `sum_{f < g} x[f] . x[g]` | `d_x[f] += g (sum_h x[h] - x[f])` |
//! | [`gate`] | `gate[f] x[f]` | `d_x[f] += gate[f] g[f]`, `d_gate[f] += x[f] . g[f]` |
//! | [`input`] | what it was set to | none: it is where gradients end |
//! | [`interacting`] | `relu(sum_j alpha[i][j] v[j] + r[i])`, `alpha = softmax_j(scale q[i] . k[j])` | through ReLU, mixing, softmax and projections, see its file |
//! | [`layer_norm`] | `gain hat + bias`, over the units of a token | as [`batch_norm`], the means being over the units |
//! | [`linear`] | `x W + b` | `d_x += g W^T`, `d_W += x^T g`, `d_b += g` summed over rows and tokens |
//! | [`multiply_add`] | `a b + c` | `d_a += b g`, `d_b += a g`, `d_c += g` |
//! | [`relu`] | `max(0, x)` | `d_x += g` where out > 0 |
//! | [`scale`] | `factor x` | `d_x += factor g` |
//! | [`softmax`] | `e^x[j] / sum_m e^x[m]` | `d_x[j] += out[j] (g[j] - sum_m out[m] g[m])` |
//! | [`sum`] | `sum_u x[u]` | `d_x[u] += g` |
//!
//! # Adding an op
//!
//! One file here and its line below (and its line above, which a test asks for): copy [`relu`], which is the shortest whole one, without
//! its `kink_distance` where there is no kink. Plain loops will do, as in `examples/lessons/lesson_02.rs`; what shall be fast is a kernel.
//! Backward may use the result (`out`) where that is cheaper than the operand. [`Op::kind`](super::Op::kind) may be
//! [`OpKind::Other`](super::OpKind::Other) until somebody wants it exported. Functions whose last bits hang on the machine's mathematical
//! library (`tanh`, `exp` of the standard library) break the promise of equal bits: [`crate::kernels::math`] has its own.
//!
//! `cargo test --lib NAME` runs its test, which has arguments between -1 and 1; `tests/gradient_check.rs` is the place for random shapes
//! and large arguments, and asked of nobody.

pub mod add;
pub mod add_bias;
pub mod batch_norm;
pub mod bce;
pub mod cin;
pub mod dropout;
pub mod einsum;
pub mod embedding;
pub mod fm;
pub mod gate;
pub mod input;
pub mod interacting;
pub mod layer_norm;
pub mod linear;
pub mod multiply_add;
pub mod relu;
pub mod scale;
pub mod softmax;
pub mod sum;

#[cfg(test)]
mod checks;
