//! Encoded rows as arrays, the way a graph with encoded inputs takes them: one array a field.

use numpy::{IntoPyArray, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::data::batch::{Batch, FieldBatch};
use crate::data::schema::Schema;

/// By the field's name: codes `[B]`, numbers `[B]` with NaN for missing ones, or codes `[B, n]` with -1 where a row has fewer values.
///
/// # Errors
/// When Python has no memory for them.
pub fn arrays<'py>(
    py: Python<'py>,
    schema: &Schema,
    batch: &Batch,
) -> PyResult<Bound<'py, PyDict>> {
    let all = PyDict::new(py);
    let offsets = schema.offsets();
    for ((field, values), &offset) in schema.fields.iter().zip(&batch.fields).zip(&offsets) {
        let code = |&id: &u32| i64::from(id) - offset as i64;
        let array = match values {
            FieldBatch::One { ids } => {
                let codes: Vec<i64> = ids.iter().map(code).collect();
                codes.into_pyarray(py).into_any()
            }
            FieldBatch::Scaled { ids, values } => {
                let both = ids.iter().zip(values);
                let number = |(id, &x)| if code(id) == 0 { f32::NAN } else { x };
                both.map(number)
                    .collect::<Vec<f32>>()
                    .into_pyarray(py)
                    .into_any()
            }
            FieldBatch::Mean { starts, ids } | FieldBatch::Sum { starts, ids } => {
                let lists = || {
                    starts
                        .windows(2)
                        .map(|at| &ids[at[0] as usize..at[1] as usize])
                };
                let width = lists().map(<[u32]>::len).max().unwrap_or(0);
                let mut padded = vec![-1; batch.rows * width];
                for (row, list) in padded.chunks_mut(width.max(1)).zip(lists()) {
                    row.iter_mut().zip(list).for_each(|(to, id)| *to = code(id));
                }
                padded
                    .into_pyarray(py)
                    .reshape([batch.rows, width])?
                    .into_any()
            }
        };
        all.set_item(&field.name, array)?;
    }
    Ok(all)
}
