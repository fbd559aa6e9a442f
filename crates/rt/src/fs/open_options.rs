//! How a file is opened.

use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::fs::file::File;
use crate::fs::job::run;

/// As [`std::fs::OpenOptions`].
///
/// ```
/// use rt::fs::OpenOptions;
///
/// # rt::block_on(async {
/// let file = OpenOptions::new().read(true).open("Cargo.toml").await?;
/// assert!(file.metadata().await?.is_file());
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions {
    std: std::fs::OpenOptions,
}

macro_rules! options {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {$(
        $(#[$doc])*
        pub fn $name(&mut self, $name: $type) -> &mut OpenOptions {
            self.std.$name($name);
            self
        }
    )*};
}

impl OpenOptions {
    /// All are off.
    #[must_use]
    pub fn new() -> OpenOptions {
        OpenOptions { std: std::fs::OpenOptions::new() }
    }

    options! {
        /// Whether it can be read.
        read: bool;
        /// Whether it can be written.
        write: bool;
        /// Whether all that is written goes to its end.
        append: bool;
        /// Whether it is emptied.
        truncate: bool;
        /// Whether it is made if it is not there.
        create: bool;
        /// Whether it is made, and must not be there.
        create_new: bool;
        /// The permissions of a file that is made, less the process's mask.
        mode: u32;
        /// More flags of `open`, by the numbers of the system.
        custom_flags: i32;
    }

    /// Opens the file.
    ///
    /// # Errors
    ///
    /// As [`std::fs::OpenOptions::open`].
    pub async fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let (options, path) = (self.std.clone(), path.as_ref().to_owned());
        run(move || options.open(path)).await.map(File::from_std)
    }
}

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        OpenOptions::new()
    }
}

impl From<std::fs::OpenOptions> for OpenOptions {
    fn from(std: std::fs::OpenOptions) -> OpenOptions {
        OpenOptions { std }
    }
}

/// Opening.
impl File {
    /// Opens a file for reading.
    ///
    /// # Errors
    ///
    /// As [`std::fs::File::open`].
    pub async fn open(path: impl AsRef<Path>) -> io::Result<File> {
        File::options().read(true).open(path).await
    }

    /// Opens a file for writing; it is made if it is not there, and emptied if it is.
    ///
    /// # Errors
    ///
    /// As [`std::fs::File::create`].
    pub async fn create(path: impl AsRef<Path>) -> io::Result<File> {
        File::options().write(true).create(true).truncate(true).open(path).await
    }

    /// Makes a file, and opens it for reading and writing.
    ///
    /// # Errors
    ///
    /// As [`std::fs::File::create_new`].
    pub async fn create_new(path: impl AsRef<Path>) -> io::Result<File> {
        File::options().read(true).write(true).create_new(true).open(path).await
    }

    /// To open one otherwise.
    #[must_use]
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }
}
