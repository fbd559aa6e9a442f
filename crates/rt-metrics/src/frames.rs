//! A backtrace as names and places, without those of the runtime.
//!
//! std shows a backtrace as text and not as a list, so the text is read. What it looks like is not promised:
//! a line that is not understood is left out, and nothing depends on it but what people see.

use std::fmt;

/// A function that waits for another one, or for what will wake the task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame {
    /// Its path. Of an `async fn` that is the function itself, of an `async` block where it stands.
    pub function: String,
    /// The file, the line and the column where it waits, if the program was built with that.
    pub location: Option<String>,
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.function)?;
        self.location.as_ref().map_or(Ok(()), |location| write!(f, " at {location}"))
    }
}

/// Where a waker is cloned for a trace, and where the poll of that trace begins: between them are the frames
/// of what is polled. Both functions are never inlined.
const INNERMOST: &str = "rt_waker::traced::clone";
const OUTERMOST: &str = "rt_waker::traced::poll_traced";

/// What lies between any two functions that people wrote, and says nothing.
const GLUE: [&str; 14] = [
    "core::",
    "<core::",
    "std::",
    "<std::",
    "alloc::",
    "<alloc::",
    "<&mut ",
    "__rust_",
    "rt_waker::",
    "rt_task::cell::",
    "<rt_task::cell::",
    "rt_task::sync::",
    "rt_task::task::",
    "rt_task::unwind::",
];

/// What waits for what, the outermost first.
pub(crate) fn frames(backtrace: &str) -> Vec<Frame> {
    let mut frames = parse(backtrace);
    if let Some(poll) = frames.iter().position(|frame| frame.function.starts_with(OUTERMOST)) {
        frames.truncate(poll);
    }
    if let Some(clone) = frames.iter().rposition(|frame| frame.function.starts_with(INNERMOST)) {
        frames.drain(..=clone);
    }
    frames.retain(|frame| !GLUE.iter().any(|glue| frame.function.starts_with(glue)));
    for frame in &mut frames {
        let written = frame.function.trim_end_matches("::{{closure}}").len();
        frame.function.truncate(written);
    }
    frames.reverse();
    frames
}

/// All frames, in the order of the text: the innermost first.
fn parse(backtrace: &str) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    for line in backtrace.lines() {
        let text = line.trim_start();
        let depth = line.len() - text.len();
        if let Some(location) = text.strip_prefix("at ").filter(|_| depth > 10) {
            if let Some(frame) = frames.last_mut() {
                frame.location = Some(short(location).to_owned());
            }
            continue;
        }
        // `  12: name`, or only the name where it was inlined into the next one.
        let function = match text.split_once(": ") {
            Some((number, name)) if number.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => text,
        };
        frames.push(Frame { function: function.trim_end().to_owned(), location: None });
    }
    frames
}

/// Without the way to where cargo keeps what it has downloaded, and to where the program was started.
fn short(location: &str) -> &str {
    let downloaded =
        location.split_once("/registry/src/").and_then(|(_, rest)| rest.split_once('/'));
    downloaded.map_or(location, |(_index, file)| file).trim_start_matches("./")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "   0: std::backtrace_rs::backtrace::libunwind::trace
             at /rustc/1.0/library/std/src/../../backtrace/src/backtrace/libunwind.rs:117:9
   1: rt_metrics::waits::Request::told
             at ./crates/rt-metrics/src/waits.rs:10:5
   2: rt_waker::traced::clone
             at ./crates/rt-waker/src/traced.rs:70:5
   3: <core::task::wake::Waker as core::clone::Clone>::clone
             at /rustc/1.0/library/core/src/task/wake.rs:600:13
      app::inlined
             at ./src/main.rs:3:5
   4: <app::Leaf as core::future::future::Future>::poll
             at /anywhere/.cargo/registry/src/index.crates.io-1/leaf-1.0.0/src/leaf.rs:4:5
   5: app::fetch::{{closure}}
             at ./src/main.rs:9:13
   6: app::main::{{closure}}::{{closure}}
             at ./src/main.rs:20:30
   7: rt_task::cell::Cell<F,S,H,T>::poll::{{closure}}
             at ./crates/rt-task/src/cell.rs:160:13
   8: rt_waker::traced::poll_traced
             at ./crates/rt-waker/src/traced.rs:60:5
   9: app::below
";

    #[test]
    fn what_waits_stands_between_the_clone_and_the_poll() {
        let lines: Vec<_> = frames(TEXT).iter().map(Frame::to_string).collect();
        let expected = [
            "app::main at src/main.rs:20:30",
            "app::fetch at src/main.rs:9:13",
            "<app::Leaf as core::future::future::Future>::poll at leaf-1.0.0/src/leaf.rs:4:5",
            "app::inlined at src/main.rs:3:5",
        ];
        assert_eq!(lines, expected, "a report names functions that nobody waits in");
    }

    #[test]
    fn a_text_that_is_not_understood_is_no_fault() {
        for text in ["", "disabled backtrace", "   1: \n at \n:::", "   0: <unknown>\n"] {
            let _ = frames(text);
        }
    }
}
