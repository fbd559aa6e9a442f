//! TCP: connections that take their time, and what only TCP has.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures::future::join;
use futures::{AsyncReadExt, AsyncWriteExt, FutureExt};
use rt_executor::block_on;
use rt_io::net::{TcpListener, TcpSocket, TcpStream};
use socket2::SockRef;

#[track_caller]
fn within(body: impl FnOnce() -> io::Result<()> + Send + 'static) {
    rt_testkit::within(Duration::from_secs(60), body).expect("no call fails here");
}

async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    Ok((client, listener.accept().await?.0))
}

/// A listener that takes no connection in any more until one is accepted, and who stands in its queue.
async fn full_listener() -> io::Result<(TcpListener, Vec<TcpStream>)> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let listener = socket.listen(0)?;
    let address = listener.local_addr()?;
    let mut queue = Vec::new();
    loop {
        match TcpStream::connect(address).now_or_never() {
            Some(connected) => queue.push(connected?),
            None => return Ok((listener, queue)),
        }
    }
}

#[test]
fn a_connection_that_took_its_time_can_be_written_to_at_once() {
    within(|| {
        block_on(async {
            let (listener, queue) = full_listener().await?;
            let address = listener.local_addr()?;
            // The first attempt of the system is lost; it makes another one after a second.
            let connect = async {
                let mut client = TcpStream::connect(address).await?;
                client.write_all(b"at once").await?;
                client.close().await
            };
            let serve = async {
                for known in &queue {
                    assert_eq!(listener.accept().await?.1, known.local_addr()?);
                }
                loop {
                    // The attempts that were given up in `full_listener` may come up, too.
                    let (mut server, _) = listener.accept().await?;
                    let mut text = String::new();
                    if server.read_to_string(&mut text).await.is_ok() && text == "at once" {
                        return Ok::<(), io::Error>(());
                    }
                }
            };
            let (connected, served) = join(connect, serve).await;
            connected.and(served)
        })
    });
}

#[test]
fn urgent_data_does_not_hold_up_what_comes_behind_it() {
    within(|| {
        block_on(async {
            let (client, mut server) = pair().await?;
            server.writable().await?;
            let raw = SockRef::from(&client);
            let mut buf = [0; 64];
            for round in 0..100 {
                raw.send(b"before")?;
                raw.send_out_of_band(b"!")?;
                raw.send(b"behind")?;
                let mut text = Vec::new();
                while text.len() < 12 {
                    // A read stops at the mark: that it is short does not say that it was all.
                    let count = server.read(&mut buf).await?;
                    text.extend_from_slice(&buf[..count]);
                }
                assert_eq!(text, b"beforebehind", "round {round}");
            }
            Ok(())
        })
    });
}
