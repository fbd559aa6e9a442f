//! `cargo course verify`: that starter, tests and solution agree, by running all of them.
//!
//! The tests run on one build of the whole solution in which each marked body asks at run time
//! whether it is the stub ([`Tree::Switched`]); what only a compiler can say is asked of real
//! starters.

mod starters;
mod steps;
mod text;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::chapter::Chapter;
use crate::course::Course;
use crate::fault::Fault;
use crate::screen::{BAD, FAINT, GOOD, STRONG, paint};
use crate::starter::{self, Tree};
use crate::suite::{self, Build, End, How, Outcome, Suite};

/// For what must pass, and for what must fail: a hang is a failure, too.
const DEADLINE: Duration = Duration::from_secs(30);

/// What does not hold: the number of the point, and how one sees it.
struct Finding {
    point: u32,
    what: String,
}

struct Verify<'a> {
    course: &'a Course,
    rounds: u32,
    findings: Vec<Finding>,
    /// What the test of quotations said, when it has run.
    quotations: Option<Option<String>>,
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
    let mut verify = Verify {
        course,
        rounds,
        findings: Vec::new(),
        quotations: None,
        parts: 0,
        tests: 0,
        wrong: 0,
    };
    if packages.is_empty() {
        verify.whole_starter()?;
        verify.solved_starter()?;
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
        let first = what.lines().next().unwrap_or_default();
        anstream::println!("{} point {point}: {first}", paint(BAD, "✗"));
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

    fn compiles(&mut self, build: &Build, what: &str) -> bool {
        let is_clean = build.is_done && build.said.is_empty();
        if is_clean {
            self.good(1, &format!("{what}: no error, no warning"));
        } else {
            self.find(1, format!("{what} says:\n{build}"));
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
                let what = "a wrong body does not compile in the place of the real one";
                self.find(4, format!("{what}:\n{build}"));
                return Ok(());
            }
        };
        let Some(tests) = self.tests_of_parts(chapter, &suite) else { return Ok(()) };
        self.good(7, &format!("{} parts: three hints, docs, tests", chapter.parts.len()));
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
                !suite.tests.contains(name) || !chapter.parts.iter().any(|part| part.has(name))
            });
            if let Some(name) = missing {
                self.find(4, format!("part {}: `{name}` is no test of this step", part.id));
            }
        }
        for test in &suite.tests {
            let claims: Vec<_> = chapter
                .parts
                .iter()
                .filter(|part| part.has(test))
                .map(|part| part.id.to_string())
                .collect();
            if claims.len() > 1 {
                self.find(7, format!("`{test}` belongs to {} at once", claims.join(" and ")));
            }
        }
        let tests = chapter.parts.iter().map(|part| part.tests_in(suite)).collect();
        (self.findings.len() == before).then_some(tests)
    }
}

/// Each test to its end: one that catches the panic of a stub may pass all the same.
fn how<'a>(environment: &'a [(&'a str, String)]) -> How<'a> {
    How { deadline: DEADLINE, environment, until: None }
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
