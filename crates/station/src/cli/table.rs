//! Draws the tables people read, in the at-station's form.

use comfy_table::{ContentArrangement, LineStyle, Table, presets};

use super::plain;

/// The most characters of a command that a table shows.
const COMMAND_WIDTH: usize = 50;

/// A table under construction.
pub(crate) struct Sheet {
    table: Table,
    colour: bool,
    status_column: usize,
}

impl Sheet {
    /// A table with these columns; the one headed `Status` is coloured if colours are wanted.
    pub(crate) fn new(columns: &[&str], colour: bool) -> Self {
        let mut table = Table::new();
        table.load_style(
            presets::ASCII_FULL_CONDENSED.header_separator(LineStyle::new('+', '-', '+', '+')),
        );
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(columns.to_vec());
        let status_column = columns.iter().position(|c| *c == "Status").unwrap_or(usize::MAX);
        Self { table, colour, status_column }
    }

    /// Adds a row. Cells are made harmless here.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.table.add_row(cells.iter().map(|cell| plain(cell)).collect::<Vec<_>>());
    }

    /// The table as text, a line end after each line.
    pub(crate) fn render(&self) -> String {
        let mut out = String::new();
        for line in self.table.lines() {
            match self.colour {
                true => out.push_str(&self.coloured(&line)),
                false => out.push_str(&line),
            }
            out.push('\n');
        }
        out
    }

    /// The columns before and including the status hold no bar, so that bars tell them apart.
    fn coloured(&self, line: &str) -> String {
        let mut cells: Vec<String> =
            line.splitn(self.status_column.saturating_add(3), '|').map(str::to_owned).collect();
        if let Some(cell) = cells.get_mut(self.status_column.saturating_add(1))
            && let Some(code) = colour_of(cell.trim())
        {
            *cell = format!("\x1b[{code}m{cell}\x1b[0m");
        }
        cells.join("|")
    }
}

fn colour_of(status: &str) -> Option<&'static str> {
    match status {
        "running" => Some("36"),
        "completed" | "reachable" | "up" => Some("32"),
        "failed" | "unreachable" | "down" => Some("31"),
        "missed" | "interrupted" => Some("33"),
        "cancelled" | "skipped" | "paused" | "not tried" => Some("2"),
        _ => None,
    }
}

/// A command for a table: its first 50 characters, and dots when there are more.
pub(crate) fn command_cell(command: &str) -> String {
    let command = plain(command);
    match command.char_indices().nth(COMMAND_WIDTH) {
        Some((end, _)) => format!("{}...", command.get(..end).unwrap_or_default()),
        None => command,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_and_hostile_cells_keep_the_table_whole() {
        let mut sheet = Sheet::new(&["ID", "Status", "Command"], false);
        sheet.row(vec!["1".to_owned(), "running".to_owned(), "日本 | x".to_owned()]);
        sheet.row(vec!["22".to_owned(), "failed".to_owned(), "a\x1b[31m\n\u{202e}".to_owned()]);
        let expected = "\
+----+---------+---------------------+
| ID | Status  | Command             |
+----+---------+---------------------+
| 1  | running | 日本 | x            |
| 22 | failed  | a\\x1b[31m\\n\\u{202e} |
+----+---------+---------------------+
";
        assert_eq!(sheet.render(), expected);
        sheet.colour = true;
        let coloured = sheet.render();
        assert!(coloured.contains("| 22 |\x1b[31m failed  \x1b[0m| a"), "{coloured}");
        assert_eq!(coloured.matches('\x1b').count(), 4);
    }

    #[test]
    fn commands_are_cut_after_50_characters() {
        let fits = "é".repeat(50);
        assert_eq!(command_cell(&fits), fits);
        assert_eq!(command_cell(&format!("{fits}x")), format!("{fits}..."));
    }
}
