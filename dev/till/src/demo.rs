//! The demo shop, filled as an operator fills theirs: over HTTP, from files (CAT-2).

use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};

use crate::project::Project;
use crate::secrets;
use crate::shop::{Ask, Shop};
use crate::token::mint;

/// The lists, in an order in which an empty shop can be filled. A test holds the files to what
/// `demo.sql` fills the shops of the suites with.
const LISTS: [(&str, &str, &str); 6] = [
    ("warehouses", "warehouses.ndjson", "application/x-ndjson"),
    ("zones", "zones.ndjson", "application/x-ndjson"),
    ("taxes", "taxes.ndjson", "application/x-ndjson"),
    ("shipping-methods", "shipping-methods.ndjson", "application/x-ndjson"),
    ("shipping-rates", "shipping-rates.ndjson", "application/x-ndjson"),
    ("skus", "skus.csv", "text/csv"),
];

/// A promotion, and the code that it is given for.
const WELCOME: [(&str, &str); 2] = [
    (
        "/api/v1/promotions/welcome",
        r#"{"active":true,"rule":{"name":"Ten percent off","kind":{"percent":{"basis_points":1000}},"target":"goods","conditions":{"code":true}}}"#,
    ),
    ("/api/v1/promotions/welcome/codes/WELCOME", r#"{"active":true}"#),
];

/// What comes in last: the SKU that is nearly sold out.
const LAST: &str = "TILL-0100";

/// Deliveries at once.
const AT_ONCE: usize = 8;

/// As often a delivery is tried again.
const TRIES_WHILE_BUSY: u32 = 10;

/// Fills a shop that has not been filled. What was broken off is begun again.
pub fn fill(project: &Project, shop: &Shop) -> Result<()> {
    let secret = shop.secrets.get("service_token_secret").context("no secret for tokens")?;
    let token =
        mint(secrets::first(secret), "demo", "catalog:read catalog:write promotions:write", 600)?;
    let ask = |method, path: &str, more: Ask<'_>| {
        shop.ask(method, path, &Ask { token: &token, ..more })
            .with_context(|| format!("{method} {path}"))
    };
    let stock = format!("/api/v1/catalog/skus/{LAST}/stock");
    let (status, there) = ask("GET", &stock, Ask::default())?;
    if status == 200 && there.contains("wh-hanoi") {
        return Ok(());
    }
    let folder = project.path("dev/till/demo");
    let mut skus = Vec::new();
    for (list, name, media_type) in LISTS {
        let file = folder.join(name);
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let path = format!("/api/v1/catalog/import/{list}");
        let (status, told) = ask("POST", &path, Ask { media_type, body: &text, ..Ask::default() })?;
        ensure!(status == 200, "{path} answers {status}: {told}");
        if list == "skus" {
            let codes = text.lines().skip(1).filter_map(|line| line.split(',').next());
            skus.extend(codes.map(str::to_owned));
        }
    }
    let json = "application/json";
    for (path, body) in WELCOME {
        let (status, told) = ask("PUT", path, Ask { media_type: json, body, ..Ask::default() })?;
        ensure!(status == 200, "{path} answers {status}: {told}");
    }
    let deliveries: Vec<(&str, &str, i64)> = skus
        .iter()
        .filter(|sku| *sku != LAST)
        .flat_map(|sku| ["wh-newark", "wh-hanoi"].map(|place| (sku.as_str(), place, 1_000)))
        .collect();
    // Several at a time: a request waits for the disk.
    std::thread::scope(|scope| {
        let part = deliveries.len().div_ceil(AT_ONCE).max(1);
        let workers: Vec<_> = deliveries
            .chunks(part)
            .map(|part| scope.spawn(|| part.iter().try_for_each(|it| receive(shop, &token, *it))))
            .collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().map_err(|_| anyhow!("a thread that fills the shop panicked"))?
        })
    })?;
    receive(shop, &token, (LAST, "wh-hanoi", 10))
}

/// A delivery has a key of its own: what came in before it was broken off does not come in twice.
fn receive(shop: &Shop, token: &str, (sku, place, quantity): (&str, &str, i64)) -> Result<()> {
    let path = format!("/api/v1/catalog/skus/{sku}/stock");
    let body = format!(r#"{{"warehouse_id":"{place}","kind":"receive","quantity":{quantity}}}"#);
    let key = format!("demo-{sku}-{place}");
    let more = Ask { media_type: "application/json", key: &key, body: &body, token };
    let (mut status, mut told) = shop.ask("POST", &path, &more)?;
    // A database that is busy says so, and is asked again: the key is the same.
    for _ in 0..TRIES_WHILE_BUSY {
        if status != 503 {
            break;
        }
        std::thread::sleep(Duration::from_secs(1));
        (status, told) = shop.ask("POST", &path, &more)?;
    }
    ensure!(status == 200, "{path} answers {status}: {told}");
    Ok(())
}
