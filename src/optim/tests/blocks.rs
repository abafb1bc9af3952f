//! Rows of any width: a kernel's call takes many short rows, or a part of the call's buffer, or one long row.

use crate::autograd::Gradients;
use crate::autograd::layout::TableSpec;
use crate::autograd::sparse::SparseIndex;
use crate::autograd::trace::Trace;
use crate::autograd::{Init, Layout, Parameters};
use crate::data::batch::{Batch, FieldBatch};
use crate::optim::EmbeddingMode;
use crate::optim::adam::Adam;
use crate::optim::config::OptimizerConfig;
use crate::optim::method::{At, Method};
use crate::optim::tables::{Tables, Work};
use crate::simd::Isa;

const ROWS: usize = 37;

/// The table after one step whose batch touches `ids`.
fn stepped(mode: EmbeddingMode, dim: usize, ids: &[u32]) -> Parameters {
    let mut layout = Layout::default();
    layout.table(TableSpec {
        name: "e".into(),
        rows: ROWS,
        dim,
        init: Init::Normal { deviation: 1.0 },
        field_starts: vec![],
    });
    let mut index = SparseIndex::new(ROWS);
    index.build(&Batch {
        rows: ids.len(),
        fields: vec![FieldBatch::One { ids: ids.to_vec() }],
        ..Batch::default()
    });
    let numbers = 0..ids.len() * dim;
    let gradients = Gradients {
        dense: &[],
        touched: index.touched(),
        tables: &[numbers.map(|i| (i as f32).sin()).collect()],
    };
    let at = At {
        t: 1,
        learning_rate: 0.1,
        l2: 0.5,
    };
    let rule = Adam::new(&OptimizerConfig::default(), at);
    let mut weights = Parameters::initialise(&layout, 3);
    let mut state = [Parameters::zeros(&layout), Parameters::zeros(&layout)];
    let work = Work {
        isa: Isa::available()[0],
        trace: &Trace::default(),
        layout: &layout,
    };
    let mut tables = Tables::new(mode, &layout);
    tables.step(work, rule, gradients, 0.5, &mut weights, &mut state);
    tables.settle(work, &mut weights, &mut state);
    weights
}

#[test]
fn all_modes_are_one_when_all_rows_are_touched() {
    let ids: Vec<u32> = (0..ROWS as u32).map(|i| i * 5 % ROWS as u32).collect();
    for dim in [1, 5, 16, 500, 512, 600] {
        let dense = stepped(EmbeddingMode::Dense, dim, &ids);
        assert!(dense == stepped(EmbeddingMode::Lazy, dim, &ids), "{dim}");
        assert!(dense == stepped(EmbeddingMode::Exact, dim, &ids), "{dim}");
    }
}

#[test]
fn exact_is_dense_for_rows_of_any_width() {
    for dim in [1, 5, 16, 500, 512, 600] {
        let dense = stepped(EmbeddingMode::Dense, dim, &[7, 36, 0]);
        assert!(dense == stepped(EmbeddingMode::Exact, dim, &[7, 36, 0]));
        assert!(dense != stepped(EmbeddingMode::Lazy, dim, &[7, 36, 0]));
    }
}
