//! Our timers, sockets and handles of tasks, awaited where nobody of ours is the executor: in tasks of tokio's and of
//! smol's, and under the `block_on` of `pollster` and of `futures`.

use std::future::Future;
use std::time::{Duration, Instant};

use futures::{AsyncReadExt, AsyncWriteExt};
use rt::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use rt::runtime::Runtime;
use rt_testkit::within;

const DEADLINE: Duration = Duration::from_secs(60);

/// What a test does, on each executor.
fn everywhere<F>(body: fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    within(DEADLINE, move || {
        let one = tokio::runtime::Builder::new_current_thread().build().unwrap();
        one.block_on(async { tokio::spawn(body()).await.unwrap() });
        let many = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        many.block_on(async { tokio::spawn(body()).await.unwrap() });
        smol::block_on(async { smol::spawn(body()).await });
        pollster::block_on(body());
        futures::executor::block_on(body());
    });
}

#[test]
fn timers_fire_and_are_not_early() {
    everywhere(|| async {
        let start = Instant::now();
        rt::time::sleep(Duration::from_millis(3)).await;
        assert!(start.elapsed() >= Duration::from_millis(3));
        let late = rt::time::timeout(Duration::from_millis(1), std::future::pending::<()>()).await;
        assert!(late.is_err());
        let mut interval = rt::time::interval(Duration::from_millis(1));
        interval.tick().await;
        interval.tick().await;
        assert!(start.elapsed() >= Duration::from_millis(5));
    });
}

#[test]
fn streams_read_and_write_and_wait_for_each_other() {
    everywhere(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 100_000]; // more than the socket holds
            stream.read_exact(&mut bytes).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
            stream.close().await.unwrap();
        };
        let ask = async {
            let stream = TcpStream::connect(addr).await.unwrap();
            let (mut reader, mut writer) = stream.into_split();
            let (sent, mut answer) = (vec![7; 100_000], Vec::new());
            let write = async {
                writer.write_all(&sent).await.unwrap();
                writer.close().await.unwrap();
            };
            let ((), read) = futures::join!(write, reader.read_to_end(&mut answer));
            assert_eq!((read.unwrap(), answer), (100_000, sent));
        };
        futures::join!(serve, ask);
    });
}

#[test]
fn datagrams_and_streams_of_unix_come_through() {
    everywhere(|| async {
        let (a, b) = (
            UdpSocket::bind("127.0.0.1:0").await.unwrap(),
            UdpSocket::bind("127.0.0.1:0").await.unwrap(),
        );
        let mut bytes = [0; 5];
        let send = a.send_to(b"hello", b.local_addr().unwrap());
        let (received, sent) = futures::join!(b.recv_from(&mut bytes), send);
        assert_eq!((received.unwrap().0, sent.unwrap(), &bytes), (5, 5, b"hello"));
        let (mut a, mut b) = UnixStream::pair().unwrap();
        let (read, written) = futures::join!(b.read_exact(&mut bytes), a.write_all(b"again"));
        read.unwrap();
        written.unwrap();
        assert_eq!(&bytes, b"again");
    });
}

#[test]
fn a_handle_of_our_task_is_awaited_in_a_task_of_theirs() {
    everywhere(|| async {
        let runtime = Runtime::new().unwrap();
        let task = runtime.spawn(async {
            rt::time::sleep(Duration::from_millis(1)).await;
            6 * 7
        });
        assert_eq!(task.await.unwrap(), 42);
        let job = runtime.spawn_blocking(|| "blocks");
        assert_eq!(job.await.unwrap(), "blocks");
        let aborted = runtime.spawn(std::future::pending::<()>());
        aborted.abort();
        assert!(aborted.await.unwrap_err().is_cancelled());
        runtime.shutdown_background();
    });
}

/// A task of theirs wakes one of ours, and the other way round.
#[test]
fn tasks_of_two_runtimes_talk() {
    everywhere(|| async {
        let runtime = Runtime::new().unwrap();
        let (ask, mut asked) = tokio::sync::mpsc::channel::<u32>(1);
        let (answer, mut answers) = tokio::sync::mpsc::channel::<u32>(1);
        let task = runtime.spawn(async move {
            while let Some(number) = asked.recv().await {
                answer.send(number + 1).await.unwrap();
            }
        });
        for number in 0..100 {
            ask.send(number).await.unwrap();
            assert_eq!(answers.recv().await, Some(number + 1));
        }
        drop(ask);
        task.await.unwrap();
        runtime.shutdown_background();
    });
}
