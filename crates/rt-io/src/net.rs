//! Sockets: TCP, UDP and those of Unix. Names and behaviour are tokio's.
//!
//! They may be made, used and dropped on any thread, in a runtime or in none; a socket waits with the reactor of the
//! thread on which it blocked first. Calls that take `&self` may wait in any number of tasks at once; of those who
//! poll one direction of a stream (`poll_*`, `read`, `write`), the last one is woken.

#[macro_use]
mod macros;

mod addr;

mod patience;

mod stream;

mod tcp_stream;

mod tcp_listener;

mod tcp_socket;

mod udp_socket;

mod unix_stream;

#[cfg(target_os = "linux")]
mod ucred;

mod unix_listener;

mod unix_datagram;

mod unix_pipe;

pub use addr::{ToSocketAddrs, lookup_host};
pub use tcp_listener::TcpListener;
pub use tcp_socket::TcpSocket;
pub use tcp_stream::TcpStream;
pub use udp_socket::UdpSocket;
pub use unix_datagram::UnixDatagram;
pub use unix_listener::UnixListener;
pub use unix_stream::UnixStream;

/// The halves of a [`TcpStream`].
pub mod tcp {
    pub use super::tcp_stream::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
}

/// The halves of a [`UnixStream`], addresses, and pipes.
pub mod unix {
    pub use std::os::unix::net::SocketAddr;

    /// Pipes: bytes go one way, within this machine.
    pub mod pipe {
        pub use crate::net::unix_pipe::{Receiver, Sender, pipe};
    }

    #[cfg(target_os = "linux")]
    pub use super::ucred::UCred;
    pub use super::unix_stream::{
        OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf,
    };
}
