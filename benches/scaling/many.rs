//! Many machines: the formulas of [`crate::cost`] filled in with a model that was measured here and clusters that are assumed.

use autoint::autograd::part::GROUP_ROWS;
use autoint::optim::EmbeddingMode;
use autoint::simd::Isa;

use crate::cost::{Cluster, Cost, Fields, Model, Tables};
use crate::counted::check;
use crate::support::{Net, Shape};
use crate::threads::trace;

const RANKS: [usize; 5] = [8, 16, 64, 256, 1024];
const GBIT: [f64; 3] = [10.0, 25.0, 100.0];
const TABLE_ROWS: [f64; 3] = [1e8, 1e9, 1e10];
const BATCHES: [usize; 3] = [16_384, 131_072, 1_048_576];
/// Of the values of a field: the v-th most frequent one comes in proportion to 1 / v^1.1.
const EXPONENT: f64 = 1.1;
/// What the tables show when one of the three is chosen.
const MIDDLE: (f64, f64) = (25.0, 1e9);

const CORES: usize = 16;
const LATENCY: f64 = 20e-6;
const MESSAGE: f64 = 1e-6;
const DISK: f64 = 1e9;

fn cluster(ranks: usize, gbit: f64) -> Cluster {
    Cluster {
        ranks,
        cores: CORES,
        bandwidth: gbit / 8.0 * 1e9,
        latency: LATENCY,
        message: MESSAGE,
        disk: DISK,
    }
}

/// A shape's model: its fields of 50 values stay, the others share the rows of the tables evenly.
fn model(shape: &Shape, rows: f64, seconds_per_row: f64) -> Model {
    let small = shape.fields.iter().filter(|&&values| values <= 50).count();
    let large = shape.fields.len() - small;
    let layout = Net::new(shape, Isa::available()[0], 1);
    let layout = layout.engine.tape().layout();
    let of = |count: usize, values: f64| Fields {
        count,
        values,
        exponent: EXPONENT,
    };
    Model {
        fields: vec![
            of(small, 50.0),
            of(large, (rows - 50.0 * small as f64) / large as f64),
        ],
        dense: layout.dense_len(),
        width: layout.table_width(),
        // Adam's two moments, and the best epoch.
        copies: 3,
        seconds_per_row,
        tables: Tables::Spread,
    }
}

fn with_rows(model: &Model, rows: f64) -> Model {
    let mut model = model.clone();
    let small = model.fields[0];
    let large = &mut model.fields[1];
    large.values = (rows - small.values * small.count as f64) / large.count as f64;
    model
}

/// The models: `criteo` of the benches with a large vocabulary, and the same fields under layers as wide as `authors` and `course-best`.
fn measured(isa: Isa) -> Vec<(&'static str, Model)> {
    let criteo = Shape::named("criteo");
    let wide = |name| {
        let mut shape = Shape::named(name);
        shape.fields = criteo.fields.clone();
        shape
    };
    let shapes = [
        ("criteo", criteo.clone()),
        ("authors", wide("authors")),
        ("course-best", wide("course-best")),
    ];
    let of = |(name, mut shape): (&'static str, Shape)| {
        // Tables of so many rows are never updated as a whole.
        shape.preset.optimizer.embedding_mode = EmbeddingMode::Lazy;
        let rows = 2048;
        let traced = trace(&shape, rows, isa);
        (name, model(&shape, MIDDLE.1, traced.median() / rows as f64))
    };
    shapes.map(of).into()
}

pub fn all(isa: Isa) {
    println!("## Many machines (a model in formulas)\n");
    println!(
        "assumed: {CORES} cores a rank, {:.0} us until the first byte, {:.0} us for each further message, {:.0} GB/s a disk; each rank sends\n\
         and gets at its full rate at once; nothing is sent while anything is computed; values of a field fall off as 1/v^{EXPONENT}.\n",
        LATENCY * 1e6,
        MESSAGE * 1e6,
        DISK / 1e9
    );
    let models = measured(isa);
    println!(
        "| model | fields | dense weights | numbers a table row | us a row on one core, measured here |\n|---|---|---|---|---|"
    );
    for (name, model) in &models {
        let fields: usize = model.fields.iter().map(|f| f.count).sum();
        println!(
            "| {name} | {fields} | {} | {} | {:.2} |",
            model.dense,
            model.width,
            model.seconds_per_row * 1e6
        );
    }
    checked();
    let (_, first) = &models[0];
    sent(first);
    points(first);
    memory(first);
    tree(&models);
    crooked(first);
    whole(first);
    skew(first);
}

