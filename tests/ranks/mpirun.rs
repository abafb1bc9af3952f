//! Ranks that are processes, started by `mpirun`: equal files, and ends that are told instead of waited for.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::signal::signal;

const DATA: [&str; 4] = ["--data", "synthetic:3000", "--seed", "1"];

fn autoint() -> Command {
    Command::new(env!("CARGO_BIN_EXE_autoint"))
}

/// Open MPI refuses to start as the superuser, which tests often are, and more ranks than cores, unless told.
fn mpirun(ranks: usize) -> Command {
    let mut command = Command::new("mpirun");
    command.env("OMPI_ALLOW_RUN_AS_ROOT", "1");
    command.env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    command.args(["--oversubscribe", "-n", &ranks.to_string()]);
    command.arg(env!("CARGO_BIN_EXE_autoint"));
    command
}

fn train(command: &mut Command, run: &Path, more: &[&str]) -> Output {
    command
        .arg("train")
        .args(DATA)
        .args(more)
        .arg("--out")
        .arg(run);
    command.output().expect("mpirun is there")
}

fn weights(run: &Path) -> String {
    let bytes = fs::read(run.join("model.safetensors")).expect("a finished run");
    format!("{:x?}", Sha256::digest(bytes))
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_files_are_those_of_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let mlp = ["--set", "model.mlp.batch_norm=true"];
    for (preset, more) in [("autoint", &mlp[..]), ("authors", &[]), ("recbole", &[])] {
        let more = [&["--epochs", "1", "--preset", preset], more].concat();
        let one = folder.path().join(preset);
        assert!(train(&mut autoint(), &one, &more).status.success());
        for (ranks, tables) in [
            (2, "replicated"),
            (3, "replicated"),
            (2, "sharded"),
            (3, "sharded"),
        ] {
            let run = folder.path().join(format!("{preset}-{ranks}-{tables}"));
            let place = format!("cluster.tables={tables}");
            let more = [&more[..], &["--set", &place]].concat();
            let output = train(&mut mpirun(ranks), &run, &more);
            assert!(output.status.success(), "{}", told(&output));
            let who = format!("{preset}, {ranks} ranks, tables {tables}");
            assert_eq!(weights(&run), weights(&one), "{who}");
            let shown = String::from_utf8_lossy(&output.stdout)
                .matches("kept epoch")
                .count();
            assert_eq!(shown, 1, "one rank speaks");
        }
    }
}

#[test]
fn ranks_that_differ_refuse_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let others: [(&[&str], &[&str], &str); 3] = [
        (&[], &["--learning-rate", "0.5"], "the settings"),
        (&[], &["--data", "synthetic:2000"], "the data"),
        (&["AUTOINT_ISA=scalar"], &[], "the instruction set"),
    ];
    for (environment, more, what) in others {
        let run = folder.path().join("run");
        let mut command = mpirun(1);
        command
            .args(["train", "--seed", "1", "--data", "synthetic:3000", "--out"])
            .arg(&run);
        command.args([":", "-n", "1"]);
        for variable in environment {
            command.args(["-x", variable]);
        }
        command
            .arg(env!("CARGO_BIN_EXE_autoint"))
            .args(["train", "--seed", "1"]);
        if !more.contains(&"--data") {
            command.args(["--data", "synthetic:3000"]);
        }
        let output = command.args(more).arg("--out").arg(&run).output().unwrap();
        let message = told(&output);
        assert!(!output.status.success());
        let expected = format!("the ranks do not agree on {what}: rank 0 has ");
        assert!(message.contains(&expected), "{message}");
        assert!(message.contains("rank 1 has"), "{message}");
        assert!(!run.exists(), "nothing is left behind");
    }
}

/// Part files, of which three ranks read one, none and two (each as many bytes as come near its share).
#[test]
fn files_are_prepared_to_the_store_of_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let done = |command: &mut Command, arguments: &[&str]| {
        let output = command.args(arguments).current_dir(folder.path()).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", told(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let generate = [
        "generate", "--layout", "clicks", "--rows", "3000", "--out", "all.csv",
    ];
    done(&mut autoint(), &generate);
    done(&mut autoint(), &["init", "all.csv"]);
    let text = fs::read_to_string(path("all.csv")).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    fs::create_dir(path("parts")).unwrap();
    for (number, rows) in [&rows[..2000], &rows[2000..2100], &rows[2100..]]
        .iter()
        .enumerate()
    {
        let text = format!("{header}\n{}\n", rows.join("\n"));
        fs::write(path("parts").join(format!("{number}.csv")), text).unwrap();
    }
    let prepare = |out| {
        [
            "prepare", "--schema", "all.toml", "--data", "parts", "--out", out,
        ]
    };
    let alone = done(&mut autoint(), &prepare("alone.store"));
    let together = done(&mut mpirun(3), &prepare("together.store"));
    assert_eq!(
        alone.lines().count(),
        together.lines().count(),
        "one rank speaks"
    );
    assert!(fs::read(path("together.store")).unwrap() == fs::read(path("alone.store")).unwrap());
    let bad = path("parts").join("2.csv");
    fs::write(
        &bad,
        fs::read_to_string(&bad)
            .unwrap()
            .replacen("clicked", "licked", 1),
    )
    .unwrap();
    let output = mpirun(3)
        .args(prepare("bad.store"))
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(!output.status.success() && !path("bad.store").exists());
    assert!(
        told(&output).contains("2.csv: there is no column `clicked`"),
        "{}",
        told(&output)
    );
}

