//! The use cases under proof: how each begins, and which ends it may come to.

use std::{thread, time::Duration};

use e2e::{Call, CustomerClaims, Guest, Reply, Shop, SigningKey, address, unique};
use serde_json::{Value, json};

use crate::{
    judge::{End, cart_is_usable, judge_cart, judge_order},
    settle::settle_until_quiet,
};

/// What a gift card pays of what is confirmed, in minor units: all that is on it.
pub(crate) const DRAWN: i64 = 300;
/// How many of the goods there are before anybody buys.
pub(crate) const STOCK: i64 = 10;
/// How many one buyer takes.
pub(crate) const QUANTITY: i64 = 2;
/// How often somebody waits who is told to come back in so many seconds.
const PATIENCE: usize = 10;
/// What a thing costs of which two are looked at by a person.
const DEAR: i64 = 230_000;

/// A request that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// A confirm that is paid and captured.
    Confirm,
    /// A confirm of a customer whose first card is saved: the provider is to know them first.
    ConfirmSaves,
    /// A confirm that the provider declines.
    ConfirmDeclined,
    /// A confirm whose provider holds another amount than it was asked for: it goes back at once.
    ConfirmGoesBack,
    /// A confirm whose capture fails twice.
    ConfirmCaptureFails,
    /// A confirm for which the buyer has to act, and never does.
    ConfirmNeedsAction,
    /// The confirm after the buyer has acted.
    ConfirmAfterAction,
    /// The confirm after the buyer has paid in the provider's own element.
    ConfirmAfterElement,
    /// A confirm with another card, while a bank has said yes to the first one and nobody has heard
    /// of it.
    ConfirmInstead,
    /// A confirm of goods that somebody else has bought meanwhile.
    ConfirmSoldOut,
    /// The beginning of a checkout.
    Begin,
    /// Adding to a cart.
    Add,
    /// Cancelling an order whose money was taken.
    CancelCaptured,
    /// Cancelling an order whose money was taken, and whose refund the provider accepts and does
    /// not finish at once.
    CancelRefundPends,
    /// Cancelling an order whose money is held, and could not be taken.
    CancelUncaptured,
    /// Taking the money of an order that stayed held.
    Capture,
    /// Releasing an order that waited for a person, and taking its money.
    Release,
    /// Sending off an order whose money is held, and taking it.
    Ship,
    /// Giving back the money for one piece of an order.
    Refund,
    /// Cancelling one piece of an order whose money was taken.
    CancelLines,
    /// An operator has a refund tried again that the provider refused.
    OperatorRetries,
    /// A guest with a cart logs in as a customer who has one too.
    Merge,
}

/// A case about to happen to a buyer of its own.
#[derive(Debug)]
pub(crate) struct Stage<'s> {
    pub(crate) case: Case,
    pub(crate) buyer: Guest<'s>,
    pub(crate) sku: String,
    pub(crate) call: Call,
    /// The gift card that pays [`DRAWN`] of what they confirm.
    pub(crate) card: Option<String>,
    /// Who logs in.
    customer: Option<String>,
}

