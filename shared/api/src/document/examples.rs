//! Bodies that work with the demo catalog, in the order a buyer sends them.

use serde_json::{Value, json};

pub(crate) fn open_cart() -> Value {
    json!({ "currency": "USD", "country": "VN" })
}

pub(crate) fn open_session() -> Value {
    json!({ "guest_token": null })
}

pub(crate) fn add_to_cart() -> Value {
    json!({ "sku": "TILL-0001", "quantity": 2 })
}

pub(crate) fn set_quantity() -> Value {
    json!({ "quantity": 3 })
}

pub(crate) fn set_attributes() -> Value {
    json!({ "attributes": { "gift_message": "For you" }, "client_reference": "basket-4711" })
}

pub(crate) fn set_currency() -> Value {
    json!({ "currency": "EUR" })
}

pub(crate) fn validate_cart() -> Value {
    json!({ "country": "VN", "shipping_method": "standard" })
}

pub(crate) fn give_code() -> Value {
    json!({ "code": "WELCOME" })
}

pub(crate) fn put_promotion() -> Value {
    json!({
        "active": true,
        "rule": {
            "name": "Ten percent off", "kind": { "percent": { "basis_points": 1_000 } }, "target": "goods", "currency": "USD",
            "conditions": { "code": true, "minimum_subtotal_minor": 2_000 }, "limits": { "uses_per_person": 1, "budget_minor": 100_000 },
        },
    })
}

pub(crate) fn make_codes() -> Value {
    json!({ "count": 2, "prefix": "MAY-", "uses_limit": 1 })
}

pub(crate) fn put_code() -> Value {
    json!({ "active": true, "uses_limit": 100 })
}

pub(crate) fn put_reward() -> Value {
    json!({
        "active": true,
        "rule": {
            "name": "A point for every dollar", "when": "each_order",
            "gives": { "points_per_amount": { "per_amount_minor": 100, "currency": "USD" } }, "after_days": 14,
        },
    })
}

pub(crate) fn put_fraud_rule() -> Value {
    json!({
        "name": "A dear order of somebody new", "signal": "new_account", "within_seconds": 86_400,
        "currency": "USD", "above_minor": 100_000, "score": 50, "active": false,
    })
}

pub(crate) fn put_receiver() -> Value {
    json!({
        "url": "https://erp.example/hooks/edgetill", "types": ["orders.*", "cart.converted"],
        "active": true,
    })
}

pub(crate) fn rotate_receiver_secret() -> Value {
    json!({ "old_valid_seconds": 86_400 })
}

pub(crate) fn share_code() -> Value {
    json!({ "promotion_id": "refer-a-friend" })
}

pub(crate) fn share_cart() -> Value {
    json!({ "expires_in_seconds": 86_400 })
}

fn address() -> Value {
    json!({ "name": "An Nguyen", "line1": "1 Trang Tien", "city": "Hanoi", "postal_code": "10000", "country": "VN" })
}

pub(crate) fn begin_checkout() -> Value {
    json!({ "email": "an@example.com", "shipping_address": address(), "shipping_method": "standard", "payment_method": "pm_card_visa" })
}

pub(crate) fn confirm() -> Value {
    json!({})
}

pub(crate) fn create_order() -> Value {
    json!({
        "currency": "USD", "lines": [{ "sku": "TILL-0001", "quantity": 2 }], "expected_total": { "amount_minor": 2518, "currency": "USD" },
        "email": "an@example.com", "shipping_address": address(), "shipping_method": "standard", "payment_method": "pm_card_visa",
    })
}

pub(crate) fn cancel_order() -> Value {
    json!({ "reason": "ordered twice" })
}

pub(crate) fn cancel_order_items() -> Value {
    json!({ "lines": [{ "line_no": 1, "quantity": 1 }], "reason": "one is enough" })
}

pub(crate) fn capture_order() -> Value {
    json!({})
}

pub(crate) fn release_order() -> Value {
    json!({ "reason": "called the buyer" })
}

pub(crate) fn set_order_status() -> Value {
    json!({ "status": "processing", "reason": "the warehouse has it" })
}

pub(crate) fn ship_order() -> Value {
    json!({
        "lines": [{ "line_no": 1, "quantity": 1 }], "carrier": "DHL", "tracking_number": "JD014600006281230704",
        "tracking_url": "https://www.dhl.com/en/express/tracking.html?AWB=JD014600006281230704",
    })
}

pub(crate) fn deliver_shipment() -> Value {
    json!({ "reason": "signed by the neighbour" })
}

pub(crate) fn refund_order() -> Value {
    json!({ "lines": [{ "line_no": 1, "quantity": 1 }], "reason": "damaged", "note": "the handle was broken" })
}

pub(crate) fn request_return() -> Value {
    json!({ "lines": [{ "line_no": 1, "quantity": 1, "reason": "damaged" }], "note": "the lid does not fit" })
}

pub(crate) fn decide_return() -> Value {
    json!({ "reason": "as it says in the terms" })
}

pub(crate) fn receive_return() -> Value {
    json!({ "lines": [{ "line_no": 1, "quantity": 1, "restocked_quantity": 0 }], "reason": "the lid is broken" })
}

pub(crate) fn collect_order() -> Value {
    json!({ "amount": { "amount_minor": 2664, "currency": "USD" } })
}

pub(crate) fn put_sku() -> Value {
    json!({
        "product_id": "product-teapot", "name": "Teapot", "category": "tableware", "tax_class": "standard", "weight_g": 900, "active": true,
        "prices": { "USD": 3900, "VND": 950_000 },
    })
}

