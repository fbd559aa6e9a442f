//! Listeners: each connection goes to one who waits, and an error is not the end.
#![cfg(target_os = "linux")]

#[path = "net/pair.rs"]
mod pair;

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use futures::future::{join_all, try_join_all};
use futures::{AsyncReadExt, AsyncWriteExt, poll};
use rt_executor::block_on;
use rt_io::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::pair::within;

async fn listener() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

#[test]
fn each_connection_goes_to_one_of_many_who_wait() {
    within(|| {
        let (listener, address) = block_on(listener())?;
        let listener = Arc::new(listener);
        let threads = [0, 1, 2].map(|_| {
            let listener = listener.clone();
            thread::spawn(move || block_on(try_join_all((0..40).map(|_| listener.accept()))))
        });
        let clients = block_on(try_join_all((0..120).map(|_| TcpStream::connect(address))))?;
        let mut accepted = Vec::new();
        for thread in threads {
            accepted.extend(thread.join().expect("no panic")?);
        }
        let from: BTreeSet<_> = accepted.iter().map(|(_, from)| *from).collect();
        let connected =
            clients.iter().map(TcpStream::local_addr).collect::<io::Result<BTreeSet<_>>>()?;
        assert_eq!(from, connected, "a connection got lost, or went to two");
        Ok(())
    });
}

#[test]
fn who_is_woken_for_a_connection_and_goes_leaves_it_to_others() {
    within(|| {
        block_on(async {
            let (listener, address) = listener().await?;
            for _ in 0..50 {
                let mut waits: Vec<_> = (0..3).map(|_| Box::pin(listener.accept())).collect();
                for accept in &mut waits {
                    assert!(poll!(accept).is_pending());
                }
                let client = TcpStream::connect(address).await?;
                let last = waits.pop().expect("one of three");
                drop(waits);
                assert_eq!(last.await?.1, client.local_addr()?);
            }
            Ok(())
        })
    });
}

#[test]
fn each_connection_of_a_unix_listener_goes_to_one() {
    within(|| {
        let path = std::env::temp_dir().join(format!("rt-io-accept-{}", std::process::id()));
        let listener = UnixListener::bind(&path)?;
        let done = block_on(async {
            let accepts = join_all((0..20).map(|_| listener.accept()));
            let connects = join_all((0..20).map(|number: u8| {
                let path = &path;
                async move {
                    let mut client = UnixStream::connect(path).await?;
                    client.write_all(&[number]).await?;
                    Ok::<_, io::Error>(client)
                }
            }));
            let (accepted, _clients) = futures::future::join(accepts, connects).await;
            let mut numbers = BTreeSet::new();
            for accepted in accepted {
                let mut number = [0];
                accepted?.0.read_exact(&mut number).await?;
                numbers.insert(number[0]);
            }
            assert_eq!(numbers.len(), 20, "a connection got lost, or went to two");
            Ok(())
        });
        std::fs::remove_file(path)?;
        done
    });
}

#[test]
fn a_peer_that_is_gone_before_it_was_accepted_does_not_stop_the_others() {
    within(|| {
        block_on(async {
            let (listener, address) = listener().await?;
            for is_waiting in [false, true] {
                let mut accept = Box::pin(listener.accept());
                if is_waiting {
                    assert!(poll!(&mut accept).is_pending());
                }
                for _ in 0..3 {
                    let gone = TcpStream::connect(address).await?;
                    gone.set_linger(Some(Duration::ZERO))?; // the drop resets it
                }
                let client = TcpStream::connect(address).await?;
                loop {
                    // Linux gives out also who is gone; others say "aborted", and it is worth another call.
                    match accept.await {
                        Ok((_, from)) if from == client.local_addr()? => break,
                        Ok((mut gone, _)) => assert!(gone.read(&mut [0]).await.is_err()),
                        Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted),
                    }
                    accept = Box::pin(listener.accept());
                }
            }
            Ok(())
        })
    });
}

/// What the process does whose descriptors run out.
#[test]
#[ignore = "part of the next one"]
fn a_program_that_has_no_more_descriptors() {
    within(|| {
        block_on(async {
            let (listener, address) = listener().await?;
            let mut accept = Box::pin(listener.accept());
            assert!(poll!(&mut accept).is_pending());
            let sockets = (0..3).map(|_| TcpSocket::new_v4()).collect::<io::Result<Vec<_>>>()?;
            setrlimit(
                Resource::Nofile,
                Rlimit { current: Some(64), ..getrlimit(Resource::Nofile) },
            )?;
            let mut files = Vec::new();
            while let Ok(file) = File::open("/dev/null") {
                files.push(file);
            }
            let mut clients = Vec::new();
            for socket in sockets {
                clients.push(socket.connect(address).await?);
            }
            // A loop that does not care: each call says so, and none follows the one before at once.
            let (start, mut errors) = (Instant::now(), 0);
            while errors < 20 {
                accept.await.expect_err("there is no descriptor for it");
                errors += 1;
                accept = Box::pin(listener.accept());
            }
            let took = start.elapsed();
            assert!(
                took >= Duration::from_millis(190),
                "20 errors in {took:?}: a core for nothing"
            );
            let mut servers = Vec::new();
            for client in &clients {
                for _ in 0..3 {
                    let full = accept.await.expect_err("there is no descriptor for it");
                    assert_eq!(full.raw_os_error(), Some(Errno::MFILE.raw_os_error()));
                    accept = Box::pin(listener.accept());
                }
                files.pop().expect("there are many");
                let (server, from) = accept.await?;
                assert_eq!(from, client.local_addr()?, "it waited, and is lost");
                servers.push(server);
                accept = Box::pin(listener.accept());
            }
            files.clear();
            assert!(poll!(&mut accept).is_pending(), "all are accepted");
            let client = TcpStream::connect(address).await?;
            assert_eq!(accept.await?.1, client.local_addr()?);
            Ok(())
        })
    });
}

#[test]
fn without_descriptors_each_call_says_so_until_there_is_one() {
    within(|| {
        let output = Command::new(std::env::current_exe()?)
            .args(["--exact", "--ignored", "--nocapture", "a_program_that_has_no_more_descriptors"])
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{output:?}");
        Ok(())
    });
}
