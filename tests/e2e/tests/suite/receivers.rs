//! Receivers of events that are rows (EVT-7): each with its filter, its secrets and its order, and
//! none held up by another. Each is a path of the simulator's, which takes whatever comes.

use e2e::{Call, Settings, Shop, eventually, needs_till, unique};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// A receiver of one test, gone with it.
struct Receiver<'s> {
    shop: &'s Shop,
    id: String,
    secret: String,
}

fn receivers(shop: &Shop, method: &str, path: &str) -> Call {
    shop.call(method, &format!("/api/v1/receivers{path}"))
        .bearer(&shop.token("events:read events:write"))
}

/// What is said of a receiver at this path of the simulator's.
fn facts(id: &str, types: &[&str]) -> Value {
    json!({ "url": format!("{}/sink/{id}", Settings::get().simulator_url), "types": types, "active": true })
}

impl<'s> Receiver<'s> {
    fn of(shop: &'s Shop, types: &[&str]) -> Self {
        let id = unique("receiver-");
        let put = receivers(shop, "PUT", &format!("/{id}")).json(&facts(&id, types));
        let made = put.send().expect(200);
        assert_eq!(made["receiver"]["receiver_id"], id.as_str());
        let secret = made["secret"].as_str().unwrap().to_owned();
        Self { shop, id, secret }
    }

    fn call(&self, method: &str, path: &str) -> Call {
        receivers(self.shop, method, &format!("/{}{path}", self.id))
    }

    /// What came, about one subject.
    fn arrivals(&self, subject: &str) -> Vec<Value> {
        let mut found = Vec::new();
        let mut since = json!(0);
        loop {
            let path = format!("/sink/{}?since={since}", self.id);
            let page = self.shop.simulator("GET", &path).send().expect(200);
            let arrivals = page["arrivals"].as_array().unwrap().clone();
            let Some(last) = arrivals.last() else { return found };
            since = last["position"].clone();
            found.extend(
                arrivals.into_iter().filter(|arrival| arrival["event"]["subject"] == subject),
            );
        }
    }

    /// The ids of what came, about one subject.
    fn arrived(&self, subject: &str) -> Vec<Value> {
        self.arrivals(subject).iter().map(|arrival| arrival["event"]["id"].clone()).collect()
    }

    /// From now on it answers so.
    fn fails(&self, fault: &Value) {
        let mut fault = fault.clone();
        fault["match"] = json!({ "operation": "receiver", "subject": self.id });
        fault["times"] = json!(100_000);
        self.shop.simulator("POST", "/faults").json(&fault).send().expect(201);
    }

    fn deliveries(&self, state: &str) -> Vec<Value> {
        let path = format!("/deliveries?state={state}&limit=200");
        let page = self.call("GET", &path).send().expect(200);
        page["deliveries"].as_array().unwrap().clone()
    }
}

impl Drop for Receiver<'_> {
    fn drop(&mut self) {
        self.call("DELETE", "").keyed(&unique("gone-")).send();
    }
}

/// A relay's run, and another, until nothing is left that is due.
fn relay(shop: &Shop) {
    while shop.run("outbox-relay")["done"].as_i64() > Some(0) {}
}

/// Events of a subject, of these types' beginnings, in their order.
fn written(shop: &Shop, subject: &str, types: &[&str]) -> Vec<Value> {
    shop.rows("outbox", "aggregate", subject)
        .into_iter()
        .filter(|row| types.iter().any(|begins| row["type"].as_str().unwrap().starts_with(begins)))
        .map(|row| row["event_id"].clone())
        .collect()
}

fn is_signed(arrival: &Value, secret: &str) -> bool {
    let header = |name: &str| arrival[name].as_str().unwrap().parse().unwrap();
    let mut headers = http::HeaderMap::new();
    headers.insert("webhook-id", header("webhook_id"));
    headers.insert("webhook-timestamp", header("webhook_timestamp"));
    headers.insert("webhook-signature", header("webhook_signature"));
    let body = arrival["body"].as_str().unwrap();
    standardwebhooks::Webhook::new(secret).unwrap().verify(body.as_bytes(), &headers).is_ok()
}

