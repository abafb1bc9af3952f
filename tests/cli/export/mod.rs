//! `autoint export`: what other programs make of a run's model.

mod back;
mod onnx;
mod python;
mod tensors;
