//! A cart is shown to others by a link (CART-14): they see it, nothing else, and no longer than
//! they should.

use e2e::{CustomerClaims, Guest, Reply, Share, Shop, SigningKey, eventually, together, unique};
use serde_json::{Value, json};

const TOTALS: &str = "/api/v1/cart/totals?country=VN&shipping_method=standard";
const METHODS: &str = "/api/v1/cart/shipping-methods?country=VN";
const LOOKS: [&str; 3] = ["/api/v1/cart", TOTALS, METHODS];

/// A share whose token nobody was ever given.
fn unknown(shop: &Shop, path: &str) -> Reply {
    shop.call("GET", path).bearer(&Shop::unknown_share()).send()
}

/// Its token is as good as one that never was: the same bytes, wherever it looks.
#[track_caller]
fn is_dead(shop: &Shop, share: &Share<'_>, why: &str) {
    for path in LOOKS {
        let (dead, unknown) = (share.call("GET", path).send(), unknown(shop, path));
        unknown.problem(404, "cart_not_found");
        assert_eq!(
            (dead.status, &dead.body),
            (unknown.status, &unknown.body),
            "{why}: {path}: {dead:?}"
        );
        for header in ["content-type", "cache-control", "etag", "retry-after", "www-authenticate"] {
            assert_eq!(dead.header(header), unknown.header(header), "{why}: {path}");
        }
    }
}

fn limit(shop: &Shop) -> usize {
    let shown =
        shop.call("GET", "/api/v1/config").bearer(&shop.token("config:read")).send().expect(200);
    shown["variables"]["cart_share_limit"]
        .as_str()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| panic!("no limit: {shown}"))
}

fn shows_what_the_owner_sees(owner: &Guest<'_>) {
    let shop = owner.shop;
    let (cup, plate) = (shop.sku().stock(5).create(), shop.sku().stock(1).create());
    owner.add(&cup, 2).expect(200);
    owner.add(&plate, 3).expect(200);
    let share = owner.share();

    let (mut seen, mut own) = (share.look().expect(200), owner.cart());
    assert_eq!(
        seen["expires_at_ms"], share.expires_at_ms,
        "it ends with the share, and does not tell what kind of owner there is"
    );
    (seen["expires_at_ms"], own["expires_at_ms"]) = (json!(null), json!(null));
    // What a client keeps with a cart may be what its owner wrote.
    own.as_object_mut().unwrap().remove("attributes").expect("the owner's");
    own["lines"].as_array_mut().unwrap().iter_mut().for_each(|line| {
        line.as_object_mut().unwrap().remove("attributes").expect("the owner's");
    });
    assert_eq!(seen, own);
    for path in [TOTALS, METHODS] {
        assert_eq!(
            share.call("GET", path).send().expect(200),
            owner.call("GET", path).send().expect(200)
        );
    }
    assert_eq!(share.call("HEAD", "/api/v1/cart").send().status, 200);

    // It follows the cart, and says when it has not changed.
    let tag = share.look().header("etag").unwrap().to_owned();
    let again = share.call("GET", "/api/v1/cart").header("if-none-match", &tag).send();
    assert_eq!((again.status, again.body.len()), (304, 0), "{again:?}");
    owner.setting(&cup, 1).send().expect(200);
    let changed =
        share.call("GET", "/api/v1/cart").header("if-none-match", &tag).send().expect(200);
    assert_eq!(changed["lines"][0]["quantity"], 1, "{changed}");
    assert_eq!(owner.cart()["version"], changed["version"], "looking changes nothing");

    owner.setting(&plate, 1).send().expect(200);
    // Nothing anywhere in the replies tells who the owner is or what they hold.
    owner.basket().try_begin().expect(201);
    let row = &shop.rows("cart", "cart_id", &owner.cart_id)[0];
    let secrets = [
        owner.token.as_str(),
        row["owner"].as_str().unwrap().split(':').next_back().unwrap(),
        "minh.khai",
        "Hang Bac",
        &share.token,
    ];
    for path in LOOKS {
        let reply = format!("{:?}", share.call("GET", path).send());
        for secret in secrets {
            assert!(!reply.contains(secret), "{path} tells {secret}: {reply}");
        }
    }
}

#[test]
fn a_guests_share_shows_what_the_guest_sees() {
    let shop = Shop::open();
    shows_what_the_owner_sees(&shop.guest());
}

#[test]
fn a_customers_share_shows_what_the_customer_sees() {
    let shop = Shop::open();
    shows_what_the_owner_sees(&shop.customer());
}

