//! Ping over UDP: each datagram has a number, and what is not answered in time is lost.
//!
//! `cargo run --example udp_ping` pings a server of its own that drops every third datagram. With an address it
//! answers there until it is stopped:
//!
//! ```text
//! cargo run --example udp_ping -- 127.0.0.1:7003
//! nc -u 127.0.0.1 7003       # in another terminal; each line comes back
//! ```
//!
//! It prints
//!
//! ```text
//! ping 1: answered
//! ping 2: answered
//! ping 3: lost
//! ping 4: answered
//! ping 5: answered
//! ping 6: lost
//! 4 of 6 answered
//! ```

#![forbid(unsafe_code)]

use std::env;
use std::io;

use rt::net::UdpSocket;
use rt::time::{Duration, timeout};

const PATIENCE: Duration = Duration::from_millis(100);

/// The longest datagram, less its headers.
const LONGEST: usize = 65_507;

/// Sends datagrams back to where they come from, but some are lost on the way.
async fn answer(socket: UdpSocket, is_lost: impl Fn(u32) -> bool) -> io::Result<()> {
    let mut buf = vec![0; LONGEST];
    for number in 1.. {
        let (len, from) = socket.recv_from(&mut buf).await?;
        if !is_lost(number) {
            socket.send_to(&buf[..len], from).await?;
        }
    }
    Ok(())
}

/// One ping. An answer that comes late, to an earlier one, is not this one's.
async fn ping(socket: &UdpSocket, number: u32) -> io::Result<bool> {
    socket.send(&number.to_be_bytes()).await?;
    let answer = async {
        let mut buf = [0; 4];
        loop {
            let len = socket.recv(&mut buf).await?;
            if len == 4 && u32::from_be_bytes(buf) == number {
                return io::Result::Ok(());
            }
        }
    };
    match timeout(PATIENCE, answer).await {
        Ok(answered) => answered.map(|()| true),
        Err(_elapsed) => Ok(false),
    }
}

#[rt::main]
async fn main() -> io::Result<()> {
    if let Some(address) = env::args().nth(1) {
        let socket = UdpSocket::bind(address).await?;
        println!("answering at {}", socket.local_addr()?);
        return answer(socket, |_| false).await;
    }
    let server = UdpSocket::bind("127.0.0.1:0").await?;
    let address = server.local_addr()?;
    let _server = rt::spawn(answer(server, |number| number % 3 == 0)).abort_on_drop();

    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.connect(address).await?;
    let mut answered = 0;
    for number in 1..=6 {
        let is_answered = ping(&socket, number).await?;
        println!("ping {number}: {}", if is_answered { "answered" } else { "lost" });
        answered += u32::from(is_answered);
    }
    println!("{answered} of 6 answered");
    Ok(())
}
