//! Chapter 6: children of the process.
#![cfg(feature = "process")]

use std::io::{ErrorKind, Read};
use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt, FutureExt};
use rt::process::{Child, Command};
use rt::runtime::Runtime;
use rt_testkit::within;
use rustix::process::{Pid, Resource, Rlimit};

const LIMIT: Duration = Duration::from_secs(60);
const CHILD: &str = "RT_TEST_IS_CHILD";
const MEGABYTE: usize = 1 << 20;

/// A child that runs until it is killed.
fn sleeper() -> Command {
    let mut command = Command::new("sleep");
    command.arg("1000000").stdin(Stdio::null());
    command
}

/// A child that gives back what it gets.
fn cat() -> Child {
    Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

/// The state of a child of this process, as the system has it: `Z` is a zombie; `None` if there is none.
fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // "number (name) state parent …", and a name may have anything in it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let (state, parent) = (fields.next()?, fields.next()?);
    (parent == std::process::id().to_string()).then(|| state.chars().next())?
}

/// Waits until the system has forgotten a child, whose status somebody else takes.
fn until_reaped(pid: u32) {
    while state(pid).is_some() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_thousand_children_are_spawned_killed_and_reaped() {
    within(Duration::from_secs(300), || {
        rt::block_on(async {
            let children: Vec<Child> = (0..1000).map(|_| sleeper().spawn().unwrap()).collect();
            let pids: Vec<u32> = children.iter().map(|child| child.id().unwrap()).collect();
            let tasks: Vec<_> = children
                .into_iter()
                .map(|mut child| {
                    rt::spawn(async move {
                        let waits = child.wait();
                        assert!(waits.now_or_never().is_none(), "it ended by itself");
                        child.kill().await.unwrap();
                        child.wait().await.unwrap()
                    })
                })
                .collect();
            for task in tasks {
                assert_eq!(task.await.unwrap().signal(), Some(9), "it was not killed");
            }
            let left = pids.iter().filter(|pid| state(**pid).is_some()).count();
            assert_eq!(left, 0, "{left} zombies");
        });
    });
}

#[test]
fn a_megabyte_from_each_stream_is_captured() {
    within(LIMIT, || {
        let script = "head -c 1048576 /dev/zero >&2 & head -c 1048576 /dev/zero | tr '\\0' x; wait";
        let output = rt::block_on(Command::new("sh").args(["-c", script]).output()).unwrap();
        assert!(output.status.success());
        assert_eq!((output.stdout.len(), output.stderr.len()), (MEGABYTE, MEGABYTE));
        assert!(output.stdout.iter().all(|byte| *byte == b'x'), "the streams are mixed");
    });
}

#[test]
fn a_megabyte_goes_through_a_child() {
    within(LIMIT, || {
        rt::block_on(async {
            let mut child = cat();
            let mut stdin = child.stdin.take().unwrap();
            let data: Vec<u8> = (0..MEGABYTE).map(|at| (at % 251) as u8).collect();
            let sent = data.clone();
            let writer = rt::spawn(async move {
                stdin.write_all(&sent).await.unwrap();
                stdin.close().await.unwrap();
                let error = stdin.write(b"more").await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::BrokenPipe, "a closed pipe takes more");
            });
            let output = child.wait_with_output().await.unwrap();
            writer.await.unwrap();
            assert!(output.stdout == data, "{} bytes came back", output.stdout.len());
        });
    });
}

#[test]
fn a_child_that_nobody_waits_for_leaves_no_zombie() {
    within(LIMIT, || {
        let runtime = Runtime::new().unwrap();
        let (pid, stdin) = runtime.block_on(async {
            let mut child = cat();
            (child.id().unwrap(), child.stdin.take())
        });
        drop(runtime);
        assert!(state(pid).is_some_and(|state| state != 'Z'), "it was killed");
        drop(stdin); // it ends
        until_reaped(pid);
    });
}

