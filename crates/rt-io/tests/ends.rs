//! How a stream ends: one direction or both, in peace or reset, and what was sent before.

#[path = "net/pair.rs"]
mod pair;

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::time::Duration;

use futures::future::join;
use futures::{AsyncReadExt, AsyncWriteExt, poll};
use rt_executor::block_on;
use rt_io::net::{TcpStream, UnixStream};
use socket2::SockRef;

use crate::pair::{Stream, bytes, within};

/// Reads until the end, or an error.
async fn read_all(from: &mut impl Stream, room: usize) -> io::Result<Vec<u8>> {
    let (mut all, mut buf) = (Vec::new(), vec![0; room]);
    loop {
        match from.read(&mut buf).await? {
            0 => return Ok(all),
            count => all.extend_from_slice(&buf[..count]),
        }
    }
}

/// The last bytes, and the end right behind them: before the first read, or while one waits.
async fn last_bytes<S: Stream>() -> io::Result<()> {
    for len in [1, 2, 63, 64, 65, 128, 5_000, 65_536] {
        for room in [len - 1, len, len + 1].into_iter().filter(|&room| room > 0) {
            for is_known in [false, true] {
                for is_waiting in [false, true] {
                    let (mut one, mut two) =
                        if is_known { S::known_pair().await? } else { S::pair().await? };
                    let sent = bytes(len, room);
                    let received = {
                        let mut reads = Box::pin(read_all(&mut two, room));
                        if is_waiting {
                            assert!(poll!(&mut reads).is_pending(), "the end before it was made");
                        }
                        one.write_all(&sent).await?;
                        drop(one);
                        reads.await?
                    };
                    let how = format!("{len} bytes, read by {room}, {is_known} {is_waiting}");
                    assert_eq!(received.len(), sent.len(), "lost before the end: {how}");
                    assert!(received == sent, "{how}");
                    for _ in 0..3 {
                        assert_eq!(two.read(&mut [0]).await?, 0, "an end is for ever: {how}");
                    }
                }
            }
        }
    }
    Ok(())
}

#[test]
fn what_was_sent_before_the_end_arrives_and_then_the_end() {
    within(|| block_on(last_bytes::<TcpStream>()));
    within(|| block_on(last_bytes::<UnixStream>()));
}

async fn half_closed<S: Stream>() -> io::Result<()> {
    for is_first in [true, false] {
        let (mut one, mut two) = S::known_pair().await?;
        // Whoever ends first goes on reading, and the other one goes on writing.
        let (first, second) = if is_first { (&mut one, &mut two) } else { (&mut two, &mut one) };
        first.write_all(b"last words").await?;
        first.close().await?;
        assert_eq!(read_all(second, 4).await?, b"last words");
        let error = first.write(b"more").await.expect_err("bytes behind the end");
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        for round in 0..100 {
            let sent = bytes(1 + round * 7, round);
            let mut received = vec![0; sent.len()];
            let (written, read) =
                join(second.write_all(&sent), first.read_exact(&mut received)).await;
            written.and(read)?;
            assert!(received == sent, "the other direction ended, too");
        }
        second.close().await?;
        assert_eq!(read_all(first, 4).await?, b"");
        first.close().await?; // an end that was made already is none to complain about
        second.close().await?;
    }
    Ok(())
}

#[test]
fn one_direction_ends_and_the_other_goes_on() {
    within(|| block_on(half_closed::<TcpStream>()));
    within(|| block_on(half_closed::<UnixStream>()));
}

async fn gone_before_the_first_read<S: Stream>() -> io::Result<()> {
    for len in [0, 1, 5_000] {
        let (mut one, mut two) = S::pair().await?;
        let sent = bytes(len, 3);
        one.write_all(&sent).await?;
        drop(one);
        two.known().await?; // also what comes before it waits for the first time
        assert!(read_all(&mut two, 64).await? == sent, "what a peer left behind is lost");
        let error = loop {
            // TCP learns by an answer that nobody is there.
            match two.write(b"anybody there?").await {
                Ok(_) => assert!(two.read(&mut [0]).await.is_ok_and(|count| count == 0)),
                Err(error) => break error,
            }
        };
        assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset));
    }
    Ok(())
}

