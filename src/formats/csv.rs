//! Comma-separated values (RFC 4180, UTF-8, decimal points): the table of [`super::table`], header first.
//!
//! What is not known is empty. 32-bit numbers are written so that they read back exactly.

use std::io::{self, Write};

use super::dataset::Dataset;
use super::{angles, table};

/// Writes the table.
pub(super) fn write(data: &Dataset<'_>, out: &mut dyn Write) -> io::Result<()> {
    let numbers = table::number_names();
    let columns: Vec<&str> = table::KEYS
        .into_iter()
        .chain(numbers.iter().map(String::as_str))
        .chain(angles::ANGLE_NAMES)
        .chain(table::ORIGINS)
        .collect();
    write!(out, "{}\r\n", columns.join(","))?;
    let [program, models] = table::origins(data).map(|text| quoted(&text));
    for row in table::rows(data) {
        let (rider, main) = (row.state.track.0, u8::from(row.is_main));
        write!(out, "{},{:.6},{rider},{main},{}", row.frame, row.time_s, row.state.provenance.name())?;
        for number in row.numbers() {
            match number {
                Some(number) => write!(out, ",{number}")?,
                None => out.write_all(b",")?,
            }
        }
        for angle in row.angles() {
            match angle {
                Some(angle) => write!(out, ",{angle:.3}")?,
                None => out.write_all(b",")?,
            }
        }
        write!(out, ",{program},{models}\r\n")?;
    }
    Ok(())
}

/// A text as one cell.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