/// Drops a child of a process that has no descriptor left, and waits until the system has forgotten it.
fn reaped_without_descriptors(test: &'static str, reaper_is_there: bool) {
    within(LIMIT, move || {
        if std::env::var_os(CHILD).is_none() {
            let mut command = std::process::Command::new(std::env::current_exe().unwrap());
            let output = command.args([test, "--exact", "--nocapture"]).env(CHILD, "1").output();
            let output = output.unwrap();
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            return assert!(output.status.success(), "{}\n{text}", output.status);
        }
        if reaper_is_there {
            let child = sleeper().kill_on_drop(true).spawn().unwrap();
            let pid = child.id().unwrap();
            drop(child);
            until_reaped(pid);
        }
        let few = Rlimit { current: Some(64), maximum: Some(64) };
        rustix::process::setrlimit(Resource::Nofile, few).unwrap();
        // It ends by itself, when the reaper has long failed to wait for it.
        let child = Command::new("sleep").arg("0.5").spawn().unwrap();
        let pid = Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
        let mut held = Vec::new();
        while let Ok(file) = std::fs::File::open("/dev/null") {
            held.push(file);
        }
        drop(child);
        while rustix::process::test_kill_process(pid).is_ok() {
            std::thread::sleep(Duration::from_millis(1)); // a zombie has its number still
        }
    });
}

#[test]
fn a_child_leaves_no_zombie_where_no_descriptor_is_left() {
    reaped_without_descriptors("a_child_leaves_no_zombie_where_no_descriptor_is_left", false);
}

#[test]
fn a_later_child_leaves_no_zombie_where_no_descriptor_is_left() {
    reaped_without_descriptors("a_later_child_leaves_no_zombie_where_no_descriptor_is_left", true);
}

#[test]
fn a_child_that_is_dropped_goes_on() {
    within(LIMIT, || {
        rt::block_on(async {
            let mut child = cat();
            let (mut stdin, mut stdout) =
                (child.stdin.take().unwrap(), child.stdout.take().unwrap());
            drop(child);
            stdin.write_all(b"still here").await.unwrap();
            drop(stdin);
            let mut text = String::new();
            stdout.read_to_string(&mut text).await.unwrap();
            assert_eq!(text, "still here");
        });
    });
}

#[test]
fn a_child_is_killed_on_drop_if_that_was_said() {
    within(LIMIT, || {
        let child = sleeper().kill_on_drop(true).spawn().unwrap();
        let pid = child.id().unwrap();
        drop(child);
        until_reaped(pid);
    });
}

#[test]
fn a_child_whose_runtime_ends_while_it_is_waited_for_leaves_no_zombie() {
    within(LIMIT, || {
        let runtime = Runtime::new().unwrap();
        let mut child = sleeper().kill_on_drop(true).spawn().unwrap();
        let pid = child.id().unwrap();
        let (waits, is_waiting) = std::sync::mpsc::channel();
        drop(runtime.spawn(async move {
            let mut wait = std::pin::pin!(child.wait());
            assert!(futures::poll!(wait.as_mut()).is_pending());
            waits.send(()).unwrap();
            wait.await
        }));
        is_waiting.recv().unwrap();
        drop(runtime);
        until_reaped(pid);
    });
}

#[test]
fn the_status_may_be_asked_for_again() {
    within(LIMIT, || {
        rt::block_on(async {
            let mut child = Command::new("sh")
                .args(["-c", "read line; exit 7"])
                .stdin(Stdio::piped())
                .spawn()
                .unwrap();
            assert!(child.try_wait().unwrap().is_none(), "it ended without its input");
            let pid = child.id().unwrap();
            // It closes the input, and by that ends the child.
            assert_eq!(child.wait().await.unwrap().code(), Some(7));
            assert_eq!(
                child.wait().await.unwrap().code(),
                Some(7),
                "the second wait has another status"
            );
            assert_eq!(child.try_wait().unwrap().and_then(|status| status.code()), Some(7));
            assert_eq!(child.id(), None, "the number may be another's by now");
            assert_eq!(state(pid), None, "a zombie is left");
            child.kill().await.expect("a child that has ended is killed without an error");
        });
    });
}

