//! What a step of many machines would send, and how long it would take: a model in formulas, of what `autograd::exchange` and
//! `autograd::rows` do.
//!
//! A step of B rows has G = B / 64 groups, and rank k of n takes the groups kG/n to (k+1)G/n. They make up p whole nodes of the
//! binary tree over all groups: pieces, whose sums go over the network as they are.
//!
//! | | collectives | bytes that a rank sends |
//! |---|---|---|
//! | go on? | all-gather | 4 (n-1) |
//! | row fetch | all-to-all of counts, ids, rows | 8 (n-1), and (n-1)/n of (id + 4w) for each distinct row of the rank's batch |
//! | dense tree | all-to-all, all-gather | (n-1)/n of 4 D p, and (n-1) (4 D / n + 12 p) |
//! | row gradients | counts, then all-to-all to the owners | (n-1) 4 (1 + p), and (n-1)/n of (id + 4w) for each distinct row of each piece |
//!
//! with D dense weights and w numbers of a table row, those of all tables together. Where every rank has whole tables there is no
//! fetch, and the row gradients are gathered by all: (n-1) (4 + 4 p), and (n-1) times (id + 4w) for each distinct row of each piece.

use std::collections::BTreeMap;

use autoint::autograd::part::{GROUP_ROWS, pieces_of};

/// Bytes of what a piece tells besides its gradients: the loss, and the node whose numbers were not finite. (Batch normalisation, whose
/// sums are exchanged by themselves, is left out.)
const HEAD: f64 = 12.0;

/// Fields whose values are alike frequent: `count` fields of `values` values each, the v-th most frequent one in proportion to
/// 1 / v^`exponent`.
#[derive(Debug, Clone, Copy)]
pub struct Fields {
    pub count: usize,
    pub values: f64,
    pub exponent: f64,
}

/// Who has the rows of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tables {
    /// Row id is on rank id mod n.
    Spread,
    /// Every rank has all.
    Whole,
}

/// A model, with what was measured of it.
#[derive(Debug, Clone)]
pub struct Model {
    pub fields: Vec<Fields>,
    /// D.
    pub dense: usize,
    /// w.
    pub width: usize,
    /// Copies of weights that training keeps beside them: an optimiser's state, and the best epoch's.
    pub copies: usize,
    /// Of one core, measured.
    pub seconds_per_row: f64,
    pub tables: Tables,
}

/// Machines and their network, assumed.
#[derive(Debug, Clone, Copy)]
pub struct Cluster {
    pub ranks: usize,
    /// Of a rank; each does one group after the other.
    pub cores: usize,
    /// Bytes a second that a rank sends, and as many that it gets at the same time.
    pub bandwidth: f64,
    /// Seconds until the first byte arrives.
    pub latency: f64,
    /// Seconds of each further message of an all-to-all.
    pub message: f64,
    /// Bytes a second of a rank's disk.
    pub disk: f64,
}

/// What a part of a step sends.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sent {
    pub messages: f64,
    pub bytes: f64,
    /// Seconds of bytes, and of latency and messages.
    pub moving: f64,
    pub waiting: f64,
}

/// A step, in seconds and bytes of the rank with the most.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Its groups, on its cores.
    pub compute: f64,
    /// The same if all cores of all ranks could share the rows evenly.
    pub even: f64,
    /// Whether there are fewer groups than ranks, or than cores of all ranks.
    pub few: Option<&'static str>,
    /// The most groups of a rank, the most pieces, and the distinct table rows of the groups.
    pub groups: usize,
    pub pieces: usize,
    pub distinct: f64,
    pub agree: Sent,
    pub fetch: Sent,
    pub dense: Sent,
    pub rows: Sent,
    /// Memory of a rank, bytes.
    pub memory: f64,
    /// Seconds.
    pub checkpoint: f64,
}

/// The sum of v^-s over v = 1..=n, and beyond the first terms as an integral.
fn harmonic(n: f64, s: f64) -> f64 {
    let first = n.min(EXACT);
    let sum: f64 = (1..=first as usize).map(|v| (v as f64).powf(-s)).sum();
    let (from, to) = (first + 0.5, n + 0.5);
    let rest = match (s - 1.0).abs() < 1e-9 {
        true => (to / from).ln(),
        false => (to.powf(1.0 - s) - from.powf(1.0 - s)) / (1.0 - s),
    };
    sum + rest
}

/// Values that are summed one by one.
const EXACT: f64 = 4096.0;
/// Steps of the integral over the logarithms of the others.
const STEPS: usize = 2000;

