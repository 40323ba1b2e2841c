//! How the text of a variable is read, and what its table says of the form.

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    One,
    /// Seconds; milliseconds for who reads it.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Bytes.
    Bytes,
    /// Hundredths of a percent.
    BasisPoints,
}

impl Unit {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::One => "",
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
            Self::Bytes => "bytes",
            Self::BasisPoints => "basis points",
        }
    }
}

/// The form of a variable's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A whole number within bounds, both included.
    Number {
        /// The least it may be.
        low: i64,
        /// The most it may be.
        high: i64,
        /// What it counts.
        unit: Unit,
    },
    /// A text; what it must be is said in words.
    Text(&'static str),
    /// Any text.
    Any,
    /// A host that components may reach, for `allowed_outbound_hosts`: no component reads it.
    Host,
    /// One that they read as well, to know what they may reach.
    KnownHost(&'static str),
}

impl Form {
    /// Whether it is a host that components may reach.
    #[must_use]
    pub const fn is_host(self) -> bool {
        matches!(self, Self::Host | Self::KnownHost(_))
    }
}

/// Gives a row's reader and what the table says of its form.
macro_rules! form {
    (@read seconds $low:literal to $high:literal) => {
        |text| {
            let seconds: Option<i64> = $crate::form::whole(text, $low, $high);
            seconds.and_then(|seconds| seconds.checked_mul(1_000)).ok_or(form!(@right seconds $low to $high))
        }
    };
    (@read $unit:ident $low:literal to $high:literal) => {
        |text| $crate::form::whole(text, $low, $high).ok_or(form!(@right $unit $low to $high))
    };
    (@read must $right:literal $read:expr) => {
        |text| $read(text).ok_or(concat!("must ", $right))
    };
    (@read any) => { |text| Ok(text.to_owned()) };
    (@read host) => { |text| Ok(text.to_owned()) };
    (@read known_host $right:literal $read:expr) => {
        |text| $read(text).ok_or(concat!("must ", $right))
    };

    (@right seconds $low:literal to $high:literal) => { concat!("must be a whole number of seconds from ", $low, " to ", $high) };
    (@right milliseconds $low:literal to $high:literal) => { concat!("must be a whole number of milliseconds from ", $low, " to ", $high) };
    (@right $unit:ident $low:literal to $high:literal) => { concat!("must be a whole number from ", $low, " to ", $high) };

    (@form seconds $low:literal to $high:literal) => { form!(@number $low $high Seconds) };
    (@form milliseconds $low:literal to $high:literal) => { form!(@number $low $high Milliseconds) };
    (@form bytes $low:literal to $high:literal) => { form!(@number $low $high Bytes) };
    (@form basis_points $low:literal to $high:literal) => { form!(@number $low $high BasisPoints) };
    (@form number $low:literal to $high:literal) => { form!(@number $low $high One) };
    (@form must $right:literal $read:expr) => { $crate::Form::Text(concat!("must ", $right)) };
    (@form any) => { $crate::Form::Any };
    (@form host) => { $crate::Form::Host };
    (@form known_host $right:literal $read:expr) => { $crate::Form::KnownHost(concat!("must ", $right)) };
    (@number $low:literal $high:literal $unit:ident) => { $crate::Form::Number { low: $low, high: $high, unit: $crate::Unit::$unit } };
}
pub(crate) use form;

/// A whole number within bounds, both included.
pub(crate) fn whole<T: TryFrom<i64>>(text: &str, low: i64, high: i64) -> Option<T> {
    text.parse::<i64>().ok().filter(|number| (low..=high).contains(number))?.try_into().ok()
}

/// Whatever its type reads.
pub(crate) fn parsed<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

pub(crate) fn not_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Several keys for one purpose, so that one can be changed without a stop (SEC-5): the first signs
/// or seals, all of them verify or open. Commas, spaces or line ends stand between them.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    first: String,
    others: Vec<String>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(redacted)")
    }
}

impl Keys {
    /// What is signed or sealed with.
    #[must_use]
    pub fn first(&self) -> &str {
        &self.first
    }

    /// All of them, the first first.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.first.as_str()).chain(self.others.iter().map(String::as_str))
    }
}

/// As a variable holds them. Whether each will do for its purpose, the variable's own reader says.
impl std::str::FromStr for Keys {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        keys(text, |_| true).ok_or("must not be empty")
    }
}

