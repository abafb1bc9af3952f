//! `--metrics`: what is measured.

use autoint::Result;
use autoint::metrics::MetricName;
use autoint::metrics::list::ALL;
use autoint::metrics::metric::Cut;
use clap::Args;

/// Which metrics.
#[derive(Debug, Args)]
pub struct Measured {
    /// Metrics, separated by commas, such as `auc,pr_auc,ndcg@20` [default: the protocol's]
    #[arg(long, long_help = help(), value_delimiter = ',', value_name = "NAME,...", value_parser = name)]
    metrics: Vec<MetricName>,
}

/// All metrics, a line each.
fn help() -> String {
    let mut text =
        "Metrics, separated by commas, such as `auc,pr_auc,ndcg@20` [default: the protocol's]:\n"
            .to_owned();
    for metric in ALL {
        let cut = if metric.cut == Cut::None { "" } else { "@k" };
        text += &format!("\n  {}{cut}: {}", metric.name, metric.help);
    }
    text
}

fn name(text: &str) -> Result<MetricName> {
    text.parse()
}

impl Measured {
    /// Those that are asked for; none: the protocol's.
    pub fn asked(&self) -> Option<Vec<MetricName>> {
        (!self.metrics.is_empty()).then(|| self.metrics.clone())
    }
}
