//! Explanations as files: a sheet of drawings, and all numbers as JSON.

use std::path::Path;

use super::explanation::Explanation;
use super::sample::Summary;
use super::svg::{Drawing, bars, heat_maps};
use crate::error::Result;
use crate::files::write_whole;

impl Explanation {
    /// Its contributions and its attention on one sheet.
    pub fn drawing(&self) -> Drawing {
        let title = "What each field is worth: the logit less the logit without it";
        Drawing::stacked(&[
            bars(title, &self.fields, &self.contributions),
            heat_maps(&self.fields, &self.attention),
        ])
    }
}

impl Summary {
    /// Its contributions and its attention on one sheet.
    pub fn drawing(&self) -> Drawing {
        let title = format!(
            "What each field is worth: mean size of its contribution to the logit, {} rows",
            self.rows
        );
        Drawing::stacked(&[
            bars(&title, &self.fields, &self.contributions),
            heat_maps(&self.fields, &self.attention),
        ])
    }

    /// Writes the sheet and the numbers, each file whole or not at all.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write(&self, svg: &Path, json: &Path) -> Result<()> {
        let sheet = self.drawing().svg();
        write_whole(json, |file| {
            serde_json::to_writer(&mut *file, self)?;
            writeln!(file)
        })?;
        write_whole(svg, |file| file.write_all(sheet.as_bytes()))
    }
}
