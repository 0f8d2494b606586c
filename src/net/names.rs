//! Names as this machine knows them: by its file of hosts, and by the name servers of its resolver (resolv.conf(5)), with the time
//! for which an answer holds. Both files are read again when they have changed.
//!
//! Which of the addresses may be connected to, and when to ask again, is for those who ask.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

#[cfg(test)]
use hickory_resolver::config::{ConnectionConfig, NameServerConfig};
use hickory_resolver::config::{LookupIpStrategy, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, Record};
use hickory_resolver::{Resolver, TokioResolver, system_conf};

use super::hosts;

/// Where operators give names addresses of their own.
const HOSTS: &str = "/etc/hosts";
/// Where the name servers stand.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// What looks names up. Cheap to clone.
#[derive(Clone)]
pub struct Names(Arc<Files>);

struct Files {
    hosts: PathBuf,
    resolv_conf: PathBuf,
    /// What asks the name servers, with the time of the file that names them.
    asks: Mutex<Option<(Option<SystemTime>, TokioResolver)>>,
    read: ReadSettings,
}

/// Reads which name servers are asked, and how.
type ReadSettings = fn(&Path) -> Result<(ResolverConfig, ResolverOpts), String>;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known<T> {
    /// What was found.
    pub found: Vec<T>,
    /// How long that holds; `None` for the file of hosts, which does not say.
    pub ttl: Option<Duration>,
}

/// One place of a service (RFC 2782).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePlace {
    /// Those with the lowest number are used.
    pub priority: u16,
    /// Its part of the load beside the others of its priority.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The name of the host; `.` says that there is no such service.
    pub host: String,
}

/// Why a name is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The machine names no name servers that could be asked.
    #[error("/etc/resolv.conf cannot be used: {0}")]
    NoServers(String),
    /// The name servers say so, or nothing.
    #[error("{0}")]
    Unanswered(String),
}

impl Names {
    /// As this machine has it.
    #[must_use]
    pub fn of_machine() -> Self {
        Self::of(HOSTS.into(), RESOLV_CONF.into(), |_| {
            system_conf::read_system_conf().map_err(|error| error.to_string())
        })
    }

    fn of(hosts: PathBuf, resolv_conf: PathBuf, read: ReadSettings) -> Self {
        Self(Arc::new(Files { hosts, resolv_conf, asks: Mutex::new(None), read }))
    }

    /// By the files of a test: `hosts`, and `resolv.conf` with the address of one name server.
    #[cfg(test)]
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self::of(folder.join("hosts"), folder.join("resolv.conf"), |path| {
            let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
            let at: std::net::SocketAddr = text.parse().map_err(|_| "no address".to_owned())?;
            let mut connection = ConnectionConfig::udp();
            connection.port = at.port();
            let server = NameServerConfig::new(at.ip(), true, vec![connection]);
            let mut options = ResolverOpts::default();
            (options.attempts, options.timeout) = (0, Duration::from_secs(5));
            Ok((ResolverConfig::from_parts(None, Vec::new(), vec![server]), options))
        })
    }

    /// The addresses of a name: those of the file of hosts, or those of its A and AAAA records.
    ///
    /// # Errors
    /// When nobody knows it.
    pub async fn addresses(&self, name: &str) -> Result<Known<IpAddr>, NameError> {
        let file = tokio::fs::read(&self.0.hosts).await.unwrap_or_default();
        let found = hosts::addresses(&String::from_utf8_lossy(&file), name);
        if !found.is_empty() {
            return Ok(Known { found, ttl: None });
        }
        let asked = self.resolver().await?.lookup_ip(name).await;
        let answer = asked.map_err(|error| unanswered(&error))?;
        let records = answer.as_lookup().answers();
        Ok(Known { found: answer.iter().collect(), ttl: ttl(records) })
    }

    /// The places of a service, by its SRV records.
    ///
    /// # Errors
    /// When nobody knows it.
    pub async fn places(&self, service: &str) -> Result<Known<ServicePlace>, NameError> {
        let asked = self.resolver().await?.srv_lookup(service).await;
        let answer = asked.map_err(|error| unanswered(&error))?;
        let place = |record: &Record| match &record.data {
            RData::SRV(place) => Some(ServicePlace {
                priority: place.priority,
                weight: place.weight,
                port: place.port,
                host: place.target.to_ascii(),
            }),
            _ => None,
        };
        let records = answer.answers();
        Ok(Known { found: records.iter().filter_map(place).collect(), ttl: ttl(records) })
    }

    /// What asks the name servers: that of before, unless the file that names them has changed.
    async fn resolver(&self) -> Result<TokioResolver, NameError> {
        let seen = tokio::fs::metadata(&self.0.resolv_conf).await;
        let changed_at = seen.and_then(|file| file.modified()).ok();
        let mut asks = self.0.asks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, resolver)) = &*asks
            && *at == changed_at
        {
            return Ok(resolver.clone());
        }
        let (config, options) = (self.0.read)(&self.0.resolv_conf).map_err(NameError::NoServers)?;
        let resolver = asking(config, options).map_err(NameError::NoServers)?;
        *asks = Some((changed_at, resolver.clone()));
        Ok(resolver)
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").field("resolv_conf", &self.0.resolv_conf).finish_non_exhaustive()
    }
}

fn asking(config: ResolverConfig, mut options: ResolverOpts) -> Result<TokioResolver, String> {
    // Whoever asks does so when the answer of before no longer holds, and the file of hosts was read.
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    let builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
    builder.with_options(options).build().map_err(|error| error.to_string())
}

