//! An ONNX graph in the making: nodes, constants, inputs and outputs, by the names of the values between them
//! (<https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>, whose field numbers stand here).

use crate::error::{Error, Result};
use crate::protobuf::Message;

/// The most bytes of a protocol buffer.
const MOST_BYTES: usize = i32::MAX as usize;

/// The axis that every input and output begins with: its length is the caller's.
const ROWS: &str = "rows";

/// What a tensor holds: the number is ONNX's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DType {
    /// f32
    Float = 1,
    Int64 = 7,
    /// UTF-8
    Text = 8,
    /// f64
    Double = 11,
}

/// A parameter of a node.
#[derive(Debug, Clone)]
pub(super) enum Attribute<'a> {
    Int(&'a str, i64),
    Float(&'a str, f32),
    Text(&'a str, &'a str),
    Ints(&'a str, Vec<i64>),
    Floats(&'a str, Vec<f32>),
    Texts(&'a str, Vec<&'a str>),
}

impl Attribute<'_> {
    fn message(&self) -> Message {
        let named = |name: &str, kind: i64| Message::new().text(1, name).int(20, kind);
        match self {
            Attribute::Float(name, value) => named(name, 1).float(2, *value),
            Attribute::Int(name, value) => named(name, 2).int(3, *value),
            Attribute::Text(name, value) => named(name, 3).text(4, value),
            Attribute::Floats(name, all) => all.iter().fold(named(name, 6), |m, &x| m.float(7, x)),
            Attribute::Ints(name, all) => all.iter().fold(named(name, 7), |m, &x| m.int(8, x)),
            Attribute::Texts(name, all) => all.iter().fold(named(name, 8), |m, x| m.text(9, x)),
        }
    }
}

/// The element type of [`Graph::cast`].
pub(super) fn to(dtype: DType) -> Attribute<'static> {
    Attribute::Int("to", dtype as i64)
}

/// See the module. A value is known by its name.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// Of GraphProto: nodes and constants, in the order in which they were added.
    body: Message,
    /// Name, and ONNX's description of it, in the order in which they were added.
    inputs: Vec<(String, Message)>,
    /// As `inputs`.
    outputs: Vec<(String, Message)>,
    /// Before the names of what is added.
    scope: String,
    /// How many names were given.
    values: usize,
}

impl Graph {
    /// The names of what is added from now on begin with it.
    pub fn scope(&mut self, scope: &str) {
        scope.clone_into(&mut self.scope);
    }

    /// A name that no other value has.
    fn name(&mut self, what: &str) -> String {
        self.values += 1;
        let number = self.values;
        match self.scope.as_str() {
            "" => format!("{what}:{number}"),
            scope => format!("{scope}/{what}:{number}"),
        }
    }