fn megabytes(bytes: f64) -> String {
    format!("{:.2}", bytes / 1e6)
}

/// What a rank sends.
fn sent(model: &Model) {
    println!(
        "\nWhat a rank sends in a step, {:.0e} table rows:\n",
        MIDDLE.1
    );
    println!(
        "| batch | ranks | rows of a rank | distinct table rows of them | messages | row fetch MB | dense tree MB | row gradients MB |\n|---|---|---|---|---|---|---|---|"
    );
    for batch in BATCHES {
        for ranks in RANKS {
            let cost = cluster(ranks, MIDDLE.0).step(model, batch);
            let messages = [cost.agree, cost.fetch, cost.dense, cost.rows];
            println!(
                "| {batch} | {ranks} | {} | {:.0} | {:.0} | {} | {} | {} |",
                cost.groups * GROUP_ROWS,
                cost.distinct,
                messages.iter().map(|sent| sent.messages).sum::<f64>(),
                megabytes(cost.fetch.bytes),
                megabytes(cost.dense.bytes),
                megabytes(cost.rows.bytes)
            );
        }
    }
}

fn point(cost: &Cost, batch: usize) -> String {
    format!(
        "{:.2} M, {:.0} %, {}",
        batch as f64 / cost.seconds() / 1e6,
        cost.efficiency() * 100.0,
        cost.limit()
    )
}

/// Rows a second, efficiency, and what takes most of the time.
fn points(model: &Model) {
    for rows in TABLE_ROWS {
        let model = with_rows(model, rows);
        println!(
            "\nRows a second, efficiency, what takes most time; {rows:.0e} table rows, ids of {} bytes:\n",
            model.id_bytes()
        );
        println!("| batch | ranks | 10 Gbit/s | 25 Gbit/s | 100 Gbit/s |\n|---|---|---|---|---|");
        for batch in BATCHES {
            for ranks in RANKS {
                let at = GBIT.map(|gbit| {
                    let cost = cluster(ranks, gbit).step(&model, batch);
                    point(&cost, batch)
                });
                println!("| {batch} | {ranks} | {} |", at.join(" | "));
            }
        }
    }
}

/// Memory and checkpoints of a rank.
fn memory(model: &Model) {
    println!("\nMemory of a rank and time of a checkpoint (batch 131072):\n");
    println!("| table rows | ranks | GB of a rank | checkpoint s |\n|---|---|---|---|");
    for rows in TABLE_ROWS {
        let model = with_rows(model, rows);
        for ranks in RANKS {
            let cost = cluster(ranks, MIDDLE.0).step(&model, BATCHES[1]);
            println!(
                "| {rows:.0e} | {ranks} | {:.2} | {:.2} |",
                cost.memory / 1e9,
                cost.checkpoint
            );
        }
    }
}

/// From how many ranks on the sums of dense gradients take longer than the work.
fn tree(models: &[(&str, Model)]) {
    println!(
        "\nThe fewest ranks with which the dense tree, latency included, takes longer than the work:\n"
    );
    println!("| model | batch | 10 Gbit/s | 25 Gbit/s | 100 Gbit/s |\n|---|---|---|---|---|");
    for (name, model) in models {
        for batch in BATCHES {
            let at = GBIT.map(|gbit| {
                let ranks = (1..).map(|level| 1usize << level);
                // With more ranks than groups some have nothing to do.
                let mut ranks = ranks.take_while(|&ranks| ranks <= batch / GROUP_ROWS);
                let found = ranks.find(|&ranks| {
                    let cost = cluster(ranks, gbit).step(model, batch);
                    cost.dense.seconds() > cost.even
                });
                found.map_or("none".to_owned(), |ranks| ranks.to_string())
            });
            println!("| {name} | {batch} | {} |", at.join(" | "));
        }
    }
}

