//! Chapter 6: files and directories on the blocking pool.
#![cfg(feature = "fs")]

use std::collections::BTreeSet;
use std::io::{self, ErrorKind, Read, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use futures::{AsyncReadExt, AsyncSeekExt, AsyncWrite, AsyncWriteExt};
use rt::fs::{self, DirBuilder, File, OpenOptions};
use rt::runtime::{Builder, Runtime};
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

/// A folder of this test, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rt-fs-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn with(&self, name: &str, text: &str) -> PathBuf {
        let path = self.file(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Bytes that do not repeat soon.
fn fill(block: &mut [u8], seed: &mut u64) {
    for word in block.chunks_mut(8) {
        *seed =
            seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        word.copy_from_slice(&(*seed ^ *seed >> 29).to_le_bytes()[..word.len()]);
    }
}

async fn open_all(path: &Path) -> File {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).open(path).await.unwrap()
}

/// A runtime whose only thread for what blocks waits for the end of the sender.
fn with_a_busy_pool() -> (Runtime, mpsc::Sender<()>) {
    let runtime = Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
    let (gate, wait) = mpsc::channel::<()>();
    let (begin, begun) = mpsc::channel();
    drop(runtime.spawn_blocking(move || {
        begin.send(()).unwrap();
        wait.recv()
    }));
    begun.recv().unwrap();
    (runtime, gate)
}

fn poll_write(file: &mut File, bytes: &[u8]) -> Poll<io::Result<usize>> {
    Pin::new(file).poll_write(&mut Context::from_waker(Waker::noop()), bytes)
}

#[test]
fn a_large_file_is_copied_byte_by_byte() {
    let is_full = std::env::var_os("RT_FULL").is_some();
    let (blocks, limit) = if is_full { (1024, 600) } else { (64, 60) };
    within(Duration::from_secs(limit), move || {
        let folder = Folder::new();
        let (one, two) = (folder.file("one"), folder.file("two"));
        let (mut block, mut seed) = (vec![0; 1 << 20], 1);
        rt::block_on(async {
            let mut file = File::create(&one).await.unwrap();
            for _ in 0..blocks {
                fill(&mut block, &mut seed);
                file.write_all(&block).await.unwrap();
            }
            file.flush().await.unwrap();

            let (source, mut sink) =
                (File::open(&one).await.unwrap(), File::create(&two).await.unwrap());
            let count = futures::io::copy(source, &mut sink).await.unwrap();
            sink.flush().await.unwrap();
            assert_eq!(count, blocks << 20, "the copy is of another length");
        });
        let (mut is, mut seed) = (vec![0; 1 << 20], 1);
        let mut copy = std::fs::File::open(&two).unwrap();
        for number in 0..blocks {
            fill(&mut block, &mut seed);
            copy.read_exact(&mut is).unwrap();
            assert!(is == block, "mebibyte {number} of the copy is not what was written");
        }
        assert_eq!(copy.read(&mut is).unwrap(), 0, "the copy is longer than what was written");
    });
}

#[test]
fn small_reads_and_writes_meet_where_the_reader_is() {
    within(LIMIT, || {
        let folder = Folder::new();
        let path = folder.with("text", "0123456789");
        rt::block_on(async {
            let mut file = open_all(&path).await;
            let mut buf = [0; 3];
            file.read_exact(&mut buf).await.unwrap();
            assert_eq!(&buf, b"012");
            file.write_all(b"abc").await.unwrap(); // though all was read ahead
            file.read_exact(&mut buf).await.unwrap();
            assert_eq!(&buf, b"678", "a read after a write begins elsewhere than behind it");
            assert_eq!(file.seek(SeekFrom::Current(-2)).await.unwrap(), 7);
            file.read_exact(&mut buf).await.unwrap();
            assert_eq!(&buf, b"789", "a seek goes from where the cursor of the system is");
            assert_eq!(file.seek(SeekFrom::End(-1)).await.unwrap(), 9);
            assert_eq!(file.read(&mut buf).await.unwrap(), 1);
            assert_eq!(file.read(&mut buf).await.unwrap(), 0, "the file has no end");
            assert!(
                file.seek(SeekFrom::Current(-11)).await.is_err(),
                "the cursor is before the file"
            );
            assert_eq!(file.seek(SeekFrom::Start(4)).await.unwrap(), 4);
            let mut rest = String::new();
            file.read_to_string(&mut rest).await.unwrap();
            assert_eq!(rest, "bc6789");
        });
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "012abc6789");
    });
}

