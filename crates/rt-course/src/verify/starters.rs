//! Point 1: real starters, as a learner has them at each stage.

use std::process::Command;
use std::time::Duration;

use super::{Verify, told};
use crate::chapter::Chapter;
use crate::fault::Fault;
use crate::part::PartId;
use crate::screen::{STRONG, paint};
use crate::starter::{self, Tree};
use crate::suite::{self, End, cargo};

impl Verify<'_> {
    /// Point 1, of the starter as a learner gets it: everything, with its docs.
    pub(super) fn whole_starter(&mut self) -> Result<(), Fault> {
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

    /// Whoever has solved it all has a runtime: the tour and the examples run on it.
    pub(super) fn solved_starter(&mut self) -> Result<(), Fault> {
        let place = starter::reference(self.course)?;
        let build = cargo(&place, &["build", "-p", "custom-runtime", "--bins", "--examples"])?;
        if !self.compiles(&build, "the solved starter, with tour and examples,") {
            return Ok(());
        }
        let before = self.findings.len();
        let mut count = 0;
        for (name, binary) in build.programs() {
            count += 1;
            let mut command = Command::new(binary);
            command.current_dir(&place);
            let outcome = suite::run(command, Duration::from_secs(60), None)?;
            if outcome.end != End::Passed {
                let told = told(&outcome);
                self.find(1, format!("`{name}` does not end well on the solved starter:\n{told}"));
            }
        }
        if self.findings.len() == before {
            self.good(
                1,
                &format!("{count} programs run on the solved starter, the tour among them"),
            );
        }
        Ok(())
    }

    /// Point 1, for each number of parts that a learner may have done.
    pub(super) fn each_stage_compiles(&mut self, chapter: &Chapter) -> Result<(), Fault> {
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
    pub(super) fn step_runs(&mut self, chapter: &Chapter) -> Result<(), Fault> {
        let program = format!("step_{}", chapter.step);
        if !self.course.root.join("examples").join(format!("{program}.rs")).is_file() {
            return Ok(());
        }
        let place = self.place("stage");
        let is_solved = |part: PartId| part.step <= chapter.step;
        starter::make(self.course, &Tree::Filled(&is_solved))?.replace(&place)?;
        match suite::run_example(&place, "custom-runtime", &program) {
            Ok(lines) if lines.iter().any(|line| line.starts_with("borrowed: ")) => {
                self.good(1, &format!("{program} runs on what is built so far"));
            }
            Ok(lines) => self.find(1, format!("{program} does not say what it borrows: {lines:?}")),
            Err(fault) => self.find(1, fault.to_string()),
        }
        Ok(())
    }
}
