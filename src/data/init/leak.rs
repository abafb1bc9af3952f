//! How well one column alone tells the label.

use super::profile::number;
use super::sample::SampleColumn;

/// Groups that numbers are put in.
const GROUPS: usize = 64;

/// The AUC of the best of two simple predictors: the label's rate among rows of the same value, and among rows of about the
/// same number. Rates are those of the other half of the rows: a value with one row tells nothing of it.
/// `None` when a class is missing.
pub(super) fn auc(column: &SampleColumn, labels: &[Option<bool>]) -> Option<f64> {
    let by_value = of_groups(&column.codes, column.texts.len(), labels);
    let numbers: Vec<Option<f64>> = column.texts.iter().map(|text| number(text)).collect();
    let numeric = numbers.iter().flatten().count();
    if numeric <= GROUPS {
        return by_value;
    }
    let mut order: Vec<f64> = column
        .codes
        .iter()
        .filter_map(|&c| numbers[c as usize])
        .collect();
    order.sort_unstable_by(f64::total_cmp);
    let bounds: Vec<f64> = (1..GROUPS)
        .map(|g| order[g * order.len() / GROUPS])
        .collect();
    let group = |number: &Option<f64>| match number {
        None => GROUPS as u32,
        Some(x) => bounds.partition_point(|bound| bound <= x) as u32,
    };
    let group_of: Vec<u32> = numbers.iter().map(group).collect();
    let groups: Vec<u32> = column
        .codes
        .iter()
        .map(|&code| group_of[code as usize])
        .collect();
    let by_number = of_groups(&groups, GROUPS + 1, labels);
    by_value.into_iter().chain(by_number).reduce(f64::max)
}

/// Each row is scored with the rate of its group in the other half.
fn of_groups(groups: &[u32], count: usize, labels: &[Option<bool>]) -> Option<f64> {
    let mut seen = vec![[(0u32, 0u32); 2]; count];
    let mut all = (0u32, 0u32);
    // Halves by pairs of rows, so that a label that alternates does not fall in with them.
    let half = |row: usize| (row / 2) % 2;
    let rows = || groups.iter().zip(labels).enumerate();
    for (row, (&group, label)) in rows() {
        if let Some(label) = *label {
            let slot = &mut seen[group as usize][half(row)];
            *slot = (slot.0 + 1, slot.1 + u32::from(label));
            all = (all.0 + 1, all.1 + u32::from(label));
        }
    }
    let prior = f64::from(all.1) / f64::from(all.0.max(1));
    let scored = rows().filter_map(|(row, (&group, label))| {
        let (rows, positive) = seen[group as usize][1 - half(row)];
        let rate = (f64::from(positive) + prior) / (f64::from(rows) + 1.0);
        label.map(|label| (rate, label))
    });
    ranked(scored.collect())
}

/// The AUC: the share of pairs of a positive and a negative that are in order, equal ones half.
fn ranked(mut scored: Vec<(f64, bool)>) -> Option<f64> {
    scored.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut pairs) = (0.0, 0.0);
    let mut positives = 0.0;
    for equal in scored.chunk_by(|a, b| a.0 == b.0) {
        let positive = equal.iter().filter(|(_, label)| *label).count() as f64;
        let negative = equal.len() as f64 - positive;
        pairs += positive * (below + negative / 2.0);
        below += negative;
        positives += positive;
    }
    (positives > 0.0 && below > 0.0).then(|| pairs / (positives * below))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(texts: impl Iterator<Item = String>) -> SampleColumn {
        let mut column = SampleColumn::default();
        for text in texts {
            let known = column.texts.iter().position(|t| *t == text);
            let code = known.unwrap_or_else(|| {
                column.texts.push(text);
                column.texts.len() - 1
            });
            column.codes.push(code as u32);
        }
        column
    }

    #[test]
    fn what_tells_the_label_does_and_what_does_not_does_not() {
        let labels: Vec<Option<bool>> = (0..1000u32).map(|row| Some(row * 7919 % 10 < 3)).collect();
        let of =
            |text: &dyn Fn(usize) -> String| auc(&column((0..1000).map(text)), &labels).unwrap();
        let is = |row: usize| labels[row] == Some(true);
        assert!(of(&|row| format!("{}", is(row))) > 0.999);
        // Empty for negatives, a time of its own for positives.
        assert!(
            of(&|row| if is(row) {
                format!("t{row}")
            } else {
                String::new()
            }) > 0.99
        );
        // Numbers above and below a bound, each of its own.
        assert!(of(&|row| format!("{}", row + 5000 * usize::from(is(row)))) > 0.99);
        // A row number, random values.
        assert!(of(&|row| format!("x{row}")) < 0.6);
        assert!(of(&|row| format!("{}", row * 31 % 17)) < 0.7);
    }

    #[test]
    fn without_both_classes_there_is_no_auc() {
        let labels = [Some(true), None, Some(true)];
        assert_eq!(
            auc(
                &column(["a", "b", "c"].map(str::to_owned).into_iter()),
                &labels
            ),
            None
        );
        assert_eq!(
            ranked(vec![(0.0, false), (1.0, true), (1.0, false)]),
            Some(0.75)
        );
    }
}
