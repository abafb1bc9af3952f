//! How two fields hang together: how often each pair of values occurs, and what follows from that.
//!
//! ```text
//! follows(a -> b) = 1 - H(b | a) / H(b)                                 H: entropy, H(b | a) = H(a, b) - H(a)
//! V = sqrt( phi2 / min(r - 1, c - 1) )                                  phi2 = sum n_ij^2 / (n_i n_j) - 1
//! phi2~ = max(0, phi2 - (r - 1)(c - 1) / (n - 1))                       r~ = r - (r - 1)^2 / (n - 1), c~ likewise
//! V~ = sqrt( phi2~ / min(r~ - 1, c~ - 1) )
//! ```
//!
//! over n rows with r values of a and c of b. `follows` is Theil's uncertainty coefficient ("On the Estimation of Relationships Involving Qualitative
//! Variables", American Journal of Sociology 1970): 1 when b follows from a. V is Cramer's, 0 for independent fields and 1 when one follows from
//! the other; V~ is without what chance alone makes of it, which with thousands of values is much (Bergsma, "A bias-correction for Cramer's V and
//! Tschuprow's T", Journal of the Korean Statistical Society 2013). Where one follows from the other, V~ is a little below 1 when it has more values.

/// Rows by the values of two fields; pairs that do not occur are not there.
#[derive(Debug, Clone)]
pub struct Contingency {
    /// Above 0, of the values that occur.
    a: Vec<u64>,
    /// The same of the other field.
    b: Vec<u64>,
    /// Places in `a` and `b`, and the rows.
    both: Vec<(usize, usize, u64)>,
}

impl Contingency {
    /// Of a code a row for each field.
    pub fn of(a: &[u32], b: &[u32]) -> Contingency {
        let pairs = a.iter().zip(b);
        let mut both: Vec<u64> = pairs
            .map(|(&a, &b)| u64::from(a) << 32 | u64::from(b))
            .collect();
        both.sort_unstable();
        let same = both.chunk_by(|a, b| a == b);
        Contingency::of_cells(same.filter_map(|same| {
            let pair = *same.first()?;
            Some(((pair >> 32) as u32, pair as u32, same.len() as u64))
        }))
    }

    /// Of two codes and the number of rows that have them.
    pub fn of_cells(cells: impl Iterator<Item = (u32, u32, u64)>) -> Contingency {
        let mut table = Contingency {
            a: Vec::new(),
            b: Vec::new(),
            both: Vec::new(),
        };
        let cells: Vec<(u32, u32, u64)> = cells.filter(|cell| cell.2 > 0).collect();
        let places_a = places(cells.iter().map(|cell| cell.0));
        let places_b = places(cells.iter().map(|cell| cell.1));
        for (code_a, code_b, rows) in cells {
            let a = places_a[code_a as usize];
            let b = places_b[code_b as usize];
            for (counts, place) in [(&mut table.a, a), (&mut table.b, b)] {
                if counts.len() <= place {
                    counts.resize(place + 1, 0);
                }
                counts[place] += rows;
            }
            table.both.push((a, b, rows));
        }
        table
    }

    /// How many values of each field occur.
    pub fn values(&self) -> (usize, usize) {
        (self.a.len(), self.b.len())
    }

    /// How much of the second field follows from the first; none where it has one value.
    pub fn follows(&self) -> Option<f64> {
        let h_b = entropy(self.b.iter().copied());
        let h_both = entropy(self.both.iter().map(|cell| cell.2));
        let h_a = entropy(self.a.iter().copied());
        (self.b.len() > 1 && h_b > 0.0).then(|| 1.0 - (h_both - h_a) / h_b)
    }

    /// How much of the first field follows from the second.
    pub fn followed(&self) -> Option<f64> {
        let turned = self.both.iter().map(|&(a, b, rows)| (b, a, rows));
        let turned = Contingency {
            a: self.b.clone(),
            b: self.a.clone(),
            both: turned.collect(),
        };
        turned.follows()
    }

