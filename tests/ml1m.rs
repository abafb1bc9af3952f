//! The real MovieLens-1M through the library's own path (reader, protocol, encoding, split, baselines), held against what is
//! known of it: published counts, and the encoding, the split and the baselines of the AutoInt course projects.

use std::path::PathBuf;
use std::sync::LazyLock;

use autoint::data::batch::{Batch, FieldBatch};
use autoint::data::dataset::{Dataset, SplitName};
use autoint::data::encode::encode;
use autoint::data::movielens::{self, ml1m, protocols};
use autoint::data::table::{Table, Values};
use autoint::metrics::course::course_ndcg;
use autoint::metrics::delong::auc_estimate;
use autoint::metrics::ranking::Rankings;
use autoint::metrics::{Metrics, Scores, evaluate};
use autoint::score::evaluation::baselines_of;
use sha2::{Digest, Sha256};

/// The fields of protocol `course` and how many values each has.
const FIELDS: [(&str, usize); 14] = [
    ("user_id", 6040),
    ("movie_id", 3706),
    ("movie_decade", 10),
    ("movie_year", 81),
    ("rating_year", 4),
    ("rating_month", 12),
    ("rating_decade", 1),
    ("genre1", 18),
    ("genre2", 18),
    ("genre3", 16),
    ("gender", 2),
    ("age", 7),
    ("occupation", 21),
    ("zip", 3439),
];

/// The projects' codes of the first five rows: ours less the unknown row.
const FIRST_ROWS: [[u32; 14]; 5] = [
    [0, 189, 6, 55, 0, 3, 0, 7, 17, 15, 0, 0, 2, 1588],
    [0, 3374, 8, 76, 0, 3, 0, 2, 2, 8, 0, 0, 2, 1588],
    [0, 3615, 5, 44, 0, 3, 0, 11, 12, 15, 0, 0, 2, 1588],
    [0, 2503, 9, 80, 0, 3, 0, 7, 17, 15, 0, 0, 2, 1588],
    [0, 1374, 8, 78, 1, 0, 0, 2, 2, 2, 0, 0, 2, 1588],
];

/// Read and encoded once for all tests; none when the data are not there.
static ML1M: LazyLock<Option<(Table, Dataset)>> = LazyLock::new(|| {
    let table = movielens::read(&folder()?).unwrap();
    let data = encode(&table, &protocols::named("course").unwrap()).unwrap();
    Some((table, data))
});

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("AUTOINT_ML1M").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: set AUTOINT_ML1M to the ml-1m folder");
    }
    folder
}

fn first_text<'t>(table: &'t Table, name: &str, row: usize) -> &'t str {
    match table.column(name).unwrap() {
        Values::Text { dictionary, codes } => &dictionary[codes[row] as usize],
        Values::Number(_) => panic!("{name} holds numbers"),
    }
}

#[test]
fn the_files_hold_what_was_published() {
    let (Some(folder), Some((table, _))) = (folder(), &*ML1M) else {
        return;
    };
    let data = ml1m::load(&folder).unwrap();
    assert_eq!((data.users.len(), data.movies.len()), (6040, 3883));
    let long = data.movies.iter().filter(|m| m.genres.len() > 3).count();
    assert_eq!(long, 115);

    assert_eq!(table.rows(), 1_000_209);
    let ratings = table.numbers("rating").unwrap();
    assert_eq!(ratings[..5], [5.0, 3.0, 3.0, 4.0, 5.0]);
    let positive = ratings.iter().filter(|&&rating| rating >= 4.0).count();
    assert_eq!(positive, 348_971 + 226_310);
    let title = "One Flew Over the Cuckoo's Nest";
    assert_eq!(first_text(table, "title", 0), title);
    let genres = "Animation|Children's|Musical";
    assert_eq!(first_text(table, "genres", 1), genres);
}

