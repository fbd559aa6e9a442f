//! What a file and its operations share: the file of std, and where its cursor is.
//!
//! * **[FL1]** What was read ahead stands before the system's cursor. Whoever moves or uses that cursor (a write, a
//!   seek, `set_len`, `try_clone`, `into_std`) puts it back first. Where the pool
//!   drops that job unrun, at the end of the runtime, or takes none, the drop puts it back.
//! * **[FL2]** Only of regular files more is read than was asked for: what another reader of a pipe or a terminal
//!   waits for is not taken away from him.

use std::io::{self, Seek, SeekFrom};
use std::mem;
use std::sync::{Arc, OnceLock};

/// A read takes so much at least from a regular file: a trip to the pool costs as much as copying it.
const READ_AHEAD: usize = 64 * 1024;

/// A file of std.
pub(super) struct Open {
    std: std::fs::File,
    is_regular: OnceLock<bool>,
}

impl Open {
    pub(super) fn new(std: std::fs::File) -> Open {
        Open { std, is_regular: OnceLock::new() }
    }

    pub(super) fn std(&self) -> &std::fs::File {
        &self.std
    }

    pub(super) fn into_std(self) -> std::fs::File {
        self.std
    }

    fn is_regular(&self) -> bool {
        let ask = || self.std.metadata().is_ok_and(|metadata| metadata.is_file());
        *self.is_regular.get_or_init(ask)
    }

    /// How much a read of `asked` bytes reads [FL2].
    pub(super) fn read_size(&self, asked: usize, most: usize) -> usize {
        let ahead = if self.is_regular() { READ_AHEAD } else { 0 };
        asked.max(ahead).min(most)
    }

    /// Puts the cursor where the reader is [FL1].
    pub(super) fn put_back(&self, unread: usize) -> io::Result<()> {
        // A pipe has no cursor: what was read from it is gone.
        let is_ahead = unread > 0 && self.is_regular();
        match i64::try_from(unread) {
            Ok(unread) if is_ahead => (&self.std).seek(SeekFrom::Current(-unread)).map(drop),
            _ => Ok(()),
        }
    }
}

/// What was read ahead and will be put back [FL1].
pub(super) struct Ahead {
    open: Arc<Open>,
    unread: usize,
}

impl Ahead {
    pub(super) fn new(open: Arc<Open>, unread: usize) -> Ahead {
        Ahead { open, unread }
    }

    pub(super) fn put_back(mut self) -> io::Result<()> {
        self.open.put_back(mem::take(&mut self.unread))
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        let _nobody_asks = self.open.put_back(self.unread);
    }
}
