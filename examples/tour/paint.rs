//! Colours, widths, and numbers that one can read.

use std::env;
use std::io::{self, IsTerminal};
use std::process::{Command, Stdio};

/// The width of a row's name.
pub(crate) const NAME: usize = 9;

/// A picture of fewer columns shows nothing.
const PICTURE: usize = 80;

/// How a text looks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Title,
    Faint,
    Good,
    Bad,
    Busy,
    Woken,
}

impl Style {
    fn code(self) -> &'static str {
        match self {
            Style::Plain => "0",
            Style::Title => "1",
            Style::Faint => "2",
            Style::Good => "32",
            Style::Bad => "31",
            Style::Busy => "36",
            Style::Woken => "33",
        }
    }
}

/// What the output can show.
pub(crate) struct Paint {
    has_colors: bool,
    width: usize,
}

impl Paint {
    /// Colours on a terminal only, and not where `NO_COLOR` is set to something.
    pub(crate) fn of_stdout() -> Paint {
        let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
        let is_terminal = io::stdout().is_terminal();
        let columns = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let columns = columns.or_else(|| is_terminal.then(columns_of_terminal).flatten());
        Paint {
            has_colors: is_terminal && !refused && !is_dumb,
            width: columns.unwrap_or(92).clamp(50, 100),
        }
    }

    pub(crate) fn has_room_for_pictures(&self) -> bool {
        self.width >= PICTURE
    }

    /// In place of the pictures.
    pub(crate) fn too_narrow(&self) -> String {
        let heading = self.heading("What the runtime did", "");
        format!("{heading}The pictures need {PICTURE} columns, here are {}.\n", self.width)
    }

    /// How many columns a line may have.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        if !self.has_colors || style == Style::Plain || text.is_empty() {
            return text.to_owned();
        }
        format!("\x1b[{}m{text}\x1b[0m", style.code())
    }

    /// A row of cells: neighbours of one style share its code.
    pub(crate) fn cells(&self, cells: &[(char, Style)]) -> String {
        let runs = cells.chunk_by(|a, b| a.1 == b.1);
        runs.map(|run| self.paint(run[0].1, &run.iter().map(|cell| cell.0).collect::<String>()))
            .collect()
    }

    /// A heading, with a rule to the right edge.
    pub(crate) fn heading(&self, title: &str, note: &str) -> String {
        let used = title.chars().count() + note.chars().count() + 4;
        let rule = "─".repeat(self.width.saturating_sub(used));
        let (title, rest) = (self.paint(Style::Title, title), format!("{note} {rule}"));
        format!("\n{title}  {}\n\n", self.paint(Style::Faint, &rest))
    }
}

/// Shells hardly ever tell their programs; `stty` asks the terminal.
fn columns_of_terminal() -> Option<usize> {
    let mut stty = Command::new("stty");
    let asked = stty.arg("size").stdin(Stdio::inherit()).stderr(Stdio::null()).output().ok()?;
    let rows_and_columns = String::from_utf8(asked.stdout).ok()?;
    let columns = rows_and_columns.split_whitespace().nth(1)?.parse().ok()?;
    (columns > 0).then_some(columns)
}

/// `12345678` as `12,345,678`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The end of a text that is too long, after `…`.
pub(crate) fn tail(text: &str, width: usize) -> String {
    let count = text.chars().count();
    if count <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().skip(count - width.saturating_sub(1)).collect();
    format!("…{kept}")
}

/// A bar of at most `width` columns, in eighths, never empty.
pub(crate) fn bar(share: f64, width: usize) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    // At most `width * 8`, which is small.
    let eighths = ((share.clamp(0.0, 1.0) * width as f64 * 8.0).round() as usize).max(1);
    format!("{}{}", "█".repeat(eighths / 8), PARTS[eighths % 8])
}
