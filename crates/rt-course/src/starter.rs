//! The starter: the workspace with bodies taken out, and without what only its keepers need.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chapter::Chapter;
use crate::course::Course;
use crate::fault::Fault;
use crate::folder::Folder;
use crate::folder::read;
use crate::git;
use crate::marker::Stub;
use crate::part::PartId;
use crate::source::{Marked, Rendering, Source};
use crate::suite::{self, End};

/// Where the starter says what it was made from.
pub(crate) const ORIGIN: &str = ".course/origin.toml";

const README: &str = include_str!("../starter/README.md");
const SWITCH: &str = include_str!("../starter/switch.rs");

/// The crates of the workspace that a learner has no use for.
const KEEPERS: [&str; 4] = ["rt-bench", "rt-soak", "rt-course", "rt-ecosystem"];

/// About our text, and not about a learner's.
const OURS: [&str; 1] = ["crates/rt-toy/tests/size.rs"];

/// Where a starter was made from: committed with it.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Origin {
    /// The clone of the repository that holds solutions and this tool.
    pub(crate) clone: PathBuf,
    /// The steps before this one are ours.
    pub(crate) from: u32,
}

impl Origin {
    pub(crate) fn text(&self) -> String {
        let text = toml::to_string(self).expect("a path and a number have a form in TOML");
        format!("# What this starter was made from.\n{text}")
    }
}

/// Which tree is wanted.
pub(crate) enum Tree<'a> {
    /// The parts that this says are solved, the others are stubs.
    Filled(&'a dyn Fn(PartId) -> bool),
    /// Whatever is marked asks the environment at run time what it is: see `switch.rs`.
    Switched,
}

/// Makes a tree of the whole workspace.
pub(crate) fn make(course: &Course, tree: &Tree<'_>) -> Result<Folder, Fault> {
    let mut folder = Folder::default();
    for path in listed(&course.root)? {
        if !is_wanted(&path) {
            continue;
        }
        let file = course.root.join(&path);
        let bytes = fs::read(&file).map_err(|error| Fault::file("read", &file, &error))?;
        folder.put(path, bytes);
    }
    for chapter in &course.chapters {
        sources(chapter, tree, &mut folder);
        if let Tree::Filled(is_solved) = tree {
            lock_quotations(course, chapter, is_solved, &mut folder)?;
        }
    }
    manifest(&mut folder)?;
    folder.put("README.md", README);
    // As it is written, on every system.
    folder.put(".gitattributes", "* -text\n");
    folder.put(".gitignore", "/target\n/.course/progress.toml\n");
    if matches!(tree, Tree::Switched) {
        add_switch(course, &mut folder)?;
    }
    Ok(folder)
}

/// The sources of one chapter.
pub(crate) fn sources(chapter: &Chapter, tree: &Tree<'_>, folder: &mut Folder) {
    for source in &chapter.sources {
        let text = source.render(|marked| {
            let part = chapter.part(marked.part).expect("`agrees` has looked for it");
            match tree {
                Tree::Filled(is_solved) if is_solved(marked.part) => Rendering::Solved,
                Tree::Filled(_) => Rendering::Stubbed(&part.title),
                Tree::Switched => {
                    let wrong = part.wrong.iter().filter(|wrong| wrong.item == marked.item.name);
                    Rendering::Switched {
                        title: &part.title,
                        wrong: wrong.map(|wrong| (wrong.name.clone(), wrong.body.trim())).collect(),
                    }
                }
            }
        });
        folder.put(source.path.clone(), text);
    }
}

/// The solved starter, in a folder of the clone.
pub(crate) fn reference(course: &Course) -> Result<PathBuf, Fault> {
    let place = course.root.join("target/course/reference");
    make(course, &Tree::Filled(&|_| true))?.replace(&place)?;
    Ok(place)
}

/// The starter with what lets it find the way back.
pub(crate) fn with_origin(course: &Course, from: u32) -> Result<Folder, Fault> {
    let is_solved = |part: PartId| part.step < from;
    let mut folder = make(course, &Tree::Filled(&is_solved))?;
    let clone: PathBuf =
        course.root.canonicalize().map_err(|error| Fault::file("find", &course.root, &error))?;
    let tool = clone.join("crates/rt-course/Cargo.toml");
    let tool = toml::Value::from(tool.display().to_string());
    let alias =
        format!("[alias]\ncourse = [\"run\", \"--quiet\", \"--manifest-path\", {tool}, \"--\"]\n");
    folder.put(".cargo/config.toml", alias);
    folder.put(ORIGIN, Origin { clone, from }.text());
    Ok(folder)
}

/// Lets cargo take out of Cargo.lock what no crate here needs, before anything is committed.
pub(crate) fn settle(place: &Path) -> Result<(), Fault> {
    let metadata = |more: &[&str]| {
        let mut command = Command::new("cargo");
        command.args(["metadata", "--format-version=1"]).args(more).current_dir(place);
        suite::run(command, Duration::from_secs(300), None)
    };
    // What is needed is downloaded already, as a rule.
    let is_done = metadata(&["--offline"])?.end == End::Passed || metadata(&[])?.end == End::Passed;
    match is_done {
        true => Ok(()),
        false => Err(Fault::new("cargo does not understand the starter")
            .next(format!("cargo metadata, in {}", place.display()))),
    }
}

