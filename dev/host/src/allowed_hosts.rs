//! `allowed_outbound_hosts`: scheme, host and port, each exact or with the wildcards Spin knows.

use std::net::IpAddr;
use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};
use http::Uri;

/// The domain under which components of the same application call each other.
const CHAINING_SUFFIX: &str = ".spin.internal";

/// What one component may reach.
#[derive(Debug, Default)]
pub struct AllowedHosts(Vec<Allowed>);

/// One entry.
#[derive(Debug)]
struct Allowed {
    /// `None` is `*`.
    scheme: Option<String>,
    host: AllowedHost,
    port: AllowedPort,
}

#[derive(Debug)]
enum AllowedHost {
    Any,
    Subdomain(String),
    ToSelf,
    Literal(Host),
    Network(ip_network::IpNetwork),
}

/// A host as a URL names it.
#[derive(Debug, PartialEq, Eq)]
enum Host {
    Domain(String),
    Address(IpAddr),
}

#[derive(Debug)]
enum AllowedPort {
    Any,
    One(u16),
    Range(Range<u16>),
}

impl AllowedHosts {
    /// Reads resolved entries. An entry that resolved to nothing (`""`, `http://`, `https://`) is
    /// skipped: that is how an optional endpoint is left out.
    pub fn parse(entries: &[String]) -> Result<Self> {
        let wanted =
            entries.iter().filter(|entry| !matches!(entry.as_str(), "" | "http://" | "https://"));
        let parse = |entry: &String| {
            Allowed::parse(entry).with_context(|| format!("allowed_outbound_hosts: {entry:?}"))
        };
        Ok(Self(wanted.map(parse).collect::<Result<_>>()?))
    }

    /// Whether a request to this absolute URI may leave.
    pub fn allow(&self, uri: &Uri) -> bool {
        let scheme = uri.scheme_str().unwrap_or("https");
        let Some(host) = uri.host().filter(|host| !host.is_empty()).map(Host::parse) else {
            return false;
        };
        let port = uri.port_u16().or_else(|| well_known_port(scheme));
        self.0.iter().any(|allowed| {
            allowed.allow_scheme(scheme) && allowed.host.allow(&host) && allowed.port.allow(port)
        })
    }

    /// Whether the application may call itself.
    pub fn allow_self(&self) -> bool {
        self.0.iter().any(|allowed| {
            (allowed.allow_scheme("http") || allowed.allow_scheme("https"))
                && matches!(allowed.host, AllowedHost::Any | AllowedHost::ToSelf)
        })
    }

    /// Whether an entry asks for service chaining, which a cron trigger cannot give.
    pub fn ask_for_chaining(&self) -> bool {
        self.0.iter().any(|allowed| match &allowed.host {
            AllowedHost::Literal(Host::Domain(domain)) => domain.ends_with(CHAINING_SUFFIX),
            AllowedHost::Subdomain(suffix) => suffix == CHAINING_SUFFIX,
            AllowedHost::Any
            | AllowedHost::ToSelf
            | AllowedHost::Literal(_)
            | AllowedHost::Network(_) => false,
        })
    }
}

impl Allowed {
    fn parse(entry: &str) -> Result<Self> {
        ensure!(entry != "insecure:allow-all", "is no longer a value; use '*://*:*'");
        let (scheme, rest) = entry.trim().split_once("://").context("has no scheme")?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.rsplit_once(':') {
            // An IPv6 literal is full of colons; the last one separates a port only behind the
            // bracket.
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (rest, ""),
        };
        let scheme = match scheme {
            "*" => None,
            name if name.chars().all(char::is_alphabetic) => Some(name.to_owned()),
            _ => bail!("the scheme has other characters than letters"),
        };
        let port = match (port, scheme.as_deref()) {
            ("", Some(scheme)) => AllowedPort::One(
                well_known_port(scheme)
                    .with_context(|| format!("has no port and {scheme:?} has none of its own"))?,
            ),
            ("", None) => bail!("has no port"),
            ("*", _) => AllowedPort::Any,
            (port, _) => match port.split_once("..") {
                Some((from, to)) => AllowedPort::Range(from.parse()?..to.parse()?),
                None => AllowedPort::One(port.parse().context("the port is not a number")?),
            },
        };
        Ok(Self { scheme, host: AllowedHost::parse(host)?, port })
    }

