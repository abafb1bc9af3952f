//! Parquet, against the files that the crate itself writes.

use std::fs;

use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray,
    FixedLenByteArrayType, FloatType, Int32Type, Int64Type, Int96, Int96Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::*;
use crate::data::source::layout::Layout;
use crate::data::source::{join, open};

const EVERY: &str = "message m {
    optional int32 i; required int64 l; optional int32 u (UINT_32); optional int64 ul (UINT_64);
    optional boolean b; optional float f; optional double d; optional int32 dec (DECIMAL(9, 2));
    optional fixed_len_byte_array(4) fixed (DECIMAL(9, 1)); optional binary s (UTF8); optional binary raw;
    optional int32 day (DATE); optional int64 ms (TIMESTAMP_MILLIS); optional int64 us (TIMESTAMP_MICROS);
    optional int64 ns (TIMESTAMP(NANOS, true)); optional int96 old;
    optional group tags (LIST) { repeated group list { optional binary element (UTF8); } }
    repeated int32 many; optional group nested { optional int32 x; optional int32 y; } }";

/// Values, and the levels of definition and repetition.
type Column<'a, V> = (&'a [V], &'a [i16], &'a [i16]);

fn put<T: DataType>(group: &mut SerializedRowGroupWriter<'_, fs::File>, column: Column<'_, T::T>) {
    let mut writer = group.next_column().unwrap().unwrap();
    let (values, definitions, repetitions) = column;
    let levels = (!definitions.is_empty()).then_some(definitions);
    let repetitions = (!repetitions.is_empty()).then_some(repetitions);
    let typed = writer.typed::<T>();
    typed.write_batch(values, levels, repetitions).unwrap();
    writer.close().unwrap();
}

/// Two rows of every type, of which the second is missing, as often as there are groups.
fn write_every(path: &Path, groups: usize) {
    let schema = Arc::new(parse_message_type(EVERY).unwrap());
    let file = fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).unwrap();
    for _ in 0..groups {
        let mut group = writer.next_row_group().unwrap();
        let one: &[i16] = &[1, 0];
        let bytes = |text: &str| ByteArray::from(text);
        put::<Int32Type>(&mut group, (&[-7], one, &[]));
        put::<Int64Type>(&mut group, (&[i64::MIN, 5], &[], &[]));
        put::<Int32Type>(&mut group, (&[-1], one, &[]));
        put::<Int64Type>(&mut group, (&[-1], one, &[]));
        put::<BoolType>(&mut group, (&[true], one, &[]));
        put::<FloatType>(&mut group, (&[0.1, f32::NAN], &[1, 1], &[]));
        put::<DoubleType>(&mut group, (&[0.25, f64::NAN], &[1, 1], &[]));
        put::<Int32Type>(&mut group, (&[-1250], one, &[]));
        let fixed = FixedLenByteArray::from(vec![0xff, 0xff, 0xff, 0xf6]);
        put::<FixedLenByteArrayType>(&mut group, (&[fixed], one, &[]));
        put::<ByteArrayType>(&mut group, (&[bytes("é, \"x\"\n")], one, &[]));
        put::<ByteArrayType>(&mut group, (&[bytes("raw")], one, &[]));
        put::<Int32Type>(&mut group, (&[16_364], one, &[]));
        put::<Int64Type>(&mut group, (&[1_500], one, &[]));
        put::<Int64Type>(&mut group, (&[-1], one, &[]));
        put::<Int64Type>(&mut group, (&[2_000_000_000], one, &[]));
        let mut old = Int96::new();
        old.set_data(500_000_000, 0, 2_440_589);
        put::<Int96Type>(&mut group, (&[old], one, &[]));
        let tags = [bytes("a"), bytes("b")];
        put::<ByteArrayType>(&mut group, (&tags, &[3, 2, 3, 0], &[0, 1, 1, 0]));
        put::<Int32Type>(&mut group, (&[1, 2], &[0, 1, 1], &[0, 0, 1]));
        put::<Int32Type>(&mut group, (&[1], &[2, 0], &[]));
        put::<Int32Type>(&mut group, (&[1], &[2, 0], &[]));
        group.close().unwrap();
    }
    writer.close().unwrap();
}

