//! A plain loop of the csv crate over a file, to hold the reading of logs beside: rows, cells and bytes of cells.
//!
//! `cargo run --release --example csv_loop -- FILE [DELIMITER]`

use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("expected a file")?;
    let delimiter = arguments.next().and_then(|text| text.bytes().next());
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter.unwrap_or(b'\t'))
        .has_headers(false)
        .from_path(file)?;
    let (mut rows, mut cells, mut bytes) = (0u64, 0usize, 0usize);
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record)? {
        rows += 1;
        cells += record.len();
        bytes += record.as_slice().len();
    }
    writeln!(
        std::io::stdout(),
        "{rows} rows, {cells} cells, {bytes} bytes"
    )?;
    Ok(())
}
