//! Server-sent events: a body that is never done, or not soon.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use futures::{Stream, StreamExt, stream};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use rt::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::fetch::{Client, curl};
use crate::runtimes::on_each_runtime;
use crate::served::serve;

/// Three, and the end.
async fn three() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(stream::iter(1..=3).then(async |n: u32| {
        rt::time::sleep(Duration::from_millis(1)).await;
        Ok(Event::default().event("tick").id(n.to_string()).data(format!("at {n}")))
    }))
}

/// What the test sends.
fn live() -> (Router, UnboundedSender<u32>) {
    let (sender, receiver) = unbounded_channel();
    let receiver = Arc::new(Mutex::new(Some(receiver)));
    let app = get(async move || {
        let receiver = receiver.lock().expect("no panic").take().expect("one reader");
        Sse::new(events(receiver))
    });
    (Router::new().route("/live", app), sender)
}

fn events(receiver: UnboundedReceiver<u32>) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(receiver, async |mut receiver| {
        let n = receiver.recv().await?;
        Some((Ok(Event::default().data(n.to_string())), receiver))
    })
}

/// The next that arrives.
async fn next(body: &mut Incoming) -> Option<String> {
    let frame = body.frame().await?.expect("the stream goes on");
    let data = frame.into_data().expect("no trailers");
    Some(String::from_utf8(data.into()).expect("text"))
}

const ALL: &str = "event: tick\nid: 1\ndata: at 1\n\nevent: tick\nid: 2\ndata: at 2\n\n\
                   event: tick\nid: 3\ndata: at 3\n\n";

#[test]
fn curl_and_hypers_client_read_a_stream_of_events_to_its_end() {
    on_each_runtime(async || {
        let served = serve(Router::new().route("/three", get(three))).await;
        let url = served.url("/three");
        for version in ["--http1.1", "--http2-prior-knowledge"] {
            assert_eq!(curl(&[version, &url]).await, (hyper::StatusCode::OK, ALL.to_owned()));
        }
        let response = Client::new().open(&url).await;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let body = response.into_body().collect().await.expect("the whole body").to_bytes();
        assert_eq!(body, ALL);
    });
}

#[test]
fn an_event_arrives_before_the_next_is_made() {
    on_each_runtime(async || {
        let (app, sender) = live();
        let served = serve(app).await;
        let mut body = Client::new().open(&served.url("/live")).await.into_body();
        for n in 0..20 {
            sender.send(n).expect("the stream is read");
            let event = next(&mut body).await;
            assert_eq!(event, Some(format!("data: {n}\n\n")));
        }
        drop(sender);
        assert_eq!(next(&mut body).await, None, "the stream has an end");
    });
}

#[test]
fn a_reader_that_goes_has_the_stream_dropped() {
    on_each_runtime(async || {
        let (app, sender) = live();
        let served = serve(app).await;
        let mut body = Client::new().open(&served.url("/live")).await.into_body();
        sender.send(1).expect("the stream is read");
        assert_eq!(next(&mut body).await.as_deref(), Some("data: 1\n\n"));
        drop(body);
        sender.closed().await; // for ever, if the server kept it
    });
}
