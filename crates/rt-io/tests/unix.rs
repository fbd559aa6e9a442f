//! Unix sockets: names, addresses, and what only they have.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;

use std::time::Duration;

use futures::AsyncReadExt;
use rt_executor::block_on;
use rt_io::net::UnixStream;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

#[track_caller]
fn within(body: impl FnOnce() -> io::Result<()> + Send + 'static) {
    rt_testkit::within(Duration::from_secs(60), body).expect("no call fails here");
}

#[test]
fn a_descriptor_on_the_way_does_not_hold_up_the_bytes_behind_it() {
    within(|| {
        block_on(async {
            let (one, mut two) = UnixStream::pair()?;
            two.writable().await?;
            let fds = [one.as_fd()];
            let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut with_fd = SendAncillaryBuffer::new(&mut room);
            assert!(with_fd.push(SendAncillaryMessage::ScmRights(&fds)));
            sendmsg(&one, &[IoSlice::new(b"with")], &mut with_fd, SendFlags::empty())?;
            assert_eq!(one.try_write(b"behind")?, 6);
            let (mut buf, mut text) = ([0; 64], Vec::new());
            while text.len() < 10 {
                // A read stops behind a descriptor: that it is short does not say that it was all.
                let count = two.read(&mut buf).await?;
                text.extend_from_slice(&buf[..count]);
            }
            assert_eq!(text, b"withbehind");
            Ok(())
        })
    });
}
