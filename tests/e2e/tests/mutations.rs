//! Bad input (SEC-2): good requests of every operation of the table, spoiled in every way a seed
//! can think of. Whatever comes of one, it is no 5xx and it is documented, and what is refused, or
//! only read, has changed nothing: no row, no key-value.
//!
//! `cargo till prove --only mutations`. A failure prints the seed and the requests as `curl` has
//! them.

#![cfg(test)]

use api::{Endpoint, Presence, Row};
use e2e::{Answer, Reply, Scene, Settings, Shop, conforms, query_parameters, send_bytes};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Value, json};
use std::{collections::BTreeMap, env, fmt::Write as _, time::Instant};

/// After so many requests the shopper is another: mutated requests that are good have bought or
/// emptied what there was.
const SCENE: usize = 100;
/// After so many refused requests it is looked whether anything has changed; one that succeeds is
/// looked at by itself.
const BATCH: usize = 20;
/// What a refusal may change: it is counted, and so is a code that is none; the provider's keys are
/// fetched, and the provider's health is remembered.
const NOBODYS: [&str; 5] = [
    "table counter",
    "table attempt_window",
    "key-value identity/",
    "key-value breaker/",
    "key-value lease/",
];

/// One operation of the table.
struct Operation {
    endpoint: &'static Endpoint,
    row: &'static Row,
    queries: Vec<String>,
}

impl Operation {
    /// How often it is chosen: a body has the most to spoil.
    fn weight(&self) -> u32 {
        if self.row.body == Presence::Unread { 1 } else { 3 }
    }
}

/// Every operation there is: whoever adds one has it mutated.
fn operations() -> Vec<Operation> {
    e2e::scene::operations()
        .map(|(endpoint, row)| Operation { endpoint, row, queries: query_parameters(row.id) })
        .collect()
}

/// An order was cancelled, and its refund was refused; the refund.
fn dead_refund(shop: &Shop, sku: &str) -> String {
    let buyer = shop.guest();
    let order = buyer.buy(sku, 1);
    buyer.cancels_and_is_owed(order["order_id"].as_str().unwrap(), 400)
}

/// A scene of goods of its own, since a spoiled request that is good may have made the last ones
/// dearer; and what an operator looks at.
fn scene(shop: &Shop) -> Scene<'_> {
    let scene = Scene::of(shop.guest());
    let event =
        shop.rows("outbox", "aggregate", &format!("cart/{}", scene.owner.cart_id))[0]["event_id"]
            .clone();
    let refund = dead_refund(shop, &scene.sku);
    scene.with("compensation_id", refund).with("event_id", event.as_str().unwrap().to_owned())
}

/// A good request.
fn good(scene: &Scene<'_>, operation: &Operation, random: &mut StdRng) -> Request {
    let row = operation.row;
    let mut target = scene.path(operation.endpoint);
    let values = ["VN", "US", "standard", "CA", "1", "50", "confirmed", "abc", ""];
    let mut pairs: Vec<String> = Vec::new();
    for name in &operation.queries {
        if random.random_bool(0.5) {
            pairs.push(format!("{name}={}", values.choose(random).unwrap()));
        }
    }
    if !pairs.is_empty() {
        write!(target, "?{}", pairs.join("&")).unwrap();
    }
    let mut headers = vec![("Host".to_owned(), b"shop.example".to_vec())];
    headers.push(("Authorization".to_owned(), format!("Bearer {}", scene.token(row)).into_bytes()));
    // Where one has to be there, it is mostly one that nobody had.
    if row.key == Presence::Required && random.random_bool(0.9) {
        headers.push(("Idempotency-Key".to_owned(), e2e::unique("m").into_bytes()));
    } else if random.random_bool(0.2) {
        headers.push((
            "Idempotency-Key".to_owned(),
            format!("m{}", random.random_range(0..50)).into_bytes(),
        ));
    }
    if random.random_bool(0.1) {
        headers.push((
            "If-Match".to_owned(),
            format!("\"{}\"", random.random_range(0..9)).into_bytes(),
        ));
    }
    let json = scene.body(row).map(|body| ("application/json", body.to_string()));
    let (media_type, body) = json.or_else(|| scene.sheet(row)).unwrap_or_default();
    let body = body.into_bytes();
    if !body.is_empty() {
        headers.push(("Content-Type".to_owned(), media_type.as_bytes().to_vec()));
    }
    Request {
        method: row.method.name().to_owned(),
        target: target.into_bytes(),
        headers,
        body,
        length: None,
        tail: Vec::new(),
    }
}

