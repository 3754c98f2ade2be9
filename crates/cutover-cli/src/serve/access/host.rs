//! The names this server goes by.

use std::net::{IpAddr, SocketAddr};

/// The names this server goes by, as `Host` gives them.
///
/// An address can't be rebound, a name can: a name is ours only if it is `localhost` or was
/// given by the operator.
#[derive(Debug)]
pub(crate) struct Hosts {
    address: SocketAddr,
    names: Vec<String>,
}

impl Hosts {
    pub(crate) fn new(address: SocketAddr, names: &[String]) -> Self {
        Self { address, names: names.to_vec() }
    }

    /// Whether a `Host` is this server's.
    pub(crate) fn ours(&self, host: &str) -> bool {
        let (name, port) = split(host);
        if self.names.iter().any(|ours| {
            ours.eq_ignore_ascii_case(host)
                || (split(ours).1.is_none() && ours.eq_ignore_ascii_case(name))
        }) {
            return true;
        }
        // Port 80 is left out by browsers.
        if port.map_or(Some(80), |port| port.parse().ok()) != Some(self.address.port()) {
            return false;
        }
        let ip = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match ip.map(|ip| ip.to_canonical()) {
            Ok(ip) => ip == self.address.ip().to_canonical() || !self.loopback(),
            Err(_) => self.loopback() && name.eq_ignore_ascii_case("localhost"),
        }
    }

    fn loopback(&self) -> bool {
        self.address.ip().to_canonical().is_loopback()
    }
}

/// A name and its port. An IPv6 address has colons of its own, in brackets.
fn split(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_server_goes_by_its_address_and_localhost() {
        let hosts = Hosts::new("127.0.0.1:7272".parse().unwrap(), &[]);
        for ours in ["127.0.0.1:7272", "localhost:7272", "LOCALHOST:7272"] {
            assert!(hosts.ours(ours), "{ours}");
        }
        for other in [
            "",
            ":",
            "127.0.0.1",
            "127.0.0.1:7273",
            "127.0.0.2:7272",
            "evil.example:7272",
            "localhost.evil.example:7272",
            "127.0.0.1.evil.example:7272",
            "127.0.0.1:7272.evil.example",
            "[::1]:7272",
            "localhost",
        ] {
            assert!(!hosts.ours(other), "{other}");
        }
        let six = Hosts::new("[::1]:7272".parse().unwrap(), &[]);
        assert!(six.ours("[::1]:7272") && six.ours("localhost:7272") && !six.ours("[::1]"));
        let plain = Hosts::new("127.0.0.1:80".parse().unwrap(), &[]);
        assert!(plain.ours("127.0.0.1") && plain.ours("localhost:80"));
    }

    #[test]
    fn an_exposed_server_goes_by_addresses_and_by_names_it_was_given() {
        let names = ["db.example".to_owned(), "proxy.example:443".to_owned()];
        let hosts = Hosts::new("0.0.0.0:7272".parse().unwrap(), &names);
        for ours in ["10.1.2.3:7272", "db.example:7272", "DB.example", "proxy.example:443"] {
            assert!(hosts.ours(ours), "{ours}");
        }
        for other in ["localhost:7272", "10.1.2.3:80", "proxy.example", "evil.example:7272"] {
            assert!(!hosts.ours(other), "{other}");
        }
    }
}
