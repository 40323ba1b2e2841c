//! Guests that die in the middle: at every host call of a request, before its effect and after it.

use e2e::{Call, Guest, Shop, needs_till};

/// Host calls a request makes up to its response, the response's setting included; one more may
/// follow.
fn host_calls(call: Call) -> usize {
    let reply = call.header("till-count", "1").send();
    assert!(reply.is_success(), "{reply:?}");
    let counts =
        reply.header("till-host-calls").unwrap_or_else(|| panic!("not counted: {reply:?}"));
    counts
        .split(' ')
        .filter_map(|count| count.split_once('=')?.1.parse::<usize>().ok())
        .sum::<usize>()
        + 1
}

/// Kills a guest at every host call of what `request` makes for a new shopper, and looks after each
/// for an open transaction. Spin's pool would hand one to whoever asks next, so `next` is somebody
/// who works on the same connections.
fn nothing_is_left_open(shop: &Shop, request: impl Fn(&Guest) -> Call, next: impl Fn(&Guest)) {
    let calls = host_calls(request(&shop.guest()));
    assert!(calls >= 3, "{calls} host calls");
    let mut died = 0;
    for number in 1..=calls + 1 {
        for when in ["before", "after"] {
            let guest = shop.guest();
            died += usize::from(request(&guest).send_to_die(when, number) == 500);
            let open = shop.call("GET", "/test/transactions").send().expect(200);
            assert_eq!(open["idle_in_transaction"], 0, "{when} call {number}");
            next(&shop.guest());
        }
    }
    // Every call but those from the response on is missed by the client.
    assert!(died >= 2 * (calls - 1), "{died} of {calls} calls");
}

// No transaction is open between two host calls, so none can leak.
#[test]
fn a_guest_that_dies_in_an_add_leaves_no_transaction_open() {
    if !needs_till("a_guest_that_dies_in_an_add_leaves_no_transaction_open") {
        return;
    }
    let shop = Shop::alone();
    let sku = shop.sku().create();
    nothing_is_left_open(
        &shop,
        |guest| guest.adding(&sku, 1),
        |guest| {
            guest.add(&sku, 2).expect(200);
            assert_eq!(guest.quantity_of(&sku), 2);
        },
    );
}

// CHK-13: the same, with money; what the dead have begun is finished or undone by the workers.
#[test]
fn a_guest_that_dies_in_a_confirm_leaves_no_transaction_open() {
    if !needs_till("a_guest_that_dies_in_a_confirm_leaves_no_transaction_open") {
        return;
    }
    let shop = Shop::alone();
    let sku = shop.sku().stock(1_000).create();
    let filled = |guest: &Guest| {
        guest.add(&sku, 1).expect(200);
        guest.check_out().confirming()
    };
    nothing_is_left_open(&shop, filled, |guest| drop(filled(guest).send().expect(201)));
    for _ in 0..3 {
        shop.advance_ms(10 * 60_000);
        shop.run_workers_until_quiet();
    }
    let (_, reserved) = shop.stock_of(&sku);
    assert_eq!(reserved, 0, "what the dead held is sold or free");
}
