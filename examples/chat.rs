//! A chat: what one says, all others read.
//!
//! ```text
//!   alice ── lines ──► her task ──► the room ──┬─► queue of bob ────► bob
//!                                              └─► queue of carol ──► carol
//! ```
//!
//! Each guest has a queue with little room. Who does not read does not hold up the others: when his queue
//! is full, he is told no more.
//!
//! `cargo run --example chat` lets three guests talk, and prints what each reads. With an address it serves
//! there until it is stopped:
//!
//! ```text
//! cargo run --example chat -- 127.0.0.1:7001
//! nc 127.0.0.1 7001          # in two other terminals; the first line is your name
//! ```
//!
//! It prints
//!
//! ```text
//! alice reads: * bob is here | * carol is here | bob: hello | * bob left | * carol left
//! bob   reads: * carol is here
//! carol reads: bob: hello | * bob left
//! ```
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::env;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use async_channel::{Receiver, Sender, bounded};
use futures::io::{BufReader, Lines};
use futures::{AsyncBufReadExt, AsyncWriteExt, StreamExt};
use rt::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use rt::net::{TcpListener, TcpStream};
use rt::time::{Duration, sleep};

/// Lines that a guest may be behind.
const ROOM: usize = 100;

/// Who is here, and where to put what they shall read.
#[derive(Clone, Default)]
struct Room {
    guests: Arc<Mutex<HashMap<String, Sender<Arc<str>>>>>,
}

impl Room {
    /// Says it to all but one. Whoever is too far behind is told no more: his queue goes.
    fn say(&self, line: &str, by: &str) {
        let line: Arc<str> = format!("{line}\n").into();
        let mut guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        guests.retain(|name, queue| name == by || queue.try_send(line.clone()).is_ok());
    }

    /// `None` if somebody of that name is here.
    fn enter(&self, name: &str) -> Option<Receiver<Arc<str>>> {
        let (queue, lines) = bounded(ROOM);
        let mut guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        if guests.contains_key(name) {
            return None;
        }
        guests.insert(name.to_owned(), queue);
        Some(lines)
    }

    fn leave(&self, name: &str) {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        self.say(&format!("* {name} left"), name);
    }
}

async fn serve(listener: TcpListener) {
    let room = Room::default();
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => drop(rt::spawn(attend(stream, room.clone()))),
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

/// One guest, from the name to the end.
async fn attend(stream: TcpStream, room: Room) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let Some(name) = lines.next().await.transpose()? else { return Ok(()) };
    let Some(queue) = room.enter(&name) else { return writer.write_all(b"* taken\n").await };
    room.say(&format!("* {name} is here"), &name);
    writer.write_all(b"* welcome\n").await?;
    let reads = rt::spawn(deliver(queue, writer));
    while let Some(Ok(line)) = lines.next().await {
        room.say(&format!("{name}: {line}"), &name);
    }
    room.leave(&name); // with his queue `deliver` ends
    reads.await?
}

async fn deliver(queue: Receiver<Arc<str>>, mut writer: OwnedWriteHalf) -> io::Result<()> {
    while let Ok(line) = queue.recv().await {
        writer.write_all(line.as_bytes()).await?;
    }
    writer.close().await
}

/// A guest of the demonstration, who is in when this returns.
async fn join(
    address: SocketAddr,
    name: &str,
) -> io::Result<(Lines<BufReader<OwnedReadHalf>>, OwnedWriteHalf)> {
    let (reader, mut writer) = TcpStream::connect(address).await?.into_split();
    writer.write_all(format!("{name}\n").as_bytes()).await?;
    let mut lines = BufReader::new(reader).lines();
    assert_eq!(lines.next().await.transpose()?.as_deref(), Some("* welcome"));
    Ok((lines, writer))
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
    let _server = rt::spawn(serve(listener)).abort_on_drop();

    let (mut alice, _alice_says) = join(address, "alice").await?;
    let (bob, mut bob_says) = join(address, "bob").await?;
    let (mut carol, carol_says) = join(address, "carol").await?;
    bob_says.write_all(b"hello\n").await?;
    drop(bob_says); // he goes, and reads what was said before
    let mut read = Vec::new();
    for line in ["* bob is here", "* carol is here", "bob: hello", "* bob left"] {
        read.push(alice.next().await.transpose()?.unwrap_or_default());
        assert_eq!(read.last().map(String::as_str), Some(line));
    }
    let heard = [carol.next().await.transpose()?, carol.next().await.transpose()?];
    drop(carol_says);
    read.push(alice.next().await.transpose()?.unwrap_or_default());
    println!("alice reads: {}", read.join(" | "));
    let bob: Vec<_> = bob.map(Result::unwrap_or_default).collect().await;
    println!("bob   reads: {}", bob.join(" | "));
    println!("carol reads: {}", heard.map(Option::unwrap_or_default).join(" | "));
    Ok(())
}
