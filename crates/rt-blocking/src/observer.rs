//! Who is told what becomes of the jobs of a pool.

use rt_task::TaskRef;

/// Is told what happens to each job of a pool, on the thread where it does, under no lock. A panic of it ends
/// there. See [`Config::observer`](crate::Config::observer).
pub trait Observer: Send + Sync {
    /// The job is about to wait for a thread.
    fn queued(&self, job: &TaskRef) {
        let _ = job;
    }

    /// This thread runs the job now.
    fn started(&self, job: &TaskRef) {
        let _ = job;
    }

    /// The job is done, and its joiner told.
    fn ended(&self, job: &TaskRef) {
        let _ = job;
    }
}
