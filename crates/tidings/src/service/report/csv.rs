//! Writing CSV (RFC 4180) that is safe to open in a spreadsheet.

use feed::report::{Cell, Column, Row};

/// Characters with which a spreadsheet takes a cell for a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Writes the names of the columns.
pub(super) fn head(columns: &[Column], out: &mut Vec<u8>) {
    line(columns.iter().map(|column| column.name().to_owned()), out);
}

/// Writes a row.
pub(super) fn row(row: &Row<'_>, columns: &[Column], out: &mut Vec<u8>) {
    let shown = |column: &Column| match row.cell(*column) {
        Cell::Time(time) => time.to_string(),
        Cell::Text(text) => text.into_owned(),
    };
    line(columns.iter().map(shown), out);
}

fn line(cells: impl Iterator<Item = String>, out: &mut Vec<u8>) {
    for (number, cell) in cells.enumerate() {
        if number > 0 {
            out.push(b',');
        }
        put(&cell, out);
    }
    out.extend_from_slice(b"\r\n");
}

fn put(cell: &str, out: &mut Vec<u8>) {
    let formula = cell.starts_with(FORMULA);
    if !formula && !cell.contains(['"', ',', '\n', '\r']) {
        out.extend_from_slice(cell.as_bytes());
        return;
    }
    out.push(b'"');
    if formula {
        out.push(b'\'');
    }
    out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_becomes_a_formula_and_none_breaks_its_row() {
        let cells = ["plain", "=1+1", "+1", "-1", "@x", "\tx", "a,b", "say \"hi\"", "two\nlines", "", "1-2"];
        let mut out = Vec::new();
        line(cells.iter().map(|cell| (*cell).to_owned()), &mut out);
        let wanted =
            "plain,\"'=1+1\",\"'+1\",\"'-1\",\"'@x\",\"'\tx\",\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",,1-2\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), wanted);
    }
}
