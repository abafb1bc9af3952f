//! What a model is made of: one optional section a part. Every switch that the paper, the authors' code and the course projects
//! differ in is a setting of its part.

use serde::{Deserialize, Serialize};

pub use super::init::InitConfig;
use super::kind::{ModelKind, Part};
pub use super::parts::cin::CinConfig;
pub use super::parts::cross::CrossConfig;
pub use super::parts::embedding::EmbeddingConfig;
pub use super::parts::fm::FmConfig;
pub use super::parts::interacting::{HeadConfig, InteractingConfig, Residual};
pub use super::parts::linear::LinearConfig;
pub use super::parts::mlp::MlpConfig;
use super::section;
use crate::error::{Error, Result};

/// The most models of an ensemble.
const MOST_MEMBERS: usize = 64;

/// The section `[model]` of a configuration: the logit is the sum of the parts that are there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// What all parts but the linear one work on.
    pub embedding: EmbeddingConfig,
    /// The attention that AutoInt is called after; none: the model has no such part, as with the others.
    #[serde(with = "section")]
    pub interacting: Option<InteractingConfig>,
    /// What makes AutoInt+ of AutoInt.
    #[serde(with = "section")]
    pub mlp: Option<MlpConfig>,
    /// A weight for each value.
    #[serde(with = "section")]
    pub linear: Option<LinearConfig>,
    /// Products of pairs of embeddings; its section is empty.
    #[serde(with = "section")]
    pub fm: Option<FmConfig>,
    /// DCN-V2's cross network.
    #[serde(with = "section")]
    pub cross: Option<CrossConfig>,
    /// xDeepFM's compressed interaction network.
    #[serde(with = "section")]
    pub cin: Option<CinConfig>,
    /// Of an ensemble: the models whose logits are added, weighted. It has no parts of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<ModelConfig>,
}

impl ModelConfig {
    /// Embeddings that no part works on: where parts or members are added to.
    pub fn without_parts(embedding: EmbeddingConfig) -> ModelConfig {
        ModelConfig {
            embedding,
            interacting: None,
            mlp: None,
            linear: None,
            fm: None,
            cross: None,
            cin: None,
            members: Vec::new(),
        }
    }

    /// Refuses what makes no sense, before any work starts.
    ///
    /// # Errors
    /// Names the setting, what it is and what it may be.
    pub fn validate(&self) -> Result<()> {
        if !self.members.is_empty() {
            return self.validate_members();
        }
        let interacting = self.interacting.as_ref().map(InteractingConfig::validate);
        let mlp = self.mlp.as_ref().map(MlpConfig::validate);
        let cross = self.cross.as_ref().map(CrossConfig::validate);
        let cin = self.cin.as_ref().map(CinConfig::validate);
        let all = [
            Some(self.embedding.validate()),
            interacting,
            mlp,
            cross,
            cin,
        ];
        all.into_iter().flatten().collect::<Result<()>>()?;
        if !Part::ALL.into_iter().any(|part| self.has(part)) {
            let what = "expected at least one part (linear, fm, cross, cin, interacting, mlp), got none: add one, such as model.mlp=true, \
                or choose a model by --model";
            return Err(Error::config("model", what));
        }
        Ok(())
    }

    fn validate_members(&self) -> Result<()> {
        let wrong = |what: &str| Err(Error::config("model.members", what));
        if Part::ALL.into_iter().any(|part| self.has(part)) {
            return wrong("expected a model that has parts or members, got both");
        }
        if self.members.len() > MOST_MEMBERS {
            return wrong("expected at most 64 members");
        }
        if self.members.iter().any(|one| !one.members.is_empty()) {
            return wrong("expected members that are no ensembles themselves: name their members");
        }
        self.members.iter().try_for_each(ModelConfig::validate)
    }

    /// Whether a part is there.
    pub fn has(&self, part: Part) -> bool {
        match part {
            Part::Linear => self.linear.is_some(),
            Part::Fm => self.fm.is_some(),
            Part::Cross => self.cross.is_some(),
            Part::Cin => self.cin.is_some(),
            Part::Interacting => self.interacting.is_some(),
            Part::Mlp => self.mlp.is_some(),
        }
    }

    /// The model's name in tables: that of the kind whose parts it has, or else its parts: `linear+cross`.
    pub fn name(&self) -> String {
        if !self.members.is_empty() {
            return format!("ensemble of {}", self.members.len());
        }
        let parts: Vec<Part> = Part::ALL.into_iter().filter(|&p| self.has(p)).collect();
        let is = |kind: &ModelKind| {
            let told = parts.iter().filter(|&&part| part != Part::Linear);
            match kind.may_be_linear() {
                true => told.eq(kind.parts()),
                false => parts == kind.parts(),
            }
        };
        match ModelKind::ALL.iter().find(|kind| is(kind)) {
            Some(kind) => kind.to_string(),
            None => parts.iter().map(|p| p.name()).collect::<Vec<_>>().join("+"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    /// The default with all parts there are.
    fn everything() -> ModelConfig {
        let sets = ["fm", "cross", "cin"].map(|part| format!("model.{part}=true"));
        Settings::layered(None, None, &sets).unwrap().model
    }

    #[test]
    fn nonsense_is_refused_by_the_name_of_its_setting() {
        let broken: [(&str, fn(&mut ModelConfig)); 12] = [
            ("interacting.heads", |c| {
                c.interacting.as_mut().unwrap().heads = 3;
            }),
            ("interacting.heads", |c| {
                c.interacting.as_mut().unwrap().heads = 0;
            }),
            ("interacting.layers", |c| {
                c.interacting.as_mut().unwrap().layers = 0;
            }),
            ("embedding.dim", |c| c.embedding.dim = 0),
            ("mlp.dropout", |c| c.mlp.as_mut().unwrap().dropout = 1.0),
            ("interacting.dropout", |c| {
                c.interacting.as_mut().unwrap().dropout = f32::NAN;
            }),
            ("mlp.hidden", |c| c.mlp.as_mut().unwrap().hidden = vec![]),
            ("cross.layers", |c| c.cross.as_mut().unwrap().layers = 0),
            ("cross.rank", |c| c.cross.as_mut().unwrap().rank = 1 << 20),
            ("cin.maps", |c| c.cin.as_mut().unwrap().maps = vec![]),
            ("cin.maps", |c| c.cin.as_mut().unwrap().maps = vec![8, 0]),
            ("at least one part", |c| {
                *c = ModelConfig::without_parts(c.embedding.clone());
            }),
        ];
        for (key, breaks) in broken {
            let mut config = everything();
            config.validate().unwrap();
            breaks(&mut config);
            let error = config.validate().unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        }
    }

    fn model(sets: &[&str]) -> ModelConfig {
        let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
        Settings::layered(None, None, &sets).unwrap().model
    }

    #[test]
    fn a_model_is_called_by_its_parts() {
        for kind in ModelKind::ALL {
            let config = model(&[&format!("model.kind={kind}")]);
            assert_eq!(config.name(), kind.name());
            let parts = Part::ALL.into_iter().filter(|&part| config.has(part));
            let linear = kind.may_be_linear();
            assert!(
                parts
                    .filter(|&part| !(linear && part == Part::Linear))
                    .eq(kind.parts().iter().copied())
            );
        }
        let config = model(&["model.kind=lr", "model.cross.layers=2"]);
        assert_eq!(config.name(), "linear+cross");
        assert_eq!(model(&["model.linear=false"]).name(), "autoint+");
        assert_eq!(
            model(&["model.cin=true"]).name(),
            "linear+cin+interacting+mlp"
        );
    }
}
