//! From the ids of a file to positions in its list of records.

use std::collections::HashMap;

/// Where each id stands. Looked up by key only, never walked, so its order cannot leak into a result.
pub(super) struct Ids {
    /// What the ids name, for messages: "user", "movie".
    what: &'static str,
    /// From the file's id to the place in the list, from 0.
    positions: HashMap<u32, u32>,
}

impl Ids {
    /// No id yet; `what` names in messages what the ids stand for.
    pub(super) fn new(what: &'static str) -> Ids {
        Ids {
            what,
            positions: HashMap::new(),
        }
    }

    /// Gives an id the next position.
    ///
    /// # Errors
    /// When the id is taken. Each line holds one record, so the position tells the line of the first.
    pub(super) fn add(&mut self, id: u32) -> Result<(), String> {
        let next = u32::try_from(self.positions.len())
            .map_err(|_| format!("more than {} {}s", u32::MAX, self.what))?;
        match self.positions.insert(id, next) {
            None => Ok(()),
            Some(first) => Err(format!(
                "{} {id} is there twice, first on line {}",
                self.what,
                u64::from(first) + 1
            )),
        }
    }

    /// The position of an id.
    ///
    /// # Errors
    /// When no record has it; `file` is where the records are.
    pub(super) fn position(&self, id: u32, file: &str) -> Result<u32, String> {
        self.positions
            .get(&id)
            .copied()
            .ok_or_else(|| format!("unknown {} {id}: it is not in {file}", self.what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stand_in_the_order_they_came() {
        let mut ids = Ids::new("movie");
        ids.add(70).unwrap();
        ids.add(3).unwrap();
        assert_eq!(ids.position(3, "movies.dat"), Ok(1));
        assert_eq!(
            ids.position(4, "movies.dat").unwrap_err(),
            "unknown movie 4: it is not in movies.dat"
        );
        assert_eq!(
            ids.add(70).unwrap_err(),
            "movie 70 is there twice, first on line 1"
        );
    }
}
