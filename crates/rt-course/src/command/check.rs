//! `cargo course check [STEP]`: the current part first, then all before it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::chapter::{Chapter, Part};
use crate::fault::Fault;
use crate::folder::{self, Folder, read};
use crate::git::PRISTINE;
use crate::learner::Learner;
use crate::mistake;
use crate::model;
use crate::part::{Goal, PartId};
use crate::place::{self, Place};
use crate::screen::{self, BAD, FAINT, GOOD, STRONG, WARN, paint};
use crate::source::Source;
use crate::starter::{self, Tree};
use crate::suite::{self, Build, End, How, Outcome, Outcomes, Suite, cargo, sentence};
use crate::timeline;

/// After so many seconds a test says itself that it hangs.
const HANG: u32 = 8;
/// For one that can not.
const DEADLINE: Duration = Duration::from_secs(20);
/// What a stub says.
const STUB: &str = "not yet implemented: step ";
const TOUR: &str = "cargo run, the tour, on what you built";
/// So many failures are told in full; of the others, the names.
const TOLD: usize = 2;
/// A timeline that is longer is not shown.
const LINES: usize = 60;

/// What was built so far: a suite a crate.
struct Suites {
    root: PathBuf,
    built: BTreeMap<String, Suite>,
}

/// Whether all that was asked for is green.
pub(crate) fn check(
    learner: &mut Learner,
    goal: Option<Goal>,
    on_reference: bool,
) -> Result<bool, Fault> {
    if let Some(goal) = goal {
        match goal {
            Goal::Step(step) => drop(learner.course.chapter(step)?),
            Goal::Part(id) => drop(learner.course.part(id)?),
        }
    }
    if on_reference {
        let step = match goal {
            Some(Goal::Step(step)) => step,
            // A part is tried with the rest of its step.
            Some(Goal::Part(id)) => id.step,
            None => {
                return Err(Fault::new("--on-reference takes a step")
                    .next("cargo course check 2 --on-reference"));
            }
        };
        return on_the_reference(learner, step);
    }
    let mut suites = Suites { root: learner.root.clone(), built: BTreeMap::new() };
    let is_first_run = learner.progress.passed.is_empty() && goal.is_none();
    let Some(goal) = goal.or_else(|| learner.current().map(Goal::Part)) else {
        let is_green = all_before(learner, &mut suites, None, true)?;
        if is_green {
            let word =
                "Every part is built, and every test of them is green. It is your runtime now.";
            anstream::println!("{}", paint(GOOD, word));
            screen::next(TOUR);
        }
        return Ok(is_green);
    };

    let parts: Vec<PartId> =
        learner.course.parts().map(|(_, part)| part.id).filter(|id| goal.has(*id)).collect();
    let mut is_green = true;
    for (at, id) in parts.iter().enumerate() {
        let (chapter, part) = learner.course.part(*id)?;
        anstream::println!("{} {}", paint(STRONG, format!("step {id}")), part.title);
        let outcomes = match suites.run(&chapter.package, part)? {
            Ok(outcomes) => outcomes,
            Err(build) => return does_not_compile(&build),
        };
        is_green = show(learner, chapter, part, &outcomes)?;
        if !is_green {
            if is_first_run && outcomes.iter().all(|(_, outcome)| is_unwritten(outcome)) {
                first_words();
            }
            let left = parts.len() - at - 1;
            if left > 0 {
                anstream::println!(
                    "{}",
                    paint(FAINT, format!("The {left} parts behind it were not looked at."))
                );
            }
            next_of_red(learner, part, &outcomes);
            break;
        }
        if let Err(fault) = lints(&suites.root, chapter, part) {
            let word = format!("clippy has not looked at it ({fault})");
            anstream::println!("  {}", paint(FAINT, word.lines().next().unwrap_or_default()));
        }
        // They take longer than the tests: once, and when the part is asked for by its name.
        let is_asked = goal == Goal::Part(*id) || !learner.has_passed(*id);
        if !is_asked && !part.models.is_empty() {
            let word = format!("its models were not run again: cargo course check {id} does");
            anstream::println!("  {}", paint(FAINT, word));
        }
        is_green = (!is_asked || model::models(&suites.root, chapter, part)?)
            && (*id != chapter.last() || rest_of_chapter(learner, &suites, chapter)?);
        if !is_green {
            break;
        }
        learner.record(|progress| {
            progress.passed.insert(id.to_string());
        })?;
    }
    let earlier = all_before(learner, &mut suites, Some(goal), is_green)?;
    if is_green && earlier {
        what_is_next(learner, parts.last().copied())?;
    }
    Ok(is_green && earlier)
}

