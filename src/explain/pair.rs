//! Rows of a user and an item explained, made as a recommendation makes them.

use super::attention::Interaction;
use super::explanation::{Explainer, Explanation};
use crate::autograd::Var;
use crate::data::batch::Batch;
use crate::error::{Error, Result};
use crate::recommend::ask::known;
use crate::recommend::{Ranker, Who};

impl Ranker<'_> {
    /// Explains the logit of an item (by id) for somebody; `attention` are the recorded weights of the model, see
    /// [`crate::run::Run`].
    ///
    /// # Errors
    /// When the user, the item, or a name in `set` is not in the data.
    pub fn explain(
        &self,
        attention: &[Var],
        who: &Who,
        set: &[(String, String)],
        item: &str,
    ) -> Result<Explanation> {
        self.explain_altered(attention, who, set, item, &[])
    }

    /// The same of the row with some values changed, see [`Ranker::altered`].
    ///
    /// # Errors
    /// As there and as [`Ranker::explain`].
    pub fn explain_altered(
        &self,
        attention: &[Var],
        who: &Who,
        set: &[(String, String)],
        item: &str,
        changes: &[(String, String)],
    ) -> Result<Explanation> {
        let asker = self.asker(who, set)?;
        let place = known(
            &self.catalogue().items,
            item,
            "`recommend` lists items that are",
        )?;
        let mut batch = Batch::default();
        let unknown = self.altered(&asker, place, changes, &mut batch)?;
        let explanation = Explainer::new(self.scorer(), attention)
            .rows(&batch)
            .into_iter()
            .next();
        let missing = || Error::Data("there is no row to explain".into());
        Ok(Explanation {
            unknown,
            ..explanation.ok_or_else(missing)?
        })
    }

    /// The strongest interaction of each of these items (by place) for somebody.
    ///
    /// # Errors
    /// As [`Ranker::asker`] and [`Ranker::batch`].
    pub fn reasons(
        &self,
        attention: &[Var],
        who: &Who,
        set: &[(String, String)],
        items: &[u32],
    ) -> Result<Vec<Option<Interaction>>> {
        let mut batch = Batch::default();
        self.batch(&self.asker(who, set)?, items, &mut batch)?;
        Ok(Explainer::new(self.scorer(), attention).reasons(&batch))
    }
}
