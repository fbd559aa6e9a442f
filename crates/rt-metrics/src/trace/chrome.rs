//! A trace for the viewers of others: the JSON of Chrome's tracing, which Perfetto opens.
//!
//! The format is "Trace Event Format": `M` names threads, `X` is a bar, `s` and `f` are the ends of an arrow,
//! `i` is a mark.

use crate::trace::event::What;
use crate::trace::json::Json;
use crate::trace::picture::{Bar, Doing, Mark, Picture, Wake};
use crate::trace::record::Trace;

impl Trace {
    /// What was recorded so far as Chrome trace JSON. Open it in Perfetto (<https://ui.perfetto.dev>) or
    /// in `about:tracing`.
    ///
    /// ```
    /// use rt_metrics::trace::{Trace, What};
    ///
    /// let trace = Trace::new(100);
    /// trace.record(None, Some(0), What::Parking);
    /// assert!(trace.to_chrome_json().contains(r#""name":"parked""#));
    /// ```
    #[must_use]
    pub fn to_chrome_json(&self) -> String {
        let picture = &self.picture();
        let mut json = Json::default();
        json.object(|json| {
            json.key("displayTimeUnit").string("ns");
            json.key("otherData").object(|json| json.key("dropped").number(picture.dropped));
            json.key("traceEvents").array(|json| {
                threads(json, picture);
                picture.bars.iter().for_each(|each| bar(json, picture, each));
                picture.wakes.iter().for_each(|each| lone_wake(json, picture, each));
                picture.bars.iter().for_each(|each| arrow(json, picture, each));
                picture.marks.iter().for_each(|each| mark(json, picture, each));
            });
        });
        json.finish()
    }
}

fn threads(json: &mut Json, picture: &Picture) {
    json.object(|json| {
        head(json, "M", "process_name", 0);
        json.key("args").object(|json| json.key("name").string("rt"));
    });
    for (thread, row) in picture.threads.iter().enumerate() {
        json.object(|json| {
            head(json, "M", "thread_name", thread);
            json.key("args").object(|json| json.key("name").string(&row.name));
        });
        json.object(|json| {
            head(json, "M", "thread_sort_index", thread);
            json.key("args").object(|json| json.key("sort_index").number(thread));
        });
    }
}

fn bar(json: &mut Json, picture: &Picture, bar: &Bar) {
    let (category, name) = match (bar.doing, bar.task) {
        (Doing::Park, _) => ("park", "parked".to_owned()),
        (Doing::Job, Some(task)) => ("job", picture.tasks[task].label()),
        (_, Some(task)) => ("poll", picture.tasks[task].label()),
        (_, None) => return,
    };
    json.object(|json| {
        head(json, "X", &name, bar.thread);
        json.key("cat").string(category);
        json.key("ts").number(micros(bar.from));
        json.key("dur").number(micros(bar.to - bar.from));
        json.key("args").object(|json| {
            if let Some(task) = bar.task.map(|task| &picture.tasks[task]) {
                json.key("task").number(task.id);
                json.optional("place", task.place.map(ToString::to_string));
            }
            json.optional("outcome", bar.outcome.map(|outcome| format!("{outcome:?}")));
            json.optional("ended", bar.ended.map(|how| format!("{how:?}")));
            if let Some(wake) = bar.wake.map(|wake| &picture.wakes[wake]) {
                json.key("woken").string(wake.cause.word());
                json.optional("by", wake.by.map(|by| picture.tasks[by].label()));
                json.key("waited_ns").number(bar.from.saturating_sub(wake.at));
            }
        });
    });
}

/// An arrow begins in a bar. Where no task was polled there is none, so the wake is one.
fn lone_wake(json: &mut Json, picture: &Picture, wake: &Wake) {
    if wake.by.is_some() {
        return;
    }
    json.object(|json| {
        let name = format!("{}: {}", wake.cause.word(), picture.tasks[wake.task].label());
        head(json, "X", &name, wake.thread);
        json.key("cat").string("wake");
        json.key("ts").number(micros(wake.at));
        json.key("dur").number(0);
    });
}

fn arrow(json: &mut Json, picture: &Picture, bar: &Bar) {
    let Some(number) = bar.wake else { return };
    let wake = &picture.wakes[number];
    let ends = [("s", wake.thread, wake.at), ("f", bar.thread, bar.from)];
    for (phase, thread, at) in ends {
        json.object(|json| {
            head(json, phase, wake.cause.word(), thread);
            json.key("cat").string("wake");
            json.key("id").number(number);
            json.key("ts").number(micros(at));
            if phase == "f" {
                json.key("bp").string("e"); // to the bar that begins here
            }
        });
    }
}

fn mark(json: &mut Json, picture: &Picture, mark: &Mark) {
    json.object(|json| {
        head(json, "i", words(mark.what), mark.thread);
        json.key("cat").string("mark");
        json.key("s").string("t");
        json.key("ts").number(micros(mark.at));
        json.key("args").object(|json| {
            json.optional("task", mark.task.map(|task| picture.tasks[task].label()));
            json.optional("by", mark.by.map(|by| picture.tasks[by].label()));
            if let What::Stolen(count) | What::TimersFired(count) | What::SocketsReady(count) =
                mark.what
            {
                json.key("count").number(count);
            }
        });
    });
}

fn head(json: &mut Json, phase: &str, name: &str, thread: usize) {
    json.key("ph").string(phase);
    json.key("name").string(name);
    json.key("pid").number(1);
    json.key("tid").number(thread + 1);
}

fn words(what: What) -> &'static str {
    match what {
        What::Spawned => "spawn",
        What::Aborted => "abort",
        What::Stolen(_) => "steal",
        What::JobQueued => "job queued",
        What::TimerArmed(_) => "timer armed",
        What::TimersFired(_) => "timers fired",
        What::TimerCancelled => "timer cancelled",
        What::SocketsReady(_) => "sockets ready",
        _ => "event",
    }
}

/// The unit of the format, and no digit lost.
fn micros(nanos: u64) -> String {
    format!("{}.{:03}", nanos / 1000, nanos % 1000)
}
