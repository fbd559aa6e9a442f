//! `cargo course solution PART`: the difference between yours and ours.

use std::io::{self, IsTerminal};

use crate::fault::Fault;
use crate::folder::read;
use crate::git;
use crate::learner::Learner;
use crate::marker::Stub;
use crate::part::PartId;
use crate::screen::{self, FAINT, STRONG, paint};
use crate::source::Source;

pub(crate) fn solution(
    learner: &Learner,
    named: Option<PartId>,
    has_agreed: bool,
) -> Result<(), Fault> {
    let id = learner.part_or_current(named)?;
    let (chapter, part) = learner.course.part(id)?;
    if !learner.has_passed(id) && !has_agreed && !agrees(learner, id)? {
        screen::next(&format!("cargo course hint {id}"));
        return Ok(());
    }
    anstream::println!("{} {}", paint(STRONG, format!("step {id}")), part.title);
    let has_colour = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
    for (source, marked) in chapter.marked(id) {
        let ours = plain(source.text_of(&marked.item));
        // A file that is gone or does not parse has none of it.
        let text = read(&learner.root.join(&source.path)).unwrap_or_default();
        let mine = Source::read(&source.path, &text)
            .ok()
            .and_then(|yours| yours.find(&marked.item.name).map(|item| plain(yours.text_of(item))));
        let lead = match (&mine, &marked.stub) {
            (None, Stub::Omit) => "a helper of ours that you have not",
            (None, _) => "yours is not found: is it called otherwise, or does its file not parse?",
            (Some(mine), _) if *mine == ours => "yours is the same as ours",
            (Some(_), _) => "from yours (-) to ours (+)",
        };
        anstream::println!(
            "\n{}  {} {}",
            paint(STRONG, &source.path),
            marked.item.name,
            paint(FAINT, lead)
        );
        match mine {
            Some(mine) => anstream::print!("{}", git::difference(&mine, &ours, has_colour)?),
            None => anstream::print!("{ours}"),
        }
    }
    anstream::println!();
    screen::next(&match learner.has_passed(id) {
        true => "cargo course check".to_owned(),
        false => format!("cargo course check {id}"),
    });
    Ok(())
}

/// Without the line that says which part it is.
fn plain(text: &str) -> String {
    let is_sign = |line: &str| {
        let line = line.trim();
        line.starts_with("// COURSE(") || line.starts_with("// STEP ")
    };
    text.lines().filter(|line| !is_sign(line)).map(|line| format!("{line}\n")).collect()
}

fn agrees(learner: &Learner, id: PartId) -> Result<bool, Fault> {
    let (_, part) = learner.course.part(id)?;
    let left = part.hints.len().saturating_sub(learner.hints_shown(part));
    if !io::stdin().is_terminal() {
        return Err(Fault::new(format!("{id} has not passed yet: the solution would spoil it"))
            .next(format!("cargo course hint {id}, or cargo course solution {id} --yes")));
    }
    let hints = match left {
        0 => "You have seen all hints.".to_owned(),
        1 => "There is a hint that you have not seen.".to_owned(),
        _ => format!("There are {left} hints that you have not seen."),
    };
    let answer =
        screen::ask(&format!("{id} has not passed yet. {hints} Show the solution? [y/N] "))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