#[test]
fn a_peer_that_is_gone_leaves_its_last_words_and_takes_none() {
    within(|| block_on(gone_before_the_first_read::<TcpStream>()));
    within(|| block_on(gone_before_the_first_read::<UnixStream>()));
}

/// Drops a stream so that its peer is told of a reset.
fn reset(stream: TcpStream) -> io::Result<()> {
    stream.set_linger(Some(Duration::ZERO))
}

#[test]
fn a_reset_ends_a_read_that_waits_and_one_that_comes_later() {
    within(|| {
        block_on(async {
            for is_waiting in [true, false] {
                let (client, mut server) = TcpStream::known_pair().await?;
                let mut buf = [0; 8];
                let mut read = server.read(&mut buf);
                if is_waiting {
                    assert!(poll!(&mut read).is_pending());
                }
                reset(client)?;
                let error = read.await.expect_err("a reset looks like an end in peace");
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                assert_eq!(server.read(&mut buf).await?, 0, "an error is told once");
                let error = server.write(b"x").await.expect_err("nobody is there");
                assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            }
            Ok(())
        })
    });
}

#[test]
fn bytes_before_a_reset_do_not_hide_it() {
    within(|| {
        block_on(async {
            let (mut client, mut server) = TcpStream::known_pair().await?;
            client.write_all(b"abc").await?;
            server.readable().await?;
            reset(client)?;
            let mut buf = [0; 64];
            let error = loop {
                // The system may drop the bytes, or give them first.
                match server.read(&mut buf).await {
                    Ok(0) => panic!("a reset looks like an end in peace"),
                    Ok(count) => assert_eq!(&buf[..count], b"abc"),
                    Err(error) => break error,
                }
            };
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            Ok(())
        })
    });
}

/// Writes until there is no more room.
async fn fill(stream: &mut impl Stream) -> io::Result<()> {
    let much = vec![0; 1 << 20];
    loop {
        match poll!(stream.write(&much)) {
            std::task::Poll::Pending => return Ok(()),
            std::task::Poll::Ready(written) => assert!(written? > 0),
        }
    }
}

#[test]
fn a_reset_ends_a_write_that_waits() {
    within(|| {
        block_on(async {
            let (mut client, server) = TcpStream::known_pair().await?;
            fill(&mut client).await?;
            let mut write = client.write(b"more");
            assert!(poll!(&mut write).is_pending(), "there was no more room");
            reset(server)?;
            let error = write.await.expect_err("written to nobody");
            assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe));
            Ok(())
        })
    });
}

async fn gone_while_it_writes<S: Stream>() -> io::Result<()> {
    let (mut one, two) = S::known_pair().await?;
    fill(&mut one).await?;
    let mut write = one.write(b"more");
    assert!(poll!(&mut write).is_pending(), "there was no more room");
    drop(two); // with bytes that it has not read
    let error = write.await.expect_err("written to nobody");
    assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe));
    Ok(())
}

#[test]
fn a_peer_that_goes_ends_a_write_that_waits() {
    within(|| block_on(gone_while_it_writes::<TcpStream>()));
    within(|| block_on(gone_while_it_writes::<UnixStream>()));
}

async fn shut_by_itself<S: Stream + std::os::fd::AsFd>() -> io::Result<()> {
    let (mut one, _two) = S::known_pair().await?;
    let own = one.as_fd().try_clone_to_owned()?;
    let mut buf = [0; 8];
    let mut read = one.read(&mut buf);
    assert!(poll!(&mut read).is_pending());
    SockRef::from(&own).shutdown(Shutdown::Both)?;
    assert_eq!(read.await?, 0, "who shuts a socket down wakes who reads it");
    Ok(())
}

#[test]
fn a_read_that_waits_ends_when_its_own_side_is_shut_down() {
    within(|| block_on(shut_by_itself::<TcpStream>()));
    within(|| block_on(shut_by_itself::<UnixStream>()));
}
