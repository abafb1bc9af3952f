//! A small shop's click log with speaking names, in the order of time over four weeks:
//! `user_id,item_id,category,price,device,tags,timestamp,clicked`.
//!
//! The model behind the clicks: every user has one of four characters, which the file does not show. A character likes some
//! categories and tags and not others, and minds prices more or less; the logit is
//!
//! ```text
//! offset + bias[user] + quality[item] + likes[character(user)][category]
//!        + likes[character(user)][t]   (mean over the tags t of the item)
//!        + minds[character(user)] * price + discount + suits[device][category] + suits[quarter of the day][category]
//! ```
//!
//! Likes nearly cancel over the characters, so an item's rate says little; whoever learns users' characters from
//! their clicks knows much more.

use super::maths::{effect, exp, mix, pair_effect, push_number, sigmoid};
use super::rows::Rows;
use super::zipf::{Law, Zipf};
use crate::data::synthetic::draw::Draw;

const HEADER: &str = "user_id,item_id,category,price,device,tags,timestamp,clicked\n";

/// 2024-03-04 00:00:00 UTC, a Monday, and four weeks.
const OPENING: u64 = 1_709_510_400;
const SPAN: u128 = 28 * 86_400;

const CATEGORIES: [&str; 10] = [
    "books", "games", "garden", "kitchen", "music", "office", "outdoor", "shoes", "sports", "toys",
];
const TAGS: [&str; 16] = [
    "bestseller",
    "black",
    "classic",
    "compact",
    "cotton",
    "family",
    "gift",
    "handmade",
    "kids",
    "new",
    "organic",
    "outlet",
    "premium",
    "recycled",
    "wood",
    "wireless",
];
const DEVICES: [(&str, f64); 3] = [("mobile", 0.60), ("desktop", 0.90), ("tablet", 0.99)];
const CHARACTERS: u64 = 4;
/// Mean and standard deviation of the logarithm of prices.
const PRICE: (f64, f64) = (3.2, 0.7);
/// Shares of rows without a price, and at a fifth off.
const UNPRICED: f64 = 0.02;
const DISCOUNTED: f64 = 0.12;
/// With it about 30 % of the rows are clicks.
const OFFSET: f64 = -0.60;

/// Keys of effects.
const USER: u32 = 1_000;
const ITEM: u32 = 1_001;
const LIKES_CATEGORY: u32 = 1_002;
const LIKES_TAG: u32 = 1_003;
const MINDS: u32 = 1_004;
const DEVICE: u32 = 1_005;
const QUARTER: u32 = 1_006;
const COST: u32 = 1_007;

/// The generator.
pub(super) struct Clicks {
    rows: u64,
    users: Zipf,
    items: Zipf,
}

/// The values of a row.
struct Row {
    /// A rank, 0 being the most active.
    user: u32,
    /// A rank, 0 being the most popular.
    item: u32,
    device: usize,
    /// Whether it is a fifth off.
    discounted: bool,
    /// Since 1970.
    seconds: u64,
}

impl Clicks {
    /// A user has 100 rows on average, an item 200, as long as there are at most a million users and 100,000 items.
    pub(super) fn new(rows: u64) -> Clicks {
        let law = |count: u64, most: u64, eighths: u8| Law {
            vocabulary: count.clamp(20, most) as u32,
            top: 0.0,
            eighths,
            shift: 10,
        };
        Clicks {
            rows,
            users: Zipf::new(law(rows / 100, 1_000_000, 3)),
            items: Zipf::new(law(rows / 200, 100_000, 6)),
        }
    }

    fn draw(&self, number: u64, draw: &mut Draw) -> Row {
        let at = |number: u64| (u128::from(number) * SPAN / u128::from(self.rows.max(1))) as u64;
        let (from, to) = (at(number), at(number + 1));
        let aim = draw.unit();
        Row {
            user: self.users.pick(draw),
            item: self.items.pick(draw),
            device: DEVICES.iter().take_while(|(_, upto)| aim >= *upto).count(),
            discounted: draw.chance(DISCOUNTED),
            seconds: OPENING + from + draw.below((to - from) as usize) as u64,
        }
    }
}

fn category(item: u32) -> usize {
    (mix(u64::from(item) + 11) % CATEGORIES.len() as u64) as usize
}

