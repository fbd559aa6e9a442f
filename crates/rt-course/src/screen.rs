//! What the terminal shows: colours and signs, in one place.
//!
//! `anstream` takes the colours away where there is no terminal, or where `NO_COLOR` is set.

use std::io::{self, BufRead, IsTerminal, Write};

use anstyle::{AnsiColor, Effects, Style};

use crate::fault::Fault;

pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
pub(crate) const LEAD: Style = AnsiColor::Cyan.on_default();
pub(crate) const STRONG: Style = Style::new().effects(Effects::BOLD);
pub(crate) const FAINT: Style = Style::new().effects(Effects::DIMMED);

/// A text in a style.
pub(crate) fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// The next action, the last line of everything.
pub(crate) fn next(what: &str) {
    anstream::println!("{} {what}", paint(LEAD, "next:"));
}

/// What is entered behind a question.
pub(crate) fn ask(question: &str) -> Result<String, Fault> {
    if !io::stdin().is_terminal() {
        return Err(Fault::new("there is no terminal to ask on")
            .next("give it on the line, as `--answer \"…\"`"));
    }
    anstream::print!("{question}");
    io::stdout().flush().ok();
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Fault::new(format!("no answer: {error}")))?;
    Ok(answer)
}

/// Lines of at most `width` characters, broken at spaces.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.trim_end().trim_start_matches('\n').lines() {
        let indent: String = paragraph.chars().take_while(|letter| *letter == ' ').collect();
        let mut line = indent.clone();
        for word in paragraph.split_whitespace() {
            if line.trim().is_empty() {
                line.push_str(word);
            } else if line.chars().count() + 1 + word.chars().count() <= width {
                line.push(' ');
                line.push_str(word);
            } else {
                lines.push(std::mem::replace(&mut line, format!("{indent}{word}")));
            }
        }
        lines.push(line);
    }
    lines
}

/// Two columns, with a sign between those lines that differ.
pub(crate) fn beside(left: (&str, &[String]), right: (&str, &[String])) {
    let width = left.1.iter().map(|line| line.chars().count()).max().unwrap_or(0).max(24);
    let pad =
        |text: &str| format!("{text}{}", " ".repeat(width.saturating_sub(text.chars().count())));
    anstream::println!("    {}   {}", paint(STRONG, pad(left.0)), paint(STRONG, right.0));
    for at in 0..left.1.len().max(right.1.len()) {
        let [mine, theirs] =
            [left.1, right.1].map(|lines| lines.get(at).map_or("", String::as_str));
        let (sign, style) = if mine == theirs { (" ", FAINT) } else { ("≠", BAD) };
        anstream::println!("    {} {} {theirs}", paint(style, pad(mine)), paint(style, sign));
    }
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn lines_are_broken_at_spaces_and_keep_their_indent() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("  one two\nthree", 6), ["  one", "  two", "three"]);
        assert_eq!(wrap("averylongword x", 4), ["averylongword", "x"]);
    }
}