impl Case {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::Confirm,
        Self::ConfirmSaves,
        Self::ConfirmDeclined,
        Self::ConfirmGoesBack,
        Self::ConfirmCaptureFails,
        Self::ConfirmNeedsAction,
        Self::ConfirmAfterAction,
        Self::ConfirmAfterElement,
        Self::ConfirmInstead,
        Self::ConfirmSoldOut,
        Self::Begin,
        Self::Add,
        Self::CancelCaptured,
        Self::CancelRefundPends,
        Self::CancelUncaptured,
        Self::Capture,
        Self::Release,
        Self::Ship,
        Self::Refund,
        Self::CancelLines,
        Self::OperatorRetries,
        Self::Merge,
    ];

    /// As the table has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::ConfirmSaves => "confirm, saves the card",
            Self::ConfirmDeclined => "confirm, declined",
            Self::ConfirmGoesBack => "confirm, goes back",
            Self::ConfirmCaptureFails => "confirm, capture fails",
            Self::ConfirmNeedsAction => "confirm, needs action",
            Self::ConfirmAfterAction => "confirm, after action",
            Self::ConfirmAfterElement => "confirm, after element",
            Self::ConfirmInstead => "confirm, instead",
            Self::ConfirmSoldOut => "confirm, sold out",
            Self::Begin => "begin",
            Self::Add => "add",
            Self::CancelCaptured => "cancel, captured",
            Self::CancelRefundPends => "cancel, refund pends",
            Self::CancelUncaptured => "cancel, uncaptured",
            Self::Capture => "capture",
            Self::Release => "release",
            Self::Ship => "ship",
            Self::Refund => "refund",
            Self::CancelLines => "cancel lines",
            Self::OperatorRetries => "an operator's retry",
            Self::Merge => "merge at login",
        }
    }

    /// Whether the request itself, unbroken, moves money for good.
    pub(crate) fn asks_the_provider(self) -> bool {
        match self {
            Self::Confirm
            | Self::ConfirmSaves
            | Self::ConfirmAfterAction
            | Self::ConfirmAfterElement
            | Self::ConfirmInstead
            | Self::CancelCaptured
            | Self::Capture
            | Self::Release
            | Self::Ship
            | Self::Refund
            | Self::CancelLines
            | Self::OperatorRetries => true,
            Self::ConfirmDeclined
            | Self::ConfirmGoesBack
            | Self::ConfirmCaptureFails
            | Self::ConfirmNeedsAction
            | Self::ConfirmSoldOut
            | Self::Begin
            | Self::Add
            | Self::CancelRefundPends
            | Self::CancelUncaptured
            | Self::Merge => false,
        }
    }

    /// The ends that are allowed without the buyer's asking again.
    #[must_use]
    pub fn ends(self) -> &'static [End] {
        match self {
            Self::Confirm
            | Self::ConfirmSaves
            | Self::ConfirmCaptureFails
            | Self::ConfirmAfterAction
            | Self::ConfirmAfterElement
            | Self::ConfirmInstead => &[End::Paid, End::NothingHeld],
            Self::ConfirmDeclined
            | Self::ConfirmGoesBack
            | Self::ConfirmNeedsAction
            | Self::ConfirmSoldOut => &[End::NothingHeld],
            Self::Begin => &[End::Begun, End::NotBegun],
            Self::Add => &[End::Added, End::NotAdded],
            Self::CancelCaptured | Self::CancelRefundPends => &[End::Cancelled, End::Paid],
            Self::OperatorRetries => &[End::Cancelled, End::Owed],
            Self::CancelUncaptured => &[End::Cancelled, End::Authorized],
            Self::Capture | Self::Release | Self::Ship => &[End::Paid, End::Authorized],
            Self::Refund | Self::CancelLines => &[End::Refunded, End::Paid],
            Self::Merge => &[End::Merged, End::NotMerged],
        }
    }

    /// The end after the buyer has asked again and was answered.
    #[must_use]
    pub fn end_after_retry(self) -> End {
        match self {
            Self::Confirm
            | Self::ConfirmSaves
            | Self::ConfirmCaptureFails
            | Self::ConfirmAfterAction
            | Self::ConfirmAfterElement
            | Self::ConfirmInstead
            | Self::Capture
            | Self::Release
            | Self::Ship => End::Paid,
            Self::Refund | Self::CancelLines => End::Refunded,
            Self::ConfirmDeclined
            | Self::ConfirmGoesBack
            | Self::ConfirmNeedsAction
            | Self::ConfirmSoldOut => End::NothingHeld,
            Self::Begin => End::Begun,
            Self::Add => End::Added,
            Self::CancelCaptured
            | Self::CancelRefundPends
            | Self::CancelUncaptured
            | Self::OperatorRetries => End::Cancelled,
            Self::Merge => End::Merged,
        }
    }

    fn payment_method(self) -> &'static str {
        match self {
            Self::ConfirmDeclined => "pm_card_chargeDeclined",
            Self::ConfirmGoesBack => "pm_sim_wrong_amount",
            Self::ConfirmCaptureFails => "pm_sim_capture_fails_2",
            Self::ConfirmNeedsAction | Self::ConfirmAfterAction | Self::ConfirmInstead => {
                "pm_card_authenticationRequired"
            }
            Self::CancelUncaptured => "pm_sim_capture_fails_always",
            Self::CancelRefundPends => "pm_sim_refund_pending",
            Self::Confirm
            | Self::ConfirmSaves
            | Self::ConfirmAfterElement
            | Self::ConfirmSoldOut
            | Self::Begin
            | Self::Add
            | Self::CancelCaptured
            | Self::Capture
            | Self::Release
            | Self::Ship
            | Self::Refund
            | Self::CancelLines
            | Self::OperatorRetries
            | Self::Merge => "pm_card_visa",
        }
    }

    /// Everything up to the request, for a new buyer of goods of their own.
    pub(crate) fn prepare(self, shop: &Shop) -> Stage<'_> {
        let buyer = if self == Self::ConfirmSaves { shop.customer() } else { shop.guest() };
        self.prepare_for(shop, buyer)
    }

    /// … for this one.
    pub(crate) fn prepare_for<'s>(self, shop: &'s Shop, buyer: Guest<'s>) -> Stage<'s> {
        let sku = shop.sku().stock(STOCK).create();
        let key = unique("key-");
        let stage = |call: Call| Stage {
            case: self,
            buyer: buyer.clone(),
            sku: sku.clone(),
            call: call.keyed(&key),
            card: None,
            customer: None,
        };
        if !matches!(self, Self::Add | Self::Capture | Self::Release | Self::Ship) {
            buyer.add(&sku, QUANTITY).expect(200);
            // With a promotion of the demo shop: what is used of it is held, kept and given back with
            // all else.
            let code = buyer.call("POST", "/api/v1/cart/codes").json(&json!({ "code": "WELCOME" }));
            patiently(&code).expect(200);
        }
        match self {
            Self::Add => stage(buyer.adding(&sku, QUANTITY)),
            Self::Begin => stage(buyer.call("POST", "/api/v1/checkout").json(&buyer.basket().body)),
            Self::Merge => {
                let id = unique("customer-");
                let customer = shop.customer_called(&id, "USD");
                customer.add(&sku, 1).expect(200);
                let token = CustomerClaims::of(&id).signed(SigningKey::Shared);
                let call = shop
                    .call("POST", "/api/v1/session")
                    .bearer(&token)
                    .json(&json!({ "guest_token": buyer.token }));
                // Idempotent by what it does: it takes no key.
                Stage { call, customer: Some(id), ..stage(Call::new("POST", "/")) }
            }
            Self::Capture => {
                let order = held_order(shop, &sku, true);
                let path = format!("/api/v1/orders/{}/capture", text(&order, "order_id"));
                let call = shop.call("POST", &path).bearer(&shop.token("money:write"));
                Stage { buyer: of_a_program(shop, &order), ..stage(call) }
            }
            Self::Release => {
                let sku = shop.sku().stock(STOCK).price("USD", DEAR).create();
                let order = order_on_hold(shop, &sku);
                let path = format!("/api/v1/orders/{}/release", text(&order, "order_id"));
                let call = shop.call("POST", &path).bearer(&shop.token("orders:write"));
                Stage { buyer: of_a_program(shop, &order), sku, ..stage(call) }
            }
            Self::Ship => {
                let order = held_order(shop, &sku, true);
                let path = format!("/api/v1/orders/{}", text(&order, "order_id"));
                let token = shop.token("orders:write");
                let to = json!({ "status": "processing" });
                let call = shop.call("PUT", &format!("{path}/status")).bearer(&token).json(&to);
                patiently(&call.keyed(&unique("to-"))).expect(200);
                let call = shop.call("POST", &format!("{path}/shipments")).bearer(&token);
                Stage { buyer: of_a_program(shop, &order), ..stage(call) }
            }
            Self::Confirm
            | Self::ConfirmSaves
            | Self::ConfirmDeclined
            | Self::ConfirmGoesBack
            | Self::ConfirmCaptureFails
            | Self::ConfirmNeedsAction
            | Self::ConfirmAfterAction
            | Self::ConfirmAfterElement
            | Self::ConfirmInstead
            | Self::ConfirmSoldOut
            | Self::Refund
            | Self::CancelLines
            | Self::CancelCaptured
            | Self::CancelRefundPends
            | Self::CancelUncaptured
            | Self::OperatorRetries => {
                let basket = buyer.basket();
                let session = if self == Self::ConfirmAfterElement {
                    basket.without("payment_method").begin()
                } else {
                    basket.paying_with(self.payment_method()).begin()
                };
                let (card, code) = gift_card(shop);
                let draws = json!([{ "code": code, "amount_minor": DRAWN }]);
                let stage = |call| Stage { card: Some(card.clone()), ..stage(call) };
                if self == Self::ConfirmSoldOut {
                    shop.move_stock(&sku, "wh-hanoi", "adjust", 1 - STOCK).expect(200);
                }
                if matches!(
                    self,
                    Self::ConfirmAfterAction | Self::ConfirmAfterElement | Self::ConfirmInstead
                ) {
                    let asked = session.confirming_with(&json!({ "stored_value": draws }));
                    let asked =
                        if self == Self::ConfirmInstead { asked } else { asked.keyed(&key) };
                    let asked = patiently(&asked);
                    asked.problem(402, "payment_action_required");
                    if self == Self::ConfirmAfterElement {
                        shop.pays_in_the_element(&asked.json(), "pm_card_visa").expect(200);
                    } else {
                        let intent = buyer.payment_rows()[0]["reference"].clone();
                        shop.simulator("POST", "/authenticate")
                            .json(&json!({ "payment_intent": intent }))
                            .send()
                            .expect(200);
                    }
                }
                let cancels = matches!(
                    self,
                    Self::CancelCaptured
                        | Self::CancelRefundPends
                        | Self::CancelUncaptured
                        | Self::Refund
                        | Self::CancelLines
                        | Self::OperatorRetries
                );
                if !cancels {
                    let body = if self == Self::ConfirmInstead {
                        json!({ "payment_method": "pm_card_visa", "stored_value": draws })
                    } else if self == Self::ConfirmSaves {
                        json!({ "save_payment_method": true, "stored_value": draws })
                    } else {
                        json!({ "stored_value": draws })
                    };
                    return stage(session.confirming_with(&body));
                }
                let body = json!({ "stored_value": draws });
                let order = patiently(&session.confirming_with(&body)).expect(201);
                let order_id = order["order_id"].as_str().expect("an order");
                if self == Self::Refund {
                    let path = format!("/api/v1/orders/{order_id}/refunds");
                    let piece =
                        json!({ "lines": [{ "line_no": 1, "quantity": 1 }], "reason": "damaged" });
                    let call = shop.call("POST", &path).bearer(&shop.token("money:write"));
                    return stage(call.json(&piece));
                }
                if self == Self::CancelLines {
                    let path = format!("/api/v1/orders/{order_id}/cancel-items");
                    let piece = json!({ "lines": [{ "line_no": 1, "quantity": 1 }] });
                    return stage(buyer.call("POST", &path).json(&piece));
                }
                if self != Self::OperatorRetries {
                    return stage(buyer.cancelling(order_id));
                }
                let owed = buyer.cancels_and_is_owed(order_id, 400);
                assert_eq!(
                    shop.rows("compensation", "compensation_id", &owed)[0]["state"],
                    "dead",
                    "{owed}"
                );
                let path = format!("/api/v1/operations/compensations/{owed}/retry");
                stage(
                    shop.call("POST", &path)
                        .bearer(&shop.token("operations:write"))
                        .json(&json!({ "reason": "refuse no more" })),
                )
            }
        }
    }

    /// What has to pass in the shop between all preparations and the requests.
    pub(crate) fn ripen(self, shop: &Shop) {
        // Until the capture is given up.
        if self == Self::CancelUncaptured {
            settle_until_quiet(shop);
        }
    }
}

