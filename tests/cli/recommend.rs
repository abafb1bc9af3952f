use std::fmt::Write;

use autoint::recommend::{Ranker, Who};
use autoint::run::Run;
use autoint::simd::Isa;
use serde_json::Value;

use crate::scene::Scene;

fn json(scene: &Scene, arguments: &[&str]) -> Value {
    serde_json::from_str(&scene.ok(&[arguments, &["--json"]].concat())).unwrap()
}

/// The program refuses, and says so.
fn refused(scene: &Scene, arguments: &[&str], what: &str) {
    let output = scene.command(arguments).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && told.contains(what), "{told}");
}

fn items(answer: &Value) -> Vec<String> {
    let items = answer["items"].as_array().unwrap().iter();
    items
        .map(|i| i["item"].as_str().unwrap().to_owned())
        .collect()
}

/// The best items of a user by `predict` on the raw rows of all that the user has not had: ids and logits.
fn by_predict(scene: &Scene, user: &str, year: Option<&str>) -> Vec<(String, f32)> {
    let run = Run::open(&scene.path("run"), Isa::choose().unwrap(), 1).unwrap();
    let catalogue = run.catalogue().unwrap();
    let ranker = Ranker::new(run.scorer(), &catalogue).unwrap();
    let asker = ranker.asker(&Who::User(user.into()), &[]).unwrap();
    let had = catalogue.events(catalogue.users.place(user).unwrap());
    let header = ranker.header().to_vec();
    let mut text = header.join(",") + "\n";
    let mut ids = Vec::new();
    for item in 0..catalogue.items.len() as u32 {
        if had.iter().any(|event| event.item == item) {
            continue;
        }
        let mut row = ranker.row(&asker, item);
        if let (Some(year), Some(at)) = (year, header.iter().position(|n| n == "rating_year")) {
            row[at] = year.to_owned();
        }
        let cells: Vec<String> = row.iter().map(|cell| format!("\"{cell}\"")).collect();
        writeln!(text, "{}", cells.join(",")).unwrap();
        ids.push(catalogue.items.id(item).to_owned());
    }
    scene.write("rows.csv", text);
    let out = scene.ok(&["predict", "run", "--input", "rows.csv"]);
    let logits = out
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap());
    let mut all: Vec<(String, f32)> = ids
        .into_iter()
        .zip(logits.map(|logit| logit.parse().unwrap()))
        .collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all.truncate(10);
    all
}

#[test]
fn an_answer_is_what_predict_gives_for_all_candidates_in_order() {
    let scene = Scene::trained(&[]);
    for user in ["1", "2", "3"] {
        let answer = json(&scene, &["recommend", "run", "--user", user]);
        let expected = by_predict(&scene, user, None);
        let found = answer["items"].as_array().unwrap().iter();
        let found: Vec<(String, f32)> = found
            .map(|i| {
                let id = i["item"].as_str().unwrap().to_owned();
                (id, i["logit"].as_f64().unwrap() as f32)
            })
            .collect();
        assert_eq!(found, expected, "user {user}");
        let set = [
            "recommend",
            "run",
            "--user",
            user,
            "--set",
            "rating_year=2000",
        ];
        let answer = json(&scene, &set);
        let expected = by_predict(&scene, user, Some("2000"));
        let ids: Vec<String> = expected.into_iter().map(|(id, _)| id).collect();
        assert_eq!(items(&answer), ids, "user {user} in 2000");
        let given = answer["context"].as_array().unwrap();
        let year = given.iter().find(|g| g["name"] == "rating_year").unwrap();
        assert_eq!(
            (&year["value"], &year["given"]),
            (&"2000".into(), &true.into())
        );
    }
}

#[test]
fn the_files_of_all_users_hold_what_single_answers_hold() {
    let scene = Scene::trained(&[]);
    for file in ["all.csv", "all.jsonl", "all.parquet"] {
        scene.ok(&["recommend", "run", "--all", "--out", file, "--top", "4"]);
    }
    let answer = json(&scene, &["recommend", "run", "--user", "2", "--top", "4"]);
    let csv = scene.text("all.csv");
    let of_user = csv.lines().filter(|line| line.starts_with("2,"));
    let ids: Vec<&str> = of_user
        .map(|line| line.split(',').nth(2).unwrap())
        .collect();
    assert_eq!(ids, items(&answer));
    assert_eq!(
        scene.text("all.jsonl").lines().count(),
        csv.lines().count() - 1
    );
    let format = autoint::data::source::layout::Format::Parquet;
    let chunks = autoint::data::source::open::read_all(&scene.read("all.parquet"), format).unwrap();
    let line = csv.lines().nth(3).unwrap();
    let cells: Vec<String> = chunks[0]
        .columns
        .iter()
        .map(|c| c.text(2).into_owned())
        .collect();
    assert_eq!(cells.join(","), line);
    refused(
        &scene,
        &["recommend", "run", "--all", "--out", "all.txt"],
        ".csv, .jsonl or .parquet",
    );
}

