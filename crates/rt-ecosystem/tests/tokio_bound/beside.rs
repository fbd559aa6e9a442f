//! tokio's sockets and timers beside ours in one task.

use std::future::pending;
use std::time::{Duration, Instant};

use rt::time::sleep;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};

use crate::tokio_bound::runtimes::with_tokio;

const PAUSE: Duration = Duration::from_millis(5);

#[test]
fn one_task_waits_for_timers_of_both() {
    with_tokio(async || {
        let before = Instant::now();
        let mut ticks = tokio::time::interval(PAUSE);
        for _ in 0..3 {
            futures::join!(ticks.tick(), sleep(PAUSE));
        }
        assert!(before.elapsed() >= 3 * PAUSE, "a sleep of ours was cut short");
        let theirs = tokio::time::timeout(PAUSE, pending::<()>());
        let ours = rt::time::timeout(PAUSE, pending::<()>());
        let (theirs, ours) = futures::join!(theirs, ours);
        assert!(theirs.is_err() && ours.is_err());
        // Each gives up what waits for the other.
        let both = tokio::time::timeout(PAUSE, sleep(Duration::MAX));
        assert!(both.await.is_err());
        let both = rt::time::timeout(PAUSE, tokio::time::sleep(Duration::MAX));
        assert!(both.await.is_err());
    });
}

#[test]
fn one_task_reads_and_writes_sockets_of_both() {
    with_tokio(async || {
        let ours = rt::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let theirs = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (to_ours, to_theirs) = (ours.local_addr().unwrap(), theirs.local_addr().unwrap());
        let (a, b, c, d) = futures::join!(
            tokio::net::TcpStream::connect(to_ours),
            ours.accept(),
            rt::net::TcpStream::connect(to_theirs),
            theirs.accept(),
        );
        let (mut a, (mut b, _), mut c, (mut d, _)) =
            (a.unwrap(), b.unwrap(), c.unwrap(), d.unwrap());
        // a (tokio's) → b (ours) ⇄ c (ours) → d (tokio's): tokio's copy in the middle, over our streams.
        let middle = async { copy_bidirectional(&mut b, &mut c).await.unwrap() };
        let ends = async {
            let sent: Vec<u8> = (0..100_000_u32).map(|at| at as u8).collect();
            let write = async {
                a.write_all(&sent).await.unwrap();
                a.shutdown().await.unwrap();
            };
            let mut received = Vec::new();
            let ((), read) = futures::join!(write, d.read_to_end(&mut received));
            assert_eq!((read.unwrap(), received == sent), (sent.len(), true));
            d.write_all(b"answer").await.unwrap();
            drop(d);
            let mut answer = String::new();
            a.read_to_string(&mut answer).await.unwrap();
            assert_eq!(answer, "answer");
        };
        let (copied, ()) = futures::join!(middle, ends);
        assert_eq!(copied, (100_000, 6));
    });
}

#[test]
fn a_task_of_tokios_and_one_of_ours_talk() {
    with_tokio(async || {
        let listener = rt::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let theirs = tokio::spawn(async move {
            let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
            stream.write_all(b"from tokio's").await.unwrap();
            stream.shutdown().await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        });
        let ours = rt::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut text = String::new();
            futures::AsyncReadExt::read_to_string(&mut stream, &mut text).await.unwrap();
            let answer = text.to_uppercase();
            futures::AsyncWriteExt::write_all(&mut stream, answer.as_bytes()).await.unwrap();
            futures::AsyncWriteExt::close(&mut stream).await.unwrap();
        });
        ours.await.unwrap();
        assert_eq!(theirs.await.unwrap(), "FROM TOKIO'S");
    });
}
