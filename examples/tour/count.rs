//! The third stage: which words, and how many.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_channel::{Receiver, Sender};
use rt::task::yield_now;

use crate::item::{Item, Text};
use crate::progress::Seen;

/// So many lines are counted between two turns of the other tasks.
const LINES: usize = 100;

/// What was counted in one file.
pub(crate) struct Counted {
    pub(crate) path: PathBuf,
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
    pub(crate) words: HashMap<String, u64>,
}

impl Counted {
    /// How many words there are, each as often as it occurs.
    pub(crate) fn total(&self) -> u64 {
        self.words.values().sum()
    }
}

/// Counts as long as there are texts.
pub(crate) async fn count(
    texts: Receiver<Item<Text>>,
    counts: Sender<Item<Counted>>,
    seen: Arc<Seen>,
) {
    while let Ok(item) = texts.recv().await {
        let item = match item {
            Ok(text) => Ok(count_text(text).await),
            Err(problem) => Err(problem),
        };
        seen.counted();
        if counts.send(item).await.is_err() {
            return; // nobody collects any more
        }
    }
}

/// Counting never waits for anything, so it has to let the others run by itself: tasks are not
/// interrupted.
async fn count_text(text: Text) -> Counted {
    let Text { path, text } = text;
    let mut counted = Counted { path, lines: 0, bytes: text.len() as u64, words: HashMap::new() };
    for (at, line) in text.lines().enumerate() {
        if at % LINES == LINES - 1 {
            yield_now().await;
        }
        counted.lines += 1;
        for word in words(line) {
            *counted.words.entry(word).or_default() += 1;
        }
    }
    counted
}

/// Letters, digits and `_`, with a letter at the front; without regard to case.
fn words(line: &str) -> impl Iterator<Item = String> {
    line.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| word.starts_with(char::is_alphabetic))
        .map(str::to_lowercase)
}