/// The next part, when `last` and all before it are green; at the end of a step what else there is.
fn what_is_next(learner: &Learner, last: Option<PartId>) -> Result<(), Fault> {
    let current = learner.current();
    let done = last.filter(|last| current.is_none_or(|id| id.step > last.step));
    if let Some(last) = done {
        end_of_step(last.step);
    }
    let Some(id) = current else {
        screen::next(TOUR);
        return Ok(());
    };
    let (chapter, part) = learner.course.part(id)?;
    place::of(learner, chapter, part)?.iter().for_each(Place::show);
    let read = match done {
        Some(_) => format!("the chapter in crates/{}/README.md, then ", chapter.package),
        None => String::new(),
    };
    screen::next(&format!("{read}step {id}, {}", part.title));
    Ok(())
}

/// Looks again whenever a source changes.
pub(crate) fn watch(goal: Option<Goal>) -> Result<bool, Fault> {
    loop {
        anstream::print!("\x1b[2J\x1b[1;1H");
        // Anew: an edit may change what there is to read.
        let mut learner = Learner::here()?;
        let seen = stamps(&learner.root);
        if let Err(fault) = check(&mut learner, goal, false) {
            anstream::println!("{} {fault}", paint(BAD, "not done:"));
            fault.advice().into_iter().for_each(screen::next);
        }
        anstream::println!("{}", paint(FAINT, "Looks again when a file changes; Ctrl-C ends it."));
        while stamps(&learner.root) == seen {
            std::thread::sleep(Duration::from_millis(300));
        }
    }
}

/// Every file below `crates`, and when it was written.
fn stamps(root: &Path) -> BTreeMap<PathBuf, Option<SystemTime>> {
    fn add(folder: &Path, stamps: &mut BTreeMap<PathBuf, Option<SystemTime>>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                add(&entry.path(), stamps);
            } else {
                let time = entry.metadata().and_then(|metadata| metadata.modified());
                stamps.insert(entry.path(), time.ok());
            }
        }
    }
    let mut all = BTreeMap::new();
    add(&root.join("crates"), &mut all);
    all
}

impl Suites {
    /// Runs the tests of a part; what rustc says if they do not compile.
    fn run(&mut self, package: &str, part: &Part) -> Result<Result<Outcomes, Build>, Fault> {
        if !self.built.contains_key(package) {
            match suite::build(&self.root, package)? {
                Ok(suite) => drop(self.built.insert(package.to_owned(), suite)),
                Err(build) => return Ok(Err(build)),
            }
        }
        let suite = &self.built[package];
        let tests = part.tests_in(suite);
        if tests.is_empty() {
            return Err(Fault::new(format!(
                "step {} has no test in crates/{package}: were they removed?",
                part.id
            ))
            .next(format!("git checkout {PRISTINE} -- crates/{package}/tests")));
        }
        let environment = [("RT_DEADLINE", HANG.to_string())];
        let how = How { deadline: DEADLINE, environment: &environment, until: Some(STUB) };
        let outcomes = suite.run_all(&tests, how)?;
        Ok(Ok(outcomes.into_iter().map(|(test, outcome)| (test.to_owned(), outcome)).collect()))
    }
}

fn is_unwritten(outcome: &Outcome) -> bool {
    outcome.end != End::Passed && outcome.says(STUB)
}

/// Shows how the tests of a part went; whether all are green.
fn show(
    learner: &Learner,
    chapter: &Chapter,
    part: &Part,
    outcomes: &Outcomes,
) -> Result<bool, Fault> {
    let red: Vec<&(String, Outcome)> =
        outcomes.iter().filter(|(_, outcome)| outcome.end != End::Passed).collect();
    for (test, outcome) in outcomes {
        let sentence = sentence(test);
        match &outcome.end {
            End::Passed => anstream::println!("  {} {sentence}", paint(GOOD, "✓")),
            _ if is_unwritten(outcome) => anstream::println!("  {} {sentence}", paint(WARN, "·")),
            End::Failed | End::Died(_) => {
                anstream::println!("  {} {sentence}", paint(BAD, "✗"));
            }
            End::Hung(_) => {
                anstream::println!("  {} {sentence} {}", paint(BAD, "✗"), paint(BAD, "hangs"))
            }
        }
    }
    if red.is_empty() {
        anstream::println!(
            "  {}",
            paint(GOOD, format!("{} of {} green", outcomes.len(), outcomes.len()))
        );
        return Ok(true);
    }
    let unwritten = red.iter().filter(|(_, outcome)| is_unwritten(outcome)).count();
    let mut parts = vec![format!("{} of {} green", outcomes.len() - red.len(), outcomes.len())];
    if unwritten > 0 {
        parts.push(format!("{unwritten} wait for what is not written yet"));
    }
    anstream::println!("  {}", parts.join(", "));
    for (test, outcome) in red.iter().filter(|(_, outcome)| !is_unwritten(outcome)).take(TOLD) {
        tell(learner, chapter, test, outcome)?;
    }
    let places = place::of(learner, chapter, part)?;
    let untouched = places.iter().filter(|place| place.is_untouched).count();
    if untouched == 0 {
        mistake::known(learner, chapter, part, outcomes)?;
    } else {
        if untouched < places.len() {
            anstream::println!("  still as it was:");
        }
        places.iter().filter(|place| place.is_untouched).for_each(Place::show);
    }
    Ok(false)
}

