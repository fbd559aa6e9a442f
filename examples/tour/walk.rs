//! The first stage: which files there are.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_channel::Sender;
use rt::task::yield_now;

use crate::item::{Item, Problem};
use crate::progress::Seen;

/// Folders that are full of what nobody wrote.
const SKIPPED: [&str; 3] = [".git", "target", "node_modules"];

/// What a text file in a folder is called. A file that is named by the user may be called anything.
const TEXTS: [&str; 22] = [
    "adoc", "c", "cfg", "conf", "cpp", "css", "go", "h", "html", "java", "js", "json", "lock",
    "md", "py", "rs", "rst", "sh", "toml", "ts", "txt", "yml",
];

/// Sends the path of every file below `roots`, depth first and in order. Where there is no room in
/// the channel it waits: the readers set the pace.
pub(crate) async fn walk(roots: Vec<PathBuf>, paths: Sender<Item<PathBuf>>, seen: Arc<Seen>) {
    let mut stack: Vec<Item<Entry>> = roots.iter().rev().map(|root| root_entry(root)).collect();
    while let Some(entry) = stack.pop() {
        let item = match entry {
            Ok(Entry::Folder(path)) => {
                match entries(&path) {
                    Ok(below) => stack.extend(below.into_iter().rev()),
                    Err(error) => stack.push(Err(Problem::unreadable(&path, &error))),
                }
                // Reading a folder may take a while: now it is the others' turn.
                yield_now().await;
                continue;
            }
            Ok(Entry::File(path)) => Ok(path),
            Err(problem) => Err(problem),
        };
        seen.found();
        if paths.send(item).await.is_err() {
            return; // nobody reads any more
        }
    }
}

enum Entry {
    Folder(PathBuf),
    File(PathBuf),
}

/// What the user named.
fn root_entry(path: &Path) -> Item<Entry> {
    let metadata = fs::metadata(path).map_err(|error| Problem::unreadable(path, &error))?;
    if metadata.is_dir() {
        Ok(Entry::Folder(path.to_owned()))
    } else if metadata.is_file() {
        Ok(Entry::File(path.to_owned()))
    } else {
        Err(Problem::new(path, "neither a file nor a folder"))
    }
}

/// What is in a folder, sorted. Links are not followed: they may lead round in circles.
fn entries(folder: &Path) -> io::Result<Vec<Item<Entry>>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        found.push((entry.path(), entry.file_type()));
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    let entries = found.into_iter().filter_map(|(path, kind)| match kind {
        Err(error) => Some(Err(Problem::unreadable(&path, &error))),
        Ok(kind) if kind.is_dir() => (!is_skipped(&path)).then_some(Ok(Entry::Folder(path))),
        Ok(kind) if kind.is_file() => is_text(&path).then_some(Ok(Entry::File(path))),
        Ok(_) => None,
    });
    Ok(entries.collect())
}

fn is_skipped(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| SKIPPED.iter().any(|skipped| name == *skipped))
}

/// By its extension; a file that has none (`LICENSE`) is taken for a text until it is read.
fn is_text(file: &Path) -> bool {
    file.extension().is_none_or(|extension| TEXTS.iter().any(|text| extension == *text))
}
