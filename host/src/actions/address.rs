//! Which addresses may be reached. A name is looked up once for each connection, and the connection is made to an
//! address that was looked at: a name that means another address a moment later leads nowhere else.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Looks the addresses of a name up.
pub type Names = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// As the system does.
pub fn system() -> Names {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|it| it.ip()).collect())
        })
    })
}

/// Gives connections those addresses alone that they may be made to.
pub(super) struct Guard {
    pub names: Names,
    pub allow_private: bool,
}

/// A name all of whose addresses are private.
#[derive(Debug)]
pub(super) struct Private(pub String);

impl fmt::Display for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is of this machine or of a private network; `allow_private: true` lets the action be sent there",
            self.0
        )
    }
}

impl std::error::Error for Private {}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, allow_private) = ((self.names)(name.as_str().to_owned()), self.allow_private);
        Box::pin(async move {
            let all = lookup.await?;
            let may = all.iter().filter(|it| allow_private || is_public(**it));
            // The port is that of the address which was asked for.
            let may: Vec<_> = may.map(|it| SocketAddr::new(*it, 0)).collect();
            match (all.first(), may.is_empty()) {
                (None, _) => Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into()),
                (Some(_), true) => Err(Private(format!("the address of `{}`", name.as_str())).into()),
                (Some(_), false) => Ok(Box::new(may.into_iter()) as Addrs),
            }
        })
    }
}

/// Whether an address is of the public internet: none of those that the registries of IANA for special purposes hold
/// (RFC 6890), and no multicast. Of IPv6 addresses that stand for one of IPv4, that one decides.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => is_public_v4(it),
        IpAddr::V6(it) => is_public_v6(it),
    }
}

fn is_public_v4(it: Ipv4Addr) -> bool {
    let [a, b, c, _] = it.octets();
    let special = match a {
        0 | 10 | 127 | 224..=255 => true,
        // Shared by the customers of a provider.
        100 => (64..128).contains(&b),
        169 => b == 254,
        172 => (16..32).contains(&b),
        192 => b == 168 || b == 0 && (c == 0 || c == 2) || b == 88 && c == 99,
        198 => b == 18 || b == 19 || b == 51 && c == 100,
        203 => b == 0 && c == 113,
        _ => false,
    };
    !special
}

fn is_public_v6(it: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = it.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b) {
        // ::ffff:a.b.c.d, and ::a.b.c.d with :: and ::1 among them.
        (0, 0) => c == 0 && d == 0 && e == 0 && (f == 0 || f == 0xffff) && !(f == 0 && g == 0) && v4(g, h),
        // NAT64.
        (0x64, 0xff9b) => c == 0 && d == 0 && e == 0 && f == 0 && v4(g, h),
        // 6to4.
        (0x2002, _) => v4(b, c),
        // Teredo, benchmarks, ORCHID and the like; documentation.
        (0x2001, 0..0x200 | 0xdb8) => false,
        (0x3fff, 0..0x1000) => false,
        // What is given out to the public internet.
        (0x2000..0x4000, _) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known_in_every_disguise() {
        for it in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "fec0::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "2001::1",
            "2001:db8::1",
            "100::1",
        ] {
            assert!(!is_public(it.parse().unwrap()), "{it}");
        }
        for it in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.1.0.1",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(is_public(it.parse().unwrap()), "{it}");
        }
    }
}