#[test]
fn a_share_is_made_shown_once_and_listed_without_its_token() {
    let shop = Shop::open();
    let guest = shop.guest();
    let reply = guest.sharing(&json!({ "expires_in_seconds": 60 })).send();
    let made = reply.expect(201);
    let (id, token) = (made["share_id"].as_str().unwrap(), made["share_token"].as_str().unwrap());
    assert_eq!(reply.header("location"), Some(format!("/api/v1/cart/shares/{id}").as_str()));
    assert!(token.starts_with("shr_") && token.len() == 68, "{token}");
    assert_eq!(
        made["expires_at_ms"].as_i64().unwrap() - made["created_at_ms"].as_i64().unwrap(),
        60_000
    );
    let listed = guest.call("GET", "/api/v1/cart/shares").send();
    assert_eq!(
        listed.expect(200),
        json!({
            "shares": [{
                "share_id": id, "created_at_ms": made["created_at_ms"],
                "expires_at_ms": made["expires_at_ms"],
            }],
        })
    );
    let rows = format!("{:?}", shop.rows("cart_share", "cart_id", &guest.cart_id));
    assert!(rows.contains(id) && !rows.contains(&token[4..]), "{rows}");

    // Without a body: for as long as the shop says.
    let usual = guest.call("POST", "/api/v1/cart/shares").send().expect(201);
    assert_eq!(
        usual["expires_at_ms"].as_i64().unwrap() - usual["created_at_ms"].as_i64().unwrap(),
        604_800_000
    );
    assert_eq!(guest.shares(), [id, usual["share_id"].as_str().unwrap()]);

    // The token is kept nowhere, so there is no key under which it could be told again: each
    // request makes a share.
    let [first, second] =
        [(); 2].map(|()| guest.sharing(&json!({})).header("idempotency-key", "once").send());
    assert_ne!(first.expect(201)["share_token"], second.expect(201)["share_token"]);
    assert_eq!((second.header("idempotency-replayed"), guest.shares().len()), (None, 4));
}

#[test]
fn a_share_lives_as_long_as_it_may_and_no_longer() {
    let shop = Shop::open();
    let guest = shop.guest();
    for seconds in [
        json!(0),
        json!(-1),
        json!(2_592_001),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(1.5),
        json!("60"),
        json!(true),
    ] {
        let problem = guest
            .sharing(&json!({ "expires_in_seconds": seconds }))
            .send()
            .problem(400, "invalid_field");
        assert_eq!(problem["field"], "/expires_in_seconds", "{seconds}: {problem}");
    }
    assert_eq!(guest.shares(), [""; 0]);
    for seconds in [1, 2_592_000] {
        guest.sharing(&json!({ "expires_in_seconds": seconds })).send().expect(201);
    }
    guest.sharing(&json!({ "expires_in_seconds": null })).send().expect(201);
}

#[test]
fn a_share_expires_by_the_databases_clock() {
    let shop = Shop::alone();
    let guest = shop.guest();
    let (short, long) = (guest.share_for(60), guest.share_for(120));
    shop.advance_ms(short.expires_at_ms - shop.now_ms() - 5_000);
    short.look().expect(200);
    shop.advance_ms(5_000);
    is_dead(&shop, &short, "expired");
    assert_eq!(guest.shares(), [long.share_id.as_str()]);
    guest.revoking(&short.share_id).send().problem(404, "share_not_found");
    long.look().expect(200);
    // Nobody needs its row any more; the next share takes it away.
    let hashes = || shop.rows("cart_share", "cart_id", &guest.cart_id).len();
    let before = hashes();
    let _next = guest.share();
    assert_eq!((before, hashes()), (2, 2));
}

#[test]
fn a_share_that_is_revoked_opens_nothing() {
    let shop = Shop::open();
    let (guest, other) = (shop.guest(), shop.guest());
    let (share, kept) = (guest.share(), guest.share());
    other.revoking(&share.share_id).send().problem(404, "share_not_found");
    share.look().expect(200);
    let revoke = || guest.revoking(&share.share_id).header("idempotency-key", "revoke").send();
    let first = revoke();
    assert_eq!(first.expect(200), json!({ "cart_id": guest.cart_id, "share_id": share.share_id }));
    is_dead(&shop, &share, "revoked");
    kept.look().expect(200);
    assert_eq!(guest.shares(), [kept.share_id.as_str()]);

    // Once more: as for any other thing that is gone, and under the same key the first reply.
    let replayed = revoke();
    assert_eq!(
        (replayed.status, &replayed.body, replayed.header("idempotency-replayed")),
        (200, &first.body, Some("true"))
    );
    let gone = guest.revoking(&share.share_id).send();
    gone.problem(404, "share_not_found");
    assert_eq!(guest.revoking("never-was").send().body, gone.body);
    guest
        .revoking(&kept.share_id)
        .header("idempotency-key", "revoke")
        .send()
        .problem(422, "idempotency_key_reused");
}

