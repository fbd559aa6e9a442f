//! Chapter 6: files by tokio's traits.
#![cfg(all(feature = "fs", feature = "io-util"))]

use std::io::SeekFrom;
use std::time::Duration;

use rt::fs::OpenOptions;
use rt::io::{AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader, copy};
use rt_testkit::within;

#[test]
fn a_file_is_read_written_and_sought_by_tokios_traits() {
    within(Duration::from_secs(60), || {
        let path = std::env::temp_dir().join(format!("rt-fs-tokio-{}", std::process::id()));
        rt::block_on(async {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(true)
                .open(&path)
                .await
                .unwrap();
            copy(&mut &b"one\ntwo\nthree\n"[..], &mut file).await.unwrap();
            assert_eq!(file.stream_position().await.unwrap(), 14);
            file.rewind().await.unwrap();
            let mut lines = BufReader::new(file).lines();
            assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("one"));
            let mut file = lines.into_inner().into_inner();
            assert_eq!(file.seek(SeekFrom::Start(4)).await.unwrap(), 4);
            assert_eq!(file.read_u8().await.unwrap(), b't');
            assert_eq!(
                file.seek(SeekFrom::Current(2)).await.unwrap(),
                7,
                "from where the reader is"
            );
            file.write_all(b"|").await.unwrap();
            file.shutdown().await.unwrap();
        });
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(text, "one\ntwo|three\n");
    });
}
