//! The last stage: everything together.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::Duration;

use async_channel::{Receiver, Sender};
use rt::time::timeout;

use crate::count::Counted;
use crate::item::{Item, Problem, shown};

/// What is known of all files.
#[derive(Default)]
pub(crate) struct Tally {
    /// By the extension, or `(none)`.
    pub(crate) kinds: BTreeMap<String, Sum>,
    pub(crate) words: HashMap<String, u64>,
    pub(crate) longest: Option<(String, u64)>,
    pub(crate) most_words: Option<(String, u64)>,
    pub(crate) problems: Vec<Problem>,
    /// No file came for so long that the rest was given up.
    pub(crate) is_incomplete: bool,
}

/// Of some files.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sum {
    pub(crate) files: u64,
    pub(crate) lines: u64,
    pub(crate) words: u64,
    pub(crate) bytes: u64,
}

impl Sum {
    fn add(&mut self, other: Sum) {
        self.files += other.files;
        self.lines += other.lines;
        self.words += other.words;
        self.bytes += other.bytes;
    }
}

impl Tally {
    /// Of all files.
    pub(crate) fn sum(&self) -> Sum {
        let mut all = Sum::default();
        self.kinds.values().for_each(|sum| all.add(*sum));
        all
    }

    pub(crate) fn files(&self) -> u64 {
        self.sum().files
    }

    fn add(&mut self, counted: Counted) {
        let Counted { lines, bytes, .. } = counted;
        let (name, words) = (shown(&counted.path), counted.total());
        let extension = counted.path.extension();
        let kind = extension.map_or("(none)".into(), |extension| extension.display().to_string());
        self.kinds.entry(kind).or_default().add(Sum { files: 1, lines, words, bytes });
        keep_larger(&mut self.longest, &name, lines);
        keep_larger(&mut self.most_words, &name, words);
        for (word, count) in counted.words {
            *self.words.entry(word).or_default() += count;
        }
    }
}

fn keep_larger(best: &mut Option<(String, u64)>, name: &str, count: u64) {
    if best.as_ref().is_none_or(|(_, most)| count > *most) {
        *best = Some((name.to_owned(), count));
    }
}

/// Collects as long as something comes. Its limit holds for each item, so that what came before is
/// not lost with it.
pub(crate) async fn collect(
    counts: Receiver<Item<Counted>>,
    news: Sender<PathBuf>,
    patience: Duration,
) -> Tally {
    let mut tally = Tally::default();
    loop {
        match timeout(patience, counts.recv()).await {
            Ok(Ok(Ok(counted))) => {
                // Who hears the news may be gone, or busy: that is no concern of ours.
                let _ = news.try_send(counted.path.clone());
                tally.add(counted);
            }
            Ok(Ok(Err(problem))) => tally.problems.push(problem),
            Ok(Err(_all_counted)) => return tally,
            Err(_elapsed) => {
                tally.is_incomplete = true;
                return tally;
            }
        }
    }
}
