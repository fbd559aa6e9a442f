//! Chapter 6: the standard streams. Each test runs in a process of its own, since they are the process's.
#![cfg(feature = "io-std")]

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::pin::Pin;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use futures::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use rt::io::{Stdin, stderr, stdin, stdout};
use rt::runtime::{Builder, Runtime};
use rt_testkit::{CountingWaker, within};

const LIMIT: Duration = Duration::from_secs(60);
const CHILD: &str = "RT_TEST_IS_CHILD";
const MEGABYTE: usize = 1 << 20;

/// Of this file's own, in what the child writes beside its harness.
const MARK: &str = "\n<<<";

/// A test that runs in a process of its own, whose streams are pipes.
struct Running {
    process: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

fn command(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env(CHILD, "1");
    command
}

fn start(test: &str) -> Running {
    let mut command = command(test);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (stdin, stdout) = (process.stdin.take(), process.stdout.take().unwrap());
    Running { process, stdin, stdout: BufReader::new(stdout) }
}

impl Running {
    fn write(&mut self, bytes: &[u8]) {
        self.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// Waits for a line of the child.
    fn wait_for(&mut self, what: &str) {
        let mut line = String::new();
        while !line.contains(what) {
            line.clear();
            assert!(self.stdout.read_line(&mut line).unwrap() > 0, "it ended before {what:?}");
        }
    }

    /// The rest of what it writes, when it has ended well.
    fn end(mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.stdout.read_to_end(&mut rest).unwrap();
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}");
        rest
    }
}

/// Polls a read once: it waits from then on.
async fn begin_to_read(stdin: &mut Stdin) {
    let mut buf = [0; 8];
    let mut read = Box::pin(stdin.read(&mut buf));
    assert!(futures::poll!(read.as_mut()).is_pending(), "there was input");
}

async fn read_all() -> Vec<u8> {
    let mut all = Vec::new();
    stdin().read_to_end(&mut all).await.unwrap();
    all
}

#[test]
fn a_megabyte_goes_from_stdin_to_stdout() {
    within(LIMIT, || {
        if is_child() {
            return rt::block_on(async {
                let mut output = stdout();
                output.write_all(MARK.as_bytes()).await.unwrap();
                futures::io::copy(stdin(), &mut output).await.unwrap();
                output.write_all(MARK.as_bytes()).await.unwrap();
                output.flush().await.unwrap();
            });
        }
        let mut child = start("a_megabyte_goes_from_stdin_to_stdout");
        let data: Vec<u8> = (0..MEGABYTE).map(|at| (at % 251) as u8).collect();
        let (mut stdin, sent) = (child.stdin.take().unwrap(), data.clone());
        let writer = std::thread::spawn(move || stdin.write_all(&sent).unwrap());
        let output = child.end();
        writer.join().unwrap();
        let marked = [MARK.as_bytes(), &data, MARK.as_bytes()].concat();
        let is_there = output.windows(marked.len()).any(|window| window == marked);
        assert!(is_there, "of a megabyte other bytes came back");
    });
}

#[test]
fn a_drop_with_a_blocked_read_of_stdin_does_not_hang() {
    within(LIMIT, || {
        if is_child() {
            for builder in [&mut Builder::new_multi_thread(), &mut Builder::new_current_thread()] {
                let runtime = builder.build().unwrap();
                runtime.block_on(async {
                    begin_to_read(&mut stdin()).await;
                    drop(rt::spawn(read_all()));
                    rt::task::yield_now().await;
                });
                drop(runtime);
            }
            return;
        }
        // Its input stays open, and nothing comes.
        let mut child = start("a_drop_with_a_blocked_read_of_stdin_does_not_hang");
        let stdin = child.stdin.take();
        child.end();
        drop(stdin);
    });
}

#[test]
fn a_line_that_nobody_took_is_the_next_readers_in_another_runtime() {
    within(LIMIT, || {
        if is_child() {
            let runtime = Runtime::new().unwrap();
            runtime.block_on(begin_to_read(&mut stdin()));
            drop(runtime);
            println!("\ngone");
            let mut buf = [0; 2];
            rt::block_on(async { stdin().read_exact(&mut buf).await }).unwrap();
            assert_eq!(&buf, b"he");
            assert_eq!(rt::block_on(read_all()), b"llo\n", "a part of a line got lost");
            return;
        }
        let mut child = start("a_line_that_nobody_took_is_the_next_readers_in_another_runtime");
        child.wait_for("gone");
        child.write(b"hello\n");
        drop(child.stdin.take());
        child.end();
    });
}

#[test]
fn a_reader_that_has_gone_leaves_no_waker() {
    within(LIMIT, || {
        if is_child() {
            let (staying, gone) = (CountingWaker::new(), CountingWaker::new());
            let poll = |stdin: &mut Stdin, waker| {
                let mut buf = [0; 8];
                let mut cx = Context::from_waker(waker);
                assert!(Pin::new(stdin).poll_read(&mut cx, &mut buf).is_pending());
            };
            let mut one = stdin();
            poll(&mut one, &staying.0);
            for _ in 0..100 {
                poll(&mut stdin(), &gone.0);
            }
            let held = Arc::strong_count(&gone.1);
            assert_eq!(held, 2, "the task of a reader that has gone is kept");
            poll(&mut one, &gone.0);
            let held = Arc::strong_count(&staying.1);
            assert_eq!(held, 2, "a reader that went to another task keeps the first");
            return;
        }
        let mut child = start("a_reader_that_has_gone_leaves_no_waker");
        let stdin = child.stdin.take(); // it stays open, and nothing comes
        child.end();
        drop(stdin);
    });
}

#[test]
fn readers_share_the_input_and_all_see_its_end() {
    within(LIMIT, || {
        if is_child() {
            return rt::block_on(async {
                let tasks: Vec<_> = (0..4).map(|_| rt::spawn(read_all())).collect();
                let mut sum = 0;
                for task in tasks {
                    sum += task.await.unwrap().len();
                }
                assert_eq!(sum, MEGABYTE, "bytes were lost or given twice");
                assert_eq!(stdin().read(&mut [0]).await.unwrap(), 0, "the end is no end");
            });
        }
        let mut child = start("readers_share_the_input_and_all_see_its_end");
        child.write(&vec![b'x'; MEGABYTE]);
        drop(child.stdin.take());
        child.end();
    });
}

#[test]
fn the_input_is_read_outside_of_every_runtime() {
    within(LIMIT, || {
        if is_child() {
            return assert_eq!(futures::executor::block_on(read_all()), b"hello");
        }
        let mut child = start("the_input_is_read_outside_of_every_runtime");
        child.write(b"hello");
        drop(child.stdin.take());
        child.end();
    });
}

#[test]
fn what_was_accepted_is_written_though_the_runtime_ends() {
    within(LIMIT, || {
        if is_child() {
            let runtime = Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
            let (gate, wait) = std::sync::mpsc::channel::<()>();
            runtime.block_on(async {
                let (begin, begun) = std::sync::mpsc::channel();
                drop(rt::spawn_blocking(move || {
                    begin.send(()).unwrap();
                    wait.recv()
                }));
                begun.recv().unwrap();
                let mut output = stdout();
                assert_eq!(output.write(b"\naccepted\n").await.unwrap(), 10);
            });
            runtime.shutdown_background();
            return drop(gate);
        }
        let mut child = start("what_was_accepted_is_written_though_the_runtime_ends");
        child.wait_for("accepted");
        child.end();
    });
}

#[test]
fn the_writes_of_one_handle_keep_their_order() {
    within(LIMIT, || {
        if is_child() {
            return rt::block_on(async {
                let mut output = stdout();
                output.write_all(MARK.as_bytes()).await.unwrap();
                for number in 0..1000 {
                    output.write_all(format!("{number} ").as_bytes()).await.unwrap();
                }
                output.flush().await.unwrap();
            });
        }
        let output =
            String::from_utf8(start("the_writes_of_one_handle_keep_their_order").end()).unwrap();
        let numbers: String = (0..1000).map(|number| format!("{number} ")).collect();
        assert!(output.contains(&format!("{MARK}{numbers}")), "{output}");
    });
}

#[test]
fn the_error_of_a_write_comes_with_the_flush() {
    within(LIMIT, || {
        if is_child() {
            return rt::block_on(async {
                let mut output = stderr();
                assert_eq!(output.write(b"hello").await.unwrap(), 5);
                let error = output.flush().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::StorageFull);
            });
        }
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let status = command("the_error_of_a_write_comes_with_the_flush").stderr(full).status();
        assert!(status.unwrap().success(), "a flush of what could not be written is well");
    });
}
