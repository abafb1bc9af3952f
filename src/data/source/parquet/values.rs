//! From the pages of a column to one text a row.

use std::fmt::Write;
use std::fs::File;

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::DataType;
use parquet::errors::{ParquetError, Result as Answer};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::schema::types::ColumnDescPtr;

use super::shape::{Column, Kind};
use crate::data::calendar::date;
use crate::data::source::cells::{LIST, Texts, close_list};

/// Rows that are read at a time: what lies in memory beside the texts does not depend on what a file says.
const BATCH: usize = 8192;

/// A column of a row group: one text a row.
#[derive(Debug, Clone)]
pub(super) struct Read {
    /// One a row, those of bad rows empty.
    pub texts: Texts,
    /// Rows with a value that is none, counted from 0, rising.
    pub bad: Vec<(usize, String)>,
}

/// The pages of a column, of which the sizes are looked at before room is made for that much.
pub(super) struct Pages {
    pages: SerializedPageReader<File>,
    /// Values that are still to come.
    left: i64,
    /// Whether there was a dictionary.
    dictionary: bool,
}

impl Pages {
    pub(super) fn new(pages: SerializedPageReader<File>, values: i64) -> Pages {
        Pages {
            pages,
            left: values,
            dictionary: false,
        }
    }
}

impl Iterator for Pages {
    type Item = Answer<Page>;

