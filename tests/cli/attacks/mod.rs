//! What broke the program, or made it answer wrongly in silence, when it was attacked: one test a finding.

#[cfg(unix)]
mod outputs;
