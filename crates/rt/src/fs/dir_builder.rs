//! How a directory is made.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use crate::fs::job::run;

/// As [`std::fs::DirBuilder`].
///
/// ```
/// # rt::block_on(async {
/// let path = std::env::temp_dir().join(format!("rt-dir-builder-{}", std::process::id()));
/// rt::fs::DirBuilder::new().recursive(true).create(path.join("inner")).await?;
/// assert!(rt::fs::metadata(path.join("inner")).await?.is_dir());
/// rt::fs::remove_dir_all(path).await
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct DirBuilder {
    is_recursive: bool,
    mode: Option<u32>,
}

impl DirBuilder {
    /// One directory, in one that is there.
    #[must_use]
    pub fn new() -> DirBuilder {
        DirBuilder::default()
    }

    /// Whether those above it are made too, and it is no error that it is there.
    pub fn recursive(&mut self, recursive: bool) -> &mut DirBuilder {
        self.is_recursive = recursive;
        self
    }

    /// The permissions of what is made, less the process's mask.
    pub fn mode(&mut self, mode: u32) -> &mut DirBuilder {
        self.mode = Some(mode);
        self
    }

    /// Makes it.
    ///
    /// # Errors
    ///
    /// As [`std::fs::DirBuilder::create`].
    pub async fn create(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(self.is_recursive);
        if let Some(mode) = self.mode {
            builder.mode(mode);
        }
        let path = path.as_ref().to_owned();
        run(move || builder.create(path)).await
    }
}
