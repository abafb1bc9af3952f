//! The row of a user and an item explained, made as a recommendation makes it.

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
        let asker = self.asker(who, set)?;
        let items = &self.catalogue().items;
        let place = known(items, item, "`recommend` lists items that are")?;
        let mut batch = Batch::default();
        let mut unknown = self.batch(&asker, &[place], &mut batch)?;
        unknown.extend_from_slice(self.unknown(place));
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
}
