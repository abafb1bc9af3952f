//! Encoding of files as a whole: the same rows give the same data set however they are cut, packed or written, and what is said of
//! them adds up.

use std::io::Write;
use std::path::{Path, PathBuf};

use autoint::Result;
use autoint::data::batch::Batch;
use autoint::data::dataset::{Dataset, SplitName};
use autoint::data::protocol::{OnBad, OnDuplicate, Protocol, file};
use autoint::data::schema::Encoding;
use autoint::data::source::Source;
use autoint::data::store::Target;

const SCHEMA: &str = r#"
name = "shop"
[input]
files = ["log.csv"]
missing = ["NA"]
[label]
column = "stars"
positive = ">= 4"
[rows]
drop = ["stars == 3"]
[roles]
user = "user"
item = "item"
time = "at"
[tables.items]
file = "items.csv"
key = "item"
[[field]]
name = "user"
kind = "categorical"
[[field]]
name = "kind"
kind = "categorical"
[[field]]
name = "tags"
kind = "multi-valued"
columns = ["tags", "kind"]
separator = ";"
pooling = "sum"
[[field]]
name = "price"
kind = "numeric"
transform = "standard"
[[field]]
name = "bucket"
kind = "categorical"
column = "price"
transform = "quantile"
buckets = 4
[[field]]
name = "hashed"
kind = "categorical"
column = "user"
hash_buckets = 7
[[field]]
name = "hour"
kind = "categorical"
column = "at"
part = "hour"
"#;

const ITEMS: &str = "item,kind\n0,book\n1,film\n2,NA\n";

/// Rows of the log, every kind of value among them. Item 9 is in no table.
fn rows(count: usize) -> Vec<String> {
    let row = |i: usize| {
        let item = [0, 1, 2, 9][i % 4];
        let tags = ["a;b", "", "b", "\"c;\"\"d\"\"\"", "NA"][i % 5];
        let price = if i.is_multiple_of(11) {
            "NA".into()
        } else {
            format!("{}.5", i * 7 % 90)
        };
        format!(
            "u{},{item},{tags},{price},{},{}",
            i % 13,
            1 + i * 3 % 5,
            1_000_000 + i * 1800
        )
    };
    (0..count).map(row).collect()
}

struct Shop {
    folder: tempfile::TempDir,
    protocol: Protocol,
}

