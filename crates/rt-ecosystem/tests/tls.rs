//! TLS over our streams with `futures-rustls`, and hyper over that. No tokio runtime is behind.

#[path = "support/runtimes.rs"]
mod runtimes;

mod tls {
    mod echo;
    mod http;
    mod identity;
}
