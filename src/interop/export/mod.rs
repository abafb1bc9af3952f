//! A run's model for other programs.

mod folder;
pub mod keras;
pub mod npy;
pub mod onnx;
pub mod rows;
pub mod safetensors;
