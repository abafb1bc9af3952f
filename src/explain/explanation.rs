//! One row explained.

use serde::Serialize;

use super::ablation::ablated;
use super::agreement::{Agreement, agreement};
use super::attention::{Attention, Interaction};
use super::row;
use crate::autograd::Var;
use crate::data::batch::Batch;
use crate::error::{Error, Result};
use crate::score::Scorer;
use crate::score::predict::probability;

/// How many interactions are called the strongest.
pub(super) const STRONGEST: usize = 10;

/// Why a row has its logit. Lists by field are in the order of `fields`. As JSON it is what `explain --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The names of the fields, `[F]`.
    pub fields: Vec<String>,
    /// Those of a raw row whose value the model does not know.
    pub unknown: Vec<String>,
    /// As scoring gives it.
    pub logit: f32,
    /// Its sigmoid.
    pub probability: f32,
    /// The attention weights, `[L, H, F, F]`.
    pub attention: Attention,
    /// The logit less the logit with the field unknown, `[F]`: above 0, the value speaks for a positive. They need not add up to
    /// the logit. 0 where the value is unknown already.
    pub contributions: Vec<f32>,
    /// The attention that each field receives, `[F]`, see [`Attention::received`].
    pub received: Vec<f64>,
    /// The pairs of different fields with the most attention.
    pub strongest: Vec<Interaction>,
    /// Whether attention goes to the fields that contribute; none when no field stands out from the others.
    pub agreement: Option<Agreement>,
}

/// A model that is asked why.
#[derive(Debug, Clone)]
pub struct Explainer<'a> {
    scorer: &'a Scorer<'a>,
    attention: &'a [Var],
    fields: Vec<String>,
    offsets: Vec<usize>,
}

/// What explanations are made of, for the B rows of a batch.
#[derive(Debug)]
pub(super) struct Measured {
    pub logits: Vec<f32>,
    pub attention: Vec<Attention>,
    /// `[B, F]`
    pub contributions: Vec<f32>,
}

impl<'a> Explainer<'a> {
    /// For a model whose attention weights, one `[H, F, F]` a layer, were recorded as `attention` (see [`crate::run::Run`]).
    pub fn new(scorer: &'a Scorer<'a>, attention: &'a [Var]) -> Explainer<'a> {
        let schema = scorer.schema();
        let fields = schema.field_names().into_iter().map(str::to_owned);
        Explainer {
            scorer,
            attention,
            fields: fields.collect(),
            offsets: schema.offsets(),
        }
    }

    /// The names of the fields, `[F]`.
    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    /// Explains a raw row, whose columns `header` names; see [`row::encode`].
    ///
    /// # Errors
    /// As there.
    pub fn raw(&self, header: &[String], values: &[String]) -> Result<Explanation> {
        let (batch, unknown) = row::encode(self.scorer.schema(), header, values)?;
        let missing = || Error::Data("there is no row to explain: give one".into());
        let explanation = self.rows(&batch).into_iter().next();
        Ok(Explanation {
            unknown: unknown.into_iter().map(str::to_owned).collect(),
            ..explanation.ok_or_else(missing)?
        })
    }

    /// Explains each row of a batch that is encoded with the model's schema. Of encoded values nothing tells whether they were
    /// unknown or missing, so [`Explanation::unknown`] is empty.
    pub fn rows(&self, batch: &Batch) -> Vec<Explanation> {
        let Measured {
            logits,
            attention,
            contributions,
        } = self.measure(batch);
        let contributions = contributions.chunks(self.fields.len().max(1));
        let all = logits.into_iter().zip(attention).zip(contributions);
        let explained = all.map(|((logit, attention), contributions)| {
            let received = attention.received();
            Explanation {
                fields: self.fields.clone(),
                unknown: Vec::new(),
                logit,
                probability: probability(logit),
                strongest: attention.interactions(&self.fields, STRONGEST),
                agreement: agreement(&received, contributions),
                attention,
                contributions: contributions.to_vec(),
                received,
            }
        });
        explained.collect()
    }

    /// The strongest interaction of each row of a batch; none in a model without attention.
    pub fn reasons(&self, batch: &Batch) -> Vec<Option<Interaction>> {
        let strongest = |attention: Attention| attention.interactions(&self.fields, 1).pop();
        self.attention(batch).into_iter().map(strongest).collect()
    }

    /// Scores the rows of a batch, and each of them F times without one of its fields.
    pub(super) fn measure(&self, batch: &Batch) -> Measured {
        let (mut logits, mut without) = (Vec::new(), Vec::new());
        self.scorer.logits(batch, &mut logits);
        self.scorer
            .logits(&ablated(batch, &self.offsets), &mut without);
        let each = without.chunks(self.fields.len().max(1));
        let contributions = logits
            .iter()
            .zip(each)
            .flat_map(|(logit, without)| without.iter().map(move |other| logit - other))
            .collect();
        Measured {
            attention: self.attention(batch),
            contributions,
            logits,
        }
    }

    /// The attention weights of each row.
    fn attention(&self, batch: &Batch) -> Vec<Attention> {
        let vars: Vec<&Var> = self.attention.iter().collect();
        let layers = self.scorer.read(batch, &vars);
        let heads = vars.first().and_then(|var| var.shape().first());
        let (heads, fields) = (heads.copied().unwrap_or(0), self.fields.len());
        let units = heads * fields * fields;
        let row = |row: usize| {
            let of_layer = |layer: &Vec<f32>| layer[row * units..(row + 1) * units].to_vec();
            let weights = layers.iter().flat_map(of_layer).collect();
            Attention::new(heads, fields, weights)
        };
        (0..batch.rows).map(row).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::borrow::Cow;
    use std::sync::Arc;

    use super::*;
    use crate::autograd::{Parameters, Runtime};
    use crate::data::dataset::Dataset;
    use crate::data::movielens::protocols;
    use crate::data::source::Source;
    use crate::data::store::Target;
    use crate::model::build;
    use crate::settings::Settings;
    use crate::simd::Isa;

    /// An untrained model of 7 fields of all kinds.
    pub struct Case {
        pub data: Dataset,
        attention: Vec<Var>,
        scorer: Scorer<'static>,
    }

    impl Case {
        pub fn new(sampling: f64) -> Case {
            let protocol = protocols::named("paper").unwrap();
            let source = Source::Synthetic { rows: Some(500) };
            let data = source.encode(Some(&protocol), Target::Anywhere).unwrap();
            let config = Settings::preset("autoint").unwrap().model;
            let model = build(&config, &data.schema().offsets()).unwrap();
            let parameters = Parameters::initialise(model.tape.layout(), 1);
            let isa = Isa::choose().unwrap();
            let runtime = Arc::new(Runtime::new(model.tape, model.logit, isa, 1).unwrap());
            let mut schema = data.schema().clone();
            schema.protocol.sampling.negatives = sampling;
            Case {
                scorer: Scorer::new(Cow::Owned(schema), &runtime, parameters),
                data,
                attention: model.attention,
            }
        }

        pub fn scorer(&self) -> &Scorer<'static> {
            &self.scorer
        }

        pub fn explainer(&self) -> Explainer<'_> {
            Explainer::new(&self.scorer, &self.attention)
        }

        pub fn batch(&self, rows: &[u32]) -> Batch {
            let mut batch = Batch::default();
            self.data.gather(rows, &mut batch);
            batch
        }
    }

