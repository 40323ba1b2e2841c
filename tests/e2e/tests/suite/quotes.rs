//! What a buyer is shown is what they are charged, and what has moved is told (CHK-2, CHK-18).

use e2e::{Shop, unique};
use serde_json::{Value, json};

/// One difference of a problem, by its part and id.
fn difference<'p>(problem: &'p Value, part: &str, id: &str) -> &'p Value {
    let all = problem["differences"].as_array().unwrap_or_else(|| panic!("none: {problem}"));
    all.iter()
        .find(|one| one["part"] == part && one["id"] == id)
        .unwrap_or_else(|| panic!("no {part} {id}: {problem}"))
}

// CHK-18
#[test]
fn what_moved_comes_back_part_by_part_and_is_agreed_to_by_its_name() {
    let shop = Shop::open();
    let (tea, cup) = (shop.sku().price("USD", 2_000), shop.sku().price("USD", 1_000).create());
    tea.create();
    let guest = shop.guest();
    guest.add(&tea.sku, 2).expect(200);
    guest.add(&cup, 1).expect(200);
    let session = guest.check_out();
    let shown = session.view["quote_hash"].clone();
    tea.clone().price("USD", 2_500).put();

    let problem = session.confirm().problem(409, "price_changed");
    assert_eq!(problem["differences"].as_array().unwrap().len(), 1, "the cup costs the same");
    let lines = session.view["totals"]["lines"].as_array().unwrap();
    let of_tea = lines.iter().find(|line| line["sku"] == tea.sku.as_str()).unwrap();
    let moved = difference(&problem, "line", of_tea["line_id"].as_str().unwrap());
    let before = &of_tea["total"]["amount_minor"];
    assert_eq!(
        (
            &moved["before"]["quantity"],
            &moved["before"]["unit_price_minor"],
            &moved["before"]["total_minor"]
        ),
        (&json!(2), &json!(2_000), before)
    );
    assert_eq!(
        (&moved["after"]["quantity"], &moved["after"]["unit_price_minor"]),
        (&json!(2), &json!(2_500))
    );

    let naming = |hash: &Value| json!({ "quote_hash": hash });
    let again = session.confirming_with(&naming(&shown)).send().problem(409, "price_changed");
    assert_eq!(again["quote_hash"], problem["quote_hash"]);
    session.confirming_with(&naming(&json!("nobody's"))).send().problem(409, "price_changed");
    assert_eq!(guest.payment_rows(), [Value::Null; 0], "nobody was charged");
    let order = session.confirming_with(&naming(&problem["quote_hash"])).send().expect(201);
    assert_eq!(order["total"], problem["current_total"]);
    assert!(guest.has_one_paid_order_or_nothing());
}

// CHK-18: who names a quote is charged that money; who names none is charged less without a question.
#[test]
fn a_quote_that_is_named_is_exact() {
    let shop = Shop::open();
    let sku = shop.sku().price("USD", 20_000);
    sku.create();
    let guest = shop.guest();
    guest.add(&sku.sku, 1).expect(200);
    let session = guest.check_out();
    let named = json!({ "quote_hash": session.view["quote_hash"] });
    sku.clone().price("USD", 19_900).put();
    let problem = session.confirming_with(&named).send().problem(409, "price_changed");
    assert_eq!(problem["current_total"]["amount_minor"], 19_900);
    // Both are named, and one of them is not what it costs.
    let both =
        json!({ "quote_hash": problem["quote_hash"], "accept_total": problem["agreed_total"] });
    session.confirming_with(&both).send().problem(409, "price_changed");
    sku.clone().price("USD", 20_000).put();
    let key = unique("confirm-");
    let order = session.confirming_with(&named).header("idempotency-key", &key).send().expect(201);
    assert_eq!((&order["total"]["amount_minor"], &order["warnings"]), (&json!(20_000), &json!([])));
    assert!(guest.has_one_paid_order_or_nothing());
}

// CHK-18: a line more and a line less are differences too.
#[test]
fn a_cart_that_changed_is_told_line_by_line() {
    let shop = Shop::open();
    let (gone, new) = (shop.sku().create(), shop.sku().create());
    let guest = shop.guest();
    guest.add(&gone, 1).expect(200);
    let session = guest.check_out();
    guest.add(&new, 3).expect(200);
    guest.removing(&gone).send().expect(200);
    let problem = session.confirm().problem(409, "session_stale");
    let of = |is_gone: bool| {
        let all = problem["differences"].as_array().unwrap();
        all.iter().filter(|one| one["part"] == "line" && one["after"].is_null() == is_gone).count()
    };
    assert_eq!((of(true), of(false)), (1, 1), "{problem}");
    session.confirming_with(&json!({ "quote_hash": problem["quote_hash"] })).send().expect(201);
    assert!(guest.has_one_paid_order_or_nothing());
}

// CHK-2: in reads, and in the confirm; and a replay has the same bytes.
#[test]
fn a_buyer_who_took_long_is_told_so_with_the_order() {
    let shop = Shop::alone();
    let sku = shop.sku().create();
    let guest = shop.guest();
    guest.add(&sku, 1).expect(200);
    let session = guest.check_out();
    assert_eq!(session.show().expect(200)["warnings"], json!([]));
    shop.advance_ms(11 * 60_000);
    assert_eq!(session.show().expect(200)["warnings"][0]["code"], "prices_stale");
    let key = unique("confirm-");
    let placed = session.confirm_as(&key);
    assert_eq!(placed.clone().expect(201)["warnings"][0]["code"], "prices_stale");
    shop.advance_ms(60_000);
    assert_eq!(session.confirm_as(&key).body, placed.body);
    assert!(guest.has_one_paid_order_or_nothing());
}