/// A request as far as it can be told apart.
#[derive(Clone)]
struct Request {
    method: String,
    target: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    /// What `Content-Length` says, if that is not so.
    length: Option<String>,
    /// Header lines that are none.
    tail: Vec<u8>,
}

impl Request {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} ", self.method).into_bytes();
        bytes.extend_from_slice(&self.target);
        bytes.extend_from_slice(b" HTTP/1.1\r\nConnection: close\r\n");
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        let length = self.length.clone().unwrap_or_else(|| self.body.len().to_string());
        bytes.extend_from_slice(format!("Content-Length: {length}\r\n").as_bytes());
        bytes.extend_from_slice(&self.tail);
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// As a line for a shell; what is no text is escaped for `$'…'`.
    fn curl(&self) -> String {
        let quoted = |bytes: &[u8]| {
            let text = bytes.iter().fold(String::new(), |text, byte| match byte {
                b'\'' | b'\\' => text + "\\" + &char::from(*byte).to_string(),
                b' '..=b'~' => text + &char::from(*byte).to_string(),
                _ => text + &format!("\\x{byte:02x}"),
            });
            format!("$'{text}'")
        };
        let mut line =
            format!("curl -si -X {} --path-as-is \"$SHOP\"{}", self.method, quoted(&self.target));
        for (name, value) in &self.headers {
            write!(line, " -H {}", quoted(&[name.as_bytes(), b": ", value].concat())).unwrap();
        }
        if let Some(length) = &self.length {
            write!(line, " -H {}", quoted(format!("Content-Length: {length}").as_bytes())).unwrap();
        }
        if !self.body.is_empty() {
            write!(line, " --data-binary {}", quoted(&self.body)).unwrap();
        }
        line
    }
}

/// Spoils a request once or a few times. Says whether all that was announced is still there.
fn mutate(request: &mut Request, random: &mut StdRng) -> bool {
    let mut is_whole = true;
    for _ in 0..*[1, 1, 1, 2, 4].choose(random).unwrap() {
        // A path spoiled is mostly nobody's, so what has a body has that spoiled.
        let from = if request.body.is_empty() { 60 } else { 0 };
        match random.random_range(from..100) {
            0..60 => match serde_json::from_slice::<Value>(&request.body) {
                Ok(mut body) if random.random_bool(0.75) => {
                    spoil_value(&mut body, random);
                    request.body = spelled(&body, random);
                }
                Ok(_) | Err(_) => spoil_bytes(&mut request.body, random),
            },
            60..72 => spoil_target(&mut request.target, random),
            72..95 => is_whole &= spoil_headers(request, random),
            _ => {
                let methods = [
                    "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT",
                    "get", "M-SEARCH", "X",
                ];
                (*methods.choose(random).unwrap()).clone_into(&mut request.method);
            }
        }
    }
    is_whole
}

