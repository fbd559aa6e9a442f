//! `cargo course trace TEST`: the timeline of your run beside the expected one.

use std::path::Path;
use std::time::Duration;

use crate::chapter::Chapter;
use crate::fault::Fault;
use crate::learner::Learner;
use crate::screen;
use crate::starter;
use crate::suite::{self, How};

/// A line of a timeline begins so: see `rt_testkit::Timeline`.
const MARK: &str = "| ";
const HOW: How<'static> = How { deadline: Duration::from_secs(30), environment: &[], until: None };

pub(crate) fn trace(learner: &Learner, name: &str) -> Result<(), Fault> {
    // As `check` shows it, or as it is called.
    let name: &str = &name.replace(' ', "_");
    for chapter in &learner.course.chapters {
        let suite = match suite::build(&learner.root, &chapter.package)? {
            Ok(suite) => suite,
            Err(build) => {
                for said in build.said.iter().take(1) {
                    anstream::println!("{}", said.text.trim_end());
                }
                return Err(Fault::new(format!("{} does not compile", chapter.package))
                    .next("mend what rustc says"));
            }
        };
        let Some(test) =
            suite.tests.iter().find(|test| *test == name || test.ends_with(&format!("::{name}")))
        else {
            continue;
        };
        let outcome = suite.run(test, HOW)?;
        let (yours, ours) = (timeline(&outcome.lines), of_reference(learner, chapter, test, &[])?);
        if ours.is_empty() {
            return Err(Fault::new(format!("`{test}` writes no timeline"))
                .next("cargo course check says what it says"));
        }
        anstream::println!("{test} in {}", chapter.package);
        screen::beside(("yours", &yours), ("expected", &ours));
        for line in message(&outcome.lines) {
            anstream::println!("    {line}");
        }
        return Ok(());
    }
    Err(Fault::new(format!("no chapter has a test called `{name}`"))
        .next("cargo course check shows their names"))
}

/// The timeline that a test writes with the reference.
pub(crate) fn of_reference(
    learner: &Learner,
    chapter: &Chapter,
    test: &str,
    environment: &[(&str, String)],
) -> Result<Vec<String>, Fault> {
    let place = starter::reference(&learner.course)?;
    of(&place, chapter, test, environment)
}

/// The timeline that a test writes in a workspace.
pub(crate) fn of(
    root: &Path,
    chapter: &Chapter,
    test: &str,
    environment: &[(&str, String)],
) -> Result<Vec<String>, Fault> {
    match suite::build(root, &chapter.package)? {
        Ok(suite) => Ok(timeline(&suite.run(test, How { environment, ..HOW })?.lines)),
        Err(_) => {
            Err(Fault::new(format!("{} does not compile in {}", chapter.package, root.display()))
                .next("git status there: was it changed?"))
        }
    }
}

/// The lines of a timeline in what a test printed; the first may stand behind the test's name.
pub(crate) fn timeline(lines: &[String]) -> Vec<String> {
    let event = |line: &String| {
        let named = line.strip_prefix("test ").and_then(|line| line.split_once(" ... "));
        named.map_or(line.as_str(), |(_, rest)| rest).strip_prefix(MARK).map(str::to_owned)
    };
    lines.iter().filter_map(event).collect()
}

/// What the panics of a test said, without what rustc's test harness adds.
pub(crate) fn message(lines: &[String]) -> Vec<&str> {
    let mut said = Vec::new();
    let mut is_in_message = false;
    for line in lines {
        if line.contains("panicked at ") {
            is_in_message = true;
        } else if line.starts_with("note: ")
            || line.starts_with("stack backtrace:")
            || line.starts_with("running ")
            || line.starts_with("test ")
            || line.starts_with(MARK)
            || line == "failures:"
        {
            is_in_message = false;
        } else if is_in_message && !line.is_empty() {
            said.push(line.as_str());
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::{message, timeline};

    #[test]
    fn a_message_is_what_stands_between_the_panic_and_the_note() {
        let lines = [
            "running 1 test",
            "test x ... | spawn a",
            "| poll a",
            "thread 'x' panicked at a.rs:1:2:",
            "assertion `left == right` failed: lost",
            "  left: 1",
            " right: 2",
            "note: run with `RUST_BACKTRACE=1`",
            "test x ... FAILED",
            "failures:",
            "",
            "failures:",
            "    x",
        ];
        let lines = lines.map(str::to_owned);
        assert_eq!(
            message(&lines),
            ["assertion `left == right` failed: lost", "  left: 1", " right: 2"]
        );
        assert_eq!(timeline(&lines), ["spawn a", "poll a"]);
    }
}
