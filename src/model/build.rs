//! From a configuration to a recorded tape.

use super::config::ModelConfig;
use super::parts::{cin, cross, embedding, fm, interacting, linear, mlp};
use crate::autograd::{Init, Role, Tape, Var};
use crate::error::{Error, Result};

/// A recorded model.
#[derive(Debug)]
pub struct Model {
    /// All ops in the order in which they run, and the layout of their parameters and tables.
    pub tape: Tape,
    /// `[1]`; the probability is its sigmoid.
    pub logit: Var,
    /// `[1]`: each row's part of the batch's mean loss.
    pub loss: Var,
    /// Per interacting layer: the attention weights, `[H, F, F]`. None without interacting layers.
    pub attention: Vec<Var>,
}

/// Records a model for fields whose table rows are `offsets[f]..offsets[f + 1]` (see
/// [`crate::data::schema::Schema::offsets`]). The first row of each field, for unknown values, starts at zero.
///
/// ```
/// use autoint::model::build;
/// use autoint::settings::Settings;
///
/// // Logistic regression on a field of three table rows and one of two: a weight for each, and a bias.
/// let settings = Settings::layered(None, None, &["model.kind=lr".to_owned()])?;
/// let model = build(&settings.model, &[0, 3, 5])?;
/// assert_eq!(model.tape.layout().len(), 3 + 2 + 1);
/// assert!(model.attention.is_empty());
/// # Ok::<(), autoint::Error>(())
/// ```
///
/// # Errors
/// When the configuration makes no sense or there is no field.
pub fn build(config: &ModelConfig, offsets: &[usize]) -> Result<Model> {
    config.validate()?;
    if offsets.len() < 2 {
        return Err(Error::Data("a model needs at least one field".into()));
    }
    let mut tape = Tape::new();
    let (logit, attention) = match config.members.is_empty() {
        true => parts(&mut tape, config, offsets)?,
        false => members(&mut tape, &config.members, offsets)?,
    };
    tape.scope("");
    let loss = tape.bce(&logit)?;
    Ok(Model {
        tape,
        logit,
        loss,
        attention,
    })
}

/// The name of a member's tensors begins with this.
pub fn member_prefix(number: usize) -> String {
    format!("member.{number}")
}

/// The logits of several models, each multiplied by a weight; the last has a bias too. (Weights and bias are parameters.)
fn members(tape: &mut Tape, members: &[ModelConfig], offsets: &[usize]) -> Result<(Var, Vec<Var>)> {
    let (mut sum, mut attention) = (Sum(None), Vec::new());
    let share = Init::Constant(1.0 / members.len() as f32);
    for (number, config) in members.iter().enumerate() {
        tape.prefix(member_prefix(number));
        let (logit, own) = parts(tape, config, offsets)?;
        attention.extend(own);
        tape.scope(SHARE);
        let weight = tape.parameter("weight", &[1, 1], share, Role::Kernel)?;
        let last = number + 1 == members.len();
        let bias = last.then(|| tape.parameter("bias", &[1], Init::Constant(0.0), Role::Bias));
        let logit = tape.linear(&logit, &weight, bias.transpose()?.as_ref())?;
        tape.prefix("");
        sum.add(tape, logit)?;
    }
    let nothing = || Error::config("model.members", "expected at least one, got none");
    Ok((sum.0.ok_or_else(nothing)?, attention))
}

/// The scope of a member's weight.
pub const SHARE: &str = "share";

/// The logits of a model's parts, added, and the attention of its interacting layers.
fn parts(tape: &mut Tape, config: &ModelConfig, offsets: &[usize]) -> Result<(Var, Vec<Var>)> {
    let (mut sum, mut attention) = (Sum(None), Vec::new());
    // The order is part of a model: a parameter's first values hang on its number, a dropout's mask on that of its op.
    if let Some(x) = embeddings(tape, config, offsets)? {
        let flat = tape.reshape(&x, &[x.units().len()])?;
        if let Some(config) = &config.interacting {
            let attended = interacting::record(tape, &x, config)?;
            sum.add(tape, attended.logit)?;
            attention = attended.attention;
        }
        if let Some(config) = &config.mlp {
            let logit = mlp::record(tape, &flat, config)?;
            sum.add(tape, logit)?;
        }
        if config.fm.is_some() {
            let logit = fm::record(tape, &x)?;
            sum.add(tape, logit)?;
        }
        if let Some(config) = &config.cross {
            let logit = cross::record(tape, &flat, config)?;
            sum.add(tape, logit)?;
        }
        if let Some(config) = &config.cin {
            let logit = cin::record(tape, &x, config)?;
            sum.add(tape, logit)?;
        }
    }
    if let Some(config) = &config.linear {
        let logit = linear::record(tape, offsets, config)?;
        sum.add(tape, logit)?;
    }
    let nothing = || Error::config("model", "expected at least one part, got none");
    Ok((sum.0.ok_or_else(nothing)?, attention))
}