/// What the name servers say, in the words of operators.
fn unanswered(error: &NetError) -> NameError {
    NameError::Unanswered(match error {
        error if error.is_nx_domain() => "there is no such name (NXDOMAIN)".to_owned(),
        error if error.is_no_records_found() => "the name has no such records".to_owned(),
        error => error.to_string(),
    })
}

/// How long all of these records hold.
fn ttl(records: &[Record]) -> Option<Duration> {
    records.iter().map(|record| Duration::from_secs(record.ttl.into())).min()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use tempfile::TempDir;
    use testkit::dns::{Data, Dns, Says};

    use super::*;

    async fn world(hosts: &str) -> (TempDir, Dns, Names) {
        let (folder, dns) = (tempfile::tempdir().unwrap(), Dns::start().await);
        fs::write(folder.path().join("hosts"), hosts).unwrap();
        fs::write(folder.path().join("resolv.conf"), dns.address.to_string()).unwrap();
        let names = Names::in_folder(folder.path());
        (folder, dns, names)
    }

    fn known(addresses: &[&str], ttl: Option<u64>) -> Known<IpAddr> {
        let found = addresses.iter().map(|address| address.parse().unwrap()).collect();
        Known { found, ttl: ttl.map(Duration::from_secs) }
    }

    async fn sorted(names: &Names, name: &str) -> Result<Known<IpAddr>, NameError> {
        let mut known = names.addresses(name).await?;
        known.found.sort_unstable();
        Ok(known)
    }

    #[tokio::test]
    async fn a_name_is_asked_for_unless_the_file_of_hosts_has_it() {
        let (_folder, dns, names) = world("10.1.0.1 a.test\n").await;
        dns.addresses("a.test", 7, &["10.0.0.1"]);
        dns.addresses("b.test", 7, &["10.0.0.2", "fd00::2", "10.0.0.1"]);
        dns.says("c.test", Says::Records(20, vec![Data::Alias("b.test")]));
        assert_eq!(sorted(&names, "a.test").await, Ok(known(&["10.1.0.1"], None)));
        assert_eq!(dns.asked("a.test"), 0);
        let both = ["10.0.0.1", "10.0.0.2", "fd00::2"];
        assert_eq!(sorted(&names, "b.test").await, Ok(known(&both, Some(7))));
        assert_eq!(
            sorted(&names, "c.test").await,
            Ok(known(&both, Some(7))),
            "the shorter one of both counts"
        );
        assert_eq!(sorted(&names, "localhost").await, Ok(known(&["127.0.0.1", "::1"], None)));
        assert_eq!(dns.asked("localhost"), 0);
    }

    #[tokio::test]
    async fn an_answer_is_not_kept() {
        let (_folder, dns, names) = world("").await;
        for last in ["10.0.0.1", "10.0.0.2"] {
            dns.addresses("a.test", 3_600, &[last]);
            assert_eq!(names.addresses("a.test").await, Ok(known(&[last], Some(3_600))));
        }
    }

    #[tokio::test]
    async fn a_service_has_places() {
        let (_folder, dns, names) = world("").await;
        let records = vec![Data::Service(1, 20, 8080, "a.test"), Data::Service(2, 0, 81, "b.test")];
        dns.says("_agent._tcp.test", Says::Records(9, records));
        let place = |priority, weight, port, host: &str| ServicePlace {
            priority,
            weight,
            port,
            host: host.to_owned(),
        };
        let mut known = names.places("_agent._tcp.test").await.unwrap();
        known.found.sort_by_key(|place| place.priority);
        assert_eq!(known.found, [place(1, 20, 8080, "a.test."), place(2, 0, 81, "b.test.")]);
        assert_eq!(known.ttl, Some(Duration::from_secs(9)));
    }

    #[tokio::test]
    async fn what_nobody_knows_is_an_error() {
        let (_folder, dns, names) = world("").await;
        dns.says("broken.test", Says::Code(2));
        dns.says("other.test", Says::Records(7, vec![Data::Service(0, 0, 1, "a.test")]));
        for (name, wanted) in [
            ("absent.test", "there is no such name (NXDOMAIN)"),
            ("broken.test", "Server Failure"),
            ("other.test", "the name has no such records"),
        ] {
            let error = names.addresses(name).await.unwrap_err();
            assert!(
                matches!(&error, NameError::Unanswered(said) if said.contains(wanted)),
                "{name}: {error}"
            );
            assert!(names.places(name).await.is_err() || name == "other.test", "{name}");
        }
    }

    #[tokio::test]
    async fn other_name_servers_are_asked_once_the_file_names_them() {
        let (folder, dns, names) = world("").await;
        dns.addresses("a.test", 7, &["10.0.0.1"]);
        assert_eq!(names.addresses("a.test").await, Ok(known(&["10.0.0.1"], Some(7))));
        let other = Dns::start().await;
        other.addresses("a.test", 7, &["10.0.0.2"]);
        let path = folder.path().join("resolv.conf");
        fs::write(&path, other.address.to_string()).unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(names.addresses("a.test").await, Ok(known(&["10.0.0.2"], Some(7))));
        fs::remove_file(&path).unwrap();
        let error = names.addresses("a.test").await.unwrap_err();
        assert!(matches!(error, NameError::NoServers(_)), "{error}");
    }
}
