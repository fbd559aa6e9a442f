//! Sockets outside any runtime: one thread for the whole process, started by the first of them that waits.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;

use rt_waker::{Park, WakeBatch};

use crate::messages;
use crate::reactor::{Handle, Reactor};

static HANDLE: Mutex<Option<Handle>> = Mutex::new(None);

/// The reactor of the background thread. It lives as long as the process, and sleeps until a socket is
/// ready.
pub(crate) fn handle() -> io::Result<Handle> {
    let mut handle = HANDLE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*handle {
        return Ok(handle.clone());
    }
    let started = start()?;
    *handle = Some(started.clone());
    Ok(started)
}

fn start() -> io::Result<Handle> {
    let mut reactor = Reactor::new();
    let handle = reactor.handle();
    let thread = thread::Builder::new().name("rt-io".into()).spawn(move || {
        let mut ready = WakeBatch::new();
        loop {
            reactor.park(None, &mut ready);
            ready.wake_all();
        }
    });
    match thread {
        Ok(_detached) => Ok(handle),
        Err(error) => Err(messages::no_thread(&error)),
    }
}
