//! What loom finds in the learner's code: the first order of threads that goes wrong, as steps.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::chapter::{Chapter, Part};
use crate::fault::Fault;
use crate::screen::{self, BAD, FAINT, GOOD, LEAD, WARN, paint};
use crate::suite::{self, Build, End, How, Outcome};
use crate::timeline;

/// So long may one model take: the largest takes half a minute.
const DEADLINE: Duration = Duration::from_secs(240);

/// A model of a crate, built for loom.
pub(crate) struct Model {
    binary: PathBuf,
    /// The folder of the crate.
    folder: PathBuf,
    name: String,
}

impl Model {
    /// Builds `TARGET::NAME`; what rustc says if it does not compile.
    pub(crate) fn build(
        root: &Path,
        chapter: &Chapter,
        name: &str,
    ) -> Result<Result<Model, Build>, Fault> {
        let (target, name) = name.split_once("::").unwrap_or((name, ""));
        let folder = root.join("crates").join(&chapter.package);
        let built = suite::build_models(root, &chapter.package, target)?;
        Ok(built.map(|binary| Model { binary, folder, name: name.to_owned() }))
    }

    pub(crate) fn run(&self, environment: &[(&str, String)]) -> Result<Outcome, Fault> {
        let how = How { deadline: DEADLINE, environment, until: None };
        suite::run_test(&self.binary, &self.folder, &self.name, how)
    }
}

/// Runs the models of a part; whether all end well.
pub(crate) fn models(root: &Path, chapter: &Chapter, part: &Part) -> Result<bool, Fault> {
    if !part.models.is_empty() {
        let word = "loom runs your code in every order in which threads can meet; the first build takes a minute";
        anstream::println!("  {}", paint(FAINT, word));
    }
    for name in &part.models {
        let model = match Model::build(root, chapter, name)? {
            Ok(model) => model,
            Err(build) => {
                anstream::print!("{build}");
                screen::next("mend what rustc says, then check again");
                return Ok(false);
            }
        };
        let folder =
            tempfile::tempdir().map_err(|error| Fault::new(format!("no room: {error}")))?;
        let failed = folder.path().join("failed.json").display().to_string();
        let outcome = model.run(&[
            ("LOOM_CHECKPOINT_FILE", failed.clone()),
            ("LOOM_CHECKPOINT_INTERVAL", "1".to_owned()),
        ])?;
        let sentence = suite::sentence(&model.name);
        if outcome.end == End::Passed {
            let count = executions(&outcome).unwrap_or_default();
            anstream::println!("  {} model: {sentence} {}", paint(GOOD, "✓"), paint(FAINT, count));
            continue;
        }
        anstream::println!("  {} model: {sentence}", paint(BAD, "✗"));
        if let End::Hung(after) = outcome.end {
            anstream::println!("    not done after {} s: does a thread spin?", after.as_secs());
            return Ok(false);
        }
        let told = model.run(&[
            ("LOOM_CHECKPOINT_FILE", failed),
            ("LOOM_LOG", "trace".to_owned()),
            ("LOOM_LOCATION", "1".to_owned()),
        ])?;
        anstream::println!(
            "    loom tries the orders in which the threads can meet; in this one it goes wrong:\n"
        );
        for step in steps(&told.lines) {
            anstream::println!("    {}", step.show());
        }
        anstream::println!();
        for line in timeline::message(&told.lines) {
            anstream::println!("    {}", paint(WARN, line));
        }
        let file = name.split("::").next().unwrap_or_default();
        anstream::println!(
            "    Objects are numbered as they were made: see `{}` in crates/{}/tests/{file}.rs.",
            model.name,
            chapter.package
        );
        screen::next(&format!(
            "find the step after which it can not go well, or the ordering that is too weak; then cargo course check {}",
            part.id
        ));
        return Ok(false);
    }
    Ok(true)
}

/// How many a model says that it has explored.
fn executions(outcome: &Outcome) -> Option<String> {
    outcome.lines.iter().find_map(|line| {
        let (before, _) = line.split_once(" executions")?;
        Some(format!("{} executions", before.rsplit(' ').next()?))
    })
}

