//! Carts: nothing that was acknowledged is lost, and no limit is passed by two who looked at once.

use super::{at_once, buyer};
use e2e::{Call, CustomerClaims, Guest, Reply, Shop, SigningKey, together, unique};
use serde_json::{Value, json};

// CART-1: as many requests in flight as the host has instances. Alone, for the crowd fills the
// host's queue of connections, and a neighbour's request would be reset with it. Patiently, for
// SQLite lets whoever comes next write, and on a slow machine some of a thousand wait longer than
// its five seconds: they are told to come again, and their key makes that the same add.
#[test]
fn a_thousand_parallel_adds_of_one_end_at_a_thousand() {
    let shop = Shop::alone();
    let sku = shop.sku().stock(1_000).create();
    let guest = shop.guest();
    let adds = at_once(1_000);
    let replies = together(adds, |_| {
        guest.adding(&sku, 1).header("idempotency-key", &unique("add-")).send_patiently()
    });
    for reply in &replies {
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    let adds = i64::try_from(adds).unwrap();
    assert_eq!((guest.quantity_of(&sku), &guest.cart()["version"]), (adds, &json!(adds + 1)));
}

// Changes of every kind at once. What was acknowledged happened, in some order, and nothing else
// did.
#[test]
fn two_hundred_parallel_changes_end_at_what_was_acknowledged() {
    let shop = Shop::open();
    let (added, replaced, passing) =
        (shop.sku().create(), shop.sku().create(), shop.sku().create());
    let guest = shop.guest();
    guest.add(&replaced, 1).expect(200);
    let count = at_once(200);
    let quantity = |number: usize| 1_000 + i64::try_from(number).unwrap();
    let replies = together(count, |number| match number % 4 {
        0 => guest.add(&added, 2),
        1 => guest.setting(&replaced, quantity(number)).send(),
        2 => guest.add(&passing, 1),
        _ => guest.removing(&passing).send(),
    });
    for (number, reply) in replies.iter().enumerate() {
        let gone = number % 4 == 3 && reply.status == 404;
        assert!(reply.status == 200 || gone, "{reply:?}");
    }
    let done = |kind: usize| {
        replies
            .iter()
            .enumerate()
            .filter(move |(number, reply)| number % 4 == kind && reply.status == 200)
    };
    let count_of = |kind| i64::try_from(done(kind).count()).unwrap();
    assert_eq!(guest.quantity_of(&added), 2 * count_of(0));
    // The last of the replacements stands: the one with the highest version.
    let version = |reply: &Reply| reply.json()["version"].as_i64().unwrap();
    let (last, _) = done(1).max_by_key(|(_, reply)| version(reply)).unwrap();
    assert_eq!(guest.quantity_of(&replaced), quantity(last));
    // And of what came and went, that which came after the last removal.
    let removed = done(3).map(|(_, reply)| version(reply)).max().unwrap_or_default();
    let left = done(2).filter(|(_, reply)| version(reply) > removed).count();
    assert_eq!(guest.quantity_of(&passing), i64::try_from(left).unwrap());
    let changes = 2 + (0..4).map(count_of).sum::<i64>();
    assert_eq!(guest.cart()["version"], changes, "one change, one version");
}

// ACIDRain, lost update: what one wrote over what it read is not written over by another.
#[test]
fn of_changes_that_all_saw_one_version_one_is_made_whatever_their_kind() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 5).expect(200);
    let replies = together(at_once(40), |number| {
        let call = match number % 4 {
            0 => guest.adding(&sku, 1),
            1 => guest.setting(&sku, 9),
            2 => guest.removing(&sku),
            _ => guest.call("DELETE", "/api/v1/cart"),
        };
        call.header("if-match", "\"2\"").send()
    });
    let (made, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.is_success());
    assert_eq!(made.len(), 1, "{replies:?}");
    refused.iter().for_each(|reply| drop(reply.problem(412, "version_conflict")));
    assert_eq!(guest.cart()["version"], 3);
}

// ACIDRain, phantom: each sees room for one more line, or one more unit. CART-13
#[test]
fn a_limit_is_not_passed_by_many_who_each_see_room() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 9_995).expect(200);
    let replies = together(at_once(20).max(6), |_| guest.add(&sku, 1));
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 5);
    assert!(
        replies.iter().all(|reply| [200, 400, 409, 422].contains(&reply.status)),
        "{replies:?}"
    );
    assert_eq!(guest.quantity_of(&sku), 10_000);

    let goods: Vec<_> = (0..1_010).map(|_| shop.sku()).collect();
    for part in goods.chunks(500) {
        let lines: Vec<Value> = part.iter().map(|sku| sku.import_line()).collect();
        shop.admin("POST", "/api/v1/catalog/skus")
            .json(&json!({ "skus": lines }))
            .send()
            .expect(200);
    }
    let guest = shop.guest();
    together(10, |share| {
        goods[..995]
            .iter()
            .skip(share)
            .step_by(10)
            .for_each(|sku| drop(guest.add(&sku.sku, 1).expect(200)))
    });
    let replies = together(15, |number| guest.add(&goods[995 + number].sku, 1));
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 5, "{replies:?}");
    assert_eq!(guest.cart()["lines"].as_array().unwrap().len(), 1_000);
}

