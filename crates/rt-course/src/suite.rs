//! The tests of a crate: built by cargo, run one by one, each in a process of its own.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::fault::Fault;

/// A test binary for each target, `lib` for the unit tests.
#[derive(Debug)]
pub(crate) struct Suite {
    package: PathBuf,
    binaries: BTreeMap<String, PathBuf>,
    /// `TARGET::PATH` of every test, as they stand in their files.
    pub(crate) tests: Vec<String>,
}

/// How a build went.
#[derive(Debug, Default)]
pub(crate) struct Build {
    pub(crate) is_done: bool,
    /// What rustc said, as it prints it: errors, and warnings.
    pub(crate) said: Vec<Said>,
    binaries: BTreeMap<String, PathBuf>,
    /// Examples, and programs.
    programs: BTreeMap<String, PathBuf>,
}

/// A word of rustc's, or of clippy's.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) is_error: bool,
    pub(crate) text: String,
    /// The files and lines that it is about.
    pub(crate) places: Vec<(String, usize)>,
}

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Passed,
    Failed,
    /// Killed by the system: of which signal, as it says.
    Died(String),
    /// It met a stub and then did not end; or it just did not end, in this time.
    Hung(Duration),
}

#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) end: End,
    /// What it printed to both streams, line by line.
    pub(crate) lines: Vec<String>,
}

/// The name of a test, as what it says.
pub(crate) fn sentence(test: &str) -> String {
    test.rsplit("::").next().unwrap_or(test).replace('_', " ")
}

/// Of several tests, by name.
pub(crate) type Outcomes = Vec<(String, Outcome)>;

impl Outcome {
    pub(crate) fn says(&self, text: &str) -> bool {
        self.lines.iter().any(|line| line.contains(text))
    }
}

/// `cargo ARGUMENTS` in the workspace at `root`, with artefacts of its own.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Result<Build, Fault> {
    cargo_with(root, arguments, &[])
}

/// The same, with more variables in its environment.
fn cargo_with(
    root: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Result<Build, Fault> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).arg("--message-format=json-diagnostic-rendered-ansi").current_dir(root);
    // Of the cargo that runs this program; they would make another build of everything.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        let is_of_cargo = name.starts_with("CARGO_PKG") || name.starts_with("CARGO_BIN");
        if is_of_cargo
            || [
                "CARGO_TARGET_DIR",
                "CARGO_MANIFEST_DIR",
                "CARGO",
                "RUST_BACKTRACE",
                "CARGO_ENCODED_RUSTFLAGS",
            ]
            .contains(&&*name)
        {
            command.env_remove(&*name);
        }
    }
    let output = command
        .envs(environment.iter().copied())
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| Fault::new(format!("can not run cargo: {error}")))?;
    let mut build = Build { is_done: output.status.success(), ..Build::default() };
    for line in output.stdout.split(|byte| *byte == b'\n') {
        if let Ok(message) = serde_json::from_slice::<Value>(line) {
            build.take(&message);
        }
    }
    if !build.is_done && build.said.is_empty() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Fault::new(format!("`cargo {}` fails: {said}", arguments.join(" "))));
    }
    Ok(build)
}

impl Build {
    fn take(&mut self, message: &Value) {
        match message["reason"].as_str() {
            Some("compiler-artifact") => {
                let Some(binary) = message["executable"].as_str() else { return };
                let target = &message["target"];
                let name = target["name"].as_str().unwrap_or_default().to_owned();
                let kind = target["kind"][0].as_str().unwrap_or_default();
                match kind {
                    "test" => drop(self.binaries.insert(name, binary.into())),
                    "lib" if message["profile"]["test"] == true => {
                        self.binaries.insert("lib".to_owned(), binary.into());
                    }
                    "example" | "bin" => drop(self.programs.insert(name, binary.into())),
                    _ => {}
                }
            }
            Some("compiler-message") => {
                let message = &message["message"];
                let level = message["level"].as_str().unwrap_or_default();
                let has_place = message["spans"].as_array().is_some_and(|spans| !spans.is_empty());
                // Those without a place count the others.
                if !matches!(level, "error" | "warning") || (level == "warning" && !has_place) {
                    return;
                }
                let places = message["spans"].as_array().into_iter().flatten().filter_map(|span| {
                    Some((
                        span["file_name"].as_str()?.to_owned(),
                        span["line_start"].as_u64()? as usize,
                    ))
                });
                let text = message["rendered"].as_str().unwrap_or_default().to_owned();
                let said = Said { is_error: level == "error", text, places: places.collect() };
                // Of the library and of its unit tests: the same.
                if !self.said.iter().any(|earlier| earlier.text == said.text) {
                    self.said.push(said);
                }
            }
            _ => {}
        }
    }

    pub(crate) fn programs(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.programs.iter().map(|(name, binary)| (name.as_str(), binary.as_path()))
    }

    /// The binary of one that was built.
    pub(crate) fn program(&self, name: &str) -> Option<&Path> {
        self.programs.get(name).map(PathBuf::as_path)
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.said.iter().try_for_each(|said| writeln!(f, "{}", said.text.trim_end()))
    }
}

