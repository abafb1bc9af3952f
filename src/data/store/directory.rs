//! The directory of a store: what each column is and where it lies.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::column::DType;
use super::payload::aligned;
use crate::data::schema::{Field, FieldKind, Schema};
use crate::data::source::columns::ColumnRef;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    /// Codes of a categorical field (one a row) or of a multi-valued one.
    Codes,
    /// Where a row's codes of a multi-valued field begin; one more entry than rows.
    Starts,
    /// A numeric field.
    Number,
    /// 0 or 1.
    Label,
    /// A number for each distinct user.
    User,
    /// A number for each distinct item.
    Item,
    /// What a row counts in the training loss.
    Weight,
    /// The probability the label was drawn with.
    TrueProbability,
    /// Row numbers, in the order of the split.
    Train,
    /// As [`Role::Train`].
    Valid,
    /// As [`Role::Train`].
    Test,
}

/// A column's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// The field's name; empty for columns that are no field.
    pub name: String,
    /// What the numbers mean.
    pub role: Role,
    /// How many bytes each takes.
    pub dtype: DType,
    /// In bytes from the beginning of the payload.
    pub offset: u64,
    /// In numbers, not in bytes.
    pub length: u64,
    /// CRC-32 (IEEE) of the column's bytes.
    pub crc32: u32,
}

impl Entry {
    /// The column's bytes within the payload; `None` when they do not fit into memory at all.
    pub fn range(&self) -> Option<Range<usize>> {
        let start = usize::try_from(self.offset).ok()?;
        let length = usize::try_from(self.length).ok()?;
        let end = start.checked_add(length.checked_mul(self.dtype.size())?)?;
        Some(start..end)
    }
}

/// The columns of one field, as places in the directory.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FieldIndex {
    /// Codes, one a row.
    One(usize),
    /// Transformed numbers, one a row.
    Number(usize),
    Mean {
        /// `[rows + 1]`
        starts: usize,
        /// Row after row; pooled to a mean or a sum, as the field says.
        codes: usize,
    },
}

/// Where in the directory everything is.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    /// One a field of the schema.
    pub fields: Vec<FieldIndex>,
    /// Every data set has one.
    pub label: usize,
    /// None where the protocol has no such role; so with the next three.
    pub user: Option<usize>,
    pub item: Option<usize>,
    pub weight: Option<usize>,
    pub true_probability: Option<usize>,
    /// Training, validation, test.
    pub splits: [usize; 3],
}

impl Index {
    /// Resolves a directory, which must hold exactly the columns that the schema asks for, in the order fields, label, user,
    /// item, weight, true probability, splits, with the right types and lengths.
    pub fn resolve(schema: &Schema, rows: u64, entries: &[Entry]) -> Result<Index, String> {
        let mut walk = Walk { entries, next: 0 };
        let mut fields = Vec::with_capacity(schema.fields.len());
        for field in &schema.fields {
            fields.push(walk.field(field, rows)?);
        }
        let label = walk.take("", Role::Label, DType::U8, Some(rows))?;
        let mut optional = |column: &Option<ColumnRef>, role, dtype| {
            let wanted = column.as_ref();
            wanted
                .map(|_| walk.take("", role, dtype, Some(rows)))
                .transpose()
        };
        let roles = &schema.protocol.roles;
        let user = optional(&roles.user, Role::User, DType::U32)?;
        let item = optional(&roles.item, Role::Item, DType::U32)?;
        let weight = optional(&roles.weight, Role::Weight, DType::F32)?;
        let is_known = entries
            .get(walk.next)
            .is_some_and(|e| e.role == Role::TrueProbability);
        let true_probability = is_known
            .then(|| walk.take("", Role::TrueProbability, DType::F32, Some(rows)))
            .transpose()?;
        let mut split = |role| walk.take("", role, DType::U32, None);
        let splits = [split(Role::Train)?, split(Role::Valid)?, split(Role::Test)?];
        if walk.next != entries.len() {
            return Err(format!(
                "has {} columns, expected {}",
                entries.len(),
                walk.next
            ));
        }
        Ok(Index {
            fields,
            label,
            user,
            item,
            weight,
            true_probability,
            splits,
        })
    }
}

/// A walk through the directory, one expected column after the other.
struct Walk<'a> {
    entries: &'a [Entry],
    /// The entry that the next column has to be.
    next: usize,
}

impl Walk<'_> {
    fn field(&mut self, field: &Field, rows: u64) -> Result<FieldIndex, String> {
        let name = field.name.as_str();
        let codes = DType::narrowest(field.encoding.table_rows());
        Ok(match field.kind {
            FieldKind::Categorical => {
                FieldIndex::One(self.take(name, Role::Codes, codes, Some(rows))?)
            }
            FieldKind::Numeric => {
                FieldIndex::Number(self.take(name, Role::Number, DType::F32, Some(rows))?)
            }
            FieldKind::MultiValued => FieldIndex::Mean {
                starts: self.take(name, Role::Starts, DType::U32, rows.checked_add(1))?,
                codes: self.take(name, Role::Codes, codes, None)?,
            },
        })
    }

    /// The next column, which must be as told; `length` `None` allows any.
    fn take(
        &mut self,
        name: &str,
        role: Role,
        dtype: DType,
        length: Option<u64>,
    ) -> Result<usize, String> {
        let place = self.next;
        let Some(entry) = self.entries.get(place) else {
            return Err(format!("has no {role:?} column {name:?}"));
        };
        let expected = (name, role, dtype, length.unwrap_or(entry.length));
        let found = (entry.name.as_str(), entry.role, entry.dtype, entry.length);
        if found != expected {
            return Err(format!(
                "has {found:?} as column {place} (name, role, type, length), expected {expected:?}"
            ));
        }
        self.next += 1;
        Ok(place)
    }
}

/// Whether the columns fill the payload: one after the other, each from the next multiple of the alignment on, to the end.
pub(crate) fn check_places(entries: &[Entry], payload: usize) -> Result<(), String> {
    let mut expected = Some(0);
    for (place, entry) in entries.iter().enumerate() {
        let range = entry.range().filter(|range| range.end <= payload);
        match range {
            Some(range) if Some(range.start) == expected => expected = aligned(range.end),
            _ => {
                return Err(format!(
                    "column {place} ({:?} {:?}) lies at byte {} with {} numbers, which does not fit",
                    entry.role, entry.name, entry.offset, entry.length
                ));
            }
        }
    }
    if expected != Some(payload) {
        return Err(format!(
            "the columns do not fill its {payload} bytes of payload"
        ));
    }
    Ok(())
}