    const ROW: &str = r#"{"gender": "F", "age": 25, "occupation": 4, "zip": "none such", "movie_year": 1995,
        "timestamp": 978300760, "genres": ["Comedy", "Drama"]}"#;

    fn explained(case: &Case, json: &str) -> Explanation {
        let row = row::RawRow::from_json(json).unwrap();
        case.explainer().raw(&row.header, &row.values).unwrap()
    }

    #[test]
    fn contributions_are_what_the_row_scores_without_a_value() {
        let case = Case::new(1.0);
        let full = explained(&case, ROW);
        let field = |name: &str| full.fields.iter().position(|f| f == name).unwrap();
        for (name, from, to) in [
            ("gender", "\"F\"", "null"),
            ("genres", r#"["Comedy", "Drama"]"#, "null"),
            ("movie_year", "1995", "null"),
        ] {
            let without = explained(&case, &ROW.replace(from, to));
            assert_eq!(full.contributions[field(name)], full.logit - without.logit);
            assert!(full.contributions[field(name)] != 0.0, "{name}");
            assert_eq!(without.contributions[field(name)], 0.0, "{name}");
        }
        assert!(full.unknown.iter().any(|name| name == "zip"));
        assert_eq!(full.contributions[field("zip")], 0.0);
        let sigmoid = 1.0 / (1.0 + (-full.logit).exp());
        assert!((full.probability - sigmoid).abs() < 1e-6);
    }

    #[test]
    fn attention_is_whole_and_the_rest_follows_from_it() {
        let all = explained(&Case::new(1.0), ROW);
        let attention = &all.attention;
        assert_eq!(
            (attention.layers(), attention.heads(), attention.fields()),
            (2, 2, 7)
        );
        for looks in attention.weights().chunks(7) {
            assert!((looks.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{looks:?}");
        }
        assert!((all.received.iter().sum::<f64>() - 1.0).abs() < 1e-5);
        assert_eq!(all.strongest.len(), STRONGEST);
        assert!(
            all.strongest
                .is_sorted_by(|a, b| a.attention >= b.attention)
        );
        let expected = agreement(&all.received, &all.contributions);
        assert!(all.agreement.is_some() && all.agreement == expected);
    }

    #[test]
    fn encoded_rows_are_explained_in_their_order() {
        let case = Case::new(1.0);
        let both = case.explainer().rows(&case.batch(&[7, 3]));
        for (explained, row) in both.iter().zip([7, 3]) {
            let alone = case.explainer().rows(&case.batch(&[row]));
            assert_eq!(*explained, alone[0]);
        }
        assert!(both.len() == 2 && both[0] != both[1]);
    }

    #[test]
    fn the_offset_of_sampled_negatives_moves_the_logit_but_no_contribution() {
        let (plain, sampled) = (Case::new(1.0), Case::new(0.25));
        let (plain, sampled) = (explained(&plain, ROW), explained(&sampled, ROW));
        assert_eq!(sampled.logit, plain.logit + f32::ln(0.25));
        for (a, b) in plain.contributions.iter().zip(&sampled.contributions) {
            assert!((a - b).abs() < 1e-6);
        }
        assert_eq!(plain.attention, sampled.attention);
    }
}
