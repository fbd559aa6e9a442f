//! The workspace that everything is derived from: its chapters, in the order in which they are built.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::chapter::{Chapter, Part};
use crate::fault::Fault;
use crate::part::PartId;

#[derive(Debug)]
pub(crate) struct Course {
    pub(crate) root: PathBuf,
    /// Step 0: nothing to write.
    pub(crate) zero: Option<Chapter>,
    pub(crate) chapters: Vec<Chapter>,
}

impl Course {
    pub(crate) fn read(root: &Path) -> Result<Course, Fault> {
        let crates = root.join("crates");
        let entries = fs::read_dir(&crates).map_err(|error| {
            Fault::file("read", &crates, &error).next("is this the folder of the workspace `rt`?")
        })?;
        let mut names = BTreeSet::new();
        for entry in entries {
            let entry = entry.map_err(|error| Fault::file("read", &crates, &error))?;
            names.insert(entry.file_name().to_string_lossy().into_owned());
        }
        let mut chapters = Vec::new();
        for name in names {
            chapters.extend(Chapter::read(root, &name)?);
        }
        chapters.sort_by_key(|chapter| chapter.step);
        if let Some(pair) = chapters.windows(2).find(|pair| pair[0].step == pair[1].step) {
            let [a, b] = [&pair[0].package, &pair[1].package];
            return Err(Fault::new(format!("{a} and {b} are both step {}", pair[0].step)));
        }
        Ok(Course { root: root.to_owned(), zero: Chapter::zero(root)?, chapters })
    }

    /// Every part with its chapter, in order.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&Chapter, &Part)> {
        self.chapters
            .iter()
            .flat_map(|chapter| chapter.parts.iter().map(move |part| (chapter, part)))
    }

    pub(crate) fn chapter(&self, step: u32) -> Result<&Chapter, Fault> {
        self.chapters.iter().find(|chapter| chapter.step == step).ok_or_else(|| {
            let steps: Vec<_> =
                self.chapters.iter().map(|chapter| chapter.step.to_string()).collect();
            Fault::new(format!("there is no step {step}"))
                .next(format!("the steps are {}", steps.join(", ")))
        })
    }

    pub(crate) fn part(&self, id: PartId) -> Result<(&Chapter, &Part), Fault> {
        let chapter = self.chapter(id.step)?;
        let part = chapter.part(id).ok_or_else(|| {
            Fault::new(format!("there is no part {id}")).next(format!(
                "step {} has the parts {0}.1 to {0}.{}",
                id.step,
                chapter.parts.len()
            ))
        })?;
        Ok((chapter, part))
    }
}