fn keys(text: &str, fits: fn(&str) -> bool) -> Option<Keys> {
    let mut each = text
        .split(|c: char| c == ',' || c.is_ascii_whitespace())
        .filter(|key| !key.is_empty())
        .map(str::to_owned);
    let keys = Keys { first: each.next()?, others: each.collect() };
    if keys.all().all(fits) { Some(keys) } else { None }
}

/// Each fit to sign with: as long as the hash that is made with it.
pub(crate) fn signing_keys(text: &str) -> Option<Keys> {
    keys(text, |key| key.len() >= 32)
}

/// The same, or none where there is nothing.
pub(crate) fn signing_keys_if_any(text: &str) -> Option<Option<Keys>> {
    if text.is_empty() { Some(None) } else { signing_keys(text).map(Some) }
}

/// Each the base64 of 32 bytes.
pub(crate) fn sealing_keys(text: &str) -> Option<Keys> {
    keys(text, |key| {
        let digits = key.strip_suffix('=').unwrap_or_default();
        digits.len() == 43
            && digits
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
    })
}

/// The origins whose pages may call from a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Any page's.
    Any,
    /// These, each as a browser writes it; none, if there is none.
    These(Vec<String>),
}

/// `*`, or origins with commas or spaces between them: scheme, host and, if it is not the scheme's
/// own, port, and nothing after.
pub(crate) fn origins(text: &str) -> Option<Origins> {
    if text.trim() == "*" {
        return Some(Origins::Any);
    }
    let names = text.split([',', ' ']).filter(|name| !name.is_empty());
    names
        .map(|name| is_origin(name).then(|| name.to_owned()))
        .collect::<Option<_>>()
        .map(Origins::These)
}

/// Browsers write an origin in lower case, without a slash at its end and without the scheme's own
/// port: one that is written otherwise would never be met.
fn is_origin(name: &str) -> bool {
    let rest = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://"));
    let is_own = (name.starts_with("https:") && name.ends_with(":443"))
        || (name.starts_with("http:") && name.ends_with(":80"));
    rest.is_some_and(|rest| {
        !rest.is_empty()
            && rest.bytes().all(
                |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b':' | b'[' | b']'),
            )
    }) && !is_own
}

/// In clear only on this machine: what goes there carries keys, and what comes from there is
/// believed.
pub(crate) fn url(text: &str) -> Option<String> {
    let authority = |rest: &str| rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned();
    let fits = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => !authority(rest).is_empty(),
        (None, Some(rest)) => is_loopback(&authority(rest)),
        (None, None) => false,
    };
    fits.then(|| text.trim_end_matches('/').to_owned())
}

/// A scheme and a host, and its port, with nothing behind: in clear only on this machine.
pub(crate) fn origin(text: &str) -> Option<String> {
    let rest = text.split_once("://")?.1;
    let is_bare = !rest.contains(['/', '?', '#', '@', '*']);
    url(text).filter(|_| is_bare && text == text.to_ascii_lowercase())
}

/// Whether a URL's authority is this machine, whatever the port; one with a user in it is not.
fn is_loopback(authority: &str) -> bool {
    let port = |rest: &str| {
        rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
    };
    if let Some(rest) = authority.strip_prefix("[::1]") {
        return port(rest);
    }
    let (host, rest) = authority
        .find(':')
        .and_then(|at| authority.split_at_checked(at))
        .unwrap_or((authority, ""));
    let is_number = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_local = host == "localhost" || host.strip_prefix("127.").is_some_and(is_number);
    is_local && port(rest)
}

/// A sink may be a Redis too.
pub(crate) fn sink_url(text: &str) -> Option<String> {
    if is_redis(text) { Some(text.to_owned()) } else { url(text) }
}

pub(crate) fn postgres_url(text: &str) -> Option<String> {
    text.starts_with("postgres://").then(|| text.to_owned())
}

/// Nothing, or what `read` takes.
pub(crate) fn or_empty(text: &str, read: fn(&str) -> Option<String>) -> Option<String> {
    if text.is_empty() { Some(String::new()) } else { read(text) }
}

/// Whether events to `url` go to a Redis, and not over HTTP.
#[must_use]
pub fn is_redis(url: &str) -> bool {
    ["redis://", "rediss://"].iter().any(|scheme| url.starts_with(scheme))
}
