//! The layout of Avazu's click log (`id,click,hour,C1,...`, CSV with header), in the order of time over ten days.
//!
//! Vocabularies have about the sizes of the whole log. As in the log a row is an impression in an app or on a site: the
//! columns of the other kind hold one fixed value each. C15 to C19 and C21 are told by the advertisement, C14. The model behind the clicks
//! is the sum of what site or app, place, device and campaign are worth, and of what pairs of them are worth together.

use super::maths::{effect, mix, mix32, pair_effect, push_hex, push_number, sigmoid};
use super::rows::Rows;
use super::zipf::{Law, Zipf};
use crate::data::synthetic::draw::Draw;

const HEADER: &str = "id,click,hour,C1,banner_pos,site_id,site_domain,site_category,app_id,app_domain,app_category,\
                      device_id,device_ip,device_model,device_type,device_conn_type,C14,C15,C16,C17,C18,C19,C20,C21\n";

/// 2014-10-21 to 2014-10-30.
const FIRST_DAY: u64 = 14_10_21;
const HOURS: u128 = 240;
/// The share of impressions on sites; the others are in apps.
const ON_SITE: f64 = 0.64;
/// With it about 17 % of the impressions are clicked.
const OFFSET: f64 = -1.68;

/// What is drawn for every row, in this order.
#[derive(Clone, Copy)]
enum Part {
    C1,
    Banner,
    Place,
    Domain,
    Topic,
    Device,
    Address,
    Model,
    Kind,
    Connection,
    Advertisement,
    C20,
}

const fn law(vocabulary: u32, top: f64, eighths: u8, shift: u16) -> Law {
    Law {
        vocabulary,
        top,
        eighths,
        shift,
    }
}

/// The laws of the parts; on sites, and where apps differ, in apps.
const LAWS: [Law; 12] = [
    law(7, 0.92, 16, 0),
    law(7, 0.72, 20, 0),
    law(4_737, 0.25, 10, 2),
    law(7_745, 0.25, 11, 2),
    law(26, 0.40, 16, 0),
    law(2_686_408, 0.82, 6, 8),
    law(6_729_486, 0.0, 6, 64),
    law(8_251, 0.06, 9, 8),
    law(5, 0.92, 16, 0),
    law(4, 0.86, 12, 0),
    law(2_626, 0.02, 9, 16),
    law(172, 0.47, 9, 2),
];
const APP_LAWS: [(Part, Law); 3] = [
    (Part::Place, law(8_552, 0.18, 10, 2)),
    (Part::Domain, law(559, 0.60, 12, 2)),
    (Part::Topic, law(36, 0.55, 16, 0)),
];

const C1: [u64; 7] = [1005, 1002, 1010, 1012, 1007, 1001, 1008];
const BANNER: [u64; 7] = [0, 1, 7, 2, 4, 5, 3];
const KIND: [u64; 5] = [1, 0, 4, 5, 2];
const CONNECTION: [u64; 4] = [0, 2, 3, 5];
/// Width and height of advertisements: C15 and C16.
const SIZES: [(u64, u64); 9] = [
    (320, 50),
    (300, 250),
    (216, 36),
    (300, 50),
    (728, 90),
    (320, 480),
    (120, 20),
    (480, 320),
    (1024, 768),
];
/// Advertisements of a campaign, C17.
const OF_CAMPAIGN: u32 = 6;

/// The generator.
pub(super) struct Avazu {
    rows: u64,
    laws: Vec<Zipf>,
    app_laws: Vec<Zipf>,
}

impl Avazu {
    pub(super) fn new(rows: u64) -> Avazu {
        Avazu {
            rows,
            laws: LAWS.map(Zipf::new).into(),
            app_laws: APP_LAWS.map(|(_, law)| Zipf::new(law)).into(),
        }
    }

    /// YYMMDDHH: the rows are spread evenly over the days.
    fn hour(&self, number: u64) -> u64 {
        let hour = (u128::from(number) * HOURS / u128::from(self.rows.max(1))) as u64;
        (FIRST_DAY + hour / 24) * 100 + hour % 24
    }

    /// The ranks of a row.
    fn draw(&self, site: bool, draw: &mut Draw) -> [u32; LAWS.len()] {
        let mut ranks = [0; LAWS.len()];
        for (rank, law) in ranks.iter_mut().zip(&self.laws) {
            *rank = law.pick(draw);
        }
        if !site {
            for ((part, _), law) in APP_LAWS.iter().zip(&self.app_laws) {
                ranks[*part as usize] = law.pick(draw);
            }
        }
        ranks
    }
}

/// What tells the effects of sites from those of apps.
fn key(part: Part, site: bool) -> u32 {
    500 + part as u32 + if site { 0 } else { 50 }
}

