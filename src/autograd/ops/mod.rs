//! The ops, one a file: the formula, the shape rule, forward, backward directly below it, and the definition in f64.

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
