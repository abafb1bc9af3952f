//! `autoint download`

use std::io::Write;
use std::path::PathBuf;

use autoint::data::download::{DownloadOptions, DownloadSet, Outcome, download};
use clap::Args;
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

/// Download a MovieLens data set from GroupLens.
///
/// The archive is compared with its published MD5 sum and read as training will read it before anything is put in place.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The data set: ml-1m (1 million ratings) or ml-100k
    #[arg(value_parser = ["ml-1m", "ml-100k"])]
    set: String,
    /// The folder for the files [default: data/ and the name of the set]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// The address of the zip archive; its sum is read from the same address with .md5 added [default: GroupLens']
    #[arg(long)]
    url: Option<String>,
    /// Replace files that are there already
    #[arg(long)]
    force: bool,
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let set: DownloadSet = self.set.parse()?;
        let options = DownloadOptions {
            url: self.url.clone(),
            to: self.to.clone(),
            force: self.force,
            ..DownloadOptions::default()
        };
        let bar = ProgressBar::no_length().with_style(ProgressStyle::with_template(
            "{wide_bar} {bytes}/{total_bytes}  {bytes_per_sec}",
        )?);
        let report = download(set, &options, &mut |received, size| {
            if let Some(size) = size {
                bar.set_length(size);
            }
            bar.set_position(received);
        });
        bar.finish_and_clear();
        let report = report?;
        let folder = report.folder.display();
        match report.outcome {
            Outcome::AlreadyThere => {
                writeln!(
                    out,
                    "{folder} holds {set} already; --force downloads it again"
                )?;
            }
            Outcome::Downloaded { bytes, counts, .. } => {
                writeln!(out, "{folder}: {counts} ({})", HumanBytes(bytes))?;
            }
        }
        writeln!(out, "\n{}", report.licence)?;
        Ok(())
    }
}
