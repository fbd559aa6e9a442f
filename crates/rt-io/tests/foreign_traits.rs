//! The traits of tokio and of hyper on the streams: into memory that nobody wrote to.

#![cfg(all(feature = "hyper", feature = "tokio"))]

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::time::Duration;

use futures::future::join;
use rt_executor::block_on;
use rt_io::net::unix::pipe::pipe;
use rt_io::net::{TcpListener, TcpStream, UnixStream};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(60), body);
}

async fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, server) = join(TcpStream::connect(address), listener.accept()).await;
    (client.unwrap(), server.unwrap().0)
}

/// Reads once by tokio's trait, into `room` bytes behind what is there already.
async fn tokio_read<R: tokio::io::AsyncRead + Unpin>(
    stream: &mut R,
    had: &[u8],
    room: usize,
) -> io::Result<Vec<u8>> {
    let mut memory = vec![MaybeUninit::uninit(); had.len() + room];
    let mut buf = tokio::io::ReadBuf::uninit(&mut memory);
    buf.put_slice(had);
    poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, &mut buf)).await?;
    assert_eq!(buf.initialized().len(), buf.filled().len(), "called initialized, and nobody wrote");
    Ok(buf.filled().to_vec())
}

/// The same by hyper's.
async fn hyper_read<R: hyper::rt::Read + Unpin>(
    stream: &mut R,
    had: &[u8],
    room: usize,
) -> io::Result<Vec<u8>> {
    let mut memory = vec![MaybeUninit::uninit(); had.len() + room];
    let mut buf = hyper::rt::ReadBuf::uninit(&mut memory);
    buf.unfilled().put_slice(had);
    poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, buf.unfilled())).await?;
    Ok(buf.filled().to_vec())
}

async fn tokio_write<W: tokio::io::AsyncWrite + Unpin>(stream: &mut W, bytes: &[u8]) {
    let bufs = [IoSlice::new(&bytes[..1]), IoSlice::new(&bytes[1..])];
    assert!(stream.is_write_vectored());
    let write = poll_fn(|cx| Pin::new(&mut *stream).poll_write_vectored(cx, &bufs));
    assert_eq!(write.await.unwrap(), bytes.len());
    poll_fn(|cx| Pin::new(&mut *stream).poll_flush(cx)).await.unwrap();
}

async fn hyper_write<W: hyper::rt::Write + Unpin>(stream: &mut W, bytes: &[u8]) {
    let bufs = [IoSlice::new(&bytes[..1]), IoSlice::new(&bytes[1..])];
    assert!(stream.is_write_vectored());
    let write = poll_fn(|cx| Pin::new(&mut *stream).poll_write_vectored(cx, &bufs));
    assert_eq!(write.await.unwrap(), bytes.len());
    poll_fn(|cx| Pin::new(&mut *stream).poll_flush(cx)).await.unwrap();
}

/// Both traits, over one pair: what fits, what does not, what is waited for, the end.
macro_rules! reads_and_writes {
    ($reader:expr, $writer:expr) => {{
        let (mut reader, mut writer) = ($reader, $writer);
        tokio_write(&mut writer, b"abcdef").await;
        assert_eq!(tokio_read(&mut reader, b"had ", 3).await.unwrap(), b"had abc");
        assert_eq!(hyper_read(&mut reader, b"had ", 30).await.unwrap(), b"had def");
        let (read, ()) =
            join(hyper_read(&mut reader, b"", 8), hyper_write(&mut writer, b"gh")).await;
        assert_eq!(read.unwrap(), b"gh");
        let (read, ()) =
            join(tokio_read(&mut reader, b"", 8), tokio_write(&mut writer, b"ij")).await;
        assert_eq!(read.unwrap(), b"ij");
        poll_fn(|cx| tokio::io::AsyncWrite::poll_shutdown(Pin::new(&mut writer), cx))
            .await
            .unwrap();
        assert_eq!(tokio_read(&mut reader, b"", 8).await.unwrap(), b"", "the end");
        assert_eq!(hyper_read(&mut reader, b"had", 8).await.unwrap(), b"had", "the end");
    }};
}

#[test]
fn streams_of_tcp_and_their_halves_read_and_write() {
    within(|| {
        block_on(async {
            let (a, b) = tcp().await;
            reads_and_writes!(a, b);
            let (a, b) = tcp().await;
            let ((reader, _keeps), (_other, writer)) = (a.into_split(), b.into_split());
            reads_and_writes!(reader, writer);
            let (mut a, mut b) = tcp().await;
            reads_and_writes!(a.split().0, b.split().1);
        });
    });
}

#[test]
fn streams_of_unix_and_their_halves_read_and_write() {
    within(|| {
        block_on(async {
            let (a, b) = UnixStream::pair().unwrap();
            reads_and_writes!(a, b);
            let (a, b) = UnixStream::pair().unwrap();
            let ((reader, _keeps), (_other, writer)) = (a.into_split(), b.into_split());
            reads_and_writes!(reader, writer);
        });
    });
}

#[test]
fn a_pipe_reads_and_writes() {
    within(|| {
        block_on(async {
            let (mut writer, mut reader) = pipe().unwrap();
            tokio_write(&mut writer, b"abc").await;
            assert_eq!(hyper_read(&mut reader, b"had ", 8).await.unwrap(), b"had abc");
            hyper_write(&mut writer, b"abc").await;
            assert_eq!(tokio_read(&mut reader, b"had ", 2).await.unwrap(), b"had ab");
            assert_eq!(tokio_read(&mut reader, b"", 2).await.unwrap(), b"c");
            drop(writer);
            assert_eq!(tokio_read(&mut reader, b"", 2).await.unwrap(), b"");
        });
    });
}

#[test]
fn an_error_leaves_the_buffer_as_it_was() {
    within(|| {
        block_on(async {
            let (mut reader, peer) = tcp().await;
            peer.set_linger(Some(Duration::ZERO)).unwrap();
            drop(peer); // a reset
            let mut memory = [MaybeUninit::uninit(); 8];
            let mut buf = tokio::io::ReadBuf::uninit(&mut memory);
            buf.put_slice(b"had");
            let read =
                poll_fn(|cx| tokio::io::AsyncRead::poll_read(Pin::new(&mut reader), cx, &mut buf));
            assert_eq!(read.await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
            assert_eq!(buf.filled(), b"had");
        });
    });
}
