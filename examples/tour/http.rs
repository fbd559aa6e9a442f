//! The table over HTTP: a server on loopback for a moment, and a client that fetches it.
//!
//! ```text
//!   fetch ── connect ──► accept ── serve
//!         ── GET / ────►
//!         ◄── 200, the table, end ──
//! ```

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use rt::net::{TcpListener, TcpStream};
use rt::task::Builder;
use rt::time::timeout;

/// Both ends are here: whatever takes longer has failed.
const LIMIT: Duration = Duration::from_secs(5);

/// What the client got.
pub(crate) struct Fetched {
    pub(crate) body: String,
    pub(crate) from: SocketAddr,
    pub(crate) took: Duration,
}

/// Serves a text to one client, which is here, too.
///
/// # Errors
///
/// If there is no loopback, or another one comes for the text.
pub(crate) async fn there_and_back(text: String) -> io::Result<Fetched> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let from = listener.local_addr()?;
    let start = Instant::now();
    let server = Builder::new().name("serve").spawn(serve(listener, text)).abort_on_drop();
    let client = Builder::new().name("fetch").spawn(fetch(from)).abort_on_drop();
    let body = timeout(LIMIT, client).await???;
    server.await??;
    Ok(Fetched { body, from, took: start.elapsed() })
}

/// One request, whatever it asks for, and the answer.
async fn serve(listener: TcpListener, text: String) -> io::Result<()> {
    let (stream, _peer) = listener.accept().await?;
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if read_some(&stream, &mut request).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        text.len()
    );
    write_all(&stream, head.as_bytes()).await?;
    write_all(&stream, text.as_bytes()).await
}

/// The body of the answer, which must be whole.
async fn fetch(from: SocketAddr) -> io::Result<String> {
    let stream = TcpStream::connect(from).await?;
    write_all(&stream, format!("GET / HTTP/1.1\r\nhost: {from}\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    while read_some(&stream, &mut answer).await? > 0 {}
    let answer = String::from_utf8(answer).map_err(io::Error::other)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let len: Option<usize> =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    match len {
        Some(len) if head.starts_with("HTTP/1.1 200") && body.len() == len => Ok(body.to_owned()),
        _ => Err(io::Error::other("the answer is not what was served")),
    }
}

/// Reads what is there, and waits for it if need be. None at the end. The traits of `futures` or tokio do
/// this for you; here are the calls below them.
async fn read_some(stream: &TcpStream, to: &mut Vec<u8>) -> io::Result<usize> {
    let mut buf = [0; 4096];
    loop {
        match stream.try_read(&mut buf) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.readable().await?,
            done => {
                let len = done?;
                to.extend_from_slice(&buf[..len]);
                return Ok(len);
            }
        }
    }
}

async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.try_write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
            done => bytes = &bytes[done?..],
        }
    }
    Ok(())
}