    /// Cramer's V without what chance makes of it; none where a field has one value, or nearly one a row.
    pub fn cramers_v(&self) -> Option<f64> {
        let n = self.a.iter().sum::<u64>() as f64;
        let (r, c) = (self.a.len() as f64, self.b.len() as f64);
        let parts = self.both.iter().map(|&(a, b, rows)| {
            let rows = rows as f64;
            rows * rows / (self.a[a] as f64 * self.b[b] as f64)
        });
        let phi2 = parts.sum::<f64>() - 1.0;
        let corrected = (phi2 - (r - 1.0) * (c - 1.0) / (n - 1.0)).max(0.0);
        let values = |k: f64| k - (k - 1.0) * (k - 1.0) / (n - 1.0);
        let most = values(r).min(values(c)) - 1.0;
        (n > 1.0 && most > 0.0).then(|| (corrected / most).sqrt().min(1.0))
    }
}

/// The place of each code that occurs, in the codes' order.
fn places(codes: impl Iterator<Item = u32> + Clone) -> Vec<usize> {
    let end = codes.clone().max().map_or(0, |most| most as usize + 1);
    let mut places = vec![0; end];
    codes.for_each(|code| places[code as usize] = 1);
    let mut next = 0;
    for place in &mut places {
        let occurs = *place;
        *place = next;
        next += occurs;
    }
    places
}

fn entropy(counts: impl Iterator<Item = u64> + Clone) -> f64 {
    let all = counts.clone().sum::<u64>() as f64;
    let part = |count: u64| {
        let share = count as f64 / all;
        -share * share.ln()
    };
    counts.map(part).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// n = 100, rows 40 10 / 20 30: chi2 = 100 (40 30 - 10 20)^2 / (50 50 60 40) = 16.6667, so phi2 = 1/6; by hand phi2~ = 1/6 - 1/99,
    /// r~ = c~ = 2 - 1/99, V~ = sqrt((1/6 - 1/99) / (1 - 1/99)).
    #[test]
    fn cramers_v_by_hand() {
        let cells = [(3, 5, 40), (3, 9, 10), (7, 5, 20), (7, 9, 30)];
        let table = Contingency::of_cells(cells.into_iter());
        let v = table.cramers_v().unwrap();
        let expected = ((1.0 / 6.0 - 1.0 / 99.0) / (1.0 - 1.0 / 99.0_f64)).sqrt();
        assert!((v - expected).abs() < 1e-12, "{v} {expected}");
        assert_eq!(table.values(), (2, 2));
    }

    #[test]
    fn what_follows_has_one_and_what_is_independent_none() {
        let a: Vec<u32> = (0..2000).map(|row| row % 20).collect();
        let half: Vec<u32> = a.iter().map(|code| code / 2).collect();
        let other: Vec<u32> = (0..2000).map(|row| (row / 20) % 4).collect();
        let table = Contingency::of(&a, &half);
        // phi2 is 9, so V~^2 = 9 (1 - 19/1999) / (9 - 81/1999).
        let v = table.cramers_v().unwrap();
        let expected = ((1999.0 - 19.0) / (1999.0 - 9.0_f64)).sqrt();
        assert!((v - expected).abs() < 1e-12, "{v} {expected}");
        let same = Contingency::of(&a, &a).cramers_v().unwrap();
        assert!((same - 1.0).abs() < 1e-12, "{same}");
        assert!((table.follows().unwrap() - 1.0).abs() < 1e-12);
        // H(half) / H(a) = ln 10 / ln 20.
        let back = table.followed().unwrap();
        assert!((back - 10f64.ln() / 20f64.ln()).abs() < 1e-12, "{back}");
        let table = Contingency::of(&a, &other);
        assert_eq!(table.cramers_v(), Some(0.0));
        assert!(table.follows().unwrap().abs() < 1e-12);
        assert_eq!(Contingency::of(&a, &[1; 2000]).cramers_v(), None);
        assert_eq!(Contingency::of(&a, &[1; 2000]).follows(), None);
        assert_eq!(Contingency::of(&[], &[]).cramers_v(), None);
    }

    /// 300 values each, 3000 rows: chance alone makes Cramer's V .31, and nothing of it is left.
    #[test]
    fn chance_is_taken_off() {
        let mixed = |row: u64, salt: u64| {
            let z = (row + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt;
            let z = (z ^ (z >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 29)) % 300) as u32
        };
        let draw = |salt| -> Vec<u32> { (0..3000).map(|row| mixed(row, salt)).collect() };
        let table = Contingency::of(&draw(0), &draw(0xbf58_476d_1ce4_e5b9));
        let v = table.cramers_v().unwrap();
        assert!(v < 0.05, "{v}");
    }
}
