//! `cargo course verify`: that starter, tests and solution agree, by running all of them.
//!
//! The tests run on one build of the whole solution in which each marked body asks at run time
//! whether it is the stub ([`Tree::Switched`]); what only a compiler can say is asked of real
//! starters.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::chapter::{Chapter, Part, read};
use crate::command::model::Model;
use crate::command::predict::run_example;
use crate::course::Course;
use crate::fault::Fault;
use crate::part::PartId;
use crate::screen::{BAD, FAINT, GOOD, STRONG, paint};
use crate::starter::{self, Tree};
use crate::suite::{self, Build, End, How, Outcome, Suite, cargo};

/// For what must pass, and for what must fail: a hang is a failure, too.
const DEADLINE: Duration = Duration::from_secs(30);
/// Seconds for a test with a wrong body: many a mistake is a wake-up that does not come.
const HANG: u32 = 4;
/// One run of all tests of a chapter's parts.
const ROUND: Duration = Duration::from_secs(10);

/// What does not hold: the number of the point, and how one sees it.
struct Finding {
    point: u32,
    what: String,
}

struct Verify<'a> {
    course: &'a Course,
    rounds: u32,
    findings: Vec<Finding>,
    parts: usize,
    tests: usize,
    wrong: usize,
}

/// Whether all seven points hold for the chapters of these crates.
pub(crate) fn verify(course: &Course, packages: &[String], rounds: u32) -> Result<bool, Fault> {
    let began = Instant::now();
    if let Some(unknown) =
        packages.iter().find(|name| course.chapters.iter().all(|chapter| chapter.package != **name))
    {
        let names: Vec<_> =
            course.chapters.iter().map(|chapter| chapter.package.as_str()).collect();
        return Err(Fault::new(format!("`{unknown}` is no chapter"))
            .next(format!("the chapters are {}", names.join(", "))));
    }
    let mut verify = Verify { course, rounds, findings: Vec::new(), parts: 0, tests: 0, wrong: 0 };
    if packages.is_empty() {
        verify.whole_starter()?;
    }
    for chapter in &course.chapters {
        if packages.is_empty() || packages.contains(&chapter.package) {
            verify.chapter(chapter)?;
        }
    }
    let Verify { findings, parts, tests, wrong, .. } = verify;
    anstream::println!(
        "{parts} parts, {tests} tests, {wrong} wrong bodies, {rounds} rounds: {:.1} min",
        began.elapsed().as_secs_f64() / 60.0
    );
    for Finding { point, what } in &findings {
        anstream::println!("{} point {point}: {what}", paint(BAD, "✗"));
    }
    Ok(findings.is_empty())
}