// EVT-7, EVT-4
#[test]
fn each_receiver_gets_what_its_filter_lets_through_in_order_and_signed() {
    let shop = Shop::open();
    let all = Receiver::of(&shop, &[]);
    let some = Receiver::of(&shop, &["orders.*", "cart.converted"]);
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 2).expect(200);
    guest.removing(&sku).send().expect(200);
    let order = guest.buy(&sku, 1);
    let (cart, order) = (
        format!("cart/{}", guest.cart_id),
        format!("order/{}", order["order_id"].as_str().unwrap()),
    );
    eventually("all has come", || {
        relay(&shop);
        let has = |it: &Receiver<'_>, subject: &str, types: &[&str]| {
            it.arrived(subject) == written(&shop, subject, types)
        };
        let done = has(&all, &cart, &[""])
            && has(&all, &order, &[""])
            && has(&some, &cart, &["cart.converted"])
            && has(&some, &order, &["orders."]);
        done.then_some(())
    });
    assert!(written(&shop, &order, &[""]).len() > written(&shop, &order, &["orders."]).len());
    for arrival in all.arrivals(&cart) {
        assert!(is_signed(&arrival, &all.secret), "{arrival}");
        assert!(!is_signed(&arrival, &some.secret), "each has a secret of its own");
        assert!(e2e::is_declared(&arrival["event"]).is_ok(), "{arrival}");
        assert!(
            arrival["content_type"].as_str().unwrap().starts_with("application/cloudevents+json")
        );
    }
    let sent = all.deliveries("published");
    assert!(sent.iter().any(|delivery| delivery["subject"] == cart.as_str()), "{sent:?}");
    let event_id = written(&shop, &cart, &[""])[0].clone();
    let event = shop
        .call("GET", &format!("/api/v1/operations/events/{}", event_id.as_str().unwrap()))
        .bearer(&shop.token("operations:read"))
        .send()
        .expect(200);
    let here = event["deliveries"].as_array().unwrap();
    let mine = here.iter().find(|delivery| delivery["receiver_id"] == all.id.as_str()).unwrap();
    assert_eq!(mine["state"], "published", "{event}");
    assert!(here.iter().all(|delivery| delivery["receiver_id"] != some.id.as_str()), "{event}");
}

// EVT-7: it waits and is tried again; the others hear all at once.
#[test]
fn a_dead_receiver_delays_nobody_and_gets_all_in_order_once_it_is_back() {
    let shop = Shop::alone();
    relay(&shop);
    let (dead, live) = (Receiver::of(&shop, &["cart.*"]), Receiver::of(&shop, &["cart.*"]));
    dead.fails(&json!({ "fault": "status", "code": 503 }));
    let guest = shop.guest();
    let sku = shop.sku().create();
    guest.add(&sku, 1).expect(200);
    guest.add(&sku, 1).expect(200);
    let subject = format!("cart/{}", guest.cart_id);
    relay(&shop);
    let events = written(&shop, &subject, &[""]);
    assert_eq!(events.len(), 3);
    assert_eq!(live.arrived(&subject), events, "the other has all of it");
    assert_eq!(shop.rows("outbox", "aggregate", &subject)[2]["state"], "published", "the sink too");
    let waiting = dead.deliveries("pending");
    assert_eq!(waiting.len(), 3, "{waiting:?}");
    let tried = |at: usize| waiting[at]["attempts"].as_i64().unwrap();
    assert_eq!(
        (tried(2) > 0, tried(1), tried(0)),
        (true, 0, 0),
        "the later ones wait: {waiting:?}"
    );
    assert_eq!(waiting[2]["last_error"], "receiver answered 503");
    let seen = dead.call("GET", "").send().expect(200);
    assert_eq!((&seen["pending"], &seen["dead"]), (&json!(3), &json!(0)), "{seen}");

    assert!(shop.simulator("DELETE", "/faults").send().is_success());
    eventually("it has all", || {
        shop.advance_ms(60_000);
        relay(&shop);
        (dead.arrived(&subject).len() == 3).then_some(())
    });
    assert_eq!(dead.arrived(&subject), events, "in order");
}