/// Builds the tests of a crate; what rustc says if they do not compile.
pub(crate) fn build(root: &Path, package: &str) -> Result<Result<Suite, Build>, Fault> {
    let mut build = cargo(root, &["test", "--no-run", "-p", package, "--lib", "--tests"])?;
    if !build.is_done {
        return Ok(Err(build));
    }
    let binaries = std::mem::take(&mut build.binaries);
    let folder = root.join("crates").join(package);
    let mut tests = Vec::new();
    for (target, binary) in &binaries {
        let output = Command::new(binary)
            .args(["--list", "--format", "terse"])
            .current_dir(&folder)
            .output()
            .map_err(|error| Fault::file("run", binary, &error))?;
        let listed = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut names: Vec<&str> =
            listed.lines().filter_map(|line| line.strip_suffix(": test")).collect();
        // As they stand in the file, not by the letter: they are written to be met in that order.
        let text = std::fs::read_to_string(folder.join("tests").join(format!("{target}.rs")));
        let text = text.unwrap_or_default();
        names.sort_by_key(|name| {
            text.find(&format!("fn {}(", name.rsplit("::").next().unwrap_or(name)))
        });
        tests.extend(names.into_iter().map(|name| format!("{target}::{name}")));
    }
    Ok(Ok(Suite { package: folder, binaries, tests }))
}

/// Builds a file of models of a crate, for loom to run: the binary, or what rustc says.
pub(crate) fn build_models(
    root: &Path,
    package: &str,
    target: &str,
) -> Result<Result<PathBuf, Build>, Fault> {
    let arguments = [
        "test",
        "--no-run",
        "--release",
        "-p",
        package,
        "--test",
        target,
        "--target-dir",
        "target/loom",
    ];
    let environment = [
        ("RUSTFLAGS", "--cfg rt_loom"),
        ("CARGO_PROFILE_RELEASE_LTO", "off"),
        ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
    ];
    let mut build = cargo_with(root, &arguments, &environment)?;
    Ok(build.binaries.remove(target).ok_or(build))
}

/// How often a child is looked at.
const TICK: Duration = Duration::from_millis(20);
/// So many lines of a child are kept, and so many of its last ones; no line is longer than so many
/// bytes: it may print for ever.
const LINES: usize = 10_000;
const LAST: usize = 100;
const LONGEST: u64 = 64 << 10;

/// What a child has printed: its first lines and its last ones.
#[derive(Default)]
struct Lines {
    first: Vec<String>,
    last: VecDeque<String>,
}

impl Lines {
    fn push(&mut self, line: String) {
        if self.first.len() < LINES {
            self.first.push(line);
            return;
        }
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    fn all(mut self) -> Vec<String> {
        self.first.extend(self.last);
        self.first
    }
}

/// How to run a test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How<'a> {
    pub(crate) deadline: Duration,
    pub(crate) environment: &'a [(&'a str, String)],
    /// A line with this in it is all that is wanted: a test that prints it and hangs is killed soon.
    pub(crate) until: Option<&'a str>,
}

impl Suite {
    /// The folder of the crate.
    pub(crate) fn folder(&self) -> &Path {
        &self.package
    }

    pub(crate) fn run(&self, test: &str, how: How<'_>) -> Result<Outcome, Fault> {
        let (target, name) = test.split_once("::").unwrap_or((test, ""));
        let binary = self
            .binaries
            .get(target)
            .ok_or_else(|| Fault::new(format!("there is no file tests/{target}.rs")))?;
        run_test(binary, &self.package, name, how)
    }

    /// Runs several tests, as many at once as there are processors.
    pub(crate) fn run_all<'a>(
        &self,
        tests: &[&'a str],
        how: How<'_>,
    ) -> Result<Vec<(&'a str, Outcome)>, Fault> {
        let workers = thread::available_parallelism().map_or(2, usize::from);
        let next = std::sync::atomic::AtomicUsize::new(0);
        let outcomes = std::sync::Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..workers.min(tests.len()) {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        let Some(test) = tests.get(at) else { break };
                        let outcome = self.run(test, how);
                        outcomes.lock().expect("nobody panics with it").push((at, *test, outcome));
                    }
                });
            }
        });
        let mut outcomes = outcomes.into_inner().expect("nobody panics with it");
        outcomes.sort_by_key(|(at, ..)| *at);
        outcomes.into_iter().map(|(_, test, outcome)| Ok((test, outcome?))).collect()
    }
}

/// Runs one test of a binary. One that is not there, or is ignored, has not passed.
pub(crate) fn run_test(
    binary: &Path,
    folder: &Path,
    name: &str,
    how: How<'_>,
) -> Result<Outcome, Fault> {
    let mut command = Command::new(binary);
    command
        .args(["--exact", name, "--nocapture", "--test-threads=1", "--color=never"])
        .current_dir(folder)
        .env_remove("RUST_BACKTRACE")
        .envs(how.environment.iter().map(|(key, value)| (*key, value.as_str())));
    let mut outcome = run(command, how.deadline, how.until)?;
    if outcome.end == End::Passed && !outcome.says("test result: ok. 1 passed") {
        outcome.lines.push(format!("the test `{name}` did not run: is it ignored, or gone?"));
        outcome.end = End::Failed;
    }
    Ok(outcome)
}

