//! What a person does, in a real browser: headless Chromium, driven through chromedriver (the W3C WebDriver protocol).
//!
//! Without a browser these tests say that they were skipped; `AUTOINT_BROWSER=required` makes that a failure.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::client::Server;

/// A browser window.
struct Browser {
    driver: Child,
    session: String,
}

impl Browser {
    /// None without a browser.
    fn open() -> Option<Browser> {
        let driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut driver) = driver else {
            let required = std::env::var("AUTOINT_BROWSER").is_ok_and(|value| value == "required");
            assert!(
                !required,
                "there is no chromedriver, and AUTOINT_BROWSER=required"
            );
            eprintln!("skipped: there is no chromedriver (Debian: chromium chromium-driver)");
            return None;
        };
        let mut lines = BufReader::new(driver.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let port = lines
            .find(|line| line.contains("successfully on port "))
            .unwrap();
        let port = port
            .rsplit("on port ")
            .next()
            .unwrap()
            .trim_end_matches('.')
            .to_owned();
        // Nobody would read the rest.
        std::thread::spawn(move || lines.for_each(drop));
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--window-size=390,844",
        ];
        let wanted =
            json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": arguments}}}});
        let base = format!("http://127.0.0.1:{port}/session");
        let mut browser = Browser {
            driver,
            session: base.clone(),
        };
        let made = browser.call("", wanted);
        browser.session = format!("{base}/{}", made["sessionId"].as_str().unwrap());
        Some(browser)
    }

    fn call(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.session);
        // What went wrong is in the answer, whatever its status.
        let request = ureq::post(&url)
            .config()
            .http_status_as_error(false)
            .build();
        let mut answer = request.send(body.to_string()).unwrap();
        let answer: Value =
            serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        answer["value"].clone()
    }

    fn goto(&self, url: &str) {
        self.call("/url", json!({ "url": url }));
    }

    /// The value of a JavaScript expression: of the test, not of the page, which has none.
    fn ask(&self, script: &str) -> Value {
        self.call(
            "/execute/sync",
            json!({"script": format!("return {script}"), "args": []}),
        )
    }

    /// Waits until an expression has a value: a click returns before the next page is there.
    fn until(&self, script: &str, expected: impl Into<Value>) {
        let expected = expected.into();
        let mut last = Value::Null;
        for _ in 0..200 {
            last = self.ask(script);
            if last == expected {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("{script} is {last}, expected {expected}");
    }

    fn element(&self, css: &str) -> String {
        let found = self.call("/element", json!({"using": "css selector", "value": css}));
        let id = found.as_object().unwrap().values().next().unwrap();
        format!(
            "/element/{}",
            id.as_str().unwrap_or_else(|| panic!("{css}: {found}"))
        )
    }

    fn click(&self, css: &str) {
        let element = self.element(css);
        self.call(&format!("{element}/click"), json!({}));
    }

    fn write(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.call(&format!("{element}/value"), json!({ "text": text }));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Lets the browser go before its driver.
        let _ = ureq::delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

#[test]
fn a_person_fills_the_form_follows_a_recommendation_and_changes_the_language() {
    let Some(browser) = Browser::open() else {
        return;
    };
    let server = Server::start(&["--run", "other"]);
    browser.goto(&format!("http://{}/?lang=en", server.address));
    browser.write("input[name=user]", "2");
    browser.write("input[name='set.rating_year']", "2000");
    browser.click("button");
    browser.until("document.querySelectorAll('ol.items').length", 2);
    browser.until("document.querySelectorAll('ol.items li').length", 20);
    // A phone shows it without scrolling sideways.
    browser.until(
        "document.documentElement.scrollWidth <= window.innerWidth",
        true,
    );
    let heading = "document.querySelector('main h2').textContent";
    browser.click("ol.items a");
    browser.until(heading, "Why this score");
    browser.until(
        "document.querySelector('img.wide').naturalWidth > 100",
        true,
    );
    browser.click("a.language");
    browser.until("document.documentElement.lang", "ko");
    browser.until(heading, "점수의 이유");
    let address = browser.ask("location.search");
    let address = address.as_str().unwrap();
    assert!(
        address.contains("user=2") && address.contains("set.rating_year=2000"),
        "{address}"
    );
}

#[test]
fn a_wrong_user_keeps_the_form() {
    let Some(browser) = Browser::open() else {
        return;
    };
    let server = Server::start(&[]);
    browser.goto(&format!(
        "http://{}/recommend?user=nobody&lang=en",
        server.address
    ));
    assert_eq!(
        browser.ask("document.querySelector('input[name=user]').value"),
        "nobody"
    );
    let note = browser.ask("document.querySelector('.note').textContent");
    assert!(
        note.as_str().unwrap().contains("There is no such user"),
        "{note}"
    );
}

#[test]
fn a_person_changes_a_value_and_sees_both_rows() {
    let Some(browser) = Browser::open() else {
        return;
    };
    let server = Server::start(&[]);
    browser.goto(&format!(
        "http://{}/item?user=1&item={}&lang=en",
        server.address,
        server.item()
    ));
    browser.click("a[href^='/what-if']");
    browser.until("document.querySelector('h1').textContent", "What if?");
    browser.write("input[name='change.age']", "50");
    browser.click("form button");
    browser.until("document.querySelectorAll('img.wide').length", 2);
    browser.until("location.search.includes('change.age=50')", true);
    browser.until(
        "[...document.querySelectorAll('img.wide')].every(image => image.naturalWidth > 100)",
        true,
    );
    browser.until(
        "document.documentElement.scrollWidth <= window.innerWidth",
        true,
    );
}
