//! Who always finds a socket ready lets others run.

#[path = "net/pair.rs"]
mod pair;

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use futures::{AsyncReadExt, AsyncWriteExt};
use rt_executor::{Executor, block_on, yield_now};
use rt_io::Interest;
use rt_io::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use rt_task::coop::BUDGET;

use crate::pair::{Stream, within};

const CALLS: usize = 1_000;

/// Runs a task beside another one that is always ready. How often each was polled until it was done.
fn polls(task: impl Future<Output = io::Result<()>> + 'static) -> io::Result<(usize, usize)> {
    let executor = Executor::new();
    let (own, others) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let (counted, done) = (own.clone(), Rc::new(Cell::new(false)));
    let is_done = done.clone();
    let task = executor.spawn(async move {
        let mut task = pin!(task);
        poll_fn(|cx| {
            counted.set(counted.get() + 1);
            task.as_mut().poll(cx)
        })
        .await
        .inspect(|()| is_done.set(true))
    });
    let counted = others.clone();
    let other = executor.spawn(async move {
        while !done.get() {
            counted.set(counted.get() + 1);
            yield_now().await;
        }
    });
    executor.run(async {
        task.await.expect("no panic")?;
        other.await.expect("no panic");
        Ok::<(), io::Error>(())
    })?;
    Ok((own.get(), others.get()))
}

#[track_caller]
fn must_share(name: &str, task: impl Future<Output = io::Result<()>> + 'static) -> io::Result<()> {
    let (own, others) = polls(task)?;
    let least = CALLS / BUDGET as usize;
    assert!(own >= least, "{name}: {CALLS} calls in {own} polls");
    assert!(others >= least, "{name}: another task ran {others} times beside {CALLS} calls");
    Ok(())
}

/// So many writes find room although nobody reads.
async fn streams<S: Stream>(name: &'static str, writes: usize) -> io::Result<()> {
    let (mut one, mut two) = S::known_pair().await?;
    one.write_all(&[7; CALLS]).await?;
    must_share(name, async move {
        for _ in 0..CALLS {
            assert_eq!(two.read(&mut [0]).await?, 1);
        }
        for _ in 0..writes {
            assert_eq!(two.write(&[1]).await?, 1);
        }
        drop(one);
        Ok(())
    })
}

#[test]
fn reads_and_writes_that_never_block_spend_the_budget() {
    within(|| {
        block_on(streams::<TcpStream>("TCP", CALLS))?;
        block_on(streams::<UnixStream>("Unix", 100))
    });
}

#[test]
fn calls_of_ones_own_that_never_block_spend_the_budget() {
    within(|| {
        let (one, _two) = UnixStream::pair()?;
        must_share("async_io", async move {
            for _ in 0..CALLS {
                one.async_io(Interest::WRITABLE, || Ok(())).await?;
            }
            Ok(())
        })
    });
}

#[test]
fn a_poll_makes_as_many_calls_as_the_budget_allows() {
    within(|| {
        let (mut one, mut two) = UnixStream::pair()?;
        block_on(one.write_all(&[7; CALLS]))?;
        let (own, _) = polls(async move {
            for _ in 0..CALLS {
                assert_eq!(two.read(&mut [0]).await?, 1);
            }
            Ok(())
        })?;
        drop(one);
        let most = CALLS / BUDGET as usize + 3;
        assert!(own <= most, "{CALLS} calls took {own} polls, where {most} are enough");
        Ok(())
    });
}

#[test]
fn datagrams_spend_the_budget() {
    within(|| {
        let socket = block_on(UdpSocket::bind("127.0.0.1:0"))?;
        must_share("UDP", async move {
            let to = socket.local_addr()?;
            for _ in 0..CALLS / 2 {
                socket.send_to(b"x", to).await?;
                socket.recv_from(&mut [0; 8]).await?;
            }
            Ok(())
        })
    });
}

#[test]
fn accepts_and_waits_that_never_block_spend_the_budget() {
    within(|| {
        let listener = block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let mut clients = Vec::new();
        for _ in 0..200 {
            clients.push(std::net::TcpStream::connect(address)?);
        }
        let (own, _) = polls(async move {
            for _ in 0..200 {
                listener.accept().await?;
            }
            Ok(())
        })?;
        assert!(own >= 2, "200 connections in one poll");
        let (one, two) = block_on(TcpStream::known_pair())?;
        must_share("writable", async move {
            for _ in 0..CALLS {
                one.writable().await?;
            }
            let mut calls = 0;
            while calls < CALLS {
                poll_fn(|cx| one.poll_write_ready(cx)).await?;
                calls += 1;
            }
            drop(two);
            Ok(())
        })
    });
}

#[test]
fn a_wait_gives_back_the_budget_that_it_did_not_spend() {
    within(|| {
        let executor = Executor::new();
        let (_one, two) = block_on(TcpStream::known_pair())?;
        executor.run(poll_fn(move |cx| {
            for _ in 0..10 * BUDGET {
                assert!(two.poll_read_ready(cx).is_pending(), "nobody has written");
            }
            assert!(rt_task::coop::has_budget_remaining(), "spent by calls that got nothing");
            Poll::Ready(())
        }));
        Ok(())
    });
}
