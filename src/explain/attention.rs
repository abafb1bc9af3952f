//! Attention weights of all layers and heads, and what is read off them.

use serde::{Serialize, Serializer};

/// The weights alpha `[L, H, F, F]` of one row, or their mean over rows: layer, head, field that looks, field looked at. The weights
/// of a field that looks add up to 1.
///
/// As JSON it is a list of layers of heads of fields of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Attention {
    heads: usize,
    fields: usize,
    weights: Vec<f32>,
}

/// An ordered pair of different fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The number of the field that looks.
    pub from: usize,
    /// The number of the field looked at.
    pub to: usize,
}

/// A pair in words: `from -> to`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Interaction {
    /// The field that looks.
    pub from: String,
    /// The field looked at.
    pub to: String,
    /// The mean of the weight over layers and heads, 0 to 1. Even attention would be 1 / F.
    pub attention: f64,
}

impl Attention {
    /// Of the weights `[L, H, F, F]`; those that do not fill a layer are left out.
    pub fn new(heads: usize, fields: usize, mut weights: Vec<f32>) -> Attention {
        let layer = heads * fields * fields;
        weights.truncate(weights.len().checked_div(layer).unwrap_or(0) * layer);
        Attention {
            heads,
            fields,
            weights,
        }
    }

    /// L
    pub fn layers(&self) -> usize {
        let layer = self.heads * self.fields * self.fields;
        self.weights.len().checked_div(layer).unwrap_or(0)
    }

    /// H
    pub fn heads(&self) -> usize {
        self.heads
    }

    /// F
    pub fn fields(&self) -> usize {
        self.fields
    }

    /// All weights, `[L, H, F, F]`.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// The greatest weight; 0 without one.
    pub fn greatest(&self) -> f32 {
        self.weights.iter().copied().fold(0.0, f32::max)
    }

    /// The weights `[F, F]` of a head, all counted from 0.
    ///
    /// # Panics
    /// When there is no such layer or head.
    pub fn head(&self, layer: usize, head: usize) -> &[f32] {
        let size = self.fields * self.fields;
        &self.weights[(layer * self.heads + head) * size..][..size]
    }

    /// The mean weight of a pair over the heads of the given layers.
    fn mean_over(&self, pair: Pair, layers: std::ops::Range<usize>) -> f64 {
        let at = pair.from * self.fields + pair.to;
        let heads = layers.flat_map(|layer| (0..self.heads).map(move |head| (layer, head)));
        let weights = heads.map(|(layer, head)| f64::from(self.head(layer, head)[at]));
        mean(weights)
    }

    /// The mean weight of a pair over layers and heads.
    pub fn of_pair(&self, pair: Pair) -> f64 {
        self.mean_over(pair, 0..self.layers())
    }

    /// The mean weight of a pair over the heads of a layer.
    pub fn of_layer(&self, layer: usize, pair: Pair) -> f64 {
        self.mean_over(pair, layer..layer + 1)
    }

    /// What each field receives, `[F]`: the mean of its column over layers, heads and fields that look, itself among them.
    ///
    /// `received[j] = 1 / (L H F) sum_{l, h, i} alpha[l, h, i, j]`, which adds up to 1 over j. Empty without a layer.
    pub fn received(&self) -> Vec<f64> {
        if self.weights.is_empty() {
            return Vec::new();
        }
        let mut sums = vec![0.0; self.fields];
        for row in self.weights.chunks_exact(self.fields) {
            for (sum, &weight) in sums.iter_mut().zip(row) {
                *sum += f64::from(weight);
            }
        }
        let rows = (self.weights.len() / self.fields) as f64;
        sums.into_iter().map(|sum| sum / rows).collect()
    }

    /// The pairs of different fields with the greatest mean weight, the greatest first, at most `most` of them. Of equal ones the
    /// earlier field stands first.
    pub fn strongest(&self, most: usize) -> Vec<Pair> {
        if self.weights.is_empty() {
            return Vec::new();
        }
        let all = (0..self.fields * self.fields).map(|at| Pair {
            from: at / self.fields,
            to: at % self.fields,
        });
        let others = all.filter(|pair| pair.from != pair.to);
        let mut pairs: Vec<_> = others.map(|pair| (self.of_pair(pair), pair)).collect();
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        pairs.truncate(most);
        pairs.into_iter().map(|(_, pair)| pair).collect()
    }

    /// The strongest pairs with the names of the fields.
    pub fn interactions(&self, names: &[String], most: usize) -> Vec<Interaction> {
        let name = |field: usize| names.get(field).cloned().unwrap_or_default();
        let pairs = self.strongest(most).into_iter();
        let named = pairs.map(|pair| Interaction {
            from: name(pair.from),
            to: name(pair.to),
            attention: self.of_pair(pair),
        });
        named.collect()
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), x| (sum + x, count + 1.0));
    sum / count
}

impl Serialize for Attention {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let heads = |layer| (0..self.heads).map(move |head| self.head(layer, head));
        let layers = (0..self.layers()).map(|layer| {
            let heads = heads(layer).map(|head| head.chunks(self.fields).collect::<Vec<_>>());
            heads.collect::<Vec<_>>()
        });
        serializer.collect_seq(layers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two layers of a head of two fields.
    fn attention() -> Attention {
        Attention::new(1, 2, vec![0.75, 0.25, 0.5, 0.5, 0.25, 0.75, 1.0, 0.0])
    }

    #[test]
    fn by_hand() {
        let attention = attention();
        assert_eq!((attention.layers(), attention.heads()), (2, 1));
        assert_eq!(attention.head(1, 0), [0.25, 0.75, 1.0, 0.0]);
        assert_eq!(attention.greatest(), 1.0);
        // Columns: (.75 + .5 + .25 + 1) / 4 and (.25 + .5 + .75 + 0) / 4.
        assert_eq!(attention.received(), [0.625, 0.375]);
        // From 1 to 0 (.5 + 1) / 2, from 0 to 1 (.25 + .75) / 2; fields with themselves are none.
        let names = ["a".to_owned(), "b".to_owned()];
        let strongest = attention.interactions(&names, 9);
        let told: Vec<_> = strongest
            .iter()
            .map(|i| (&*i.from, &*i.to, i.attention))
            .collect();
        assert_eq!(told, [("b", "a", 0.75), ("a", "b", 0.5)]);
        assert_eq!(attention.strongest(1), [Pair { from: 1, to: 0 }]);
        assert_eq!(attention.of_layer(0, Pair { from: 0, to: 1 }), 0.25);
    }

    #[test]
    fn as_json_it_is_nested() {
        let json = serde_json::to_string(&attention()).unwrap();
        assert_eq!(
            json,
            "[[[[0.75,0.25],[0.5,0.5]]],[[[0.25,0.75],[1.0,0.0]]]]"
        );
    }

    #[test]
    fn without_weights_there_is_nothing() {
        for empty in [
            Attention::new(0, 0, vec![]),
            Attention::new(2, 3, vec![1.0]),
        ] {
            assert_eq!(empty.layers(), 0);
            assert!(empty.received().is_empty() && empty.strongest(5).is_empty());
            assert_eq!(serde_json::to_string(&empty).unwrap(), "[]");
        }
    }
}
