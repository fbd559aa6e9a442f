//! Names and addresses, and where the system's look-up runs.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use futures::poll;
use rt_executor::block_on;
use rt_io::net::{TcpListener, TcpStream, ToSocketAddrs, lookup_host};
use rt_io::{Job, Reactor};

#[track_caller]
fn within(body: impl FnOnce() -> io::Result<()> + Send + 'static) {
    rt_testkit::within(Duration::from_secs(60), body).expect("no call fails here");
}

fn find<H: ToSocketAddrs>(host: H) -> io::Result<Vec<SocketAddr>> {
    Ok(block_on(lookup_host(host))?.collect())
}

#[test]
fn whatever_leads_to_addresses_does() {
    within(|| {
        let v4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 80);
        let v6 = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 80, 0, 0);
        let (four, six) = (SocketAddr::V4(v4), SocketAddr::V6(v6));
        assert_eq!(find(v4)?, [four]);
        assert_eq!(find(v6)?, [six]);
        assert_eq!(find(four)?, [four]);
        assert_eq!(find::<&SocketAddr>(&six)?, [six]);
        assert_eq!(find((IpAddr::V6(Ipv6Addr::LOCALHOST), 80))?, [six]);
        assert_eq!(find((Ipv4Addr::LOCALHOST, 80))?, [four]);
        assert_eq!(find((Ipv6Addr::LOCALHOST, 80))?, [six]);
        assert_eq!(find([four, six])?, [four, six]);
        assert_eq!(find(&[four, six][..])?, [four, six]);
        assert_eq!(find(vec![six])?, [six]);
        assert_eq!(find("127.0.0.1:80")?, [four]);
        let text = "[::1]:80".to_owned();
        assert_eq!(find(&text)?, [six]);
        assert_eq!(find(text)?, [six]);
        assert_eq!(find(("127.0.0.1", 80))?, [four]);
        assert_eq!(find(("::1".to_owned(), 80))?, [six]);
        assert!(find("localhost:80")?.iter().all(|addr| addr.ip().is_loopback()));
        assert!(find(("localhost", 81))?.iter().all(|addr| addr.port() == 81));
        assert!(!find("localhost:80")?.is_empty());
        Ok(())
    });
}

#[test]
fn what_leads_nowhere_is_an_error() {
    within(|| {
        for malformed in ["localhost", "", ":80", "localhost:", "localhost:70000", "localhost:-1"] {
            let error = find(malformed).expect_err("no host with a port");
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{malformed:?}");
            assert!(error.to_string().contains(malformed), "which text it was: {error}");
        }
        assert!(find("nobody.invalid:80").is_err());
        assert!(find(("no such name", 80)).is_err());
        assert!(block_on(TcpListener::bind("nobody.invalid:80")).is_err());
        assert!(block_on(TcpStream::connect("localhost")).is_err());
        Ok(())
    });
}

#[test]
fn jobs_that_block_run_where_they_are_told_to() {
    within(|| {
        let reactor = Reactor::new();
        let handle = reactor.handle();
        let jobs = Arc::new(AtomicUsize::new(0));
        let counted = jobs.clone();
        handle.offload_to(move |job: Job| {
            counted.fetch_add(1, Ordering::Relaxed);
            thread::Builder::new().spawn(job).map(drop)
        });
        handle.offload_to(|_| unreachable!("said once, and for ever"));
        {
            let _entered = handle.enter();
            assert!(!find("localhost:80")?.is_empty());
            assert_eq!(jobs.load(Ordering::Relaxed), 1, "not offloaded");
            assert_eq!(find("127.0.0.1:80")?.len(), 1);
            assert_eq!(jobs.load(Ordering::Relaxed), 1, "an address is nothing to look up");
        }
        assert!(!find("localhost:80")?.is_empty());
        assert_eq!(jobs.load(Ordering::Relaxed), 1, "it was left");
        Ok(())
    });
}

#[test]
fn a_job_that_is_refused_or_thrown_away_is_an_error() {
    within(|| {
        let refusing = Reactor::new();
        refusing.handle().offload_to(|_| Err(io::Error::other("closed")));
        let entered = refusing.handle().enter();
        let error = find("localhost:80").expect_err("it was refused");
        assert_eq!(error.to_string(), "closed");
        drop(entered);
        let losing = Reactor::new();
        losing.handle().offload_to(|job| thread::Builder::new().spawn(move || drop(job)).map(drop));
        let _entered = losing.handle().enter();
        assert!(find("localhost:80").is_err(), "it waits for a job that nobody does");
        Ok(())
    });
}

#[test]
fn a_look_up_that_nobody_waits_for_any_more_does_no_harm() {
    within(|| {
        block_on(async {
            for _ in 0..20 {
                let mut given_up = Box::pin(lookup_host("localhost:80"));
                let _early = poll!(&mut given_up);
            }
            assert!(lookup_host("localhost:80").await?.count() > 0);
            Ok(())
        })
    });
}
