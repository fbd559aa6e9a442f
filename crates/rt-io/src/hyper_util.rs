//! What hyper-util's client asks of a connection, on our streams.

use ::hyper_util::client::legacy::connect::{Connected, Connection};

use crate::net::{TcpStream, UnixStream};

impl Connection for TcpStream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Connection for UnixStream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}
