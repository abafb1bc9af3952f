//! The baselines on the real MovieLens-1M equal the published course numbers: it proves the split, the order of the
//! test rows, the ties and every metric at once.

use std::{env, fs, path::Path, time::Instant};

use autoint::metrics::{
    Metrics, Scores,
    baselines::{Interactions, baselines},
    course::course_ndcg,
    delong::auc_estimate,
    evaluate,
    ranking::Rankings,
};

/// Users, movies and labels (rating >= 4) of some rows.
#[derive(Default)]
struct Rows {
    users: Vec<u32>,
    items: Vec<u32>,
    labels: Vec<u8>,
}

impl Rows {
    fn pick(&self, rows: &[u32]) -> Rows {
        Rows {
            users: rows.iter().map(|&row| self.users[row as usize]).collect(),
            items: rows.iter().map(|&row| self.items[row as usize]).collect(),
            labels: rows.iter().map(|&row| self.labels[row as usize]).collect(),
        }
    }

    fn interactions(&self) -> Interactions<'_> {
        Interactions {
            users: Some(&self.users),
            items: &self.items,
            labels: &self.labels,
        }
    }
}

/// `(train, test, positive rate of the whole table)` of the course's split. The only part of this test that reads or
/// splits.
fn course_split(folder: &Path) -> (Rows, Rows, f64) {
    let mut all = Rows::default();
    for line in fs::read_to_string(folder.join("ratings.dat"))
        .expect("ratings.dat")
        .lines()
    {
        let fields: Vec<u32> = line.split("::").map(|f| f.parse().expect(line)).collect();
        all.users.push(fields[0]);
        all.items.push(fields[1]);
        all.labels.push(u8::from(fields[2] >= 4));
    }
    let n = all.labels.len();
    let positives = all.labels.iter().filter(|&&label| label == 1).count();
    let mut order: Vec<u32> = (0..n as u32).collect();
    let mut generator = Mt19937::new(42);
    for i in (1..n).rev() {
        let mask = (i + 1).next_power_of_two() as u32 - 1;
        let draw = loop {
            let draw = (generator.next() & mask) as usize;
            if draw <= i {
                break draw;
            }
        };
        order.swap(i, draw);
    }
    let (test, train) = order.split_at(n.div_ceil(5));
    assert_eq!((train[0], train[train.len() - 1]), (416_292, 121_958));
    assert_eq!(test[..5], [895_536, 899_739, 55_687, 63_727, 822_011]);
    (all.pick(train), all.pick(test), positives as f64 / n as f64)
}

/// The generator of numpy's `RandomState` (Matsumoto and Nishimura 1998).
struct Mt19937 {
    state: [u32; 624],
    at: usize,
}

impl Mt19937 {
    fn new(seed: u32) -> Mt19937 {
        let mut state = [seed; 624];
        for i in 1..624 {
            let last = state[i - 1];
            state[i] = 1_812_433_253u32
                .wrapping_mul(last ^ last >> 30)
                .wrapping_add(i as u32);
        }
        Mt19937 { state, at: 624 }
    }

    fn next(&mut self) -> u32 {
        if self.at == 624 {
            for i in 0..624 {
                let y = self.state[i] & 0x8000_0000 | self.state[(i + 1) % 624] & 0x7fff_ffff;
                let twist = if y & 1 == 1 { 0x9908_b0df } else { 0 };
                self.state[i] = self.state[(i + 397) % 624] ^ y >> 1 ^ twist;
            }
            self.at = 0;
        }
        let mut y = self.state[self.at];
        self.at += 1;
        y ^= y >> 11;
        y ^= y << 7 & 0x9d2c_5680;
        y ^= y << 15 & 0xefc6_0000;
        y ^ y >> 18
    }
}

#[test]
fn mt19937_gives_numpys_words() {
    let mut generator = Mt19937::new(42);
    let words = [(); 3].map(|()| generator.next());
    assert_eq!(words, [1_608_637_542, 3_421_126_067, 4_083_286_876]);
}

