//! Whether a model is one that the course projects' code can be.

use crate::data::schema::Schema;
use crate::error::{Error, Result};
use crate::model::ModelConfig;
use crate::model::config::{InteractingConfig, Residual};
use crate::run::Run;

/// Refuses what their model does not compute.
///
/// # Errors
/// Says what it is.
pub(super) fn check(run: &Run) -> Result<()> {
    let strange = model(&run.settings.model)
        .or_else(|| fields(&run.schema))
        .or_else(|| scores(run));
    match strange {
        None => Ok(()),
        Some(what) => Err(Error::Data(format!(
            "the course projects' Keras model has no place for {what}: train with --preset course, or export with --format onnx"
        ))),
    }
}

fn model(model: &ModelConfig) -> Option<String> {
    let said = |is: bool, what: &str| is.then(|| what.to_owned());
    let mlp = model.mlp.as_ref();
    let Some(interacting) = &model.interacting else {
        return Some("a model without interacting layers".to_owned());
    };
    said(model.linear.is_some(), "the linear part")
        .or_else(|| said(model.fm.is_some(), "the part fm"))
        .or_else(|| said(model.cross.is_some(), "the part cross"))
        .or_else(|| said(model.cin.is_some(), "the part cin"))
        .or_else(|| {
            said(
                mlp.is_some_and(|mlp| mlp.output_relu),
                "a ReLU on the MLP's output",
            )
        })
        .or_else(|| layers(interacting, model.embedding.dim))
}

fn layers(config: &InteractingConfig, dim: usize) -> Option<String> {
    let (heads, width) = (config.heads, config.total_width());
    let switches = [
        (config.scale_scores, "scaled scores"),
        (config.projection_bias, "biases of projections"),
        (config.projection_relu, "a ReLU on projections"),
        (config.layer_norm, "layer normalisation"),
        (
            config.residual == Residual::Identity,
            "a residual without a projection",
        ),
        (
            config.output_projection,
            "an output projection of the heads",
        ),
        (config.gate, "gates"),
        (config.head.bias, "a bias of the attention's head"),
        (config.head.relu, "a ReLU on the attention's logit"),
    ];
    let switch = switches.iter().find(|(is, _)| *is);
    switch.map(|(_, what)| (*what).to_owned()).or_else(|| {
        let fits = width == heads * dim;
        let what = format!(
            "{heads} heads of {} numbers, expected {dim}, an embedding's",
            width / heads.max(1)
        );
        (!fits).then_some(what)
    })
}

fn fields(schema: &Schema) -> Option<String> {
    let strange = schema.fields.iter().find(|field| {
        let categorical = field.kind == crate::data::schema::FieldKind::Categorical;
        !categorical || field.encoding.cardinality().is_none()
    });
    strange.map(|field| format!("the {} field `{}`", field.kind, field.name))
}

fn scores(run: &Run) -> Option<String> {
    if run.provenance.calibration.is_some() {
        let what = "a calibration (`autoint calibrate --method none` takes it away)";
        return Some(what.to_owned());
    }
    let offset = run.schema.protocol.sampling.logit_offset();
    (offset != 0.0).then(|| "the correction for sampled negative rows".to_owned())
}
