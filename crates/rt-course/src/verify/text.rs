//! Point 6: what the chapter says is what runs.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::Verify;
use crate::chapter::Chapter;
use crate::fault::Fault;
use crate::folder::read;
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
        if self.quotations.is_none() {
            let tidy = ["-p", "custom-runtime", "--test", "tidy", "what_is_not_compiled_is_quoted"];
            self.quotations = Some(cargo_test(root, &tidy)?);
        }
        let quotations = self.quotations.clone().unwrap_or_default();
        let blocks = cargo_test(root, &["-p", &chapter.package, "--doc"])?;
        for (what, said) in [
            ("a quotation differs from its source", &quotations),
            ("a block of code in the chapter fails, or none is run", &blocks),
        ] {
            if let Some(said) = said {
                self.find(6, format!("{what}:\n{said}"));
            }
        }
        if quotations.is_none() && blocks.is_none() {
            self.good(
                6,
                "its blocks of code run, its quotations and timelines stand in the source",
            );
        }
        Ok(())
    }
}

/// What `cargo test` says, if a test fails or none is run.
fn cargo_test(root: &Path, arguments: &[&str]) -> Result<Option<String>, Fault> {
    let mut command = Command::new("cargo");
    command.args(["test", "-q"]).args(arguments).current_dir(root);
    command.env_remove("CARGO_MANIFEST_DIR");
    let outcome = suite::run(command, Duration::from_secs(600), None)?;
    let is_run =
        |line: &String| line.contains("test result: ok. ") && !line.contains("ok. 0 passed");
    let is_good = outcome.end == End::Passed && outcome.lines.iter().any(is_run);
    Ok((!is_good).then(|| outcome.lines.join("\n")))
}
