//! What is said when the crate is used wrongly, or when a runtime is gone: what happened, then what to do.

use std::io;

#[cold]
pub(crate) fn no_thread(error: &io::Error) -> io::Error {
    let kind = error.kind();
    io::Error::new(
        kind,
        format!(
            "a socket outside of any runtime needs a thread, and none could be created ({error}): \
             raise the limit of threads, or use the socket inside a runtime"
        ),
    )
}

#[cold]
pub(crate) fn shut_down() -> io::Error {
    io::Error::other(
        "the runtime that this socket waits with was shut down: take the connection over with \
         `into_std` and `from_std`, or make a new one, in a runtime that lives",
    )
}

#[cold]
pub(crate) fn no_addresses() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "the name or the list of addresses led to no address: give one",
    )
}

#[cold]
pub(crate) fn no_address(text: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!(
            "{text:?} is no address: write a host, a colon and a port from 0 to 65535, as in \
             \"example.org:80\""
        ),
    )
}

#[cold]
pub(crate) fn job_cancelled() -> io::Error {
    io::Error::other("the job was cancelled before it ran: its runtime was shut down")
}

#[cold]
#[track_caller]
pub(crate) fn cannot_wait(error: &io::Error) -> ! {
    panic!(
        "the system can not wait for sockets ({error}): has something closed a file descriptor \
         that is not its own?"
    )
}

#[cold]
#[track_caller]
pub(crate) fn no_interest() -> ! {
    panic!("an interest in nothing would wait for ever: keep one of its parts")
}