fn text(of: &Value, member: &str) -> String {
    of[member].as_str().unwrap_or_default().to_owned()
}

/// The program's own cart, which nobody has a token for.
fn of_a_program<'s>(shop: &'s Shop, order: &Value) -> Guest<'s> {
    Guest { shop, token: String::new(), cart_id: text(order, "cart_id") }
}

/// An order of [`QUANTITY`] dear things, which waits for a person: a rule of fraud is about those.
fn order_on_hold(shop: &Shop, sku: &str) -> Value {
    let rule = json!({
        "name": "Dear", "signal": "amount", "currency": "USD", "above_minor": DEAR, "score": 60, "active": true,
    });
    let token = shop.token("fraud:write");
    let put = shop.call("PUT", "/api/v1/fraud/rules/dear").bearer(&token).json(&rule);
    patiently(&put).expect(200);
    let order = held_order(shop, sku, false);
    assert_eq!(order["status"], "on_hold", "{order}");
    order
}

/// An order of [`QUANTITY`] that a program has made, and whose money it has not asked for yet, or
/// nobody has taken.
fn held_order(shop: &Shop, sku: &str, capture_later: bool) -> Value {
    let key = unique("held-");
    let create = |total: &Value| {
        let body = json!({
            "currency": "USD", "lines": [{ "sku": sku, "quantity": QUANTITY }], "email": "desk@customer.example",
            "shipping_address": address("VN", None), "shipping_method": "standard", "payment_method": "pm_card_visa",
            "expected_total": total, "capture_later": capture_later,
        });
        let token = shop.token("orders:write");
        let call = shop.call("POST", "/api/v1/orders").bearer(&token);
        patiently(&call.keyed(&format!("{key}{}", total["amount_minor"])).json(&body))
    };
    let refused = create(&json!({ "amount_minor": 1, "currency": "USD" }));
    create(&refused.problem(409, "total_mismatch")["current_total"]).expect(201)
}

