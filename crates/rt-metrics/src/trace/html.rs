//! A trace as one page: everything that it needs is in it, and it asks no network.
//!
//! What is drawn was decided in `sketch.rs`; the page (`src/page/`) draws of it what is in view.

use std::env;
use std::io;
use std::path::Path;

use rt_task::End;

use crate::trace::event::{Outcome, What};
use crate::trace::json::Json;
use crate::trace::picture::{Bar, Doing, Mark, Picture, Task, Wake};
use crate::trace::record::Trace;

const PAGE: &str = include_str!("../page/page.html");

/// What stands in the page in place of a word. The data come last: they are users' texts, and may say
/// such a word.
const PARTS: [(&str, &str); 6] = [
    ("/* style.css */", include_str!("../page/style.css")),
    ("/* chart.css */", include_str!("../page/chart.css")),
    ("/* model.js */", include_str!("../page/model.js")),
    ("/* chart.js */", include_str!("../page/chart.js")),
    ("/* hover.js */", include_str!("../page/hover.js")),
    ("/* main.js */", include_str!("../page/main.js")),
];

const DATA: &str = "{/* data */}";

impl Trace {
    /// What was recorded so far as one page of HTML that draws it: a row for each thread or each task, to
    /// be zoomed and moved, with the wakes as arrows. It needs no network, and nothing beside it.
    ///
    /// ```
    /// use rt_metrics::trace::Trace;
    /// assert!(Trace::new(100).to_html().starts_with("<!DOCTYPE html>"));
    /// ```
    #[must_use]
    pub fn to_html(&self) -> String {
        let mut page = PAGE.to_owned();
        for (word, text) in PARTS {
            page = page.replacen(word, text, 1);
        }
        page.replacen(DATA, &data(&self.picture()), 1)
    }

    /// Writes what was recorded so far to a file: [Chrome's JSON](Trace::to_chrome_json) if its name ends
    /// with `.json`, else [a page](Trace::to_html).
    ///
    /// ```
    /// let trace = rt_metrics::trace::Trace::new(100);
    /// let path = std::env::temp_dir().join(format!("trace-{}.html", std::process::id()));
    /// trace.write(&path)?;
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the file can not be written.
    pub fn write(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let is_json = path.extension().is_some_and(|extension| extension == "json");
        std::fs::write(path, if is_json { self.to_chrome_json() } else { self.to_html() })
    }
}

/// Short, since there is much of it: things are arrays, and what repeats is a number.
fn data(picture: &Picture) -> String {
    let mut json = Json::default();
    json.object(|json| {
        json.key("title").string(&program());
        json.key("span").number(picture.span);
        json.key("events").number(picture.events);
        json.key("dropped").number(picture.dropped);
        json.key("threads").array(|json| {
            picture.threads.iter().for_each(|row| json.string(&row.name));
        });
        json.key("tasks").array(|json| picture.tasks.iter().for_each(|each| task(json, each)));
        json.key("bars").array(|json| picture.bars.iter().for_each(|each| bar(json, each)));
        json.key("wakes").array(|json| picture.wakes.iter().for_each(|each| wake(json, each)));
        json.key("marks").array(|json| picture.marks.iter().for_each(|each| mark(json, each)));
    });
    json.finish()
}

/// What the page is about.
fn program() -> String {
    let path = env::current_exe().ok();
    let name = path.as_deref().and_then(Path::file_stem);
    name.map_or_else(|| "a program".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn task(json: &mut Json, task: &Task) {
    json.object(|json| {
        json.key("id").number(task.id);
        json.key("label").string(&task.label());
        json.optional("place", task.place.map(ToString::to_string));
        json.optional("priority", task.priority.map(|class| format!("{class:?}")));
        if let Some(at) = task.spawned {
            json.key("spawned").number(at);
        }
        if let Some((at, how)) = task.ended {
            json.key("ended").number(at);
            json.key("how").string(how_it_ended(how));
        }
    });
}

fn bar(json: &mut Json, bar: &Bar) {
    let doing = match bar.doing {
        Doing::Poll => "poll",
        Doing::Job => "job",
        Doing::Park => "park",
    };
    let outcome = match (bar.ended, bar.outcome) {
        (Some(how), _) => how_it_ended(how),
        (None, Some(Outcome::Pending)) => "pending",
        (None, Some(Outcome::Again)) => "again",
        (None, Some(Outcome::Done)) => "done",
        (None, None) => "",
    };
    json.array(|json| {
        json.number(bar.thread);
        json.place(bar.task);
        json.number(bar.from);
        json.number(bar.to);
        json.string(doing);
        json.string(outcome);
        json.place(bar.wake);
    });
}

fn wake(json: &mut Json, wake: &Wake) {
    json.array(|json| {
        json.number(wake.thread);
        json.number(wake.at);
        json.number(wake.task);
        json.place(wake.by);
        json.string(wake.cause.word());
    });
}

fn mark(json: &mut Json, mark: &Mark) {
    let (kind, number) = match mark.what {
        What::Spawned => ("spawn", 1),
        What::Aborted => ("abort", 1),
        What::Stolen(count) => ("steal", count),
        What::JobQueued => ("queue", 1),
        What::TimerArmed(ahead) => ("arm", usize::try_from(ahead.as_nanos()).unwrap_or(usize::MAX)),
        What::TimersFired(count) => ("fire", count),
        What::TimerCancelled => ("disarm", 1),
        What::SocketsReady(count) => ("socket", count),
        _ => return,
    };
    json.array(|json| {
        json.number(mark.thread);
        json.number(mark.at);
        json.string(kind);
        json.place(mark.task);
        json.place(mark.by);
        json.number(number);
    });
}

fn how_it_ended(how: End) -> &'static str {
    match how {
        End::Completed => "completed",
        End::Cancelled => "cancelled",
        End::Panicked => "panicked",
    }
}
