//! A host under test: till, or the Spin that `PROBE_SPIN` names, as a child with a folder of its
//! own.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::wire::{self, Reply};

/// What a host is started with.
pub struct Setup {
    /// The route that catches everything.
    pub root: &'static str,
    /// More of the manifest.
    pub more: String,
    /// `--variable` arguments.
    pub variables: Vec<String>,
    /// `--sqlite` arguments.
    pub sqlite: Vec<String>,
    /// The runtime configuration.
    pub runtime_config: Option<String>,
    /// Labels of key-value stores the components may open.
    pub stores: &'static [&'static str],
    /// Whether till hears of faults, and has its control port open.
    pub faults: bool,
    /// Its folder: manifest, state, log.
    pub folder: TempDir,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            root: "/...",
            more: String::new(),
            variables: vec!["name=given".to_owned()],
            sqlite: Vec::new(),
            runtime_config: None,
            stores: &["default"],
            faults: false,
            folder: TempDir::new().unwrap(),
        }
    }
}

impl Setup {
    /// Writes a file into the host's folder and gives its path.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// One more `--sqlite` argument.
    pub fn sqlite(mut self, argument: &str) -> Self {
        self.sqlite.push(argument.to_owned());
        self
    }

    fn manifest(&self) -> String {
        let Self { root, more, stores, .. } = self;
        let wasm = probe().display();
        let component = |id: &str| {
            format!(
                "[component.{id}]\nsource = \"{wasm}\"\nsqlite_databases = [\"default\"]\nkey_value_stores = {stores:?}\n\
                 allowed_outbound_hosts = [{}]\n[component.{id}.variables]\ngreeting = \"hello, {{{{ name }}}}\"\n",
                if more.is_empty() {
                    r#""http://self", "http://private.spin.internal", "http://absent.spin.internal", "http://127.0.0.1:*", "postgres://127.0.0.1:*",
                       "redis://127.0.0.1:*""#
                } else {
                    ""
                },
            )
        };
        let http = |route: &str, id: &str| {
            format!("[[trigger.http]]\nroute = {route}\ncomponent = \"{id}\"\n")
        };
        let routes: String = ["/items", "/items/:id", "/items/...", root]
            .iter()
            .map(|route| http(&format!("{route:?}"), "probe"))
            .collect();
        format!(
            "spin_manifest_version = 2\n[application]\nname = \"probe\"\n[variables]\nname = {{ required = true }}\n\
             {routes}{private}{more}{probe}{other}",
            private = http("{ private = true }", "private"),
            probe = component("probe"),
            other = component("private"),
        )
    }
}

/// A running host; stopped when dropped.
pub struct Host {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where its control port is.
    pub control: SocketAddr,
    child: Child,
    folder: TempDir,
}

impl Host {
    /// Starts a host and waits until it answers, at its control port too where it has one.
    pub fn start(setup: Setup) -> Self {
        let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (address, control) = (free(), free());
        let mut command = command(&setup, address);
        if setup.faults {
            command.args(["--faults", "--control", &control.to_string()]);
        }
        let mut child = command.spawn().unwrap();
        let begun = Instant::now();
        let answers = |at| std::net::TcpStream::connect(at).is_ok();
        while !(answers(address) && (!setup.faults || answers(control))) {
            let log =
                || std::fs::read_to_string(setup.folder.path().join("log")).unwrap_or_default();
            assert!(child.try_wait().unwrap().is_none(), "the host ended: {}", log());
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "the host does not listen: {}",
                log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { address, control, child, folder: setup.folder }
    }

    /// Starts a host that has to refuse, and gives what it said.
    pub fn refused(setup: Setup) -> String {
        let mut child =
            command(&setup, TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
                .spawn()
                .unwrap();
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if begun.elapsed() > Duration::from_secs(60) {
                child.kill().unwrap();
                panic!("the host started");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(!child.wait().unwrap().success());
        std::fs::read_to_string(setup.folder.path().join("log")).unwrap()
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// One request.
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        wire::request(self.address, method, path, headers, body)
    }

    /// A GET.
    pub fn get(&self, path: &str) -> Reply {
        self.request("GET", path, &[], "")
    }

    /// Steps for the probe.
    pub fn post(&self, path: &str, steps: &Value) -> Reply {
        self.request("POST", path, &[], &steps.to_string())
    }

    /// The headers the guest sees.
    pub fn headers(&self, path: &str, sent: &[(&str, &str)]) -> Vec<(String, String)> {
        let reply = self.request("POST", path, sent, &json!([{ "headers": 1 }]).to_string()).json();
        serde_json::from_value(reply[0].clone()).unwrap()
    }

    /// What the host has printed.
    pub fn log(&self) -> String {
        self.file("log")
    }

    /// A file of its folder.
    pub fn file(&self, path: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(path)).unwrap_or_default()
    }

    /// One request to the control port.
    pub fn control(&self, method: &str, path: &str, body: &Value) -> Reply {
        wire::request(self.control, method, path, &[], &body.to_string())
    }

    /// Its folder, for a host to come.
    pub fn take_folder(&mut self) -> TempDir {
        std::mem::replace(&mut self.folder, TempDir::new().unwrap())
    }

    /// Whether the process has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Sends SIGTERM and gives the exit code.
    pub fn stop(&mut self) -> Option<i32> {
        if let Some(ended) = self.child.try_wait().unwrap() {
            return ended.code();
        }
        assert!(
            Command::new("kill")
                .args(["-TERM", &self.child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whether a real Spin is under test; says by name what is skipped there.
pub fn on_spin(test: &str) -> bool {
    let spin = std::env::var_os("PROBE_SPIN").is_some();
    if spin {
        println!("skipped on spin: {test}");
    }
    spin
}

fn command(setup: &Setup, address: SocketAddr) -> Command {
    let manifest = setup.file("spin.toml", &setup.manifest());
    let mut command = match std::env::var_os("PROBE_SPIN") {
        Some(spin) => {
            let mut command = Command::new(spin);
            command.args(["up", "--from", &manifest]);
            command
        }
        None => {
            let mut command = Command::new(env!("CARGO_BIN_EXE_host"));
            command.args(["serve", "--log", "requests", "--from", &manifest]);
            command.arg("--code-cache").arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("code"));
            command
        }
    };
    command
        .arg("--state-dir")
        .arg(setup.folder.path().join("state"))
        .args(["--listen", &address.to_string()]);
    for argument in &setup.sqlite {
        command.args(["--sqlite", argument]);
    }
    if let Some(text) = &setup.runtime_config {
        command.args(["--runtime-config-file", &setup.file("runtime-config.toml", text)]);
    }
    for variable in &setup.variables {
        command.args(["--variable", variable]);
    }
    let log = std::fs::File::create(setup.folder.path().join("log")).unwrap();
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    command
}

/// The probe, built once per run of these tests.
fn probe() -> &'static PathBuf {
    static PROBE: OnceLock<PathBuf> = OnceLock::new();
    PROBE.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
        let built = Command::new(env!("CARGO"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args([
                "build",
                "--quiet",
                "--package",
                "probe",
                "--profile",
                "quick",
                "--target",
                "wasm32-wasip2",
            ])
            .arg("--target-dir")
            .arg(target)
            .status();
        assert!(built.unwrap().success(), "the probe does not build");
        target.join("wasm32-wasip2/quick/probe.wasm")
    })
}