/// How many distinct values `draws` draws are expected to have: the sum of 1 - (1 - p)^draws over all values.
pub fn distinct(values: f64, exponent: f64, draws: f64) -> f64 {
    let norm = harmonic(values, exponent);
    let seen = |v: f64| {
        let p = v.powf(-exponent) / norm;
        match p < 1.0 {
            true => -(draws * (-p).ln_1p()).exp_m1(),
            false => 1.0,
        }
    };
    let first = values.min(EXACT);
    let exact: f64 = (1..=first as usize).map(|v| seen(v as f64)).sum();
    let (from, to) = ((first + 0.5).ln(), (values + 0.5).ln());
    let step = (to - from) / STEPS as f64;
    let at = |i: usize| {
        let v = (from + step * (i as f64 + 0.5)).exp();
        seen(v) * v
    };
    exact + step * (0..STEPS).map(at).sum::<f64>()
}

impl Model {
    /// Rows of its tables.
    pub fn table_rows(&self) -> f64 {
        let fields = self.fields.iter();
        fields.map(|f| f.count as f64 * f.values).sum()
    }

    /// Distinct table rows of so many rows of a batch.
    pub fn distinct(&self, rows: f64) -> f64 {
        let fields = self.fields.iter();
        fields
            .map(|f| f.count as f64 * distinct(f.values, f.exponent, rows))
            .sum()
    }

    /// Bytes of an id: beyond 2^32 rows, 32 bits do not name them.
    pub fn id_bytes(&self) -> f64 {
        if self.table_rows() > 2f64.powi(32) {
            8.0
        } else {
            4.0
        }
    }

    /// Bytes of a table row on the network, with its id.
    fn row_bytes(&self) -> f64 {
        self.id_bytes() + 4.0 * self.width as f64
    }
}

/// How a step's groups are cut.
struct Cut {
    /// The most groups of a rank, and the most pieces.
    groups: usize,
    pieces: usize,
    /// Pieces of all ranks.
    all: usize,
    /// Distinct table rows of each of a rank's pieces, added up: the most, and those of all ranks.
    most_rows: f64,
    all_rows: f64,
}

impl Cut {
    fn of(ranks: usize, count: usize, model: &Model) -> Cut {
        let pieces = |rank| pieces_of(rank, ranks, count).map(|node| node.groups(count).len());
        let all: Vec<Vec<usize>> = (0..ranks).map(|rank| pieces(rank).collect()).collect();
        let mut known = BTreeMap::new();
        let mut rows = |&groups: &usize| {
            let found = || model.distinct((groups * GROUP_ROWS) as f64);
            *known.entry(groups).or_insert_with(found)
        };
        let of_rank = |pieces: &Vec<usize>| pieces.iter().map(&mut rows).sum::<f64>();
        let rows: Vec<f64> = all.iter().map(of_rank).collect();
        let groups = all.iter().map(|pieces| pieces.iter().sum());
        Cut {
            groups: groups.max().unwrap_or(0),
            pieces: all.iter().map(Vec::len).max().unwrap_or(0),
            all: all.iter().map(Vec::len).sum(),
            most_rows: rows.iter().copied().fold(0.0, f64::max),
            all_rows: rows.iter().sum(),
        }
    }
}

impl Cluster {
    /// A collective in which a rank has a message of its own for each other one.
    fn all_to_all(&self, bytes: f64) -> Sent {
        let others = self.ranks as f64 - 1.0;
        self.sent(others, bytes, self.latency + others * self.message)
    }

    /// A collective in which a rank's words go to all, which pass them on: `bytes` are those of all others, which it sends and gets.
    fn all_gather(&self, bytes: f64) -> Sent {
        let levels = (self.ranks as f64).log2().ceil();
        self.sent(levels, bytes, levels * self.latency)
    }

    fn sent(&self, messages: f64, bytes: f64, waiting: f64) -> Sent {
        if self.ranks < 2 {
            return Sent::default();
        }
        Sent {
            messages,
            bytes,
            moving: bytes / self.bandwidth,
            waiting,
        }
    }