/// Numbers of ranks that are no powers of two: a rank's groups are several pieces.
fn crooked(model: &Model) {
    println!(
        "\nRanks that are no power of two (batch 131072, {:.0e} table rows, 25 Gbit/s):\n",
        MIDDLE.1
    );
    println!(
        "| ranks | pieces of a rank, at most | dense tree MB | row gradients MB | rows a second, efficiency, most time |\n|---|---|---|---|---|"
    );
    for ranks in [8, 9, 12, 15, 16, 48, 60, 64] {
        let batch = BATCHES[1];
        let cost = cluster(ranks, MIDDLE.0).step(model, batch);
        println!(
            "| {ranks} | {} | {} | {} | {} |",
            cost.pieces,
            megabytes(cost.dense.bytes),
            megabytes(cost.rows.bytes),
            point(&cost, batch)
        );
    }
}

/// Whole tables on every rank instead of shares.
fn whole(model: &Model) {
    println!("\nEvery rank with whole tables (1e8 rows, batch 131072, 25 Gbit/s):\n");
    println!(
        "| ranks | GB of a rank | row gradients MB | rows a second, efficiency, most time | the same spread |\n|---|---|---|---|---|"
    );
    let spread = with_rows(model, TABLE_ROWS[0]);
    let whole = Model {
        tables: Tables::Whole,
        ..spread.clone()
    };
    for ranks in RANKS {
        let of = |model| cluster(ranks, MIDDLE.0).step(model, BATCHES[1]);
        let cost = of(&whole);
        println!(
            "| {ranks} | {:.1} | {} | {} | {} |",
            cost.memory / 1e9,
            megabytes(cost.rows.bytes),
            point(&cost, BATCHES[1]),
            point(&of(&spread), BATCHES[1])
        );
    }
}

/// How much hangs on the assumed power law.
fn skew(model: &Model) {
    println!(
        "\nThe power law's exponent (64 ranks, batch 131072, {:.0e} table rows, 25 Gbit/s):\n",
        MIDDLE.1
    );
    println!(
        "| exponent | distinct table rows of a rank | row fetch MB | rows a second, efficiency, most time |\n|---|---|---|---|"
    );
    for exponent in [0.7, 0.9, 1.1, 1.3] {
        let mut model = model.clone();
        for fields in &mut model.fields {
            fields.exponent = exponent;
        }
        let batch = BATCHES[1];
        let cost = cluster(64, MIDDLE.0).step(&model, batch);
        println!(
            "| {exponent} | {:.0} | {} | {} |",
            cost.distinct,
            megabytes(cost.fetch.bytes),
            point(&cost, batch)
        );
    }
}

/// The formulas beside what ranks that are threads of this process sent.
fn checked() {
    println!("\nBytes that the rank with the most sent in a step, counted and (the model's):\n");
    println!(
        "| ranks | batch | tables | row fetch | dense tree | row gradients | the largest difference |\n|---|---|---|---|---|---|---|"
    );
    let shape = Shape::named("criteo");
    let of = |count, values| Fields {
        count,
        values,
        exponent: EXPONENT,
    };
    let fields = [of(13, 50.0), of(26, 20_000.0)];
    for (ranks, batch) in [
        (2, 4096),
        (3, 4096),
        (4, 4096),
        (6, 8192),
        (8, 8192),
        (16, 16_384),
    ] {
        for (name, tables) in [("whole", Tables::Whole), ("spread", Tables::Spread)] {
            let check = check(&shape.preset, &fields, tables, ranks, batch);
            let both = check.counted.iter().zip(check.modelled);
            let bytes: Vec<String> = both.map(|(a, b)| format!("{a} ({b:.0})")).collect();
            println!(
                "| {ranks} | {batch} | {name} | {} | {:.1} % |",
                bytes.join(" | "),
                check.difference() * 100.0
            );
        }
    }
}
