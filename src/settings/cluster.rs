//! How several ranks share a training. It changes no bit of the model.

use serde::{Deserialize, Serialize};

/// Where the rows of embedding tables are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TablePlace {
    /// All of them at every rank: nothing has to be fetched.
    #[default]
    Replicated,
    /// Each at one of the ranks: tables may be larger than a machine.
    Sharded,
}

/// See the module.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterConfig {
    /// Whether every rank has all rows of the embedding tables.
    pub tables: TablePlace,
}

impl ClusterConfig {
    /// Whether tables are spread over the ranks.
    pub fn sharded(self) -> bool {
        self.tables == TablePlace::Sharded
    }

    /// Whether it says nothing: such a configuration is not written down.
    pub(super) fn is_default(&self) -> bool {
        *self == ClusterConfig::default()
    }
}