    /// Adds a node of ONNX's own operators; gives its result.
    pub fn node(&mut self, op: &str, operands: &[&str], attributes: &[Attribute<'_>]) -> String {
        let result = self.name(op);
        self.add(("", op), operands, attributes, &[&result]);
        result
    }

    /// Adds a node of the operators for classical models.
    pub fn node_ml(&mut self, op: &str, operands: &[&str], attributes: &[Attribute<'_>]) -> String {
        let result = self.name(op);
        self.add(("ai.onnx.ml", op), operands, attributes, &[&result]);
        result
    }

    /// Adds a node with two results, of which the first is given.
    pub fn node_of_two(
        &mut self,
        op: &str,
        operands: &[&str],
        attributes: &[Attribute<'_>],
    ) -> String {
        let (first, second) = (self.name(op), self.name("unused"));
        self.add(("", op), operands, attributes, &[&first, &second]);
        first
    }

    fn add(
        &mut self,
        (domain, op): (&str, &str),
        operands: &[&str],
        attributes: &[Attribute<'_>],
        results: &[&str],
    ) {
        let mut node = Message::new();
        for operand in operands {
            node = node.text(1, operand);
        }
        for result in results {
            node = node.text(2, result);
        }
        node = node.text(3, results[0]).text(4, op).text(7, domain);
        for attribute in attributes {
            node = node.message(5, &attribute.message());
        }
        self.extend(1, &node);
    }

    /// Adds to the body.
    fn extend(&mut self, field: u32, message: &Message) {
        self.body = std::mem::take(&mut self.body).message(field, message);
    }

    fn constant(
        &mut self,
        name: String,
        dims: &[usize],
        dtype: DType,
        content: Content<'_>,
    ) -> String {
        let shape = dims.iter().fold(Message::new(), |m, &n| m.int(1, n as i64));
        let tensor = shape.int(2, dtype as i64).text(8, &name);
        let tensor = match content {
            Content::Raw(bytes) => tensor.bytes(9, &bytes),
            Content::Text(text) => tensor.text(6, text),
        };
        self.extend(5, &tensor);
        name
    }

    /// Weights, by the name that the run's file has for them (and a mark, as an input may have that name).
    pub fn weights(&mut self, name: &str, dims: &[usize], values: &[f32]) -> String {
        self.numbers(format!("{name}:weights"), dims, values)
    }

    fn numbers(&mut self, name: String, dims: &[usize], values: &[f32]) -> String {
        let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.constant(name, dims, DType::Float, Content::Raw(bytes))
    }

    /// A constant of f32, row-major; gives its name.
    pub fn floats(&mut self, dims: &[usize], values: &[f32]) -> String {
        let name = self.name("floats");
        self.numbers(name, dims, values)
    }

    /// A constant of f64, row-major; gives its name.
    pub fn doubles(&mut self, dims: &[usize], values: &[f64]) -> String {
        let (name, bytes) = (
            self.name("doubles"),
            values.iter().flat_map(|x| x.to_le_bytes()),
        );
        self.constant(name, dims, DType::Double, Content::Raw(bytes.collect()))
    }

    /// A constant of i64, row-major; gives its name.
    pub fn ints(&mut self, dims: &[usize], values: &[i64]) -> String {
        let (name, bytes) = (
            self.name("ints"),
            values.iter().flat_map(|x| x.to_le_bytes()),
        );
        self.constant(name, dims, DType::Int64, Content::Raw(bytes.collect()))
    }

    /// A list of integers, such as the axes of an operator.
    pub fn list(&mut self, values: &[i64]) -> String {
        self.ints(&[values.len()], values)
    }

    /// One number.
    pub fn float(&mut self, value: f32) -> String {
        self.floats(&[], &[value])
    }

    /// One number.
    pub fn double(&mut self, value: f64) -> String {
        self.doubles(&[], &[value])
    }

    /// One number.
    pub fn int(&mut self, value: i64) -> String {
        self.ints(&[], &[value])
    }

    /// One text.
    pub fn text(&mut self, text: &str) -> String {
        let name = self.name("text");
        self.constant(name, &[1], DType::Text, Content::Text(text))
    }

    /// `value` in the elements of another type.
    pub fn cast(&mut self, value: &str, dtype: DType) -> String {
        self.node("Cast", &[value], &[to(dtype)])
    }

    /// `value` with one more axis.
    pub fn unsqueeze(&mut self, value: &str, axis: i64) -> String {
        let axes = self.list(&[axis]);
        self.node("Unsqueeze", &[value, &axes], &[])
    }

    /// The sum over an axis, which is gone then.
    pub fn sum_over(&mut self, value: &str, axis: i64) -> String {
        let axes = self.list(&[axis]);
        self.node(
            "ReduceSum",
            &[value, &axes],
            &[Attribute::Int("keepdims", 0)],
        )
    }

    /// An input `[rows]`, or `[rows, NAME]` with a second axis of any length.
    pub fn input(&mut self, name: &str, dtype: DType, second: Option<&str>) {
        let info = value_info(name, dtype, second);
        self.inputs.push((name.to_owned(), info));
    }

    /// Gives the value a name as an output `[rows]`.
    pub fn output(&mut self, value: &str, name: &str) {
        self.add(("", "Identity"), &[value], &[], &[name]);
        let info = value_info(name, DType::Float, None);
        self.outputs.push((name.to_owned(), info));
    }

    /// The whole model: ModelProto. `opset` is the version of ONNX's own operators, `ir` that of the file.
    ///
    /// # Errors
    /// When it is larger than the format allows, or an input has the name of an output.
    pub fn into_model(self, (opset, ir): (i64, i64), about: &[(&str, &str)]) -> Result<Vec<u8>> {
        for (name, _) in &self.outputs {
            if self.inputs.iter().any(|(input, _)| input == name) {
                let what = format!(
                    "the input `{name}` has the name of an output: rename the column or field"
                );
                return Err(Error::Data(what));
            }
        }
        let mut graph = self.body.text(2, "autoint");
        for (_, input) in &self.inputs {
            graph = graph.message(11, input);
        }
        for (_, output) in &self.outputs {
            graph = graph.message(12, output);
        }
        if graph.len() > MOST_BYTES - (1 << 20) {
            let what = "the model takes more than 2 GB, which no ONNX file can hold: raise `min_count` of its fields, or export it with --format safetensors";
            return Err(Error::Data(what.into()));
        }
        let version = env!("CARGO_PKG_VERSION");
        let mut model = Message::new()
            .int(1, ir)
            .text(2, "autoint")
            .text(3, version);
        for (domain, version) in [("", opset), ("ai.onnx.ml", 2)] {
            model = model.message(8, &Message::new().text(1, domain).int(2, version));
        }
        for (key, value) in about {
            model = model.message(14, &Message::new().text(1, key).text(2, value));
        }
        Ok(model.message(7, &graph).into_bytes())
    }
}

/// What a constant holds.
enum Content<'a> {
    Raw(Vec<u8>),
    Text(&'a str),
}

/// ValueInfoProto.
fn value_info(name: &str, dtype: DType, second: Option<&str>) -> Message {
    let axis = |name: &str| Message::new().text(2, name);
    let shape = Message::new().message(1, &axis(ROWS));
    let shape = match second {
        Some(second) => shape.message(1, &axis(second)),
        None => shape,
    };
    let tensor = Message::new().int(1, dtype as i64).message(2, &shape);
    let kind = Message::new().message(1, &tensor);
    Message::new().text(1, name).message(2, &kind)
}
