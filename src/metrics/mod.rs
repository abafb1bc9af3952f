//! Every metric with its definition.