// EVT-7, EVT-5
#[test]
fn what_was_given_up_for_a_receiver_is_told_and_sent_again() {
    let shop = Shop::alone();
    relay(&shop);
    let dead = Receiver::of(&shop, &["cart.created"]);
    dead.fails(&json!({ "fault": "status", "code": 503 }));
    let guests = [shop.guest(), shop.guest()];
    let subjects = guests.each_ref().map(|guest| format!("cart/{}", guest.cart_id));
    shop.until_it_is_dead(|| {
        relay(&shop);
        (dead.deliveries("dead").len() == 2).then_some(())
    });
    let alert = || shop.rows("alert", "alert_id", &format!("receiver_dead:{}", dead.id));
    assert_eq!(alert().len(), 1, "of both: {:?}", alert());
    assert!(shop.simulator("DELETE", "/faults").send().is_success());
    relay(&shop);
    assert!(dead.arrived(&subjects[0]).is_empty(), "what is dead stays dead");
    let event_id = written(&shop, &subjects[0], &["cart.created"]).remove(0);
    let act = |what: &str, body: &Value| dead.call("POST", what).json(body).keyed(&unique("act-"));
    act("/resolve", &json!({ "reason": "they have it", "event_id": event_id })).send().expect(200);
    let retry = act("/retry", &json!({ "reason": "it is up again" }));
    let told = retry.clone().send().expect(200);
    assert_eq!((&told["deliveries"], &told["more"]), (&json!(1), &json!(false)));
    assert_eq!(retry.send().expect(200), told, "once");
    assert!(alert().is_empty());
    eventually("it has come", || {
        relay(&shop);
        (dead.arrived(&subjects[1]).len() == 1).then_some(())
    });
    assert!(dead.arrived(&subjects[0]).is_empty(), "it was given up for good");
    let event_id = written(&shop, &subjects[1], &["cart.created"]).remove(0);
    let again = act("/retry", &json!({ "reason": "once more", "event_id": event_id }));
    again.send().problem(409, "already_settled");
}

// EVT-7: while a run waits for one, the next serves the others.
#[test]
fn a_slow_receiver_delays_nobody() {
    const SLOW: Duration = Duration::from_millis(4_000);
    let shop = Shop::alone();
    relay(&shop);
    let (slow, live) = (Receiver::of(&shop, &["cart.*"]), Receiver::of(&shop, &["cart.*"]));
    slow.fails(&json!({ "fault": "slow", "ms": 4_000 }));
    let (first, second) = (shop.guest(), shop.guest());
    let sku = shop.sku().create();
    let begun = Instant::now();
    let subject = format!("cart/{}", second.cart_id);
    thread::scope(|scope| {
        let waits = scope.spawn(|| {
            first.add(&sku, 1).expect(200);
            shop.run("outbox-relay")
        });
        thread::sleep(Duration::from_millis(800));
        second.add(&sku, 1).expect(200);
        eventually("the others have it", || {
            shop.run("outbox-relay");
            (live.arrived(&subject) == written(&shop, &subject, &[""])).then_some(())
        });
        assert!(begun.elapsed() < SLOW, "they waited for the slow one: {:?}", begun.elapsed());
        waits.join().unwrap();
    });
    assert!(shop.simulator("DELETE", "/faults").send().is_success());
    eventually("the slow one has it", || {
        relay(&shop);
        (slow.arrived(&subject) == written(&shop, &subject, &[""])).then_some(())
    });
}

/// A receiver of this process, at the host that the shop has for it: it takes everything, and does
/// nothing with it but keep `subject` and `id` in their order.
fn listens(url: &str) -> Arc<Mutex<Vec<(String, String)>>> {
    let listener = TcpListener::bind(url.trim_start_matches("http://")).unwrap();
    let taken = Arc::new(Mutex::new(Vec::new()));
    let here = Arc::clone(&taken);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, taken) = (stream.unwrap(), Arc::clone(&here));
            thread::spawn(move || takes_all(stream, &taken));
        }
    });
    taken
}