#[test]
fn who_gets_the_file_of_std_gets_its_cursor() {
    within(LIMIT, || {
        let folder = Folder::new();
        let path = folder.with("text", "0123456789");
        rt::block_on(async {
            let mut file = open_all(&path).await;
            let mut buf = [0; 2];
            file.read_exact(&mut buf).await.unwrap();
            let mut clone = file.try_clone().await.unwrap().into_std().await;
            clone.read_exact(&mut buf).unwrap();
            assert_eq!(&buf, b"23", "the clone is where the system's cursor was");
            file.read_exact(&mut buf).await.unwrap();
            assert_eq!(&buf, b"45", "two handles of one file share its cursor");
            file.set_len(8).await.unwrap();
            let mut std = file.into_std().await;
            let mut rest = String::new();
            std.read_to_string(&mut rest).unwrap();
            assert_eq!(rest, "67", "`into_std` gives a file whose cursor is elsewhere");
        });
    });
}

/// Polls an operation once, and cancels it.
fn begin<T>(operation: impl Future<Output = T>) {
    let _seldom_done = Box::pin(operation).as_mut().poll(&mut Context::from_waker(Waker::noop()));
}

#[test]
fn a_seek_does_not_take_the_answer_of_another_call_for_its_own() {
    within(LIMIT, || {
        let folder = Folder::new();
        let path = folder.with("text", "0123456789");
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut file = open_all(&path).await;
            begin(file.seek(SeekFrom::Start(4)));
            file.write_all(b"AB").await.unwrap(); // it waits for the seek
            file.flush().await.unwrap();
            begin(file.set_len(20));
            assert_eq!(file.seek(SeekFrom::Start(4)).await.unwrap(), 4, "the seek did not move");
            file.write_all(b"Z").await.unwrap();
            file.flush().await.unwrap();
        });
        let text = std::fs::read(&path).unwrap();
        assert_eq!(&text[..10], b"0123ZB6789", "the write went elsewhere than the seek");
    });
}

/// Reads four bytes, begins an operation that never runs, and says what comes then.
fn read_after_an_end(begin: impl FnOnce(&mut File) + Send + 'static) {
    within(LIMIT, move || {
        let folder = Folder::new();
        let path = folder.with("text", "0123456789");
        let mut file = File::from_std(std::fs::File::open(&path).unwrap());
        let mut buf = [0; 4];
        rt::block_on(async { file.read_exact(&mut buf).await }).unwrap();
        let (runtime, gate) = with_a_busy_pool();
        {
            let _inside = runtime.enter();
            begin(&mut file);
        }
        runtime.shutdown_background(); // the operation is in the queue
        drop(gate);
        rt::block_on(async {
            file.read(&mut buf).await.expect_err("nobody knows that its runtime ended");
            file.read_exact(&mut buf).await.expect("what was read ahead is gone");
        });
        assert_eq!(&buf, b"4567", "what was read ahead is gone");
    });
}

#[test]
fn a_seek_that_never_runs_takes_no_bytes_away() {
    read_after_an_end(|file| begin(file.seek(SeekFrom::Current(0))));
}

#[test]
fn a_clone_that_never_comes_takes_no_bytes_away() {
    read_after_an_end(|file| begin(file.try_clone()));
}

#[test]
fn a_seek_outside_of_a_runtime_takes_no_bytes_away() {
    within(LIMIT, || {
        let folder = Folder::new();
        let path = folder.with("text", "0123456789");
        let mut file = File::from_std(std::fs::File::open(&path).unwrap());
        let mut buf = [0; 4];
        rt::block_on(async { file.read_exact(&mut buf).await }).unwrap();
        thread::scope(|scope| {
            let outside = scope.spawn(|| begin(file.seek(SeekFrom::Current(0))));
            outside.join().expect_err("a seek needs no runtime");
        });
        rt::block_on(async { file.read_exact(&mut buf).await }).expect("bytes are gone");
        assert_eq!(&buf, b"4567", "what was read ahead is gone");
    });
}

