//! A chapter: what its `course.toml` says, and its marked sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::fault::Fault;
use crate::folder::read;
use crate::marker::Stub;
use crate::part::PartId;
use crate::pattern::Pattern;
use crate::source::{Marked, Source};
use crate::suite::Suite;

/// `course.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    step: u32,
    title: String,
    minutes: u32,
    #[serde(default)]
    part: Vec<Part>,
    #[serde(default)]
    predict: Vec<Predict>,
}

impl Text {
    /// Reads such a file, if there is one.
    fn read(root: &Path, path: &str) -> Result<Option<Text>, Fault> {
        let Ok(text) = fs::read_to_string(root.join(path)) else { return Ok(None) };
        toml::from_str(&text).map(Some).map_err(|error| Fault::new(format!("{path}: {error}")))
    }
}

/// What a learner writes in one sitting.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    pub(crate) id: PartId,
    pub(crate) title: String,
    /// Where the learner writes, from the folder of the crate.
    pub(crate) files: Vec<String>,
    pub(crate) tests: Vec<Pattern>,
    /// Models that loom runs when the tests are green: names of tests in the crate's `loom*.rs`.
    #[serde(default)]
    pub(crate) models: Vec<String>,
    /// The invariant; the approach; nearly the code.
    pub(crate) hints: Vec<String>,
    #[serde(default)]
    pub(crate) wrong: Vec<Wrong>,
}

/// A known-wrong body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wrong {
    pub(crate) name: String,
    /// The item it replaces the body of.
    pub(crate) item: String,
    /// The label of the invariant that it breaks.
    pub(crate) breaks: String,
    /// What a user of the runtime sees.
    pub(crate) says: String,
    pub(crate) body: String,
    /// The tests that must fail with it.
    pub(crate) fails: Vec<String>,
}

/// A program whose events are to be ordered before it is run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Predict {
    /// An example of the crate.
    pub(crate) program: String,
    pub(crate) question: String,
}

impl Part {
    pub(crate) fn has(&self, test: &str) -> bool {
        self.tests.iter().any(|pattern| pattern.is(test))
    }

    pub(crate) fn tests_in<'s>(&self, suite: &'s Suite) -> Vec<&'s str> {
        suite.tests.iter().map(String::as_str).filter(|test| self.has(test)).collect()
    }
}

#[derive(Debug)]
pub(crate) struct Chapter {
    pub(crate) step: u32,
    pub(crate) title: String,
    /// An estimate.
    pub(crate) minutes: u32,
    /// The name of the crate.
    pub(crate) package: String,
    pub(crate) parts: Vec<Part>,
    pub(crate) predict: Vec<Predict>,
    /// The sources that carry markers; their paths are from the root of the workspace.
    pub(crate) sources: Vec<Source>,
}

