//! Encoding as a whole.

use super::*;
use crate::data::batch::{Batch, FieldBatch};
use crate::data::dataset::SplitName;
use crate::data::schema::Encoding;
use crate::data::split::SplitRule;
use crate::data::testing::{any_rows, protocol, random_split, table, texts};
use crate::data::vocab::Vocabulary;
use proptest::prelude::*;

fn row(user: &str, tags: &str, weight: &str, rating: u8) -> (String, String, String, u8) {
    (user.into(), tags.into(), weight.into(), rating)
}

/// The last row tests, the last but one validates, the others train.
fn in_time() -> SplitRule {
    SplitRule::LeaveLastOut
}

fn all_rows(data: &Dataset) -> Batch {
    let mut batch = Batch::default();
    let rows: Vec<u32> = (0..data.rows() as u32).collect();
    data.gather(&rows, &mut batch);
    batch
}

#[test]
fn a_table_by_hand() {
    // times are rating % 3; the row with rating 3 is dropped.
    let raw = table(&[
        row("b", "x|y", "2", 5), // time 2, validation
        row("b", "z", "1", 3),
        row("a", "", "", 4),      // time 1, trains: a has one row
        row("b", "y", "4", 1),    // time 1, trains
        row("b", "z|x", "10", 2), // time 2, test
    ]);
    let data = encode(&raw, &protocol(FitOn::Train, in_time())).unwrap();
    assert_eq!(data.rows(), 4);
    assert_eq!(data.labels(), [1, 1, 0, 0]);
    assert_eq!((data.users(), data.items()), (&[0, 1, 0, 0][..], &[][..]));
    assert_eq!(data.split(SplitName::Train), [2, 1]);
    assert_eq!(data.split(SplitName::Valid), [0]);
    assert_eq!(data.split(SplitName::Test), [3]);
    assert_eq!(
        data.true_probability(),
        Some(&[0.625, 0.5, 0.125, 0.25][..])
    );
    let known = |place: usize| match &data.schema().fields[place].encoding {
        Encoding::Vocabulary(vocabulary) => vocabulary.texts().map(str::to_owned).collect(),
        Encoding::MinMax { min, max } => vec![min.to_string(), max.to_string()],
        other => panic!("{other:?}"),
    };
    // Only training rows: of the tags y alone, of the weights 4 alone.
    assert_eq!(known(0), ["a", "b"]);
    assert_eq!(known(1), ["y"]);
    assert_eq!(known(2), ["4", "4"]);
    let batch = all_rows(&data);
    assert_eq!(batch.labels, [1.0, 1.0, 0.0, 0.0]);
    // Table rows: 0..3 users, 3..5 tags, 5..7 weight.
    let [
        FieldBatch::One { ids: users },
        FieldBatch::Mean { starts, ids: tags },
        FieldBatch::Scaled { ids, values },
    ] = &batch.fields[..]
    else {
        panic!("other fields: {:?}", batch.fields)
    };
    assert_eq!(users, &[2, 1, 2, 2]);
    assert_eq!(
        (&starts[..], &tags[..]),
        (&[0, 2, 3, 4, 6][..], &[3, 4, 3, 4, 3, 3][..])
    );
    assert_eq!(
        (&ids[..], &values[..]),
        (&[6, 5, 6, 6][..], &[0.0, 1.0, 0.0, 0.0][..])
    );
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let refused = |raw: &Table, protocol: &Protocol| encode(raw, protocol).unwrap_err().to_string();
    let good = [row("a", "x", "1", 5), row("b", "y", "2", 1)];
    let mut rules = protocol(FitOn::All, random_split(1));
    rules.fields[0].name = "nobody".into();
    assert!(refused(&table(&good), &rules).contains("no column `nobody`"));
    rules = protocol(FitOn::All, random_split(1));
    let bad = table(&[row("a", "x", "1", 3), row("a", "x", "heavy", 5)]);
    let error = refused(&bad, &rules);
    assert!(
        error.contains("row 2, column `weight`: \"heavy\""),
        "{error}"
    );
    let weighted = |column: &str| {
        let mut rules = rules.clone();
        rules.roles.weight = Some(column.into());
        rules
    };
    let error = refused(&table(&good), &weighted("nothing"));
    assert!(error.contains("no column `nothing`"), "{error}");
    let light = table(&[row("a", "x", "1", 3), row("b", "y", "0", 1)]);
    let error = refused(&light, &weighted("weight"));
    assert!(
        error.contains("row 2, column `weight`: \"0\" is not a weight"),
        "{error}"
    );
    let dropped = table(&[row("a", "x", "1", 3)]);
    assert!(refused(&dropped, &rules).contains("no row is left of 1: 1 meet"));
    rules.label.column = "rating_text".into();
    assert!(refused(&table(&good), &rules).contains("no column `rating_text`"));
    let one = table(&good[..1]);
    let rules = protocol(FitOn::Train, random_split(1));
    assert!(refused(&one, &rules).contains("no training row of 1"));
}