fn takes_all(stream: TcpStream, taken: &Mutex<Vec<(String, String)>>) -> Option<()> {
    let mut answers = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    let next = |reader: &mut BufReader<TcpStream>| {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0).map(|_| line)
    };
    loop {
        let (mut length, mut is_chunked) = (0, false);
        loop {
            let line = next(&mut reader)?.trim().to_ascii_lowercase();
            if let Some(bytes) = line.strip_prefix("content-length:") {
                length = bytes.trim().parse().ok()?;
            }
            is_chunked |= line == "transfer-encoding: chunked";
            if line.is_empty() {
                break;
            }
        }
        let mut body = Vec::new();
        let mut part = |reader: &mut BufReader<TcpStream>, bytes: usize| {
            let mut part = vec![0; bytes];
            reader.read_exact(&mut part).ok().map(|()| body.extend(part))
        };
        if is_chunked {
            loop {
                let bytes = usize::from_str_radix(next(&mut reader)?.trim(), 16).ok()?;
                part(&mut reader, bytes)?;
                next(&mut reader)?;
                if bytes == 0 {
                    break;
                }
            }
        } else {
            part(&mut reader, length)?;
        }
        let event: Value = serde_json::from_slice(&body).ok()?;
        let said = |name: &str| event[name].as_str().map(str::to_owned);
        taken.lock().ok()?.push((said("subject")?, said("id")?));
        answers.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").ok()?;
    }
}

// EVT-5: a run goes on as long as it has time, and keeps the order. How fast it is meant to be is
// 500/s; what it is held to leaves room for a machine that does other things.
#[test]
fn one_run_drains_a_backlog_in_order() {
    if !needs_till("one_run_drains_a_backlog_in_order") {
        return;
    }
    const GUESTS: usize = 40;
    const CHANGES: usize = 25;
    let shop = Shop::alone();
    relay(&shop);
    let hosts = receivers(&shop, "GET", "").send().expect(200)["hosts"].clone();
    let host = hosts[1].as_str().expect("the shop may reach a receiver of the test's own");
    let taken = listens(host);
    let sku = &shop.sku().stock(100_000).create();
    let guests: Vec<_> = (0..GUESTS).map(|_| shop.guest()).collect();
    // The sink has them before: it writes each down, and this is about a receiver that does not.
    let mut receiver = Receiver::of(&shop, &["receivers.*"]);
    thread::scope(|scope| {
        for some in guests.chunks(GUESTS.div_ceil(6)) {
            scope.spawn(move || {
                for guest in some {
                    for _ in 0..CHANGES {
                        guest.add(sku, 1).expect(200);
                    }
                }
            });
        }
    });
    let facts = json!({ "url": format!("{host}/all"), "types": ["cart.*"], "active": true });
    let put = receiver.call("PUT", "").json(&facts).send().expect(200);
    assert_eq!(put["secret"], Value::Null);
    receiver.secret.clear();
    let begun = Instant::now();
    let report = shop.run("outbox-relay");
    let seconds = begun.elapsed().as_secs_f64();
    assert!(report["retried"] == 0 && report["dead"] == 0, "{report}");
    let taken = taken.lock().unwrap();
    assert_eq!(taken.len(), GUESTS * (CHANGES + 1), "in one run: {report}");
    for guest in &guests {
        let subject = format!("cart/{}", guest.cart_id);
        let here: Vec<&str> = taken
            .iter()
            .filter(|(of, _)| *of == subject)
            .map(|(_, event_id)| event_id.as_str())
            .collect();
        assert_eq!(json!(here), json!(written(&shop, &subject, &[""])), "in order");
    }
    // With as many to the sink beside it, which writes each of them down.
    let rate = f64::from(u32::try_from(taken.len()).unwrap()) / seconds;
    println!(
        "{} events to a receiver, and to the sink, in {seconds:.2} s: {rate:.0}/s",
        taken.len()
    );
}

