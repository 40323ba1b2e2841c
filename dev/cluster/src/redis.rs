//! A Redis of one's own: the installed `redis-server` on a free port, keeping nothing, and gone
//! with the process that asked for it, however that ends.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{Error, because, free_port};

/// Set to `required`, a missing server is an error.
const REQUIRED: &str = "EDGETILL_REDIS";
/// What to do about one.
const INSTALL: &str = "install it (Debian: apt-get install redis-server)";
/// How long the server may take to answer.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// Serves until its standard input ends, which is when the process that holds the other end does.
const UNTIL_NOBODY_LISTENS: &str = r#"redis-server "$@" </dev/null >/dev/null 2>&1 & server=$!
cat >/dev/null
kill -TERM $server; wait $server"#;

/// A running server; it stops when the value is dropped or the process ends.
#[derive(Debug)]
pub struct RedisServer {
    server: Child,
    port: u16,
}

impl RedisServer {
    /// Starts one. Without an installed server gives `None` and says so past every test harness, or
    /// fails where `EDGETILL_REDIS=required` says that there has to be one.
    pub fn start() -> Result<Option<Self>, Error> {
        let version = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
        if !version.is_ok_and(|status| status.success()) {
            if std::env::var(REQUIRED).as_deref() == Ok("required") {
                return Err(Error(format!(
                    "no redis-server can be run here, and {REQUIRED}=required: {INSTALL}"
                )));
            }
            // Not `eprintln!`, which the test harness swallows when a test passes.
            let said = writeln!(
                io::stderr(),
                "SKIPPED on Redis: no redis-server can be run here; {INSTALL}"
            );
            return said.map(|()| None).map_err(because("cannot say so"));
        }
        let port = free_port().map_err(because("no free port"))?;
        let server = Command::new("sh")
            .args([
                "-c",
                UNTIL_NOBODY_LISTENS,
                "redis",
                "--bind",
                "127.0.0.1",
                "--port",
                &port.to_string(),
            ])
            .args(["--save", "", "--appendonly", "no", "--dir", "/"])
            .stdin(Stdio::piped())
            .spawn()
            .map_err(because("sh cannot be run"))?;
        let server = Self { server, port };
        let begun = Instant::now();
        while server.ask("PING").is_err() {
            if begun.elapsed() > READY_WITHIN {
                return Err(Error(format!("redis-server does not answer on port {port}")));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(Some(server))
    }

    /// The URL of one of its databases, 0 to 15, which share no keys.
    pub fn url(&self, database: u8) -> String {
        format!("redis://127.0.0.1:{}/{database}", self.port)
    }

    /// The server as an entry of `allowed_outbound_hosts`.
    pub fn host(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Closes every connection that clients have, as a restart does.
    ///
    /// # Errors
    /// A server that does not answer.
    pub fn drop_its_clients(&self) -> io::Result<()> {
        self.ask("CLIENT KILL TYPE normal SKIPME yes").map(drop)
    }

    /// One command on a connection of its own; the first bytes of the answer.
    fn ask(&self, command: &str) -> io::Result<String> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port))?;
        connection.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(connection, "{command}\r\n")?;
        let mut answer = [0; 64];
        let length = connection.read(&mut answer)?;
        match answer.get(..length) {
            Some([b'-', ..]) | Some([]) | None => Err(io::Error::other("refused")),
            Some(answer) => Ok(String::from_utf8_lossy(answer).into_owned()),
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // The end of its input ends it.
        drop(self.server.stdin.take());
        if let Err(error) = self.server.wait() {
            eprintln!("the throw-away Redis on port {} could not be stopped: {error}", self.port);
        }
    }
}
