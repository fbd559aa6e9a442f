//! Sockets: tokio's names, and std's errors.
//!
//! They may be made, used and dropped on any thread. One that would block waits with the runtime on whose
//! thread it does so for the first time, and stays with it; outside of every runtime, with a thread in the
//! background. A current-thread runtime looks after its sockets only while somebody is in a `block_on` of it.
//! See [`rt_io::net`](crate::parts::io::net).
//!
//! What reads and writes are the traits of the crate `futures`, which your program adds, as below; or tokio's:
//! with the feature `io-util`, `use rt::io::{AsyncReadExt, AsyncWriteExt}`.
//!
//! Unlike tokio's, `poll_recv`, `poll_recv_from` and `poll_peek` take a `&mut [u8]`, and say how many bytes
//! there are. Not there yet: `try_read_buf`, `recv_buf` and their like, `try_peek`, `peek_sender`, quickack and
//! type of service, `pipe::OpenOptions`.
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
