//! Two sleepers and a channel: what every step runs on what is built by then.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// What is spawned.
pub(crate) type Sleeper = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The one who asked for less sleep speaks first.
pub(crate) async fn program<S>(sleep: fn(Duration) -> S, spawn: impl Fn(Sleeper))
where
    S: Future<Output = ()> + Send + 'static,
{
    let (sender, words) = async_channel::bounded(1);
    for (name, millis) in [("the long sleeper", 40), ("the short sleeper", 20)] {
        let sender = sender.clone();
        spawn(Box::pin(async move {
            sleep(Duration::from_millis(millis)).await;
            sender.send(format!("{name} is up")).await.expect("somebody listens");
        }));
    }
    drop(sender);
    while let Ok(word) = words.recv().await {
        println!("{word}");
    }
    println!("the channel is closed: both are done");
}
