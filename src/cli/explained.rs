//! Explanations on a terminal.

use autoint::explain::{Attention, Explanation, Random, Summary};

use super::table;

/// Pairs of fields that are shown.
const PAIRS: usize = 10;
/// Heads that a table has room for; of more, each layer's mean is shown.
const HEADS: usize = 8;
/// Attention is almost even when the greatest mean weight is less than so many times the even one.
const EVEN: f64 = 1.1;

/// One row.
pub fn row(explanation: &Explanation) -> String {
    let Explanation {
        fields,
        unknown,
        logit,
        probability,
        attention,
        contributions,
        received,
        agreement,
        ..
    } = explanation;
    let mut text = format!("probability {probability:.4}, logit {logit:.4}");
    if !unknown.is_empty() {
        text += &format!("\nnot known to the model: {}", unknown.join(", "));
    }
    let about = "what each field contributes: the logit less the logit with the field unknown";
    let agreement = match agreement {
        None => no_agreement(attention),
        Some(agreement) => {
            let value = agreement.value;
            let random = &agreement.random_baseline;
            format!(
                "agreement of attention and contributions {value:.2} (Spearman's rank correlation over the {} fields)\n{}",
                fields.len(),
                chance(random, value)
            )
        }
    };
    format!(
        "{text}\n\n{}\n\n{about}\n{}\n\n{agreement}",
        pairs(fields, attention),
        by_field(fields, contributions, received)
    )
}

/// The mean over rows.
pub fn summary(summary: &Summary) -> String {
    let Summary {
        fields,
        rows,
        attention,
        contributions,
        received,
        agreement,
        ..
    } = summary;
    let about = "what each field contributes: the mean size of the logit less the logit with the field unknown";
    let agreement = match agreement {
        None => no_agreement(attention),
        Some(agreement) => {
            let value = agreement.mean;
            let interval = agreement.interval.map_or(String::new(), |estimate| {
                format!(
                    ", 95 % interval {:.3} to {:.3}",
                    estimate.low, estimate.high
                )
            });
            format!(
                "mean agreement of attention and contributions {value:.3}{interval} (Spearman's rank correlation over the {} fields, {} rows)\n{}",
                fields.len(),
                agreement.rows,
                chance(&agreement.random_baseline, value)
            )
        }
    };
    format!(
        "{rows} test rows, means\n\n{}\n\n{about}\n{}\n\n{agreement}",
        pairs(fields, attention),
        by_field(fields, contributions, received)
    )
}

/// The pairs with the most attention.
fn pairs(fields: &[String], attention: &Attention) -> String {
    if attention.layers() == 0 {
        return "the model has no interacting layers, so there is no attention to show".to_owned();
    }
    let by_head = attention.layers() * attention.heads() <= HEADS;
    let heads = |layer: usize| {
        (0..attention.heads()).map(move |head| format!("layer {}\nhead {}", layer + 1, head + 1))
    };
    let mut header = vec![String::new(), "mean".to_owned()];
    for layer in 0..attention.layers() {
        match by_head {
            true => header.extend(heads(layer)),
            false => header.push(format!("layer {}", layer + 1)),
        }
    }
    let mut table = table::new(&header);
    for pair in attention.strongest(PAIRS) {
        let at = pair.from * attention.fields() + pair.to;
        let mut row = vec![
            format!("{} -> {}", fields[pair.from], fields[pair.to]),
            format!("{:.4}", attention.of_pair(pair)),
        ];
        for layer in 0..attention.layers() {
            let of_head = |head| format!("{:.4}", attention.head(layer, head)[at]);
            match by_head {
                true => row.extend((0..attention.heads()).map(of_head)),
                false => row.push(format!("{:.4}", attention.of_layer(layer, pair))),
            }
        }
        table.add_row(row);
    }
    let even = 1.0 / fields.len().max(1) as f64;
    let strongest = attention.strongest(1);
    let greatest = strongest.first().map(|pair| attention.of_pair(*pair));
    let remark = match greatest {
        Some(greatest) if greatest < EVEN * even => {
            "\nattention is almost even: which pairs come first says little"
        }
        _ => "",
    };
    format!(
        "which field looks at which: the pairs with the most attention (even attention would be {even:.4})\n{}{remark}",
        table.trim_fmt()
    )
}

/// The fields by the size of what they contribute.
fn by_field(fields: &[String], contributions: &[f32], received: &[f64]) -> String {
    let header = ["", "contribution", "attention received"];
    let mut table = table::new(&header.map(str::to_owned));
    let mut order: Vec<usize> = (0..fields.len()).collect();
    order.sort_by(|&a, &b| contributions[b].abs().total_cmp(&contributions[a].abs()));
    for field in order {
        table.add_row([
            fields[field].clone(),
            format!("{:.4}", contributions[field]),
            table::number(received.get(field).copied()),
        ]);
    }
    table.trim_fmt()
}

fn chance(random: &Random, value: f64) -> String {
    format!(
        "attention that ranked the fields at random would have {:.0} on average, and between {:.2} and {:.2} in 95 % of cases: this is {}",
        random.mean,
        random.low,
        random.high,
        random.verdict(value)
    )
}

fn no_agreement(attention: &Attention) -> String {
    let why = match attention.layers() {
        0 => "there is no attention",
        _ => "no field stands out from the others",
    };
    format!("agreement of attention and contributions: none, for {why}")
}