/// One value somewhere in it becomes another.
fn spoil_value(value: &mut Value, random: &mut StdRng) {
    let deeper = random.random_bool(0.7);
    match value {
        Value::Object(members) if deeper && !members.is_empty() => {
            let name = members.keys().nth(random.random_range(0..members.len())).cloned().unwrap();
            match random.random_range(0..10) {
                0 => drop(members.remove(&name)),
                1 => drop(members.insert(format!("{name}_"), Value::Null)),
                2 => {
                    let old = members.remove(&name).unwrap_or_default();
                    members.insert(name.to_uppercase(), old);
                }
                3 => drop(members.insert("constructor".to_owned(), json!({ "prototype": [] }))),
                _ => spoil_value(members.get_mut(&name).unwrap(), random),
            }
        }
        Value::Array(items) if deeper && !items.is_empty() => {
            let index = random.random_range(0..items.len());
            match random.random_range(0..6) {
                0 => drop(items.remove(index)),
                1 => items.push(items[index].clone()),
                2 => *items = vec![items[index].clone(); 2_000],
                _ => spoil_value(&mut items[index], random),
            }
        }
        Value::Object(_)
        | Value::Array(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_) => *value = strange(value, random),
    }
}

fn strange(old: &Value, random: &mut StdRng) -> Value {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let nested = (0..random.random_range(1..300)).fold(json!(1), |inner, _| json!([inner]));
    match random.random_range(0..24) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(0),
        3 => json!(-1),
        4 => json!(i64::MAX),
        5 => json!(i64::MIN),
        6 => json!(u64::MAX),
        7 => json!(1.5),
        8 => json!(1e300),
        9 => json!(""),
        10 => json!(" "),
        11 => json!("\u{0}"),
        12 => json!(format!("{}\u{0}", text(old))),
        13 => json!(format!("{}\u{202e}\u{feff}", text(old))),
        14 => json!("a".repeat(*[64, 255, 256, 1_001, 20_000].choose(random).unwrap())),
        15 => json!("ⱥ𝄞é\u{301}"),
        16 => json!([]),
        17 => json!({}),
        18 => nested,
        19 => json!([old]),
        20 => json!(text(old).to_lowercase()),
        21 => json!(format!("{}'; drop table cart; --", text(old))),
        22 => json!(text(old).chars().rev().collect::<String>()),
        _ => old.as_i64().map_or_else(
            || json!(text(old)),
            |number| json!(number.saturating_mul(random.random_range(-3..1_000_000))),
        ),
    }
}

/// As JSON, and now and then as what JSON lets pass or does not.
fn spelled(value: &Value, random: &mut StdRng) -> Vec<u8> {
    let text = value.to_string();
    match random.random_range(0..16) {
        // A member twice.
        0 => text.replacen('{', "{\"sku\":\"TILL-0002\",", 1).into_bytes(),
        1 => text.replacen(':', ":1e999,\"x\":", 1).into_bytes(),
        2 => text.replacen("\":\"", "\":\"\\ud800", 1).into_bytes(),
        3 => text.replacen("\":\"", "\":\"\\u0000", 1).into_bytes(),
        4 => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        5 => format!("{text}{text}").into_bytes(),
        6 => ["[".repeat(10_000), text].concat().into_bytes(),
        _ => text.into_bytes(),
    }
}

fn spoil_bytes(bytes: &mut Vec<u8>, random: &mut StdRng) {
    let at = random.random_range(0..=bytes.len());
    let to = random.random_range(at..=bytes.len());
    let pieces: [&[u8]; 12] = [
        b"\0",
        b"\xff\xfe",
        b"\"",
        b"\\",
        b"{",
        b"}",
        b"99999999999999999999",
        b"\xed\xa0\x80",
        b"\xf0\x9d\x84\x9e",
        b"%00",
        b",",
        b"-",
    ];
    match random.random_range(0..6) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..to)),
        2 => drop(bytes.splice(at..at, pieces.choose(random).unwrap().iter().copied())),
        3 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.random_range(0..8);
            }
        }
        4 => {
            let twice: Vec<u8> = bytes[at..to].to_vec();
            drop(bytes.splice(at..at, twice));
        }
        _ => bytes.extend(std::iter::repeat_n(b' ', *[1, 1_000, 70_000].choose(random).unwrap())),
    }
}

