//! The largest of many, without sorting them all.

/// The numbers of the largest logits, best first; equal ones in their own order.
pub fn best(logits: &[f32], top: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..logits.len() as u32).collect();
    let by_logit = |a: &u32, b: &u32| {
        let (x, y) = (logits[*a as usize], logits[*b as usize]);
        y.total_cmp(&x).then(a.cmp(b))
    };
    if top == 0 {
        return Vec::new();
    }
    if order.len() > top {
        order.select_nth_unstable_by(top - 1, by_logit);
        order.truncate(top);
    }
    order.sort_unstable_by(by_logit);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_come_first_and_equal_ones_in_their_own_order() {
        let logits = [1.0, 3.0, -2.0, 3.0, 2.0];
        assert_eq!(best(&logits, 3), [1, 3, 4]);
        assert_eq!(best(&logits, 9), [1, 3, 4, 0, 2]);
        assert!(best(&logits, 0).is_empty());
    }
}
