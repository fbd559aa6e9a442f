//! What tokio's traits and hyper's have in common on our streams: which have them, and writing, which is `futures_io`'s
//! by the same names.

/// Hands all that is read from to a macro.
macro_rules! readers {
    ($read:ident) => {
        $read! {
            $crate::net::TcpStream
            $crate::net::tcp::ReadHalf<'_>
            $crate::net::tcp::OwnedReadHalf
            $crate::net::UnixStream
            $crate::net::unix::ReadHalf<'_>
            $crate::net::unix::OwnedReadHalf
            $crate::net::unix::pipe::Receiver
        }
    };
}

/// Gives all that is written to a trait that writes.
macro_rules! writers {
    ($write:ident) => {
        $crate::foreign::writers! {
            $write:
            $crate::net::TcpStream
            $crate::net::tcp::WriteHalf<'_>
            $crate::net::tcp::OwnedWriteHalf
            $crate::net::UnixStream
            $crate::net::unix::WriteHalf<'_>
            $crate::net::unix::OwnedWriteHalf
            $crate::net::unix::pipe::Sender
        }
    };
    ($write:ident: $($type:ty)*) => {$(
        impl $write for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                futures_io::AsyncWrite::poll_write(self, cx, buf)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                futures_io::AsyncWrite::poll_write_vectored(self, cx, bufs)
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                futures_io::AsyncWrite::poll_flush(self, cx)
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                futures_io::AsyncWrite::poll_close(self, cx)
            }
        }
    )*};
}

pub(crate) use {readers, writers};
