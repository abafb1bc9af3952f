//! The walk over the tape: each op as ONNX nodes. There is no arm for "all others", so a new op does not compile until it is
//! written here.
//!
//! An operand is known by its units; the shapes in which they have been seen are kept, and another one costs a Reshape.

use std::ops::Range;

use super::embedding::{Field, look_up};
use super::graph::{Attribute, Graph};
use super::ops;
use crate::autograd::kind::{Affine, BatchNormKind, CinKind, EinsumKind, LayerNormKind, OpKind};
use crate::autograd::layout::DenseSpec;
use crate::autograd::tape::Node;
use crate::autograd::{Param, Parameters, Tape, Var};
use crate::error::{Error, Result};

/// See the module.
pub(super) struct Walk<'a> {
    graph: &'a mut Graph,
    tape: &'a Tape,
    parameters: &'a Parameters,
    /// The table rows of each field.
    fields: &'a [Field],
    /// Every shape in which a result is there, those that a Reshape made included.
    seen: Vec<Seen>,
}

/// A result in one of its shapes, without the axis of the rows.
struct Seen {
    /// What the tape calls the result by.
    units: Range<usize>,
    /// Without the rows, which come first.
    shape: Vec<usize>,
    /// What the graph calls it by.
    value: String,
}

impl<'a> Walk<'a> {
    /// With nothing walked yet.
    pub fn new(
        graph: &'a mut Graph,
        tape: &'a Tape,
        parameters: &'a Parameters,
        fields: &'a [Field],
    ) -> Walk<'a> {
        Walk {
            graph,
            tape,
            parameters,
            fields,
            seen: Vec::new(),
        }
    }

    /// Writes all ops; gives the value of `logit`, `[rows, 1]`.
    ///
    /// # Errors
    /// When the tape holds an op that is no part of a composed model.
    pub fn run(mut self, logit: &Var) -> Result<String> {
        for node in self.tape.nodes() {
            self.graph.scope(&node.scope);
            self.op(node)?;
        }
        self.graph.scope("");
        self.see(&logit.units(), &[1])
    }

    fn op(&mut self, node: &Node) -> Result<()> {
        let shape = node.result.shape();
        let value = match node.op.kind() {
            OpKind::Add => {
                let (a, b) = (self.operand(node, 0, shape)?, self.operand(node, 1, shape)?);
                self.graph.node("Add", &[&a, &b], &[])
            }
            OpKind::AddBias { bias } => {
                let (x, bias) = (self.operand(node, 0, shape)?, self.dense(bias)?);
                self.graph.node("Add", &[&x, &bias], &[])
            }
            OpKind::BatchNorm(norm) => self.batch_norm(node, norm)?,
            // The loss needs labels and is needed by no score.
            OpKind::Bce => return Ok(()),
            OpKind::Cin(layer) => self.cin(node, layer)?,
            // Inference drops nothing.
            OpKind::Dropout => self.operand(node, 0, shape)?,
            OpKind::Einsum(einsum) => self.einsum(node, einsum)?,
            OpKind::Embedding { table } => {
                let spec = &self.tape.layout().tables[table.0];
                let rows = &self.parameters.tables[table.0];
                let rows = self.graph.weights(&spec.name, &[spec.rows, spec.dim], rows);
                look_up(self.graph, &rows, self.fields)
            }
            OpKind::Fm { fields, dim } => {
                let x = self.operand(node, 0, &[fields, dim])?;
                ops::fm(self.graph, &x)
            }
            OpKind::Gate { gate } => self.gate(node, gate)?,
            OpKind::Input => return Err(strange(node, "is a leaf that is set from outside")),
            OpKind::Interacting(_) => return Err(strange(node, "is fused, expected composed ops")),
            OpKind::LayerNorm(norm) => self.layer_norm(node, norm)?,
            OpKind::Linear { map, tokens } => self.linear(node, map, tokens)?,
            OpKind::MultiplyAdd => {
                let [a, b, c] = [0, 1, 2].map(|i| self.operand(node, i, shape));
                let product = self.graph.node("Mul", &[&a?, &b?], &[]);
                self.graph.node("Add", &[&product, &c?], &[])
            }
            OpKind::Other => return Err(strange(node, "does not tell what it computes")),
            OpKind::Relu => {
                let x = self.operand(node, 0, shape)?;
                self.graph.node("Relu", &[&x], &[])
            }
            OpKind::Scale { factor } => {
                let (x, factor) = (self.operand(node, 0, shape)?, self.graph.float(factor));
                self.graph.node("Mul", &[&x, &factor], &[])
            }
            OpKind::Softmax { .. } => {
                let (x, axis) = (self.operand(node, 0, shape)?, Attribute::Int("axis", -1));
                self.graph.node("Softmax", &[&x], &[axis])
            }
            OpKind::Sum => {
                let x = self.operand(node, 0, &[node.operands.first().map_or(0, Range::len)])?;
                ops::sum(self.graph, &x)
            }
        };
        self.keep(node.result.units(), shape, value);
        Ok(())
    }

    fn gate(&mut self, node: &Node, gate: &Param) -> Result<String> {
        let x = self.operand(node, 0, node.result.shape())?;
        let (gate, axes) = (self.dense(gate)?, self.graph.list(&[-1]));
        let gate = self.graph.node("Unsqueeze", &[&gate, &axes], &[]);
        Ok(self.graph.node("Mul", &[&x, &gate], &[]))
    }

    fn batch_norm(&mut self, node: &Node, norm: BatchNormKind<'_>) -> Result<String> {
        let operands = [
            self.operand(node, 0, &norm.gain.shape)?,
            self.dense(norm.gain)?,
            self.dense(norm.bias)?,
            self.buffer(norm.mean)?,
            self.buffer(norm.variance)?,
        ];
        let epsilon = [Attribute::Float("epsilon", norm.epsilon)];
        let operands = operands.each_ref().map(String::as_str);
        Ok(self.graph.node("BatchNormalization", &operands, &epsilon))
    }

    fn cin(&mut self, node: &Node, layer: CinKind<'_>) -> Result<String> {
        let x0 = self.operand(node, 0, &[layer.fields, layer.dim])?;
        let x = match layer.first {
            true => None,
            false => Some(self.operand(node, 1, &[layer.dim, layer.maps])?),
        };
        let weight = self.dense(layer.weight)?;
        Ok(ops::cin(self.graph, x.as_deref(), &x0, &weight, layer.dim))
    }

    fn einsum(&mut self, node: &Node, einsum: EinsumKind<'_>) -> Result<String> {
        let [a, b] = einsum.shapes;
        let (a, b) = (self.operand(node, 0, a)?, self.operand(node, 1, b)?);
        let equation = ops::equation(einsum.spec)?;
        let equation = [Attribute::Text("equation", &equation)];
        Ok(self.graph.node("Einsum", &[&a, &b], &equation))
    }

    fn layer_norm(&mut self, node: &Node, norm: LayerNormKind<'_>) -> Result<String> {
        let n = norm.gain.shape.iter().product();
        let x = self.operand(node, 0, &[norm.tokens, n])?;
        let affine = (self.dense(norm.gain)?, self.dense(norm.bias)?);
        let affine = (affine.0.as_str(), affine.1.as_str());
        Ok(ops::layer_norm(self.graph, &x, affine, norm.epsilon, n))
    }

    fn linear(&mut self, node: &Node, map: Affine<'_>, tokens: usize) -> Result<String> {
        let k = map.weight.shape.first().copied().unwrap_or(0);
        let shape = match node.result.shape() {
            [_] => vec![k],
            _ => vec![tokens, k],
        };
        let (x, weight) = (self.operand(node, 0, &shape)?, self.dense(map.weight)?);
        let bias = map.bias.map(|bias| self.dense(bias)).transpose()?;
        Ok(ops::linear(self.graph, &x, &weight, bias.as_deref()))
    }

    /// Operand number `i`, seen in a shape.
    fn operand(&mut self, node: &Node, i: usize, shape: &[usize]) -> Result<String> {
        let units = node.operands.get(i).cloned();
        let units = units.ok_or_else(|| strange(node, "lacks an operand"))?;
        self.see(&units, shape)
    }

    /// Units in a shape.
    fn see(&mut self, units: &Range<usize>, shape: &[usize]) -> Result<String> {
        let mut known = self.seen.iter().filter(|seen| seen.units == *units);
        if let Some(same) = known.clone().find(|seen| seen.shape == shape) {
            return Ok(same.value.clone());
        }
        let first = known.next().map(|seen| seen.value.clone());
        let unknown = || Error::shape("export", format!("no op gives the units {units:?}"));
        let first = first.ok_or_else(unknown)?;
        let sizes: Vec<i64> = shape.iter().map(|&n| n as i64).collect();
        // The 0 keeps the axis of the rows.
        let sizes = self.graph.list(&[&[0], &sizes[..]].concat());
        let value = self.graph.node("Reshape", &[&first, &sizes], &[]);
        self.keep(units.clone(), shape, value.clone());
        Ok(value)
    }

    fn keep(&mut self, units: Range<usize>, shape: &[usize], value: String) {
        self.seen.push(Seen {
            units,
            shape: shape.to_vec(),
            value,
        });
    }

    /// A dense parameter, by its name.
    fn dense(&mut self, param: &Param) -> Result<String> {
        let (specs, values) = (&self.tape.layout().dense, &self.parameters.dense);
        self.constant(specs, values, param)
    }

    /// A buffer, by its name.
    fn buffer(&mut self, param: &Param) -> Result<String> {
        let (specs, values) = (&self.tape.layout().buffers, &self.parameters.buffers);
        self.constant(specs, values, param)
    }

    fn constant(&mut self, specs: &[DenseSpec], values: &[f32], param: &Param) -> Result<String> {
        let spec = specs.iter().find(|spec| spec.param == *param);
        let unknown = || Error::shape("export", "a parameter is none of the layout's");
        let spec = spec.ok_or_else(unknown)?;
        let values = &values[param.range.clone()];
        Ok(self.graph.weights(&spec.name, &param.shape, values))
    }
}

fn strange(node: &Node, what: &str) -> Error {
    Error::shape(node.label(), format!("{what}, so it cannot be exported"))
}
