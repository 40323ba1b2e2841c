//! Shares of a cart (CART-14): who may look at it, until when, and how many at once.

use serde_json::{Value, json};
use store::{Refusal, StoreError, sql};

use super::{
    shopper::{Shopper, TEN_MINUTES_MS, shopper, with},
    support::{Database, SharedShop, shop, timeless},
};

const LIMIT: i64 = 3;

impl Shopper {
    /// A share of the cart, named.
    fn share(&self, name: &str) -> Value {
        json!({"share_id": name, "token_hash": format!("hash of {name}"), "owner": self.0, "ttl_ms": TEN_MINUTES_MS, "share_limit": LIMIT,
            "prune_limit": 20})
    }

    fn revoke(&self, name: &str) -> Value {
        json!({"share_id": name, "owner": self.0, "idempotency_key": null})
    }

    fn shares(&self, shop: &Database) -> Vec<String> {
        let listed = shop.list(&sql::SHARE_LIST, &json!({"owner": self.0})).remove(0);
        listed["shares"]
            .as_array()
            .unwrap()
            .iter()
            .map(|share| share["share_id"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// The cart that a share's token opens; nothing, if none. Its totals are open exactly as long.
fn opened(shop: &Database, name: &str) -> Option<Value> {
    let token = json!({"token_hash": format!("hash of {name}"), "country": null, "region": ""});
    let looks =
        [shop.list(&sql::CART_VIEW_SHARED, &token), shop.list(&sql::PRICING_FACTS_SHARED, &token)];
    assert_eq!(looks[0].len(), looks[1].len(), "{name}: {looks:?}");
    looks[0].first().cloned()
}

fn hashes(shop: &Database) -> Vec<String> {
    shop.rows("select token_hash from cart_share order by 1")
}

#[test]
fn a_share_shows_what_its_owner_sees() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[("TILL-0001", "", 2), ("TILL-0002", "", 1)]);
    shopper("bob").fills_a_cart(&shop, &[("TILL-0003", "", 1)]);
    let receipt = shop.does(&sql::SHARE_CREATE, &ann.share("one"));
    let made_at_ms = receipt["created_at_ms"].as_i64().unwrap();
    assert_eq!(
        receipt,
        json!({"share_id": "one", "cart_id": "cart-ann", "created_at_ms": made_at_ms, "expires_at_ms": made_at_ms + TEN_MINUTES_MS})
    );
    let shown = opened(&shop, "one").unwrap();
    assert_eq!(shown["cart"], shop.list(&sql::CART_VIEW, &json!({"owner": "ann"})).remove(0));
    assert_eq!(shown["expires_at_ms"], receipt["expires_at_ms"]);
    let input =
        json!({"token_hash": "hash of one", "owner": "ann", "country": "US", "region": "CA"});
    let [shared, own] = [&sql::PRICING_FACTS_SHARED, &sql::PRICING_FACTS]
        .map(|facts| timeless(shop.list(facts, &input).remove(0)));
    assert_eq!(shared, own);
    // Looking at a cart is no change of it.
    assert_eq!(shop.rows("select version from cart where cart_id = 'cart-ann'"), ["3"]);
}

#[test]
fn a_token_that_was_never_given_opens_nothing() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[]);
    shop.does(&sql::SHARE_CREATE, &ann.share("one"));
    assert_eq!(opened(&shop, "another"), None);
    for token in
        [json!({}), json!({"token_hash": null}), json!({"token_hash": ""}), json!({"owner": "ann"})]
    {
        assert_eq!(shop.list(&sql::CART_VIEW_SHARED, &token), Vec::<Value>::new(), "{token}");
        assert_eq!(
            shop.list(&sql::PRICING_FACTS_SHARED, &with(token, json!({"region": ""}))),
            Vec::<Value>::new()
        );
    }
}

#[test]
fn a_share_ends_when_it_said() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[]);
    let ends_at_ms =
        shop.does(&sql::SHARE_CREATE, &ann.share("one"))["expires_at_ms"].as_i64().unwrap();
    shop.now_is(ends_at_ms - 30_000);
    assert!(opened(&shop, "one").is_some());
    assert_eq!(ann.shares(&shop), ["one"]);
    shop.now_is(ends_at_ms);
    assert_eq!(opened(&shop, "one"), None);
    assert_eq!(ann.shares(&shop), [""; 0]);
    // As if it had never been, although its row is still there.
    assert_eq!(hashes(&shop), ["hash of one"]);
    shop.refuses(&sql::SHARE_REVOKE, &ann.revoke("one"), Refusal::ShareNotFound);
}

#[test]
fn a_share_is_revoked_by_its_owner_alone() {
    let (shop, ann, bob) = (shop(), shopper("ann"), shopper("bob"));
    ann.fills_a_cart(&shop, &[]);
    for name in ["one", "two"] {
        shop.does(&sql::SHARE_CREATE, &ann.share(name));
    }
    shop.refuses(&sql::SHARE_REVOKE, &bob.revoke("one"), Refusal::CartNotFound);
    bob.fills_a_cart(&shop, &[]);
    shop.refuses(&sql::SHARE_REVOKE, &bob.revoke("one"), Refusal::ShareNotFound);
    shop.refuses(&sql::SHARE_REVOKE, &ann.revoke("three"), Refusal::ShareNotFound);
    assert_eq!(
        shop.does(&sql::SHARE_REVOKE, &ann.revoke("one")),
        json!({"cart_id": "cart-ann", "share_id": "one"})
    );
    assert_eq!((opened(&shop, "one"), opened(&shop, "two").is_some()), (None, true));
    assert_eq!(hashes(&shop), ["hash of two"]);
    shop.refuses(&sql::SHARE_REVOKE, &ann.revoke("one"), Refusal::ShareNotFound);
}

