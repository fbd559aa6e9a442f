//! A certificate that `rcgen` makes, and who trusts it; the runtimes of these tests.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_rustls::pki_types::{PrivateKeyDer, ServerName};
use futures_rustls::rustls::crypto::ring::default_provider;
use futures_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use futures_rustls::{TlsAcceptor, TlsConnector};
use rcgen::generate_simple_self_signed;
use rt::runtime::Builder;
use rt_testkit::within;

const DEADLINE: Duration = Duration::from_secs(60);

/// Both ends of a protocol: who has the certificate, and who trusts it and no other.
pub(crate) fn pair(protocols: &[&[u8]]) -> (TlsAcceptor, TlsConnector) {
    let own = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(own.cert.der().clone()).unwrap();
    let protocols: Vec<Vec<u8>> = protocols.iter().map(|name| name.to_vec()).collect();

    let server = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let server = server.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let mut server = server.with_single_cert(vec![own.cert.der().clone()], key).unwrap();
    server.alpn_protocols.clone_from(&protocols);

    let client = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let client = client.with_safe_default_protocol_versions().unwrap();
    let mut client = client.with_root_certificates(roots).with_no_client_auth();
    client.alpn_protocols = protocols;
    (TlsAcceptor::from(Arc::new(server)), TlsConnector::from(Arc::new(client)))
}

pub(crate) fn localhost() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

/// Runs `test` in a task, on one thread and on two workers.
pub(crate) fn on_both<F>(test: impl Fn() -> F + Clone + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut threads = Builder::new_multi_thread();
    threads.worker_threads(2);
    for mut builder in [Builder::new_current_thread(), threads] {
        let test = test.clone();
        within(DEADLINE, move || {
            let runtime = builder.build().unwrap();
            runtime.block_on(runtime.spawn(test())).unwrap();
        });
    }
}
