//! What the name of a column says.

/// The words of a name, in lower case: `userId`, `user_id`, `USER ID` and `userid` are `user`, `id`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| chars[before]);
        let behind = chars.get(at + 1);
        let rises = before.is_some_and(|b| b.is_lowercase() && c.is_uppercase());
        // The `U` of `IDUser` begins a word.
        let falls = c.is_uppercase()
            && before.is_some_and(char::is_uppercase)
            && behind.is_some_and(|b| b.is_lowercase());
        if (rises || falls || !c.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words.into_iter().flat_map(parted).collect()
}

/// `userid` is two words.
fn parted(word: String) -> Vec<String> {
    let known = |stem: &&str| USERS.contains(stem) || ITEMS.contains(stem) || *stem == "row";
    match word.strip_suffix("id").filter(known) {
        Some(stem) => vec![stem.to_owned(), "id".to_owned()],
        None => vec![word],
    }
}

/// Words for whom a row is of, the likelier first.
const USERS: [&str; 25] = [
    "user",
    "users",
    "uid",
    "customer",
    "customers",
    "kunden",
    "benutzer",
    "besucher",
    "member",
    "visitor",
    "viewer",
    "reviewer",
    "buyer",
    "shopper",
    "reader",
    "listener",
    "client",
    "account",
    "person",
    "nutzer",
    "kunde",
    "player",
    "subscriber",
    "cookie",
    "session",
];

/// Words for what a row is of, the likelier first.
const ITEMS: [&str; 32] = [
    "item",
    "items",
    "iid",
    "product",
    "movie",
    "film",
    "article",
    "ad",
    "asin",
    "sku",
    "isbn",
    "book",
    "song",
    "track",
    "video",
    "news",
    "game",
    "recipe",
    "business",
    "restaurant",
    "hotel",
    "listing",
    "offer",
    "show",
    "course",
    "artist",
    "creative",
    "artikel",
    "produkt",
    "campaign",
    "post",
    "advertiser",
];

/// Words that may stand beside those for a user or an item.
const BESIDE: [&str; 13] = [
    "id", "ids", "no", "nr", "num", "number", "key", "code", "hash", "index", "idx", "uuid", "guid",
];

/// How well a name fits that of a user's column: 0 is best.
pub(super) fn user_rank(name: &str) -> Option<usize> {
    rank(name, &USERS)
}

/// How well a name fits that of an item's column.
pub(super) fn item_rank(name: &str) -> Option<usize> {
    rank(name, &ITEMS)
}

fn rank(name: &str, known: &[&str]) -> Option<usize> {
    let words = words(name);
    let beside = |word: &&String| BESIDE.contains(&word.as_str());
    let others: Vec<&String> = words.iter().filter(|word| !beside(word)).collect();
    match others[..] {
        [one] => known.iter().position(|k| k == one),
        _ => None,
    }
}

/// Whether a name says that values are marks, not amounts: an id, a code, Criteo's `C7`.
pub(super) fn is_mark(name: &str) -> bool {
    const MARKS: [&str; 16] = [
        "id", "ids", "uid", "iid", "code", "hash", "key", "zip", "zipcode", "postcode", "plz",
        "sku", "isbn", "asin", "ip", "uuid",
    ];
    let words = words(name);
    let last = words.last().map_or("", String::as_str);
    let criteo = name.strip_prefix('C').is_some_and(|rest| {
        !rest.is_empty() && rest.len() <= 3 && rest.bytes().all(|b| b.is_ascii_digit())
    });
    criteo
        || MARKS.contains(&last)
        || words.first().is_some_and(|word| word == "id")
        || user_rank(name).is_some()
        || item_rank(name).is_some()
}

/// Whether a name says that values are times.
pub(super) fn is_time(name: &str) -> bool {
    const TIMES: [&str; 16] = [
        "time",
        "timestamp",
        "ts",
        "unix",
        "unixtime",
        "epoch",
        "date",
        "datetime",
        "day",
        "hour",
        "created",
        "when",
        "at",
        "zeit",
        "datum",
        "utc",
    ];
    words(name)
        .iter()
        .any(|word| TIMES.contains(&word.as_str()))
}

/// Whether a name is that of a label, whatever the column holds.
pub(super) fn is_label(name: &str) -> bool {
    const LABELS: [&str; 38] = [
        "label",
        "labels",
        "target",
        "y",
        "class",
        "outcome",
        "response",
        "click",
        "clicks",
        "clicked",
        "clk",
        "purchase",
        "purchased",
        "bought",
        "buy",
        "converted",
        "conversion",
        "convert",
        "liked",
        "like",
        "installed",
        "install",
        "churn",
        "churned",
        "ordered",
        "subscribed",
        "relevant",
        "relevance",
        "positive",
        "played",
        "watched",
        "accepted",
        "booked",
        "finished",
        "klick",
        "geklickt",
        "gekauft",
        "bestellt",
    ];
    const BESIDE: [&str; 6] = ["is", "has", "was", "did", "flag", "attributed"];
    let words = words(name);
    let beside = |word: &&String| BESIDE.contains(&word.as_str());
    let mut others = words.iter().filter(|word| !beside(word)).peekable();
    others.peek().is_some() && others.all(|word| LABELS.contains(&word.as_str()))
        || words == ["is", "attributed"]
}

/// Whether a name is that of a yes or no of any kind.
pub(super) fn is_flag(name: &str) -> bool {
    let words = words(name);
    let first = words.first().map_or("", String::as_str);
    ["is", "has", "was", "did"].contains(&first) || words.iter().any(|word| word == "flag")
}

/// Whether a name is that of a rating.
pub(super) fn is_rating(name: &str) -> bool {
    const RATINGS: [&str; 8] = [
        "rating",
        "ratings",
        "stars",
        "star",
        "score",
        "overall",
        "bewertung",
        "vote",
    ];
    let words = words(name);
    let beside = |word: &&String| {
        let word = word.as_str();
        ["user", "review", "book", "movie", "item", "product"].contains(&word)
    };
    let others: Vec<&String> = words.iter().filter(|word| !beside(word)).collect();
    matches!(others[..], [one] if RATINGS.contains(&one.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_however_they_are_written() {
        for name in ["user_id", "userId", "UserID", "USER ID", "userid", "IDUser"] {
            let mut words = words(name);
            words.sort();
            assert_eq!(words, ["id", "user"], "{name}");
            assert_eq!(user_rank(name), Some(0), "{name}");
        }
        assert_eq!(user_rank("uid"), Some(2));
        assert!(item_rank("MovieID") < item_rank("ad_id"));
        for name in ["user_age", "product_category", "movie title", "", "id"] {
            assert_eq!((user_rank(name), item_rank(name)), (None, None), "{name}");
        }
    }

    #[test]
    fn every_class_knows_its_names_and_no_others() {
        for (class, yes, no) in [
            (
                is_label as fn(&str) -> bool,
                &["label", "Clicked", "is_click", "y", "is_attributed"][..],
                &["click_time", "is_new", "year", "is", ""][..],
            ),
            (is_flag, &["is_new", "hasChild"], &["island", "click"]),
            (
                is_rating,
                &["rating", "review_score"],
                &["rating_count", "item"],
            ),
            (
                is_mark,
                &["C14", "site_id", "zip", "item"],
                &["I2", "Cost", "price"],
            ),
            (
                is_time,
                &["timestamp", "created_at", "hour"],
                &["price", "cat"],
            ),
        ] {
            for name in yes {
                assert!(class(name), "{name}");
            }
            for name in no {
                assert!(!class(name), "{name}");
            }
        }
    }
}