    fn next(&mut self) -> Option<Answer<Page>> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Answer<Option<Page>> {
        let page = self.pages.get_next_page()?;
        let wrong = match &page {
            // No value of a dictionary is smaller than a byte.
            Some(Page::DictionaryPage {
                buf, num_values, ..
            }) => {
                self.dictionary = true;
                (*num_values as usize > buf.len()).then_some("a dictionary is smaller than it says")
            }
            Some(page) => {
                self.left -= i64::from(page.num_values());
                let of_dictionary = matches!(
                    page.encoding(),
                    Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY
                );
                if of_dictionary && !self.dictionary {
                    Some("its dictionary is missing")
                } else {
                    (self.left < 0).then_some("its pages hold more values than the file says")
                }
            }
            None => None,
        };
        if let Some(what) = wrong {
            return Err(ParquetError::General(what.to_owned()));
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Answer<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Answer<()> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Answer<bool> {
        self.pages.at_record_boundary()
    }
}

/// What the library says, without the word for its kind of error.
pub(super) fn said(error: ParquetError) -> String {
    match error {
        ParquetError::General(what) | ParquetError::EOF(what) | ParquetError::NYI(what) => what,
        other => other.to_string(),
    }
}

/// Reads a column of `rows` rows.
pub(super) fn read(
    pages: Pages,
    descriptor: ColumnDescPtr,
    column: &Column,
    rows: usize,
) -> Result<Read, String> {
    let kind = column.kind.clone()?;
    let mut out = Out {
        rows,
        list: column.list,
        present: descriptor.max_def_level(),
        text: String::new(),
        ends: Vec::new(),
        bad: Vec::new(),
    };
    dispatch(
        &mut out,
        get_column_reader(descriptor, Box::new(pages)),
        kind,
        &column.name,
    )?;
    Ok(Read {
        texts: Texts::new(out.text, out.ends),
        bad: out.bad,
    })
}

/// Every physical type to text.
fn dispatch(out: &mut Out, reader: ColumnReader, kind: Kind, name: &str) -> Result<(), String> {
    let wrong = |what: &str| format!("column `{name}` {what}");
    match reader {
        ColumnReader::BoolColumnReader(reader) => out.read(reader, wrong, |value, text| {
            text.push_str(if *value { "true" } else { "false" });
            Ok(())
        }),
        ColumnReader::Int32ColumnReader(reader) => out.read(reader, wrong, |&value, text| {
            match kind {
                Kind::Unsigned => put(text, value.cast_unsigned()),
                Kind::Date => put_date(text, value),
                _ => put_number(text, i64::from(value), kind),
            }
            Ok(())
        }),
        ColumnReader::Int64ColumnReader(reader) => out.read(reader, wrong, |&value, text| {
            match kind {
                Kind::Unsigned => put(text, value.cast_unsigned()),
                _ => put_number(text, value, kind),
            }
            Ok(())
        }),
        ColumnReader::Int96ColumnReader(reader) => out.read(reader, wrong, |value, text| {
            put_scaled(text, nanoseconds(value.data()), 9, true);
            Ok(())
        }),
        ColumnReader::FloatColumnReader(reader) => out.read(reader, wrong, |value, text| {
            if !value.is_nan() {
                put(text, value);
            }
            Ok(())
        }),
        ColumnReader::DoubleColumnReader(reader) => out.read(reader, wrong, |value, text| {
            if !value.is_nan() {
                put(text, value);
            }
            Ok(())
        }),
        ColumnReader::ByteArrayColumnReader(reader) => out.read(reader, wrong, |value, text| {
            put_bytes(text, value.data(), kind)
        }),
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            out.read(reader, wrong, |value, text| {
                put_bytes(text, value.data(), kind)
            })
        }
    }
}

/// What was read of a column.
struct Out {
    /// The number of rows that there should be.
    rows: usize,
    /// Whether a row may have several values.
    list: bool,
    /// The definition level of a value that is there.
    present: i16,
    /// All texts, one behind the other.
    text: String,
    /// Where each row's text ends.
    ends: Vec<u32>,
    /// See [`Read::bad`].
    bad: Vec<(usize, String)>,
}

impl Out {
    /// Reads all rows; `put` appends a value to a text, or says what is wrong with it.
    fn read<T: DataType>(
        &mut self,
        mut reader: ColumnReaderImpl<T>,
        wrong: impl Fn(&str) -> String,
        put: impl Fn(&T::T, &mut String) -> Result<(), &'static str>,
    ) -> Result<(), String> {
        let (mut definitions, mut repetitions, mut values) = (Vec::new(), Vec::new(), Vec::new());
        while self.ends.len() < self.rows {
            definitions.clear();
            repetitions.clear();
            values.clear();
            let most = BATCH.min(self.rows - self.ends.len());
            let read = reader.read_records(
                most,
                Some(&mut definitions),
                Some(&mut repetitions),
                &mut values,
            );
            let (records, _, levels) = read.map_err(said)?;
            let before = self.ends.len();
            if self.present == 0 {
                for value in &values {
                    let done = put(value, &mut self.text);
                    self.add(done, &wrong);
                }
            } else if !self.list {
                let mut values = values.iter();
                for definition in definitions.iter().take(levels) {
                    let value = values.next_if_present(*definition == self.present);
                    let done = value.map_or(Ok(()), |value| put(value, &mut self.text));
                    self.add(done, &wrong);
                }
            } else {
                self.lists(&definitions, &repetitions, &values, &wrong, &put);
            }
            if records == 0 || self.ends.len() - before != records {
                let what = format!(
                    "it has {} rows, but its row group {}",
                    self.ends.len(),
                    self.rows
                );
                return Err(what);
            }
            if u32::try_from(self.text.len()).is_err() {
                return Err("its texts are more than 4 GiB: write smaller row groups".into());
            }
        }
        Ok(())
    }

    /// Rows of any number of values each. A missing value in a list is none of its values.
    fn lists<V>(
        &mut self,
        definitions: &[i16],
        repetitions: &[i16],
        values: &[V],
        wrong: &impl Fn(&str) -> String,
        put: &impl Fn(&V, &mut String) -> Result<(), &'static str>,
    ) {
        let mut values = values.iter();
        let mut done = Ok(());
        let (mut count, mut start) = (0, self.text.len());
        for (at, (definition, repetition)) in definitions.iter().zip(repetitions).enumerate() {
            if *repetition == 0 {
                if at > 0 {
                    close_list(&mut self.text, start, count);
                    self.add(std::mem::replace(&mut done, Ok(())), wrong);
                }
                (count, start) = (0, self.text.len());
            }
            if *definition == self.present
                && let Some(value) = values.next()
            {
                if count > 0 {
                    self.text.push(LIST);
                }
                count += 1;
                done = done.and(put(value, &mut self.text));
            }
        }
        if !definitions.is_empty() {
            close_list(&mut self.text, start, count);
            self.add(done, wrong);
        }
    }

