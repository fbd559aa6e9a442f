//! Chapter 6: signals. Each test runs in a process of its own, since signals are the process's.
#![cfg(feature = "signal")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use rt::runtime::Builder;
use rt::signal::unix::{Signal, SignalKind, signal};
use rt_testkit::{CountingWaker, within};
use signal_hook::low_level::raise;

#[path = "../examples/ctrl_c.rs"]
mod example;

const LIMIT: Duration = Duration::from_secs(60);
const CHILD: &str = "RT_TEST_IS_CHILD";
const USR1: i32 = SignalKind::user_defined1().as_raw_value();

/// This test, in a process of its own.
fn child(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env(CHILD, "1");
    command
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Runs a body in a process of its own.
fn alone(test: &'static str, body: fn()) {
    within(LIMIT, move || {
        if is_child() {
            return body();
        }
        let output = child(test).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{}\n{text}", output.status);
    });
}

fn usr1() -> Signal {
    signal(SignalKind::user_defined1()).unwrap()
}

/// Whether a signal is there.
fn is_there(signal: &mut Signal) -> bool {
    let (waker, _) = CountingWaker::new();
    signal.poll_recv(&mut std::task::Context::from_waker(&waker)).is_ready()
}

#[test]
fn every_listener_in_every_runtime_is_told() {
    alone("every_listener_in_every_runtime_is_told", || {
        let all_listen = Arc::new(Barrier::new(3));
        let threads = [true, false].map(|is_multi| {
            let all_listen = all_listen.clone();
            std::thread::spawn(move || {
                let mut builder = match is_multi {
                    true => Builder::new_multi_thread(),
                    false => Builder::new_current_thread(),
                };
                builder.build().unwrap().block_on(async {
                    let (mut one, mut two) = (usr1(), usr1());
                    let other = rt::spawn(async move { one.recv().await });
                    all_listen.wait();
                    assert_eq!(two.recv().await, Some(()));
                    assert_eq!(other.await.unwrap(), Some(()));
                });
            })
        });
        let mut outside = usr1();
        all_listen.wait();
        raise(USR1).unwrap();
        assert_eq!(futures::executor::block_on(outside.recv()), Some(()));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_burst_during_a_stall_is_seen_once_and_the_next_signal_again() {
    alone("a_burst_during_a_stall_is_seen_once_and_the_next_signal_again", || {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut signals = usr1();
            assert!(futures::poll!(Box::pin(signals.recv())).is_pending());
            for _ in 0..10_000 {
                raise(USR1).unwrap(); // in one poll, and more than the socket holds
            }
            assert_eq!(signals.recv().await, Some(()), "the burst was not seen");
            assert!(!is_there(&mut signals), "what was seen is told again");
            raise(USR1).unwrap();
            assert_eq!(signals.recv().await, Some(()), "nothing is seen after a burst");
        });
    });
}

#[test]
fn a_wait_that_is_cancelled_takes_no_signal_away() {
    alone("a_wait_that_is_cancelled_takes_no_signal_away", || {
        rt::block_on(async {
            let mut signals = usr1();
            assert!(futures::poll!(Box::pin(signals.recv())).is_pending());
            raise(USR1).unwrap();
            assert_eq!(signals.recv().await, Some(()));
        });
    });
}

#[test]
fn who_begins_to_listen_is_not_told_of_what_was() {
    alone("who_begins_to_listen_is_not_told_of_what_was", || {
        let mut early = usr1();
        raise(USR1).unwrap();
        let mut late = usr1();
        assert!(is_there(&mut early));
        assert!(!is_there(&mut late), "it is told of a signal from before");
        drop(early);
        raise(USR1).unwrap();
        let told = futures::executor::block_on(late.recv());
        assert_eq!(told, Some(()), "the drop of one listener ended the other");
    });
}

#[test]
fn a_listener_outlives_the_runtime_that_it_waited_with() {
    alone("a_listener_outlives_the_runtime_that_it_waited_with", || {
        let mut signals = usr1();
        rt::block_on(async { assert!(futures::poll!(Box::pin(signals.recv())).is_pending()) });
        raise(USR1).unwrap();
        assert_eq!(rt::block_on(signals.recv()), Some(()), "the second runtime hears nothing");
        rt::block_on(async {
            assert!(futures::poll!(Box::pin(signals.recv())).is_pending());
            raise(USR1).unwrap();
            assert_eq!(signals.recv().await, Some(()), "the third runtime hears nothing");
        });
    });
}

#[test]
fn a_listener_that_is_dropped_leaves_no_descriptor() {
    alone("a_listener_that_is_dropped_leaves_no_descriptor", || {
        let count = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        drop(usr1());
        let before = count();
        (0..100).for_each(|_| drop(usr1()));
        assert_eq!(count(), before);
        raise(USR1).unwrap(); // nobody listens, and the process goes on
    });
}

#[test]
fn what_can_not_be_listened_for_is_an_error() {
    within(LIMIT, || {
        for number in [-1, 0, 4, 8, 9, 11, 19, 1000] {
            assert!(signal(SignalKind::from_raw(number)).is_err(), "signal {number}");
        }
    });
}

#[test]
fn ctrl_c_shuts_the_example_down_gracefully() {
    within(LIMIT, || {
        if is_child() {
            return example::main().unwrap();
        }
        let mut command = child("ctrl_c_shuts_the_example_down_gracefully");
        let mut running = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(running.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("working:") {
            line.clear();
            assert!(output.read_line(&mut line).unwrap() > 0, "it ended before it began");
        }
        let kill = Command::new("kill").args(["-INT", &running.id().to_string()]).status();
        assert!(kill.unwrap().success());
        let mut text = String::new();
        output.read_to_string(&mut text).unwrap();
        assert!(running.wait().unwrap().success(), "{text}");
        let begun: u32 = text
            .split("stopped: ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next()?.parse().ok())
            .unwrap_or_else(|| panic!("it was cut off: {text}"));
        assert!(begun < 150, "it went on to its own end: {text}");
    });
}

#[test]
fn ctrl_c_is_waited_for_again_and_again() {
    alone("ctrl_c_is_waited_for_again_and_again", || {
        rt::block_on(async {
            for _ in 0..3 {
                let mut waits = Box::pin(rt::signal::ctrl_c());
                assert!(futures::poll!(waits.as_mut()).is_pending());
                raise(SignalKind::interrupt().as_raw_value()).unwrap();
                waits.await.unwrap();
            }
        });
    });
}
