//! Two clients: `curl`, and hyper's.

use std::io::ErrorKind;

use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::client::legacy;
use rt::compat::{HttpConnector, HyperExecutor, HyperTimer, http_connector};
use rt::process::Command;

/// What `curl` prints for these arguments: the body, and the status.
///
/// # Panics
///
/// If there is no `curl`, or it fails.
pub(crate) async fn curl(arguments: &[&str]) -> (StatusCode, String) {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--no-buffer", "--noproxy", "*"]);
    command.args(["--max-time", "30", "--write-out", "\n%{http_code}"]).args(arguments);
    let output = match command.output().await {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!(
                "there is no `curl`, which this test fetches with: install it, as by `apt-get install curl`"
            )
        }
        output => output.expect("curl runs"),
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "curl {arguments:?}: {}, {errors}", output.status);
    let text = String::from_utf8(output.stdout).expect("text");
    let (body, status) = text.rsplit_once('\n').expect("the status after the body");
    (status.parse().expect("a status"), body.to_owned())
}

/// hyper-util's client over our connector.
#[derive(Clone)]
pub(crate) struct Client(legacy::Client<HttpConnector<HyperTimer>, Body>);

impl Client {
    pub(crate) fn new() -> Client {
        let mut builder = legacy::Client::builder(HyperExecutor::new());
        Client(builder.pool_timer(HyperTimer::new()).build(http_connector()))
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Incoming> {
        self.0.request(request).await.expect("an answer")
    }

    /// The answer to this request, with its body still to be read.
    pub(crate) async fn open(&self, url: &str) -> Response<Incoming> {
        self.send(Request::get(url).body(Body::empty()).expect("a request")).await
    }

    pub(crate) async fn get(&self, url: &str) -> (StatusCode, String) {
        text(self.open(url).await).await
    }

    /// With a body of this type, if there is one.
    pub(crate) async fn fetch(
        &self,
        method: Method,
        url: &str,
        body: Option<(&str, &str)>,
    ) -> (StatusCode, String) {
        let mut request = Request::builder().method(method).uri(url);
        if let Some((content_type, _)) = body {
            request = request.header("content-type", content_type);
        }
        let body = body.map_or_else(Body::empty, |(_, body)| Body::from(body.to_owned()));
        text(self.send(request.body(body).expect("a request")).await).await
    }
}

async fn text(response: Response<Incoming>) -> (StatusCode, String) {
    let status = response.status();
    let body = response.into_body().collect().await.expect("the whole body").to_bytes();
    (status, String::from_utf8(body.into()).expect("text"))
}
