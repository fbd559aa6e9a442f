//! Where a task waits: tokio's channels and locks.
#![cfg(feature = "sync")]

use std::sync::Arc;
use std::time::Duration;

use rt::runtime::Builder;
use rt::sync::{Mutex, mpsc};
use rt_testkit::within;

async fn read_the_mail(mut mail: mpsc::Receiver<u32>) -> Option<u32> {
    mail.recv().await
}

async fn take_turns(turn: Arc<Mutex<()>>) {
    drop(turn.lock().await);
}

#[test]
fn a_channel_and_a_lock_are_named() {
    within(Duration::from_secs(60), || {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let (sender, mail) = mpsc::channel(1);
        let turn = Arc::new(Mutex::new(()));
        let mine = turn.try_lock().unwrap();
        let reads = runtime.spawn(read_the_mail(mail));
        let waits = runtime.spawn(take_turns(turn.clone()));
        for (id, function) in [(reads.id(), "read_the_mail"), (waits.id(), "take_turns")] {
            let trace = runtime.handle().trace_task(id, Duration::from_secs(20)).unwrap();
            println!("{trace}\n");
            let path = &trace.paths()[0];
            let named = format!("waits_sync::{function}");
            assert_eq!(path[0].function, named, "it waits there: {path:#?}");
            let leaf = path.iter().any(|frame| frame.function.contains("tokio::sync"));
            assert!(leaf, "what it waits for is one of tokio's: {path:#?}");
        }
        drop(mine);
        runtime.block_on(async {
            sender.send(7).await.unwrap();
            assert_eq!(reads.await.unwrap(), Some(7), "the task lost its waker");
            waits.await.expect("the task lost its waker");
        });
    });
}