#[test]
fn a_cancelled_write_is_made_whole_or_not_at_all() {
    within(LIMIT, || {
        let folder = Folder::new();
        let path = folder.file("text");
        let (runtime, gate) = with_a_busy_pool();
        let _inside = runtime.enter();
        let mut file = File::from_std(std::fs::File::create(&path).unwrap());
        let (one, two, three) = ([b'1'; 5000], [b'2'; 5000], [b'3'; 5000]);
        assert_eq!(
            poll_write(&mut file, &one).map(Result::unwrap),
            Poll::Ready(5000),
            "it waits for a thread"
        );
        {
            let mut cancelled = Box::pin(file.write_all(&two));
            let polled = cancelled.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending(), "two writes are on their way at once");
        }
        drop(gate);
        runtime.block_on(async {
            file.write_all(&three).await.unwrap();
            file.flush().await.unwrap();
        });
        let written = std::fs::read(&path).unwrap();
        assert!(written == [one, three].concat(), "{} bytes, torn or doubled", written.len());
    });
}

#[test]
fn a_cancelled_read_leaves_its_bytes_to_the_next() {
    within(LIMIT, || {
        let folder = Folder::new();
        let path = folder.with("text", "hello, reader");
        let (runtime, gate) = with_a_busy_pool();
        let _inside = runtime.enter();
        let mut file = File::from_std(std::fs::File::open(&path).unwrap());
        let mut buf = [0; 5];
        {
            let mut cancelled = Box::pin(file.read(&mut buf));
            let polled = cancelled.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
        }
        drop(gate);
        let mut text = String::new();
        runtime.block_on(file.read_to_string(&mut text)).unwrap();
        assert_eq!(text, "hello, reader", "the cancelled read took bytes away");
    });
}

#[test]
fn a_write_that_was_accepted_is_made_though_the_runtime_ends_before() {
    within(LIMIT, || {
        let folder = Folder::new();
        let path = folder.file("text");
        let (runtime, gate) = with_a_busy_pool();
        let mut file = File::from_std(std::fs::File::create(&path).unwrap());
        {
            let _inside = runtime.enter();
            assert_eq!(poll_write(&mut file, b"kept").map(Result::unwrap), Poll::Ready(4));
        }
        runtime.shutdown_background(); // the write is in the queue
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "kept");
        let error = rt::block_on(file.write(b"more")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Other, "nobody knows that its runtime ended: {error}");
        drop(gate);
    });
}

#[test]
fn the_error_of_a_write_is_that_of_the_next_call() {
    within(LIMIT, || {
        let folder = Folder::new();
        let path = folder.with("text", "");
        rt::block_on(async {
            let mut full = OpenOptions::new().write(true).open("/dev/full").await.unwrap();
            assert_eq!(full.write(b"hello").await.unwrap(), 5, "a write does not wait");
            assert_eq!(full.flush().await.unwrap_err().kind(), ErrorKind::StorageFull);
            full.flush().await.expect("an error is told once");
            full.write_all(b"hello").await.unwrap();
            let again = full.write(b"hello").await.unwrap_err();
            assert_eq!(again.kind(), ErrorKind::StorageFull, "the next write does not know");

            let mut read_only = File::open(&path).await.unwrap();
            read_only.write_all(b"hello").await.unwrap();
            let theirs = std::fs::File::open(&path).unwrap().write_all(b"hello").unwrap_err();
            let ours = read_only.sync_all().await.unwrap_err();
            assert_eq!(ours.raw_os_error(), theirs.raw_os_error(), "`sync_all` says all is well");
        });
    });
}

