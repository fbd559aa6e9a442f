//! What loom finds in the learner's code: the first order of threads that goes wrong, as steps.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::chapter::{Chapter, Part};
use crate::command::trace;
use crate::fault::Fault;
use crate::screen::{self, BAD, FAINT, GOOD, LEAD, WARN, paint};
use crate::suite::{self, End};

/// So long may one model take: the largest takes half a minute.
const DEADLINE: Duration = Duration::from_secs(240);

/// Runs the models of a part; whether all end well.
pub(crate) fn models(root: &Path, chapter: &Chapter, part: &Part) -> Result<bool, Fault> {
    for model in &part.models {
        let (target, name) = model.split_once("::").unwrap_or((model, ""));
        let binary = match suite::build_models(root, &chapter.package, target)? {
            Ok(binary) => binary,
            Err(build) => {
                let said: Vec<_> = build.said.iter().map(|said| said.text.as_str()).collect();
                anstream::println!("{}", said.join("\n"));
                return Ok(false);
            }
        };
        let folder =
            tempfile::tempdir().map_err(|error| Fault::new(format!("no room: {error}")))?;
        let failed = folder.path().join("failed.json");
        let run = |variables: &[(&str, &str)]| {
            let mut command = Command::new(&binary);
            command
                .args(["--exact", name, "--nocapture", "--test-threads=1", "--color=never"])
                .current_dir(root.join("crates").join(&chapter.package))
                .env_remove("RUST_BACKTRACE")
                .env("LOOM_CHECKPOINT_FILE", &failed)
                .envs(variables.iter().copied());
            suite::run(command, DEADLINE, None)
        };
        let outcome = run(&[("LOOM_CHECKPOINT_INTERVAL", "1")])?;
        let sentence = name.replace('_', " ");
        if outcome.end == End::Passed {
            let count = outcome.lines.iter().find_map(|line| {
                line.split(", ").find(|piece| piece.ends_with(" executions")).map(str::to_owned)
            });
            let count = count.unwrap_or_default();
            anstream::println!("  {} model: {sentence} {}", paint(GOOD, "✓"), paint(FAINT, count));
            continue;
        }
        anstream::println!("  {} model: {sentence}", paint(BAD, "✗"));
        if let End::Hung(after) = outcome.end {
            anstream::println!("    not done after {} s: does a thread spin?", after.as_secs());
            return Ok(false);
        }
        anstream::println!(
            "    loom has tried the orders in which the threads can meet; in this one it goes wrong:\n"
        );
        let told = run(&[("LOOM_LOG", "trace"), ("LOOM_LOCATION", "1")])?;
        for step in steps(&told.lines) {
            anstream::println!("    {}", step.show());
        }
        anstream::println!();
        for line in trace::message(&told.lines) {
            anstream::println!("    {}", paint(WARN, line));
        }
        anstream::println!(
            "    The objects are numbered as they were made: see the first lines of `{name}` in crates/{}/tests/{target}.rs.",
            chapter.package
        );
        screen::next(&format!(
            "find the moment in which another thread comes between, then cargo course check {}",
            part.id
        ));
        return Ok(false);
    }
    Ok(true)
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

/// What loom logged, of what threads do to objects; of the rest nothing.
fn steps(lines: &[String]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in lines {
        let Some((head, event)) = line.split_once(": loom::rt") else { continue };
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
