//! A PostgreSQL of one's own: made by `initdb` of the installed server, on a port and in a folder
//! of its own, durable in nothing unless it is to be measured, and gone with the process that asked
//! for it, however that ends. Nothing of the machine's own servers is touched.
//!
//! [`Cluster::start`] gives `None`, and says so past every test harness, where no server is
//! installed; `EDGETILL_POSTGRES=required` makes that an error, for machines that have to test both
//! databases. [`RedisServer`] is the same for Redis.

mod redis;

use std::{
    collections::hash_map::RandomState,
    env, fmt, fs,
    hash::{BuildHasher, Hasher},
    io::{self, Write as _},
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt, OpenOptionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

pub use redis::RedisServer;

/// Set to `required`, a missing server is an error; set to `none`, none is started.
const REQUIRED: &str = "EDGETILL_POSTGRES";
/// The oldest server the store's statements run on.
const OLDEST: u32 = 15;
/// How long the server may take to accept connections.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Who owns the databases: superuser, and not of the name that a shop's own role has.
const OWNER: &str = "cluster";

/// What every server is told: nobody from outside is served.
const PRIVATE: &[&str] = &["listen_addresses=127.0.0.1", "unix_socket_directories="];

/// What a test's server is told: it keeps nothing.
const FORGETFUL: &[&str] = &[
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "autovacuum=off",
    "shared_buffers=64MB",
];

/// Many tests may be connected. Every component may hold a pool of 64 on Spin; a test uses few of
/// them.
const ROOMY: &[&str] = &["max_connections=1000"];

/// As many as a server takes that nobody has set up.
const SMALL: &[&str] = &["max_connections=100"];

/// What a server is told that is to be as slow as one that keeps everything; every component fills
/// its pool.
const DURABLE: &[&str] = &[
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "max_connections=1000",
    "shared_buffers=256MB",
];

/// Serves until its standard input ends, which is when the process that holds the other end does.
const UNTIL_NOBODY_LISTENS: &str = r#"bin=$1; home=$2; shift 2
"$bin/postgres" -D "$home/data" "$@" </dev/null >"$home/log" 2>&1 & server=$!
cat >/dev/null
kill -QUIT $server; wait $server; rm -rf "$home""#;

/// A running server. It stops and its folder goes when the value is dropped or the process ends.
#[derive(Debug)]
pub struct Cluster {
    server: Child,
    home: PathBuf,
    port: u16,
    password: String,
}

/// Why no server runs.
#[derive(Debug)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl Cluster {
    /// Starts a server of the newest version installed, or says that none is.
    /// `EDGETILL_POSTGRES=none` does without, silently.
    pub fn start() -> Result<Option<Self>, Error> {
        Self::start_with(&[FORGETFUL, ROOMY])
    }

    /// As [`Cluster::start`], one that loses nothing when the machine stops: for measuring.
    pub fn start_durable() -> Result<Option<Self>, Error> {
        Self::start_with(&[DURABLE])
    }

    /// As [`Cluster::start`], one that takes no more connections than PostgreSQL does by default:
    /// 100.
    pub fn start_small() -> Result<Option<Self>, Error> {
        Self::start_with(&[FORGETFUL, SMALL])
    }

    fn start_with(settings: &[&[&str]]) -> Result<Option<Self>, Error> {
        match installed() {
            _ if env::var_os(REQUIRED).is_some_and(|value| value == "none") => Ok(None),
            Some(binaries) => Self::start_from(&binaries, settings).map(Some),
            None if env::var_os(REQUIRED).is_some_and(|value| value == "required") => {
                Err(Error(format!(
                    "no PostgreSQL server ({OLDEST} or later) is installed, and {REQUIRED}=required"
                )))
            }
            None => {
                // Not `eprintln`: a test harness keeps that to itself when the test passes.
                let said = writeln!(
                    io::stderr(),
                    "\n!!! SKIPPED: PostgreSQL. No server ({OLDEST} or later) is installed, so NOTHING IS TESTED ON POSTGRESQL here.\n\
                     !!! On Debian: apt-get install postgresql. {REQUIRED}=required makes this an error.\n"
                );
                said.map(|()| None).map_err(|error| Error(error.to_string()))
            }
        }
    }

    /// A connection string for a database, which has to exist: `postgres` does.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://{OWNER}:{}@127.0.0.1:{}/{database}?sslmode=disable",
            self.password, self.port
        )
    }

    /// A connection string for a role and a database that have been made on it.
    pub fn url_of(&self, role: &str, password: &str, database: &str) -> String {
        format!("postgres://{role}:{password}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// Where the server writes its log.
    pub fn log(&self) -> PathBuf {
        self.home.join("log")
    }

    fn start_from(binaries: &Path, settings: &[&[&str]]) -> Result<Self, Error> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "edgetill-postgres-{}-{}",
            std::process::id(),
            STARTED.fetch_add(1, Ordering::Relaxed)
        );
        let home = env::temp_dir().join(name);
        fs::create_dir(&home).map_err(because("cannot make the server's folder"))?;
        let begun = Self::begin(binaries, &home, settings);
        if begun.is_err() {
            // The complaint that follows says more than a folder left behind would.
            drop(fs::remove_dir_all(&home));
        }
        begun
    }

    fn begin(binaries: &Path, home: &Path, settings: &[&[&str]]) -> Result<Self, Error> {
        // PostgreSQL will not be root's.
        let root =
            fs::metadata(home).map_err(because("cannot see the server's folder"))?.uid() == 0;
        let user = if root { Some(unprivileged()?) } else { None };
        // The port is open to everybody on this machine.
        let password = format!("{:016x}", RandomState::new().build_hasher().finish());
        let password_file = home.join("password");
        let written =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&password_file);
        written
            .and_then(|mut file| file.write_all(password.as_bytes()))
            .map_err(because("cannot write the password"))?;
        for path in [home, &password_file] {
            if let Some((user, group)) = user {
                chown(path, Some(user), Some(group))
                    .map_err(because("cannot give the server's folder away"))?;
            }
        }
        let as_user = |program: &Path| {
            let mut command = Command::new(program);
            if let Some((user, group)) = user {
                command.uid(user).gid(group);
            }
            command.current_dir(home).stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        let mut initdb = as_user(&binaries.join("initdb"));
        initdb.args([
            "--no-sync",
            "--auth=password",
            "--username",
            OWNER,
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]);
        // Text sorts by a language's rules, as it does in many a real database and never on SQLite.
        initdb
            .args(["--locale-provider=icu", "--icu-locale=en"])
            .arg("--pwfile")
            .arg(&password_file);
        let made = initdb
            .arg("--pgdata")
            .arg(home.join("data"))
            .stderr(Stdio::piped())
            .output()
            .map_err(because("initdb cannot be run"))?;
        if !made.status.success() {
            return Err(Error(format!("initdb failed: {}", String::from_utf8_lossy(&made.stderr))));
        }
        let port = free_port().map_err(because("no free port"))?;
        let mut server = as_user(Path::new("/bin/sh"));
        server
            .args(["-c", UNTIL_NOBODY_LISTENS, "sh"])
            .arg(binaries)
            .arg(home)
            .args(["-p", &port.to_string()]);
        server.args(
            std::iter::once(&PRIVATE)
                .chain(settings)
                .copied()
                .flatten()
                .flat_map(|setting| ["-c", setting]),
        );
        // Its own process group: Ctrl-C ends whoever started it, and that ends the server.
        let server = server
            .process_group(0)
            .stdin(Stdio::piped())
            .spawn()
            .map_err(because("the server cannot be run"))?;
        let mut cluster = Self { server, home: home.to_path_buf(), port, password };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// The server writes its state as the last line of its pid file.
    fn wait_until_ready(&mut self) -> Result<(), Error> {
        let begun = Instant::now();
        while begun.elapsed() < READY_WITHIN {
            let state =
                fs::read_to_string(self.home.join("data/postmaster.pid")).unwrap_or_default();
            if state.lines().nth(7).is_some_and(|state| state.trim() == "ready") {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(Error(format!(
            "PostgreSQL does not start: {}",
            fs::read_to_string(self.home.join("log")).unwrap_or_default()
        )))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // What it reads ends; it stops the server and removes the folder.
        drop(self.server.stdin.take());
        if let Err(error) = self.server.wait() {
            eprintln!("PostgreSQL in {} could not be waited for: {error}", self.home.display());
        }
    }
}

fn because(what: &str) -> impl FnOnce(io::Error) -> Error {
    move |error| Error(format!("{what}: {error}"))
}

/// The folder with `initdb` and `postgres`: Debian's newest, which keeps servers out of the PATH,
/// or the PATH's.
fn installed() -> Option<PathBuf> {
    let mut debian: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|version| {
            Some((version.file_name().to_str()?.parse().ok()?, version.path().join("bin")))
        })
        .filter(|(version, _)| *version >= OLDEST)
        .collect();
    debian.sort();
    let path = env::var_os("PATH").unwrap_or_default();
    let complete = |binaries: &PathBuf| {
        binaries.join("initdb").is_file() && binaries.join("postgres").is_file()
    };
    debian
        .into_iter()
        .rev()
        .map(|(_, binaries)| binaries)
        .chain(env::split_paths(&path))
        .find(complete)
}

/// The user and group that root runs a server as.
fn unprivileged() -> Result<(u32, u32), Error> {
    let users = fs::read_to_string("/etc/passwd").map_err(because("cannot read /etc/passwd"))?;
    let find = |name: &str| {
        let fields: Vec<&str> = users
            .lines()
            .map(|line| line.split(':').collect())
            .find(|fields: &Vec<&str>| fields.first() == Some(&name))?;
        Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    };
    let found = find("postgres").or_else(|| find("nobody"));
    found.ok_or_else(|| {
        Error("PostgreSQL does not run as root, and there is no user postgres or nobody".to_owned())
    })
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_runs_and_leaves_nothing_behind() {
        let Some(cluster) = Cluster::start().unwrap() else { return };
        assert!(std::net::TcpStream::connect(("127.0.0.1", cluster.port)).is_ok());
        let (home, port) = (cluster.home.clone(), cluster.port);
        drop(cluster);
        assert!(!home.exists());
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}
