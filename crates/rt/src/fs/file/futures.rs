//! The traits of `futures_io`.

use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::fs::file::File;
use crate::io::forward::{futures_read, futures_write};

futures_read!(File);
futures_write!(File);

impl futures_io::AsyncSeek for File {
    fn poll_seek(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        let this = self.get_mut();
        this.seeks.asked = Some(to);
        this.poll_moved(cx)
    }
}
