//! What is in a directory.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::fs::{FileType, Metadata};
use std::future::{Future, poll_fn};
use std::io;
use std::mem;
use std::os::unix::fs::DirEntryExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rt_task::{Builder, JoinHandle, coop};

use crate::context;
use crate::fs::job::run;
use crate::task::blocking;

/// So many entries are read with one job.
const CHUNK: usize = 32;

/// The entries of a directory, read 32 at a time. See [`read_dir`].
#[must_use = "nothing is read before it is asked for"]
pub struct ReadDir {
    state: State,
}

enum State {
    Idle(Chunk),
    Busy(JoinHandle<Chunk>),
    /// Its job was lost with the runtime.
    Gone,
}

struct Chunk {
    entries: VecDeque<io::Result<DirEntry>>,
    /// `None` at the end.
    rest: Option<std::fs::ReadDir>,
}

/// What is in a directory. As [`std::fs::DirEntry`].
pub struct DirEntry {
    std: Arc<std::fs::DirEntry>,
    /// Most file systems say it with the name.
    file_type: Option<FileType>,
}

/// What is in a directory. As [`std::fs::read_dir`].
///
/// ```
/// # rt::block_on(async {
/// let mut entries = rt::fs::read_dir(".").await?;
/// let mut names = Vec::new();
/// while let Some(entry) = entries.next_entry().await? {
///     names.push(entry.file_name());
/// }
/// assert!(names.contains(&"Cargo.toml".into()));
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// As of std's.
pub async fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    let path = path.as_ref().to_owned();
    let chunk = run(move || {
        let rest = std::fs::read_dir(path)?;
        Ok(Chunk { entries: VecDeque::new(), rest: Some(rest) }.read())
    });
    Ok(ReadDir { state: State::Idle(chunk.await?) })
}

impl Chunk {
    fn read(mut self) -> Chunk {
        while self.entries.len() < CHUNK
            && let Some(rest) = &mut self.rest
        {
            match rest.next() {
                Some(entry) => self.entries.push_back(entry.map(DirEntry::new)),
                None => self.rest = None,
            }
        }
        self
    }
}

impl ReadDir {
    /// The next entry; `None` at the end.
    ///
    /// Cancel safe: an entry is given or stays.
    ///
    /// # Errors
    ///
    /// The system's, for one entry; and if its runtime has ended.
    pub async fn next_entry(&mut self) -> io::Result<Option<DirEntry>> {
        poll_fn(|cx| self.poll_next_entry(cx)).await
    }

    /// As [`next_entry`](ReadDir::next_entry). The last task that polled is woken.
    ///
    /// # Errors
    ///
    /// As of `next_entry`.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    pub fn poll_next_entry(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<DirEntry>>> {
        let proceed = ready!(coop::poll_proceed(cx));
        loop {
            match mem::replace(&mut self.state, State::Gone) {
                State::Gone => return Poll::Ready(Ok(None)),
                State::Idle(mut chunk) => match chunk.entries.pop_front() {
                    None if chunk.rest.is_some() => {
                        let runtime = context::here("`ReadDir`");
                        let job = move || chunk.read();
                        let job = blocking::spawn_on(&runtime, "`ReadDir`", Builder::new(), job);
                        self.state = State::Busy(job);
                    }
                    entry => {
                        self.state = State::Idle(chunk);
                        proceed.made_progress();
                        return Poll::Ready(entry.transpose());
                    }
                },
                State::Busy(mut job) => {
                    let Poll::Ready(read) = Pin::new(&mut job).poll(cx) else {
                        self.state = State::Busy(job);
                        return Poll::Pending;
                    };
                    self.state = State::Idle(read?);
                }
            }
        }
    }
}

impl DirEntry {
    fn new(std: std::fs::DirEntry) -> DirEntry {
        DirEntry { file_type: std.file_type().ok(), std: Arc::new(std) }
    }

    /// The path of the directory as it was given, and the name.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.std.path()
    }

    /// The name.
    #[must_use]
    pub fn file_name(&self) -> OsString {
        self.std.file_name()
    }

    /// What is known of it. A link is not followed.
    ///
    /// # Errors
    ///
    /// The system's.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        let std = self.std.clone();
        run(move || std.metadata()).await
    }

    /// What it is. A link is not followed.
    ///
    /// # Errors
    ///
    /// The system's.
    pub async fn file_type(&self) -> io::Result<FileType> {
        match self.file_type {
            Some(file_type) => Ok(file_type),
            None => {
                let std = self.std.clone();
                run(move || std.file_type()).await
            }
        }
    }

    /// The number of its inode.
    #[must_use]
    pub fn ino(&self) -> u64 {
        self.std.ino()
    }
}

impl fmt::Debug for ReadDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadDir").finish_non_exhaustive()
    }
}

impl fmt::Debug for DirEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.std.fmt(f)
    }
}
