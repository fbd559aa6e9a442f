//! A tree of files in memory, and how it is written.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::fault::Fault;

/// Paths with slashes from its root, and what is in the files.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

impl Folder {
    pub(crate) fn put(&mut self, path: impl Into<String>, text: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), text.into());
    }

    /// Writes what is not there already, word for word: cargo builds again what is younger.
    pub(crate) fn write(&self, root: &Path) -> Result<(), Fault> {
        for (path, text) in &self.files {
            let path = root.join(path);
            if fs::read(&path).is_ok_and(|old| old == *text) {
                continue;
            }
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)
                    .map_err(|error| Fault::file("create", parent, &error))?;
            }
            fs::write(&path, text).map_err(|error| Fault::file("write", &path, &error))?;
        }
        Ok(())
    }

    /// Removes what lies there and is not in it, but for hidden files and `target`; then writes.
    pub(crate) fn replace(&self, root: &Path) -> Result<(), Fault> {
        self.sweep(root, "")?;
        self.write(root)
    }

    fn sweep(&self, folder: &Path, prefix: &str) -> Result<(), Fault> {
        let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
        for entry in entries {
            let entry = entry.map_err(|error| Fault::file("read", folder, &error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            if prefix.is_empty() && (name.starts_with('.') || name == "target") {
                continue;
            }
            if entry.path().is_dir() {
                self.sweep(&entry.path(), &format!("{path}/"))?;
            } else if !self.files.contains_key(&path) {
                fs::remove_file(entry.path())
                    .map_err(|error| Fault::file("remove", &entry.path(), &error))?;
            }
        }
        Ok(())
    }
}

/// The files below a folder of `root`, with their paths from there.
pub(crate) fn below(root: &Path, folder: &str) -> Result<BTreeMap<String, Vec<u8>>, Fault> {
    let mut files = BTreeMap::new();
    let place = root.join(folder);
    let fault = |error: &std::io::Error| Fault::file("read", &place, error);
    for entry in fs::read_dir(&place).map_err(|error| fault(&error))? {
        let entry = entry.map_err(|error| fault(&error))?;
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            files.extend(below(root, &path)?);
        } else {
            files.insert(path, fs::read(entry.path()).map_err(|error| fault(&error))?);
        }
    }
    Ok(files)
}

/// The text of a file.
pub(crate) fn read(path: &Path) -> Result<String, Fault> {
    fs::read_to_string(path).map_err(|error| Fault::file("read", path, &error))
}
