//! The file of hosts of this machine (hosts(5)), in which operators give names addresses of their own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::is_loopback_name;

/// The addresses that a file of hosts gives a name. `localhost` and the names below it are this machine also where the file does
/// not have them, and are asked of nobody (RFC 6761 section 6.3).
pub(super) fn addresses(file: &str, name: &str) -> Vec<IpAddr> {
    let found: Vec<IpAddr> = file.lines().filter_map(|line| of_line(line, name)).collect();
    if found.is_empty() && is_loopback_name(name) {
        return vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    }
    found
}

/// The address of a line, when the line has the name.
fn of_line(line: &str, name: &str) -> Option<IpAddr> {
    let line = line.split('#').next().unwrap_or_default();
    let mut words = line.split_ascii_whitespace();
    // An address with a zone, such as `fe80::1%eth0`, is none that could be connected to.
    let address = words.next()?.parse().ok()?;
    let bare = |name: &str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let name = bare(name);
    words.any(|word| bare(word) == name).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_addresses_of_all_lines_that_have_it() {
        let file = "# 10.0.0.9 a.test\n10.0.0.1\ta.test  b.test # c.test\nfd00::1 A.test.\n\
                    not-an-address a.test\nfe80::1%eth0 a.test\n127.0.1.1 d.localhost\n10.0.0.2\n";
        for (name, wanted) in [
            ("a.test", &["10.0.0.1", "fd00::1"][..]),
            ("B.TEST.", &["10.0.0.1"]),
            ("c.test", &[]),
            ("test", &[]),
            ("localhost", &["127.0.0.1", "::1"]),
            ("d.localhost", &["127.0.1.1"]),
        ] {
            let wanted: Vec<IpAddr> = wanted.iter().map(|address| address.parse().unwrap()).collect();
            assert_eq!(addresses(file, name), wanted, "{name}");
        }
    }
}
