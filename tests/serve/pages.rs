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
    for path in ["/", "/recommend?user=1", "/training", "/item?item=1&user=1"] {
        let page = server.get(path);
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
