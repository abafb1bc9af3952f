//! A leaf whose values are set from outside. Gradient checks use it to ask for the gradient of an op's operand.

use crate::autograd::kind::OpKind;
use crate::autograd::op::{Backward, Definition, Forward, Op};
use crate::autograd::tape::{Tape, Var};

#[derive(Debug)]
struct Input;

impl Tape {
    /// A leaf of the given shape per row; see [`crate::autograd::workspace::Workspace::value_mut`].
    pub fn input(&mut self, shape: &[usize]) -> Var {
        self.record(Input, &[], shape)
    }
}

impl Op for Input {
    fn name(&self) -> &'static str {
        "input"
    }

    fn formula(&self) -> &str {
        "out = what it was set to"
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::Input
    }

    fn is_leaf(&self) -> bool {
        true
    }

    fn forward(&self, _: &mut Forward<'_>) {}

    fn backward(&self, _: &mut Backward<'_>) {}

    fn definition(&self, _: &Definition<'_>) -> Vec<f64> {
        // The reference interpreter takes a leaf's values from outside, as the workspace does.
        Vec::new()
    }
}
