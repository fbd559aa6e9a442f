//! Numbers that keep their width, and the looks of a table.

use std::panic::Location;
use std::time::Duration;

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::Cell;
use rt::task::Priority;

/// Three digits and a unit: six characters at most.
pub(crate) fn time(duration: Duration) -> String {
    let (nanos, seconds) = (duration.as_nanos() as f64, duration.as_secs_f64());
    match nanos {
        0.0 => "0".to_owned(),
        ..1e3 => format!("{nanos:.0}ns"),
        ..1e6 => digits(nanos / 1e3, "µs"),
        ..1e9 => digits(nanos / 1e6, "ms"),
        ..1e11 => digits(seconds, "s"),
        _ if seconds < 6e3 => format!("{:.0}min", seconds / 60.0),
        _ => digits(seconds / 3600.0, "h"),
    }
}

/// So many a second: six characters at most.
pub(crate) fn rate(value: f64) -> String {
    if value > 0.0 && value < 9.95 { format!("{value:.1}") } else { count(value.round() as u64) }
}

/// A number: six characters at most.
pub(crate) fn count(value: u64) -> String {
    let number = value as f64;
    match value {
        0..100_000 => value.to_string(),
        100_000..1_000_000 => digits(number / 1e3, "k"),
        1_000_000..1_000_000_000 => digits(number / 1e6, "M"),
        _ => digits(number / 1e9, "G"),
    }
}

/// As much of it as there is room for.
pub(crate) fn fit(text: &str, width: usize) -> String {
    match text.char_indices().nth(width.saturating_sub(1)) {
        Some((at, last)) if at + last.len_utf8() < text.len() => format!("{}…", &text[..at]),
        _ => text.to_owned(),
    }
}

fn digits(value: f64, unit: &str) -> String {
    let digits = if value < 9.995 {
        2
    } else if value < 99.95 {
        1
    } else {
        0
    };
    format!("{value:.digits$}{unit}")
}

pub(crate) fn percent(share: f64) -> String {
    format!("{:.0}%", 100.0 * share)
}

pub(crate) fn class(class: Priority) -> &'static str {
    match class {
        Priority::High => "high",
        Priority::Normal => "normal",
        Priority::Low => "low",
    }
}

/// The file and the line; of its folders one, if there is room.
pub(crate) fn place(place: &Location<'_>, width: usize) -> String {
    let file = place.file();
    let after = |slash| file.rmatch_indices('/').nth(slash).map_or(0, |(at, _)| at + 1);
    let text = |start: usize| format!("{}:{}", &file[start..], place.line());
    let (short, long) = (text(after(0)), text(after(1)));
    if long.chars().count() <= width { long } else { short }
}

/// A cell whose text ends at the right: a number.
pub(crate) fn right(text: impl Into<String>) -> Cell<'static> {
    Cell::from(Line::from(text.into()).right_aligned())
}

pub(crate) fn left(text: impl Into<String>) -> Cell<'static> {
    Cell::from(text.into())
}

/// The head of a table: the terminal's own two colours, exchanged.
pub(crate) fn head() -> Style {
    Style::new().add_modifier(Modifier::REVERSED)
}

pub(crate) fn bold() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

/// Colours that can be read on white as well as on black: neither yellow nor blue. They say nothing that the
/// number beside them does not.
pub(crate) fn heat(share: f64) -> Style {
    Style::new().fg(match share {
        ..0.5 => Color::Green,
        ..0.85 => Color::Magenta,
        _ => Color::Red,
    })
}

/// How a poll looks that lasts so long.
pub(crate) fn slowness(poll: Duration) -> Style {
    match poll.as_millis() {
        0..10 => Style::new(),
        10..100 => Style::new().fg(Color::Magenta),
        _ => Style::new().fg(Color::Red),
    }
}