/// A gift card of [`DRAWN`]: its account, and its code.
fn gift_card(shop: &Shop) -> (String, String) {
    let body = json!({ "currency": "USD", "amount_minor": DRAWN, "reason": "to be spent" });
    let call = shop.call("POST", "/api/v1/gift-cards").bearer(&shop.token("money:write"));
    let issued = patiently(&call.keyed(&unique("card-")).json(&body)).expect(201);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&issued["account"]["account_id"]), text(&issued["code"]))
}

/// The answer in the end, for who comes back when a 503 says that they may.
fn patiently(call: &Call) -> Reply {
    let mut reply = call.clone().send();
    for _ in 0..PATIENCE {
        let wait = reply
            .header("retry-after")
            .filter(|_| reply.status == 503)
            .and_then(|seconds| seconds.parse().ok());
        let Some(seconds) = wait else { break };
        thread::sleep(Duration::from_secs(seconds));
        reply = call.clone().send();
    }
    reply
}

impl Stage<'_> {
    /// What it has come to. Panics at anything that is no end at all.
    pub(crate) fn judge(&self) -> End {
        if matches!(self.case, Case::Begin | Case::Add | Case::Merge) {
            judge_cart(self)
        } else {
            judge_order(self)
        }
    }

    /// The buyer asks again, with the same key, and waits as often as they are told to. Their
    /// answer is final, or they go on from it as a buyer would.
    pub(crate) fn ask_again(&self) -> Reply {
        patiently(&self.call)
    }

    /// Whether the answer to asking again is right; `before` is what was there when they asked, if
    /// that is known.
    pub(crate) fn check_answer(&self, reply: &Reply, before: Option<End>) {
        let orders = self.buyer.order_rows();
        // It took the workers longer than a session lives.
        let expired = reply.status == 409 && reply.json()["code"] == "session_expired";
        if expired && self.case.ends().contains(&End::NothingHeld) {
            assert!(
                orders.is_empty() && before.is_none_or(|end| end == End::NothingHeld),
                "there is an order, and the buyer is not told: {reply:?}"
            );
            if self.case.end_after_retry() == End::Paid {
                self.begins_anew(reply);
            }
            return;
        }
        match self.case {
            Case::Confirm
            | Case::ConfirmSaves
            | Case::ConfirmCaptureFails
            | Case::ConfirmAfterAction
            | Case::ConfirmAfterElement
            | Case::ConfirmInstead => {
                if reply.status == 201 {
                    assert_eq!(
                        Some(&reply.json()["order_id"]),
                        orders.first().map(|order| &order["order_id"]),
                        "{reply:?}"
                    );
                    return;
                }
                let waits =
                    matches!(self.case, Case::ConfirmAfterAction | Case::ConfirmAfterElement);
                if waits && reply.status == 402 {
                    reply.problem(402, "payment_action_required");
                    return;
                }
                // Recovery has heard of the first one's yes before the other card took its place.
                if self.case == Case::ConfirmInstead && reply.status == 409 && !orders.is_empty() {
                    reply.problem(409, "cart_completed");
                    return;
                }
                assert_ne!(
                    before,
                    Some(End::Paid),
                    "there is an order, and the buyer is not told: {reply:?}"
                );
                assert!((400..500).contains(&reply.status) && reply.status != 409, "{reply:?}");
                self.begins_anew(reply);
            }
            Case::ConfirmDeclined => drop(reply.problem(402, "payment_declined")),
            Case::ConfirmGoesBack => {
                assert!(reply.status == 503 || reply.status == 409, "{reply:?}")
            }
            Case::ConfirmNeedsAction => assert!(matches!(reply.status, 402 | 409), "{reply:?}"),
            Case::ConfirmSoldOut => drop(reply.problem(422, "insufficient_stock")),
            Case::Begin => drop(reply.expect(201)),
            Case::Add
            | Case::CancelCaptured
            | Case::CancelRefundPends
            | Case::CancelUncaptured
            | Case::Capture
            | Case::Release
            | Case::Ship
            | Case::Refund
            | Case::CancelLines
            | Case::OperatorRetries
            | Case::Merge => drop(reply.expect(200)),
        }
    }

    /// With another session and a card that works, since `reply` was no order.
    fn begins_anew(&self, reply: &Reply) {
        let bought = self.buyer.check_out().confirm();
        assert_eq!(bought.status, 201, "the cart is not usable: {bought:?} after {reply:?}");
    }

    /// Whether the buyer can go on as if nothing had happened.
    pub(crate) fn check_future(&self, end: End) {
        if end == End::NothingHeld && self.case != Case::ConfirmSoldOut {
            cart_is_usable(self);
        }
    }

    /// The cart of the customer who logs in, by asking as they would.
    pub(crate) fn customers_lines(&self) -> i64 {
        let id = self.customer.as_deref().unwrap_or_default();
        let token = CustomerClaims::of(id).signed(SigningKey::Shared);
        let opened = self.buyer.shop.open_session(&token).expect(200);
        let token = opened["session_token"].as_str().unwrap_or_default().to_owned();
        Guest { shop: self.buyer.shop, token, cart_id: String::new() }.quantity_of(&self.sku)
    }

    /// The rows of a table about their cart.
    pub(crate) fn of_cart(&self, table: &str) -> Vec<Value> {
        self.buyer.shop.rows(table, "cart_id", &self.buyer.cart_id)
    }
}
