//! Growth beyond the cores that are here, by counting: a simulation of more cores from a trace of one, and a model of many machines.
//!
//! `cargo bench --bench scaling` traces some steps of presets, replays them for 2 to 128 threads ([`replay`]) and fills in the formulas of
//! [`cost`]. `-- threads` and `-- ranks` do one of both; `-- FILE` replays the `trace.jsonl` of a training with `AUTOINT_TRACE=1` and
//! `--threads 1`. What it gives and what it leaves out is in `README.md` beside it.

use autoint::simd::Isa;

#[path = "../support/mod.rs"]
mod support;

mod cost;
mod counted;
mod machine;
mod many;
mod replay;
mod threads;

fn main() {
    // Cargo adds `--bench`.
    let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    println!(
        "A SIMULATION: beyond {} cores nothing here is measured, but counted from what one core and this memory did.\n",
        support::all_cores()
    );
    let isa = Isa::choose().expect("an instruction set");
    match wanted.as_deref() {
        Some("threads") => threads::all(isa),
        Some("ranks") => many::all(isa),
        Some(file) => threads::of_file(file),
        None => {
            threads::all(isa);
            many::all(isa);
        }
    }
}
