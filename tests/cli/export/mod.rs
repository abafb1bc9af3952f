//! `autoint export`: what other programs make of a run's model.

mod onnx;
mod python;
mod tensors;
