//! Bytes arrive as they were sent, however they are cut: on TCP and on Unix sockets.

#[path = "net/pair.rs"]
mod pair;

use std::io::{self, IoSlice, IoSliceMut};

use futures::future::join;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use rt_executor::block_on;
use rt_io::net::{TcpStream, UnixStream};

use crate::pair::{Stream, bytes, within};

/// Sends all in pieces, and then the end.
async fn send(mut to: impl AsyncWrite + Unpin, all: &[u8], piece: usize) -> io::Result<()> {
    for piece in all.chunks(piece) {
        to.write_all(piece).await?;
    }
    to.close().await
}

/// Reads to the end with a buffer of `room` bytes.
async fn receive(mut from: impl AsyncRead + Unpin, room: usize) -> io::Result<Vec<u8>> {
    let (mut all, mut buf) = (Vec::new(), vec![0; room]);
    loop {
        match from.read(&mut buf).await? {
            0 => return Ok(all),
            count => all.extend_from_slice(&buf[..count]),
        }
    }
}

#[track_caller]
fn assert_same(received: &[u8], sent: &[u8], how: &str) {
    let differs = received.iter().zip(sent).position(|(one, other)| one != other);
    assert_eq!(differs, None, "{how}: the first wrong byte");
    assert_eq!(received.len(), sent.len(), "{how}: bytes got lost, or came twice");
}

async fn every_cut<S: Stream>() -> io::Result<()> {
    for piece in [1, 2, 7, 1_000, 65_536, 300_000] {
        for room in [1, 3, 1_000, 65_536, 300_000] {
            for is_known in [false, true] {
                let len = if piece.min(room) < 10 { 3_000 } else { 300_000 };
                let (one, two) = if is_known { S::known_pair().await? } else { S::pair().await? };
                let sent = bytes(len, piece + room);
                let (done, received) = join(send(one, &sent, piece), receive(two, room)).await;
                done?;
                assert_same(&received?, &sent, &format!("written by {piece}, read by {room}"));
            }
        }
    }
    Ok(())
}

#[test]
fn bytes_arrive_however_they_are_written_and_read() {
    within(|| block_on(every_cut::<TcpStream>()));
    within(|| block_on(every_cut::<UnixStream>()));
}

async fn by_three<S: Stream>() -> io::Result<()> {
    let (mut one, mut two) = S::known_pair().await?;
    let mut buf = [0; 3];
    for round in 0..5_000_usize {
        // Shorter than the buffer, as long, or longer.
        let sent = bytes(1 + round % 5, round);
        one.write_all(&sent).await?;
        let mut received = Vec::new();
        while received.len() < sent.len() {
            let count = two.read(&mut buf).await?;
            assert_ne!(count, 0, "an end that nobody made");
            received.extend_from_slice(&buf[..count]);
        }
        assert_eq!(received, sent, "round {round}");
    }
    Ok(())
}

#[test]
fn a_read_that_fills_its_buffer_exactly_is_followed_by_one_that_waits() {
    within(|| block_on(by_three::<TcpStream>()));
    within(|| block_on(by_three::<UnixStream>()));
}

async fn nothing<S: Stream>() -> io::Result<()> {
    let (mut one, mut two) = S::known_pair().await?;
    let mut buf = [0; 8];
    for _ in 0..3 {
        assert_eq!(one.write(b"").await?, 0, "more was written than there was");
        assert_eq!(one.write_vectored(&[IoSlice::new(b"")]).await?, 0);
    }
    one.write_all(b"abc").await?;
    assert_eq!(two.read(&mut []).await?, 0, "more was read than there was room for");
    assert_eq!(two.read_vectored(&mut []).await?, 0);
    assert_eq!(two.read(&mut buf).await?, 3, "a read of nothing took bytes away");
    assert_eq!(&buf[..3], b"abc");
    one.close().await?;
    assert_eq!(two.read(&mut buf).await?, 0, "the end got lost");
    Ok(())
}

#[test]
fn a_transfer_of_nothing_takes_nothing_and_is_not_the_end() {
    within(|| block_on(nothing::<TcpStream>()));
    within(|| block_on(nothing::<UnixStream>()));
}

/// Buffers of these lengths one after the other, again and again.
async fn vectored<S: Stream>(lens: &[usize], len: usize) -> io::Result<()> {
    let (mut one, mut two) = S::known_pair().await?;
    let sent = bytes(len, lens.len());
    let write = async {
        let mut left = &sent[..];
        while !left.is_empty() {
            let mut rest = left;
            let cut = lens.iter().map(|&len| {
                let (piece, behind) = rest.split_at(len.min(rest.len()));
                rest = behind;
                IoSlice::new(piece)
            });
            let count = one.write_vectored(&cut.collect::<Vec<_>>()).await?;
            assert!(count > 0, "bytes were there, and none was written");
            left = &left[count..];
        }
        one.close().await
    };
    let read = async {
        let mut all = Vec::new();
        let mut bufs: Vec<Vec<u8>> = lens.iter().map(|&len| vec![0; len]).collect();
        loop {
            let mut slices: Vec<_> = bufs.iter_mut().map(|buf| IoSliceMut::new(buf)).collect();
            let mut count = two.read_vectored(&mut slices).await?;
            if count == 0 {
                return Ok::<_, io::Error>(all);
            }
            for buf in &bufs {
                let filled = count.min(buf.len());
                all.extend_from_slice(&buf[..filled]);
                count -= filled;
            }
        }
    };
    let (written, received) = join(write, read).await;
    written?;
    assert_same(&received?, &sent, &format!("in buffers of {:?}", &lens[..lens.len().min(9)]));
    Ok(())
}

async fn vectored_all<S: Stream>() -> io::Result<()> {
    vectored::<S>(&[1], 1_000).await?;
    vectored::<S>(&[0, 1, 0, 2, 4_000, 0], 500_000).await?;
    vectored::<S>(&[65_536; 4], 3_000_000).await
}

#[test]
fn several_buffers_are_filled_and_emptied_in_their_order() {
    within(|| block_on(vectored_all::<TcpStream>()));
    within(|| block_on(vectored_all::<UnixStream>()));
}

#[test]
fn more_buffers_than_the_system_takes_at_once_are_no_sign_that_it_is_full() {
    // It takes 1,024. The rest of them is neither "no more room" nor "nothing more there".
    within(|| block_on(vectored::<TcpStream>(&[1; 1_500], 20_000)));
    within(|| block_on(vectored::<UnixStream>(&[1; 1_500], 20_000)));
}

async fn both_ways<S: Stream>() -> io::Result<()> {
    const LEN: usize = 8 << 20;
    let (one, two) = S::pair().await?;
    let ((one_in, one_out), (two_in, two_out)) = (one.split(), two.split());
    let (there, back) = (bytes(LEN, 1), bytes(LEN, 2));
    let writes = join(send(one_out, &there, LEN), send(two_out, &back, LEN));
    let reads = join(receive(two_in, 10_000), receive(one_in, 10_000));
    let ((one, two), (there_in, back_in)) = join(writes, reads).await;
    one.and(two)?;
    assert_same(&there_in?, &there, "one way");
    assert_same(&back_in?, &back, "the other way");
    Ok(())
}

#[test]
fn eight_mebibytes_both_ways_at_once_block_and_arrive() {
    within(|| block_on(both_ways::<TcpStream>()));
    within(|| block_on(both_ways::<UnixStream>()));
}