#[test]
fn of_a_pipe_no_more_is_read_than_asked_for() {
    within(LIMIT, || {
        let (receiver, mut sender) = io::pipe().unwrap();
        let mut other = receiver.try_clone().unwrap();
        sender.write_all(b"12").unwrap();
        rt::block_on(async {
            let mut file = File::from(std::os::fd::OwnedFd::from(receiver));
            let mut buf = [0; 1];
            file.read_exact(&mut buf).await.unwrap();
            assert_eq!(&buf, b"1");
        });
        drop(sender);
        let mut rest = String::new();
        other.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "2", "the other reader's byte was taken away");
    });
}

#[test]
fn a_buffer_of_one_byte_moves_all() {
    within(LIMIT, || {
        let folder = Folder::new();
        let path = folder.file("text");
        rt::block_on(async {
            let mut file = open_all(&path).await;
            file.set_max_buf_size(1);
            assert_eq!(file.write(b"hello").await.unwrap(), 1);
            file.write_all(b"ello").await.unwrap();
            file.seek(SeekFrom::Start(0)).await.unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).await.unwrap();
            assert_eq!((text.as_str(), file.max_buf_size()), ("hello", 1));
        });
    });
}

#[test]
fn errors_are_those_of_std() {
    within(LIMIT, || {
        let folder = Folder::new();
        let (missing, file) = (folder.file("missing"), folder.with("file", "text"));
        let inner = folder.file("inner");
        std::fs::create_dir(&inner).unwrap();
        std::fs::write(folder.file("binary"), [0xff]).unwrap();
        fn same<T, U>(what: &str, ours: io::Result<T>, theirs: io::Result<U>) {
            let (ours, theirs) = (ours.err().expect(what), theirs.err().expect(what));
            assert_eq!(ours.raw_os_error(), theirs.raw_os_error(), "{what}");
            assert_eq!(
                (ours.kind(), ours.to_string()),
                (theirs.kind(), theirs.to_string()),
                "{what}"
            );
        }
        rt::block_on(async {
            same("open", File::open(&missing).await, std::fs::File::open(&missing));
            same("create_new", File::create_new(&file).await, std::fs::File::create_new(&file));
            same("read", fs::read(&missing).await, std::fs::read(&missing));
            let binary = folder.file("binary");
            same("text", fs::read_to_string(&binary).await, std::fs::read_to_string(&binary));
            same("read_dir", fs::read_dir(&file).await, std::fs::read_dir(&file));
            same("create_dir", fs::create_dir(&inner).await, std::fs::create_dir(&inner));
            same("remove_dir", fs::remove_dir(&folder.0).await, std::fs::remove_dir(&folder.0));
            same("remove_file", fs::remove_file(&inner).await, std::fs::remove_file(&inner));
            same("rename", fs::rename(&missing, &file).await, std::fs::rename(&missing, &file));
            same("copy", fs::copy(&missing, &file).await, std::fs::copy(&missing, &file));
            same("read_link", fs::read_link(&file).await, std::fs::read_link(&file));
            same("metadata", fs::metadata(&missing).await, std::fs::metadata(&missing));
            same("canonicalize", fs::canonicalize(&missing).await, std::fs::canonicalize(&missing));
        });
    });
}