impl Verify<'_> {
    fn find(&mut self, point: u32, what: impl Into<String>) {
        let what = what.into();
        anstream::println!("    {} point {point}: {what}", paint(BAD, "✗"));
        self.findings.push(Finding { point, what });
    }

    fn good(&self, point: u32, what: &str) {
        anstream::println!("    {} {point} {}", paint(GOOD, "✓"), paint(FAINT, what));
    }

    fn place(&self, name: &str) -> PathBuf {
        self.course.root.join("target/course").join(name)
    }

    /// Point 1, of the starter as a learner gets it: everything, with its docs.
    fn whole_starter(&mut self) -> Result<(), Fault> {
        anstream::println!("{}", paint(STRONG, "the whole starter"));
        let place = self.place("starter");
        starter::make(self.course, &Tree::Filled(&|_| false))?.replace(&place)?;
        for arguments in
            [&["check", "--workspace", "--all-targets"][..], &["doc", "--no-deps", "--workspace"]]
        {
            let build = cargo(&place, arguments)?;
            self.compiles(&build, &format!("`cargo {}`", arguments.join(" ")));
        }
        Ok(())
    }

    fn compiles(&mut self, build: &Build, what: &str) -> bool {
        let is_clean = build.is_done && build.said.is_empty();
        if is_clean {
            self.good(1, &format!("{what}: no error, no warning"));
        } else {
            let said: Vec<_> = build.said.iter().map(|said| said.text.trim_end()).collect();
            self.find(1, format!("{what} says:\n{}", said.join("\n")));
        }
        is_clean
    }

    fn chapter(&mut self, chapter: &Chapter) -> Result<(), Fault> {
        let began = Instant::now();
        anstream::println!("{} {}", paint(STRONG, &chapter.package), paint(FAINT, &chapter.title));
        self.prose(chapter)?;
        self.each_stage_compiles(chapter)?;
        self.step_runs(chapter)?;
        let place = self.place("switched");
        starter::make(self.course, &Tree::Switched)?.replace(&place)?;
        let suite = match suite::build(&place, &chapter.package)? {
            Ok(suite) => suite,
            Err(build) => {
                let said: Vec<_> = build.said.iter().map(|said| said.text.as_str()).collect();
                self.find(
                    4,
                    format!(
                        "a wrong body does not compile in the place of the real one:\n{}",
                        said.join("\n")
                    ),
                );
                return Ok(());
            }
        };
        let Some(tests) = self.tests_of_parts(chapter, &suite) else { return Ok(()) };
        if !self.solution_passes(&suite, &tests)? {
            return Ok(());
        }
        self.staircase(chapter, &suite, &tests)?;
        self.models(chapter)?;
        self.leave_one_out(chapter, &suite, &tests)?;
        self.wrong_bodies(chapter, &suite)?;
        self.parts += chapter.parts.len();
        self.tests += tests.iter().map(Vec::len).sum::<usize>();
        anstream::println!(
            "    {}",
            paint(FAINT, format!("{:.1} min", began.elapsed().as_secs_f64() / 60.0))
        );
        Ok(())
    }

    /// Point 6. Point 7 was looked at when the chapter was read.
    fn prose(&mut self, chapter: &Chapter) -> Result<(), Fault> {
        let root = &self.course.root;
        let mut command = std::process::Command::new("cargo");
        command.args([
            "test",
            "-q",
            "-p",
            "custom-runtime",
            "--test",
            "tidy",
            "what_is_not_compiled_is_quoted",
        ]);
        let outcome = suite::run(command_in(command, root), Duration::from_secs(600), None)?;
        if outcome.end != End::Passed {
            self.find(
                6,
                format!("a quotation differs from its source:\n{}", outcome.lines.join("\n")),
            );
        }
        let mut command = std::process::Command::new("cargo");
        command.args(["test", "-q", "-p", &chapter.package, "--doc"]);
        let outcome = suite::run(command_in(command, root), Duration::from_secs(600), None)?;
        if outcome.end == End::Passed {
            self.good(
                6,
                "its blocks of code run, its quotations and timelines stand in the source",
            );
        } else {
            self.find(
                6,
                format!("a block of code in the chapter fails:\n{}", outcome.lines.join("\n")),
            );
        }
        self.good(7, &format!("{} parts: three hints, docs, tests", chapter.parts.len()));
        Ok(())
    }

    /// Point 1, for each number of parts that a learner may have done.
    fn each_stage_compiles(&mut self, chapter: &Chapter) -> Result<(), Fault> {
        let place = self.place("stage");
        for done in 0..=chapter.parts.len() {
            let is_solved = |part: PartId| {
                part.step < chapter.step
                    || (part.step == chapter.step && part.number as usize <= done)
            };
            starter::make(self.course, &Tree::Filled(&is_solved))?.replace(&place)?;
            let build = cargo(
                &place,
                &["check", "-p", &chapter.package, "--lib", "--tests", "--examples"],
            )?;
            if !build.is_done || !build.said.is_empty() {
                self.compiles(&build, &format!("{} with {done} parts done", chapter.package));
                return Ok(());
            }
        }
        self.good(
            1,
            &format!("compiles without a warning at each of {} stages", chapter.parts.len() + 1),
        );
        Ok(())
    }

    /// Point 1: the program of the step runs on what is built by then, and says what it borrows.
    fn step_runs(&mut self, chapter: &Chapter) -> Result<(), Fault> {
        let program = format!("step_{}", chapter.step);
        if !self.course.root.join("examples").join(format!("{program}.rs")).is_file() {
            return Ok(());
        }
        let place = self.place("stage");
        let is_solved = |part: PartId| part.step <= chapter.step;
        starter::make(self.course, &Tree::Filled(&is_solved))?.replace(&place)?;
        match run_example(&place, "custom-runtime", &program) {
            Ok(lines) if lines.iter().any(|line| line.starts_with("borrowed: ")) => {
                self.good(1, &format!("{program} runs on what is built so far"));
            }
            Ok(lines) => self.find(1, format!("{program} does not say what it borrows: {lines:?}")),
            Err(fault) => self.find(1, fault.to_string()),
        }
        Ok(())
    }

    /// The tests of each part; none if a pattern finds nothing, or two parts claim the same test.
    fn tests_of_parts<'s>(
        &mut self,
        chapter: &Chapter,
        suite: &'s Suite,
    ) -> Option<Vec<Vec<&'s str>>> {
        let before = self.findings.len();
        for part in &chapter.parts {
            for pattern in &part.tests {
                if !suite.tests.iter().any(|test| pattern.is(test)) {
                    self.find(7, format!("part {}: no test is called `{}`", part.id, pattern.0));
                }
            }
            let missing = part.wrong.iter().flat_map(|wrong| &wrong.fails).find(|name| {
                !suite.tests.contains(name) || !chapter.parts.iter().any(|part| has(part, name))
            });
            if let Some(name) = missing {
                self.find(4, format!("part {}: `{name}` is no test of this step", part.id));
            }
        }
        for test in &suite.tests {
            let claims: Vec<_> = chapter
                .parts
                .iter()
                .filter(|part| has(part, test))
                .map(|part| part.id.to_string())
                .collect();
            if claims.len() > 1 {
                self.find(7, format!("`{test}` belongs to {} at once", claims.join(" and ")));
            }
        }
        let tests = chapter.parts.iter().map(|part| of(part, suite)).collect();
        (self.findings.len() == before).then_some(tests)
    }

    /// Point 5.
    fn solution_passes(&mut self, suite: &Suite, tests: &[Vec<&str>]) -> Result<bool, Fault> {
        let all: Vec<&str> = tests.iter().flatten().copied().collect();
        let mut slowest = Duration::ZERO;
        for round in 1..=self.rounds {
            let began = Instant::now();
            for (test, outcome) in suite.run_all(&all, how(&[], None))? {
                if outcome.end != End::Passed {
                    self.find(
                        5,
                        format!(
                            "`{test}` fails with the solution, in round {round}:\n{}",
                            told(&outcome)
                        ),
                    );
                    return Ok(false);
                }
            }
            slowest = slowest.max(began.elapsed());
        }
        let sleeps = self.sleeps(suite, &all)?;
        for line in &sleeps {
            self.find(5, format!("{line}: a sleep without a reason beside it"));
        }
        let seconds = slowest.as_secs_f64();
        if slowest > ROUND {
            self.find(5, format!("one round of the tests took {seconds:.1} s, more than ten"));
        }
        self.good(
            5,
            &format!(
                "{} tests passed {} times, the slowest round in {seconds:.1} s",
                all.len(),
                self.rounds
            ),
        );
        Ok(true)
    }

    /// Lines of test files that sleep, and do not say beside it what for.
    fn sleeps(&self, suite: &Suite, tests: &[&str]) -> Result<Vec<String>, Fault> {
        let mut targets: Vec<&str> =
            tests.iter().filter_map(|test| test.split("::").next()).collect();
        targets.dedup();
        let mut found = Vec::new();
        for target in targets.into_iter().filter(|target| *target != "lib") {
            let path = suite.folder().join("tests").join(format!("{target}.rs"));
            for (number, line) in read(&path)?.lines().enumerate() {
                if line.contains("sleep(Duration")
                    && line.contains("thread::")
                    && !line.contains("//")
                {
                    found.push(format!("{target}.rs:{}", number + 1));
                }
            }
        }
        Ok(found)
    }

    /// Point 2: with the parts up to k real, their tests pass, and each test of k+1 meets its stub.
    fn staircase(
        &mut self,
        chapter: &Chapter,
        suite: &Suite,
        tests: &[Vec<&str>],
    ) -> Result<(), Fault> {
        let before = self.findings.len();
        for done in 0..chapter.parts.len() {
            let stubbed: Vec<String> =
                chapter.parts[done..].iter().map(|part| part.id.to_string()).collect();
            let environment = [("RT_COURSE_STUBBED", stubbed.join(","))];
            let earlier: Vec<&str> = tests[..done].iter().flatten().copied().collect();
            for (test, outcome) in suite.run_all(&earlier, how(&environment, None))? {
                if outcome.end != End::Passed {
                    let needs = needs(chapter, &outcome);
                    self.find(
                        2,
                        format!(
                            "`{test}` must pass with the parts before {} and {needs}:\n{}",
                            stubbed[0],
                            told(&outcome)
                        ),
                    );
                }
            }
            let part = &chapter.parts[done];
            let sign = format!("step {}:", part.id);
            for (test, outcome) in suite.run_all(&tests[done], how(&environment, Some(&sign)))? {
                if outcome.end == End::Passed {
                    self.find(
                        2,
                        format!(
                            "`{test}` passes before {} is written: it tests nothing of it",
                            part.id
                        ),
                    );
                } else if !outcome.says(&sign) {
                    let needs = needs(chapter, &outcome);
                    self.find(2, format!("`{test}` fails before {} is written, and not by its stub ({needs}):\n{}", part.id, told(&outcome)));
                }
            }
        }
        if self.findings.len() == before {
            self.good(2, "the staircase: each test is red before its part, and green after it");
        }
        Ok(())
    }

    /// Point 2, of the models: what loom runs when a part is green needs no later part.
    fn models(&mut self, chapter: &Chapter) -> Result<(), Fault> {
        let mut count = 0;
        for (done, part) in (1..).zip(&chapter.parts) {
            let later: Vec<String> =
                chapter.parts[done..].iter().map(|part| part.id.to_string()).collect();
            for name in &part.models {
                count += 1;
                let environment = [("RT_COURSE_STUBBED", later.join(","))];
                let model = match Model::build(&self.place("switched"), chapter, name)? {
                    Ok(model) => model,
                    Err(build) => {
                        self.compiles(&build, &format!("the file of the model `{name}`"));
                        return Ok(());
                    }
                };
                let outcome = model.run(&environment)?;
                if outcome.end != End::Passed {
                    let needs = needs(chapter, &outcome);
                    let told = told(&outcome);
                    self.find(
                        2,
                        format!("the model `{name}` fails after {} and {needs}:\n{told}", part.id),
                    );
                }
            }
        }
        if count > 0 {
            self.good(2, &format!("{count} models of loom pass when their part is done"));
        }
        Ok(())
    }

    /// Point 3.
    fn leave_one_out(
        &mut self,
        chapter: &Chapter,
        suite: &Suite,
        tests: &[Vec<&str>],
    ) -> Result<(), Fault> {
        let before = self.findings.len();
        for (part, tests) in chapter.parts.iter().zip(tests) {
            let environment = [("RT_COURSE_STUBBED", part.id.to_string())];
            let sign = format!("step {}:", part.id);
            let outcomes = suite.run_all(tests, how(&environment, Some(&sign)))?;
            if outcomes.iter().all(|(_, outcome)| outcome.end == End::Passed) {
                self.find(3, format!("without part {} all its tests pass", part.id));
            }
        }
        if self.findings.len() == before {
            self.good(3, "no part can be left out");
        }
        Ok(())
    }

    /// Point 4.
    fn wrong_bodies(&mut self, chapter: &Chapter, suite: &Suite) -> Result<(), Fault> {
        let before = self.findings.len();
        let mut count = 0;
        for wrong in chapter.parts.iter().flat_map(|part| &part.wrong) {
            count += 1;
            let environment =
                [("RT_COURSE_WRONG", wrong.name.clone()), ("RT_DEADLINE", HANG.to_string())];
            let fails: Vec<&str> = wrong.fails.iter().map(String::as_str).collect();
            for (test, outcome) in suite.run_all(&fails, how(&environment, None))? {
                if outcome.end == End::Passed {
                    self.find(4, format!("`{test}` passes with the wrong body `{}`", wrong.name));
                }
            }
        }
        self.wrong += count;
        if self.findings.len() == before {
            self.good(4, &format!("{count} known-wrong bodies fail the tests they are known for"));
        }
        Ok(())
    }
}

