//! From a configuration to a recorded tape.

use super::config::{ModelConfig, ModelKind};
use super::interacting::interacting;
use super::mlp::mlp;
use crate::autograd::layout::TableSpec;
use crate::autograd::{Init, Tape, Var};
use crate::error::{Error, Result};

/// A recorded model.
#[derive(Debug)]
pub struct Model {
    pub tape: Tape,
    /// `[1]`; the probability is its sigmoid.
    pub logit: Var,
    /// `[1]`: each row's part of the batch's mean loss.
    pub loss: Var,
    /// Per interacting layer: the attention weights, `[H, F, F]`.
    pub attention: Vec<Var>,
}

/// Records AutoInt or AutoInt+ for fields whose table rows are `offsets[f]..offsets[f + 1]` (see
/// [`crate::data::schema::Schema::offsets`]). The first row of each field, for unknown values, starts at zero.
///
/// # Errors
/// When the configuration makes no sense or there is no field.
pub fn build(config: &ModelConfig, offsets: &[usize]) -> Result<Model> {
    config.validate()?;
    let fields = offsets.len().saturating_sub(1);
    if fields == 0 {
        return Err(Error::Data("a model needs at least one field".into()));
    }
    let mut tape = Tape::new();
    let embedded = embed(
        &mut tape,
        "embedding",
        config.embedding.dim,
        config.embedding.init.0,
        offsets,
    )?;
    let x = tape.dropout(&embedded, config.embedding.dropout);

    let mut attention = Vec::new();
    let mut tokens = x.clone();
    for layer in 0..config.interacting.layers {
        tape.scope(format!("interacting.{layer}"));
        let layer = interacting(&mut tape, &tokens, &config.interacting)?;
        tokens = layer.output;
        attention.push(layer.attention);
    }
    let mut logit = head(&mut tape, &tokens, config)?;

    if config.kind == ModelKind::AutoIntPlus {
        let flat = tape.reshape(&x, &[fields * config.embedding.dim])?;
        let deep = mlp(&mut tape, &flat, &config.mlp)?;
        tape.scope("");
        logit = tape.add(&logit, &deep)?;
    }
    if config.linear_term {
        let weights = embed(&mut tape, "linear", 1, Init::Constant(0.0), offsets)?;
        let linear = tape.sum(&weights);
        logit = tape.add(&logit, &linear)?;
    }
    tape.scope("");
    let loss = tape.bce(&logit)?;
    Ok(Model {
        tape,
        logit,
        loss,
        attention,
    })
}

/// A table named `name` and its look-up: `[F, dim]`.
fn embed(tape: &mut Tape, name: &str, dim: usize, init: Init, offsets: &[usize]) -> Result<Var> {
    let fields = offsets.len() - 1;
    tape.scope(name);
    let table = tape.table(TableSpec {
        name: name.to_owned(),
        rows: offsets[fields],
        dim,
        init,
        field_starts: offsets[..fields].to_vec(),
    });
    tape.embedding(table, fields)
}

/// The logit of the flattened tokens.
fn head(tape: &mut Tape, tokens: &Var, config: &ModelConfig) -> Result<Var> {
    tape.scope("head");
    let units = tokens.units().len();
    let flat = tape.reshape(tokens, &[units])?;
    let weight = tape.parameter("weight", &[units, 1], config.head.init.0)?;
    let bias = config
        .head
        .bias
        .then(|| tape.parameter("bias", &[1], Init::Constant(0.0)))
        .transpose()?;
    let logit = tape.linear(&flat, &weight, bias.as_ref())?;
    Ok(if config.head.relu {
        tape.relu(&logit)
    } else {
        logit
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Settings, presets};

    /// The course table's 14 fields, without rows for unknown values.
    const COURSE_DIMS: [usize; 14] = [6040, 3706, 10, 81, 4, 12, 1, 18, 18, 16, 2, 7, 21, 3439];

    /// `course-projects.md`, section 2, counts them at embedding size 16 and 2 heads of 16.
    #[test]
    fn the_course_models_have_the_published_parameter_counts() {
        let mut offsets = vec![0];
        for dim in COURSE_DIMS {
            offsets.push(offsets[offsets.len() - 1] + dim);
        }
        let mut config = Settings::preset("course").unwrap().model;
        for (kind, count) in [
            (ModelKind::AutoInt, 224_688),
            (ModelKind::AutoIntPlus, 232_977),
        ] {
            config.kind = kind;
            let model = build(&config, &offsets).unwrap();
            assert_eq!(model.tape.layout().len(), count);
        }
    }

    #[test]
    fn every_preset_builds() {
        for name in presets::NAMES {
            let config = Settings::preset(name).unwrap().model;
            let model = build(&config, &[0, 3, 5]).unwrap();
            assert_eq!(model.logit.shape(), [1]);
            assert_eq!(model.attention.len(), config.interacting.layers);
            let heads = config.interacting.heads;
            assert_eq!(model.attention[0].shape(), [heads, 2, 2]);
        }
    }
}