/// A failure in full: what the test said, and the timeline beside the expected one.
fn tell(learner: &Learner, chapter: &Chapter, test: &str, outcome: &Outcome) -> Result<(), Fault> {
    anstream::println!("\n  {}", paint(STRONG, test));
    for line in timeline::message(&outcome.lines) {
        anstream::println!("    {line}");
    }
    match &outcome.end {
        End::Hung(after) => anstream::println!(
            "    killed after {} s: somebody waits for a wake-up that does not come, or a loop has no end",
            after.as_secs()
        ),
        End::Died(signal) => {
            for line in outcome.lines.iter().filter(|line| line.contains("overflowed its stack")) {
                anstream::println!("    {}", line.trim());
            }
            anstream::println!("    the process of the test died: {signal}{}", meaning(signal));
        }
        End::Passed | End::Failed => {}
    }
    let mut yours = timeline::events(&outcome.lines);
    let mut ours = Vec::new();
    if !yours.is_empty() {
        ours = timeline::of_reference(learner, chapter, test, &[])?;
    } else if matches!(outcome.end, End::Hung(_)) || outcome.says("not done after") {
        // It writes no timeline of its own: see what becomes of its tasks until it hangs.
        let watched = [("RT_WATCH", "1".to_owned()), ("RT_DEADLINE", "2".to_owned())];
        yours = timeline::of(&learner.root, chapter, test, &watched)?;
        ours = timeline::of_reference(learner, chapter, test, &watched[..1])?;
    }
    // A stress test has thousands of lines, and no order.
    if !yours.is_empty() && yours.len().max(ours.len()) <= LINES {
        screen::beside(("yours", &yours), ("expected", &ours));
    }
    Ok(())
}

/// What a signal means, mostly.
fn meaning(signal: &str) -> &'static str {
    match signal {
        _ if signal.contains("SIGABRT") => {
            ": a panic in a drop during a panic, or a stack that is full"
        }
        _ if signal.contains("SIGSEGV") => {
            ": memory was touched that is not there, or not any more"
        }
        _ => "",
    }
}

/// The tests of the crate that belong to no part: what only the whole chapter can pass.
fn rest_of_chapter(learner: &Learner, suites: &Suites, chapter: &Chapter) -> Result<bool, Fault> {
    let Some(suite) = suites.built.get(&chapter.package) else { return Ok(true) };
    let tests: Vec<&str> = suite
        .tests
        .iter()
        .map(String::as_str)
        .filter(|test| !chapter.parts.iter().any(|part| part.has(test)))
        .collect();
    anstream::println!(
        "{} all at once: the tests of no single part",
        paint(STRONG, format!("step {}", chapter.step))
    );
    // They are heavier, and have deadlines of their own.
    let how = How { deadline: Duration::from_secs(120), environment: &[], until: None };
    let outcomes = suite.run_all(&tests, how)?;
    let red: Vec<_> = outcomes.iter().filter(|(_, outcome)| outcome.end != End::Passed).collect();
    for (test, outcome) in &red {
        anstream::println!("  {} {}", paint(BAD, "✗"), sentence(test));
        tell(learner, chapter, test, outcome)?;
    }
    anstream::println!("  {} of {} green", outcomes.len() - red.len(), outcomes.len());
    if !red.is_empty() {
        screen::next(&format!("mend what they say, then cargo course check {}", chapter.last()));
    }
    Ok(red.is_empty())
}

/// What can be done with a chapter that is built.
fn end_of_step(step: u32) {
    anstream::println!("{}", paint(GOOD, format!("Step {step} is built.")));
    if step <= 5 {
        anstream::println!(
            "  cargo run --example step_{step}: a program on what you have built so far"
        );
    }
    anstream::println!("  cargo course diagnose {step}: find somebody else's mistakes");
    anstream::println!("  \"Break it\" at the end of the chapter: now it is yours to break");
}

fn first_words() {
    anstream::println!(
        "\n  Red is what you should see: nothing is written yet, and each of these tests says what must hold."
    );
    anstream::println!(
        "  Every part goes so: read the chapter and the docs above the function, write its body, check."
    );
}