#[test]
fn a_share_ends_with_the_cart_it_is_of() {
    let shop = Shop::open();
    let sku = shop.sku().create();

    let guest = shop.guest();
    let share = guest.share();
    guest.add(&sku, 1).expect(200);
    let session = guest.check_out();
    share.look().expect(200);
    session.confirm().expect(201);
    is_dead(&shop, &share, "the cart became an order");
    // The owner's next cart is another.
    guest.call("POST", "/api/v1/cart").json(&json!({})).send().expect(201);
    is_dead(&shop, &share, "and the next cart is not shared");
    assert_eq!(guest.shares(), [""; 0]);
    guest.revoking(&share.share_id).send().problem(404, "share_not_found");

    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let share = guest.share();
    let token = CustomerClaims::of(&unique("customer-")).signed(SigningKey::Ec1);
    let merged = shop
        .call("POST", "/api/v1/session")
        .bearer(&token)
        .json(&json!({ "guest_token": guest.token }))
        .send()
        .expect(200);
    assert_eq!(merged["cart"]["lines"][0]["sku"], sku.as_str());
    is_dead(&shop, &share, "the cart was merged into a customer's");

    let nobody = Guest { token: Shop::stranger(), ..guest };
    nobody.call("GET", "/api/v1/cart/shares").send().problem(404, "cart_not_found");
    nobody.sharing(&json!({})).send().problem(404, "cart_not_found");
    nobody.revoking(&share.share_id).send().problem(404, "cart_not_found");
}

#[test]
fn a_token_that_is_not_one_is_refused_as_such() {
    let shop = Shop::open();
    let guest = shop.guest();
    let share = guest.share();
    let (short, long) = (&share.token[..67], format!("{}A", share.token));
    let broken = [
        "shr_",
        "shr_half",
        short,
        &long,
        &share.token.replace("shr_", "shr_ "),
        &share.token.replace("shr_", "SHR_"),
    ];
    for token in broken {
        for path in LOOKS {
            shop.call("GET", path).bearer(token).send().problem(401, "credential_invalid");
        }
    }
    // Nor is it a guest's, or a guest's one of these.
    let as_guest = share.token.replace("shr_", "gst_");
    shop.call("GET", "/api/v1/cart").bearer(&as_guest).send().problem(401, "credential_invalid");
    let as_share = guest.token.replace("gst_", "shr_");
    shop.call("GET", "/api/v1/cart").bearer(&as_share).send().problem(401, "credential_invalid");
    let login = shop
        .call("POST", "/api/v1/session")
        .bearer(&CustomerClaims::of(&unique("customer-")).signed(SigningKey::Ec1));
    login.json(&json!({ "guest_token": share.token })).send().problem(400, "invalid_field");
    share.look().expect(200);
}

#[test]
fn fifty_who_share_at_once_end_at_the_limit() {
    let shop = Shop::open();
    let (guest, limit) = (shop.guest(), limit(&shop));
    assert!(limit < 50, "{limit} are not reached");
    let replies = together(50, |_| guest.sharing(&json!({})).send());
    let made: Vec<Value> =
        replies.iter().filter(|reply| reply.status == 201).map(Reply::json).collect();
    assert_eq!((made.len(), guest.shares().len()), (limit, limit));
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        assert_eq!(reply.problem(422, "too_many_shares")["maximum"], limit);
    }
    // One goes, one may come.
    guest.revoking(made[0]["share_id"].as_str().unwrap()).send().expect(200);
    let _next = guest.share();
    guest.sharing(&json!({})).send().problem(422, "too_many_shares");
}

#[test]
fn nobody_looks_once_a_revoke_has_been_answered() {
    let shop = Shop::open();
    let guest = shop.guest();
    for round in 0..5 {
        let share = guest.share();
        // Each reader says what they saw, and whether they began after the revoke had been
        // answered.
        let revoked = std::sync::atomic::AtomicBool::new(false);
        let seen = together(9, |number| {
            if number == 0 {
                guest.revoking(&share.share_id).send().expect(200);
                revoked.store(true, std::sync::atomic::Ordering::SeqCst);
                return vec![];
            }
            (0..10)
                .map(|_| (revoked.load(std::sync::atomic::Ordering::SeqCst), share.look().status))
                .collect()
        });
        for (after, status) in seen.into_iter().flatten() {
            assert!(
                status == 404 || (status == 200 && !after),
                "round {round}: {status}, after the revoke: {after}"
            );
        }
        is_dead(&shop, &share, "revoked");
    }
}

#[test]
fn one_of_many_revokes_is_the_one() {
    let shop = Shop::open();
    let guest = shop.guest();
    let share = guest.share();
    let replies = together(10, |_| guest.revoking(&share.share_id).send().status);
    assert_eq!(replies.iter().filter(|status| **status == 200).count(), 1, "{replies:?}");
    assert!(replies.iter().all(|status| [200, 404].contains(status)), "{replies:?}");
    eventually("the share is dead", || (share.look().status == 404).then_some(()));
}
