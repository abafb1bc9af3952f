//! The crate's numbers by the golden's names, and how far two of them lie apart.

use autoint::autograd::Gradients;
use autoint::autograd::reference::Parameters64;
use autoint::autograd::{Layout, Parameters};

use crate::case::Tensors;

/// max |ours - golden| / max(|golden|, a hundredth of the tensor's largest |golden|).
pub fn error(ours: &[f64], golden: &[f64]) -> f64 {
    let scale = largest(golden) / 100.0;
    worst(ours, golden, |apart, golden| {
        apart / golden.abs().max(scale)
    })
}

/// max |ours - golden| / max |golden|: for numbers whose small ones are differences of large ones.
pub fn error_of_largest(ours: &[f64], golden: &[f64]) -> f64 {
    let scale = largest(golden);
    worst(ours, golden, |apart, _| apart / scale)
}

/// The largest error; infinite where the lengths differ or a number is not finite. A golden of zeros must be met exactly.
fn worst(ours: &[f64], golden: &[f64], error: impl Fn(f64, f64) -> f64) -> f64 {
    if ours.len() != golden.len() || !ours.iter().all(|x| x.is_finite()) {
        return f64::INFINITY;
    }
    let unequal = ours.iter().zip(golden).filter(|(a, b)| a != b);
    unequal
        .map(|(a, b)| error((a - b).abs(), *b))
        .fold(0.0, f64::max)
}

fn largest(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |m, x| m.max(x.abs()))
}

/// Fails with the tensor's name where `measure` exceeds the tolerance or the names differ; gives the worst.
pub fn compare(
    what: &str,
    ours: &Tensors,
    golden: &Tensors,
    tolerance: f64,
    measure: fn(&[f64], &[f64]) -> f64,
) -> f64 {
    assert!(
        ours.keys().eq(golden.keys()),
        "{what}: ours has {:?}, the golden {:?}",
        ours.keys(),
        golden.keys()
    );
    let mut worst = 0.0f64;
    for (name, golden) in golden {
        let error = measure(&ours[name], golden);
        assert!(
            error < tolerance,
            "{what}: {name} is {error:e} apart, beyond {tolerance:e}"
        );
        worst = worst.max(error);
    }
    worst
}

pub fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

/// Everything that is trained.
pub fn trained(layout: &Layout, p: &Parameters) -> Tensors {
    trained64(layout, &Parameters64::from(p))
}

pub fn trained64(layout: &Layout, p: &Parameters64) -> Tensors {
    let dense = layout.dense.iter().map(|spec| {
        let values = p.dense[spec.param.range.clone()].to_vec();
        (spec.name.clone(), values)
    });
    let tables = layout.tables.iter().zip(&p.tables);
    dense
        .chain(tables.map(|(spec, table)| (spec.name.clone(), table.clone())))
        .collect()
}

/// The moving statistics.
pub fn moving(layout: &Layout, p: &Parameters) -> Tensors {
    let of = |spec: &autoint::autograd::layout::DenseSpec| {
        let values = wide(&p.buffers[spec.param.range.clone()]);
        (spec.name.clone(), values)
    };
    layout.buffers.iter().map(of).collect()
}

/// The gradients of everything trained, those of tables with zeros where no sample looked.
pub fn gradients(layout: &Layout, g: Gradients<'_>) -> Tensors {
    let mut whole = Parameters::zeros(layout);
    whole.dense.copy_from_slice(g.dense);
    for (number, spec) in layout.tables.iter().enumerate() {
        let rows = g.tables[number].chunks_exact(spec.dim);
        for (&id, row) in g.touched.ids().iter().zip(rows) {
            let at = id as usize * spec.dim;
            whole.tables[number][at..at + spec.dim].copy_from_slice(row);
        }
    }
    trained(layout, &whole)
}

/// `after - before`, tensor by tensor.
pub fn moves(before: &Tensors, after: &Tensors) -> Tensors {
    let difference = |(name, after): (&String, &Vec<f64>)| {
        let before = &before[name];
        let moved = after.iter().zip(before).map(|(a, b)| a - b).collect();
        (name.clone(), moved)
    };
    after.iter().map(difference).collect()
}

#[test]
fn errors_are_not_lost() {
    assert_eq!(error(&[1.0, 0.0], &[1.0, 0.0]), 0.0);
    assert_eq!(error(&[0.0; 2], &[0.0; 2]), 0.0);
    assert!((error(&[100.0, 0.01], &[100.0, 0.0]) - 0.01).abs() < 1e-12);
    assert!((error(&[100.0, 1.1], &[100.0, 1.0]) - 0.1).abs() < 1e-12);
    assert!((error_of_largest(&[1.0, -8.0], &[2.0, -10.0]) - 0.2).abs() < 1e-12);
    for (ours, golden) in [
        (&[1.0][..], &[1.0, 1.0][..]),
        (&[1e-9], &[0.0]),
        (&[f64::NAN, 1.0], &[1.0, 1.0]),
        (&[1.0, f64::NAN], &[1.0, 1.0]),
        (&[f64::INFINITY], &[1.0]),
    ] {
        for measure in [error, error_of_largest] {
            assert_eq!(measure(ours, golden), f64::INFINITY, "{ours:?} {golden:?}");
        }
    }
}
