use crate::client::Server;

#[test]
fn pages_speak_the_language_that_is_asked_for() {
    let server = Server::start(&["--run", "other"]);
    let korean = server.get("/?lang=ko");
    assert!(
        korean.status == 200 && korean.body.contains("추천 받기"),
        "{korean:?}"
    );
    assert!(korean.body.contains("<html lang=\"ko\">"));
    let raw = server.raw(b"GET / HTTP/1.1\r\nHost: x\r\nAccept-Language: ko-KR,ko;q=0.9\r\nConnection: close\r\n\r\n");
    assert!(raw.contains("추천 받기"));
    assert!(server.get("/").body.contains("Ask for recommendations"));
}

#[test]
fn a_person_comes_from_the_form_to_an_explanation() {
    let server = Server::start(&["--run", "other"]);
    let page = server.get("/recommend?user=2&lang=en&set.rating_year=2000");
    assert_eq!(page.status, 200, "{page:?}");
    // Side by side, with the state kept.
    assert!(page.body.contains("Recommended · run") && page.body.contains("Recommended · other"));
    assert!(page.body.contains("value=\"2000\""));
    let link = page
        .body
        .split("href=\"")
        .find(|part| part.starts_with("/item?"))
        .unwrap();
    let link = link.split('"').next().unwrap().replace("&amp;", "&");
    assert!(
        link.contains("set.rating_year=2000") && link.contains("user=2"),
        "{link}"
    );
    let item = server.get(&link);
    assert!(
        item.status == 200 && item.body.contains("Why this score"),
        "{item:?}"
    );
    let image = item
        .body
        .split("src=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let drawn = server.get(&image.replace("&amp;", "&"));
    assert!(
        drawn.status == 200 && drawn.body.starts_with("<svg"),
        "{drawn:?}"
    );
    assert!(drawn.head.contains("image/svg+xml"));
}

#[test]
fn who_is_not_there_gets_a_helpful_page_with_the_form_kept() {
    let server = Server::start(&[]);
    let page = server.get("/recommend?user=%3Cscript%3E%22%26&lang=en");
    assert_eq!(page.status, 404);
    assert!(page.body.contains("There is no such user") && page.body.contains("<form"));
    assert!(!page.body.contains("<script>"), "{}", page.body);
    assert!(
        page.body.contains("value=\"&lt;script&gt;&quot;&amp;\""),
        "{}",
        page.body
    );
    let empty = server.get("/recommend?user=&lang=en");
    assert!(empty.status == 200 && empty.body.contains("Please give a user"));
}

#[test]
fn nothing_of_a_page_may_run() {
    let server = Server::start(&[]);
    let pair = format!("item={}&user=1", server.item());
    let paths = [
        "/".to_owned(),
        "/recommend?user=1".to_owned(),
        "/training".to_owned(),
        "/traffic".to_owned(),
        format!("/item?{pair}"),
        format!("/what-if?{pair}&change.genre1=%3Cscript%3E"),
    ];
    for path in &paths {
        let page = server.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert!(
            page.head
                .contains("content-security-policy: default-src 'none'"),
            "{page:?}"
        );
        assert!(page.head.contains("x-content-type-options: nosniff"));
        assert!(
            !page.body.contains("<script") && !page.body.contains("style="),
            "{path}"
        );
    }
    assert_eq!(server.get("/style.css").status, 200);
}

/// The numbers that stand behind "probability".
fn probabilities(page: &str) -> Vec<f64> {
    let parts = page.split("probability <strong>").skip(1);
    let numbers = parts.map(|part| part.split('<').next().unwrap().parse().unwrap());
    numbers.collect()
}

#[test]
fn a_changed_value_moves_the_probability_and_the_address_keeps_it() {
    let server = Server::start(&[]);
    let of = |rest: &str| {
        server.get(&format!(
            "/what-if?user=1&item={}{rest}&lang=en",
            server.item()
        ))
    };
    let same = of("");
    assert_eq!(same.status, 200, "{same:?}");
    let [before, after] = probabilities(&same.body)[..] else {
        panic!("{}", same.body)
    };
    assert_eq!(before, after);
    let page = of("&change.user_id=2&change.gender=M&change.age=50");
    let [kept, moved] = probabilities(&page.body)[..] else {
        panic!("{}", page.body)
    };
    assert!(kept == before && moved != before, "{kept} {moved}");
    assert!(page.body.contains("name=\"change.age\" value=\"50\""));
    assert!(page.body.contains("row=changed"), "{}", page.body);
    // As the API says of that row.
    let row = serde_json::json!({"user": "2", "item": server.item()}).to_string();
    let explained = server.post("/v1/explain", &row);
    assert_eq!(explained.status, 200, "{}", explained.body);
    let other = of("&other.user=2");
    let expected = explained.json()["probability"].as_f64().unwrap();
    assert!((probabilities(&other.body)[1] - expected).abs() < 6e-4);
    let unknown = of("&change.zip=nowhere");
    assert!(unknown.body.contains("values the model does not know: zip"));
    let wrong = of("&change.colour=red");
    assert!(wrong.status == 200 && wrong.body.contains("no `colour` to change"));
    let nobody = server.get("/what-if?lang=en");
    assert!(nobody.status == 422 && nobody.body.contains("Please give a user and an item"));
}

#[test]
fn codes_are_words_and_every_item_has_a_reason() {
    let server = Server::start(&[]);
    let page = server.get("/recommend?user=1&lang=en").body;
    assert!(
        page.contains("<strong>male<") || page.contains("<strong>female<"),
        "{page}"
    );
    assert_eq!(page.matches("strongest interaction: ").count(), 10);
    let titles = |page: &str| {
        let cells = page.split("<td class=\"date\">").skip(1);
        let cells = cells.map(|cell| {
            cell.split("<td>")
                .nth(1)
                .unwrap()
                .split('<')
                .next()
                .unwrap()
                .to_owned()
        });
        cells.collect::<Vec<_>>()
    };
    let sorted = titles(&server.get("/recommend?user=1&sort=title&lang=en").body);
    assert!(sorted.len() > 1 && sorted.is_sorted(), "{sorted:?}");
    assert_ne!(titles(&page), sorted);
}

#[test]
fn the_start_has_metrics_beside_baselines_and_training_is_drawn() {
    let server = Server::start(&[]);
    let home = server.get("/?lang=en").body;
    for name in [
        "autoint+",
        "positive_rate_user_item",
        "popularity",
        "random",
    ] {
        assert!(home.contains(&format!("<td>{name}</td>")), "{name}: {home}");
    }
    let training = server.get("/training?lang=en").body;
    assert!(training.contains("Logloss per epoch") && training.contains("<polyline"));
    assert!(!training.contains("http-equiv"));
    // While somebody works on the run, the page renews itself.
    let lock = crate::client::folder().join("run/autoint.lock");
    std::fs::write(&lock, "").unwrap();
    let live = server.get("/training?lang=en").body;
    std::fs::remove_file(&lock).unwrap();
    assert!(live.contains("http-equiv=\"refresh\"") && live.contains("A training is going on"));
}
