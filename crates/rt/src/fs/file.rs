//! An open file.

mod futures;

#[cfg(feature = "io-util")]
mod tokio;

use std::fmt;
use std::fs::{Metadata, Permissions};
use std::future::poll_fn;
use std::io::{self, IoSlice, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::tokio::sync::{Mutex, MutexGuard};
use rt_task::coop;

use crate::fs::job::run;
use crate::fs::messages;
use crate::fs::open::{Ahead, Open};
use crate::io::blocking::{Blocking, Done, MAX_BUF_SIZE};

const WHAT: &str = "`rt::fs::File`";

/// An open file, whose operations run on the blocking pool. Names and behaviour are tokio's.
///
/// It **reads ahead**: small reads of a regular file are served from 64 KiB that one job has read. It **writes
/// behind**: a write copies at most [`max_buf_size`](File::max_buf_size) bytes, and is done when a job has them;
/// the next operation waits for that job, and has its error. So end with `flush`, which waits, and says whether
/// all was written; with [`sync_all`](File::sync_all) it is on the disk, too.
///
/// A write that was accepted is made, also if the file is dropped right after, or if its runtime ends.
///
/// ```
/// use futures::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
/// use rt::fs::{File, OpenOptions};
///
/// # rt::block_on(async {
/// let path = std::env::temp_dir().join(format!("rt-file-{}", std::process::id()));
/// let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path).await?;
/// file.write_all(b"hello, file").await?;
/// file.flush().await?;
/// file.seek(std::io::SeekFrom::Start(7)).await?;
/// let mut text = String::new();
/// file.read_to_string(&mut text).await?;
/// assert_eq!(text, "file");
/// rt::fs::remove_file(&path).await
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Cancel safety
///
/// A read that is cancelled takes nothing away: the next one has it. A write is accepted at the poll that returns
/// its length: before, nothing is written; after, all of it. (`write_all` may have been at the second of several
/// writes, and does not say so.)
///
/// One operation is on its way at a time: a write waits for a read that was cancelled. If that was of a terminal or a
/// pipe, what it read is lost with the write: take a handle for each direction.
///
/// # Panics
///
/// Outside of a runtime, if an operation has to begin.
pub struct File {
    open: Arc<Open>,
    blocking: Mutex<Blocking>,
    max_buf_size: usize,
    seeks: Seeks,
}

/// What the traits of seeking remember between two polls.
#[derive(Debug, Default)]
struct Seeks {
    /// The seek that is on its way.
    begun: Option<SeekFrom>,
    /// The one that was asked for, and has not ended.
    asked: Option<SeekFrom>,
    /// Where the last one led to.
    position: u64,
}

impl Seeks {
    /// Something else is asked for: who asked has gone, and what was begun is nobody's.
    fn forget(&mut self) {
        (self.asked, self.begun) = (None, None);
    }
}

/// Waits for an operation that is no seek, and moves the cursor, or might.
async fn finish(blocking: &mut Blocking) -> io::Result<()> {
    match poll_fn(|cx| blocking.poll_done(cx)).await? {
        Some(Done::Settled(settled)) => settled,
        _ => unreachable!("[BG1] nobody else has begun an operation"),
    }
}

impl File {
    /// A file of std.
    #[must_use]
    pub fn from_std(std: std::fs::File) -> File {
        File {
            open: Arc::new(Open::new(std)),
            blocking: Mutex::new(Blocking::new()),
            max_buf_size: MAX_BUF_SIZE,
            seeks: Seeks::default(),
        }
    }

    /// The file of std, after the operation that is on its way. The error of a write is lost here: flush before.
    pub async fn into_std(mut self) -> std::fs::File {
        let _lost = poll_fn(|cx| self.blocking.get_mut().poll_done(cx)).await;
        loop {
            self = match self.try_into_std() {
                Ok(std) => return std,
                Err(file) => file,
            };
            // A call that was cancelled still has it. It is on the pool, as this is.
            let _gone = run(|| Ok(())).await;
        }
    }

    /// The file of std.
    ///
    /// # Errors
    ///
    /// The file, if an operation is on its way.
    #[allow(clippy::result_large_err, reason = "tokio's signature")]
    pub fn try_into_std(mut self) -> Result<std::fs::File, File> {
        if !self.blocking.get_mut().is_idle() {
            return Err(self);
        }
        match Arc::try_unwrap(self.open) {
            Ok(open) => {
                let _a_pipe = open.put_back(self.blocking.get_mut().buf().discard());
                Ok(open.into_std())
            }
            Err(open) => {
                self.open = open;
                Err(self)
            }
        }
    }

    /// Nothing is on its way any more, and nothing begins while this is held.
    ///
    /// # Errors
    ///
    /// That of a write that nobody has waited for.
    async fn idle(&self) -> io::Result<MutexGuard<'_, Blocking>> {
        let mut blocking = self.blocking.lock().await;
        poll_fn(|cx| blocking.poll_done(cx)).await?;
        Ok(blocking)
    }

    /// The same, and the cursor is where the reader is [FL1].
    async fn idle_at_cursor(&self) -> io::Result<MutexGuard<'_, Blocking>> {
        let mut blocking = self.idle().await?;
        let unread = blocking.buf().discard();
        if unread > 0 {
            let ahead = Ahead::new(self.open.clone(), unread);
            blocking.start(WHAT, move |_| Done::Settled(ahead.put_back()));
            finish(&mut blocking).await?;
        }
        Ok(blocking)
    }

    /// A second handle of the same file, with the same cursor.
    ///
    /// # Errors
    ///
    /// As [`std::fs::File::try_clone`].
    pub async fn try_clone(&self) -> io::Result<File> {
        let _nobody_reads = self.idle_at_cursor().await?;
        let open = self.open.clone();
        let clone = run(move || open.std().try_clone()).await?;
        let mut file = File::from_std(clone);
        file.max_buf_size = self.max_buf_size;
        Ok(file)
    }

    /// Waits until all that was written is on the disk, with what the system says of the file.
    ///
    /// # Errors
    ///
    /// The system's, and that of a write before.
    pub async fn sync_all(&self) -> io::Result<()> {
        let _nobody_writes = self.idle().await?;
        let open = self.open.clone();
        run(move || open.std().sync_all()).await
    }

    /// Waits until all that was written is on the disk.
    ///
    /// # Errors
    ///
    /// The system's, and that of a write before.
    pub async fn sync_data(&self) -> io::Result<()> {
        let _nobody_writes = self.idle().await?;
        let open = self.open.clone();
        run(move || open.std().sync_data()).await
    }

    /// Cuts the file, or makes it longer.
    ///
    /// # Errors
    ///
    /// As [`std::fs::File::set_len`], and that of a write before.
    pub async fn set_len(&self, size: u64) -> io::Result<()> {
        let mut blocking = self.idle_at_cursor().await?;
        let open = self.open.clone();
        // An operation like the others: a write after a call that is cancelled waits for it.
        blocking.start(WHAT, move |_| Done::Settled(open.std().set_len(size)));
        finish(&mut blocking).await
    }

    /// What the system says of the file. It waits for no write: flush before.
    ///
    /// # Errors
    ///
    /// The system's.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        let open = self.open.clone();
        run(move || open.std().metadata()).await
    }

    /// Changes its permissions.
    ///
    /// # Errors
    ///
    /// The system's.
    pub async fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        let open = self.open.clone();
        run(move || open.std().set_permissions(permissions)).await
    }

    /// How much one operation moves at most. 2 MiB, unless set.
    #[must_use]
    pub fn max_buf_size(&self) -> usize {
        self.max_buf_size
    }

    /// See [`max_buf_size`](File::max_buf_size).
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[track_caller]
    pub fn set_max_buf_size(&mut self, bytes: usize) {
        if bytes == 0 {
            messages::no_buffer();
        }
        self.max_buf_size = bytes;
    }

    fn poll_read_into(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        if room.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let proceed = ready!(coop::poll_proceed(cx));
        self.seeks.forget();
        let blocking = self.blocking.get_mut();
        loop {
            let done = ready!(blocking.poll_done(cx))?;
            let count = blocking.buf().take(room);
            match done {
                Some(Done::Read(Err(error))) => return Poll::Ready(Err(error)),
                Some(Done::Read(Ok(0))) => {}
                _ if count > 0 => {}
                _ => {
                    let (open, asked, most) = (self.open.clone(), room.len(), self.max_buf_size);
                    blocking.start(WHAT, move |buf| {
                        let size = open.read_size(asked, most);
                        Done::Read(buf.read(size, |room| open.std().read(room)))
                    });
                    continue;
                }
            }
            proceed.made_progress();
            return Poll::Ready(Ok(count));
        }
    }

    fn poll_write_from(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let proceed = ready!(coop::poll_proceed(cx));
        self.seeks.forget();
        let blocking = self.blocking.get_mut();
        ready!(blocking.poll_done(cx))?;
        if bufs.iter().all(|buf| buf.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        let open = self.open.clone();
        let count = blocking.start_write(WHAT, (bufs, self.max_buf_size), move |unread, bytes| {
            open.put_back(unread)?;
            open.std().write_all(bytes)
        });
        proceed.made_progress();
        Poll::Ready(Ok(count))
    }

    /// Waits for what is on its way.
    fn poll_settled(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.blocking.get_mut().poll_done(cx).map_ok(drop)
    }

    /// Moves the cursor to the place that was asked for, if it is not there. Says where it stands.
    fn poll_moved(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let Some(to) = self.seeks.asked else {
            return self.poll_settled(cx).map_ok(|()| self.seeks.position);
        };
        loop {
            let done = ready!(self.blocking.get_mut().poll_done(cx));
            let is_this = self.seeks.begun.take() == Some(to);
            if let (Some(Done::Moved(moved)), true) = (done?, is_this) {
                self.seeks.asked = None;
                return Poll::Ready(moved.inspect(|position| self.seeks.position = *position));
            }
            self.begin_to_move(to);
        }
    }

    /// Nothing is on its way.
    fn begin_to_move(&mut self, to: SeekFrom) {
        let blocking = self.blocking.get_mut();
        let open = self.open.clone();
        let ahead = Ahead::new(open.clone(), blocking.buf().discard());
        blocking
            .start(WHAT, move |_| Done::Moved(ahead.put_back().and_then(|()| open.std().seek(to))));
        self.seeks.begun = Some(to);
    }
}

impl From<std::fs::File> for File {
    fn from(std: std::fs::File) -> File {
        File::from_std(std)
    }
}

impl From<OwnedFd> for File {
    fn from(fd: OwnedFd) -> File {
        File::from_std(fd.into())
    }
}

impl AsFd for File {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.open.std().as_fd()
    }
}

impl AsRawFd for File {
    fn as_raw_fd(&self) -> RawFd {
        self.open.std().as_raw_fd()
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.open.std().fmt(f)
    }
}

static_assertions::assert_impl_all!(File: Send, Sync, Unpin);
