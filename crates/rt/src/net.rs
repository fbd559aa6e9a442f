//! Sockets: tokio's names, and std's errors.
//!
//! They may be made, used and dropped on any thread. One that would block waits with the runtime on whose
//! thread it does so for the first time; outside of every runtime, with a thread in the background. See
//! [`rt_io::net`](crate::parts::io::net).
//!
//! ```
//! use futures::{AsyncReadExt, AsyncWriteExt};
//! use rt::net::{TcpListener, TcpStream};
//!
//! rt::block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     let server = rt::spawn(async move {
//!         let (mut stream, _address) = listener.accept().await?;
//!         let mut buf = [0; 5];
//!         stream.read_exact(&mut buf).await?;
//!         stream.write_all(&buf).await
//!     });
//!     let mut client = TcpStream::connect(address).await?;
//!     client.write_all(b"hello").await?;
//!     let mut echo = String::new();
//!     client.read_to_string(&mut echo).await?;
//!     assert_eq!(echo, "hello");
//!     server.await?
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```

pub use rt_io::net::{
    TcpListener, TcpSocket, TcpStream, ToSocketAddrs, UdpSocket, UnixDatagram, UnixListener,
    UnixStream, lookup_host, tcp, unix,
};
