//! The table rows that a step touches, each with a place in a list.

const UNTOUCHED: u32 = u32::MAX;

/// See the module. It takes 4 bytes a table row, and what is touched is found in one look.
#[derive(Debug, Default)]
pub struct Touched {
    /// Per table row: its place in `ids`, or [`UNTOUCHED`].
    slots: Vec<u32>,
    ids: Vec<u32>,
}

impl Touched {
    /// Nothing yet, of tables of `rows` rows.
    pub fn new(rows: usize) -> Touched {
        Touched {
            slots: vec![UNTOUCHED; rows],
            ids: Vec::new(),
        }
    }

    /// Makes room for tables of so many rows.
    pub fn grow(&mut self, rows: usize) {
        if self.slots.len() < rows {
            self.slots.resize(rows, UNTOUCHED);
        }
    }

    /// The touched rows, in the order of their first touch. (Once per piece, where a step was listed piece by piece.)
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// The place of a table row in [`Touched::ids`], if it was touched.
    pub fn slot(&self, id: usize) -> Option<usize> {
        (self.slots[id] != UNTOUCHED).then_some(self.slots[id] as usize)
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.forget(0);
        self.ids.clear();
    }

    /// Lets the rows listed from this place on be listed once more.
    pub fn forget(&mut self, from: usize) {
        for &id in &self.ids[from..] {
            self.slots[id as usize] = UNTOUCHED;
        }
    }

    /// Lets the rows at these places of the list be found there.
    pub fn relist(&mut self, places: std::ops::Range<usize>) {
        for slot in places {
            self.slots[self.ids[slot] as usize] = slot as u32;
        }
    }

    /// The place of a table row, and whether it was not listed before.
    #[inline(always)]
    pub fn touch(&mut self, id: u32) -> (u32, bool) {
        let slot = &mut self.slots[id as usize];
        let new = *slot == UNTOUCHED;
        if new {
            *slot = self.ids.len() as u32;
            self.ids.push(id);
        }
        (*slot, new)
    }
}
