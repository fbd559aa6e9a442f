//! `cargo course hint [PART]`: the next of three.

use crate::fault::Fault;
use crate::learner::Learner;
use crate::part::PartId;
use crate::screen::{self, FAINT, STRONG, paint};

const LEVELS: [&str; 3] = ["what must hold", "the approach", "nearly the code"];

pub(crate) fn hint(learner: &mut Learner, named: Option<PartId>) -> Result<(), Fault> {
    let id = learner.part_or_current(named)?;
    let (_, part) = learner.course.part(id)?;
    let shown = (learner.hints_shown(part) + 1).min(part.hints.len());
    anstream::println!("{} {}", paint(STRONG, format!("step {id}")), part.title);
    for (hint, level) in part.hints.iter().zip(LEVELS).take(shown) {
        anstream::println!("\n  {}", paint(FAINT, level));
        // The last one is nearly code: its lines are as they were written.
        let width = if level == LEVELS[2] { usize::MAX } else { 88 };
        for line in screen::wrap(hint, width) {
            anstream::println!("  {line}");
        }
    }
    anstream::println!();
    let is_last = shown == part.hints.len();
    screen::next(&match is_last {
        false => {
            format!("cargo course check {id}, or the hint behind this: cargo course hint {id}")
        }
        true => {
            format!("cargo course check {id}; there is no further hint: cargo course solution {id}")
        }
    });
    learner.record(|progress| {
        progress.hints.insert(id.to_string(), shown);
    })
}
