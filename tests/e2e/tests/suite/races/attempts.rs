//! Attempts that take one another's place, refunds that pend, operators who act: many at once, and
//! one truth.

use super::{at_once, buyer, order_id};
use e2e::{Reply, Shop, together, unique};
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;

/// Time goes on, and the workers with it, until nothing is under way.
fn settle(shop: &Shop) {
    for _ in 0..4 {
        shop.advance_ms(6 * MINUTE_MS);
        shop.run_workers_until_quiet();
    }
}

/// Answers to confirms of one cart: a 201 is of one order, whoever was given it; everything else
/// says what to do.
fn one_order_at_most(replies: &[&Reply]) -> Option<String> {
    let mut orders: Vec<String> = Vec::new();
    for reply in replies {
        assert!([201, 402, 409].contains(&reply.status), "{reply:?}");
        if reply.status == 201 {
            orders.push(order_id(&reply.json()).to_owned());
        }
    }
    orders.dedup();
    assert!(orders.len() <= 1, "one cart, several orders: {orders:?}");
    orders.pop()
}

// CHK-9: tabs that pay by other cards, the first tab, the bank's yes to the first card and
// recovery, all at once.
#[test]
fn tabs_with_other_cards_and_the_banks_yes_make_one_order() {
    let shop = Shop::alone();
    for round in 0..at_once(10) {
        let sku = shop.sku().stock(10).create();
        let (guest, session) = buyer(&shop, &sku, 2, "pm_card_authenticationRequired");
        let first = unique("first-");
        session.confirm_as(&first).problem(402, "payment_action_required");
        let intent = guest.payment_rows()[0]["reference"].clone();
        let replies = together(12, |number| match number % 4 {
            0 => session
                .confirming_with(&json!({ "payment_method": "pm_card_visa" }))
                .keyed(&unique("tab-"))
                .send(),
            1 => session.confirm_as(&first),
            2 => shop
                .simulator("POST", "/authenticate")
                .json(&json!({ "payment_intent": intent }))
                .send(),
            _ => shop.worker_without_lease("saga-recovery").send(),
        });
        let confirms: Vec<&Reply> = replies
            .iter()
            .enumerate()
            .filter(|(number, _)| number % 4 < 2)
            .map(|(_, reply)| reply)
            .collect();
        let told = one_order_at_most(&confirms);
        settle(&shop);
        let orders = guest.order_rows();
        assert_eq!(orders.len(), 1, "round {round}: some card was good, and {replies:?}");
        assert!(
            told.is_none_or(|told| orders[0]["order_id"] == *told),
            "round {round}: another order than was told"
        );
        let (money, total) =
            (guest.provider_payments(), orders[0]["total_minor"].as_i64().unwrap());
        assert_eq!(money.held(), total, "round {round}: {money:?}");
        assert_eq!(shop.stock_of(&sku), (8, 0), "round {round}");
        assert!(
            guest.compensation_rows().iter().all(|owed| owed["state"] == "done"),
            "round {round}: {:?}",
            guest.compensation_rows()
        );
    }
}

// PAY-8: a refund that the provider takes its time over is asked about by many at once, while it
// succeeds, and made once.
#[test]
fn a_refund_that_pends_is_made_once_whoever_asks_about_it() {
    let shop = Shop::alone();
    let sku = shop.sku().stock(10).create();
    let guest = shop.guest();
    let order = guest.buy_with(&sku, 1, "pm_sim_refund_pending");
    let replies = together(at_once(12), |number| match number % 2 {
        0 => guest.cancelling(order_id(&order)).send(),
        _ => shop.worker_without_lease("compensation-retry").send(),
    });
    assert!(replies.iter().all(|reply| [200, 409].contains(&reply.status)), "{replies:?}");
    for _ in 0..3 {
        shop.advance_ms(20 * MINUTE_MS);
        together(at_once(12), |_| {
            shop.worker_without_lease("compensation-retry").send().expect(200)
        });
    }
    let pending =
        shop.simulator("GET", "/refunds").send().expect(200)["pending"].as_array().unwrap().len();
    assert!(pending <= 1, "{pending} refunds of one order pend");
    together(at_once(12), |number| match number % 2 {
        0 => shop.simulator("POST", "/refunds").json(&json!({ "status": "succeeded" })).send(),
        _ => shop.worker_without_lease("compensation-retry").send(),
    });
    for _ in 0..8 {
        shop.advance_ms(61 * MINUTE_MS);
        shop.run_workers_until_quiet();
    }
    let (money, total) =
        (guest.provider_payments(), order["total"]["amount_minor"].as_i64().unwrap());
    assert_eq!((money.voided + money.refunded, money.held()), (total, 0), "{money:?}");
    let owed = guest.compensation_rows();
    assert_eq!((owed.len(), &owed[0]["state"]), (1, &json!("done")), "{owed:?}");
    assert_eq!(shop.stock_of(&sku), (10, 0));
}

// CHK-8: operators who have it tried again, who settle it, and workers, at once: each act is made
// once or refused, and money moves once.
#[test]
fn operators_who_act_at_once_move_the_money_once() {
    let shop = Shop::alone();
    for round in 0..at_once(6) {
        let sku = shop.sku().stock(10).create();
        let guest = shop.guest();
        let order = guest.buy(&sku, 1);
        let id = guest.cancels_and_is_owed(order_id(&order), 400);
        let act = |act: &str, body: &Value| {
            let call = shop.call("POST", &format!("/api/v1/operations/compensations/{id}/{act}"));
            call.bearer(&shop.token("operations:write")).keyed(&unique("desk-")).json(body).send()
        };
        let replies = together(12, |number| match number % 3 {
            0 => act("retry", &json!({ "reason": "the provider has mended it" })),
            1 => act(
                "resolve",
                &json!({ "reason": "the buyer has it in cash", "outcome": "written_off" }),
            ),
            _ => shop.worker_without_lease("compensation-retry").send(),
        });
        let acted = |kind: usize| {
            replies
                .iter()
                .enumerate()
                .filter(|(number, reply)| number % 3 == kind && reply.status == 200)
                .count()
        };
        assert!(
            replies.iter().all(|reply| [200, 409].contains(&reply.status)),
            "round {round}: {replies:?}"
        );
        // To have it tried again may succeed once more, when the worker was between: what waits is
        // tried now.
        let (retried, resolved) = (acted(0), acted(1));
        assert!(
            retried + resolved >= 1 && resolved <= 1,
            "round {round}: {retried} retries, {resolved} resolved: {replies:?}"
        );
        settle(&shop);
        let (money, total) =
            (guest.provider_payments(), order["total"]["amount_minor"].as_i64().unwrap());
        let owed = guest.compensation_rows();
        let given_back = money.voided + money.refunded;
        match owed[0]["state"].as_str().unwrap() {
            "done" => assert_eq!((given_back, resolved), (total, 0), "round {round}: {money:?}"),
            "resolved" => assert_eq!((given_back, resolved), (0, 1), "round {round}: {money:?}"),
            state => panic!("round {round}: {state}: {owed:?}"),
        }
        assert_eq!((owed.len(), shop.stock_of(&sku)), (1, (10, 0)), "round {round}: {owed:?}");
        let history = shop.rows("history", "subject", &format!("compensation/{id}"));
        assert_eq!(
            history.len(),
            retried + resolved,
            "round {round}: each act that was told is history: {history:?}"
        );
    }
}
