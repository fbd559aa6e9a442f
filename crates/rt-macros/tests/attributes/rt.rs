//! A facade that knows just the names in an expansion, and remembers what it was asked for.

use std::cell::Cell;

/// What the builder of the running runtime was asked for.
#[derive(Clone, Copy, Default)]
pub(crate) struct Asked {
    pub(crate) constructor: &'static str,
    pub(crate) build: &'static str,
    pub(crate) worker_threads: Option<usize>,
    pub(crate) start_paused: bool,
    enabled: bool,
}

thread_local! {
    static ASKED: Cell<Asked> = Cell::new(Asked::default());
}

pub(crate) fn asked() -> Asked {
    ASKED.get()
}

pub(crate) mod __macros {
    use super::runtime::Builder;

    pub(crate) fn builder() -> Builder {
        Builder::named("builder")
    }
}

pub(crate) mod runtime {
    use std::io;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::{ASKED, Asked};

    pub(crate) struct Builder(Asked);

    impl Builder {
        pub(super) fn named(constructor: &'static str) -> Self {
            Builder(Asked { constructor, ..Asked::default() })
        }

        pub(crate) fn new_current_thread() -> Self {
            Builder::named("new_current_thread")
        }

        pub(crate) fn new_multi_thread() -> Self {
            Builder::named("new_multi_thread")
        }

        pub(crate) fn worker_threads(&mut self, count: usize) -> &mut Self {
            self.0.worker_threads = Some(count);
            self
        }

        pub(crate) fn start_paused(&mut self, paused: bool) -> &mut Self {
            self.0.start_paused = paused;
            self
        }

        pub(crate) fn enable_all(&mut self) -> &mut Self {
            self.0.enabled = true;
            self
        }

        pub(crate) fn build(&mut self) -> io::Result<Runtime> {
            self.0.build = "build";
            Ok(Runtime(self.0))
        }

        pub(crate) fn build_local(&mut self) -> io::Result<Runtime> {
            self.0.build = "build_local";
            Ok(Runtime(self.0))
        }
    }

    pub(crate) struct Runtime(Asked);

    impl Runtime {
        pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
            assert!(self.0.enabled, "time and io are there without being asked for");
            ASKED.set(self.0);
            let mut cx = Context::from_waker(Waker::noop());
            match pin!(future).poll(&mut cx) {
                Poll::Ready(output) => output,
                Poll::Pending => panic!("these bodies have nothing to wait for"),
            }
        }
    }
}
