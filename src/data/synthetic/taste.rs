//! The known model that ratings are drawn from.
//!
//! The probability that user u rates movie m with four stars or more is
//!
//! ```text
//! p(u, m) = sigmoid(offset + bias[u] + quality[m]
//!                   + gender_genre[gender(u)][g] + occupation_genre[occupation(u)][g]   (mean over the genres g of m)
//!                   + age_decade[age(u)][decade(m)])
//! ```
//!
//! The three tables are the planted interactions. Their entries are drawn with mean zero, so that what a movie or a user
//! is worth on average says little about them: a model finds them only by combining fields.

use super::draw::Draw;
use super::films::{DECADES, Features, GENRES};
use super::people::{AGES, GENDERS, OCCUPATIONS, Profile};

/// Standard deviations of the parts of the logit, chosen so that the best possible AUC is near .81 while the rate of a
/// movie alone reaches about .63.
const BIAS: f64 = 0.45;
const QUALITY: f64 = 0.55;
const GENDER_GENRE: f64 = 1.0;
const OCCUPATION_GENRE: f64 = 0.9;
const AGE_DECADE: f64 = 1.0;
/// How much better the most popular movie is than the least popular one.
const POPULAR_IS_BETTER: f64 = 0.9;

/// The model's parameters.
pub(super) struct Taste {
    /// One a user.
    bias: Vec<f64>,
    /// One a movie.
    quality: Vec<f64>,
    /// Opposite for the two genders.
    gender_genre: [[f64; GENRES.len()]; GENDERS.len()],
    /// By occupation, then by genre.
    occupation_genre: [[f64; GENRES.len()]; OCCUPATIONS],
    /// By age bucket, then by the movie's decade.
    age_decade: [[f64; DECADES]; AGES.len()],
}

impl Taste {
    /// Draws the parameters; `rank` is the popularity rank of each movie.
    pub(super) fn new(users: usize, rank: &[usize], draw: &mut Draw) -> Taste {
        let likes: [f64; GENRES.len()] = std::array::from_fn(|_| GENDER_GENRE * draw.normal());
        let middle = rank.len() as f64 / 2.0;
        Taste {
            bias: (0..users).map(|_| BIAS * draw.normal()).collect(),
            quality: rank
                .iter()
                .map(|&rank| {
                    let popular = (middle - rank as f64) / (2.0 * middle);
                    QUALITY * draw.normal() + POPULAR_IS_BETTER * popular
                })
                .collect(),
            gender_genre: [likes, likes.map(|like| -like)],
            occupation_genre: table(OCCUPATION_GENRE, draw),
            age_decade: table(AGE_DECADE, draw),
        }
    }

    /// The logit of a user's rating of a movie, without the offset. `user` and `movie` are positions.
    pub(super) fn logit(
        &self,
        user: usize,
        profile: Profile,
        movie: usize,
        features: &Features,
    ) -> f64 {
        let likes = &self.gender_genre[profile.gender];
        let work = &self.occupation_genre[profile.occupation];
        let genres = &features.genres;
        let by_genre: f64 = genres.iter().map(|&genre| likes[genre] + work[genre]).sum();
        self.bias[user]
            + self.quality[movie]
            + by_genre / genres.len() as f64
            + self.age_decade[profile.age][features.decade]
    }
}

fn table<const ROWS: usize, const COLUMNS: usize>(
    scale: f64,
    draw: &mut Draw,
) -> [[f64; COLUMNS]; ROWS] {
    std::array::from_fn(|_| std::array::from_fn(|_| scale * draw.normal()))
}

/// The logistic function.
pub(super) fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// The offset with which the mean probability over all logits is `rate`, by bisection: the mean grows with the offset.
pub(super) fn offset_for(logits: &[f64], rate: f64) -> f64 {
    let mean = |offset: f64| {
        let sum: f64 = logits.iter().map(|logit| sigmoid(logit + offset)).sum();
        sum / logits.len() as f64
    };
    let (mut low, mut high) = (-30.0, 30.0);
    // Below a millionth, far under the sampling error of any table.
    for _ in 0..26 {
        let middle = 0.5 * (low + high);
        if mean(middle) < rate {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_brings_the_mean_to_the_rate() {
        let logits = [-2.0, 0.5, 3.0, 1.0];
        let offset = offset_for(&logits, 0.57);
        let mean = logits.iter().map(|l| sigmoid(l + offset)).sum::<f64>() / 4.0;
        assert!((mean - 0.57).abs() < 1e-6, "{mean}");
    }

    #[test]
    fn the_logit_is_the_sum_in_the_module_text() {
        let mut taste = Taste::new(2, &[1, 0, 2], &mut Draw::new(1, 0));
        taste.bias[1] = 1.0;
        taste.quality[2] = 10.0;
        taste.gender_genre[0][3] = 100.0;
        taste.gender_genre[0][5] = 300.0;
        taste.occupation_genre[20][3] = 2_000.0;
        taste.occupation_genre[20][5] = 4_000.0;
        taste.age_decade[6][9] = 50_000.0;
        let profile = Profile {
            gender: 0,
            age: 6,
            occupation: 20,
        };
        let features = Features {
            genres: vec![3, 5],
            decade: 9,
        };
        assert_eq!(taste.logit(1, profile, 2, &features), 53_211.0);
    }
}