fn has(part: &Part, test: &str) -> bool {
    part.tests.iter().any(|pattern| pattern.is(test))
}

/// The tests of a part.
pub(crate) fn of<'s>(part: &Part, suite: &'s Suite) -> Vec<&'s str> {
    suite.tests.iter().map(String::as_str).filter(|test| has(part, test)).collect()
}

fn how<'a>(environment: &'a [(&'a str, String)], until: Option<&'a str>) -> How<'a> {
    How { deadline: DEADLINE, environment, until }
}

/// The stub that a test met.
fn needs(chapter: &Chapter, outcome: &Outcome) -> String {
    let met = chapter.parts.iter().find(|part| outcome.says(&format!("step {}:", part.id)));
    met.map_or("meets no stub".to_owned(), |part| format!("meets the stub of {}", part.id))
}

/// The end of what a test printed.
fn told(outcome: &Outcome) -> String {
    let lines: Vec<_> = outcome.lines.iter().filter(|line| !line.is_empty()).collect();
    let from = lines.len().saturating_sub(12);
    let mut text: String = lines[from..].iter().map(|line| format!("        {line}\n")).collect();
    if let End::Hung(after) = outcome.end {
        text.push_str(&format!("        (killed after {:.1} s)\n", after.as_secs_f64()));
    }
    text
}

fn command_in(mut command: std::process::Command, root: &std::path::Path) -> std::process::Command {
    command.current_dir(root).env_remove("CARGO_MANIFEST_DIR");
    command
}