#[test]
fn a_share_ends_with_its_cart() {
    for end in ["completed", "merged", "expired"] {
        let (shop, ann) = (shop(), shopper("ann"));
        ann.fills_a_cart(&shop, &[("TILL-0001", "", 1)]);
        shop.does(&sql::SHARE_CREATE, &ann.share("one"));
        shop.exec("update cart set status = 'checkout'");
        assert!(opened(&shop, "one").is_some(), "a cart in checkout is live");
        shop.exec(&format!("update cart set status = '{end}'"));
        assert_eq!(opened(&shop, "one"), None, "{end}");
        assert_eq!(shop.list(&sql::SHARE_LIST, &json!({"owner": "ann"})), Vec::<Value>::new());
        shop.refuses(&sql::SHARE_REVOKE, &ann.revoke("one"), Refusal::CartNotFound);
        shop.refuses(&sql::SHARE_CREATE, &ann.share("two"), Refusal::CartNotFound);
        // It does not open the owner's next cart.
        if end != "merged" {
            shop.does(&sql::CART_CREATE, &with(ann.cart_create(), json!({"cart_id": "cart-next"})));
            assert_eq!((opened(&shop, "one"), ann.shares(&shop).len()), (None, 0), "{end}");
        }
    }
}

#[test]
fn a_cart_has_so_many_live_shares_and_no_more() {
    let (shop, ann, bob) = (shop(), shopper("ann"), shopper("bob"));
    ann.fills_a_cart(&shop, &[]);
    bob.fills_a_cart(&shop, &[]);
    for name in ["one", "two", "three"] {
        shop.does(&sql::SHARE_CREATE, &ann.share(name));
        shop.advance(1_000);
    }
    shop.refuses(&sql::SHARE_CREATE, &ann.share("four"), Refusal::TooManyShares);
    assert_eq!(ann.shares(&shop), ["one", "two", "three"]);
    shop.does(&sql::SHARE_CREATE, &bob.share("bobs"));
    shop.does(&sql::SHARE_REVOKE, &ann.revoke("two"));
    shop.does(&sql::SHARE_CREATE, &ann.share("four"));
    shop.refuses(&sql::SHARE_CREATE, &ann.share("five"), Refusal::TooManyShares);
    // What has ended does not count.
    shop.advance(TEN_MINUTES_MS);
    shop.does(&sql::SHARE_CREATE, &ann.share("five"));
    assert_eq!(ann.shares(&shop), ["five"]);
}

#[test]
fn dead_shares_are_taken_away_a_few_at_a_time() {
    let (shop, ann) = (shop(), shopper("ann"));
    ann.fills_a_cart(&shop, &[]);
    for name in 0..10 {
        let owner = shopper(&format!("old-{name}"));
        owner.fills_a_cart(&shop, &[]);
        shop.does(&sql::SHARE_CREATE, &owner.share(&name.to_string()));
        shop.advance(1_000);
    }
    shop.exec("update cart set status = 'completed' where cart_id <> 'cart-ann'");
    shop.advance(TEN_MINUTES_MS);
    // The oldest first.
    shop.does(&sql::SHARE_CREATE, &with(ann.share("a"), json!({"prune_limit": 4})));
    assert_eq!(hashes(&shop).len(), 7);
    assert!(
        !hashes(&shop).contains(&"hash of 3".to_owned())
            && hashes(&shop).contains(&"hash of 4".to_owned())
    );
    shop.does(&sql::SHARE_CREATE, &ann.share("b"));
    assert_eq!(hashes(&shop), ["hash of a", "hash of b"]);
}

#[test]
fn many_who_share_at_once_end_at_the_limit() {
    let shared = SharedShop::new();
    let ann = shopper("ann");
    ann.fills_a_cart(&shared.open(), &[]);
    let made = shared.at_once(|shop, thread| {
        let share = |round: &i32| ann.share(&format!("{thread}-{round}"));
        (0..4)
            .filter(|round| match shop.apply(&sql::SHARE_CREATE, &share(round)) {
                Ok(_) => true,
                Err(StoreError::Refused(Refusal::TooManyShares)) => false,
                Err(error) => panic!("{error}"),
            })
            .count()
    });
    assert_eq!(made.iter().sum::<usize>(), usize::try_from(LIMIT).unwrap());
    assert_eq!(hashes(&shared.open()).len(), usize::try_from(LIMIT).unwrap());
}

#[test]
fn one_of_many_revokes_ends_a_share() {
    let shared = SharedShop::new();
    let ann = shopper("ann");
    let shop = shared.open();
    ann.fills_a_cart(&shop, &[]);
    for name in ["one", "two"] {
        shop.does(&sql::SHARE_CREATE, &ann.share(name));
    }
    let ended =
        shared.at_once(|shop, _| match shop.apply(&sql::SHARE_REVOKE, &ann.revoke("one")) {
            Ok(_) => true,
            Err(StoreError::Refused(Refusal::ShareNotFound)) => false,
            Err(error) => panic!("{error}"),
        });
    assert_eq!(ended.iter().filter(|ended| **ended).count(), 1);
    assert_eq!(hashes(&shop), ["hash of two"]);
}