/// What is in the repository or would be with the next `git add`.
fn listed(root: &Path) -> Result<Vec<String>, Fault> {
    let output = git::command(root)
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .output()
        .map_err(|error| Fault::new(format!("can not run git: {error}")).next("install git"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Fault::new(format!(
            "git does not list the files of {}: {said}",
            root.display()
        ))
        .next("the course is made from a clone of the repository, not from an unpacked archive"));
    }
    let paths = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(paths.split('\0').filter(|path| root.join(path).is_file()).map(str::to_owned).collect())
}

fn is_wanted(path: &str) -> bool {
    if OURS.contains(&path) {
        return false;
    }
    let mut parts = path.split('/');
    match parts.next().unwrap_or_default() {
        "Cargo.toml" | "Cargo.lock" | "CONCEPTS.md" | ".rustfmt.toml" | "examples" => true,
        "tests" => !path.starts_with("tests/tidy"),
        "crates" => {
            let name = parts.next().unwrap_or_default();
            let below = parts.next().unwrap_or_default();
            !KEEPERS.contains(&name) && !["mutations", "course.toml"].contains(&below)
        }
        _ => false,
    }
}

fn manifest(folder: &mut Folder) -> Result<(), Fault> {
    let text = folder.files.remove("Cargo.toml").unwrap_or_default();
    let mut text = String::from_utf8_lossy(&text).into_owned();
    for (old, new) in [
        (
            "[workspace.lints.rust]\n",
            "[workspace.lints.rust]\nunused = { level = \"allow\", priority = -2 }\nunreachable_code = \"allow\"\n",
        ),
        ("todo = \"warn\"\n", ""),
    ] {
        if !text.contains(old) {
            return Err(Fault::new(format!("Cargo.toml has no `{}`", old.trim())));
        }
        text = text.replacen(old, new, 1);
    }
    folder.put("Cargo.toml", text);
    Ok(())
}

/// A quotation in a chapter that would give away an unsolved body is replaced by a word of where it
/// can be seen.
fn lock_quotations(
    course: &Course,
    chapter: &Chapter,
    is_solved: &dyn Fn(PartId) -> bool,
    folder: &mut Folder,
) -> Result<(), Fault> {
    let path = format!("crates/{}/README.md", chapter.package);
    let Some(text) = folder.files.get(&path) else { return Ok(()) };
    let text = String::from_utf8_lossy(text).into_owned();
    let mut out = String::with_capacity(text.len());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let quoted = line.strip_prefix("<!-- source:").and_then(|rest| rest.strip_suffix("-->"));
        let Some(file) = quoted.map(str::trim) else {
            out.push_str(line);
            out.push('\n');
            continue;
        };
        let mut block = Vec::new();
        let fence = lines.next().unwrap_or_default();
        while let Some(line) = lines.next_if(|line| !line.starts_with("```")) {
            block.push(line);
        }
        let end = lines.next().unwrap_or_default();
        match quoted_part(course, file, &block).filter(|part| !is_solved(*part)) {
            Some(part) => out.push_str(&format!(
                "> *Unlocked by {part}: when its tests are green, `cargo course solution {part}` shows these lines.*\n"
            )),
            None => {
                for line in [line, fence].into_iter().chain(block).chain([end]) {
                    out.push_str(line);
                    out.push('\n');
                }
            }
        }
    }
    folder.put(path, out);
    Ok(())
}

/// The part that a quotation shows the solution of.
fn quoted_part(course: &Course, file: &str, block: &[&str]) -> Option<PartId> {
    let sources = course.chapters.iter().flat_map(|chapter| &chapter.sources);
    let source: &Source = sources.into_iter().find(|source| source.path == file)?;
    let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
    let block: Vec<&str> = block.iter().map(|line| line.trim()).collect();
    let first = lines.windows(block.len().max(1)).position(|window| window == block)? + 1;
    let shown = first..first + block.len();
    let overlaps = |marked: &&Marked| {
        let body = match marked.stub {
            Stub::Omit => source.lines_of(&marked.item),
            _ => source.line_of(&marked.item) + 1..source.lines_of(&marked.item).end,
        };
        body.start < shown.end && shown.start < body.end
    };
    source.marked.iter().find(overlaps).map(|marked| marked.part)
}

fn add_switch(course: &Course, folder: &mut Folder) -> Result<(), Fault> {
    folder.put("crates/rt-switch/src/lib.rs", SWITCH);
    folder.put(
        "crates/rt-switch/Cargo.toml",
        "[package]\nname = \"rt-switch\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n",
    );
    for chapter in &course.chapters {
        let path = format!("crates/{}/Cargo.toml", chapter.package);
        let text = read(&course.root.join(&path))?;
        let table = "[dependencies]\n";
        if !text.contains(table) {
            return Err(Fault::new(format!("{path} has no table [dependencies]")));
        }
        let with = format!("{table}rt-switch = {{ path = \"../rt-switch\" }}\n");
        folder.put(path, text.replacen(table, &with, 1));
    }
    Ok(())
}
