//! A storefront on another origin, in a real browser (SEC-7): what a page may send and read is the
//! browser's to decide, so a client that sets headers as it likes shows nothing of it.

use e2e::Shop;
use serde_json::Value;
use std::{
    env,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Where the page says that it is from. The browser is told that this name is an address of this
/// machine.
const ORIGIN_HOST: &str = "storefront.example";
const PAGE: &str = include_str!("storefront.html");
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_page_of_another_origin_buys_in_a_browser() {
    let shop = Shop::open();
    let Some(browser) = browser() else { return };
    let sku = shop.sku().create();
    let server = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let page = PAGE.replace("{{shop}}", &e2e::Settings::get().url).replace("{{sku}}", &sku);
    let profile = env::temp_dir().join(format!("edgetill-browser-{}", std::process::id()));
    let _browsing = Browsing::at(&browser, &profile, server.local_addr().expect("a port").port());
    let told = told_by(&server, &page);
    std::fs::remove_dir_all(&profile).ok();
    assert_eq!(told["failed"], Value::Null, "{told}");
    assert_eq!(told["order"]["status"], "confirmed", "{told}");
    assert_eq!(told["order"]["lines"][0]["sku"], sku, "{told}");
    // What it may read of the replies, and what it was told of a refusal.
    assert_eq!(
        (&told["etag"], &told["location"], &told["replayed"]),
        (&Value::Bool(true), &Value::Bool(true), &Value::Bool(true)),
        "{told}"
    );
    assert_eq!(
        (&told["refused"], &told["cached"]),
        (&Value::from("sku_unknown"), &Value::from(304)),
        "{told}"
    );
}

/// The browser that is installed here. Its absence is told, and fails the test where one is
/// required.
fn browser() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let folders: Vec<PathBuf> =
        env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    let found = names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file());
    let required = env::var("EDGETILL_CHROMIUM").is_ok_and(|value| value == "required");
    assert!(
        found.is_some() || !required,
        "EDGETILL_CHROMIUM is required, and there is no browser here"
    );
    if found.is_none() {
        eprintln!("SKIPPED: a page in a browser, because no Chromium is installed here");
    }
    found
}

/// A browser that is closed with this.
struct Browsing(Child);

impl Browsing {
    fn at(browser: &Path, profile: &Path, port: u16) -> Self {
        let child = Command::new(browser)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-sync",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-dev-shm-usage",
            ])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("--host-resolver-rules=MAP {ORIGIN_HOST}:80 127.0.0.1:{port}"))
            .arg(format!("http://{ORIGIN_HOST}/"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the browser starts");
        Self(child)
    }
}

impl Drop for Browsing {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Serves the page until it tells what came of it.
fn told_by(server: &TcpListener, page: &str) -> Value {
    server.set_nonblocking(true).expect("a listener that can be asked");
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match server.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false).expect("a stream that waits");
                stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a stream that waits");
                if let Some(told) = answer(stream, page) {
                    return told;
                }
            }
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
    panic!("the page told nothing within {PATIENCE:?}");
}

/// Answers one request: with the page, or takes what the page has to tell.
fn answer(stream: TcpStream, page: &str) -> Option<Value> {
    let mut reader = BufReader::new(&stream);
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line).ok()?;
    let request = std::mem::take(&mut line);
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        if let Some((name, value)) =
            line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        {
            length = value.trim().parse().unwrap_or_else(|_| panic!("{name} is a number"));
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let told = request
        .starts_with("POST /told")
        .then(|| serde_json::from_slice(&body).expect("the page tells JSON"));
    let (status, content) = match (&told, request.starts_with("GET / ")) {
        (None, true) => ("200 OK", page),
        (None, false) => ("404 Not Found", ""),
        (Some(_), _) => ("200 OK", "thank you"),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        content.len()
    );
    (&stream).write_all(format!("{head}{content}").as_bytes()).ok()?;
    told
}
