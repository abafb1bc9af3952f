//! Means of the label's number (a rating) by the values of a column.
//!
//! The interval is `mean -+ 1.96 sd / sqrt(n)`. It takes rows for independent draws; those of one user are not, so it is rather too narrow.

use std::collections::HashMap;

use crate::metrics::interval::Estimate;

/// Values that are shown one by one.
const SHOWN: usize = 25;
/// Numbers with names are codes: only few of them have an order that means something (ages have, occupations have not).
const MOST_CODES: usize = 12;
/// Values that are kept; what comes after so many is counted together.
const MOST_VALUES: usize = 10_000;

/// Numbers in one pass (Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products", Technometrics 1962).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    /// How many numbers.
    pub n: u64,
    /// Of them; 0 when there are none.
    pub mean: f64,
    /// The sum of squared differences from the mean.
    squares: f64,
}

impl Moments {
    /// Takes in a number.
    pub fn add(&mut self, x: f64) {
        self.n += 1;
        let before = x - self.mean;
        self.mean += before / self.n as f64;
        self.squares += before * (x - self.mean);
    }

    /// Adds what another has seen (Chan, Golub & LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances", 1979).
    fn join(&mut self, other: Moments) {
        let (n, m) = (self.n as f64, other.n as f64);
        if other.n == 0 {
            return;
        }
        let apart = other.mean - self.mean;
        self.mean += apart * m / (n + m);
        self.squares += other.squares + apart * apart * n * m / (n + m);
        self.n += other.n;
    }

    /// The mean with its interval: value, low and high; of one number alone, itself.
    pub fn estimate(&self) -> Option<[f64; 3]> {
        match self.n {
            0 => None,
            1 => Some([self.mean; 3]),
            n => {
                let variance = self.squares / (n - 1) as f64;
                let estimate = Estimate::new(self.mean, variance / n as f64);
                Some([estimate.value, estimate.low, estimate.high])
            }
        }
    }
}

/// The numbers of one column's values, while rows are seen.
#[derive(Debug, Default)]
pub struct ByValue {
    /// At most [`MOST_VALUES`], those that came first.
    all: HashMap<String, Moments>,
    /// The rows of all other values together.
    beyond: Moments,
}

/// Means by the values of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct Means {
    /// The field's or the raw column's name.
    pub column: String,
    /// In rising order where they are numbers, else the highest mean first.
    pub shown: Vec<(String, Moments)>,
    /// How many more values there are, and all of them together.
    pub others: Option<(usize, Moments)>,
}

impl ByValue {
    /// Takes in the number of a row with this value.
    pub fn add(&mut self, value: &str, x: f64) {
        if let Some(moments) = self.all.get_mut(value) {
            moments.add(x);
        } else if self.all.len() < MOST_VALUES {
            self.all.entry(value.to_owned()).or_default().add(x);
        } else {
            self.beyond.add(x);
        }
    }

    /// The means; `called` gives a value's name.
    pub fn means(self, column: &str, called: impl Fn(&str) -> String) -> Means {
        let mut all: Vec<(String, Moments)> = self.all.into_iter().collect();
        all.sort_unstable_by(|a, b| b.1.n.cmp(&a.1.n).then_with(|| a.0.cmp(&b.0)));
        let rest = all.split_off(all.len().min(SHOWN));
        let named = all.iter().any(|(text, _)| called(text) != *text);
        match numbers(&all).filter(|_| !named || all.len() <= MOST_CODES) {
            Some(order) => all = order,
            None => all.sort_by(|a, b| b.1.mean.total_cmp(&a.1.mean).then_with(|| a.0.cmp(&b.0))),
        }
        let mut others = self.beyond;
        rest.iter().for_each(|(_, moments)| others.join(*moments));
        Means {
            column: column.to_owned(),
            shown: all
                .into_iter()
                .map(|(text, m)| (called(&text), m))
                .collect(),
            others: (others.n > 0).then_some((rest.len(), others)),
        }
    }
}

/// The values in the order of the numbers that they are (also `1990s`); none where one is no number.
fn numbers(all: &[(String, Moments)]) -> Option<Vec<(String, Moments)>> {
    let number = |value: &(String, Moments)| -> Option<f64> {
        let text = value.0.strip_suffix('s').unwrap_or(&value.0);
        text.parse().ok().filter(|x: &f64| x.is_finite())
    };
    let mut keyed = all
        .iter()
        .map(|value| Some((number(value)?, value.clone())))
        .collect::<Option<Vec<_>>>()?;
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
    Some(keyed.into_iter().map(|(_, value)| value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(numbers: &[f64]) -> Moments {
        let mut moments = Moments::default();
        numbers.iter().for_each(|&x| moments.add(x));
        moments
    }

    /// Mean of 1, 2, 3, 6 is 3, its standard error sqrt(14 / 12), see [`crate::metrics::interval`].
    #[test]
    fn a_mean_and_its_interval_by_hand() {
        let four = moments(&[1.0, 2.0, 3.0, 6.0]);
        let [mean, low, high] = four.estimate().unwrap();
        assert_eq!(mean, 3.0);
        assert!((low - (3.0 - 2.117_003)).abs() < 1e-6 && (high - 5.117_003).abs() < 1e-6);
        let mut joined = moments(&[1.0, 2.0]);
        joined.join(moments(&[3.0, 6.0]));
        joined.join(Moments::default());
        assert_eq!((joined.n, joined.mean), (4, 3.0));
        assert!((joined.squares - four.squares).abs() < 1e-12);
        assert_eq!(moments(&[]).estimate(), None);
        assert_eq!(moments(&[7.0]).estimate(), Some([7.0; 3]));
        // Large numbers with a small spread: nothing cancels.
        let far = moments(&[1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0]);
        assert!((far.squares - 2.0).abs() < 1e-6, "{}", far.squares);
    }

    #[test]
    fn numbers_in_their_order_and_others_by_their_mean() {
        let mut decades = ByValue::default();
        for (value, x) in [
            ("1990s", 3.0),
            ("1990s", 4.0),
            ("1980s", 5.0),
            ("2000s", 1.0),
        ] {
            decades.add(value, x);
        }
        let means = decades.means("decade", str::to_owned);
        let names: Vec<&str> = means.shown.iter().map(|v| v.0.as_str()).collect();
        assert_eq!(names, ["1980s", "1990s", "2000s"]);
        assert_eq!((means.shown[1].1.n, means.shown[1].1.mean), (2, 3.5));
        let mut genders = ByValue::default();
        for (value, x) in [("M", 3.0), ("F", 4.0)] {
            genders.add(value, x);
        }
        let means = genders.means("gender", |value| format!("<{value}>"));
        assert_eq!(means.shown[0].0, "<F>");
        assert_eq!(means.others, None);
    }

    #[test]
    fn many_values_become_one() {
        let mut many = ByValue::default();
        (0..SHOWN + 3).for_each(|value| many.add(&format!("v{value:02}"), value as f64));
        many.add("v27", 27.0);
        let means = many.means("v", str::to_owned);
        let (values, others) = means.others.unwrap();
        assert_eq!((means.shown.len(), values, others.n), (SHOWN, 3, 3));
        // The most frequent stay, of equally frequent ones the first: 24, 25 and 26 go.
        assert_eq!(others.mean, 25.0);
    }
}
