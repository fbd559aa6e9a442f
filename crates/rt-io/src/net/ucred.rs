//! Who is at the other end of a Unix socket.

use std::io;

use crate::net::unix_stream::UnixStream;

/// The process at the other end, as it was when it connected. Names are tokio's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UCred {
    uid: u32,
    gid: u32,
    pid: i32,
}

impl UCred {
    /// Its user.
    #[must_use]
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// Its group.
    #[must_use]
    pub fn gid(&self) -> u32 {
        self.gid
    }

    /// Its number; `None` where the system does not say.
    #[must_use]
    pub fn pid(&self) -> Option<i32> {
        Some(self.pid)
    }
}

impl UnixStream {
    /// Who is at the other end.
    ///
    /// ```
    /// use rt_io::net::UnixStream;
    ///
    /// let (one, _two) = UnixStream::pair()?;
    /// assert_eq!(one.peer_cred()?.pid(), Some(std::process::id() as i32));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn peer_cred(&self) -> io::Result<UCred> {
        let found = rustix::net::sockopt::socket_peercred(self)?;
        let pid = found.pid.as_raw_nonzero().get();
        Ok(UCred { uid: found.uid.as_raw(), gid: found.gid.as_raw(), pid })
    }
}
