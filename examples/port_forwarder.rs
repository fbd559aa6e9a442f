//! A port forwarder: connections that come in go to another address, both ways.
//!
//! ```text
//!   client ──► accept ══╦══ copy ──► server        each direction ends on its own:
//!          ◄────────────╩══ copy ◄──               who has said all may still listen
//! ```
//!
//! The end of one direction is passed on as the end of one direction (half-close), else a client that says
//! all and then waits for the answer would never get it.
//!
//! `cargo run --example port_forwarder` forwards to a server of its own. With two addresses it forwards from
//! the first to the second until it is stopped:
//!
//! ```text
//! cargo run --example port_forwarder -- 127.0.0.1:7002 example.org:80
//! printf 'GET / HTTP/1.0\r\nHost: example.org\r\n\r\n' | nc 127.0.0.1 7002
//! ```
//!
//! It prints
//!
//! ```text
//! the client says 500000 bytes, and ends
//! the server answers behind the end: 500000 bytes, sum 63746416
//! forwarded: 500000 bytes there, 39 back
//! ```

#![forbid(unsafe_code)]

use std::env;
use std::io;

use futures::future::try_join;
use futures::io::{AsyncRead, AsyncWrite, copy};
use futures::{AsyncReadExt, AsyncWriteExt};
use rt::net::{TcpListener, TcpStream, ToSocketAddrs};
use rt::time::{Duration, sleep};

/// Copies to the end, and passes the end on. How many bytes that were.
async fn pump<R, W>(from: R, mut to: W) -> io::Result<u64>
where
    R: AsyncRead,
    W: AsyncWrite + Unpin,
{
    let copied = copy(from, &mut to).await?;
    to.close().await?;
    Ok(copied)
}

/// One connection, until both directions have ended. How many bytes went there and back.
async fn forward(client: TcpStream, to: impl ToSocketAddrs) -> io::Result<(u64, u64)> {
    let server = TcpStream::connect(to).await?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    try_join(pump(from_client, to_server), pump(from_server, to_client)).await
}

/// For the demonstration: reads to the end, and answers then.
async fn sum_up(listener: TcpListener) -> io::Result<()> {
    let (mut stream, _peer) = listener.accept().await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    let sum: u64 = bytes.iter().copied().map(u64::from).sum();
    let answer = format!("{} bytes, sum {sum}", bytes.len());
    stream.write_all(format!("{answer:<39}").as_bytes()).await
}

#[rt::main]
async fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    if let (Some(from), Some(to)) = (arguments.next(), arguments.next()) {
        let listener = TcpListener::bind(from).await?;
        println!("forwarding {} to {to}", listener.local_addr()?);
        loop {
            let Ok((client, peer)) = listener.accept().await else {
                sleep(Duration::from_millis(10)).await;
                continue;
            };
            let to = to.clone();
            rt::spawn(async move {
                match forward(client, to).await {
                    Ok((there, back)) => println!("{peer}: {there} bytes there, {back} back"),
                    Err(error) => println!("{peer}: {error}"),
                }
            });
        }
    }
    let server = TcpListener::bind("127.0.0.1:0").await?;
    let to = server.local_addr()?;
    let _server = rt::spawn(sum_up(server));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let from = listener.local_addr()?;
    let forwarding = rt::spawn(async move { forward(listener.accept().await?.0, to).await });

    let mut client = TcpStream::connect(from).await?;
    let message: Vec<u8> = (0..500_000_u32).map(|number| (number % 256) as u8).collect();
    client.write_all(&message).await?;
    client.close().await?; // the direction there; the answer is still to come
    println!("the client says {} bytes, and ends", message.len());
    let mut answer = String::new();
    client.read_to_string(&mut answer).await?;
    println!("the server answers behind the end: {}", answer.trim_end());
    let (there, back) = forwarding.await??;
    println!("forwarded: {there} bytes there, {back} back");
    Ok(())
}
