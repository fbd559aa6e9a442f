//! Whether a failure looks like one that we know.

use std::time::Duration;

use crate::chapter::{Chapter, Part};
use crate::fault::Fault;
use crate::learner::Learner;
use crate::screen::{self, WARN, paint};
use crate::starter::{self, Tree};
use crate::suite::{self, End, How, Outcome, Outcomes};

/// Whether one of the known-wrong bodies makes the same tests red, and no other: it is run.
pub(crate) fn known(
    learner: &Learner,
    chapter: &Chapter,
    part: &Part,
    outcomes: &Outcomes,
) -> Result<(), Fault> {
    let red = |outcomes: &[(String, Outcome)]| -> Vec<String> {
        let red = outcomes.iter().filter(|(_, outcome)| outcome.end != End::Passed);
        red.map(|(test, _)| test.clone()).collect()
    };
    let mine = red(outcomes);
    let mut candidates = part
        .wrong
        .iter()
        .filter(|wrong| {
            let mut here = wrong.fails.iter().filter(|test| part.has(test)).peekable();
            here.peek().is_some() && here.all(|test| mine.contains(test))
        })
        .peekable();
    if candidates.peek().is_none() {
        return Ok(());
    }
    let place = learner.course.root.join("target/course/switched");
    starter::make(&learner.course, &Tree::Switched)?.replace(&place)?;
    let Ok(suite) = suite::build(&place, &chapter.package)? else { return Ok(()) };
    let tests: Vec<&str> = outcomes.iter().map(|(test, _)| test.as_str()).collect();
    for wrong in candidates {
        let environment =
            [("RT_COURSE_WRONG", wrong.name.clone()), ("RT_DEADLINE", "3".to_owned())];
        let how = How { deadline: Duration::from_secs(20), environment: &environment, until: None };
        let theirs: Vec<(String, Outcome)> = suite
            .run_all(&tests, how)?
            .into_iter()
            .map(|(test, outcome)| (test.to_owned(), outcome))
            .collect();
        if red(&theirs) == mine {
            anstream::println!(
                "\n  {}",
                paint(WARN, "a mistake that we know fails the same tests:")
            );
            for line in screen::wrap(&wrong.says, 88) {
                anstream::println!("  {line}");
            }
            anstream::println!(
                "  It breaks [{}]: see the invariants in the chapter.",
                wrong.breaks
            );
            break;
        }
    }
    Ok(())
}