    /// Ends a row.
    fn add(&mut self, done: Result<(), &'static str>, wrong: &impl Fn(&str) -> String) {
        if let Err(what) = done {
            self.bad.push((self.ends.len(), wrong(what)));
        }
        // Looked at once a batch.
        self.ends.push(self.text.len() as u32);
    }
}

/// A value where there is one.
trait NextIf: Iterator {
    fn next_if_present(&mut self, present: bool) -> Option<Self::Item> {
        if present { self.next() } else { None }
    }
}

impl<I: Iterator> NextIf for I {}

fn put(text: &mut String, value: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = write!(text, "{value}");
}

fn put_date(text: &mut String, days: i32) {
    let (year, month, day) = date(i64::from(days) * 86_400);
    put(text, format_args!("{year:04}-{month:02}-{day:02}"));
}

fn put_number(text: &mut String, value: i64, kind: Kind) {
    match kind {
        Kind::Seconds(places) => put_scaled(text, value.into(), places, true),
        Kind::Decimal(places) => put_scaled(text, value.into(), places, false),
        _ => put(text, value),
    }
}

/// A whole number of which `places` digits stand behind the point; `short` leaves out zeros at its end.
fn put_scaled(text: &mut String, value: i128, places: u32, short: bool) {
    let Some(one) = 10_u128.checked_pow(places) else {
        // More places than digits: the first is a zero, whatever the value.
        let sign = if value < 0 { "-" } else { "" };
        let places = places as usize;
        return put(
            text,
            format_args!("{sign}0.{:0places$}", value.unsigned_abs()),
        );
    };
    let (whole, fraction) = (value.unsigned_abs() / one, value.unsigned_abs() % one);
    if value < 0 {
        text.push('-');
    }
    put(text, whole);
    if places == 0 || (short && fraction == 0) {
        return;
    }
    let places = places as usize;
    put(text, format_args!(".{fraction:0places$}"));
    if short {
        text.truncate(text.trim_end_matches('0').len());
    }
}

/// Nanoseconds since 1970 of a time as Impala and Spark write it: nanoseconds of a day, and the Julian day.
fn nanoseconds(words: &[u32]) -> i128 {
    let &[low, high, day] = words else {
        return 0;
    };
    let of_day = (u64::from(high) << 32 | u64::from(low)).cast_signed();
    let days = i64::from(day.cast_signed()) - 2_440_588;
    i128::from(days) * 86_400_000_000_000 + i128::from(of_day)
}

fn put_bytes(text: &mut String, bytes: &[u8], kind: Kind) -> Result<(), &'static str> {
    if let Kind::Decimal(places) = kind {
        let value = big_endian(bytes).ok_or("is a number of more than 38 digits")?;
        put_scaled(text, value, places, false);
        return Ok(());
    }
    text.push_str(std::str::from_utf8(bytes).map_err(|_| "is no UTF-8 text")?);
    Ok(())
}

/// A number in two's complement.
fn big_endian(bytes: &[u8]) -> Option<i128> {
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let fill = if negative { 0xff } else { 0 };
    let (more, last) = bytes.split_at(bytes.len().saturating_sub(16));
    let mut whole = [fill; 16];
    whole[16 - last.len()..].copy_from_slice(last);
    let value = i128::from_be_bytes(whole);
    (more.iter().all(|&byte| byte == fill) && (value < 0) == negative).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_two_parts() {
        let scaled = |value, places, short| {
            let mut text = String::new();
            put_scaled(&mut text, value, places, short);
            text
        };
        assert_eq!(scaled(1_500, 3, true), "1.5");
        assert_eq!(scaled(-1_500, 3, true), "-1.5");
        assert_eq!(scaled(-5, 3, true), "-0.005");
        assert_eq!(scaled(20_000, 3, true), "20");
        assert_eq!(scaled(1_500, 3, false), "1.500");
        assert_eq!(scaled(7, 0, false), "7");
        assert_eq!(scaled(-7, 40, false), format!("-0.{}7", "0".repeat(39)));
        assert_eq!(big_endian(&[0xff, 0xfe]), Some(-2));
        assert_eq!(big_endian(&[0; 20]), Some(0));
        assert_eq!(big_endian(&[]), Some(0));
        assert_eq!(big_endian(&[1; 17]), None);
    }
}
