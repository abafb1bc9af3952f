//! Tables on a terminal.

use autoint::metrics::Metrics;
use autoint::train::Evaluation;
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

/// Nothing but a line under the header.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// An empty table; all columns but the first stand to the right.
pub fn new(header: &[String]) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    table.set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// The metrics of a model, its baselines and the best possible.
pub fn metrics(evaluation: &Evaluation) -> String {
    let names = Metrics::default().entries().map(|(name, _)| name);
    let mut header = vec![String::new()];
    // The course's long names break in two, so that the table fits a terminal.
    header.extend(names.map(|name| name.replace("course_", "course_\n")));
    let mut table = new(&header);
    for (name, metrics) in evaluation.table() {
        let mut row = vec![name];
        row.extend(metrics.entries().map(|(_, value)| number(value)));
        table.add_row(row);
    }
    let mut text = format!(
        "{} metrics, protocol {}, {} rows\n{}",
        evaluation.split,
        evaluation.protocol,
        evaluation.rows,
        table.trim_fmt()
    );
    if let Some(auc) = evaluation.auc {
        text += &format!(
            "\nAUC of {} {:.4}, 95 % interval {:.4} to {:.4}",
            evaluation.model, auc.value, auc.low, auc.high
        );
    }
    text
}

pub fn number(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.4}"))
}
