//! What a test writes of the order of events, and what its panics say.

use std::path::Path;
use std::time::Duration;

use crate::chapter::Chapter;
use crate::fault::Fault;
use crate::learner::Learner;
use crate::starter;
use crate::suite::{self, How};

/// A line of a timeline begins so: see `rt_testkit::Timeline`.
const MARK: &str = "| ";
/// A test as it is, with its own deadline.
pub(crate) const HOW: How<'static> =
    How { deadline: Duration::from_secs(30), environment: &[], until: None };

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
        Ok(suite) => Ok(events(&suite.run(test, How { environment, ..HOW })?.lines)),
        Err(_) => {
            Err(Fault::new(format!("{} does not compile in {}", chapter.package, root.display()))
                .next("git status there: was it changed?"))
        }
    }
}

/// The lines of a timeline in what a test printed; the first may stand behind the test's name.
pub(crate) fn events(lines: &[String]) -> Vec<String> {
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
    use super::{events, message};

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
        assert_eq!(events(&lines), ["spawn a", "poll a"]);
    }
}
