//! What the test of every op's file calls: the gradient check passes the op, and fails it as soon as its backward is broken. So the
//! check is checked itself.
//!
//! (Random shapes and values are the business of `tests/gradient_check.rs`; here one case an op is enough.)

use crate::autograd::batch_op::BatchOp;
use crate::autograd::check::{Check, Outcome};
use crate::autograd::kind::OpKind;
use crate::autograd::op::{BLOCK, Backward, Definition, Forward, Op, unit_and_row};
use crate::autograd::{Parameters, Tape, Var};
use crate::data::batch::{Batch, FieldBatch};
use crate::error::Result;
use crate::kernels::dropout::{Draw, uniform};
use crate::simd::{Isa, Precision, bf16};

/// What `tests/gradient_check.rs` allows.
const TOLERANCE: f64 = 2e-4;
/// More than a block, in a shard of two.
const ROWS: usize = BLOCK + 2;
const SHARD: usize = 2 * BLOCK;

/// How a backward pass is broken.
#[derive(Debug, Clone, Copy)]
enum Mutation {
    /// Every gradient is one percent too large.
    Scaled,
    /// Every gradient has the wrong sign.
    Negated,
    /// Nothing flows back: what a fused op without backward does.
    Forgotten,
}

/// An op whose backward pass is broken.
#[derive(Debug)]
struct Mutant(Box<dyn Op>, Mutation);

impl Op for Mutant {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn formula(&self) -> &str {
        self.0.formula()
    }

    fn kind(&self) -> OpKind<'_> {
        self.0.kind()
    }

    fn saved_units(&self) -> usize {
        self.0.saved_units()
    }

    fn scratch_units(&self) -> usize {
        self.0.scratch_units()
    }

    fn forward(&self, f: &mut Forward<'_>) {
        self.0.forward(f);
    }

    fn backward(&self, b: &mut Backward<'_>) {
        let factor = match self.1 {
            Mutation::Scaled => 1.01,
            Mutation::Negated => -1.0,
            Mutation::Forgotten => return,
        };
        let wrong: Vec<f32> = b.d_out.iter().map(|d| factor * d).collect();
        self.0.backward(&mut Backward {
            d_out: &wrong,
            d_operands: b.d_operands.reborrow(),
            scratch: b.scratch,
            d_dense: b.d_dense,
            d_samples: b.d_samples,
            ..*b
        });
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        self.0.definition(r)
    }

    fn batch_op(&self) -> Option<&dyn BatchOp> {
        self.0.batch_op()
    }
}

/// What the check finds of the op that `record` records last, broken or not.
fn outcome(
    isa: Isa,
    record: &impl Fn(&mut Tape) -> Result<Var>,
    mutation: Option<Mutation>,
) -> Outcome {
    let mut tape = Tape::new();
    let result = record(&mut tape).unwrap();
    if let Some(mutation) = mutation {
        let last = tape.nodes().len() - 1;
        tape.replace_op(last, |op| Box::new(Mutant(op, mutation)));
    }
    let inputs = tape.nodes().iter().filter(|n| n.op.is_leaf());
    let leaves = inputs.map(|n| n.result.clone()).collect::<Vec<Var>>();
    let near = |x: f32| bf16::from_bf16(bf16::to_bf16(x));
    let noise = |n: usize, salt: u32| -> Vec<f32> {
        (0..n as u32)
            .map(|i| near(2.0 * uniform(1, salt, i) - 1.0))
            .collect()
    };
    let units = result.units().len();
    let mut cotangent = noise(units * SHARD, 99);
    for (at, c) in cotangent.iter_mut().enumerate() {
        let (_, row) = unit_and_row(units, at);
        *c = if row < ROWS { *c } else { 0.0 };
    }
    let ids = |from: u32| FieldBatch::One {
        ids: (0..ROWS as u32).map(|row| from + row % 3 % 2).collect(),
    };
    let batch = Batch {
        rows: ROWS,
        fields: vec![ids(0), ids(2)],
        labels: (0..ROWS).map(|row| (row % 2) as f32).collect(),
        weights: vec![],
    };
    let mut parameters = Parameters::initialise(tape.layout(), 3);
    parameters.dense.iter_mut().for_each(|x| *x = near(*x));
    let with_values = leaves.into_iter().enumerate().map(|(i, leaf)| {
        let values = noise(leaf.units().len() * SHARD, i as u32);
        (leaf, values)
    });
    let check = Check {
        leaves: with_values.collect(),
        tape: &tape,
        result: &result,
        parameters: &parameters,
        batch: &batch,
        rows: SHARD,
        draw: Some(Draw { seed: 1, step: 1 }),
        cotangent: &cotangent,
    };
    check.run(isa)
}

/// Holds the op called `name`, which `record` records last on leaves of its own, to its definition, on every instruction set in both
/// precisions; and holds
/// the check to finding each of its mutations.
pub fn held(name: &str, record: impl Fn(&mut Tape) -> Result<Var>) {
    let mut tape = Tape::new();
    record(&mut tape).unwrap();
    assert_eq!(tape.nodes().last().unwrap().op.name(), name);
    for isa in arithmetics(name) {
        let found = outcome(isa, &record, None);
        assert!(
            found.worst() < TOLERANCE,
            "{name} on {} in {}: relative errors of values and gradients, allowed {TOLERANCE:e}: {found:?}; a leaf's gradient is an operand's, \
             look at backward, a value's at forward, both against the definition",
            isa.name(),
            isa.precision()
        );
        for mutation in [Mutation::Scaled, Mutation::Negated, Mutation::Forgotten] {
            let error = outcome(isa, &record, Some(mutation)).worst();
            assert!(
                error > 10.0 * TOLERANCE,
                "{name} on {} with its gradient {mutation:?} passes: {error}",
                isa.name()
            );
        }
    }
}

/// Every instruction set; and in bf16 too where products are of the numbers here, which are bf16. (Those of attention are of products,
/// rounded in between, which `tests/models.rs` holds.)
fn arithmetics(name: &str) -> Vec<Isa> {
    let of = |isa: Isa| match name {
        "interacting" => vec![isa],
        _ => Precision::ALL.map(|precision| isa.with(precision)).to_vec(),
    };
    Isa::available().into_iter().flat_map(of).collect()
}

/// A leaf has no gradient to get wrong; all others are held by their own files.
#[test]
fn every_op_is_held() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/autograd/ops");
    let table = std::fs::read_to_string(format!("{folder}/mod.rs")).unwrap();
    let mut ops = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let told = table.contains(&format!("//! | [`{name}`] | "));
        assert!(
            told || path.is_dir() || ["mod", "checks"].contains(&name),
            "{name} is not in the table of mod.rs"
        );
        if path.is_dir() || ["mod", "checks", "input"].contains(&name) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.contains(&format!("held(\"{name}\", ")),
            "no test in {} holds the op",
            path.display()
        );
        ops += 1;
    }
    assert!(ops >= 18, "{ops} ops found");
}
