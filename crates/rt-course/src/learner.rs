//! A learner's folder: where it was made from, and how far its owner is.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::chapter::Part;
use crate::course::Course;
use crate::fault::Fault;
use crate::folder::read;
use crate::part::PartId;
use crate::starter::{ORIGIN, Origin};

const PROGRESS: &str = ".course/progress.toml";

/// How far somebody is: not committed, and made anew by `check` if it is lost.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Progress {
    #[serde(default)]
    pub(crate) passed: BTreeSet<String>,
    /// How many hints were shown for a part.
    #[serde(default)]
    pub(crate) hints: BTreeMap<String, usize>,
    /// How often a prediction or a diagnosis was right, and how often one was tried.
    #[serde(default)]
    pub(crate) answers: BTreeMap<String, (u32, u32)>,
    /// Whose open diagnosis was missed once.
    #[serde(default)]
    pub(crate) missed: BTreeSet<String>,
}

pub(crate) struct Learner {
    pub(crate) root: PathBuf,
    pub(crate) origin: Origin,
    pub(crate) progress: Progress,
    /// The reference, of the clone.
    pub(crate) course: Course,
}

impl Learner {
    /// The folder that the command is run in, or one above it.
    pub(crate) fn here() -> Result<Learner, Fault> {
        let folder = env::current_dir()
            .map_err(|error| Fault::new(format!("no current folder: {error}")))?;
        let root =
            folder.ancestors().find(|folder| folder.join(ORIGIN).is_file()).ok_or_else(|| {
                Fault::new(format!("{} is no starter: it has no {ORIGIN}", folder.display()))
                    .next("make one with `cargo course new DIR`, then `cd DIR`")
            })?;
        let origin: Origin = parse(&root.join(ORIGIN))?;
        if !origin.clone.join("crates/rt-course").is_dir() {
            return Err(Fault::new(format!(
                "the clone that this starter was made from is not at {} any more",
                origin.clone.display()
            ))
            .next(format!("write its new place into {ORIGIN} and .cargo/config.toml")));
        }
        let course = Course::read(&origin.clone)?;
        let progress = root.join(PROGRESS);
        let progress = if progress.is_file() { parse(&progress)? } else { Progress::default() };
        Ok(Learner { root: root.to_owned(), origin, progress, course })
    }

    /// Changes the progress as it is now, for another command may have changed it meanwhile, and keeps
    /// it.
    pub(crate) fn record(&mut self, change: impl FnOnce(&mut Progress)) -> Result<(), Fault> {
        let path = self.root.join(PROGRESS);
        if path.is_file() {
            self.progress = parse(&path)?;
        }
        change(&mut self.progress);
        let text = toml::to_string(&self.progress).expect("names and numbers have a form in TOML");
        let fault = |error: &std::io::Error| Fault::file("write", &path, error);
        let mut file = tempfile::NamedTempFile::new_in(self.root.join(".course"))
            .map_err(|error| fault(&error))?;
        file.write_all(text.as_bytes()).map_err(|error| fault(&error))?;
        file.persist(&path).map_err(|error| fault(&error.error))?;
        Ok(())
    }

    pub(crate) fn has_passed(&self, part: PartId) -> bool {
        part.step < self.origin.from || self.progress.passed.contains(&part.to_string())
    }

    /// The first part that is still to be done.
    pub(crate) fn current(&self) -> Option<PartId> {
        self.course.parts().map(|(_, part)| part.id).find(|id| !self.has_passed(*id))
    }

    /// The part that was named, or the current one.
    pub(crate) fn part_or_current(&self, named: Option<PartId>) -> Result<PartId, Fault> {
        match named {
            Some(id) => self.course.part(id).map(|(_, part)| part.id),
            None => self.current().ok_or_else(|| {
                Fault::new("every part is done").next("name one, as in `cargo course solution 2.3`")
            }),
        }
    }

    pub(crate) fn hints_shown(&self, part: &Part) -> usize {
        self.progress.hints.get(&part.id.to_string()).copied().unwrap_or(0)
    }
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Fault> {
    toml::from_str(&read(path)?).map_err(|error| {
        Fault::new(format!("{}: {error}", path.display()))
            .next("mend it; or `git checkout -- .course`")
    })
}
