//! What was counted, and what was left out.

use std::time::Duration;

use crate::http::Fetched;
use crate::paint::{Paint, Style, bar, grouped, tail};
use crate::pipeline::{LIMIT, Outcome};
use crate::stage::How;
use crate::tally::{Sum, Tally};

/// How many kinds of files, words and problems are listed.
const MOST: usize = 10;
/// A word must be so long to be listed: everybody knows `a` and `if`. The title of the list says it.
const WORD: usize = 3;
/// The width of the left half.
const LEFT: usize = 46;

pub(crate) fn draw(outcome: &Outcome, took: Duration, paint: &Paint) -> String {
    let tally = &outcome.tally;
    let files = match tally.files() {
        0 if tally.problems.is_empty() => "there is no text file".to_owned(),
        0 => "no file could be read".to_owned(),
        1 => "1 file".to_owned(),
        files => format!("{} files", grouped(files)),
    };
    let mut text = paint.heading("The words", &format!("{files}, {:.2} s", took.as_secs_f64()));
    if tally.files() > 0 {
        text.push_str(&columns(tally, paint));
        text.push_str(&records(tally, paint));
    }
    text.push_str(&problems(tally, paint));
    text.push_str(&ends(outcome, paint));
    text
}

/// The table as it came over HTTP.
pub(crate) fn served(fetched: &Fetched, paint: &Paint) -> String {
    let kib = grouped(fetched.body.len().div_ceil(1024) as u64);
    let what = paint.paint(Style::Faint, &format!("{:15}", "over HTTP"));
    format!("{}\n{what}{kib} KiB from {}, {:?}\n", fetched.body, fetched.from, fetched.took)
}

/// The kinds of files on the left, the words on the right; or below, where there is no room.
fn columns(tally: &Tally, paint: &Paint) -> String {
    let is_wide = paint.has_room_for_pictures();
    let room = if is_wide { paint.width() - LEFT - 2 } else { paint.width() };
    let (left, right) = (kinds(tally, paint), words(tally, room, paint));
    if !is_wide {
        return format!("{}\n\n{}\n", left.join("\n"), right.join("\n"));
    }
    let blank = " ".repeat(LEFT);
    let mut text = String::new();
    for at in 0..left.len().max(right.len()) {
        let left = left.get(at).unwrap_or(&blank);
        let right = right.get(at).map_or("", String::as_str);
        text.push_str(format!("{left}  {right}").trim_end());
        text.push('\n');
    }
    text
}

fn kinds(tally: &Tally, paint: &Paint) -> Vec<String> {
    let title = format!("{:10}{:>7}{:>10}{:>11}{:>8}", "kind", "files", "lines", "words", "KiB");
    let mut kinds: Vec<_> = tally.kinds.iter().collect();
    kinds.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.words));
    let mut lines = vec![paint.paint(Style::Faint, &title)];
    lines.extend(kinds.iter().take(MOST).map(|(kind, sum)| kind_line(&tail(kind, 9), **sum)));
    lines.push(paint.paint(Style::Title, &kind_line("all", tally.sum())));
    lines
}

fn kind_line(kind: &str, sum: Sum) -> String {
    let [files, lines, words, kib] =
        [sum.files, sum.lines, sum.words, sum.bytes.div_ceil(1024)].map(grouped);
    format!("{kind:10}{files:>7}{lines:>10}{words:>11}{kib:>8}")
}

fn words(tally: &Tally, room: usize, paint: &Paint) -> Vec<String> {
    let listed = tally.words.iter().filter(|(word, _)| word.chars().count() >= WORD);
    let mut words: Vec<_> = listed.collect();
    words.sort_by_key(|(word, count)| (std::cmp::Reverse(**count), *word));
    let title = format!("{:12}{:>7}  ≥ 3 letters", "word", "times");
    let mut lines = vec![paint.paint(Style::Faint, &title)];
    let most = words.first().map_or(1, |(_, count)| **count);
    let room = room - 21;
    for (word, count) in words.into_iter().take(MOST) {
        let bar = paint.paint(Style::Busy, &bar(*count as f64 / most as f64, room));
        lines.push(format!("{:12}{:>7}  {bar}", tail(word, 11), grouped(*count)));
    }
    lines
}

fn records(tally: &Tally, paint: &Paint) -> String {
    let record = |what: &str, best: &Option<(String, u64)>, unit: &str| {
        best.as_ref().map_or(String::new(), |(name, count)| {
            let name = tail(name, paint.width() - 36);
            let what = paint.paint(Style::Faint, &format!("{what:15}"));
            let plural = if *count == 1 { "" } else { "s" };
            format!("{what}{name}  ({} {unit}{plural})\n", grouped(*count))
        })
    };
    let longest = record("longest file", &tally.longest, "line");
    let most_words = record("most words", &tally.most_words, "word");
    let different = paint.paint(Style::Faint, &format!("{:15}", "vocabulary"));
    let words = grouped(tally.words.len() as u64);
    format!("\n{longest}{most_words}{different}{words} different words\n")
}

fn problems(tally: &Tally, paint: &Paint) -> String {
    let mut text = String::new();
    for problem in tally.problems.iter().take(MOST) {
        let path = crate::item::shown(&problem.path);
        let mark = paint.paint(Style::Bad, "left out");
        text.push_str(&format!("\n{mark}       {path}: {}", problem.why));
    }
    if tally.problems.len() > MOST {
        text.push_str(&format!("\n               … and {} more", tally.problems.len() - MOST));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// Which stages did not end by themselves.
fn ends(outcome: &Outcome, paint: &Paint) -> String {
    let mut text = String::new();
    for end in &outcome.ends {
        let name = paint.paint(Style::Title, &format!("{:15}", end.name));
        let (style, what) = match &end.how {
            How::Done => continue,
            How::TooLate => {
                (Style::Bad, format!("stopped after {LIMIT:?}: what is above is incomplete"))
            }
            How::Aborted => (Style::Plain, "cancelled by an abort when all was counted".to_owned()),
            How::Panicked(message) => (
                Style::Plain,
                format!(
                    "\"{message}\"\n{:15}as planned: its joiner was told, nobody else noticed",
                    ""
                ),
            ),
        };
        text.push_str(&format!("\n{name}{}", paint.paint(style, &what)));
    }
    if outcome.tally.is_incomplete {
        text.push_str(&paint.paint(Style::Bad, "\nno file came for too long: this is incomplete"));
    }
    if text.is_empty() { text } else { text + "\n" }
}
