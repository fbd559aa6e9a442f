//! The migration page of `rt-compat`: each row of its table names two things that exist, and each that is here
//! stands in it. What is generic or a method is not named here but used by the other tests.

/// Both paths of each row are compiled.
macro_rules! rows {
    ($($(::$theirs:ident)+ => $(::$ours:ident)+;)*) => {
        $(const _: () = {
            #[allow(unused_imports)]
            use $(::$theirs)+ as _;
            #[allow(unused_imports)]
            use $(::$ours)+ as _;
        };)*

        const ROWS: &[(&str, &str)] =
            &[$((stringify!($(::$theirs)+), stringify!($(::$ours)+))),*];
    };
}

rows! {
    ::tokio::main => ::rt::main;
    ::tokio::test => ::rt::test;
    ::tokio::spawn => ::rt::spawn;
    ::tokio::select => ::rt::select;
    ::tokio::join => ::rt::join;
    ::tokio::try_join => ::rt::try_join;
    ::tokio::pin => ::rt::pin;
    ::tokio::task_local => ::rt::task_local;
    ::tokio::runtime::Runtime => ::rt::runtime::Runtime;
    ::tokio::runtime::Builder => ::rt::runtime::Builder;
    ::tokio::runtime::Handle => ::rt::runtime::Handle;
    ::tokio::runtime::EnterGuard => ::rt::runtime::EnterGuard;
    ::tokio::runtime::RuntimeFlavor => ::rt::runtime::RuntimeFlavor;
    ::tokio::runtime::RuntimeMetrics => ::rt::runtime::RuntimeMetrics;
    ::tokio::runtime::TryCurrentError => ::rt::runtime::TryCurrentError;
    ::tokio::task::spawn_blocking => ::rt::task::spawn_blocking;
    ::tokio::task::block_in_place => ::rt::task::block_in_place;
    ::tokio::task::spawn_local => ::rt::task::spawn_local;
    ::tokio::task::LocalSet => ::rt::runtime::LocalRuntime;
    ::tokio::task::JoinHandle => ::rt::task::JoinHandle;
    ::tokio::task::AbortHandle => ::rt::task::AbortHandle;
    ::tokio::task::JoinError => ::rt::task::JoinError;
    ::tokio::task::JoinSet => ::rt::task::JoinSet;
    ::tokio::task::Id => ::rt::task::Id;
    ::tokio::task::id => ::rt::task::id;
    ::tokio::task::try_id => ::rt::task::try_id;
    ::tokio::task::yield_now => ::rt::task::yield_now;
    ::tokio::task::unconstrained => ::rt::task::unconstrained;
    ::tokio::task::coop::consume_budget => ::rt::task::coop::consume_budget;
    ::tokio::task::coop::cooperative => ::rt::task::coop::cooperative;
    ::tokio::time::sleep => ::rt::time::sleep;
    ::tokio::time::sleep_until => ::rt::time::sleep_until;
    ::tokio::time::Sleep => ::rt::time::Sleep;
    ::tokio::time::timeout => ::rt::time::timeout;
    ::tokio::time::timeout_at => ::rt::time::timeout_at;
    ::tokio::time::error::Elapsed => ::rt::time::error::Elapsed;
    ::tokio::time::interval => ::rt::time::interval;
    ::tokio::time::interval_at => ::rt::time::interval_at;
    ::tokio::time::Interval => ::rt::time::Interval;
    ::tokio::time::MissedTickBehavior => ::rt::time::MissedTickBehavior;
    ::tokio::time::Instant => ::rt::time::Instant;
    ::tokio::time::pause => ::rt::time::pause;
    ::tokio::time::resume => ::rt::time::resume;
    ::tokio::time::advance => ::rt::time::advance;
    ::tokio::net::TcpListener => ::rt::net::TcpListener;
    ::tokio::net::TcpStream => ::rt::net::TcpStream;
    ::tokio::net::TcpSocket => ::rt::net::TcpSocket;
    ::tokio::net::UdpSocket => ::rt::net::UdpSocket;
    ::tokio::net::UnixListener => ::rt::net::UnixListener;
    ::tokio::net::UnixStream => ::rt::net::UnixStream;
    ::tokio::net::UnixDatagram => ::rt::net::UnixDatagram;
    ::tokio::net::unix::pipe => ::rt::net::unix::pipe;
    ::tokio::net::lookup_host => ::rt::net::lookup_host;
    ::tokio::net::ToSocketAddrs => ::rt::net::ToSocketAddrs;
    ::tokio::io::AsyncRead => ::rt::io::AsyncRead;
    ::tokio::io::AsyncReadExt => ::rt::io::AsyncReadExt;
    ::tokio::io::AsyncWriteExt => ::rt::io::AsyncWriteExt;
    ::tokio::io::AsyncBufReadExt => ::rt::io::AsyncBufReadExt;
    ::tokio::io::BufReader => ::rt::io::BufReader;
    ::tokio::io::copy => ::rt::io::copy;
    ::tokio::io::split => ::rt::io::split;
    ::tokio::io::stdin => ::rt::io::stdin;
    ::tokio::io::unix::AsyncFd => ::rt::io::unix::AsyncFd;
    ::tokio::sync::mpsc => ::rt::sync::mpsc;
    ::tokio::sync::Mutex => ::rt::sync::Mutex;
    ::tokio::fs::File => ::rt::fs::File;
    ::tokio::fs::read_to_string => ::rt::fs::read_to_string;
    ::tokio::process::Command => ::rt::process::Command;
    ::tokio::signal::ctrl_c => ::rt::signal::ctrl_c;
    ::tokio::signal::unix::signal => ::rt::signal::unix::signal;
    ::axum::serve => ::rt::compat::serve;
    ::tokio_util::compat => ::rt::compat::TokioIo;
    ::hyper_util::rt::TokioIo => ::rt::compat::HyperIo;
    ::hyper_util::rt::TokioExecutor => ::rt::compat::HyperExecutor;
    ::hyper_util::rt::TokioTimer => ::rt::compat::HyperTimer;
    ::hyper_util::client::legacy::connect::HttpConnector => ::rt::compat::HttpConnector;
}