/// A step of a thread.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    thread: usize,
    what: String,
}

impl Step {
    /// A column a thread.
    fn show(&self) -> String {
        let indent = " ".repeat(self.thread * 34);
        format!("{indent}{} {}", paint(LEAD, format!("thread {}", self.thread)), self.what)
    }
}

/// What loom logged of the last execution, of what threads do to objects; of the rest nothing.
fn steps(lines: &[String]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut execution = "";
    for line in lines {
        let Some((head, event)) = line.split_once(": loom::rt") else { continue };
        let its = head.split("iter{").nth(1).and_then(|rest| rest.split('}').next()).unwrap_or("");
        if its != execution {
            steps.clear();
            execution = its;
        }
        let thread = head.split("thread{id=").nth(1).and_then(|rest| rest.split('}').next());
        let thread = thread.and_then(|number| number.parse().ok()).unwrap_or(0);
        if let Some(what) = event.split_once(": ").and_then(|(_, event)| plainly(event)) {
            let step = Step { thread, what };
            if steps.last() != Some(&step) {
                steps.push(step);
            }
        }
    }
    steps
}

fn plainly(event: &str) -> Option<String> {
    let (name, rest) = event.split_once(' ').unwrap_or((event, ""));
    let object = rest.split(">(").nth(1).and_then(|rest| rest.split(')').next()).unwrap_or("?");
    let value = |key: &str| {
        rest.split(' ').find_map(|word| word.strip_prefix(key)).unwrap_or_default().to_owned()
    };
    Some(match name {
        "Atomic::new" => format!("makes atomic {object}"),
        "Atomic::load" => format!("loads {object} ({})", value("ordering=")),
        "Atomic::store" => format!("stores {object} ({})", value("ordering=")),
        "Atomic::rmw" => format!("changes {object} ({})", value("success=")),
        "Mutex::new" => format!("makes mutex {object}"),
        "Object::branch_acquire" => format!("locks {object}"),
        "Condvar::new" => format!("makes condvar {object}"),
        "Condvar::wait" => format!("waits on {object}"),
        "Condvar::notify_one" | "Condvar::notify_all" => format!("notifies {object}"),
        "spawn" => {
            format!("starts thread {}", rest.trim_start_matches("thread=Id(").trim_end_matches(')'))
        }
        "thread_done:" if rest.starts_with("drop locals") => "ends".to_owned(),
        "park" => "sleeps, and nobody wakes it".to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Step, steps};

    #[test]
    fn what_loom_logs_becomes_steps_of_threads() {
        let lines = [
            "TRACE iter{0}: loom::rt::atomic: Atomic::new state=Ref<loom::rt::atomic::State>(7)",
            "TRACE iter{1}: loom::rt::atomic: Atomic::new state=Ref<loom::rt::atomic::State>(0)",
            "TRACE iter{1}: loom::rt: spawn thread=Id(1)",
            "TRACE iter{1}:thread{id=1}: loom::rt: branch switch=true",
            "TRACE iter{1}:thread{id=1}: loom::rt::atomic: Atomic::rmw state=Ref<loom::rt::atomic::State>(0) success=AcqRel failure=Acquire",
            "TRACE iter{1}:thread{id=1}: loom::rt: thread_done: drop locals thread=Id(1)",
            "TRACE iter{1}:thread{id=0}: loom::rt: park thread=Id(0) active.state=Runnable { unparked: false }",
            "thread 'x' panicked at",
        ];
        let step = |thread, what: &str| Step { thread, what: what.to_owned() };
        let expected = [
            step(0, "makes atomic 0"),
            step(0, "starts thread 1"),
            step(1, "changes 0 (AcqRel)"),
            step(1, "ends"),
            step(0, "sleeps, and nobody wakes it"),
        ];
        assert_eq!(steps(&lines.map(str::to_owned)), expected);
    }
}