/// None to three tags, in alphabetical order.
fn tags(item: u32) -> impl Iterator<Item = usize> {
    let word = mix(u64::from(item) + (1 << 40));
    let count = [0, 1, 1, 2, 2, 2, 3, 3][(word & 7) as usize];
    let mut chosen = 0_u32;
    // Ten draws of four bits; three that differ are among them, or there are fewer tags.
    for at in 1..11 {
        if chosen.count_ones() < count {
            chosen |= 1 << ((word >> (4 * at)) & 15);
        }
    }
    (0..TAGS.len()).filter(move |tag| chosen >> tag & 1 == 1)
}

/// How far the logarithm of the item's price is from the mean, in standard deviations.
fn cost(item: u32) -> f64 {
    effect(COST, item)
}

impl Row {
    fn logit(&self) -> f64 {
        let character = (mix(u64::from(self.user) + (2 << 40)) % CHARACTERS) as u32;
        let category = category(self.item) as u32;
        let quarter = (self.seconds % 86_400 / 21_600) as u32;
        let (count, likes) = tags(self.item).fold((0.0, 0.0), |(count, sum), tag| {
            (
                count + 1.0,
                sum + pair_effect(LIKES_TAG, character, tag as u32),
            )
        });
        OFFSET
            + 0.4 * effect(USER, self.user)
            + 0.35 * effect(ITEM, self.item)
            + 1.7 * pair_effect(LIKES_CATEGORY, character, category)
            + 1.0 * likes / f64::max(count, 1.0)
            + (0.5 * effect(MINDS, character) - 0.2) * cost(self.item)
            + 0.6 * pair_effect(DEVICE, self.device as u32, category)
            + 0.5 * pair_effect(QUARTER, quarter, category)
            + if self.discounted { 0.6 } else { 0.0 }
    }

    /// In cents.
    fn price(&self) -> u64 {
        let share = if self.discounted { 80.0 } else { 100.0 };
        (exp(PRICE.0 + PRICE.1 * cost(self.item)) * share) as u64
    }
}

impl Rows for Clicks {
    fn header(&self) -> &'static str {
        HEADER
    }

    fn row(&self, number: u64, draw: &mut Draw, line: &mut Vec<u8>) -> f64 {
        let row = self.draw(number, draw);
        let probability = sigmoid(row.logit());
        line.push(b'u');
        push_number(line, u64::from(row.user) + 1);
        line.extend_from_slice(b",i");
        push_number(line, u64::from(row.item) + 1);
        line.push(b',');
        line.extend_from_slice(CATEGORIES[category(row.item)].as_bytes());
        line.push(b',');
        if !draw.chance(UNPRICED) {
            let cents = row.price();
            push_number(line, cents / 100);
            line.push(b'.');
            line.extend([10, 1].map(|part| b'0' + (cents / part % 10) as u8));
        }
        line.push(b',');
        let device = DEVICES.get(row.device).map_or("", |(name, _)| name);
        line.extend_from_slice(device.as_bytes());
        line.push(b',');
        for (at, tag) in tags(row.item).enumerate() {
            if at > 0 {
                line.push(b'|');
            }
            line.extend_from_slice(TAGS[tag].as_bytes());
        }
        line.push(b',');
        push_number(line, row.seconds);
        line.extend_from_slice(if draw.chance(probability) {
            b",1\n"
        } else {
            b",0\n"
        });
        probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_have_up_to_three_tags() {
        let counts: Vec<usize> = (0..1_000).map(|item| tags(item).count()).collect();
        assert!(counts.iter().all(|&count| count <= 3));
        for wanted in 0..=3 {
            let count = counts.iter().filter(|&&count| count == wanted).count();
            assert!(count > 80, "{wanted}: {count}");
        }
    }

    #[test]
    fn time_runs_over_four_weeks() {
        let clicks = Clicks::new(1_000);
        let mut draw = Draw::new(1, 0);
        let times: Vec<u64> = (0..1_000)
            .map(|row| clicks.draw(row, &mut draw).seconds)
            .collect();
        assert!(times.is_sorted());
        assert!(times[0] >= OPENING && times[999] < OPENING + SPAN as u64);
        assert!(times[999] > OPENING + 27 * 86_400);
    }
}
