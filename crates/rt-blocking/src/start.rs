//! Creating a thread, outside of every lock.

use std::io;
use std::sync::Arc;

use rt_task::sync::thread;

use crate::crew::Key;
use crate::shared::Shared;
use crate::unwind;
use crate::worker;

/// Creates the thread `key`.
///
/// # Errors
///
/// What the system said, if no other thread lives; if one does, it will do.
pub(crate) fn start(shared: &Arc<Shared>, key: Key) -> io::Result<()> {
    let config = &shared.config;
    let of_thread = shared.clone();
    let body = Box::new(move || worker::run(&of_thread, key));
    // A name may panic; and `Builder::spawn` does where the system behaves otherwise than expected.
    let made = unwind::contained(|| {
        let mut builder = thread::Builder::new().name((config.thread_name)());
        if let Some(bytes) = config.stack_size {
            builder = builder.stack_size(bytes);
        }
        (config.spawner)(builder, body)
    });
    match made.unwrap_or_else(|| Err(io::Error::other("creating a thread panicked"))) {
        Ok(handle) => {
            shared.started(key, handle);
            Ok(())
        }
        Err(_) if shared.not_started(key) => Ok(()),
        Err(error) => Err(error),
    }
}
