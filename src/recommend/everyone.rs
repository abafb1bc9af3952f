//! The best items of every user, users in parallel.

use rayon::prelude::*;
use serde::Serialize;

use super::ask::Who;
use super::ranker::{Ranker, Request};
use crate::data::batch::Batch;
use crate::error::Result;
use crate::score::predict::probability;

/// One line of the answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line<'c> {
    /// The id.
    pub user: &'c str,
    /// From 1.
    pub rank: usize,
    /// The id.
    pub item: &'c str,
    /// The probability.
    pub score: f32,
}

/// Users that are ranked before their lines are handed out.
const AT_ONCE: usize = 256;

impl Ranker<'_> {
    /// Hands the best items of every user to `each`, users in the catalogue's order, some at a time; `like` says all but who.
    ///
    /// # Errors
    /// When what `like` sets is not in the data, or `each` fails.
    pub fn everyone(
        &self,
        like: &Request,
        each: &mut dyn FnMut(&[Line<'_>]) -> Result<()>,
    ) -> Result<()> {
        let users: Vec<u32> = (0..self.catalogue().users.len() as u32).collect();
        for part in users.chunks(AT_ONCE) {
            let ranked = self.scorer().runtime().install(|| {
                let memory = || (Batch::default(), Vec::new());
                let of_user =
                    |memory: &mut (Batch, Vec<f32>), &user: &u32| self.lines(user, like, memory);
                let lines = part.par_iter().map_init(memory, of_user);
                lines.collect::<Result<Vec<_>>>()
            });
            for lines in ranked? {
                each(&lines)?;
            }
        }
        Ok(())
    }

    fn lines(
        &self,
        user: u32,
        like: &Request,
        (batch, logits): &mut (Batch, Vec<f32>),
    ) -> Result<Vec<Line<'_>>> {
        let catalogue = self.catalogue();
        let id = catalogue.users.id(user);
        let asker = self.asker(&Who::User(id.to_owned()), &like.set)?;
        let candidates = self.candidates(&asker, like)?;
        self.batch(&asker, &candidates, batch)?;
        self.scorer().logits(batch, logits);
        let line = |(rank, at): (usize, u32)| Line {
            user: id,
            rank,
            item: catalogue.items.id(candidates[at as usize]),
            score: probability(logits[at as usize]),
        };
        let picked = self.pick(&candidates, logits, like)?;
        Ok((1..).zip(picked).map(line).collect())
    }
}