fn check_fields_and_first_rows(data: &Dataset) {
    let fields = data.summary().fields;
    let sizes: Vec<_> = fields
        .iter()
        .map(|field| (field.name.as_str(), field.cardinality.unwrap()))
        .collect();
    assert_eq!(sizes, FIELDS);
    let mut batch = Batch::default();
    data.gather(&[0, 1, 2, 3, 4], &mut batch);
    assert_eq!(batch.labels, [1.0, 0.0, 0.0, 1.0, 1.0]);
    let offsets = data.schema().offsets();
    for (place, field) in batch.fields.iter().enumerate() {
        let FieldBatch::One { ids } = field else {
            panic!("field {place} is not categorical");
        };
        let code = |id: &u32| id - offsets[place] as u32 - 1;
        let codes: Vec<u32> = ids.iter().map(code).collect();
        assert_eq!(codes, FIRST_ROWS.map(|row| row[place]), "field {place}");
    }
}

fn distinct(mut users: Vec<u32>) -> usize {
    users.sort_unstable();
    users.dedup();
    users.len()
}

#[test]
fn the_course_protocol_encodes_and_splits_as_its_originals_did() {
    let Some((_, data)) = &*ML1M else { return };
    assert_eq!(data.rows(), 1_000_209);
    assert!((data.label_rate() - 0.575_161).abs() < 5e-7);
    check_fields_and_first_rows(data);

    let [train, valid, test] = SplitName::ALL.map(|name| data.split(name));
    let sizes = (train.len(), valid.len(), test.len());
    assert_eq!(sizes, (720_150, 80_017, 200_042));
    assert_eq!(train.first(), Some(&416_292));
    assert_eq!(valid.last(), Some(&121_958));
    assert_eq!(test[..5], [895_536, 899_739, 55_687, 63_727, 822_011]);
    let (users, labels) = (data.users(), data.labels());
    let tested = test.iter().map(|&row| users[row as usize]);
    assert_eq!(distinct(tested.collect()), 6038);
    let liked = test.iter().filter(|&&row| labels[row as usize] == 1);
    assert_eq!(
        distinct(liked.map(|&row| users[row as usize]).collect()),
        5994
    );
}

#[test]
fn the_store_holds_the_same() {
    let Some((_, data)) = &*ML1M else { return };
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("course.store");
    data.write(&path).unwrap();
    let opened = Dataset::open(&path).unwrap();
    assert_eq!(opened.fingerprint(), data.fingerprint());
    check_fields_and_first_rows(&opened);
}

#[test]
fn the_other_protocols_drop_three_stars() {
    let Some((table, _)) = &*ML1M else { return };
    for name in ["recbole", "paper"] {
        let data = encode(table, &protocols::named(name).unwrap()).unwrap();
        assert_eq!((data.rows(), data.schema().fields.len()), (739_012, 7));
    }
}

/// Asserts that the named metrics have the expected values.
fn assert_close(baseline: &str, got: &Metrics, expected: &[(&str, f64)], tolerance: f64) {
    for &(name, value) in expected {
        let found = got.get(name).unwrap();
        assert!(
            (found - value).abs() <= tolerance,
            "{baseline}: {name} is {found:.6}, expected {value}"
        );
    }
}

/// Half a unit of the last digit of five.
const EXACT: f64 = 5.1e-6;

