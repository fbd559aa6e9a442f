//! The setting of `tokio-context`.

use rt_compat::TokioCompat;

use crate::runtime::Builder;

impl Builder {
    /// Has a tokio runtime stand behind: libraries that ask for tokio's work in tasks of this runtime as they are. Its
    /// workers, its threads for what blocks, and each thread in a `block_on` of it or under a guard of
    /// [`Handle::enter`](crate::runtime::Handle::enter) hold its context as long as they live, so a poll costs nothing.
    ///
    /// Sockets and timers of tokio's are served by the runtime behind, and what libraries spawn with `tokio::spawn` runs
    /// there: on one thread, unless [`TokioCompat`] says otherwise. In such a task [`rt::spawn`](crate::spawn) finds no runtime; take a
    /// [`Handle`](crate::runtime::Handle) along, and spawn on that. A user's handle is taken as well, of a runtime that somebody drives:
    /// on one that nobody does, tokio's timers and sockets wait for ever. tokio's waits do not hold up a clock that stands
    /// ([`time::pause`](crate::time::pause)).
    ///
    /// The runtime behind ends after this one, as a tokio runtime does when it is dropped; a
    /// [`shutdown`](crate::runtime::Runtime::shutdown) gives it what is left of its time.
    ///
    /// ```
    /// use rt::compat::TokioCompat;
    /// use std::time::Duration;
    ///
    /// let runtime = rt::runtime::Builder::new_multi_thread().tokio_compat(TokioCompat::new()).build()?;
    /// runtime.block_on(async {
    ///     let task = rt::spawn(async {
    ///         tokio::time::sleep(Duration::from_millis(1)).await; // tokio's
    ///         rt::time::sleep(Duration::from_millis(1)).await; // ours
    ///     });
    ///     task.await.unwrap();
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// The guards of tokio, and with them those of `Handle::enter`, are dropped in reverse order of their making: else
    /// tokio panics.
    pub fn tokio_compat(&mut self, tokio: impl Into<TokioCompat>) -> &mut Builder {
        self.tokio = Some(tokio.into());
        self
    }
}
