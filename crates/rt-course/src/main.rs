//! The course: a starter that is derived from the real code, and the tool that goes with it.
//!
//! See `README.md` for what a learner does with it, and for how a crate becomes a chapter.
//!
//! ```text
//!   the workspace ──► Course (chapters: course.toml + marked sources)
//!                        │ starter::make(tree)
//!                        ▼
//!        Folder: a starter, the reference, or the switched tree
//!                        │ write, cargo                         │
//!                        ▼                                      ▼
//!        new, update, goto: a learner's folder      suite: tests, one process each ──► check, verify
//! ```

#![forbid(unsafe_code)]

mod chapter;
mod command;
mod course;
mod fault;
mod folder;
mod git;
mod invariant;
mod learner;
mod marker;
mod mistake;
mod model;
mod part;
mod pattern;
mod place;
mod screen;
mod source;
mod starter;
mod suite;
mod timeline;
mod verify;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::course::Course;
use crate::fault::Fault;
use crate::learner::Learner;
use crate::part::{Goal, PartId};
use crate::screen::{BAD, paint};

/// Build this runtime yourself, part by part.
///
/// In the clone of the repository: `new`, `verify`. In the folder that `new` made: all the others.
#[derive(Parser)]
#[command(name = "cargo course", bin_name = "cargo course")]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes a starter into a folder: a workspace and a git repository of its own
    New {
        dir: PathBuf,
        /// The steps before this one are filled in
        #[arg(long, default_value_t = 1, value_name = "N")]
        from: u32,
    },
    /// Runs the tests of the current part, or of STEP (2, or 2.3), then of all before it
    Check {
        step: Option<Goal>,
        /// Looks again whenever a file changes
        #[arg(long, conflicts_with = "on_reference")]
        watch: bool,
        /// Your STEP on the reference's other steps: whose bug is it?
        #[arg(long)]
        on_reference: bool,
    },
    /// Shows the next of three hints
    Hint { part: Option<PartId> },
    /// Shows the difference between yours and ours: free after passing, else it asks first
    Solution {
        part: Option<PartId>,
        /// Shows it without asking
        #[arg(long)]
        yes: bool,
    },
    /// Shows the timeline of your run of a test beside the expected one
    Trace { test: String },
    /// Put the events of a small program in order, then see it run
    Predict {
        step: u32,
        /// The order, as in "3 1 2"
        #[arg(long)]
        answer: Option<String>,
    },
    /// A runtime with a mistake fails a test: name the broken invariant
    Diagnose {
        step: u32,
        /// Its label
        #[arg(long)]
        answer: Option<String>,
    },
    /// Jumps to a step: all before it is ours then, and yours is kept in a branch
    Goto { step: u32 },
    /// Takes a newer starter in, by a git merge
    Update,
    /// For the keepers of the course: proves that starter, tests and solution agree
    Verify {
        /// The crates to look at; all chapters if none is named
        packages: Vec<String>,
        /// How often the tests must pass with the solution
        #[arg(long, default_value_t = 50)]
        rounds: u32,
        /// The workspace, if it is not the one that this was built in
        #[arg(long)]
        root: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run(Line::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            anstream::eprintln!("{} {}", paint(BAD, "not done:"), fault.what());
            if let Some(next) = fault.advice() {
                anstream::eprintln!("{} {next}", paint(screen::LEAD, "next:"));
            }
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<bool, Fault> {
    let clone = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    match command {
        Command::New { dir, from } => command::new::new(&Course::read(&clone)?, &dir, from)?,
        Command::Check { step, watch: true, .. } => return command::check::watch(step),
        Command::Check { step, on_reference, .. } => {
            return command::check::check(&mut Learner::here()?, step, on_reference);
        }
        Command::Hint { part } => command::hint::hint(&mut Learner::here()?, part)?,
        Command::Solution { part, yes } => {
            command::solution::solution(&Learner::here()?, part, yes)?
        }
        Command::Trace { test } => command::trace::trace(&Learner::here()?, &test)?,
        Command::Predict { step, answer } => {
            return command::predict::predict(&mut Learner::here()?, step, answer.as_deref());
        }
        Command::Diagnose { step, answer } => {
            return command::diagnose::diagnose(&mut Learner::here()?, step, answer.as_deref());
        }
        Command::Goto { step } => command::goto::goto(&mut Learner::here()?, step)?,
        Command::Update => command::update::update(&Learner::here()?)?,
        Command::Verify { packages, rounds, root } => {
            let root = root.unwrap_or(clone);
            let root = root.canonicalize().map_err(|error| Fault::file("find", &root, &error))?;
            return verify::verify(&Course::read(&root)?, &packages, rounds);
        }
    }
    Ok(true)
}