/// The rows of the page: what stands between the first two pairs of backticks.
fn page() -> Vec<(String, String)> {
    let text = include_str!("../../rt-compat/README.md");
    let section = text.split("\n## Coming from tokio").nth(1).expect("the page has that section");
    let section = section.split("\n## ").next().unwrap_or(section);
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let mut names = row.split('`').skip(1).step_by(2);
        let mut name = || names.next().unwrap_or("").trim_end_matches('!').to_owned();
        (name(), name())
    })
    .collect()
}

/// `:: tokio :: spawn` as people write it.
fn plain(path: &str) -> String {
    path.replace(' ', "").trim_start_matches("::").to_owned()
}

#[test]
fn each_row_of_the_page_is_compiled_and_each_that_is_compiled_stands_there() {
    let compiled: Vec<_> = ROWS.iter().map(|(theirs, ours)| (plain(theirs), plain(ours))).collect();
    let page = page();
    for row in &compiled {
        assert!(page.contains(row), "the page has no row for {row:?}");
    }
    for row in &page {
        assert!(compiled.contains(row), "a row of the page names what nobody compiled: {row:?}");
    }
    assert_eq!(page.len(), compiled.len(), "a row stands there twice");
}

/// The same program, twice: what differs is one word.
mod one_word {
    macro_rules! program {
        ($runtime:ident) => {
            use $runtime::io::{AsyncReadExt, AsyncWriteExt};
            use $runtime::net::{TcpListener, TcpStream};
            use $runtime::sync::mpsc;
            use $runtime::time::{Duration, timeout};

            pub(super) async fn program() -> String {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let addr = listener.local_addr().unwrap();
                let (sender, mut lines) = mpsc::channel(4);
                let server = $runtime::spawn(async move {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let mut line = [0; 5];
                    stream.read_exact(&mut line).await.unwrap();
                    sender.send(String::from_utf8_lossy(&line).into_owned()).await.unwrap();
                    stream.shutdown().await.unwrap();
                });
                let mut stream = TcpStream::connect(addr).await.unwrap();
                stream.write_all(b"hello").await.unwrap();
                let line = timeout(Duration::from_secs(60), lines.recv()).await.unwrap();
                server.await.unwrap();
                let answer = $runtime::task::spawn_blocking(|| 6 * 7).await.unwrap();
                $runtime::select! {
                    biased;
                    () = $runtime::time::sleep(Duration::ZERO) => format!("{} {answer}", line.unwrap()),
                    () = std::future::pending() => unreachable!("never"),
                }
            }
        };
    }

    mod theirs {
        program!(tokio);
    }

    mod ours {
        program!(rt);
    }

    #[tokio::test]
    async fn on_tokio() {
        assert_eq!(theirs::program().await, "hello 42");
    }

    #[rt::test]
    async fn on_rt() {
        assert_eq!(ours::program().await, "hello 42");
    }
}
