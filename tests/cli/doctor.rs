//! `autoint doctor`: data that are wrong in every way it knows, and data that are not.

use serde_json::Value;

use crate::scene::Scene;

const SCHEMA: &str = "name = 'shop'\n[input]\nfiles = ['log.csv']\n[label]\ncolumn = 'bought'\n[roles]\nuser = 'user'\nitem = 'item'\ntime = { column = 'at', format = 'seconds' }\n\
    [split]\nrule = 'SPLIT'\nPARTS\n\
    [[field]]\nname = 'user'\nkind = 'categorical'\n[[field]]\nname = 'item'\nkind = 'categorical'\n[[field]]\nname = 'refund'\nkind = 'categorical'\n[[field]]\nname = 'shop'\nkind = 'categorical'\n[[field]]\nname = 'city'\nkind = 'categorical'\n[[field]]\nname = 'country'\nkind = 'categorical'\n[[field]]\nname = 'week'\nkind = 'categorical'\n";

/// 2000 rows; `refund` is the label in other words, `shop` a constant, the country follows from the city, weeks go on.
fn log(broken: bool) -> String {
    let mut text = String::from("user,item,refund,shop,city,country,week,at,bought\n");
    for row in 0u64..2000 {
        let mixed = |salt: u64, n: u64| {
            let z = (row + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
                ^ salt.wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z >> 33) % n
        };
        let bought = mixed(1, 2);
        let (user, item) = (mixed(2, 40), if broken { mixed(3, 5) } else { row });
        let refund = if broken { bought } else { mixed(4, 3) };
        let shop = if broken { 7 } else { mixed(5, 4) };
        let city = mixed(6, 12);
        let country = if broken { city / 4 } else { mixed(7, 3) };
        let week = if broken { row / 200 } else { mixed(8, 10) };
        text += &format!(
            "u{user},i{item},r{refund},s{shop},c{city},l{country},w{week},{row},{bought}\n"
        );
    }
    text
}

fn findings(
    scene: &Scene,
    broken: bool,
    split: &str,
    parts: &str,
) -> Vec<(String, String, String)> {
    scene.write("log.csv", log(broken));
    scene.write(
        "shop.toml",
        SCHEMA.replace("SPLIT", split).replace("PARTS", parts),
    );
    let json = scene.ok(&["doctor", "--schema", "shop.toml", "--json"]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    json.lines()
        .map(|line| {
            let finding: Value = serde_json::from_str(line).unwrap();
            (
                text(&finding["grave"]),
                text(&finding["check"]),
                text(&finding["field"]),
            )
        })
        .collect()
}

#[test]
fn everything_that_is_wrong_is_found() {
    let scene = Scene::new();
    let found = findings(&scene, true, "global-time", "validation = 0.1\ntest = 0.1");
    for (grave, check, field) in [
        ("error", "field that knows the answer", "refund"),
        ("error", "same key in train and test", ""),
        ("warning", "constant field", "shop"),
        ("warning", "values unseen in training", "week"),
        ("warning", "drift from training to test", "week"),
        ("note", "field that knows another", "city"),
    ] {
        let wanted = (grave.to_owned(), check.to_owned(), field.to_owned());
        assert!(found.contains(&wanted), "{wanted:?} {found:?}");
    }
    assert!(
        found
            .iter()
            .map(|f| &f.0)
            .is_sorted_by_key(|grave| ["error", "warning", "note"].iter().position(|g| g == grave))
    );
    let told = scene.ok(&["doctor", "--schema", "shop.toml"]);
    assert!(
        told.contains("`refund` alone reaches an AUC of 1.0000 on the validation rows"),
        "{told}"
    );
    assert!(
        told.contains("`city` tells 100.0 % of what `country` says"),
        "{told}"
    );
    let refused = scene.fails(&["doctor", "--schema", "shop.toml", "--strict", "error"], 1);
    assert!(
        refused.contains("findings that --strict does not let pass"),
        "{refused}"
    );
}

/// An item a row, and nothing hangs together: what is left is that items are new, and that the split does not look at time.
#[test]
fn nothing_is_made_up() {
    let scene = Scene::new();
    let found = findings(&scene, false, "random", "parts = [8, 1, 1]\nseed = 1");
    let expected = [
        ("warning", "values unseen in training", "item"),
        ("note", "split that is blind to time", ""),
    ];
    let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
    assert_eq!(found, expected);
    scene.ok(&["doctor", "--schema", "shop.toml", "--strict", "error"]);
    scene.fails(
        &["doctor", "--schema", "shop.toml", "--strict", "warning"],
        1,
    );
}
