//! What the columns of a Parquet file are, and how their values become texts.

use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor, Type};

/// A column as a user sees it: a field at the top of the schema.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// As the file's schema has it.
    pub name: String,
    /// The first column of the file's that belongs to it.
    pub leaf: usize,
    /// Whether a row has any number of values.
    pub list: bool,
    /// How values become texts; else what the column is, for an error.
    pub kind: Result<Kind, String>,
    /// What the column is, for messages; two columns are of one type when this is the same.
    pub told: String,
}

/// How values become texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// As they are: numbers, truth values, texts.
    Plain,
    /// Whole numbers whose highest bit is no sign.
    Unsigned,
    /// Days since 1970.
    Date,
    /// A time, in this many decimal places of a second.
    Seconds(u32),
    /// A whole number, of which this many digits stand behind the point.
    Decimal(u32),
}

/// The columns of a file.
pub(super) fn columns_of(schema: &SchemaDescriptor) -> Vec<Column> {
    let fields = schema.root_schema().get_fields();
    let mut leaves: Vec<Vec<usize>> = vec![Vec::new(); fields.len()];
    for leaf in 0..schema.num_columns() {
        if let Some(leaves) = leaves.get_mut(schema.get_column_root_idx(leaf)) {
            leaves.push(leaf);
        }
    }
    let both = fields.iter().zip(&leaves);
    both.map(|(field, leaves)| column_of(schema, field, leaves))
        .collect()
}

fn column_of(schema: &SchemaDescriptor, field: &Type, leaves: &[usize]) -> Column {
    let name = field.name().to_owned();
    let flat = field.is_primitive() || is_list(field);
    let (&[leaf], true) = (leaves, flat) else {
        let told = "nested (a struct, a map or a list of them)".to_owned();
        return Column {
            name,
            leaf: leaves.first().copied().unwrap_or(0),
            list: false,
            kind: Err(told.clone()),
            told,
        };
    };
    let found = schema.column(leaf);
    let list = found.max_rep_level() > 0;
    let mut told = match (found.logical_type_ref(), found.converted_type()) {
        (None, ConvertedType::NONE) => found.physical_type().to_string(),
        (Some(logical), ConvertedType::NONE) => format!("{} ({logical:?})", found.physical_type()),
        (_, converted) => format!("{} ({converted})", found.physical_type()),
    };
    if list {
        told = format!("a list of {told}");
    }
    Column {
        name,
        leaf,
        list,
        kind: kind_of(&found).ok_or_else(|| told.clone()),
        told,
    }
}

/// A list of scalars, as it is written today (a group in a group) or was before.
fn is_list(field: &Type) -> bool {
    let info = field.get_basic_info();
    let list = matches!(info.logical_type_ref(), Some(LogicalType::List))
        || info.converted_type() == ConvertedType::LIST;
    let [inner] = field.get_fields() else {
        return false;
    };
    let own = field.get_basic_info();
    let repeated = |info: &parquet::schema::types::BasicTypeInfo| {
        info.has_repetition() && info.repetition() == Repetition::REPEATED
    };
    if !list || repeated(own) || !repeated(inner.get_basic_info()) {
        return false;
    }
    inner.is_primitive()
        || matches!(inner.get_fields(), [value] if value.is_primitive() && !repeated(value.get_basic_info()))
}

/// How the values of a column become texts; `None` when there is no way.
fn kind_of(column: &ColumnDescriptor) -> Option<Kind> {
    let physical = column.physical_type();
    let whole = matches!(physical, Physical::INT32 | Physical::INT64);
    let bytes = matches!(
        physical,
        Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY
    );
    let unit = |unit: &TimeUnit| match unit {
        TimeUnit::MILLIS => Kind::Seconds(3),
        TimeUnit::MICROS => Kind::Seconds(6),
        TimeUnit::NANOS => Kind::Seconds(9),
    };
    let decimal = |scale: i32| {
        u32::try_from(scale)
            .ok()
            .filter(|&s| s <= 76)
            .map(Kind::Decimal)
    };
    let kind = match column.logical_type_ref() {
        Some(LogicalType::Integer(int)) if !int.is_signed => Kind::Unsigned,
        Some(LogicalType::Timestamp(time)) => unit(&time.unit),
        Some(LogicalType::Time(time)) => unit(&time.unit),
        Some(LogicalType::Decimal(number)) => decimal(number.scale)?,
        Some(LogicalType::Date) => Kind::Date,
        Some(LogicalType::Integer(_) | LogicalType::String | LogicalType::Enum) => Kind::Plain,
        Some(LogicalType::Json | LogicalType::Unknown) => Kind::Plain,
        Some(_) => return None,
        None => match column.converted_type() {
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64 => Kind::Unsigned,
            ConvertedType::DATE => Kind::Date,
            ConvertedType::TIME_MILLIS | ConvertedType::TIMESTAMP_MILLIS => Kind::Seconds(3),
            ConvertedType::TIME_MICROS | ConvertedType::TIMESTAMP_MICROS => Kind::Seconds(6),
            ConvertedType::DECIMAL => decimal(column.type_scale())?,
            ConvertedType::BSON | ConvertedType::INTERVAL => return None,
            _ if physical == Physical::INT96 => Kind::Seconds(9),
            _ => Kind::Plain,
        },
    };
    let fits = match kind {
        Kind::Plain => physical != Physical::INT96,
        Kind::Unsigned => whole,
        Kind::Date => physical == Physical::INT32,
        Kind::Seconds(_) => whole || physical == Physical::INT96,
        Kind::Decimal(_) => whole || bytes,
    };
    fits.then_some(kind)
}