/// One column of numbers, another of texts.
fn write_pairs(path: &Path, schema: &str, properties: WriterProperties) {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let file = fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    put::<Int32Type>(&mut group, (&[1, 2, 2], &[1, 1, 1], &[]));
    let texts = [b"a".to_vec(), vec![0xff], b"a".to_vec()].map(ByteArray::from);
    put::<ByteArrayType>(&mut group, (&texts, &[1, 1, 1], &[]));
    group.close().unwrap();
    writer.close().unwrap();
}

const PAIRS: &str = "message m { optional int32 n; optional binary s (UTF8); }";

fn rows_of(files: &[PathBuf], columns: &[ColumnRef]) -> Result<Vec<Chunk>> {
    let mut reader = open::open(files, &Layout::default())?;
    reader.select(columns)?;
    let mut chunks = Vec::new();
    while let Some(block) = reader.next_block()? {
        chunks.push(block.parse()?);
    }
    Ok(chunks)
}

fn texts(chunk: &Chunk, column: usize) -> Vec<&str> {
    match &chunk.columns[column] {
        Cells::Text(texts) => texts.iter().collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_type_becomes_a_text() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["a", "b"].map(|name| folder.path().join(name));
    write_every(&files[0], 2);
    write_every(&files[1], 1);
    let header = ParquetReader::new(&files).unwrap().header;
    assert_eq!(header.len(), 19);
    let flat: Vec<ColumnRef> = header[..18].iter().map(|n| n.as_str().into()).collect();
    let chunks = rows_of(&files, &flat).unwrap();
    let lines: Vec<_> = chunks.iter().map(|chunk| &chunk.lines[..]).collect();
    assert_eq!(lines, [[1, 2], [3, 4], [1, 2]]);
    assert_eq!(&*chunks[2].file, files[1]);
    for chunk in &chunks {
        let found: Vec<_> = (0..18).map(|column| texts(chunk, column)).collect();
        let first: Vec<&str> = found.iter().map(|texts| texts[0]).collect();
        let expected = [
            "-7",
            "-9223372036854775808",
            "4294967295",
            "18446744073709551615",
            "true",
            "0.1",
            "0.25",
            "-12.50",
            "-1.0",
            "é, \"x\"\n",
            "raw",
            "2014-10-21",
            "1.5",
            "-0.000001",
            "2",
            "86400.5",
            "a\u{1f}b",
            "",
        ];
        assert_eq!(first, expected);
        let second: Vec<&str> = found.iter().map(|texts| texts[1]).collect();
        assert_eq!((second[1], second[17]), ("5", "1\u{1f}2"));
        assert!((0..17).all(|at| at == 1 || second[at].is_empty()));
    }
}

#[test]
fn only_what_is_selected_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let files = [folder.path().join("a")];
    write_every(&files[0], 1);
    let chunks = rows_of(&files, &["s".into(), ColumnRef::Number(1), "s".into()]).unwrap();
    assert_eq!(texts(&chunks[0], 1), ["-7", ""]);
    assert_eq!(chunks[0].columns[0], chunks[0].columns[2]);
    let refused = |column: &str| rows_of(&files, &[column.into()]).unwrap_err().to_string();
    let error = refused("nested");
    assert!(error.contains("column `nested` is nested"), "{error}");
    assert!(refused("none").contains("no column `none`"));
    // Damage in a column that nobody asked for is not looked at.
    let mut bytes = fs::read(&files[0]).unwrap();
    let column = Part::open(&files[0]).unwrap().metadata;
    let column = column.row_group(0).column(0).byte_range();
    bytes[column.0 as usize..(column.0 + column.1) as usize].fill(0xff);
    fs::write(&files[0], bytes).unwrap();
    assert!(rows_of(&files, &["s".into()]).is_ok());
    let error = refused("i");
    assert!(error.contains("column `i` of row group 1"), "{error}");
}

