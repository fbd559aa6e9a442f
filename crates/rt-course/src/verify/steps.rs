//! Points 2 to 5: the step tests, on one build in which each marked body asks what it is.

use std::time::{Duration, Instant};

use super::{Verify, how, needs, told};
use crate::chapter::{Chapter, Part};
use crate::fault::Fault;
use crate::folder::read;
use crate::model::Model;
use crate::suite::{End, Suite};

/// Seconds for a test of what is wrong or not written: many a mistake is a wake-up that does not come.
const HANG: u32 = 4;
/// One run of all tests of a chapter's parts.
const ROUND: Duration = Duration::from_secs(10);

impl Verify<'_> {
    /// Point 5.
    pub(super) fn solution_passes(
        &mut self,
        suite: &Suite,
        tests: &[Vec<&str>],
    ) -> Result<bool, Fault> {
        let all: Vec<&str> = tests.iter().flatten().copied().collect();
        let mut slowest = Duration::ZERO;
        for round in 1..=self.rounds {
            let began = Instant::now();
            for (test, outcome) in suite.run_all(&all, how(&[]))? {
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
        let before = self.findings.len();
        for line in self.sleeps(suite, &all)? {
            self.find(5, format!("{line}: a sleep without a reason beside it"));
        }
        let seconds = slowest.as_secs_f64();
        if slowest > ROUND {
            self.find(5, format!("one round of the tests took {seconds:.1} s, more than ten"));
        }
        if self.findings.len() == before {
            let (tests, rounds) = (all.len(), self.rounds);
            self.good(
                5,
                &format!(
                    "{tests} tests passed {rounds} times, the slowest round in {seconds:.1} s"
                ),
            );
        }
        Ok(true)
    }

    /// Lines of test files that sleep, and do not say beside it what for.
    pub(super) fn sleeps(&self, suite: &Suite, tests: &[&str]) -> Result<Vec<String>, Fault> {
        let mut targets: Vec<&str> =
            tests.iter().filter_map(|test| test.split("::").next()).collect();
        targets.dedup();
        let mut found = Vec::new();
        for target in targets.into_iter().filter(|target| *target != "lib") {
            let path = suite.folder().join("tests").join(format!("{target}.rs"));
            for (number, line) in read(&path)?.lines().enumerate() {
                if line.contains("thread::sleep(") && !line.contains("//") {
                    found.push(format!("{target}.rs:{}", number + 1));
                }
            }
        }
        Ok(found)
    }

    /// Point 2: with the parts up to k real, their tests pass, and each test of k+1 meets its stub.
    pub(super) fn staircase(
        &mut self,
        chapter: &Chapter,
        suite: &Suite,
        tests: &[Vec<&str>],
    ) -> Result<(), Fault> {
        let before = self.findings.len();
        for done in 0..chapter.parts.len() {
            let part = &chapter.parts[done];
            let stubbed = ids(&chapter.parts[done..]);
            let environment = [("RT_COURSE_STUBBED", stubbed), ("RT_DEADLINE", HANG.to_string())];
            let earlier: Vec<&str> = tests[..done].iter().flatten().copied().collect();
            for (test, outcome) in suite.run_all(&earlier, how(&environment[..1]))? {
                if outcome.end != End::Passed {
                    let needs = needs(chapter, &outcome);
                    self.find(
                        2,
                        format!(
                            "`{test}` must pass with the parts before {} and {needs}:\n{}",
                            part.id,
                            told(&outcome)
                        ),
                    );
                }
            }
            let sign = format!("step {}:", part.id);
            for (test, outcome) in suite.run_all(&tests[done], how(&environment))? {
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
    pub(super) fn models(&mut self, chapter: &Chapter) -> Result<(), Fault> {
        let mut count = 0;
        for (done, part) in (1..).zip(&chapter.parts) {
            for name in &part.models {
                count += 1;
                let environment = [("RT_COURSE_STUBBED", ids(&chapter.parts[done..]))];
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
    pub(super) fn leave_one_out(
        &mut self,
        chapter: &Chapter,
        suite: &Suite,
        tests: &[Vec<&str>],
    ) -> Result<(), Fault> {
        let before = self.findings.len();
        for (part, tests) in chapter.parts.iter().zip(tests) {
            let environment =
                [("RT_COURSE_STUBBED", part.id.to_string()), ("RT_DEADLINE", HANG.to_string())];
            let outcomes = suite.run_all(tests, how(&environment))?;
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
    pub(super) fn wrong_bodies(&mut self, chapter: &Chapter, suite: &Suite) -> Result<(), Fault> {
        let before = self.findings.len();
        let mut count = 0;
        for wrong in chapter.parts.iter().flat_map(|part| &part.wrong) {
            count += 1;
            let environment =
                [("RT_COURSE_WRONG", wrong.name.clone()), ("RT_DEADLINE", HANG.to_string())];
            let fails: Vec<&str> = wrong.fails.iter().map(String::as_str).collect();
            for (test, outcome) in suite.run_all(&fails, how(&environment))? {
                if matches!(outcome.end, End::Hung(_)) {
                    self.find(4, format!("`{test}` does not end by itself with `{}`", wrong.name));
                } else if outcome.end == End::Passed {
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

/// As `switch.rs` reads them.
fn ids(parts: &[Part]) -> String {
    parts.iter().map(|part| part.id.to_string()).collect::<Vec<_>>().join(",")
}
