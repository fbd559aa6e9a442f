//! The stages, and the channels between them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_channel::bounded;

use crate::count::count;
use crate::doomed::doomed;
use crate::progress::{Display, Seen, progress};
use crate::read::read;
use crate::stage::{End, Stage};
use crate::tally::{Tally, collect};
use crate::walk::walk;

const READERS: usize = 3;
const COUNTERS: usize = 2;

/// Room in each channel. Little: then the fast wait for the slow, and memory stays small however many
/// files there are.
const ROOM: usize = 4;

/// No stage works longer than this: what is done by then is what the tour shows.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// The limit of those who wait for the others.
const OUTLIVES: Duration = Duration::from_secs(60);

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) tally: Tally,
    pub(crate) ends: Vec<End>,
}

/// Spawns all stages, and waits for each of them.
///
/// Nobody tells a stage to stop. When `walk` ends, its sender is dropped and with it the channel is
/// closed; so the readers end, and so on down to `collect`. The same when one fails.
pub(crate) async fn run(roots: Vec<PathBuf>, display: Display) -> Outcome {
    let seen = Arc::new(Seen::default());
    let (path_sender, paths) = bounded(ROOM);
    let (text_sender, texts) = bounded(ROOM);
    let (count_sender, counts) = bounded(ROOM);
    let (news_sender, news) = bounded(1);

    let mut stages = vec![Stage::spawn("walk", LIMIT, walk(roots, path_sender, seen.clone()))];
    for number in 1..=READERS {
        let reader = read(paths.clone(), text_sender.clone(), seen.clone());
        stages.push(Stage::spawn(&format!("read {number}"), LIMIT, reader));
    }
    for number in 1..=COUNTERS {
        let counter = count(texts.clone(), count_sender.clone(), seen.clone());
        stages.push(Stage::spawn(&format!("count {number}"), LIMIT, counter));
    }
    // Ours would keep the channels open, and nobody would ever end.
    drop((paths, text_sender, texts, count_sender));
    let collect = Stage::spawn("collect", OUTLIVES, collect(counts, news_sender, LIMIT));
    let doomed = Stage::spawn("doomed", OUTLIVES, doomed(news));
    let progress = Stage::spawn("progress", OUTLIVES, progress(seen, display));

    let progress_abort = progress.abort_handle();
    let (collect_end, tally) = collect.end().await;
    progress_abort.abort();
    let mut ends = Vec::new();
    for stage in stages {
        ends.push(stage.end().await.0);
    }
    ends.extend([collect_end, doomed.end().await.0, progress.end().await.0]);
    Outcome { tally: tally.unwrap_or_default(), ends }
}