/// The embeddings, when a part works on them: logistic regression has none, and a table that nothing looks at is no model's.
fn embeddings(tape: &mut Tape, config: &ModelConfig, offsets: &[usize]) -> Result<Option<Var>> {
    let users = [
        config.interacting.is_some(),
        config.mlp.is_some(),
        config.fm.is_some(),
        config.cross.is_some(),
        config.cin.is_some(),
    ];
    users
        .contains(&true)
        .then(|| embedding::record(tape, &config.embedding, offsets))
        .transpose()
}

/// The logits so far.
struct Sum(Option<Var>);

impl Sum {
    fn add(&mut self, tape: &mut Tape, logit: Var) -> Result<()> {
        self.0 = Some(match self.0.take() {
            None => logit,
            Some(sum) => {
                tape.scope("");
                tape.add(&sum, &logit)?
            }
        });
        Ok(())
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ModelKind;
    use crate::settings::{Settings, presets};

    /// The course table's 14 fields, without rows for unknown values.
    const COURSE_DIMS: [usize; 14] = [6040, 3706, 10, 81, 4, 12, 1, 18, 18, 16, 2, 7, 21, 3439];

    fn named(preset: &str, kind: ModelKind) -> ModelConfig {
        let sets = [format!("model.kind={kind}")];
        Settings::layered(Some(preset), None, &sets).unwrap().model
    }

    /// `course-projects.md`, section 2, counts them at embedding size 16 and 2 heads of 16.
    #[test]
    fn the_course_models_have_the_published_parameter_counts() {
        let mut offsets = vec![0];
        for dim in COURSE_DIMS {
            offsets.push(offsets[offsets.len() - 1] + dim);
        }
        for (kind, count) in [
            (ModelKind::AutoInt, 224_688),
            (ModelKind::AutoIntPlus, 232_977),
        ] {
            let model = build(&named("course", kind), &offsets).unwrap();
            assert_eq!(model.tape.layout().len(), count);
        }
    }

    #[test]
    fn every_preset_builds_as_every_model() {
        for preset in presets::NAMES {
            for kind in ModelKind::ALL {
                let config = named(preset, kind);
                let model = build(&config, &[0, 3, 5]).unwrap();
                assert_eq!(model.logit.shape(), [1]);
                let layers = config
                    .interacting
                    .map_or(vec![], |c| vec![[c.heads, 2, 2]; c.layers]);
                let shapes = model.attention.iter().map(Var::shape);
                assert!(shapes.eq(layers));
                let tables = model.tape.layout().tables.iter().map(|t| t.name.as_str());
                assert_eq!(
                    tables.collect::<Vec<_>>().contains(&"embedding"),
                    kind != ModelKind::Lr
                );
            }
        }
    }

    /// Names in the weights' file, which outlive the code.
    #[test]
    fn parameters_of_every_part_have_their_names() {
        let sets = ["fm", "cross", "cin"].map(|part| format!("model.{part}=true"));
        let sets: Vec<String> = sets
            .into_iter()
            .chain(["model.linear.bias=true".into()])
            .collect();
        let config = Settings::layered(None, None, &sets).unwrap().model;
        let model = build(&config, &[0, 3, 5]).unwrap();
        let names: Vec<&str> = model
            .tape
            .layout()
            .dense
            .iter()
            .map(|d| d.name.as_str())
            .collect();
        for name in [
            "interacting.0.query",
            "head.weight",
            "mlp.1.bias",
            "mlp.output.weight",
            "cross.0.weight",
            "cross.output.bias",
            "cin.1.weight",
            "cin.output.1.weight",
            "cin.output.bias",
            "bias",
        ] {
            assert!(names.contains(&name), "{name} is not among {names:?}");
        }
        let tables = model.tape.layout().tables.iter().map(|t| t.name.as_str());
        assert!(tables.eq(["embedding", "linear"]));
    }
}