#[test]
fn a_wait_is_cancelled_and_made_again_in_another_runtime() {
    within(LIMIT, || {
        let mut child = cat();
        let stdin = child.stdin.take();
        let first = Runtime::new().unwrap();
        first.block_on(async { assert!(futures::poll!(Box::pin(child.wait())).is_pending()) });
        drop(first);
        drop(stdin);
        assert!(rt::block_on(child.wait()).unwrap().success());
    });
}

#[test]
fn a_child_is_waited_for_outside_of_every_runtime() {
    within(LIMIT, || {
        let mut command = Command::new("sh");
        let status = command.args(["-c", "exit 5"]).status();
        assert_eq!(futures::executor::block_on(status).unwrap().code(), Some(5));
    });
}

#[test]
fn one_child_writes_to_another() {
    within(LIMIT, || {
        rt::block_on(async {
            let mut one = Command::new("echo").arg("tea").stdout(Stdio::piped()).spawn().unwrap();
            let pipe: Stdio = one.stdout.take().unwrap().try_into().unwrap();
            let two = Command::new("tr").args(["a-z", "A-Z"]).stdin(pipe).output();
            assert_eq!(two.await.unwrap().stdout, b"TEA\n");
            assert!(one.wait().await.unwrap().success());
        });
    });
}

#[test]
fn a_child_begins_as_it_was_told() {
    within(LIMIT, || {
        rt::block_on(async {
            let script = "echo $0 $1 $A $B $C; pwd; cut -d ' ' -f 5 /proc/$$/stat; echo $$";
            let mut command = Command::new("sh");
            command.args(["-c", script, "name"]).arg("argument");
            command.env("A", "1").envs([("B", "2"), ("C", "3")]).env_remove("C");
            command.current_dir("/").process_group(0);
            let output = command.output().await.unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(lines[..2], ["name argument 1 2", "/"]);
            assert_eq!(lines[2], lines[3], "it has no process group of its own");
            let mut env = Command::new("/usr/bin/env");
            let output = env.env("GONE", "1").env_clear().env("LEFT", "2").output().await.unwrap();
            assert_eq!(output.stdout, b"LEFT=2\n");
        });
    });
}

#[test]
fn errors_of_the_spawn_are_those_of_std() {
    within(LIMIT, || {
        let error = Command::new("/no/such/program").spawn().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let error = rt::block_on(Command::new("/no/such/program").output()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    });
}

#[test]
fn a_child_inherits_none_of_our_descriptors() {
    within(LIMIT, || {
        rt::block_on(async {
            let mut other = cat();
            let ours = format!("/proc/self/fd/{}", other.stdout.as_ref().unwrap().as_raw_fd());
            let pipe = std::fs::read_link(ours).unwrap();
            let stdin = other.stdin.take();
            let mut wait = Box::pin(other.wait());
            assert!(futures::poll!(wait.as_mut()).is_pending()); // there is a pidfd now
            let output = Command::new("ls").args(["-l", "/proc/self/fd"]).output().await.unwrap();
            let list = String::from_utf8(output.stdout).unwrap();
            for name in ["pidfd", "eventpoll", "eventfd", "timerfd", pipe.to_str().unwrap()] {
                assert!(!list.contains(name), "a child has our {name}:\n{list}");
            }
            drop(stdin);
            assert!(wait.await.unwrap().success());
        });
    });
}

#[test]
fn the_pipes_of_std_come_and_go() {
    within(LIMIT, || {
        let child = std::process::Command::new("echo").arg("hello").stdout(Stdio::piped()).spawn();
        let mut child = child.unwrap();
        let stdout = rt::process::ChildStdout::from_std(child.stdout.take().unwrap()).unwrap();
        let mut file = std::fs::File::from(stdout.into_owned_fd().unwrap());
        let mut text = String::new();
        file.read_to_string(&mut text).expect("it blocks again");
        assert_eq!(text, "hello\n");
        child.wait().unwrap();
    });
}