// EVT-7, SEC-5
#[test]
fn while_a_secret_is_changed_the_old_one_and_the_new_one_verify() {
    let shop = Shop::open();
    let receiver = Receiver::of(&shop, &["cart.*"]);
    let next = || {
        let guest = shop.guest();
        let subject = format!("cart/{}", guest.cart_id);
        eventually("it has come", || {
            relay(&shop);
            receiver.arrivals(&subject).first().cloned()
        })
    };
    let rotate = |body: &Value| {
        let told = receiver.call("POST", "/secrets").json(body).send().expect(201);
        (told["secret"].as_str().unwrap().to_owned(), told["old_secrets_until_ms"].clone())
    };
    assert!(is_signed(&next(), &receiver.secret));
    let (second, until_ms) = rotate(&json!({ "old_valid_seconds": 3_600 }));
    assert!(until_ms.as_i64().unwrap() > 0);
    let arrival = next();
    assert!(is_signed(&arrival, &receiver.secret) && is_signed(&arrival, &second), "{arrival}");
    let seen = receiver.call("GET", "").send().expect(200);
    assert_eq!((&seen["secrets"], &seen["old_secrets_until_ms"]), (&json!(2), &until_ms));
    // A reply was lost, and they asked again: nobody who knows one of them is shut out.
    let (third, _) = rotate(&json!({}));
    let arrival = next();
    for secret in [&receiver.secret, &second, &third] {
        assert!(is_signed(&arrival, secret), "{arrival}");
    }
    let (last, ended) = rotate(&json!({ "old_valid_seconds": 0 }));
    assert_eq!(ended, Value::Null);
    let arrival = next();
    assert!(is_signed(&arrival, &last), "{arrival}");
    for secret in [&receiver.secret, &second, &third] {
        assert!(!is_signed(&arrival, secret), "{arrival}");
    }
    // Said once, kept sealed.
    let row = &shop.rows("receiver", "receiver_id", &receiver.id)[0];
    assert!(row["secrets"].as_str().unwrap().starts_with("v2."), "{row}");
    let put = receivers(&shop, "PUT", &format!("/{}", receiver.id));
    let put = put.json(&facts(&receiver.id, &["cart.*"])).send().expect(200);
    assert_eq!(put["secret"], Value::Null, "it keeps what it has");
    assert!(is_signed(&next(), &last));
}

// EVT-7
#[test]
fn a_test_tells_what_the_receiver_answers() {
    let shop = Shop::open();
    let receiver = Receiver::of(&shop, &["orders.*"]);
    let test = || receiver.call("POST", "/test").send().expect(200);
    let told = test();
    assert_eq!(
        (&told["delivered"], &told["status"], &told["error"]),
        (&json!(true), &json!(204), &Value::Null),
        "{told}"
    );
    let subject = format!("receiver/{}", receiver.id);
    let arrival = receiver.arrivals(&subject).remove(0);
    assert_eq!(arrival["event"]["id"], told["event_id"]);
    assert_eq!(arrival["event"]["type"], "receivers.receiver.tested");
    assert!(is_signed(&arrival, &receiver.secret));
    e2e::is_declared(&arrival["event"]).unwrap();
    receiver.fails(&json!({ "fault": "status", "code": 302 }));
    let told = test();
    assert_eq!(
        (&told["delivered"], &told["status"]),
        (&json!(false), &json!(302)),
        "a redirect is followed nowhere: {told}"
    );
    assert!(told["error"].as_str().unwrap().contains("302"), "{told}");
}

// EVT-7
#[test]
fn what_waits_for_a_receiver_goes_with_it() {
    let shop = Shop::open();
    let gone = Receiver::of(&shop, &["cart.*"]);
    gone.fails(&json!({ "fault": "status", "code": 500 }));
    let guest = shop.guest();
    let subject = format!("cart/{}", guest.cart_id);
    eventually("it waits", || {
        relay(&shop);
        (!gone.deliveries("pending").is_empty()).then_some(())
    });
    let delete = gone.call("DELETE", "").keyed(&unique("delete-"));
    let told = delete.clone().send().expect(200);
    assert_eq!(delete.send().expect(200), told, "once");
    assert!(shop.rows("delivery", "receiver_id", &gone.id).is_empty());
    assert!(shop.rows("data_key", "owner", &format!("receiver/{}", gone.id)).is_empty());
    relay(&shop);
    assert!(gone.arrived(&subject).is_empty());
    for (method, path) in [("GET", ""), ("GET", "/deliveries"), ("POST", "/test")] {
        gone.call(method, path).send().problem(404, "entry_not_found");
    }
    let rotate = gone.call("POST", "/secrets").json(&json!({}));
    rotate.send().problem(404, "entry_not_found");
    let retry = gone.call("POST", "/retry").json(&json!({ "reason": "why" }));
    retry.keyed(&unique("retry-")).send().problem(404, "entry_not_found");
    let history = format!("/api/v1/catalog/history/receiver/{}", gone.id);
    let history = shop.call("GET", &history).bearer(&shop.token("catalog:read")).send().expect(200);
    assert_eq!(history["history"].as_array().map(Vec::len), Some(2), "{history}");
}

