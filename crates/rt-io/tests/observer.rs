//! The hook: how many sockets something happened to. One observer a process, so one test.

use std::sync::Mutex;
use std::time::Duration;

use rt_executor::{Executor, Fifo};
use rt_io::net::UdpSocket;
use rt_io::{Observer, Reactor, observe};
use rt_testkit::within;

struct Book(Mutex<Vec<usize>>);

static BOOK: Book = Book(Mutex::new(Vec::new()));

impl Observer for Book {
    fn ready(&self, sockets: usize) {
        self.0.lock().unwrap().push(sockets);
        panic!("an observer may panic: nobody's wait is to end because of it");
    }
}

#[test]
fn an_observer_is_told_of_sockets_that_are_ready() {
    within(Duration::from_secs(20), || {
        let reactor = Reactor::new();
        let handle = reactor.handle();
        let executor = Executor::with(reactor, Fifo::new(), ());
        let _entered = handle.enter();
        let exchange = || async {
            let here = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let there = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let address = there.local_addr().unwrap();
            let hears = executor.spawn(async move { there.recv(&mut [0; 8]).await.unwrap() });
            rt_executor::yield_now().await; // so that it waits
            here.send_to(b"ping", address).await.unwrap();
            assert_eq!(hears.await.unwrap(), 4);
        };
        executor.run(exchange());
        assert!(BOOK.0.lock().unwrap().is_empty(), "nobody was to be told");
        assert!(observe(Some(&BOOK)).is_none());
        executor.run(exchange());
        let told = std::mem::take(&mut *BOOK.0.lock().unwrap());
        assert!(!told.is_empty() && told.iter().all(|&sockets| sockets > 0), "{told:?}");
        assert!(observe(None).is_some());
        executor.run(exchange());
        assert!(BOOK.0.lock().unwrap().is_empty(), "it was switched off");
    });
}