#[test]
fn a_text_that_is_none_is_a_bad_row() {
    let folder = tempfile::tempdir().unwrap();
    let files = [folder.path().join("a")];
    write_pairs(&files[0], PAIRS, WriterProperties::default());
    let chunks = rows_of(&files, &["n".into(), "s".into()]).unwrap();
    assert_eq!(texts(&chunks[0], 0), ["1", "2"]);
    assert_eq!(texts(&chunks[0], 1), ["a", "a"]);
    assert_eq!(chunks[0].lines, [1, 3]);
    let what = "column `s` is no UTF-8 text".to_owned();
    assert_eq!(chunks[0].bad, [BadRow { line: 2, what }]);
}

#[test]
fn parts_must_have_the_same_columns() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["a", "b"].map(|name| folder.path().join(name));
    write_pairs(&files[0], PAIRS, WriterProperties::default());
    for (schema, what) in [
        (PAIRS, None),
        (
            "message m { optional int32 n (DATE); optional binary s (UTF8); }",
            Some("column `n` is INT32 (DATE)"),
        ),
        (
            "message m { optional int32 n; optional binary t (UTF8); }",
            Some("no column `s`"),
        ),
    ] {
        write_pairs(&files[1], schema, WriterProperties::default());
        let done = rows_of(&files, &["n".into()]);
        match (done, what) {
            (Ok(chunks), None) => assert_eq!(chunks.len(), 2),
            (done, what) => {
                let error = done.unwrap_err().to_string();
                assert!(error.contains("b: parts disagree"), "{error}");
                assert!(error.contains(what.unwrap()), "{error}");
            }
        }
    }
}

#[test]
fn a_joined_table_and_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let files = [folder.path().join("a")];
    write_pairs(&files[0], PAIRS, WriterProperties::default());
    let layout = Layout::default();
    let error = join::load(&files, &layout, &"n".into()).unwrap_err();
    assert!(error.to_string().contains("a:2: column `s`"), "{error}");
    let input = Box::new(fs::File::open(&files[0]).unwrap());
    let piped = open::open_input(Path::new("-"), input, &layout).err();
    assert!(piped.unwrap().to_string().contains("from a pipe"));
}

#[test]
fn a_damaged_file_is_an_error_or_rows() {
    use parquet::basic::{Compression, Encoding};
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    let plain = WriterProperties::builder().set_dictionary_enabled(false);
    let packed = WriterProperties::builder().set_compression(Compression::SNAPPY);
    let delta = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::DELTA_BINARY_PACKED)
        .set_column_encoding("s".into(), Encoding::DELTA_BYTE_ARRAY);
    for properties in [plain, packed, delta] {
        write_pairs(&file, PAIRS, properties.build());
        let whole = fs::read(&file).unwrap();
        let all = [ColumnRef::Number(1), ColumnRef::Number(2)];
        let try_it = |bytes: &[u8]| {
            fs::write(&file, bytes).unwrap();
            rows_of(std::slice::from_ref(&file), &all)
        };
        assert!(try_it(&whole).is_ok());
        // What is shorter is no Parquet file at all.
        for end in 4..whole.len() {
            let error = try_it(&whole[..end]).unwrap_err().to_string();
            assert!(error.starts_with(&*file.to_string_lossy()), "{error}");
        }
        for at in 4..whole.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= flip;
                if let Err(error) = try_it(&bytes) {
                    let error = error.to_string();
                    let named = error.starts_with(&*file.to_string_lossy());
                    assert!(named || error.starts_with("there is no column"), "{error}");
                }
            }
        }
    }
}