fn spoil_target(target: &mut Vec<u8>, random: &mut StdRng) {
    let at = random.random_range(1.min(target.len())..=target.len());
    let pieces = [
        "%00",
        "%ff",
        "%c3%28",
        "%",
        "%zz",
        "%2f",
        "%2e%2e",
        "..",
        "/",
        "//",
        ";a=b",
        "'",
        "%F0%9D%84%9E",
        "-1",
        "%20",
        "+",
        "~",
        "\u{e9}",
        "{}",
    ];
    let queries = [
        "limit=0",
        "limit=-1",
        "limit=99999999999999999999",
        "cursor=%00",
        "cursor=eyJ9",
        "a=b",
        "country=%ff",
        "=",
        "&&",
        "token=x",
        "limit=1&limit=2",
    ];
    match random.random_range(0..8) {
        0 => target.truncate(at),
        1 | 2 => drop(target.splice(at..at, pieces.choose(random).unwrap().bytes())),
        3 | 4 => {
            target.push(if target.contains(&b'?') { b'&' } else { b'?' });
            target.extend_from_slice(queries.choose(random).unwrap().as_bytes());
        }
        5 => {
            target.extend(std::iter::repeat_n(b'a', *[300, 3_000, 20_000].choose(random).unwrap()))
        }
        6 => {
            // Another last segment.
            let end = target.iter().rposition(|byte| *byte == b'/').unwrap_or(0) + 1;
            target.truncate(end);
            target.extend_from_slice(random.random_range(0..i64::MAX).to_string().as_bytes());
        }
        _ => {
            if let Some(byte) = target.get_mut(at) {
                *byte = random.random_range(b'!'..=b'~');
            }
        }
    }
}

/// Says whether the body that is announced is still there.
fn spoil_headers(request: &mut Request, random: &mut StdRng) -> bool {
    if request.headers.is_empty() {
        request.headers.push(("Host".to_owned(), b"shop.example".to_vec()));
    }
    let index = random.random_range(0..request.headers.len());
    let strange: [(&str, &[u8]); 22] = [
        ("Idempotency-Key", b""),
        ("Idempotency-Key", b"\"unclosed"),
        ("Idempotency-Key", b"a, b"),
        ("Idempotency-Key", b"\xc3\xa9"),
        ("If-Match", b"*"),
        ("If-Match", b"W/\"1\""),
        ("If-Match", b"\"99999999999999999999\""),
        ("If-Match", b"\"1\", \"2\", x"),
        ("If-None-Match", b"\"\xff\""),
        ("Authorization", b"Bearer"),
        ("Authorization", b"Bearer a.b.c"),
        ("Authorization", b"Bearer eyJhbGciOiJub25lIn0.e30."),
        ("Authorization", b"Basic Zm9vOmJhcg=="),
        ("Authorization", b"Bearer \xff"),
        ("Content-Type", b"text/plain"),
        ("Content-Type", b"application/json; charset=utf-16"),
        ("Content-Type", b"application/x-www-form-urlencoded"),
        ("Content-Encoding", b"gzip"),
        ("Accept", b"text/html"),
        ("Expect", b"100-continue"),
        ("traceparent", b"00-zz-zz-01"),
        ("spin-path-match-sku", b"OTHER"),
    ];
    match random.random_range(0..12) {
        0 => drop(request.headers.remove(index)),
        1 => request.headers.push(request.headers[index].clone()),
        2 => spoil_bytes(&mut request.headers[index].1, random),
        3 => request.headers.push((
            "X-Long".to_owned(),
            vec![b'x'; *[1_000, 9_000, 100_000].choose(random).unwrap()],
        )),
        4 => {
            for number in 0..*[50, 200].choose(random).unwrap() {
                request.headers.push((format!("X-{number}"), b"1".to_vec()));
            }
        }
        5 => {
            // Longer than what comes, shorter, no number, negative, twice.
            let told = [
                (request.body.len() + 10).to_string(),
                "1".to_owned(),
                "x".to_owned(),
                "-1".to_owned(),
                "18446744073709551616".to_owned(),
                "0, 0".to_owned(),
            ];
            request.length = told.choose(random).cloned();
            return false;
        }
        6 => {
            request.tail = random.choose_tail();
            return false;
        }
        _ => {
            let (name, value) = strange.choose(random).unwrap();
            request.headers.retain(|(known, _)| known != name || random.random_bool(0.1));
            request.headers.push(((*name).to_owned(), value.to_vec()));
        }
    }
    true
}