    fn allow_scheme(&self, scheme: &str) -> bool {
        self.scheme.as_deref().is_none_or(|allowed| allowed == scheme)
    }
}

impl AllowedHost {
    fn parse(host: &str) -> Result<Self> {
        if host == "*" {
            return Ok(Self::Any);
        }
        if host == "self" || host == "self.alt" {
            return Ok(Self::ToSelf);
        }
        if let Ok(network) = ip_network::IpNetwork::from_str_truncate(host) {
            return Ok(Self::Network(network));
        }
        ensure!(!host.contains('/'), "must not have a path");
        if let Some(domain) = host.strip_prefix("*.") {
            ensure!(!domain.contains('*'), "a wildcard stands only at the front");
            return Ok(Self::Subdomain(format!(".{domain}")));
        }
        ensure!(!host.contains('*'), "a wildcard stands for whole subdomains only");
        ensure!(!host.is_empty(), "has no host");
        Ok(Self::Literal(Host::parse(host)))
    }

    fn allow(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Subdomain(suffix), Host::Domain(domain)) => domain.ends_with(suffix),
            (Self::Literal(literal), host) => literal == host,
            (Self::Network(network), Host::Address(address)) => network.contains(*address),
            (Self::Subdomain(_) | Self::Network(_) | Self::ToSelf, _) => false,
        }
    }
}

impl Host {
    fn parse(text: &str) -> Self {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        bare.parse().map_or_else(|_| Self::Domain(text.to_ascii_lowercase()), Self::Address)
    }
}

impl AllowedPort {
    fn allow(&self, port: Option<u16>) -> bool {
        match self {
            Self::Any => true,
            Self::One(allowed) => port == Some(*allowed),
            Self::Range(range) => port.is_some_and(|port| range.contains(&port)),
        }
    }
}

/// The component a `*.spin.internal` URI names.
pub fn chaining_target(uri: &Uri) -> Option<&str> {
    let (first, rest) = uri.host()?.split_once('.')?;
    (rest == &CHAINING_SUFFIX[1..]).then_some(first)
}

/// The port a scheme stands for.
fn well_known_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        "postgres" => Some(5432),
        "mysql" => Some(3306),
        "redis" => Some(6379),
        "mqtt" => Some(1883),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(entry: &str, uri: &str, expected: bool) {
        let hosts = AllowedHosts::parse(&[entry.to_owned()]).unwrap();
        assert_eq!(hosts.allow(&uri.parse().unwrap()), expected, "{entry} and {uri}");
    }

    #[test]
    fn scheme_host_and_port_all_have_to_match() {
        check("https://api.stripe.com", "https://api.stripe.com/v1", true);
        check("https://api.stripe.com", "http://api.stripe.com/v1", false);
        check("https://api.stripe.com", "https://api.stripe.com:444/", false);
        check("https://api.stripe.com", "https://evil.com/", false);
        check("http://127.0.0.1:*", "http://127.0.0.1:3000/", true);
        check("http://127.0.0.0/8:*", "http://127.1.0.1:3000/", true);
        check("http://[::1]:8080", "http://[::1]:8080/", true);
        check("https://*.example.com", "https://a.example.com/", true);
        check("https://*.example.com", "https://example.com/", false);
        check("*://*:*", "http://anything:1/", true);
        check("http://x:80..82", "http://x:81/", true);
        check("http://x:80..82", "http://x:82/", false);
        check("http://self", "http://self/", false);
    }

    #[test]
    fn entries_without_scheme_or_with_a_path_are_refused() {
        for bad in
            ["example.com", "https://a/b", "*", "insecure:allow-all", "*://a", "https://*a.b"]
        {
            AllowedHosts::parse(&[bad.to_owned()]).unwrap_err();
        }
    }

    #[test]
    fn an_empty_resolution_is_no_entry() {
        assert!(AllowedHosts::parse(&["https://".to_owned(), String::new()]).unwrap().0.is_empty());
    }

    #[test]
    fn chaining_names_the_component() {
        assert_eq!(
            chaining_target(&"http://cart-items.spin.internal/x".parse().unwrap()),
            Some("cart-items")
        );
        assert_eq!(chaining_target(&"http://a.b.spin.internal/x".parse().unwrap()), None);
    }
}
