//! A server that sends back what comes in, a task a connection.
//!
//! `cargo run --example echo_server` starts it, sends something over three connections at once, and prints what
//! came back. With an address it serves there until it is stopped:
//!
//! ```text
//! cargo run --example echo_server -- 127.0.0.1:7000
//! nc 127.0.0.1 7000          # in another terminal; each line comes back, Ctrl-D ends
//! ```
//!
//! It prints
//!
//! ```text
//! client 1: 100000 bytes there and back
//! client 2: 200000 bytes there and back
//! client 3: 300000 bytes there and back
//! 3 connections, 600000 bytes
//! ```

#![forbid(unsafe_code)]

use std::env;
use std::io;
use std::net::SocketAddr;

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use rt::net::{TcpListener, TcpStream};
use rt::task::JoinHandle;
use rt::time::{Duration, sleep};

/// Takes connections in for ever. An error is that of one connection, or of a moment in which too many
/// files are open: the next one may do better, but not at once.
async fn serve(listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => drop(rt::spawn(echo(stream))),
            Err(error) => {
                eprintln!("no connection: {error}");
                sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

/// Sends back what comes, until the client ends its direction.
async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buf = vec![0; 16 * 1024];
    loop {
        let len = stream.read(&mut buf).await?;
        if len == 0 {
            return stream.close().await;
        }
        stream.write_all(&buf[..len]).await?;
    }
}

/// Writes and reads at the same time: a client that first writes all would wait for a server that waits
/// for its reader.
async fn ask(address: SocketAddr, number: u8) -> io::Result<usize> {
    let message = vec![number; usize::from(number) * 100_000];
    let (mut reader, mut writer) = TcpStream::connect(address).await?.into_split();
    let sent = message.clone();
    let writing: JoinHandle<io::Result<()>> = rt::spawn(async move {
        writer.write_all(&sent).await?;
        writer.close().await
    });
    let mut answer = Vec::new();
    reader.read_to_end(&mut answer).await?;
    writing.await??;
    assert_eq!(answer, message, "what comes back is what was sent");
    Ok(answer.len())
}

#[rt::main]
async fn main() -> io::Result<()> {
    if let Some(address) = env::args().nth(1) {
        let listener = TcpListener::bind(address).await?;
        println!("listening on {}", listener.local_addr()?);
        serve(listener).await;
        return Ok(());
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = rt::spawn(serve(listener)).abort_on_drop();

    let clients = futures::stream::iter(1..=3).map(|number| rt::spawn(ask(address, number)));
    let lengths: Vec<_> = clients.buffered(3).collect().await;
    let mut sum = 0;
    for (number, len) in (1..).zip(lengths) {
        let len = len??;
        println!("client {number}: {len} bytes there and back");
        sum += len;
    }
    println!("3 connections, {sum} bytes");
    drop(server);
    Ok(())
}
