//! Addresses, and names that lead to them.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::{iter, option, vec};

use crate::messages;
use crate::reactor::Handle;

/// What leads to addresses of sockets: an address, a list of them, or a host with a port, whose name is
/// looked up on a thread that may block. std's trait of this name, for use in a task; it can not be
/// implemented elsewhere.
pub trait ToSocketAddrs: sealed::ToAddresses {}

pub(crate) mod sealed {
    /// What a [`ToSocketAddrs`](super::ToSocketAddrs) can do.
    pub trait ToAddresses {
        #[doc(hidden)]
        fn to_addresses(&self) -> super::Addresses;
    }
}

use sealed::ToAddresses;

/// Addresses, or how to find them.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addresses {
    One(SocketAddr),
    Many(Vec<SocketAddr>),
    LookUp(String, u16),
    /// A text that is no address and no name with a port.
    Malformed(String),
}

/// Addresses that were found.
pub(crate) type Found = iter::Chain<option::IntoIter<SocketAddr>, vec::IntoIter<SocketAddr>>;

impl Addresses {
    /// Looks names up.
    pub(crate) async fn find(self) -> io::Result<Found> {
        let (one, many) = match self {
            Addresses::One(addr) => (Some(addr), Vec::new()),
            Addresses::Many(addrs) => (None, addrs),
            Addresses::LookUp(host, port) => (None, look_up(host, port).await?),
            Addresses::Malformed(text) => return Err(messages::no_address(&text)),
        };
        Ok(one.into_iter().chain(many))
    }
}

/// The system's own look-up. It blocks, for some seconds perhaps.
async fn look_up(host: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    let look_up = move || {
        std::net::ToSocketAddrs::to_socket_addrs(&(host.as_str(), port)).map(Vec::from_iter)
    };
    Handle::here()?.offload(look_up).await?
}

/// Tries one address after another until something can be made of it.
pub(crate) async fn first_of<A: ToSocketAddrs, R, F: Future<Output = io::Result<R>>>(
    addr: A,
    mut try_one: impl FnMut(SocketAddr) -> F,
) -> io::Result<R> {
    let mut error = None;
    for addr in addr.to_addresses().find().await? {
        match try_one(addr).await {
            Ok(made) => return Ok(made),
            Err(failed) => error = Some(failed),
        }
    }
    Err(error.unwrap_or_else(messages::no_addresses))
}

/// Looks up a host: all addresses that its name leads to.
///
/// A look-up can not be cancelled: one that nobody waits for any more goes on, on its thread, and its result is
/// dropped.
///
/// ```
/// # rt_executor::block_on(async {
/// let found: Vec<_> = rt_io::net::lookup_host("127.0.0.1:80").await?.collect();
/// assert_eq!(found, ["127.0.0.1:80".parse().unwrap()]);
/// assert!(rt_io::net::lookup_host("localhost:80").await?.all(|addr| addr.ip().is_loopback()));
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// The system's, if the name leads nowhere or can not be looked up; `InvalidInput`, if the text is no host
/// with a port.
pub async fn lookup_host<T: ToSocketAddrs>(
    host: T,
) -> io::Result<impl Iterator<Item = SocketAddr>> {
    host.to_addresses().find().await
}

/// `host:port`.
fn parse(text: &str) -> Addresses {
    if let Ok(addr) = text.parse() {
        return Addresses::One(addr);
    }
    let parts = text.rsplit_once(':');
    match parts.map(|(host, port)| (host, port.parse())) {
        Some((host, Ok(port))) if !host.is_empty() => Addresses::LookUp(host.to_owned(), port),
        _ => Addresses::Malformed(text.to_owned()),
    }
}

macro_rules! addresses {
    ($($(#[$attribute:meta])* $type:ty => |$this:ident| $found:expr;)*) => {$(
        impl ToSocketAddrs for $type {}

        impl ToAddresses for $type {
            fn to_addresses(&self) -> Addresses {
                let $this = self;
                $found
            }
        }
    )*};
}

addresses! {
    SocketAddr => |this| Addresses::One(*this);
    SocketAddrV4 => |this| Addresses::One((*this).into());
    SocketAddrV6 => |this| Addresses::One((*this).into());
    (IpAddr, u16) => |this| Addresses::One((*this).into());
    (Ipv4Addr, u16) => |this| Addresses::One((*this).into());
    (Ipv6Addr, u16) => |this| Addresses::One((*this).into());
    [SocketAddr] => |this| Addresses::Many(this.to_vec());
    Vec<SocketAddr> => |this| Addresses::Many(this.clone());
    str => |this| parse(this);
    String => |this| parse(this);
    (&str, u16) => |this| host(this.0, this.1);
    (String, u16) => |this| host(&this.0, this.1);
}

fn host(host: &str, port: u16) -> Addresses {
    match host.parse() {
        Ok(ip) => Addresses::One(SocketAddr::new(ip, port)),
        Err(_) => Addresses::LookUp(host.to_owned(), port),
    }
}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {}

impl<T: ToAddresses + ?Sized> ToAddresses for &T {
    fn to_addresses(&self) -> Addresses {
        (**self).to_addresses()
    }
}

impl<const N: usize> ToSocketAddrs for [SocketAddr; N] {}

impl<const N: usize> ToAddresses for [SocketAddr; N] {
    fn to_addresses(&self) -> Addresses {
        Addresses::Many(self.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::{Addresses, parse};

    #[test]
    fn a_text_is_an_address_a_name_with_a_port_or_an_error() {
        let look_up = |host: &str, port| Addresses::LookUp(host.to_owned(), port);
        assert_eq!(parse("127.0.0.1:80"), Addresses::One(([127, 0, 0, 1], 80).into()));
        assert_eq!(parse("[::1]:80"), Addresses::One("[::1]:80".parse().unwrap()));
        assert_eq!(parse("example.org:80"), look_up("example.org", 80));
        for malformed in ["example.org", "", ":80", "example.org:", "example.org:70000", "a:-1"] {
            assert_eq!(parse(malformed), Addresses::Malformed(malformed.to_owned()));
        }
    }
}
