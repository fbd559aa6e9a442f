//! Point 6: what the chapter says is what runs.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::Verify;
use crate::chapter::{Chapter, read};
use crate::fault::Fault;
use crate::invariant;
use crate::suite::{self, End};

impl Verify<'_> {
    /// Point 6. Point 7 was looked at when the chapter was read.
    pub(super) fn prose(&mut self, chapter: &Chapter) -> Result<(), Fault> {
        let root = &self.course.root;
        let readme = read(&root.join(format!("crates/{}/README.md", chapter.package)))?;
        let texts = chapter.texts(root)?;
        for wrong in chapter.parts.iter().flat_map(|part| &part.wrong) {
            if invariant::says(&wrong.breaks, &texts).is_none() {
                let what =
                    format!("`{}` breaks [{}], which no list explains", wrong.name, wrong.breaks);
                self.find(6, what);
            }
        }
        if let Some((_, table)) = readme.split_once("\n| part | what you write ") {
            for part in &chapter.parts {
                let row = format!("\n| {} | {} |", part.id, part.title);
                if !table.contains(&row) {
                    self.find(6, format!("the chapter's table of parts has no `{}`", row.trim()));
                }
            }
        }
        let mut command = Command::new("cargo");
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
        let mut command = Command::new("cargo");
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
}

fn command_in(mut command: Command, root: &Path) -> Command {
    command.current_dir(root).env_remove("CARGO_MANIFEST_DIR");
    command
}
