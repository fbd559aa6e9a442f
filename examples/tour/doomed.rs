//! A stage that panics on purpose: the others do not notice, and whoever joins it is told.

use std::panic;
use std::path::PathBuf;

use async_channel::Receiver;
use rt::task::{self, Id};

/// Waits for the first file, and panics.
pub(crate) async fn doomed(news: Receiver<PathBuf>) {
    if let Ok(path) = news.recv().await {
        hush(task::id());
        panic!("on purpose, at {}", crate::item::shown(&path));
    }
}

/// The runtime catches a panic and gives it to the joiner. Before that, Rust's hook prints it to
/// stderr, where it would look like a crash of the tour: not for this task.
fn hush(doomed: Id) {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if task::try_id() != Some(doomed) {
            hook(info);
        }
    }));
}