#[test]
fn new_data_is_encoded_with_the_old_schema() {
    let rules = protocol(FitOn::All, random_split(1));
    let old = encode(
        &table(&[row("a", "x", "0", 5), row("b", "y", "4", 1)]),
        &rules,
    )
    .unwrap();
    let new = table(&[
        row("c", "y|w", "1", 1),
        row("b", "x", "9", 5),
        row("d", "", "", 5),
    ]);
    let data = encode_with(old.schema(), &new).unwrap();
    assert_eq!(data.schema(), old.schema());
    // c and d are both unknown to the vocabulary, but stay two users.
    assert_eq!(data.users(), [0, 1, 2]);
    let batch = all_rows(&data);
    assert_eq!(batch.fields[0], FieldBatch::One { ids: vec![0, 2, 0] });
    let scaled = FieldBatch::Scaled {
        ids: vec![7, 7, 6],
        values: vec![0.25, 1.0, 1.0],
    };
    assert_eq!(batch.fields[2], scaled);
}

#[test]
fn weights_follow_their_rows() {
    let raw = table(&[
        row("a", "x", "2", 5),
        row("b", "x", "", 3),
        row("b", "y", "0.5", 1),
    ]);
    let mut rules = protocol(FitOn::All, random_split(1));
    rules.roles.weight = Some("weight".into());
    let data = encode(&raw, &rules).unwrap();
    assert_eq!(data.weights(), [2.0, 0.5]);
    let mut batch = Batch::default();
    data.gather(&[1, 0, 1], &mut batch);
    assert_eq!(batch.weights, [0.5, 2.0, 0.5]);
}

#[test]
fn a_column_of_numbers_can_be_categorical() {
    let mut raw = Table::new(3);
    let numbers = vec![10.0, f64::NAN, 9.5];
    raw.push("user", crate::data::table::Values::Number(numbers))
        .unwrap();
    raw.push("rating", texts(&["5", "1", "4"])).unwrap();
    let mut rules = protocol(FitOn::All, random_split(1));
    rules.fields.truncate(1);
    rules.roles.time = None;
    let data = encode(&raw, &rules).unwrap();
    let expected = Vocabulary::fit([("10", 1), ("9.5", 1)], 1);
    assert_eq!(
        data.schema().fields[0].encoding,
        Encoding::Vocabulary(expected)
    );
    assert_eq!(
        all_rows(&data).fields[0],
        FieldBatch::One { ids: vec![1, 0, 2] }
    );
    assert_eq!(data.labels(), [1, 0, 1]);
}

/// The split by users looks at the rows that are left, and no others.
#[test]
fn rows_outside_the_core_are_in_no_part_of_the_split() {
    let row = |user: &str, tags: &str| (user.to_owned(), tags.to_owned(), String::new(), 5);
    // User c has one row, item y then one, which leaves user a's and user b's rows of x.
    let mut rows: Vec<_> = ["a", "b"]
        .iter()
        .flat_map(|user| (0..4).map(|_| row(user, "x")))
        .collect();
    rows.insert(2, row("c", "y"));
    rows.push(row("a", "y"));
    let mut rules = protocol(
        FitOn::All,
        SplitRule::RandomByUser {
            parts: [2, 1, 1],
            seed: 1,
        },
    );
    rules.roles.item = Some("tags".into());
    rules.rows.core = 3;
    let data = encode(&table(&rows), &rules).unwrap();
    assert_eq!((data.rows(), data.counts().outside_core), (8, 2));
    assert!(
        data.counts()
            .to_string()
            .contains("2 dropped (users or items with too few rows)")
    );
    assert_eq!(data.items(), [0; 8]);
    let sizes =
        [SplitName::Train, SplitName::Valid, SplitName::Test].map(|part| data.split(part).len());
    assert_eq!(sizes, [4, 2, 2]);
    rules.rows.core = 9;
    let error = encode(&table(&rows), &rules).unwrap_err().to_string();
    assert!(
        error.contains("10 are of users or items with too few rows"),
        "{error}"
    );
}