fn next_of_red(learner: &Learner, part: &Part, outcomes: &Outcomes) {
    let id = part.id;
    let is_unwritten = outcomes.iter().any(|(_, outcome)| is_unwritten(outcome));
    let shown = learner.hints_shown(part);
    let write = if is_unwritten { format!("write step {id}, then ") } else { String::new() };
    match shown < part.hints.len() {
        true => screen::next(&format!(
            "{write}cargo course check {id}; if you are stuck: cargo course hint {id}"
        )),
        false => screen::next(&format!(
            "{write}cargo course check {id}; or, to compare: cargo course solution {id}"
        )),
    }
}

/// A part that was green must stay so. `but` were just looked at; if all is well with them, what is next
/// is to be said here.
fn all_before(
    learner: &Learner,
    suites: &mut Suites,
    but: Option<Goal>,
    is_next_open: bool,
) -> Result<bool, Fault> {
    let mut count = 0;
    let mut is_green = true;
    let from = learner.origin.from;
    for (chapter, part) in learner.course.parts() {
        let is_before = but.is_none_or(|goal| goal.is_behind(part.id));
        if part.id.step < from || !is_before || !learner.has_passed(part.id) {
            continue;
        }
        let outcomes = match suites.run(&chapter.package, part)? {
            Ok(outcomes) => outcomes,
            Err(build) => return does_not_compile(&build),
        };
        let red: Vec<_> =
            outcomes.iter().filter(|(_, outcome)| outcome.end != End::Passed).collect();
        count += outcomes.len() - red.len();
        for (test, outcome) in &red {
            anstream::println!(
                "{} step {} was green and is red: {}",
                paint(BAD, "✗"),
                part.id,
                sentence(test)
            );
            tell(learner, chapter, test, outcome)?;
        }
        if is_green && !red.is_empty() && is_next_open {
            screen::next(&format!("cargo course check {}", part.id));
        }
        is_green &= red.is_empty();
    }
    if count > 0 {
        anstream::println!("{}", paint(FAINT, format!("earlier parts: {count} tests green")));
    }
    Ok(is_green)
}

fn does_not_compile(build: &Build) -> Result<bool, Fault> {
    let errors: Vec<_> = build.said.iter().filter(|said| said.is_error).collect();
    for said in errors.iter().take(3) {
        anstream::println!("{}", said.text.trim_end());
    }
    if errors.len() > 3 {
        anstream::println!("{}", paint(FAINT, format!("and {} more", errors.len() - 3)));
    }
    screen::next("mend what rustc says, then check again");
    Ok(false)
}

/// What clippy says of the functions of a part that is done.
fn lints(root: &Path, chapter: &Chapter, part: &Part) -> Result<(), Fault> {
    let build = cargo(root, &["clippy", "-p", &chapter.package, "--lib"])?;
    let mut here = Vec::new();
    for (source, marked) in chapter.marked(part.id) {
        let text = read(&root.join(&source.path)).unwrap_or_default();
        let Ok(yours) = Source::read(&source.path, &text) else { continue };
        let Some(item) = yours.find(&marked.item.name) else { continue };
        let lines = yours.lines_of(item);
        let is_here = |(file, line): &(String, usize)| *file == source.path && lines.contains(line);
        here.extend(build.said.iter().filter(|said| said.places.iter().any(is_here)));
    }
    if !here.is_empty() {
        let word = "clippy has a word on style; the part is passed without it:";
        anstream::println!("{}", paint(FAINT, word));
    }
    for said in here {
        anstream::println!("{}", said.text.trim_end());
    }
    Ok(())
}

/// Your step on the other steps of the reference: whose bug is it?
fn on_the_reference(learner: &Learner, step: u32) -> Result<bool, Fault> {
    let chapter = learner.course.chapter(step)?;
    let place = learner.course.root.join("target/course/mixed");
    let mut folder: Folder = starter::make(&learner.course, &Tree::Filled(&|_| true))?;
    let sources = format!("crates/{}/src", chapter.package);
    folder.files.retain(|path, _| !path.starts_with(&format!("{sources}/")));
    folder.files.extend(folder::below(&learner.root, &sources)?);
    folder.replace(&place)?;
    let mut suites = Suites { root: place, built: BTreeMap::new() };
    let mut is_green = true;
    for part in &chapter.parts {
        anstream::println!("{} {}", paint(STRONG, format!("step {}", part.id)), part.title);
        match suites.run(&chapter.package, part)? {
            Ok(outcomes) => is_green &= show(learner, chapter, part, &outcomes)?,
            Err(build) => return does_not_compile(&build),
        }
    }
    let whose = match is_green {
        true => format!(
            "Your step {step} is green on our other steps. If it is red on yours, an earlier step of yours is the place to look."
        ),
        false => format!(
            "Your step {step} is red on our other steps, too: the mistake is in step {step}."
        ),
    };
    anstream::println!("{whose}");
    screen::next(&format!(
        "cargo course check {}",
        if is_green { "1".to_owned() } else { step.to_string() }
    ));
    Ok(is_green)
}
