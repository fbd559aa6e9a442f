//! The second stage: what is in the files.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_channel::{Receiver, Sender};
use rt::task::yield_now;
use rt::time::sleep;

use crate::item::{Item, Problem, Text};
use crate::progress::Seen;

/// So much is read between two turns of the other tasks.
const CHUNK: usize = 16 * 1024;

/// A text that is longer is none to count the words of.
const LONGEST: usize = 64 * 1024 * 1024;

/// A reader rests so long after each file: the disk is there for others, too.
const REST: Duration = Duration::from_millis(2);

/// Reads files as long as there are any. Where there is no room in the channel it waits: the counters
/// set the pace.
pub(crate) async fn read(
    paths: Receiver<Item<PathBuf>>,
    texts: Sender<Item<Text>>,
    seen: Arc<Seen>,
) {
    while let Ok(item) = paths.recv().await {
        let item = match item {
            Ok(path) => read_file(path).await,
            Err(problem) => Err(problem),
        };
        seen.read();
        if texts.send(item).await.is_err() {
            return; // nobody counts any more
        }
        sleep(REST).await;
    }
}

/// Files have no readiness that a runtime could wait for: `std::fs` blocks the thread, and what waits for
/// this worker with it. In small pieces, with `yield_now` between, that does no harm here. Where it does,
/// `rt::spawn_blocking` reads on a thread that may block (chapter 7b).
async fn read_file(path: PathBuf) -> Item<Text> {
    let mut file = File::open(&path).map_err(|error| Problem::unreadable(&path, &error))?;
    let mut bytes = Vec::new();
    loop {
        let count = (&mut file).take(CHUNK as u64).read_to_end(&mut bytes);
        let count = count.map_err(|error| Problem::unreadable(&path, &error))?;
        if count == 0 {
            break;
        }
        if bytes.len() > LONGEST {
            return Err(Problem::new(&path, "too long: more than 64 MiB"));
        }
        yield_now().await;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Text { path, text }),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            Err(Problem::new(&path, format!("not a text: no UTF-8 at byte {at}")))
        }
    }
}
