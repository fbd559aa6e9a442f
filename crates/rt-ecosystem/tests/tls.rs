//! TLS over our streams with `futures-rustls`, and hyper over that. No tokio runtime is behind.

mod tls {
    mod echo;
    mod http;
    pub(crate) mod identity;
}