proptest! {
    /// Decoding gives back the raw text of every row; what a training row showed is never unknown.
    #[test]
    fn codes_decode_to_the_raw_values(rows in any_rows(), seed: u64, train_only: bool) {
        let fit_on = if train_only { FitOn::Train } else { FitOn::All };
        let data = encode(&table(&rows), &protocol(fit_on, random_split(seed))).unwrap();
        let kept: Vec<_> = rows.iter().filter(|row| row.3 != 3).collect();
        prop_assert_eq!(data.rows(), kept.len());
        let fitted: Vec<usize> = match fit_on {
            FitOn::Train => data.split(SplitName::Train).iter().map(|&r| r as usize).collect(),
            FitOn::All => (0..kept.len()).collect(),
        };
        let batch = all_rows(&data);
        let [FieldBatch::One { ids: users }, FieldBatch::Mean { starts, ids: tags }, _] = &batch.fields[..] else {
            panic!("other fields");
        };
        let text = |place: usize, id: u32| match &data.schema().fields[place].encoding {
            Encoding::Vocabulary(vocabulary) => {
                vocabulary.text(id - data.schema().offsets()[place] as u32).unwrap_or("")
            }
            _ => panic!("a number"),
        };
        for (i, row) in kept.iter().enumerate() {
            let known = fitted.iter().any(|&f| kept[f].0 == row.0);
            prop_assert_eq!(text(0, users[i]), if known { row.0.as_str() } else { "" });
            let list = &tags[starts[i] as usize..starts[i + 1] as usize];
            let found: Vec<&str> = list.iter().map(|&id| text(1, id)).collect();
            let tag_known = |tag: &str| fitted.iter().any(|&f| kept[f].1.split('|').any(|t| t == tag));
            let mut expected: Vec<&str> = row.1.split('|').filter(|tag| !tag.is_empty())
                .map(|tag| if tag_known(tag) { tag } else { "" }).collect();
            if expected.is_empty() {
                expected.push("");
            }
            prop_assert_eq!(found, expected);
            prop_assert_eq!(f32::from(data.labels()[i]), f32::from(u8::from(row.3 >= 4)));
        }
    }

    /// Raw rows at prediction give the batch that the same rows of the table give.
    #[test]
    fn raw_rows_and_the_table_agree(rows in any_rows(), seed: u64) {
        let rules = protocol(FitOn::Train, random_split(seed));
        let data = encode(&table(&rows), &rules).unwrap();
        let kept: Vec<Vec<&str>> = rows.iter().filter(|row| row.3 != 3)
            .map(|row| vec![row.2.as_str(), "ignored", &row.1, &row.0]).collect();
        let header = ["weight", "else", "tags", "user"];
        let (batch, unknown) = rows::encode_rows(data.schema(), &header, &kept).unwrap();
        let expected = Batch { labels: vec![], ..all_rows(&data) };
        prop_assert_eq!(&batch, &expected);
        let FieldBatch::One { ids } = &batch.fields[0] else { panic!("other fields") };
        for ((names, row), &id) in unknown.iter().zip(&kept).zip(ids) {
            prop_assert_eq!(names.contains(&"user"), id == 0 && !row[3].is_empty());
        }
        // The same table with the fitted schema is the same data.
        let again = encode_with(data.schema(), &table(&rows)).unwrap();
        prop_assert_eq!(again.fingerprint(), data.fingerprint());
    }
}