// CART-3: a customer on many devices at once, without a cart yet.
#[test]
fn parallel_first_adds_of_a_new_owner_are_in_one_cart() {
    let shop = Shop::open();
    let sku = shop.sku().create();
    let id = unique("customer-");
    let token = shop.session_of(&id);
    let count = at_once(30);
    let carts = together(count, |_| {
        let opened = shop
            .call("POST", "/api/v1/cart")
            .bearer(&token)
            .json(&json!({ "currency": "USD", "country": "VN" }))
            .send();
        assert!(opened.is_success(), "{opened:?}");
        let add = shop
            .call("POST", "/api/v1/cart/items")
            .bearer(&token)
            .json(&json!({ "sku": sku, "quantity": 1 }))
            .send();
        add.expect(200);
        opened.json()["cart"]["cart_id"].clone()
    });
    assert!(carts.iter().all(|cart| *cart == carts[0]), "{carts:?}");
    let rows = shop.rows("cart", "owner", &format!("customer:{id}"));
    assert_eq!(rows.len(), 1, "{rows:?}");
    let lines = shop.rows("cart_line", "cart_id", carts[0].as_str().unwrap());
    assert_eq!((lines.len(), &lines[0]["quantity"]), (1, &json!(count)));
}

/// A call by which the customer `id` logs in, and the guest becomes them.
pub(super) fn logging_in(shop: &Shop, id: &str, guest: &Guest<'_>) -> Call {
    let token = CustomerClaims::of(id).signed(SigningKey::Ec1);
    shop.call("POST", "/api/v1/session").bearer(&token).json(&json!({ "guest_token": guest.token }))
}

fn log_in(shop: &Shop, id: &str, guest: &Guest<'_>) -> Reply {
    logging_in(shop, id, guest).send()
}

// Sixty-five lines, many logins, and the customer adds meanwhile on another device.
#[test]
fn parallel_logins_and_adds_keep_every_line() {
    let shop = Shop::open();
    let skus: Vec<_> = (0..65).map(|_| shop.sku().stock(500)).collect();
    let lines: Vec<Value> = skus.iter().map(|sku| sku.import_line()).collect();
    shop.admin("POST", "/api/v1/catalog/skus").json(&json!({ "skus": lines })).send().expect(200);
    skus.iter().for_each(|sku| shop.receive(&sku.sku, "wh-hanoi", 500));
    let id = unique("customer-");
    let customer = shop.customer_called(&id, "USD");
    let guest = shop.guest();
    skus.iter().for_each(|sku| drop(guest.add(&sku.sku, 2).expect(200)));
    let replies = together(at_once(24), |number| {
        if number % 3 == 0 {
            log_in(&shop, &id, &guest)
        } else {
            customer.add(&skus[number % skus.len()].sku, 1)
        }
    });
    // A login that met a change in each of its rounds says so, and is made again; an add may not be
    // refused.
    for (number, reply) in replies.iter().enumerate() {
        assert!(reply.status == 200 || (number % 3 == 0 && reply.status == 503), "{reply:?}");
    }
    let opened = log_in(&shop, &id, &guest).expect(200);
    assert!(opened["merge"].is_object(), "{opened}");
    for (at, sku) in skus.iter().enumerate() {
        let added = replies
            .iter()
            .enumerate()
            .filter(|(number, _)| number % 3 != 0 && number % skus.len() == at)
            .count();
        assert_eq!(customer.quantity_of(&sku.sku), 2 + i64::try_from(added).unwrap(), "line {at}");
    }
    guest.call("GET", "/api/v1/cart").send().problem(404, "cart_not_found");
}

// ORD-10: the guest pays, adds and logs in, all at the same moment.
#[test]
fn a_login_a_confirm_and_an_add_at_once_end_in_one_truth() {
    let shop = Shop::open();
    let sku = shop.sku().stock(1_000).create();
    for _ in 0..at_once(10) {
        let id = unique("customer-");
        let (guest, session) = buyer(&shop, &sku, 1, "pm_card_visa");
        let statuses = together(6, |number| match number {
            0 => session.confirm().status,
            1 | 2 => log_in(&shop, &id, &guest).status,
            _ => guest.add(&sku, 1).status,
        });
        assert!(
            statuses.iter().all(|status| [200, 201, 404, 409].contains(status)),
            "{statuses:?}"
        );
        let added = statuses[3..].iter().filter(|status| **status == 200).count();
        let ordered = guest.has_one_paid_order_or_nothing();
        let opened = log_in(&shop, &id, &guest).expect(200);
        if ordered {
            assert_eq!((&opened["merge"], added), (&Value::Null, 0), "{statuses:?} {opened}");
        } else {
            assert_eq!(
                opened["cart"]["lines"][0]["quantity"],
                json!(1 + added),
                "{statuses:?} {opened}"
            );
        }
    }
}
