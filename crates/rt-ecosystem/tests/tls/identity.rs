//! A certificate that `rcgen` makes, and who trusts it.

use std::sync::Arc;

use futures_rustls::pki_types::{PrivateKeyDer, ServerName};
use futures_rustls::rustls::crypto::ring::default_provider;
use futures_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use futures_rustls::{TlsAcceptor, TlsConnector};
use rcgen::generate_simple_self_signed;

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