#[test]
fn what_is_not_training_is_refused() {
    let output = mpirun(2).args(["inspect", "nothing"]).output().unwrap();
    assert!(!output.status.success());
    assert!(
        told(&output)
            .contains("only `autoint train` and `autoint prepare` are done by several ranks")
    );
}

/// The processes that a process has started.
fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let id: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let status = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let fields: Vec<&str> = status.rsplit_once(')')?.1.split_whitespace().collect();
        (fields.get(1)?.parse() == Ok(parent)).then_some(id)
    });
    let mut all: Vec<u32> = processes.collect();
    all.sort_unstable();
    all
}

/// How a job ended, which must be soon.
fn end_within(mut job: Child, limit: Duration) -> Output {
    let start = Instant::now();
    while job.try_wait().unwrap().is_none() {
        if start.elapsed() > limit {
            let _ = job.kill();
            panic!("the job goes on after {limit:?}");
        }
        sleep(Duration::from_millis(20));
    }
    job.wait_with_output().unwrap()
}

/// Starts a job and waits until all ranks train.
fn started(command: &mut Command, run: &Path, ranks: usize) -> Child {
    let job = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !run.join("checkpoint/state.bin").exists() || children(job.id()).len() < ranks {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "the job does not start"
        );
        sleep(Duration::from_millis(10));
    }
    job
}

#[test]
fn killed_ranks_end_the_job_and_another_number_of_ranks_goes_on() {
    killed("replicated");
}

#[test]
fn killed_ranks_with_sharded_tables_leave_a_whole_checkpoint() {
    killed("sharded");
}

fn killed(tables: &str) {
    let kills: u64 = std::env::var("AUTOINT_KILLS").map_or(3, |kills| kills.parse().unwrap());
    // Long enough that none of the kills comes too late.
    let epochs = (20 * kills).to_string();
    let patience = format!("train.patience={epochs}");
    let place = format!("cluster.tables={tables}");
    let long = [
        "--set",
        &place,
        "--epochs",
        &epochs,
        "--set",
        &patience,
        "--checkpoint-every",
        "3",
    ];
    let folder = tempfile::tempdir().unwrap();
    let (one, run) = (folder.path().join("one"), folder.path().join("run"));
    assert!(train(&mut autoint(), &one, &long).status.success());
    for kill in 0..kills {
        let ranks = 2 + (kill % 3) as usize;
        let mut command = mpirun(ranks);
        match kill {
            0 => command
                .arg("train")
                .args(DATA)
                .args(long)
                .arg("--out")
                .arg(&run),
            _ => command
                .args(["train", "--checkpoint-every", "3", "--resume"])
                .arg(&run),
        };
        let job = started(&mut command, &run, ranks);
        // At another moment each time, of another rank.
        sleep(Duration::from_millis(100 + kill * 7919 % 900));
        let victims = children(job.id());
        match victims.get((kill * 31 % ranks as u64) as usize) {
            Some(&victim) if job_runs(victim) => signal(victim, "-KILL"),
            _ => {}
        }
        let output = end_within(job, Duration::from_secs(30));
        assert!(!output.status.success(), "kill {kill} came after the end");
    }
    let output = mpirun(2)
        .args(["train", "--resume"])
        .arg(&run)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(weights(&run), weights(&one));
}

fn job_runs(process: u32) -> bool {
    Path::new(&format!("/proc/{process}")).exists()
}

#[test]
fn a_rank_that_stands_still_ends_the_job_within_the_heartbeat() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut command = mpirun(2);
    command.args([
        "train",
        "--data",
        "synthetic:3000",
        "--epochs",
        "100000",
        "--set",
        "train.patience=100000",
    ]);
    command.arg("--out").arg(&run);
    let job = started(&mut command, &run, 2);
    let ranks = children(job.id());
    signal(ranks[1], "-STOP");
    let output = end_within(job, Duration::from_secs(40));
    assert!(!output.status.success());
    let message = told(&output);
    assert!(
        message.contains("nothing was heard of rank 1 for 30 seconds"),
        "{message}"
    );
}
