//! Between the I/O traits of futures and those of tokio, for types that are neither's and ours.
//!
//! ```text
//!   a type that is futures'  ── TokioIo ──►  tokio's traits      a TLS stream under a library of tokio's
//!   a type that is tokio's   ── TokioIo ──►  futures' traits     tokio::fs::File under a codec of futures'
//! ```
//!
//! * **[CP1]** What a read says it read is what it wrote into the buffer: a type that says more panics, and shows
//!   nobody memory that was not written.
//! * **[CP2]** tokio's seek is begun and then waited for, that of futures is one call that is repeated. The wrapper
//!   keeps what was begun. Towards futures, a seek that was given up is over before another one begins.
//!
//! The traits have the same shape but for that. Not here: vectored reads, which tokio does not have.

mod to_futures;
mod to_tokio;

use std::io::SeekFrom;
use std::pin::Pin;

use pin_project_lite::pin_project;

pin_project! {
    /// Has the traits of tokio over a type that has those of futures, and the other way round: reading, writing,
    /// buffered reading and seeking, whichever the type has.
    ///
    /// The streams of `rt` have both already and need no wrapper.
    ///
    /// ```
    /// use futures::io::Cursor;
    /// use rt_compat::TokioIo;
    /// use tokio::io::AsyncReadExt;
    ///
    /// let mut text = String::new();
    /// let mut reader = TokioIo::new(Cursor::new("futures' cursor, tokio's reader"));
    /// rt_executor::block_on(reader.read_to_string(&mut text))?;
    /// assert_eq!(text, "futures' cursor, tokio's reader");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[derive(Debug)]
    pub struct TokioIo<T> {
        #[pin]
        inner: T,
        seek: Seek,
    }
}

/// `[CP2]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seek {
    None,
    /// Begun by tokio's call, to be made by that of futures.
    To(SeekFrom),
    /// Begun by us, and waited for by who polls that of futures.
    Begun(SeekFrom),
}

impl<T> TokioIo<T> {
    /// Wraps it.
    pub fn new(inner: T) -> TokioIo<T> {
        TokioIo { inner, seek: Seek::None }
    }

    /// What is wrapped.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// What is wrapped.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// What is wrapped, for all but seeks: who reads or writes has given up a seek that he began `[CP2]`.
    fn beside_seeks(self: Pin<&mut Self>) -> Pin<&mut T> {
        let this = self.project();
        *this.seek = Seek::None;
        this.inner
    }

    /// What was wrapped. A seek that goes on is left to it.
    pub fn into_inner(self) -> T {
        self.inner
    }
}
