//! The client of N1x: 64 connections in one thread that waits with `epoll`, by `mio` and no runtime.

use std::error::Error;
use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::workload::sockets::{CONNECTIONS, MESSAGE};

struct Connection {
    stream: TcpStream,
    /// Messages that are still to be sent.
    left: u64,
    /// Bytes of the answer that are still to come.
    missing: usize,
}

/// For each number that is read from standard input sends so many messages on each connection, waits for each
/// answer, and prints a line.
pub(crate) fn run(port: &str) -> Result<(), Box<dyn Error>> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse()?));
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(256));
    let mut connections = Vec::new();
    for index in 0..CONNECTIONS as usize {
        // Connected before it becomes non-blocking: its accept is on its way.
        let stream = std::net::TcpStream::connect(address)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        poll.registry().register(&mut stream, Token(index), Interest::READABLE)?;
        connections.push(Connection { stream, left: 0, missing: 0 });
    }
    for line in io::stdin().lock().lines() {
        let messages: u64 = line?.parse()?;
        let mut busy = 0;
        for connection in &mut connections {
            connection.left = messages;
            busy += usize::from(connection.send()?);
        }
        while busy > 0 {
            poll.poll(&mut events, None)?;
            for event in &events {
                if connections[event.token().0].answer()? {
                    busy -= 1;
                }
            }
        }
        println!("done");
    }
    Ok(())
}

impl Connection {
    /// Sends the next message. Whether there was one.
    fn send(&mut self) -> io::Result<bool> {
        if self.left == 0 {
            return Ok(false);
        }
        self.left -= 1;
        self.missing = MESSAGE;
        // There is room: the answer to the one before has come.
        self.stream.write_all(&[7; MESSAGE])?;
        Ok(true)
    }

    /// Reads what is there. Whether that was the last answer.
    fn answer(&mut self) -> io::Result<bool> {
        let mut buf = [0; MESSAGE];
        while self.missing > 0 {
            match self.stream.read(&mut buf[..self.missing]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(len) => self.missing -= len,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
            if self.missing == 0 && !self.send()? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
