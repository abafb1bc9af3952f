//! The lessons are run, so that they cannot rot: each asserts what it shows.

#[path = "../examples/lessons/lesson_01.rs"]
mod lesson_01;
#[path = "../examples/lessons/lesson_02.rs"]
mod lesson_02;
#[path = "../examples/lessons/lesson_03.rs"]
mod lesson_03;
#[path = "../examples/lessons/lesson_04.rs"]
mod lesson_04;
#[path = "../examples/lessons/lesson_05.rs"]
mod lesson_05;
#[path = "../examples/lessons/lesson_06.rs"]
mod lesson_06;
#[path = "../examples/lessons/lesson_07.rs"]
mod lesson_07;
#[path = "../examples/lessons/lesson_08.rs"]
mod lesson_08;
#[path = "../examples/lessons/lesson_09.rs"]
mod lesson_09;
#[path = "../examples/lessons/lesson_10.rs"]
mod lesson_10;

#[test]
fn three_nodes_by_hand() {
    lesson_01::main().unwrap();
}

#[test]
fn an_op_of_ones_own() {
    lesson_02::main().unwrap();
}

#[test]
fn embeddings_and_their_gradients() {
    lesson_03::main().unwrap();
}

#[test]
fn attention_composed() {
    lesson_04::main().unwrap();
}

#[test]
fn attention_fused() {
    lesson_05::main().unwrap();
}

#[test]
fn ten_rows_by_heart() {
    lesson_06::main().unwrap();
}

#[test]
fn the_loss_from_logits() {
    lesson_07::main().unwrap();
}

#[test]
fn adam_by_hand() {
    lesson_08::main().unwrap();
}

#[test]
fn a_kernel_rung_by_rung() {
    lesson_09::main().unwrap();
}

#[test]
fn the_order_of_sums() {
    lesson_10::main().unwrap();
}

/// A lesson is read in one go.
#[test]
fn lessons_are_short() {
    for number in 1..=10 {
        let path = format!("examples/lessons/lesson_{number:02}.rs");
        let text =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/").to_owned() + &path);
        let lines = text.unwrap().lines().count();
        assert!(lines < 120, "{path} has {lines} lines");
    }
}