pub(crate) fn import_skus() -> Value {
    let mut sku = put_sku();
    if let Some(sku) = sku.as_object_mut() {
        sku.insert("sku".to_owned(), json!("TEAPOT-1"));
    }
    json!({ "skus": [sku] })
}

pub(crate) fn skus_as_json_lines() -> Value {
    let mut sku = put_sku();
    if let Some(sku) = sku.as_object_mut() {
        sku.insert("sku".to_owned(), json!("TEAPOT-1"));
    }
    json!(format!("{sku}\n"))
}

pub(crate) fn skus_as_csv() -> Value {
    json!(
        "sku,product_id,name,category,tax_class,weight_g,active,prices.USD,prices.VND\n\
         TEAPOT-1,product-teapot,Teapot,tableware,standard,900,true,3900,950000\n"
    )
}

pub(crate) fn move_stock() -> Value {
    json!({ "warehouse_id": "wh-hanoi", "kind": "receive", "quantity": 10 })
}

pub(crate) fn put_warehouse() -> Value {
    json!({ "name": "Basel", "country": "CH", "priority": 3 })
}

pub(crate) fn put_zone() -> Value {
    json!({ "zone": "ch" })
}

pub(crate) fn put_tax() -> Value {
    json!({ "rate": "0.081", "inclusive": true, "rounding": "half_away" })
}

pub(crate) fn put_method() -> Value {
    json!({ "name": "By bicycle", "active": true })
}

pub(crate) fn put_rates() -> Value {
    json!({ "rates": [{ "amount_minor": 900 }, { "min_weight_g": 5_000, "amount_minor": 1_800 }] })
}

pub(crate) fn put_special_prices() -> Value {
    json!({ "prices": [
        { "min_quantity": 10, "amount_minor": 3_500 },
        { "customer_group": "wholesale", "amount_minor": 3_200 },
        { "valid_from_ms": 1_893_456_000_000_i64, "valid_until_ms": 1_894_060_800_000_i64, "amount_minor": 2_900 },
    ] })
}

pub(crate) fn put_exchange_rate() -> Value {
    json!({ "factor": "0.8425" })
}

pub(crate) fn receive_webhook() -> Value {
    json!({ "id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "data": { "object": { "id": "pi_1", "object": "payment_intent" } } })
}

pub(crate) fn put_fee() -> Value {
    json!({ "kind": "gift_wrap", "name": "Red paper and a bow", "amount_minor": 350, "free_from_minor": 10_000, "tax_class": "standard", "active": true })
}

pub(crate) fn put_currency() -> Value {
    json!({ "minor_digits": 2, "minimum_minor": 50, "ceiling_minor": 500_000 })
}

pub(crate) fn put_customer() -> Value {
    json!({ "customer_group": "wholesale", "segments": ["students", "newsletter"] })
}

pub(crate) fn open_account() -> Value {
    json!({ "customer_id": "248289761001", "kind": "credit", "currency": "USD", "amount_minor": 2_500, "reason": "the parcel was late" })
}

pub(crate) fn top_up_account() -> Value {
    json!({ "amount_minor": 1_000, "reason": "for the survey" })
}

pub(crate) fn correct_account() -> Value {
    json!({ "amount_minor": -500, "reason": "topped up twice" })
}

pub(crate) fn issue_gift_card() -> Value {
    json!({ "currency": "USD", "amount_minor": 5_000, "expires_in_days": 365, "reason": "order 4711 of the paper catalog" })
}

pub(crate) fn assign_gift_card() -> Value {
    json!({ "code": "4004-1061-050R-3GG2-8A1C-60T3-GG" })
}

pub(crate) fn act() -> Value {
    json!({ "reason": "the provider answers again" })
}

pub(crate) fn resolve_compensation() -> Value {
    json!({ "reason": "refunded at the provider's desk", "outcome": "done_by_hand" })
}

pub(crate) fn publish_event() -> Value {
    json!({
        "specversion": "1.0", "id": "5f0a0cbe-6a1c-4d6c-9c9a-3f6d0e9a7b11", "source": "https://crm.example", "type": "customer.created",
        "time": "2026-12-01T09:30:00Z", "data": told_customer()
    })
}

/// What it says: the body of binary mode.
pub(crate) fn told_customer() -> Value {
    json!({ "customer_id": "248289761001", "segments": ["newsletter"] })
}

pub(crate) fn act_on_told() -> Value {
    json!({ "source": "https://wms.example", "event_id": "told-0001", "reason": "the order is there now" })
}

/// A reply that was given, where one is kept: `shared/app/tests` writes the file.
pub(crate) fn reply(operation: &str) -> Option<Value> {
    let replies: Value = serde_json::from_str(include_str!("replies.json")).ok()?;
    replies.get(operation).cloned()
}

/// A path parameter that exists in the demo shop, or that an operator would put there, where one
/// does.
pub(crate) fn path_parameter(name: &str) -> Option<Value> {
    match name {
        "topic" => Some(json!("customer-created")),
        "sku" | "line_id" => Some(json!("TILL-0001")),
        "warehouse_id" => Some(json!("wh-basel")),
        "country" => Some(json!("CH")),
        "region" => Some(json!("GE")),
        "zone" => Some(json!("ch")),
        "tax_class" => Some(json!("standard")),
        "method_id" => Some(json!("bicycle")),
        "currency" | "from" => Some(json!("CHF")),
        "to" => Some(json!("EUR")),
        "quoted_at_ms" => Some(json!("1893456000000")),
        "fee_id" => Some(json!("red")),
        "table" => Some(json!("warehouse")),
        "list" => Some(json!("skus")),
        "entry" => Some(json!("wh-basel")),
        "customer_id" => Some(json!("248289761001")),
        "order_number" => Some(json!("ORD-20260131-000042")),
        _ => None,
    }
}