trait ChooseTail {
    fn choose_tail(&mut self) -> Vec<u8>;
}

impl ChooseTail for StdRng {
    fn choose_tail(&mut self) -> Vec<u8> {
        let tails: [&[u8]; 6] = [
            b"no colon\r\n",
            b" folded\r\n",
            b": none\r\n",
            b"a b: c\r\n",
            b"X: \0\r\n",
            b"Transfer-Encoding: chunked\r\n",
        ];
        tails.choose(self).unwrap().to_vec()
    }
}

type Prints = BTreeMap<String, u64>;

/// A hash of every table and key-value, but for those that a refusal may change.
fn prints(shop: &Shop) -> Prints {
    let shown = shop.call("GET", "/test/fingerprint").send().expect(200);
    let prints = shown["prints"].as_object().unwrap();
    assert!(prints.contains_key("table orders"), "{shown}");
    let kept =
        prints.iter().filter(|(name, _)| !NOBODYS.iter().any(|nobodys| name.starts_with(nobodys)));
    kept.map(|(name, print)| (name.clone(), print.as_u64().unwrap())).collect()
}

/// Whether a reply to this may leave something: what succeeds, unless it only reads; what a payment
/// was begun for; and an order by a program that was refused after its cart was made, which waits
/// for the next try under the same key.
fn may_change(request: &Request, reply: &Reply) -> bool {
    let reads = matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS")
        && !request.target.starts_with(b"/internal/workers/");
    let call = reply.call().split(['?', '#']).next().unwrap_or_default();
    let leaves: &[u16] = match call {
        "POST /api/v1/orders" => &[402, 409, 422],
        call if call.ends_with("/confirm") => &[402, 409],
        _ => &[],
    };
    (reply.is_success() && !reads) || leaves.contains(&reply.status)
}

/// What is wrong with a reply, if anything is.
fn wrong(request: &Request, reply: &Reply) -> Option<String> {
    // Spin answers an empty 500 by itself where a header is no UTF-8; no component hears of it.
    let is_text = request.headers.iter().all(|(_, value)| std::str::from_utf8(value).is_ok());
    if reply.status == 500
        && !is_text
        && reply.body.is_empty()
        && reply.header("content-type").is_none()
    {
        return None;
    }
    if reply.status >= 500 {
        return Some(format!("{} is our fault", reply.status));
    }
    // The host's own word on what is no HTTP, or a path of nobody's.
    if reply.body.is_empty()
        && reply.header("content-type").is_none()
        && matches!(reply.status, 400 | 404 | 405 | 413 | 414 | 417 | 431)
    {
        return None;
    }
    // A method that is none of HTTP's is in no document, and a 405 to HEAD has no body to say so.
    let unheard_of = request.method != request.method.to_uppercase() || request.method == "HEAD";
    if unheard_of && reply.status == 405 && reply.header("allow").is_some() {
        return None;
    }
    // A body that does not arrive whole, or is too large, is refused before anybody asks for the
    // method.
    let field = || {
        serde_json::from_slice::<Value>(&reply.body)
            .ok()
            .and_then(|problem| Some(problem["field"].as_str()?.to_owned()))
    };
    if matches!(
        (reply.status, field().as_deref()),
        (400, Some("body" | "content-length")) | (413, _)
    ) {
        return None;
    }
    // What stands behind a `#` is no part of a request's target (RFC 9110, 4.2.5): the host cuts it
    // off.
    let target = std::str::from_utf8(&request.target).ok()?.split('#').next()?;
    conforms(&request.method, target, reply).err()
}

