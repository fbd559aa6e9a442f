//! `HttpConnector`: from a `Uri` to a connection.

#![cfg(feature = "hyper")]

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use hyper::Uri;
use rt_compat::HttpConnector;
use rt_executor::block_on;
use rt_io::net::{TcpListener, TcpSocket, TcpStream};
use rt_testkit::within;
use rt_timer::HyperTimer;
use tower_service::Service;

const DEADLINE: Duration = Duration::from_secs(60);

fn connector() -> HttpConnector<HyperTimer> {
    HttpConnector::new(HyperTimer::new())
}

fn connect(connector: &mut HttpConnector<HyperTimer>, uri: &str) -> io::Result<TcpStream> {
    block_on(connector.call(uri.parse::<Uri>().unwrap()))
}

/// What names were looked up.
type Asked = Arc<Mutex<Vec<(String, u16)>>>;

/// All names lead to these addresses.
fn leading_to(addresses: &[SocketAddr]) -> (HttpConnector<HyperTimer>, Asked) {
    let asked = Asked::default();
    let (found, asks) = (addresses.to_vec(), asked.clone());
    let mut connector = connector();
    connector.resolve_with(move |host, port| {
        asks.lock().unwrap().push((host, port));
        let found = found.clone();
        async { Ok(found) }
    });
    (connector, asked)
}

fn listener(addr: &str) -> (std::net::TcpListener, SocketAddr) {
    let listener = std::net::TcpListener::bind(addr).unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

/// An address where nobody listens.
fn refusing() -> SocketAddr {
    listener("127.0.0.1:0").1
}

/// An address that does not answer: nobody takes connections out of its queue, and that is full.
fn silent() -> (TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let listener = socket.listen(0).unwrap();
    let (address, mut queue) = (listener.local_addr().unwrap(), Vec::new());
    while let Some(connected) = block_on(async { TcpStream::connect(address).now_or_never() }) {
        queue.push(connected.unwrap());
    }
    (listener, queue)
}

#[test]
fn names_and_literals_of_both_families_are_connected_to() {
    within(DEADLINE, || {
        let (_listener, addr) = listener("127.0.0.1:0");
        for host in ["127.0.0.1", "localhost"] {
            let stream = connect(&mut connector(), &format!("http://{host}:{}/a?b", addr.port()));
            assert_eq!(stream.unwrap().peer_addr().unwrap(), addr);
        }
        let (_listener, addr) = listener("[::1]:0");
        let stream = connect(&mut connector(), &format!("http://{addr}/"));
        assert_eq!(stream.unwrap().peer_addr().unwrap(), addr);
    });
}

#[test]
fn without_a_port_it_is_that_of_the_scheme() {
    within(DEADLINE, || {
        let (_listener, addr) = listener("127.0.0.1:0");
        let (mut connector, asked) = leading_to(&[addr]);
        connector.enforce_http(false);
        for uri in ["http://a/", "https://a/", "https://a:8443/", "http://[::1]/"] {
            connect(&mut connector, uri).unwrap();
        }
        let asked = asked.lock().unwrap();
        let asked: Vec<_> = asked.iter().map(|(host, port)| (host.as_str(), *port)).collect();
        assert_eq!(asked, [("a", 80), ("a", 443), ("a", 8443), ("::1", 80)]);
    });
}

#[test]
fn after_an_address_that_refuses_the_next_is_tried_at_once() {
    within(DEADLINE, || {
        let (_listener, addr) = listener("127.0.0.1:0");
        // Ten seconds, if a quarter of one passed before the next attempt.
        let mut addresses = vec![refusing(); 40];
        addresses.push(addr);
        let (mut connector, _) = leading_to(&addresses);
        connector.set_connect_timeout(Some(Duration::from_secs(5)));
        let stream = connect(&mut connector, "http://a/").unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addr);
    });
}

#[test]
fn beside_an_address_that_does_not_answer_the_next_is_tried() {
    within(DEADLINE, || {
        let (silent, _queue) = silent();
        let (_listener, addr) = listener("127.0.0.1:0");
        let (mut connector, _) = leading_to(&[silent.local_addr().unwrap(), addr]);
        connector.set_connect_timeout(Some(Duration::from_secs(20))); // the system's takes minutes
        let stream = connect(&mut connector, "http://a/").unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addr);
    });
}

#[test]
fn the_families_take_turns() {
    within(DEADLINE, || {
        let (silent, _queue) = silent();
        let silent = silent.local_addr().unwrap();
        let (_six, six) = listener("[::1]:0");
        // All of the first family before the other: it would take a quarter of a second for each.
        let mut addresses = vec![silent; 100];
        addresses.push(six);
        let (mut connector, _) = leading_to(&addresses);
        connector.set_connect_timeout(Some(Duration::from_secs(20)));
        let stream = connect(&mut connector, "http://a/").unwrap();
        assert_eq!(stream.peer_addr().unwrap(), six);
    });
}

#[test]
fn when_none_takes_it_the_last_error_is_told() {
    within(DEADLINE, || {
        let (mut connector, _) = leading_to(&[refusing(), refusing()]);
        let error = connect(&mut connector, "http://a/").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let (mut connector, _) = leading_to(&[]);
        let error = connect(&mut connector, "http://a/").unwrap_err();
        assert_eq!(error.to_string(), "the host has no address");
    });
}

#[test]
fn a_timeout_says_to_whom() {
    within(DEADLINE, || {
        let (silent, _queue) = silent();
        let (mut connector, _) = leading_to(&[silent.local_addr().unwrap()]);
        connector.set_connect_timeout(Some(Duration::from_millis(10)));
        let error = connect(&mut connector, "http://a:81/").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(error.to_string(), "no connection to a:81 after 10ms");
    });
}

#[test]
fn another_scheme_is_refused_unless_it_is_allowed() {
    within(DEADLINE, || {
        let mut connector = connector();
        let error = connect(&mut connector, "https://127.0.0.1/").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("enforce_http(false)"), "{error}");
        let error = connect(&mut connector, "/path").unwrap_err();
        assert!(error.to_string().contains("is not http"), "{error}");
    });
}

#[test]
fn small_writes_are_sent_at_once_unless_it_is_told_otherwise() {
    within(DEADLINE, || {
        let (_listener, addr) = listener("127.0.0.1:0");
        let mut connector = connector();
        for is_on in [true, false] {
            connector.set_nodelay(is_on);
            let stream = connect(&mut connector, &format!("http://{addr}/")).unwrap();
            assert_eq!(stream.nodelay().unwrap(), is_on);
        }
    });
}