// SEC-2: a receiver is nowhere but where the shop's variables say.
#[test]
fn a_receiver_is_only_where_it_may_be_and_of_what_there_is() {
    let shop = Shop::open();
    let id = unique("receiver-");
    let good = facts(&id, &["cart.*"]);
    let origin = &Settings::get().simulator_url;
    let bare = origin.trim_start_matches("http://");
    let put = |body: &Value| receivers(&shop, "PUT", &format!("/{id}")).json(body).send();
    let refused = |member: &str, value: Value, field: &str| {
        let mut body = good.clone();
        body[member] = value;
        assert_eq!(put(&body).problem(400, "invalid_field")["field"], field, "{body}");
    };
    for url in [
        String::new(),
        "https://169.254.169.254/latest".to_owned(),
        "http://localhost/hook".to_owned(),
        format!("http://me@{bare}/hook"),
        format!("http://{bare}@elsewhere.example/"),
        format!("{origin}.elsewhere.example/"),
        format!("{origin}0/hook"),
        format!("https://{bare}/hook"),
        format!("{origin}/hook#a"),
        format!("{origin}/ho ok"),
        format!("{origin}/\r\nhost: a"),
        format!("{origin}/{}", "a".repeat(1_000)),
        format!("redis://{bare}"),
    ] {
        refused("url", json!(url), "/url");
    }
    for wanted in ["cart", "cart.", "*", "cart.nothing", "nothing.*", "cart*", ""] {
        refused("types", json!(["orders.*", wanted]), "/types/1");
    }
    refused("types", json!(vec!["cart.*"; 51]), "/types");
    refused("types", json!([1]), "/types/0");
    refused("active", json!("yes"), "/active");
    let mut body = good.clone();
    body["secret"] = json!("whsec_mine");
    assert_eq!(put(&body).problem(400, "unknown_field")["field"], "/secret");
    let sink = receivers(&shop, "PUT", "/sink").json(&good).send();
    assert_eq!(sink.problem(400, "invalid_field")["field"], "receiver_id");
    receivers(&shop, "GET", &format!("/{id}")).send().problem(404, "entry_not_found");

    let receiver = Receiver::of(&shop, &[]);
    for (path, body, field) in [
        ("/secrets", json!({ "old_valid_seconds": -1 }), "/old_valid_seconds"),
        ("/secrets", json!({ "old_valid_seconds": 2_592_001 }), "/old_valid_seconds"),
        ("/retry", json!({ "reason": " " }), "/reason"),
        ("/retry", json!({ "reason": "why", "event_id": ".." }), "/event_id"),
        ("/resolve", json!({}), "/reason"),
    ] {
        let reply = receiver.call("POST", path).json(&body).keyed(&unique("key-")).send();
        assert_eq!(reply.problem(400, "invalid_field")["field"], field, "{path} {body}");
    }
    let nothing = json!({ "reason": "why", "event_id": "0193d5a0-0000-7000-8000-000000000000" });
    for path in ["/retry", "/resolve"] {
        let act = receiver.call("POST", path).json(&nothing).keyed(&unique("key-"));
        act.send().problem(409, "already_settled");
    }
    for query in ["state=sent", "limit=0", "limit=201", "cursor=x"] {
        receiver.call("GET", &format!("/deliveries?{query}")).send().problem(400, "invalid_field");
    }
    let listed = receivers(&shop, "GET", "?limit=100").send().expect(200);
    assert!(listed["hosts"].as_array().unwrap().contains(&json!(origin)), "{listed}");
    assert!(listed["sink"].is_string() && !listed.to_string().contains("whsec_"), "{listed}");
    assert!(
        listed["receivers"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["receiver_id"] == receiver.id.as_str()),
        "{listed}"
    );
    let page = receivers(&shop, "GET", "?limit=1").send().expect(200);
    assert_eq!(page["receivers"].as_array().unwrap().len(), 1);
}