fn logit(site: bool, ranks: &[u32; LAWS.len()]) -> f64 {
    let of = |part: Part| ranks[part as usize];
    let main = [
        (Part::Place, 0.5),
        (Part::Topic, 0.3),
        (Part::Banner, 0.25),
        (Part::Model, 0.25),
        (Part::Connection, 0.35),
        (Part::Advertisement, 0.4),
        (Part::C20, 0.2),
    ];
    let sum: f64 = main
        .iter()
        .map(|&(part, scale)| scale * effect(key(part, site), of(part)))
        .sum();
    let campaign = of(Part::Advertisement) / OF_CAMPAIGN;
    // Campaigns and places come in eight kinds each, which fit each other or do not.
    let kinds = |value: u32| mix32(value) % 8;
    let fit = pair_effect(600, kinds(campaign), kinds(of(Part::Place) + 7));
    let screen = pair_effect(601, of(Part::Kind), size_of(of(Part::Advertisement)) as u32);
    OFFSET + sum + 0.6 * fit + 0.3 * screen + if site { 0.1 } else { -0.2 }
}

/// Half of the advertisements have the first size.
fn size_of(advertisement: u32) -> usize {
    let word = mix32(advertisement ^ 0x51_2e);
    if word & 1 == 0 {
        0
    } else {
        (word >> 1) as usize % SIZES.len()
    }
}

impl Rows for Avazu {
    fn header(&self) -> &'static str {
        HEADER
    }

    fn row(&self, number: u64, draw: &mut Draw, line: &mut Vec<u8>) -> f64 {
        let site = draw.chance(ON_SITE);
        let ranks = self.draw(site, draw);
        let of = |part: Part| ranks[part as usize];
        let probability = sigmoid(logit(site, &ranks));
        push_number(line, mix(number));
        line.extend_from_slice(if draw.chance(probability) {
            b",1"
        } else {
            b",0"
        });
        let whole = |line: &mut Vec<u8>, value: u64| {
            line.push(b',');
            push_number(line, value);
        };
        whole(line, self.hour(number));
        whole(line, pick(&C1, of(Part::C1)));
        whole(line, pick(&BANNER, of(Part::Banner)));
        for on_site in [true, false] {
            for part in [Part::Place, Part::Domain, Part::Topic] {
                let rank = if on_site == site { of(part) + 1 } else { 0 };
                hashed(line, key(part, on_site), rank);
            }
        }
        for part in [Part::Device, Part::Address, Part::Model] {
            hashed(line, key(part, true), of(part));
        }
        whole(line, pick(&KIND, of(Part::Kind)));
        whole(line, pick(&CONNECTION, of(Part::Connection)));
        let advertisement = of(Part::Advertisement);
        let campaign = advertisement / OF_CAMPAIGN;
        let (wide, high) = SIZES[size_of(advertisement)];
        let about = |salt: u32, count: u32| u64::from(mix32(campaign ^ salt) % count);
        whole(line, 375 + 9 * u64::from(advertisement));
        whole(line, wide);
        whole(line, high);
        whole(line, 112 + 6 * u64::from(campaign));
        whole(line, about(0x18_00, 4));
        whole(line, 33 + 28 * about(0x19_00, 68));
        match of(Part::C20) {
            0 => line.extend_from_slice(b",-1"),
            rank => whole(line, 100_000 + u64::from(rank)),
        }
        whole(line, 1 + 4 * about(0x21_00, 60));
        line.push(b'\n');
        probability
    }
}

fn pick(values: &[u64], rank: u32) -> u64 {
    values.get(rank as usize).copied().unwrap_or_default()
}

fn hashed(line: &mut Vec<u8>, key: u32, rank: u32) {
    line.push(b',');
    push_hex(line, mix32(rank ^ mix32(key)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_run_over_ten_days() {
        let avazu = Avazu::new(1_000);
        assert_eq!(avazu.hour(0), 14_10_21_00);
        assert_eq!(avazu.hour(999), 14_10_30_23);
        let all: Vec<u64> = (0..1_000).map(|row| avazu.hour(row)).collect();
        assert!(all.is_sorted() && all.iter().all(|hour| hour % 100 < 24));
    }

    #[test]
    fn an_impression_is_on_a_site_or_in_an_app() {
        let avazu = Avazu::new(300);
        let mut draw = Draw::new(1, 0);
        let mut fixed = [Vec::new(), Vec::new()];
        hashed(&mut fixed[0], key(Part::Place, true), 0);
        hashed(&mut fixed[1], key(Part::Place, false), 0);
        let fixed = fixed.map(|text| String::from_utf8(text).unwrap()[1..].to_owned());
        for number in 0..300 {
            let mut line = Vec::new();
            avazu.row(number, &mut draw, &mut line);
            let line = String::from_utf8(line).unwrap();
            let cells: Vec<&str> = line.trim_end().split(',').collect();
            assert_eq!(cells.len(), HEADER.split(',').count(), "{line}");
            assert_ne!(cells[5] == fixed[0], cells[8] == fixed[1], "{line}");
        }
    }
}
