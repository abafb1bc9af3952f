//! `autoint eda`: a log whose numbers are known, and a store.

use crate::scene::Scene;

const SCHEMA: &str = "name = 'shop'\n[input]\nfiles = ['log.csv']\n[label]\ncolumn = 'stars'\npositive = '>= 4'\n\
    [roles]\nuser = 'user'\nitem = 'item'\ntime = { column = 'at', format = 'seconds' }\n[split]\nrule = 'random'\nparts = [8, 1, 1]\nseed = 1\n\
    [[field]]\nname = 'user'\nkind = 'categorical'\n[[field]]\nname = '<city>'\ncolumn = 'city'\nkind = 'categorical'\n\
    [[field]]\nname = 'country'\nkind = 'categorical'\n[[field]]\nname = 'device'\nkind = 'categorical'\n[[field]]\nname = 'price'\nkind = 'numeric'\n";

/// 1200 rows, one a day: four cities in two countries, one to five stars in each, every fourth row without a device.
fn log() -> String {
    let mut text = String::from("user,item,city,country,device,price,at,stars\n");
    for row in 0..1200 {
        let city = row / 5 % 4;
        let device = ["", "tv", "phone", "<i>"][row % 4];
        text += &format!(
            "u{},i{},c{city},l{},{device},{}.5,{},{}\n",
            row % 40,
            row % 17,
            city / 2,
            row % 100,
            row * 86_400,
            1 + row % 5
        );
    }
    text
}

#[test]
fn a_page_shows_what_the_log_holds() {
    let scene = Scene::new();
    scene.write("log.csv", log());
    scene.write("shop.toml", SCHEMA);
    scene.write(
        "eda.html",
        "an older page, longer than nothing".repeat(50_000),
    );
    let told = scene.ok(&["eda", "--schema", "shop.toml"]);
    for line in [
        "protocol shop: 1,200 rows, 5 fields, 40.000 % positive",
        "users  40, 30 rows each (median 30, most 30); the busiest 1 % have 2.5 % of all rows",
        "time   1970-01-01 to 1973-04-14",
        "<city> and country 1.00",
        "page   eda.html",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let page = scene.text("eda.html");
    assert!(page.ends_with("</html>") && !page.contains("an older page"));
    for known in [
        // 300 rows of each city, of which 120 are positive; Wilson's interval of it.
        "<th scope=\"row\">c0</th><td>300</td><td>40.0 %</td><td>34.6 – 45.6</td>",
        "&lt;city&gt; tells 100.0 % of country",
        "whose mean is 3.0000 over 1,200 rows",
        // 600 numbers of mean 3 and variance 2: 3 -+ 1.96 sqrt(2 600/599 / 600).
        "<th scope=\"row\">l0</th><td>600</td><td>3.000</td><td>2.887 – 3.113</td>",
        "device</a></th><td>categorical</td><td>3</td><td>25.0 %</td><td>25.0 %</td>",
        "Rows, a month each bar",
        "<th scope=\"row\">1970-02</th><td>28</td>",
        "&lt;i&gt;",
        "from 90.5",
    ] {
        assert!(page.contains(known), "{known}");
    }
    for outside in [
        "<script", "http://", "https://", "<link", "src=", "<city>", "<i>", "NaN",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn the_same_page_with_any_threads_and_less_of_it_from_a_store() {
    let scene = Scene::new();
    scene.write("log.csv", log());
    scene.write("shop.toml", SCHEMA);
    for threads in ["1", "3"] {
        scene.ok(&[
            "eda",
            "--schema",
            "shop.toml",
            "--threads",
            threads,
            "--out",
            threads,
        ]);
    }
    assert_eq!(scene.read("1"), scene.read("3"));
    scene.ok(&["prepare", "--schema", "shop.toml", "--out", "store"]);
    scene.ok(&["eda", "--data", "store", "--out", "store.html"]);
    let page = scene.text("store.html");
    assert!(
        page.contains("The rows are encoded already")
            && page.contains("<td>300</td><td>40.0 %</td>")
    );
    let refused = scene.fails(&["eda", "--data", "store", "--out", "no/page.html"], 1);
    assert!(refused.contains("no: cannot create a file in"), "{refused}");
}