/// A spoiled request.
struct Sent {
    request: Request,
    /// Whether all that was announced is there.
    is_whole: bool,
}

impl Sent {
    /// Sends it: the status (0: none), and whether it may have changed something.
    fn send(&self) -> Result<(u16, bool), String> {
        let Self { request, is_whole } = self;
        let call = format!("{} {}", request.method, String::from_utf8_lossy(&request.target));
        match send_bytes(&call, &request.bytes(), *is_whole) {
            Answer::Reply(reply) => match wrong(request, &reply) {
                Some(wrong) => Err(format!("{wrong}\n{}\n{reply:?}", request.curl())),
                None => Ok((reply.status, may_change(request, &reply))),
            },
            // One that was whole to the host is done, although the client has hung up on it.
            Answer::Nothing => Ok((0, !is_whole)),
        }
    }
}

#[test]
fn a_spoiled_request_is_never_our_fault_and_changes_nothing() {
    let count: usize = env::var("EDGETILL_MUTATIONS")
        .ok()
        .and_then(|count| count.parse().ok())
        .expect("EDGETILL_MUTATIONS is a number");
    let seed: u64 =
        env::var("EDGETILL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
            e2e::unique("")
                .bytes()
                .fold(0_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)))
        });
    println!("{count} mutated requests, EDGETILL_SEED={seed}, {}", Settings::get().url);
    let shop = Shop::alone();
    let operations = operations();
    let mut random = StdRng::seed_from_u64(seed);
    let (mut statuses, mut looks): (BTreeMap<u16, usize>, usize) = (BTreeMap::new(), 0);
    let begun = Instant::now();
    let mut current = scene(&shop);
    let mut before = prints(&shop);
    let mut batch: Vec<Sent> = Vec::new();
    for number in 0..count {
        if number % SCENE == SCENE - 1 {
            current = scene(&shop);
            before = prints(&shop);
        }
        let mut request = good(
            &current,
            operations.choose_weighted(&mut random, Operation::weight).unwrap(),
            &mut random,
        );
        let is_whole = mutate(&mut request, &mut random);
        let sent = Sent { request, is_whole };
        let (status, changed) = sent
            .send()
            .unwrap_or_else(|wrong| panic!("request {number} of EDGETILL_SEED={seed}: {wrong}"));
        *statuses.entry(status).or_default() += 1;
        if changed {
            before = prints(&shop);
            looks += 1;
            // What was refused since the last look is sent again, since the change hides what it
            // did. What is taken now is no refusal.
            batch.retain(|sent| {
                let (_, changed) = sent
                    .send()
                    .unwrap_or_else(|wrong| panic!("EDGETILL_SEED={seed}, sent again: {wrong}"));
                if changed {
                    before = prints(&shop);
                }
                !changed
            });
        } else {
            batch.push(sent);
        }
        if !batch.is_empty() && (changed || batch.len() >= BATCH || number % SCENE == SCENE - 2) {
            looks += 1;
            let after = prints(&shop);
            if before != after {
                let differs: Vec<&String> = before
                    .keys()
                    .chain(after.keys())
                    .filter(|name| before.get(*name) != after.get(*name))
                    .collect();
                let batch: Vec<String> = batch.iter().map(|sent| sent.request.curl()).collect();
                panic!(
                    "EDGETILL_SEED={seed}: one of these was refused and has changed \
                     {differs:?}:\n{}",
                    batch.join("\n")
                );
            }
            before = after;
            batch.clear();
        }
    }
    println!(
        "{count} mutated requests in {} s, {looks} looks, status (0: none): {statuses:?}",
        begun.elapsed().as_secs()
    );
}
