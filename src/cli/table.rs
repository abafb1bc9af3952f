//! Tables on a terminal.

use std::time::Duration;

use autoint::score::Evaluation;
use autoint::train::profile::{Profile, Stage};
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
    let names = &evaluation.names;
    let mut header = vec![String::new()];
    // The course's long names break in two, so that the table fits a terminal.
    header.extend(
        names
            .iter()
            .map(|name| name.to_string().replace("course_", "course_\n")),
    );
    let mut table = new(&header);
    for (name, metrics) in evaluation.table() {
        let mut row = vec![name];
        row.extend(metrics.values().map(number));
        table.add_row(row);
    }
    let mut text = format!(
        "{} metrics, protocol {}, {} rows\n{}",
        evaluation.split,
        evaluation.protocol,
        evaluation.rows,
        table.trim_fmt()
    );
    for (name, estimate) in evaluation.intervals.iter().flatten() {
        text += &match estimate {
            Some(of) => format!(
                "\n{name} {:.4}, 95 % interval {:.4} to {:.4}",
                of.value, of.low, of.high
            ),
            None => format!("\n{name} has no interval"),
        };
    }
    if let (None, Some(auc)) = (&evaluation.intervals, evaluation.auc) {
        text += &format!(
            "\nAUC of {} {:.4}, 95 % interval {:.4} to {:.4}",
            evaluation.model, auc.value, auc.low, auc.high
        );
    }
    text
}

/// Where the time of a training went: stages by the clock, and below them the ops, whose times of all threads are added up and
/// divided by their number.
pub fn profile(profile: &Profile, threads: usize) -> String {
    let seconds = |time: Duration| format!("{:.3}", time.as_secs_f64());
    let each = |time: Duration| time / threads.max(1) as u32;
    let stages = Stage::ALL.map(|stage| (stage.name(), profile.stages.time(stage)));
    let total: Duration = stages.iter().map(|(_, time)| *time).sum();
    let share =
        |time: Duration| format!("{:.1} %", 100.0 * time.as_secs_f64() / total.as_secs_f64());
    let header = ["", "forward s", "backward s", "sum s", "share"];
    let mut table = new(&header.map(str::to_owned));
    let empty = String::new;
    let mut in_ops = Duration::ZERO;
    for (name, time) in &profile.ops {
        let (forward, backward) = (each(time.forward), each(time.backward));
        let sum = forward + backward;
        in_ops += sum;
        let numbers = [forward, backward, sum].map(seconds);
        table.add_row(
            [name.clone()]
                .into_iter()
                .chain(numbers)
                .chain([share(sum)]),
        );
    }
    for (stage, (name, time)) in Stage::ALL.into_iter().zip(stages) {
        if stage == Stage::Fetch && time.is_zero() {
            continue;
        }
        let time = match stage {
            Stage::Replay => time.saturating_sub(in_ops),
            _ => time,
        };
        table.add_row([
            name.to_owned(),
            empty(),
            empty(),
            seconds(time),
            share(time),
        ]);
    }
    table.add_row([
        "all".to_owned(),
        empty(),
        empty(),
        seconds(total),
        share(total),
    ]);
    format!("time of training, {threads} threads\n{}", table.trim_fmt())
}

pub fn number(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.4}"))
}
