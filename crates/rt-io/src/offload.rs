//! Where names are looked up: that blocks, and this crate has no threads for it.

use std::io;
use std::thread;

use futures_channel::oneshot;

use crate::job::{Job, Offload};
use crate::messages;
use crate::reactor::Handle;

impl Handle {
    /// Has jobs that block, the look-up of names, run by `run`: a pool of threads. To be said once, a second
    /// is ignored; without it each has a thread of its own. `run` gives an error if it can not.
    pub fn offload_to(&self, run: impl Fn(Job) -> io::Result<()> + Send + Sync + 'static) {
        let run: Offload = Box::new(run);
        drop(self.shared.offload.set(run));
    }

    /// Runs a job that blocks, and gives what it returns.
    pub(crate) async fn offload<R: Send + 'static>(
        &self,
        job: impl FnOnce() -> R + Send + 'static,
    ) -> io::Result<R> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move || {
            let _nobody_waits = sender.send(job());
        });
        match self.shared.offload.get() {
            Some(run) => run(job)?,
            None => {
                thread::Builder::new().name("rt-io-lookup".into()).spawn(job)?;
            }
        }
        receiver.await.map_err(|_cancelled| messages::job_cancelled())
    }
}
