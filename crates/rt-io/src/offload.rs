//! Where names are looked up: that blocks, and this crate has no threads for it.

use std::io;
use std::pin::Pin;
use std::thread;

use crate::job::{Job, Offload};
use crate::reactor::Handle;

impl Handle {
    /// Has jobs that block, the look-up of names, run by `run`: a pool of threads. To be said once; without
    /// it each has a thread of its own. `run` gives an error if it can not.
    pub fn offload_to(&self, run: impl Fn(Job) -> io::Result<()> + Send + Sync + 'static) {
        let run: Offload = Box::new(run);
        drop(self.shared.offload.set(run));
    }

    /// Runs a job that blocks, and gives what it returns.
    pub(crate) fn offload<R: Send + 'static>(
        &self,
        job: impl FnOnce() -> R + Send + 'static,
    ) -> Pin<Box<dyn Future<Output = io::Result<R>> + Send>> {
        let (sender, receiver) = crate::answer::channel();
        let job: Job = Box::new(move || sender.send(job()));
        let started = match self.shared.offload.get() {
            Some(run) => run(job),
            None => thread::Builder::new().name("rt-io-lookup".into()).spawn(job).map(drop),
        };
        Box::pin(async move {
            started?;
            receiver.await.ok_or_else(|| io::Error::other("the look-up was cancelled"))
        })
    }
}
