//! Many connections at once, and many one after the other.

use std::error::Error;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::{AsyncReadExt, AsyncWriteExt};
use rt::net::{TcpListener, TcpStream};
use rt::runtime::Runtime;
use rt::task::JoinSet;
use rt::time::timeout;

use crate::figure::Figure;

/// Bytes of a message.
const MESSAGE: usize = 1024;
/// Messages on each connection.
const MESSAGES: usize = 100;
/// Connections that one client after the other makes.
const CLIENTS: usize = 8;
/// Nothing here takes so long.
const LIMIT: Duration = Duration::from_secs(600);

/// So many connections at once, each with a hundred messages there and back, which are compared.
pub(crate) fn at_once(connections: usize) -> Result<Vec<Figure>, Box<dyn Error>> {
    let before = descriptors()?;
    let runtime = Runtime::new()?;
    let start = Instant::now();
    let wrong = runtime.block_on(timeout(LIMIT, echo(connections)))??;
    let each = start.elapsed().as_nanos() as f64 / (connections * MESSAGES).max(1) as f64;
    drop(runtime);
    let what = format!("{connections} connections at once, a message of 1 KiB there and back");
    Ok(vec![
        Figure::shown(what, each, "ns"),
        Figure::shown("messages that were wrong or missing", wrong as f64, "").at_most(0.0),
        left(before)?,
    ])
}

/// So many connections one after the other: connect, accept, a byte, close.
pub(crate) fn in_turn(connections: usize) -> Result<Vec<Figure>, Box<dyn Error>> {
    let before = descriptors()?;
    let runtime = Runtime::new()?;
    let start = Instant::now();
    let wrong = runtime.block_on(timeout(LIMIT, come_and_go(connections)))??;
    let each = start.elapsed().as_nanos() as f64 / connections.max(1) as f64;
    drop(runtime);
    Ok(vec![
        Figure::shown(format!("{connections} connections in turn, each"), each, "ns"),
        Figure::shown("connections that failed", wrong as f64, "").at_most(0.0),
        left(before)?,
    ])
}

async fn echo(connections: usize) -> io::Result<usize> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = rt::spawn(async move {
        for _ in 0..connections {
            let (stream, _peer) = listener.accept().await?;
            rt::spawn(answer(stream));
        }
        io::Result::Ok(())
    });
    let mut clients = JoinSet::new();
    for number in 0..connections {
        clients.spawn(ask(address, number));
    }
    let mut wrong = 0;
    while let Some(client) = clients.join_next().await {
        wrong += client?.map_or(MESSAGES, |right| MESSAGES - right);
    }
    server.await??;
    Ok(wrong)
}

async fn answer(mut stream: TcpStream) -> io::Result<()> {
    let mut buf = [0; MESSAGE];
    loop {
        let len = stream.read(&mut buf).await?;
        if len == 0 {
            return Ok(());
        }
        stream.write_all(&buf[..len]).await?;
    }
}

/// How many messages came back as they were sent.
async fn ask(address: SocketAddr, client: usize) -> io::Result<usize> {
    let mut stream = TcpStream::connect(address).await?;
    let (mut message, mut answer) = ([0; MESSAGE], [0; MESSAGE]);
    let mut right = 0;
    for number in 0..MESSAGES {
        let bytes = (client * MESSAGES + number).to_le_bytes();
        message.chunks_mut(bytes.len()).for_each(|chunk| chunk.copy_from_slice(&bytes));
        stream.write_all(&message).await?;
        stream.read_exact(&mut answer).await?;
        right += usize::from(answer == message);
    }
    Ok(right)
}

async fn come_and_go(connections: usize) -> io::Result<usize> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = rt::spawn(async move {
        for _ in 0..connections {
            let (mut stream, _peer) = listener.accept().await?;
            rt::spawn(async move { stream.write_all(&[7]).await });
        }
        io::Result::Ok(())
    });
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let turns = connections / CLIENTS + usize::from(client < connections % CLIENTS);
        clients.spawn(async move {
            let mut failed = 0;
            for _ in 0..turns {
                failed += usize::from(!come(address).await.unwrap_or(false));
            }
            failed
        });
    }
    let mut failed = 0;
    while let Some(client) = clients.join_next().await {
        failed += client?;
    }
    server.await??;
    Ok(failed)
}

/// One connection: a byte, and the end.
async fn come(address: SocketAddr) -> io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    Ok(bytes == [7])
}

fn descriptors() -> io::Result<usize> {
    fs::read_dir("/proc/self/fd").map(Iterator::count)
}

fn left(before: usize) -> io::Result<Figure> {
    let left = descriptors()?.saturating_sub(before);
    Ok(Figure::shown("file descriptors that are left", left as f64, "").at_most(0.0))
}

#[cfg(test)]
mod tests {
    use super::{at_once, in_turn};

    #[test]
    fn all_messages_come_back_and_nothing_is_left() {
        for figures in [at_once(50).unwrap(), in_turn(100).unwrap()] {
            for figure in figures {
                assert!(figure.is_kept(), "{figure}");
            }
        }
    }
}
