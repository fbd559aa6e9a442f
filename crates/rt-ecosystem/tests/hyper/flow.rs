//! A body of 32 MiB that is never whole in memory: it is made while it is sent, and looked at while it is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};

use crate::message::Body;

pub(crate) const LEN: usize = 32 * 1024 * 1024;

const CHUNK: usize = 64 * 1024;

/// A prime, so that no two chunks in a row begin alike.
const PERIOD: usize = 65_521;

/// How much of a body was made, and read.
pub(crate) struct Flow {
    made: AtomicUsize,
    read: AtomicUsize,
    most: AtomicUsize,
    pattern: Bytes,
}

impl Flow {
    pub(crate) fn new() -> Arc<Flow> {
        let mut pattern: Vec<u8> = (0_u32..).map(|n| (n * n % 251) as u8).take(PERIOD).collect();
        pattern.extend_from_within(..);
        Arc::new(Flow {
            made: AtomicUsize::new(0),
            read: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            pattern: pattern.into(),
        })
    }

    /// The most that was on its way at once: in buffers of hyper and of the system.
    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    fn at(&self, place: usize, len: usize) -> Bytes {
        let start = place % PERIOD;
        self.pattern.slice(start..start + len)
    }

    /// The body. A chunk is made when it is asked for.
    pub(crate) fn body(self: &Arc<Flow>) -> Body {
        let chunks = stream::unfold(self.clone(), async |flow| {
            let place = flow.made.load(Ordering::SeqCst);
            let len = CHUNK.min(LEN - place);
            if len == 0 {
                return None;
            }
            let chunk = flow.at(place, len);
            flow.made.store(place + len, Ordering::SeqCst);
            flow.most.fetch_max(place + len - flow.read.load(Ordering::SeqCst), Ordering::SeqCst);
            Some((Ok(Frame::data(chunk)), flow))
        });
        StreamBody::new(chunks).boxed_unsync()
    }

    /// Reads a body to its end; each byte must be that of its place.
    pub(crate) async fn read(&self, mut body: Incoming) {
        let mut place = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.unwrap_or_else(|error| panic!("after {place} bytes: {error:?}"));
            let Ok(data) = frame.into_data() else { panic!("trailers, which nobody sent") };
            for piece in data.chunks(CHUNK.min(PERIOD)) {
                let is_same = self.at(place, piece.len()) == piece;
                assert!(is_same, "other bytes than were sent, at {place} or up to 64 KiB later");
                place += piece.len();
                self.read.store(place, Ordering::SeqCst);
            }
        }
        assert_eq!(place, LEN, "the body ended early or late");
    }
}