impl Shop {
    fn new(rows: &[String]) -> Shop {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("items.csv", ITEMS);
        write("log.csv", &log(rows));
        write("shop.toml", SCHEMA);
        let (protocol, _) = file::read(&folder.path().join("shop.toml")).unwrap();
        Shop { folder, protocol }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn source(&self, files: &[&str]) -> Source {
        let (_, source) = file::read(&self.path("shop.toml")).unwrap();
        let files = files.iter().map(|name| self.path(name)).collect();
        Source::of_files(files).with_tables(source.as_ref())
    }

    fn encoded(&self, files: &[&str]) -> Result<Dataset> {
        self.source(files)
            .encode(Some(&self.protocol), Target::Anywhere)
    }
}

const HEADER: &str = "user,item,tags,price,stars,at\n";

fn log(rows: &[String]) -> String {
    format!("{HEADER}{}\n", rows.join("\n"))
}

fn refused(result: Result<Dataset>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn every_kind_of_field_by_hand() {
    let shop = Shop::new(&rows(200));
    let data = shop.encoded(&["log.csv"]).unwrap();
    let counts = data.counts();
    assert_eq!((counts.read, counts.kept), (200, 160));
    assert_eq!(counts.dropped.values().sum::<u64>(), 40);
    assert_eq!(counts.unmatched["items"], 40);
    let encoding = |name: &str| {
        let field = data.schema().fields.iter().find(|f| f.name == name);
        field.unwrap().encoding.clone()
    };
    let Encoding::Vocabulary(kinds) = encoding("kind") else {
        panic!("no vocabulary")
    };
    assert_eq!(kinds.texts().collect::<Vec<_>>(), ["book", "film"]);
    let Encoding::Vocabulary(tags) = encoding("tags") else {
        panic!("no vocabulary")
    };
    assert_eq!(
        tags.texts().collect::<Vec<_>>(),
        ["\"d\"", "a", "b", "book", "c", "film"]
    );
    assert!(matches!(encoding("bucket"), Encoding::Quantiles(bounds) if bounds.len() == 3));
    assert_eq!(encoding("hashed"), Encoding::Buckets(7));
    let Encoding::Standard { mean, deviation } = encoding("price") else {
        panic!("no moments")
    };
    assert!((30.0..60.0).contains(&mean) && (20.0..30.0).contains(&deviation));
    let mut batch = Batch::default();
    data.gather(data.split(SplitName::Train), &mut batch);
    assert_eq!(batch.rows, data.split(SplitName::Train).len());
}

/// The rows in one file, in parts (with the columns in another order), packed, and with other line ends: one data set.
#[test]
fn the_same_rows_are_the_same_data_however_they_come() {
    let rows = rows(300);
    let shop = Shop::new(&rows);
    let expected = shop.encoded(&["log.csv"]).unwrap();
    let (a, b) = rows.split_at(110);
    std::fs::write(shop.path("a.csv"), log(a)).unwrap();
    let swapped: Vec<String> = b.iter().map(|row| swap(row)).collect();
    let second = format!(
        "item,user,tags,price,stars,at\r\n{}\r\n",
        swapped.join("\r\n")
    );
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(second.as_bytes()).unwrap();
    std::fs::write(shop.path("b.csv"), packed.finish().unwrap()).unwrap();
    let parts = shop.encoded(&["a.csv", "b.csv"]).unwrap();
    assert_eq!(parts.fingerprint(), expected.fingerprint());
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(5)
        .build()
        .unwrap();
    let threads = pool.install(|| shop.encoded(&["log.csv"]).unwrap());
    assert_eq!(threads.fingerprint(), expected.fingerprint());
    // With the model's own schema nothing is fitted, and nothing changes.
    let again = shop
        .source(&["log.csv"])
        .encode_with(expected.schema())
        .unwrap();
    assert_eq!(again.fingerprint(), expected.fingerprint());
}

fn swap(row: &str) -> String {
    let mut cells = row.splitn(3, ',');
    let (user, item, rest) = (
        cells.next().unwrap(),
        cells.next().unwrap(),
        cells.next().unwrap(),
    );
    format!("{item},{user},{rest}")
}

#[test]
fn bad_rows_are_an_error_with_their_place_or_are_skipped_and_counted() {
    let mut rows = rows(50);
    rows[3] = "u1,0,a".into();
    rows[7] = "u1,0,a,cheap,5,1000000".into();
    rows[9] = "u1,0,a,1.5,,1000000".into();
    let mut shop = Shop::new(&rows);
    let error = refused(shop.encoded(&["log.csv"]));
    assert!(error.contains("log.csv:5: there are 3 values"), "{error}");
    shop.protocol.rows.on_bad = OnBad::Skip;
    let data = shop.encoded(&["log.csv"]).unwrap();
    let counts = data.counts();
    assert_eq!((counts.read, counts.bad), (50, 3));
    let dropped: u64 = counts.dropped.values().sum();
    assert_eq!(counts.read, counts.kept + dropped + counts.bad);
    assert!(
        counts.first_bad[1].contains("log.csv:9: column `price`: \"cheap\""),
        "{counts}"
    );
    assert!(counts.first_bad[2].contains("log.csv:11: column `stars`: the label is missing"));
    shop.protocol.rows.most_bad = 2;
    let error = refused(shop.encoded(&["log.csv"]));
    assert!(error.contains("more than 2 rows are bad"), "{error}");
}

#[test]
fn duplicates_are_told_refused_or_dropped() {
    let mut rows = rows(60);
    rows.push(rows[0].clone());
    rows.push(rows[4].clone());
    let mut shop = Shop::new(&rows);
    let data = shop.encoded(&["log.csv"]).unwrap();
    assert_eq!(
        (data.counts().duplicates, data.counts().duplicates_dropped),
        (2, 0)
    );
    assert!(
        data.counts()
            .to_string()
            .contains("2 rows have the user, item and time")
    );
    shop.protocol.rows.on_duplicate = OnDuplicate::Error;
    assert!(refused(shop.encoded(&["log.csv"])).contains("2 rows have the user"));
    shop.protocol.rows.on_duplicate = OnDuplicate::Last;
    let last = shop.encoded(&["log.csv"]).unwrap();
    let counts = last.counts();
    let dropped: u64 = counts.dropped.values().sum();
    assert_eq!(
        counts.read,
        counts.kept + dropped + counts.duplicates_dropped
    );
    assert_eq!(
        (last.rows() as u64, counts.duplicates_dropped),
        (counts.kept, 2)
    );
    // What is left is what a log without the first ones gives.
    let without = [&rows[1..4], &rows[5..]].concat();
    let mut clean = Shop::new(&without);
    clean.protocol.rows.on_duplicate = OnDuplicate::Last;
    let clean = clean.encoded(&["log.csv"]).unwrap();
    assert_eq!(clean.fingerprint(), last.fingerprint());
}

#[test]
fn a_part_of_the_negatives_trains_and_the_others_stay_for_the_test() {
    let mut shop = Shop::new(&rows(2000));
    let all = shop.encoded(&["log.csv"]).unwrap();
    shop.protocol.sampling.negatives = 0.25;
    let some = shop.encoded(&["log.csv"]).unwrap();
    let share = |data: &Dataset, split: SplitName, label: u8| {
        let rows = data.split(split).iter();
        rows.filter(|&&row| data.labels()[row as usize] == label)
            .count()
    };
    for split in [SplitName::Valid, SplitName::Test] {
        assert_eq!(all.split(split), some.split(split));
    }
    assert_eq!(
        share(&all, SplitName::Train, 1),
        share(&some, SplitName::Train, 1)
    );
    let (before, after) = (
        share(&all, SplitName::Train, 0),
        share(&some, SplitName::Train, 0),
    );
    assert_eq!(some.counts().sampled_out, (before - after) as u64);
    let kept = after as f64 / before as f64;
    assert!((0.2..0.3).contains(&kept), "{kept}");
    assert!((some.schema().protocol.sampling.logit_offset() - 0.25f32.ln()).abs() < 1e-6);
}

#[test]
fn parts_of_the_split_may_be_files() {
    let rows = rows(90);
    let shop = Shop::new(&rows);
    for (name, part) in [
        ("t.csv", &rows[..60]),
        ("v.csv", &rows[60..75]),
        ("e.csv", &rows[75..]),
    ] {
        std::fs::write(shop.path(name), log(part)).unwrap();
    }
    let text = SCHEMA
        .replace(
            "files = [\"log.csv\"]",
            "files = [\"t.csv\"]\nvalid = [\"v.csv\"]\ntest = [\"e.csv\"]",
        )
        .replace(
            "[tables.items]",
            "[split]\nrule = \"files\"\n[tables.items]",
        );
    std::fs::write(shop.path("files.toml"), text).unwrap();
    let (protocol, source) = file::read(&shop.path("files.toml")).unwrap();
    let data = source
        .unwrap()
        .encode(Some(&protocol), Target::Anywhere)
        .unwrap();
    let sizes = SplitName::ALL.map(|name| data.split(name).len());
    assert_eq!(sizes, [48, 12, 12]);
}

#[test]
fn vocabularies_grow_and_keep_their_codes() {
    let shop = Shop::new(&rows(200));
    let old = shop.encoded(&["log.csv"]).unwrap();
    let new: Vec<String> = (0..40)
        .map(|i| format!("v{i},0,z,1.5,{},{}", 1 + i % 2 * 4, 2_000_000 + i))
        .collect();
    std::fs::write(shop.path("new.csv"), log(&new)).unwrap();
    let grown = shop
        .source(&["new.csv"])
        .encode_grown(old.schema())
        .unwrap();
    for (old, new) in old.schema().fields.iter().zip(&grown.schema().fields) {
        match (&old.encoding, &new.encoding) {
            (Encoding::Vocabulary(old), Encoding::Vocabulary(new)) => {
                assert!(old.texts().eq(new.texts().take(old.len())));
            }
            (old, new) => assert_eq!(old, new),
        }
    }
    let users = &grown.schema().fields[0].encoding;
    assert!(matches!(users, Encoding::Vocabulary(v) if v.code("v3") > 13 || v.code("v4") > 13));
}

#[test]
fn a_column_that_is_nowhere_is_told_with_the_nearest() {
    let mut shop = Shop::new(&rows(20));
    shop.protocol.fields[3].columns = vec!["prise".into()];
    let error = refused(shop.encoded(&["log.csv"]));
    assert!(
        error.contains("no column `prise`, and no table has it"),
        "{error}"
    );
    std::fs::write(shop.path("items.csv"), "item,kind\n0,book\n0,film\n").unwrap();
    let error = refused(
        Shop {
            protocol: Shop::new(&rows(20)).protocol,
            ..shop
        }
        .encoded(&["log.csv"]),
    );
    assert!(error.contains("the key \"0\" is there twice"), "{error}");
    assert!(!Path::new("log.csv").exists());
}
