//! Files and directories: the calls of [`std::fs`], on the blocking pool. Names and behaviour are tokio's.
//!
//! A call is one job of [`spawn_blocking`](crate::spawn_blocking): it holds up no task. Dropped before it is done, it
//! is not waited for; begun, it runs to its end, and a drop of the runtime waits for that. Errors are the system's, as
//! std gives them; and one, if the runtime ended before the job began.
//!
//! `async-fs` has the same on the pool of the crate `blocking`: a second one beside the runtime's own, which no
//! builder limits, no shutdown waits for, and which a clock that stands does not wait for. So this is on ours.
//!
//! # Panics
//!
//! Outside of a runtime.
//!
//! ```
//! # rt::block_on(async {
//! let path = std::env::temp_dir().join(format!("rt-fs-{}", std::process::id()));
//! rt::fs::write(&path, "hello").await?;
//! assert_eq!(rt::fs::read_to_string(&path).await?, "hello");
//! assert_eq!(rt::fs::metadata(&path).await?.len(), 5);
//! rt::fs::remove_file(&path).await
//! # })?;
//! # Ok::<(), std::io::Error>(())
//! ```

mod messages;

mod job;

mod open;

mod file;

mod open_options;

mod dir_builder;

mod read_dir;

use std::fs::{Metadata, Permissions};
use std::io;
use std::path::{Path, PathBuf};

pub use dir_builder::DirBuilder;
pub use file::File;
pub use open_options::OpenOptions;
pub use read_dir::{DirEntry, ReadDir, read_dir};

use crate::fs::job::run;

/// A call of std's that takes one path.
macro_rules! of_a_path {
    ($($(#[$doc:meta])* $name:ident -> $gives:ty;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        #[doc = concat!("As [`std::fs::", stringify!($name), "`].")]
        pub async fn $name(path: impl AsRef<Path>) -> io::Result<$gives> {
            let path = path.as_ref().to_owned();
            run(move || std::fs::$name(path)).await
        }
    )*};
}

of_a_path! {
    /// The absolute path behind links and dots.
    canonicalize -> PathBuf;
    /// Makes a directory in one that is there.
    create_dir -> ();
    /// Makes a directory, and those above it that are not there.
    create_dir_all -> ();
    /// What the system says of a file or directory. Links are followed.
    metadata -> Metadata;
    /// What the system says of a file, directory or link. Links are not followed.
    symlink_metadata -> Metadata;
    /// A whole file.
    read -> Vec<u8>;
    /// A whole file, which is text.
    read_to_string -> String;
    /// Where a link leads.
    read_link -> PathBuf;
    /// Removes an empty directory.
    remove_dir -> ();
    /// Removes a directory with all that is in it. Links are not followed.
    remove_dir_all -> ();
    /// Removes a file.
    remove_file -> ();
}

/// Copies a file, with its permissions, and says how many bytes that were.
///
/// # Errors
///
/// As [`std::fs::copy`].
pub async fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<u64> {
    let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
    run(move || std::fs::copy(from, to)).await
}

/// Gives a file a second name.
///
/// # Errors
///
/// As [`std::fs::hard_link`].
pub async fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    run(move || std::fs::hard_link(original, link)).await
}

/// Gives a file or directory another name, in place of what is there.
///
/// # Errors
///
/// As [`std::fs::rename`].
pub async fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
    run(move || std::fs::rename(from, to)).await
}

/// Makes a link.
///
/// # Errors
///
/// As [`std::os::unix::fs::symlink`].
pub async fn symlink(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    run(move || std::os::unix::fs::symlink(original, link)).await
}

/// Changes the permissions of a file or directory.
///
/// # Errors
///
/// As [`std::fs::set_permissions`].
pub async fn set_permissions(path: impl AsRef<Path>, permissions: Permissions) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::set_permissions(path, permissions)).await
}

/// Whether something is there. Links are followed.
///
/// # Errors
///
/// As [`Path::try_exists`].
pub async fn try_exists(path: impl AsRef<Path>) -> io::Result<bool> {
    let path = path.as_ref().to_owned();
    run(move || path.try_exists()).await
}

/// Makes a file of what is given, in place of what is there. The bytes are copied, to go to the pool.
///
/// # Errors
///
/// As [`std::fs::write`].
pub async fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
    let (path, contents) = (path.as_ref().to_owned(), contents.as_ref().to_owned());
    run(move || std::fs::write(path, contents)).await
}