/// Asserts that the named metrics have the expected values.
fn assert_close(baseline: &str, got: &Metrics, expected: &[(&str, f64)], tolerance: f64) {
    for &(name, value) in expected {
        let entry = got.entries().into_iter().find(|entry| entry.0 == name);
        let found = entry.and_then(|entry| entry.1).expect(name);
        assert!(
            (found - value).abs() <= tolerance,
            "{baseline}: {name} is {found:.6}, expected {value}"
        );
    }
}

#[test]
fn baselines_equal_the_published_numbers() {
    let Some(folder) = env::var_os("AUTOINT_ML1M") else {
        eprintln!("skipped: set AUTOINT_ML1M to the ml-1m folder");
        return;
    };
    let (train, test, p) = course_split(Path::new(&folder));
    assert_eq!((train.labels.len(), test.labels.len()), (800_167, 200_042));
    assert!((p - 0.575_161).abs() < 5e-7);

    let all = baselines(train.interactions(), test.interactions(), p, 42).unwrap();
    let names: Vec<_> = all.iter().map(|entry| entry.0).collect();
    for (name, metrics) in &all {
        eprintln!("{name}: {:?}", metrics.entries());
    }
    assert_eq!(
        names,
        [
            "random",
            "popularity",
            "positive_rate",
            "positive_rate_user_item"
        ]
    );
    // Half a unit of the last published digit.
    let exact = 5.1e-6;
    let random = [
        ("auc", 0.5),
        ("gauc", 0.5),
        ("course_ndcg@10", 0.5560),
        ("course_hitrate@10", 0.5703),
        ("ndcg@10", 0.697),
    ];
    assert_close(names[0], &all[0].1, &random, 0.004);
    let popularity = [
        ("course_ndcg@10", 0.62391),
        ("course_hitrate@10", 0.60721),
        ("ndcg@10", 0.80042),
    ];
    assert_close(names[1], &all[1].1, &popularity, exact);
    let item = [
        ("course_ndcg@10", 0.66192),
        ("course_hitrate@10", 0.63029),
        ("ndcg@10", 0.85294),
        ("logloss", 0.59476),
        ("auc", 0.73239),
    ];
    assert_close(names[2], &all[2].1, &item, exact);
    assert_close(
        names[3],
        &all[3].1,
        &[("logloss", 0.55378), ("auc", 0.77843)],
        exact,
    );
    // The user's rate is the same for all rows of a user: it cannot change a per-user ranking.
    let (item, both) = (&all[2].1, &all[3].1);
    assert_close(
        names[3],
        both,
        &[
            ("gauc", item.gauc.unwrap()),
            ("ndcg@10", item.ndcg_at_10.unwrap()),
        ],
        exact,
    );
    assert_eq!((all[0].1.logloss, all[1].1.logloss), (None, None));
}

#[test]
fn a_perfect_ranking_equals_the_published_ceiling() {
    let Some(folder) = env::var_os("AUTOINT_ML1M") else {
        eprintln!("skipped: set AUTOINT_ML1M to the ml-1m folder");
        return;
    };
    let (_, test, _) = course_split(Path::new(&folder));
    let scores: Vec<f32> = test.labels.iter().map(|&label| f32::from(label)).collect();
    let start = Instant::now();
    let perfect = evaluate(Scores::Logits(&scores), &test.labels, Some(&test.users)).unwrap();
    eprintln!("{} rows, all metrics: {:?}", scores.len(), start.elapsed());
    let expected = [
        ("course_ndcg@10", 0.77748),
        ("course_hitrate@10", 0.70754),
        ("ndcg@10", 1.0),
        ("auc", 1.0),
        ("gauc", 1.0),
    ];
    assert_close("perfect", &perfect, &expected, 5.1e-6);

    let rankings = Rankings::new(&scores, &test.labels, &test.users).unwrap();
    assert_eq!(rankings.users().count(), 6_038);
    assert_eq!(rankings.values(course_ndcg).len(), 5_994);
    let interval = auc_estimate(&scores, &test.labels).unwrap().unwrap();
    assert_eq!((interval.value, interval.standard_error), (1.0, 0.0));
}
