//! tokio with everything enabled, as `#[tokio::main]` has it.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::task::JoinHandle;

use super::in_time::InTime;
use super::joined::Joined;
use crate::runtime::{Flavor, LOOPBACK, Runtime};

/// `tokio`, `new_current_thread` or `new_multi_thread`.
pub(crate) struct Tokio;

impl Runtime for Tokio {
    type JoinHandle<T: Send + 'static> = Joined<JoinHandle<T>>;

    fn block_on<F: Future>(flavor: Flavor, future: F) -> F::Output {
        let mut builder = match flavor {
            Flavor::CurrentThread => Builder::new_current_thread(),
            Flavor::Workers(_) => Builder::new_multi_thread(),
        };
        let builder = builder.worker_threads(flavor.threads()).enable_all();
        builder.build().expect("tokio starts").block_on(future)
    }

    fn spawn<F>(future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Joined(tokio::spawn(future))
    }

    fn spawn_detached(future: impl Future<Output = ()> + Send + 'static) {
        drop(tokio::spawn(future));
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        tokio::task::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future + Send {
        tokio::time::sleep(duration)
    }

    fn timeout<F: Future + Send>(
        duration: Duration,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + Send
    where
        F::Output: Send,
    {
        InTime::new(tokio::time::timeout(duration, future))
    }

    type Listener = TcpListener;
    type Stream = TcpStream;

    async fn bind() -> Self::Listener {
        TcpListener::bind(LOOPBACK).await.expect("loopback takes listeners")
    }

    fn address(listener: &Self::Listener) -> SocketAddr {
        listener.local_addr().expect("it listens")
    }

    async fn accept(listener: &Self::Listener) -> Self::Stream {
        listener.accept().await.expect("a connection comes in").0
    }

    async fn connect(address: SocketAddr) -> Self::Stream {
        TcpStream::connect(address).await.expect("loopback connects")
    }

    async fn read(stream: &mut Self::Stream, buf: &mut [u8]) -> usize {
        stream.read(buf).await.expect("a connection reads")
    }

    async fn write_all(stream: &mut Self::Stream, buf: &[u8]) {
        stream.write_all(buf).await.expect("a connection writes");
    }
}