#[test]
fn filters_profiles_and_diversity_do_what_they_say() {
    let scene = Scene::trained(&[]);
    let all = ["recommend", "run", "--user", "1", "--top", "5"];
    let comedies = json(&scene, &[&all[..], &["--filter", "genre1=Comedy"]].concat());
    for item in comedies["items"].as_array().unwrap() {
        assert_eq!(item["columns"]["genre1"], "Comedy", "{item}");
    }
    let plain = json(&scene, &all);
    let same = json(&scene, &[&all[..], &["--diversity", "0"]].concat());
    let other = json(&scene, &[&all[..], &["--diversity", "1"]].concat());
    assert_eq!(items(&plain), items(&same));
    assert_eq!(items(&plain)[0], items(&other)[0]);
    assert_ne!(items(&plain), items(&other));
    let rated = json(&scene, &[&all[..], &["--include-rated"]].concat());
    assert!(rated["candidates"].as_u64() > plain["candidates"].as_u64());
    let new = json(
        &scene,
        &["recommend", "run", "--profile", "gender=F,age=25"],
    );
    assert!(new["user"].is_null() && items(&new).len() == 10);
}

#[test]
fn what_is_not_there_is_named() {
    let scene = Scene::trained(&[]);
    let fails = |more: &[&str], what: &str| {
        refused(&scene, &[&["recommend", "run"], more].concat(), what);
    };
    fails(&["--user", "none"], "--profile describes somebody");
    fails(&["--profile", "gendr=F"], "there are: gender");
    fails(
        &["--user", "1", "--set", "title=x"],
        "`title` cannot be set",
    );
    fails(
        &["--user", "1", "--filter", "genre=x"],
        "cannot be filtered by `genre`",
    );
    fails(&["--user", "1", "--diversity", "2"], "0 to 1");
    scene.train("bare", &["--no-catalogue"]);
    assert!(!scene.path("bare/catalogue.bin").exists());
    refused(
        &scene,
        &["recommend", "bare", "--user", "1"],
        "--no-catalogue",
    );
    let mut bytes = scene.read("run/catalogue.bin");
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    scene.write("run/catalogue.bin", bytes);
    fails(&["--user", "1"], "catalogue.bin");
}

#[test]
fn neighbours_are_near_and_do_not_hold_the_value_itself() {
    let scene = Scene::trained(&[]);
    let item = &items(&json(&scene, &["recommend", "run", "--user", "1"]))[0];
    let near = json(&scene, &["similar", "run", "--item", item, "--top", "5"]);
    let near = near.as_array().unwrap();
    let cosines: Vec<f64> = near.iter().map(|n| n["cosine"].as_f64().unwrap()).collect();
    assert!(cosines.windows(2).all(|pair| pair[0] >= pair[1]) && cosines[0] <= 1.0001);
    assert!(near.iter().all(|n| n["value"] != item.as_str()));
    scene.ok(&["similar", "run", "--field", "gender", "--value", "F"]);
    refused(
        &scene,
        &["similar", "run", "--field", "gender", "--value", "X"],
        "does not know",
    );
    refused(
        &scene,
        &["similar", "run", "--field", "sex", "--value", "F"],
        "no field `sex`",
    );
}

#[test]
fn a_model_without_embeddings_or_attention_says_so() {
    let scene = Scene::trained(&["--model", "lr"]);
    let best = scene.ok(&["recommend", "run", "--user", "1", "--json"]);
    let best: serde_json::Value = serde_json::from_str(&best).unwrap();
    let item = best["items"][0]["item"].as_str().unwrap();
    for asked in [
        &["similar", "run", "--item", item][..],
        &["recommend", "run", "--user", "1", "--diversity", "0.5"],
    ] {
        let message = scene.fails(asked, 1);
        assert!(message.contains("no embeddings"), "{message}");
    }
    let why = scene.ok(&["explain", "run", "--user", "1", "--item", item]);
    assert!(why.contains("there is no attention to show"), "{why}");
    assert!(why.contains("none, for there is no attention"), "{why}");
    assert!(why.contains("what each field contributes"), "{why}");
}
