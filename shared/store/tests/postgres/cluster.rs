//! A PostgreSQL of one's own: made by `initdb` of the installed server, heard on a socket in its own folder, durable
//! in nothing, and gone with the process that asked for it, however that ends.

use std::{
    env, fs,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// What `postgres` is told: it keeps nothing, and many tests may be connected.
const SETTINGS: [&str; 9] = [
    "listen_addresses=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "autovacuum=off",
    "max_connections=400",
    "shared_buffers=64MB",
];

/// Serves until its standard input ends, which is when the process that holds the other end does.
const UNTIL_NOBODY_LISTENS: &str = r#"bin=$1; home=$2; shift 2
"$bin/postgres" -D "$home/data" -k "$home" "$@" </dev/null >"$home/log" 2>&1 & server=$!
cat >/dev/null
kill -QUIT $server; wait $server; rm -rf "$home""#;

/// A running cluster.
pub struct Cluster {
    /// The folder of its socket.
    pub socket: PathBuf,
    /// Keeps the pipe open that keeps the server up.
    _server: Child,
}

impl Cluster {
    /// Starts one of the newest server installed; nothing if there is none.
    pub fn start() -> Option<Self> {
        let bin = installed()?;
        let home = env::temp_dir().join(format!("edgetill-postgres-{}", std::process::id()));
        fs::create_dir_all(&home).unwrap();
        // PostgreSQL will not be root's.
        let user = (fs::metadata(&home).unwrap().uid() == 0).then(unprivileged);
        if let Some((user, group)) = user {
            chown(&home, Some(user), Some(group)).unwrap();
        }
        let as_user = |program: &Path| {
            let mut command = Command::new(program);
            if let Some((user, group)) = user {
                command.uid(user).gid(group);
            }
            command.current_dir(&home);
            command
        };
        // Text sorts by a language's rules, as it does in many a real database and never on SQLite.
        let mut initdb = as_user(&bin.join("initdb"));
        initdb.args(["--no-sync", "--auth=trust", "--username=edgetill", "--encoding=UTF8", "--locale=C.UTF-8"]);
        initdb.args(["--locale-provider=icu", "--icu-locale=en", "--pgdata"]).arg(home.join("data"));
        let made = initdb.output().unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let mut server = as_user(Path::new("/bin/sh"));
        server.args(["-c", UNTIL_NOBODY_LISTENS, "sh"]).arg(bin).arg(&home);
        server.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
        // Its own process group: Ctrl-C ends the tests, and their end ends the server.
        server.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Some(Self { _server: server.spawn().unwrap(), socket: home })
    }

    /// What the server has said, for when it does not answer.
    pub fn log(&self) -> String {
        fs::read_to_string(self.socket.join("log")).unwrap_or_default()
    }
}

/// The folder with `initdb` and `postgres`: Debian's newest, or whatever is on the PATH. Version 15 or later.
fn installed() -> Option<PathBuf> {
    let mut debian: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|version| Some((version.file_name().to_str()?.parse().ok()?, version.path().join("bin"))))
        .filter(|(version, _)| *version >= 15)
        .collect();
    debian.sort();
    let path = env::var_os("PATH").unwrap_or_default();
    debian
        .into_iter()
        .rev()
        .map(|(_, bin)| bin)
        .chain(env::split_paths(&path))
        .find(|bin| bin.join("initdb").is_file() && bin.join("postgres").is_file())
}

/// The user and group that root runs a server as.
fn unprivileged() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let find = |name: &str| {
        let line = users.lines().find(|line| line.starts_with(&format!("{name}:")))?;
        let fields: Vec<&str> = line.split(':').collect();
        Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    };
    find("postgres").or_else(|| find("nobody")).expect("root needs a user `postgres` or `nobody` to run the server as")
}