    /// A step of `batch` rows.
    pub fn step(&self, model: &Model, batch: usize) -> Cost {
        let (n, count) = (self.ranks as f64, batch.div_ceil(GROUP_ROWS));
        let cut = Cut::of(self.ranks, count, model);
        let rows = (cut.groups * GROUP_ROWS) as f64;
        let others = n - 1.0;
        // Of what is spread evenly over all, a rank has its share itself.
        let far = others / n;
        let (of_rank, row) = (model.distinct(rows), model.row_bytes());
        let d = model.dense as f64;
        let slices = self.all_to_all(far * 4.0 * d * cut.pieces as f64);
        let sums = self.all_gather(others * 4.0 * d / n + far * HEAD * cut.all as f64);
        let (fetch, row_gradients) = match model.tables {
            Tables::Whole => {
                let counts = self.all_gather(4.0 * others);
                let rows = self.all_gather(far * (4.0 * cut.all as f64 + row * cut.all_rows));
                (Sent::default(), counts + rows)
            }
            Tables::Spread => {
                let counts = self.all_to_all(8.0 * others);
                let ids = self.all_to_all(far * model.id_bytes() * of_rank);
                let wanted = self.all_to_all(far * 4.0 * model.width as f64 * of_rank);
                let lengths = self.all_to_all(4.0 * others);
                let heads = others * 4.0 * cut.pieces as f64;
                let rows = self.all_to_all(heads + far * row * cut.most_rows);
                (counts + ids + wanted, lengths + rows)
            }
        };
        let group = model.seconds_per_row * GROUP_ROWS as f64;
        Cost {
            compute: cut.groups.div_ceil(self.cores) as f64 * group,
            even: model.seconds_per_row * batch as f64 / (n * self.cores as f64),
            few: self.few(count),
            groups: cut.groups,
            pieces: cut.pieces,
            distinct: of_rank,
            agree: self.all_gather(4.0 * others),
            fetch,
            dense: slices + sums,
            rows: row_gradients,
            memory: self.memory(model, rows, of_rank),
            checkpoint: self.weights(model) / self.disk,
        }
    }

    fn few(&self, groups: usize) -> Option<&'static str> {
        if groups < self.ranks {
            Some("fewer groups than ranks")
        } else if groups < self.ranks * self.cores {
            Some("fewer groups than cores")
        } else {
            None
        }
    }

    /// Bytes of weights and their copies on a rank.
    fn weights(&self, model: &Model) -> f64 {
        let share = match model.tables {
            Tables::Spread => self.ranks as f64,
            Tables::Whole => 1.0,
        };
        let numbers = model.dense as f64 + model.table_rows() * model.width as f64 / share;
        4.0 * numbers * (1.0 + model.copies as f64)
    }

    /// Bytes of a rank: weights and copies, 4 for each of its table rows (where the row is in the list of touched ones), and of its batch
    /// the look-ups with their gradients, the fetched rows and their gradients.
    fn memory(&self, model: &Model, rows: f64, distinct: f64) -> f64 {
        let share = match model.tables {
            Tables::Spread => self.ranks as f64,
            Tables::Whole => 1.0,
        };
        let fields: usize = model.fields.iter().map(|f| f.count).sum();
        let lookup = 16.0 + 4.0 * model.width as f64;
        let batch = rows * fields as f64 * lookup + 2.0 * distinct * model.row_bytes();
        self.weights(model) + 4.0 * model.table_rows() / share + batch
    }
}

impl std::ops::Add for Sent {
    type Output = Sent;

    fn add(self, other: Sent) -> Sent {
        Sent {
            messages: self.messages + other.messages,
            bytes: self.bytes + other.bytes,
            moving: self.moving + other.moving,
            waiting: self.waiting + other.waiting,
        }
    }
}

impl Sent {
    pub fn seconds(&self) -> f64 {
        self.moving + self.waiting
    }
}

impl Cost {
    /// Seconds: nothing is sent while anything is computed.
    pub fn seconds(&self) -> f64 {
        let sent = [self.agree, self.fetch, self.dense, self.rows];
        self.compute + sent.iter().map(Sent::seconds).sum::<f64>()
    }

    /// Of the rows a second that as many cores would do if they neither waited nor sent anything.
    pub fn efficiency(&self) -> f64 {
        self.even / self.seconds()
    }

    /// What takes the most time.
    pub fn limit(&self) -> &'static str {
        let waiting = [self.agree, self.fetch, self.dense, self.rows];
        let idle = self.compute - self.even;
        let all = [
            ("compute", self.even),
            (self.few.unwrap_or("uneven groups"), idle),
            ("dense tree", self.dense.moving),
            ("row fetch", self.fetch.moving),
            ("row gradients", self.rows.moving),
            ("latency", waiting.iter().map(|sent| sent.waiting).sum()),
        ];
        let most = all.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
        most.map_or("nothing", |(name, _)| name)
    }
}