/// Runs a program to its end, or to the deadline.
pub(crate) fn run(
    mut command: Command,
    deadline: Duration,
    until: Option<&str>,
) -> Result<Outcome, Fault> {
    /// What is left to a test that has said what was wanted: some catch the panic and go on.
    const GRACE: Duration = Duration::from_secs(1);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| {
            Fault::new(format!("can not run {}: {error}", command.get_program().display()))
        })?;
    let began = Instant::now();
    let mut limit = began + deadline;
    let (send, lines_in) = mpsc::sync_channel(LINES);
    forward(child.stdout.take(), send.clone());
    forward(child.stderr.take(), send);
    let mut lines = Lines::default();
    let mut status = None;
    while status.is_none() && Instant::now() < limit {
        match lines_in.recv_timeout(TICK) {
            Ok(line) => {
                if until.is_some_and(|until| line.contains(until)) {
                    limit = limit.min(Instant::now() + GRACE);
                }
                lines.push(line);
            }
            // Nothing to read for a while, or the streams are closed: has it ended?
            Err(RecvTimeoutError::Timeout) => status = child.try_wait().unwrap_or_default(),
            Err(RecvTimeoutError::Disconnected) => {
                status = child.try_wait().unwrap_or_default();
                if status.is_none() {
                    thread::sleep(TICK / 20); // about to end; or it goes on without its streams
                }
            }
        }
    }
    let end = match status.or_else(|| child.try_wait().unwrap_or_default()) {
        Some(status) => ended(status),
        None => {
            let _ = child.kill();
            let _ = child.wait();
            End::Hung(began.elapsed())
        }
    };
    // What it said last. A child of its own may hold the streams for ever: nobody waits for that.
    // And one tick of silence is no end: on a busy machine those who read may have to wait longer than that.
    let limit = Instant::now() + GRACE;
    while let Ok(line) = lines_in.recv_timeout(limit.saturating_duration_since(Instant::now()))
        && Instant::now() < limit
    {
        lines.push(line);
    }
    Ok(Outcome { end, lines: lines.all() })
}

/// The lines that an example of a crate prints.
pub(crate) fn run_example(
    place: &Path,
    package: &str,
    program: &str,
) -> Result<Vec<String>, Fault> {
    let build = cargo(place, &["build", "-p", package, "--example", program])?;
    let Some(binary) = build.program(program) else {
        return Err(Fault::new(format!("{program} of {package} does not compile:\n{build}")));
    };
    let outcome = run(Command::new(binary), Duration::from_secs(20), None)?;
    if outcome.end != End::Passed {
        return Err(Fault::new(format!(
            "{program} of {package} does not end well:\n{}",
            outcome.lines.join("\n")
        )));
    }
    Ok(outcome.lines)
}

fn ended(status: ExitStatus) -> End {
    match status.code() {
        Some(0) => End::Passed,
        Some(_) => End::Failed,
        None => End::Died(status.to_string()),
    }
}

/// Sends the lines of a stream on, until it ends or nobody wants them.
fn forward(stream: Option<impl Read + Send + 'static>, lines: mpsc::SyncSender<String>) {
    let Some(stream) = stream else { return };
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = stream.by_ref().take(LONGEST).read_until(b'\n', &mut line);
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            if !read.is_ok_and(|length| length > 0) || lines.send(text).is_err() {
                break;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::{End, LAST, LINES, run};

    fn shell(script: &str) -> (End, Vec<String>, Duration) {
        let began = Instant::now();
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let outcome = run(command, Duration::from_secs(2), None).unwrap();
        (outcome.end, outcome.lines, began.elapsed())
    }

    #[test]
    fn a_child_that_prints_without_an_end_meets_its_deadline() {
        let (end, lines, took) = shell("yes");
        assert!(matches!(end, End::Hung(_)) && took < Duration::from_secs(10), "{end:?}, {took:?}");
        assert_eq!(lines.len(), LINES + LAST);
    }

    #[test]
    fn of_many_lines_the_last_are_kept() {
        let (end, lines, _) = shell("seq 30000; echo the end");
        assert_eq!((end, lines.last().map(String::as_str)), (End::Passed, Some("the end")));
    }

    #[test]
    fn a_child_of_a_child_is_not_waited_for() {
        let (end, lines, took) = shell("sleep 30 & echo done");
        assert_eq!((end, lines), (End::Passed, vec!["done".to_owned()]));
        assert!(took < Duration::from_secs(10), "{took:?}");
    }

    #[test]
    fn what_comes_some_ticks_after_the_end_is_kept() {
        let (end, lines, _) = shell("(sleep 0.3; echo late) & echo done");
        assert_eq!((end, lines.join(" ").as_str()), (End::Passed, "done late"));
    }

    #[test]
    fn one_that_closes_its_streams_still_has_a_deadline() {
        let (end, ..) = shell("exec >&- 2>&-; sleep 30");
        assert!(matches!(end, End::Hung(_)), "{end:?}");
    }
}
