//! The tape: ops in the order they were recorded, and where each result lies.

use std::ops::Range;

use super::layout::{Init, Layout, Param, Role, TableId, TableSpec};
use super::op::Op;
use crate::error::{Error, Result};

/// A recorded result: its place in the arena and its shape per row.
#[derive(Debug, Clone, PartialEq)]
pub struct Var {
    units: Range<usize>,
    shape: Vec<usize>,
}

impl Var {
    /// The shape per row, e.g. `[F, d]`.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Its units in the arena.
    pub fn units(&self) -> Range<usize> {
        self.units.clone()
    }
}

/// One recorded op.
#[derive(Debug)]
pub struct Node {
    /// What it computes.
    pub op: Box<dyn Op>,
    /// The scope it was recorded in, e.g. `interacting.0`.
    pub scope: String,
    /// Their units in the arena, all before the result's.
    pub operands: Vec<Range<usize>>,
    /// Where the result lies.
    pub result: Var,
    /// Its units in the arena of saved values.
    pub saved: Range<usize>,
}

impl Node {
    /// `scope/op`, as errors and profiles show it.
    pub fn label(&self) -> String {
        match self.scope.as_str() {
            "" => self.op.name().to_owned(),
            scope => format!("{scope}/{}", self.op.name()),
        }
    }
}

/// Recorded ops and the layout of their parameters. Recording is the only part that can fail.
#[derive(Debug, Default)]
pub struct Tape {
    nodes: Vec<Node>,
    layout: Layout,
    looked_up: Vec<TableId>,
    consumed: Vec<Range<usize>>,
    scope: String,
    prefix: String,
    units: usize,
    saved_units: usize,
    scratch_units: usize,
}

impl Tape {
    /// An empty tape.
    pub fn new() -> Tape {
        Tape::default()
    }

    /// The recorded ops, in order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The parameters' names, shapes and places.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Units of all results: a shard of R rows needs this times R numbers for values, and as many for gradients.
    pub fn units(&self) -> usize {
        self.units
    }

    /// Units that are operands: what gradients are added to, so what must be cleared before. (Nobody consumes an interacting
    /// layer's attention weights, which are more than half of all units.)
    pub fn consumed(&self) -> &[Range<usize>] {
        &self.consumed
    }

    /// Units of all saved values.
    pub fn saved_units(&self) -> usize {
        self.saved_units
    }

    /// Units of the largest op's scratch memory.
    pub fn scratch_units(&self) -> usize {
        self.scratch_units
    }

    /// Ops and parameters recorded from now on carry this prefix.
    pub fn scope(&mut self, scope: impl Into<String>) {
        let scope = scope.into();
        self.scope = match (self.prefix.as_str(), scope.as_str()) {
            ("", _) => scope,
            (prefix, "") => prefix.to_owned(),
            (prefix, _) => format!("{prefix}.{scope}"),
        };
    }

    /// Scopes and tables from now on carry this prefix: several models on one tape keep their names apart.
    pub fn prefix(&mut self, prefix: impl Into<String>) {
        self.prefix = prefix.into();
        self.scope("");
    }

    /// A dense parameter named `scope.name`.
    ///
    /// # Errors
    /// When the name is taken or an axis is 0.
    pub fn parameter(
        &mut self,
        name: &str,
        shape: &[usize],
        init: Init,
        role: Role,
    ) -> Result<Param> {
        let full = self.full_name(name);
        self.layout.dense(&full, shape, init, role)
    }

    /// A buffer named `scope.name`: numbers that are not trained by gradients.
    ///
    /// # Errors
    /// When the name is taken or an axis is 0.
    pub fn buffer(&mut self, name: &str, shape: &[usize], init: Init) -> Result<Param> {
        let full = self.full_name(name);
        self.layout.buffer(&full, shape, init)
    }

    fn full_name(&self, name: &str) -> String {
        match self.scope.as_str() {
            "" => name.to_owned(),
            scope => format!("{scope}.{name}"),
        }
    }

    /// An embedding table.
    pub fn table(&mut self, mut spec: TableSpec) -> TableId {
        if !self.prefix.is_empty() {
            spec.name = format!("{}.{}", self.prefix, spec.name);
        }
        self.layout.table(spec)
    }

    /// Notes that a table is looked up; false when it was before.
    pub(super) fn claim(&mut self, table: TableId) -> bool {
        let free = !self.looked_up.contains(&table);
        self.looked_up.push(table);
        free
    }

    /// The same numbers under another shape: no copy, no op.
    ///
    /// # Errors
    /// When the shapes differ in their number of units.
    pub fn reshape(&self, x: &Var, shape: &[usize]) -> Result<Var> {
        if shape.iter().product::<usize>() != x.units.len() {
            let what = format!("cannot see shape {:?} as {shape:?}", x.shape);
            return Err(Error::shape("reshape", what));
        }
        Ok(Var {
            units: x.units.clone(),
            shape: shape.to_vec(),
        })
    }

    /// A part of a result, seen as one of its own.
    pub(super) fn part(&self, x: &Var, start: usize, shape: &[usize]) -> Result<Var> {
        let end = start + shape.iter().product::<usize>();
        if start < x.units.start || end > x.units.end {
            let what = format!("shape {shape:?} at {start} is no part of {:?}", x.units);
            return Err(Error::shape("part", what));
        }
        Ok(Var {
            units: start..end,
            shape: shape.to_vec(),
        })
    }

    /// Puts another op in the place of a recorded one: the tests of the gradient check break ops with it.
    #[cfg(test)]
    pub(super) fn replace_op(&mut self, node: usize, by: impl FnOnce(Box<dyn Op>) -> Box<dyn Op>) {
        let input = self.nodes.remove(node);
        let op = by(input.op);
        self.nodes.insert(node, Node { op, ..input });
    }

    /// Places an op's result (and saved values) behind everything recorded before. Ops have recording methods of their own, which check
    /// shapes; call this for an op of your own.
    pub fn record(&mut self, op: impl Op + 'static, operands: &[&Var], shape: &[usize]) -> Var {
        let result = Var {
            units: self.units..self.units + shape.iter().product::<usize>(),
            shape: shape.to_vec(),
        };
        let saved = self.saved_units..self.saved_units + op.saved_units();
        self.units = result.units.end;
        self.saved_units = saved.end;
        self.scratch_units = self.scratch_units.max(op.scratch_units());
        for operand in operands {
            if !self.consumed.contains(&operand.units) {
                self.consumed.push(operand.units.clone());
            }
        }
        self.nodes.push(Node {
            op: Box::new(op),
            scope: self.scope.clone(),
            operands: operands.iter().map(|v| v.units.clone()).collect(),
            result: result.clone(),
            saved,
        });
        result
    }
}
