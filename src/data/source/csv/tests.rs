//! Delimited text, against the csv crate.

use std::io::Cursor;

use super::super::layout::Encoding;
use super::super::text::Cut;
use super::*;
use proptest::prelude::*;

fn dialect() -> Dialect {
    Dialect {
        delimiter: b',',
        quoted: true,
        header: true,
        columns: None,
    }
}

fn reader(text: &[u8], dialect: &Dialect, size: usize) -> Result<CsvReader> {
    let input = Box::new(Cursor::new(text.to_vec()));
    let cut = match dialect.quoted {
        true => Cut::Quoted {
            delimiter: dialect.delimiter,
        },
        false => Cut::Lines,
    };
    let blocks = Blocks::of_input(Path::new("f.csv"), input, cut, Encoding::Utf8)?;
    CsvReader::new(blocks.with_size(size), dialect.clone(), Path::new("f.csv"))
}

type Row = (u64, Vec<String>);

/// All rows of some columns, and the bad ones.
fn rows(reader: &mut CsvReader, columns: &[ColumnRef]) -> Result<(Vec<Row>, Vec<BadRow>)> {
    reader.select(columns)?;
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    while let Some(block) = reader.next_block()? {
        let chunk = block.parse()?;
        for (row, &line) in chunk.lines.iter().enumerate() {
            let cell = |cells: &Cells| match cells {
                Cells::Text(texts) => texts.get(row).to_owned(),
                _ => panic!("no text"),
            };
            good.push((line, chunk.columns.iter().map(cell).collect()));
        }
        bad.extend(chunk.bad);
    }
    Ok((good, bad))
}

fn all(width: u32) -> Vec<ColumnRef> {
    (1..=width).map(ColumnRef::Number).collect()
}

#[test]
fn columns_are_picked_and_lines_are_counted() {
    let text = b"a, b ,c\r\n1,x,\"q\n r\"\n\n2, y ,z\r3,5\" disk,\n";
    for size in [1, 7, 1000] {
        let mut reader = reader(text, &dialect(), size).unwrap();
        assert_eq!(reader.header().unwrap(), ["a", "b", "c"]);
        let columns = [
            ColumnRef::from("c"),
            ColumnRef::Number(2),
            ColumnRef::from("c"),
        ];
        let (good, bad) = rows(&mut reader, &columns).unwrap();
        let row = |line, cells: [&str; 3]| (line, cells.map(str::to_owned).to_vec());
        assert_eq!(
            good,
            [
                row(2, ["q\n r", "x", "q\n r"]),
                row(5, ["z", "y", "z"]),
                row(6, ["", "5\" disk", ""])
            ]
        );
        assert!(bad.is_empty());
    }
}

#[test]
fn bad_rows_keep_their_line_and_say_what_is_wrong() {
    let text = b"a,b\n1,2\n3\n4,5,6\n7,\xff\n8,9\n";
    for size in [1, 1000] {
        let mut reader = reader(text, &dialect(), size).unwrap();
        let (good, bad) = rows(&mut reader, &all(2)).unwrap();
        assert_eq!(good.iter().map(|r| r.0).collect::<Vec<_>>(), [2, 6]);
        let told: Vec<(u64, &str)> = bad.iter().map(|b| (b.line, &b.what[..20])).collect();
        assert_eq!(
            told,
            [
                (3, "there are 1 values, "),
                (4, "there are 3 values, "),
                (5, "value 2 is no UTF-8 ")
            ]
        );
    }
}

#[test]
fn without_a_header_columns_are_numbered_or_named() {
    let mut plain = Dialect {
        header: false,
        ..dialect()
    };
    let text = b"1,2\n3,4\n";
    let mut unnamed = reader(text, &plain, 100).unwrap();
    assert_eq!(unnamed.header().unwrap(), ["c1", "c2"]);
    assert_eq!(rows(&mut unnamed, &all(2)).unwrap().0.len(), 2);
    plain.columns = Some(vec!["x".into(), "y".into()]);
    assert_eq!(
        reader(text, &plain, 100).unwrap().header().unwrap(),
        ["x", "y"]
    );
    plain.columns = Some(vec!["x".into()]);
    let error = reader(text, &plain, 100).err().unwrap().to_string();
    assert!(
        error.contains("f.csv:1: there are 2 values, but `columns`"),
        "{error}"
    );
    let error = reader(b"", &dialect(), 100).err().unwrap().to_string();
    assert!(error.contains("f.csv: is empty"), "{error}");
    let mut only = reader(b"a,b\n", &dialect(), 100).unwrap();
    assert!(rows(&mut only, &all(2)).unwrap().0.is_empty());
}

#[test]
fn part_files_may_have_another_order_but_not_other_columns() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let parts = [
        file("0", "a,b\n1,2\n"),
        file("1", "b,a\n4,3\n"),
        file("2", "a,b\n5,6\n"),
    ];
    let open = |files: &[PathBuf]| {
        let cut = Cut::Quoted { delimiter: b',' };
        let blocks = Blocks::of_files(files, cut, Encoding::Utf8);
        CsvReader::new(blocks, dialect(), &files[0]).unwrap()
    };
    let (good, _) = rows(&mut open(&parts), &all(2)).unwrap();
    let cells: Vec<String> = good.into_iter().flat_map(|r| r.1).collect();
    assert_eq!(cells, ["1", "2", "3", "4", "5", "6"]);
    let other = [parts[0].clone(), file("3", "a,c\n1,2\n")];
    let error = rows(&mut open(&other), &all(2)).unwrap_err().to_string();
    assert!(error.contains("3: there is no column `b`"), "{error}");
    let wider = [parts[0].clone(), file("4", "a,b,c\n1,2,3\n")];
    let error = rows(&mut open(&wider), &all(2)).unwrap_err().to_string();
    assert!(error.contains("has 3 columns, but"), "{error}");
}

proptest! {
    /// What the csv crate writes comes back, from blocks of any size.
    #[test]
    fn tables_come_back(
        cells in proptest::collection::vec(proptest::array::uniform3("[a-zé \",\r\n]{0,6}"), 1..12),
        size in 1usize..40,
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["x", "y", "z"]).unwrap();
        for row in &cells {
            writer.write_record(row).unwrap();
        }
        let text = writer.into_inner().unwrap();
        let (good, bad) = rows(&mut reader(&text, &dialect(), size).unwrap(), &all(3)).unwrap();
        prop_assert!(bad.is_empty());
        let trimmed = |cell: &String| cell.trim_matches(' ').to_owned();
        let expected: Vec<Vec<String>> = cells.iter().map(|row| row.iter().map(trimmed).collect()).collect();
        prop_assert_eq!(good.into_iter().map(|r| r.1).collect::<Vec<_>>(), expected);
    }

    /// The fast way and the csv crate's agree on text without quotes.
    #[test]
    fn plain_text_is_read_as_csv_reads_it(text in "[ab,\r\n]{0,60}") {
        let collect = |quoted: bool| {
            let mut rows: Vec<(usize, Vec<Vec<u8>>)> = Vec::new();
            let add = |at: usize, cells: &[&[u8]]| {
                rows.push((at, cells.iter().map(|c| c.to_vec()).collect()));
                true
            };
            match quoted {
                true => each_quoted(text.as_bytes(), b',', add),
                false => each_plain(text.as_bytes(), b',', add),
            }
            rows
        };
        prop_assert_eq!(collect(false), collect(true));
    }
}