#[test]
fn what_one_does_with_files_and_directories_is_done() {
    within(LIMIT, || {
        let folder = Folder::new();
        let (one, two, link) = (folder.file("one"), folder.file("two"), folder.file("link"));
        let deep = folder.file("a/b/c");
        rt::block_on(async {
            fs::write(&one, "text").await?;
            assert_eq!(fs::copy(&one, &two).await?, 4);
            assert_eq!(fs::read(&two).await?, b"text");
            fs::remove_file(&two).await?;
            assert!(!fs::try_exists(&two).await?);
            fs::hard_link(&one, &two).await?;
            assert_eq!(std::fs::metadata(&one)?.nlink(), 2);
            fs::symlink(&one, &link).await?;
            assert_eq!(fs::read_link(&link).await?, one);
            assert!(fs::symlink_metadata(&link).await?.is_symlink());
            assert!(fs::metadata(&link).await?.is_file());
            assert_eq!(fs::canonicalize(&link).await?, std::fs::canonicalize(&one)?);
            fs::rename(&two, folder.file("three")).await?;
            assert_eq!(fs::read_to_string(folder.file("three")).await?, "text");
            fs::set_permissions(&one, PermissionsExt::from_mode(0o600)).await?;
            assert_eq!(std::fs::metadata(&one)?.permissions().mode() & 0o777, 0o600);
            let file = File::open(&one).await?;
            file.set_permissions(PermissionsExt::from_mode(0o640)).await?;
            assert_eq!(file.metadata().await?.permissions().mode() & 0o777, 0o640);
            file.sync_data().await?;
            fs::create_dir_all(&deep).await?;
            fs::create_dir(deep.join("d")).await?;
            fs::remove_dir(deep.join("d")).await?;
            assert!(fs::metadata(&deep).await?.is_dir());
            fs::remove_dir_all(folder.file("a")).await?;
            assert!(!folder.file("a").exists());
            DirBuilder::new().recursive(true).mode(0o700).create(&deep).await?;
            assert_eq!(std::fs::metadata(&deep)?.permissions().mode() & 0o777, 0o700);
            OpenOptions::new().append(true).open(&one).await?.write_all(b", more").await
        })
        .unwrap();
        assert_eq!(std::fs::read_to_string(&one).unwrap(), "text, more");
    });
}

#[test]
fn every_entry_of_a_directory_comes_once() {
    within(LIMIT, || {
        let folder = Folder::new();
        for number in 0..100 {
            folder.with(&format!("{number}"), "");
        }
        std::fs::create_dir(folder.file("folder")).unwrap();
        rt::block_on(async {
            let mut entries = fs::read_dir(&folder.0).await.unwrap();
            let (mut names, mut folders) = (BTreeSet::new(), 0);
            while let Some(entry) = entries.next_entry().await.unwrap() {
                assert_eq!(entry.path(), folder.0.join(entry.file_name()));
                assert_eq!(entry.metadata().await.unwrap().ino(), entry.ino());
                folders += usize::from(entry.file_type().await.unwrap().is_dir());
                assert!(names.insert(entry.file_name()), "{entry:?} came twice");
            }
            assert_eq!((names.len(), folders), (101, 1), "entries were lost");
            assert!(
                entries.next_entry().await.unwrap().is_none(),
                "there is something behind the end"
            );
        });
    });
}

#[test]
fn calls_of_several_tasks_on_one_file_all_come_to_an_end() {
    within(LIMIT, || {
        let folder = Folder::new();
        let path = folder.with("text", "0123456789");
        rt::block_on(async {
            let file = std::sync::Arc::new(open_all(&path).await);
            let tasks = (0..20).map(|number| {
                let file = file.clone();
                rt::spawn(async move {
                    match number % 3 {
                        0 => file.sync_all().await,
                        1 => file.set_len(10).await,
                        _ => file.try_clone().await.map(drop),
                    }
                })
            });
            for task in tasks.collect::<Vec<_>>() {
                task.await.unwrap().unwrap();
            }
        });
    });
}

#[test]
#[should_panic(expected = "no runtime on this thread")]
fn a_read_outside_of_a_runtime_says_what_to_do() {
    within(LIMIT, || {
        let folder = Folder::new();
        let path = folder.with("text", "text");
        let mut file = File::from_std(std::fs::File::open(&path).unwrap());
        let mut buf = [0; 4];
        futures::executor::block_on(async { file.read(&mut buf).await }).unwrap();
    });
}

#[test]
fn a_task_that_reads_byte_by_byte_lets_others_run() {
    within(LIMIT, || {
        let folder = Folder::new();
        let path = folder.with("text", &"x".repeat(10_000));
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut file = File::open(&path).await.unwrap();
            file.read_exact(&mut [0]).await.unwrap(); // all is read ahead
            let other = rt::spawn(async {});
            let mut read = 1;
            while !other.is_finished() && file.read(&mut [0]).await.unwrap() > 0 {
                read += 1;
            }
            assert!(read < 5_000, "{read} reads in one poll, and the other task waits");
        });
    });
}