impl Chapter {
    /// Reads the chapter of a crate; none if the crate is no chapter of the course.
    pub(crate) fn read(root: &Path, package: &str) -> Result<Option<Chapter>, Fault> {
        let folder = format!("crates/{package}");
        let path = format!("{folder}/course.toml");
        let Some(text) = Text::read(root, &path)? else { return Ok(None) };
        let mut sources = Vec::new();
        for file in rust_files(&root.join(&folder).join("src"))? {
            let text = read(&file)?;
            if text.contains("// COURSE(") {
                let path =
                    file.strip_prefix(root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
                sources.push(Source::read(&path, &text)?);
            }
        }
        let chapter = Chapter {
            step: text.step,
            title: text.title,
            minutes: text.minutes,
            package: package.to_owned(),
            parts: text.part,
            predict: text.predict,
            sources,
        };
        chapter.agrees(root).map_err(|fault| Fault::new(format!("{path}: {fault}")))?;
        Ok(Some(chapter))
    }

    /// Step 0, which is no crate: there is nothing to write, only the examples of the workspace to see.
    pub(crate) fn zero(root: &Path) -> Result<Option<Chapter>, Fault> {
        Ok(Text::read(root, "crates/rt-course/step_0.toml")?.map(|text| Chapter {
            step: text.step,
            title: text.title,
            minutes: text.minutes,
            package: "custom-runtime".to_owned(),
            parts: text.part,
            predict: text.predict,
            sources: Vec::new(),
        }))
    }

    /// The file of one of its examples, from the root of the workspace.
    pub(crate) fn example(&self, name: &str) -> String {
        match self.step {
            0 => format!("examples/{name}.rs"),
            _ => format!("crates/{}/examples/{name}.rs", self.package),
        }
    }

    /// What holds without running anything.
    fn agrees(&self, root: &Path) -> Result<(), Fault> {
        let wrong = |what: String| Err(Fault::new(what));
        for (number, part) in (1..).zip(&self.parts) {
            let id = part.id;
            if id != (PartId { step: self.step, number }) {
                return wrong(format!(
                    "part {id} stands where part {}.{number} belongs",
                    self.step
                ));
            }
            let marked: Vec<&Marked> = self.marked(id).map(|(_, marked)| marked).collect();
            if marked.iter().all(|marked| marked.stub == Stub::Omit) {
                return wrong(format!("part {id}: no item is marked with a stub"));
            }
            if let Some(bare) = marked.iter().find(|marked| {
                !marked.item.has_docs && !marked.item.is_of_trait && marked.stub != Stub::Omit
            }) {
                return wrong(format!(
                    "part {id}: `{}` has no doc comment: it is the task",
                    bare.item.name
                ));
            }
            if part.hints.len() != 3 || part.hints.iter().any(|hint| hint.trim().len() < 20) {
                return wrong(format!(
                    "part {id}: a part has three hints, this has {}",
                    part.hints.len()
                ));
            }
            if part.tests.is_empty() {
                return wrong(format!("part {id}: a part has a test"));
            }
            let files: Vec<String> =
                part.files.iter().map(|file| format!("crates/{}/{file}", self.package)).collect();
            for (source, marked) in self.marked(id) {
                if !files.contains(&source.path) {
                    return wrong(format!(
                        "part {id}: `{}` stands in {}, which `files` does not list",
                        marked.item.name, source.path
                    ));
                }
            }
            for model in &part.models {
                let (target, name) = model.split_once("::").unwrap_or((model, ""));
                let path = root.join(format!("crates/{}/tests/{target}.rs", self.package));
                if !fs::read_to_string(&path)
                    .is_ok_and(|text| text.contains(&format!("fn {name}()")))
                {
                    return wrong(format!("part {id}: there is no model `{model}`"));
                }
            }
            for body in &part.wrong {
                let known = marked
                    .iter()
                    .any(|marked| marked.item.name == body.item && marked.stub != Stub::Omit);
                if !known {
                    let names: Vec<_> =
                        marked.iter().map(|marked| marked.item.name.as_str()).collect();
                    return wrong(format!(
                        "`{}`: part {id} has no stub of `{}`, only {}",
                        body.name,
                        body.item,
                        names.join(", ")
                    ));
                }
                if body.fails.is_empty() {
                    return wrong(format!("`{}`: no test that it fails", body.name));
                }
            }
        }
        let known: Vec<PartId> = self.parts.iter().map(|part| part.id).collect();
        for source in &self.sources {
            for marked in &source.marked {
                if !known.contains(&marked.part) {
                    return wrong(format!(
                        "{}:{}: there is no part {}",
                        source.path,
                        source.line_of(&marked.item),
                        marked.part
                    ));
                }
            }
        }
        let mut names = BTreeSet::new();
        for body in self.parts.iter().flat_map(|part| &part.wrong) {
            if !names.insert(&body.name) {
                return wrong(format!("two wrong bodies are called `{}`", body.name));
            }
        }
        Ok(())
    }

    /// The marked items of a part, and where they stand.
    pub(crate) fn marked(&self, part: PartId) -> impl Iterator<Item = (&Source, &Marked)> {
        self.sources
            .iter()
            .flat_map(|source| source.marked.iter().map(move |marked| (source, marked)))
            .filter(move |(_, marked)| marked.part == part)
    }

    /// The chapter's text and all its sources: where labels are explained.
    pub(crate) fn texts(&self, root: &Path) -> Result<Vec<String>, Fault> {
        let folder = root.join("crates").join(&self.package);
        let mut texts = vec![read(&folder.join("README.md"))?];
        for file in rust_files(&folder.join("src"))? {
            texts.push(read(&file)?);
        }
        Ok(texts)
    }

    /// The number of the last part.
    pub(crate) fn last(&self) -> PartId {
        let number = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        PartId { step: self.step, number }
    }

    pub(crate) fn part(&self, id: PartId) -> Option<&Part> {
        self.parts.iter().find(|part| part.id == id)
    }
}

/// The Rust files below a folder, in order.
fn rust_files(folder: &Path) -> Result<Vec<std::path::PathBuf>, Fault> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).map_err(|error| Fault::file("read", folder, &error))?;
    for entry in entries {
        let path = entry.map_err(|error| Fault::file("read", folder, &error))?.path();
        if path.is_dir() {
            found.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
