//! TCP on loopback: N1 to N3, and W3 with a socket.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use futures_channel::oneshot;

use crate::measure::Laps;
use crate::runtime::Runtime;
use crate::workload::waiting::compute;

/// Bytes of a message.
pub(crate) const MESSAGE: usize = 1024;
/// Connections of N1 and N1x.
pub(crate) const CONNECTIONS: u64 = 64;
/// Clients of N2.
pub(crate) const CLIENTS: u64 = 8;
/// Idle connections that are made before their tasks get to run (N3).
pub(crate) const BATCH: u64 = 50;

/// What a task computes in one poll while a socket becomes ready (W3s), and when it does.
const WHOLE: Duration = Duration::from_secs(1);
const DUE: Duration = Duration::from_millis(100);

/// N1, N1one: messages go there and back on so many connections at once, both ends in the runtime. A
/// repeat is one message on each.
pub(crate) async fn echo<R: Runtime>(mut laps: Laps, connections: u64) -> Laps {
    let listener = R::bind().await;
    let mut clients = Vec::new();
    for _ in 0..connections {
        let client = R::connect(R::address(&listener)).await;
        R::spawn_detached(answer::<R>(R::accept(&listener).await));
        clients.push(client);
    }
    for messages in &mut laps {
        let tasks: Vec<_> =
            clients.into_iter().map(|client| R::spawn(ask::<R>(client, messages))).collect();
        clients = Vec::new();
        for task in tasks {
            clients.push(task.await);
        }
    }
    laps
}

async fn answer<R: Runtime>(mut stream: R::Stream) {
    let mut buf = [0; MESSAGE];
    loop {
        match R::read(&mut stream, &mut buf).await {
            0 => return,
            len => R::write_all(&mut stream, &buf[..len]).await,
        }
    }
}

async fn ask<R: Runtime>(mut stream: R::Stream, messages: u64) -> R::Stream {
    let mut buf = [0; MESSAGE];
    for number in 0..messages {
        buf.fill(number as u8);
        R::write_all(&mut stream, &buf).await;
        let mut read = 0;
        while read < MESSAGE {
            read += match R::read(&mut stream, &mut buf[read..]).await {
                0 => panic!("the server ends before its clients"),
                len => len,
            };
        }
        assert!(buf.iter().all(|&byte| byte == number as u8), "another message comes back");
    }
    stream
}

/// N1x: the clients are a process of its own, which waits with `epoll` and has no runtime.
pub(crate) async fn echo_for_a_process<R: Runtime>(mut laps: Laps) -> Laps {
    let listener = R::bind().await;
    let mut process = Process::start(R::address(&listener));
    for _ in 0..CONNECTIONS {
        R::spawn_detached(answer::<R>(R::accept(&listener).await));
    }
    for messages in &mut laps {
        process.run(messages).await;
    }
    laps
}

/// The client of N1x: this binary again, as `rt-bench client PORT`.
struct Process {
    child: Child,
    orders: ChildStdin,
    answers: mpsc::Sender<oneshot::Sender<()>>,
}

impl Process {
    fn start(address: SocketAddr) -> Process {
        let this = std::env::current_exe().expect("this binary has a path");
        let mut child = Command::new(this)
            .args(["client", &address.port().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this binary starts again");
        let orders = child.stdin.take().expect("it is piped");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let (answers, asked) = mpsc::channel::<oneshot::Sender<()>>();
        thread::spawn(move || {
            for asked in asked {
                lines.next().expect("the client says when it is done").expect("a line");
                asked.send(()).expect("the root waits");
            }
        });
        Process { child, orders, answers }
    }

    async fn run(&mut self, messages: u64) {
        let (sender, done) = oneshot::channel();
        self.answers.send(sender).expect("the thread that reads lives");
        writeln!(self.orders, "{messages}").expect("the client takes orders");
        done.await.expect("the client is done");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// N2: each of the clients connects, sends a byte and waits for the end; the server takes the byte and ends.
/// A repeat is one connection of each.
pub(crate) async fn connections<R: Runtime>(mut laps: Laps) -> Laps {
    let listener = R::bind().await;
    let address = R::address(&listener);
    R::spawn_detached(async move {
        loop {
            let mut stream = R::accept(&listener).await;
            R::spawn_detached(async move {
                let mut byte = [0];
                assert_eq!(R::read(&mut stream, &mut byte).await, 1, "a client sends a byte");
            });
        }
    });
    for repeats in &mut laps {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                R::spawn(async move {
                    for _ in 0..repeats {
                        let mut stream = R::connect(address).await;
                        R::write_all(&mut stream, &[7]).await;
                        assert_eq!(R::read(&mut stream, &mut [0]).await, 0, "the server ends");
                    }
                })
            })
            .collect();
        for client in clients {
            client.await;
        }
    }
    laps
}

/// N3: connections that nobody writes to, each with a task that reads into a buffer of its own. Their other
/// ends are plain sockets.
pub(crate) async fn idle<R: Runtime>(mut laps: Laps) -> Laps {
    let listener = R::bind().await;
    let mut others = Vec::with_capacity(20_000);
    for batches in &mut laps {
        for _ in 0..batches {
            for _ in 0..BATCH {
                let other = TcpStream::connect(R::address(&listener)).expect("loopback connects");
                others.push(other);
                let mut stream = R::accept(&listener).await;
                R::spawn_detached(async move {
                    let mut buf = [0; MESSAGE];
                    let len = R::read(&mut stream, &mut buf).await;
                    assert_eq!(len, 0, "nobody writes");
                });
            }
            // All of them wait then.
            R::sleep(Duration::from_millis(2)).await;
        }
    }
    laps
}

/// W3s: a socket becomes ready while another task computes, which was itself woken by a timer: so whoever
/// waited for the sockets is the one that computes.
pub(crate) async fn until_the_socket_is_served<R: Runtime>(mut laps: Laps) -> Laps {
    let mut late = Vec::new();
    let listener = R::bind().await;
    for sockets in &mut laps {
        late.clear();
        for _ in 0..sockets {
            let mut other = TcpStream::connect(R::address(&listener)).expect("loopback connects");
            let mut stream = R::accept(&listener).await;
            let reader = R::spawn(async move {
                assert_eq!(R::read(&mut stream, &mut [0]).await, 1, "a byte comes");
                Instant::now()
            });
            R::sleep(Duration::from_millis(1)).await;
            let writer = thread::spawn(move || {
                thread::sleep(DUE);
                let written = Instant::now();
                other.write_all(&[7]).expect("the other end is open");
                (written, other)
            });
            compute(WHOLE);
            let read = reader.await;
            let (written, _other) = writer.join().expect("it writes");
            late.push(read.saturating_duration_since(written));
        }
        assert_eq!(late.len() as u64, sockets, "every socket is served");
    }
    laps.set_lateness(late);
    laps
}
