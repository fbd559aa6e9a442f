//! tokio's traits.

use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::io::AsyncSeek;

use crate::fs::file::File;
use crate::io::forward::tokio::{tokio_read, tokio_write};

tokio_read!(File);
tokio_write!(File);

impl AsyncSeek for File {
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        let this = self.get_mut();
        this.seeks.asked = Some(position);
        if this.blocking.get_mut().is_idle() {
            this.begin_to_move(position);
        }
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        self.get_mut().poll_moved(cx)
    }
}
