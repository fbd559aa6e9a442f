//! Chapter 10: the timeline that a runtime leaves behind. Its text in logical time stands in `timeline.txt`;
//! with `RT_BLESS=1` that is written anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rt::runtime::{Builder, LocalRuntime, Runtime};
use rt::task;
use rt::trace::{Cause, Doing, Trace, What};
use rt_testkit::within;
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(60);
const CHILD: &str = "RT_TEST_IS_CHILD";

/// Tasks of the whole process are recorded: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn alone(body: impl FnOnce() + Send + 'static) {
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    within(LIMIT, body);
}

/// A folder that is gone when the test is.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rt-timeline-{}-{number}", std::process::id());
        let folder = Folder(std::env::temp_dir().join(name));
        fs::create_dir_all(&folder.0).unwrap();
        folder
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<String> =
            entries.map(|entry| name(entry).into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The names of the tasks that a page shows.
fn tasks_of(page: &Path) -> Vec<String> {
    let page =
        fs::read_to_string(page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
    let (_, rest) = page.split_once(r#"id="data">"#).expect("the page has data");
    let data: Value = serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap();
    let tasks = data["tasks"].as_array().unwrap();
    tasks.iter().map(|task| task["label"].as_str().unwrap().to_owned()).collect()
}

fn run_named(runtime: &Runtime, name: &str) {
    runtime.block_on(async { task::Builder::new().name(name).spawn(async {}).await.unwrap() });
}

/// Three tasks, a channel, a timer on a clock that stands, an abort, a task that yields.
async fn small_program() {
    let named = |name: &'static str| task::Builder::new().name(name);
    let (sender, receiver) = futures::channel::oneshot::channel();
    let eats = named("eats").spawn(async move { receiver.await.unwrap() });
    let cooks = named("cooks").spawn(async move {
        rt::time::sleep(Duration::from_secs(5)).await;
        task::yield_now().await;
        sender.send("soup").unwrap();
    });
    let waits = named("waits").spawn(std::future::pending::<()>());
    assert_eq!(eats.await.unwrap(), "soup");
    cooks.await.unwrap();
    waits.abort();
    assert!(waits.await.unwrap_err().is_cancelled());
    rt::spawn(async {}).await.unwrap();
}

#[test]
fn in_logical_time_a_small_program_is_what_it_was() {
    alone(|| {
        let trace = Trace::new(1000);
        let mut builder = Builder::new_current_thread();
        let runtime = builder.start_paused(true).trace(&trace).build().unwrap();
        runtime.block_on(small_program());
        drop(runtime);
        let seen = trace.to_logical();
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/timeline.txt");
        if std::env::var_os("RT_BLESS").is_some() {
            fs::write(&golden, &seen).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap();
        assert_eq!(seen, expected, "what the program does has changed:\n{seen}");
    });
}

#[test]
fn a_runtime_that_was_told_to_leaves_a_page_behind() {
    alone(|| {
        let folder = Folder::new();
        let path = folder.file("a.html");
        let build = |mut builder: Builder| builder.timeline(&path).build().unwrap();
        let runtime = build(Builder::new_multi_thread());
        run_named(&runtime, "on workers");
        assert!(folder.files().is_empty(), "it is written at the end");
        drop(runtime);
        assert_eq!(tasks_of(&path), ["on workers"]);

        let runtime = build(Builder::new_current_thread());
        run_named(&runtime, "on one thread");
        runtime.shutdown_timeout(Duration::from_secs(10));
        let local: LocalRuntime =
            Builder::new_current_thread().timeline(&path).build_local().unwrap();
        local.block_on(async { rt::spawn_local(async {}).await.unwrap() });
        drop(local);
        build(Builder::new_multi_thread()).shutdown_background();
        assert_eq!(folder.files(), ["a-2.html", "a-3.html", "a-4.html", "a.html"]);
        assert_eq!(tasks_of(&path), ["on workers"], "a later runtime has written over it");
        assert_eq!(tasks_of(&folder.file("a-2.html")), ["on one thread"]);
    });
}

#[test]
fn a_file_of_json_is_for_chromes_viewers() {
    alone(|| {
        let folder = Folder::new();
        let path = folder.file("a.json");
        let runtime =
            Builder::new_multi_thread().worker_threads(2).timeline(&path).build().unwrap();
        run_named(&runtime, "once");
        drop(runtime);
        let json: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let events = json["traceEvents"].as_array().unwrap();
        assert!(events.iter().any(|event| event["ph"] == "X" && event["name"] == "once"));
    });
}

#[test]
fn what_has_happened_so_far_can_be_written_at_any_time() {
    alone(|| {
        let folder = Folder::new();
        let runtime = Builder::new_multi_thread().trace(&Trace::new(1000)).build().unwrap();
        run_named(&runtime, "before");
        let page = folder.file("now.html");
        runtime.handle().trace().expect("it was given one").write(&page).unwrap();
        assert_eq!(tasks_of(&page), ["before"]);
        let silent = Builder::new_current_thread().build().unwrap();
        assert!(silent.handle().trace().is_none());
    });
}

#[test]
fn timers_sockets_and_jobs_that_block_are_in_the_picture() {
    alone(|| {
        let trace = Trace::new(10_000);
        let runtime = Builder::new_multi_thread().worker_threads(1).trace(&trace).build().unwrap();
        runtime.block_on(async {
            let all = rt::spawn(async {
                rt::time::sleep(Duration::from_millis(2)).await;
                let _dropped = rt::time::timeout(Duration::from_secs(100), task::yield_now()).await;
                let sleeps = rt::time::sleep(Duration::from_secs(100));
                let _late = rt::time::timeout(Duration::from_millis(1), sleeps).await;
                task::spawn_blocking(|| ()).await.unwrap();
                let there = rt::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
                let here = rt::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
                let address = there.local_addr().unwrap();
                let hears = rt::spawn(async move { there.recv(&mut [0; 4]).await.unwrap() });
                rt::time::sleep(Duration::from_millis(1)).await;
                here.send_to(b"ping", address).await.unwrap();
                hears.await.unwrap()
            });
            assert_eq!(all.await.unwrap(), 4);
        });
        drop(runtime);
        let picture = trace.picture();
        let has = |is: fn(&What) -> bool| picture.marks.iter().any(|mark| is(&mark.what));
        assert!(has(|what| matches!(what, What::TimerArmed(_))), "a timer was armed");
        assert!(has(|what| matches!(what, What::TimersFired(1..))), "and fired");
        assert!(has(|what| matches!(what, What::TimerCancelled)), "one was cancelled");
        assert!(has(|what| matches!(what, What::SocketsReady(1..))), "a socket was ready");
        assert!(has(|what| matches!(what, What::JobQueued)), "a job was queued");
        let job = picture.bars.iter().find(|bar| bar.doing == Doing::Job).expect("and ran");
        assert_eq!(picture.threads[job.thread].name, "rt-blocking");
        let causes: Vec<Cause> = picture.wakes.iter().map(|wake| wake.cause).collect();
        assert!(causes.contains(&Cause::Timer), "a timer woke a task: {causes:?}");
        assert!(causes.contains(&Cause::Socket), "a socket woke a task: {causes:?}");
        assert!(picture.threads[0].name == "worker 0", "{:?}", picture.threads);
    });
}

#[test]
fn when_no_runtime_has_a_trace_timers_are_told_to_nobody() {
    alone(|| {
        let trace = Trace::new(100);
        let sleep = || async { rt::time::sleep(Duration::from_millis(1)).await };
        Builder::new_current_thread().trace(&trace).build().unwrap().block_on(sleep());
        let before = trace.events().len();
        assert!(trace.events().iter().any(|event| matches!(event.what, What::TimerArmed(_))));
        Builder::new_current_thread().build().unwrap().block_on(sleep());
        assert_eq!(trace.events().len(), before, "{:?}", trace.events());
    });
}

/// This test in a process of its own, with a variable set.
fn child(test: &str, timeline: &Path) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env(CHILD, "1").env("RT_TIMELINE", timeline);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

mod of_a_macro {
    #[rt::main]
    pub(super) async fn run() {
        rt::spawn(async {}).await.unwrap();
    }
}

#[test]
fn the_environment_names_a_file_for_every_runtime_of_the_process() {
    const THIS: &str = "the_environment_names_a_file_for_every_runtime_of_the_process";
    if is_child() {
        let named = |name| async move { task::Builder::new().name(name).spawn(async {}).await };
        rt::block_on(named("quick start")).unwrap();
        of_a_macro::run();
        let said = |who: &str| std::env::temp_dir().join(format!("rt-timeline-said-{who}"));
        let mut builder = Builder::new_current_thread();
        builder.timeline(said("%p")).build().unwrap().block_on(named("elsewhere")).unwrap();
        let said = said(&std::process::id().to_string());
        assert_eq!(tasks_of(&said), ["elsewhere"], "the builder's word is worth more");
        return fs::remove_file(said).unwrap();
    }
    alone(|| {
        let folder = Folder::new();
        let path = folder.file("all.html");
        child(THIS, &path);
        assert_eq!(folder.files(), ["all-2.html", "all.html"]);
        assert_eq!(tasks_of(&path), ["quick start"]);
        let ours = tasks_of(&folder.file("all-2.html"));
        assert!(ours.len() == 1 && ours[0].starts_with("timeline.rs:"), "{ours:?}");
        for _ in 0..2 {
            child(THIS, &folder.file("own-%p.html"));
        }
        let own = folder.files().iter().filter(|file| file.starts_with("own-")).count();
        assert_eq!(own, 4, "two processes share a file: {:?}", folder.files());
    });
}

#[test]
fn a_file_that_can_not_be_written_is_one_line_on_stderr() {
    const THIS: &str = "a_file_that_can_not_be_written_is_one_line_on_stderr";
    if is_child() {
        return rt::block_on(async { rt::spawn(async {}).await.unwrap() });
    }
    alone(|| {
        let folder = Folder::new();
        let path = folder.file("no/such/folder.html");
        let said = String::from_utf8(child(THIS, &path).stderr).unwrap();
        let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("rt: ")).collect();
        let [line] = lines[..] else { panic!("one line: {said}") };
        assert!(
            line.contains("timeline can not be written") && line.contains("folder.html"),
            "{line}"
        );
    });
}

#[test]
fn a_program_that_ends_by_a_panic_leaves_its_timeline_too() {
    alone(|| {
        let folder = Folder::new();
        let path = folder.file("a.html");
        let caught = std::panic::catch_unwind(|| {
            let runtime = Builder::new_multi_thread().timeline(&path).build().unwrap();
            runtime.block_on(async {
                task::Builder::new().name("first").spawn(async {}).await.unwrap();
                std::panic::resume_unwind(Box::new("quietly"))
            })
        });
        assert!(caught.is_err());
        assert_eq!(tasks_of(&path), ["first"]);
    });
}