#[test]
fn the_baselines_are_the_known_ones() {
    let Some((_, data)) = &*ML1M else { return };
    let all = baselines_of(data, SplitName::Test, &data.schema().protocol.metrics).unwrap();
    let [random, popularity, item, both, biases, near] = &all[..] else {
        panic!("{} baselines", all.len());
    };
    let expected = [
        ("auc", 0.5),
        ("gauc", 0.5),
        ("course_ndcg@10", 0.5560),
        ("course_hitrate@10", 0.5703),
        ("ndcg@10", 0.697),
    ];
    assert_close(random.0, &random.1, &expected, 0.004);
    let expected = [
        ("course_ndcg@10", 0.62391),
        ("course_hitrate@10", 0.60721),
        ("ndcg@10", 0.80042),
    ];
    assert_close(popularity.0, &popularity.1, &expected, EXACT);
    let expected = [
        ("course_ndcg@10", 0.66192),
        ("course_hitrate@10", 0.63029),
        ("ndcg@10", 0.85294),
        ("logloss", 0.59476),
        ("auc", 0.73239),
    ];
    assert_close(item.0, &item.1, &expected, EXACT);
    // The user's rate is the same for all rows of a user: it cannot change a ranking of one user's rows.
    let expected = [
        ("logloss", 0.55378),
        ("auc", 0.77843),
        ("gauc", item.1.get("gauc").unwrap()),
        ("ndcg@10", item.1.get("ndcg@10").unwrap()),
    ];
    assert_close(both.0, &both.1, &expected, EXACT);
    let expected = [
        ("logloss", 0.54208),
        ("auc", 0.78986),
        ("course_ndcg@10", 0.66178),
    ];
    assert_close(biases.0, &biases.1, &expected, EXACT);
    let expected = [("auc", 0.70059), ("ndcg@10", 0.85201)];
    assert_close(near.0, &near.1, &expected, EXACT);
    for ranking in [random, popularity, near] {
        assert_eq!(ranking.1.get("logloss"), None, "{}", ranking.0);
    }
}

#[test]
fn a_perfect_ranking_reaches_the_known_ceiling() {
    let Some((_, data)) = &*ML1M else { return };
    let rows = data.split(SplitName::Test);
    let pick = |column: &[u32]| -> Vec<u32> { rows.iter().map(|&r| column[r as usize]).collect() };
    let users = pick(data.users());
    let labels: Vec<u8> = rows.iter().map(|&r| data.labels()[r as usize]).collect();
    let scores: Vec<f32> = labels.iter().map(|&label| f32::from(label)).collect();
    let perfect = evaluate(
        Scores::Logits(&scores),
        &labels,
        Some(&users),
        &data.schema().protocol.metrics,
    )
    .unwrap();
    let expected = [
        ("course_ndcg@10", 0.77748),
        ("course_hitrate@10", 0.70754),
        ("ndcg@10", 1.0),
        ("auc", 1.0),
        ("gauc", 1.0),
    ];
    assert_close("perfect", &perfect, &expected, EXACT);
    let rankings = Rankings::new(&scores, &labels, &users).unwrap();
    assert_eq!(rankings.users().count(), 6_038);
    assert_eq!(
        rankings.values(|ranked| course_ndcg(ranked, 10)).len(),
        5_994
    );
    let interval = auc_estimate(&scores, &labels).unwrap().unwrap();
    assert_eq!((interval.value, interval.standard_error), (1.0, 0.0));
}

/// The part of every row of `ratings.dat` (0 dropped, 1 train, 2 valid, 3 test) as RecBole 1.2.1 itself makes it: the SHA-256 of
/// these bytes.
const RECBOLES_PARTS: &str = "37f831ae8a6c9c200514a857a58c9af37c4a450e6f45ee39075cb2f7def1fcf6";

#[test]
fn recboles_protocol_has_recboles_rows() {
    let Some((table, _)) = &*ML1M else {
        return;
    };
    let data = encode(table, &protocols::named("recbole").unwrap()).unwrap();
    let ratings = table.numbers("rating").unwrap();
    let kept: Vec<usize> = (0..table.rows())
        .filter(|&row| ratings[row] != 3.0)
        .collect();
    let mut parts = vec![0u8; table.rows()];
    for (part, name) in (1..).zip(SplitName::ALL) {
        for &row in data.split(name) {
            parts[kept[row as usize]] = part;
        }
    }
    let sum = Sha256::digest(&parts);
    let sum: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(sum, RECBOLES_PARTS);
}
