//! Requests, answers and their bodies.

use std::error::Error;
use std::net::SocketAddr;

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, Version};

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;
pub(crate) type Body = UnsyncBoxBody<Bytes, BoxError>;

pub(crate) const BOTH: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];

pub(crate) fn full(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).map_err(|never| match never {}).boxed_unsync()
}

pub(crate) fn answer(text: impl Into<Bytes>) -> Response<Body> {
    Response::new(full(text))
}

/// As the version wants it: with a header for the host, or the host in its URI.
pub(crate) fn request(
    version: Version,
    method: Method,
    addr: SocketAddr,
    path: &str,
    body: Body,
) -> Request<Body> {
    let request = Request::builder().method(method).version(version);
    let request = if version == Version::HTTP_2 {
        request.uri(format!("http://{addr}{path}"))
    } else {
        request.uri(path).header("host", addr.to_string())
    };
    request.body(body).expect("a request")
}

pub(crate) fn get(version: Version, addr: SocketAddr, path: &str) -> Request<Body> {
    request(version, Method::GET, addr, path, full(""))
}

pub(crate) async fn text(response: Response<Incoming>) -> String {
    let body = response.into_body().collect().await.expect("the whole body").to_bytes();
    String::from_utf8(body.into()).expect("text")
}
