//! Stock, its movements and its reservations.

use crate::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "stock_is_the_sum_of_its_movements",
        sentence: "On hand and reserved are the sums of their movements.",
        look_at: "the SKU's movements, newest first; count the shelf and adjust",
        walk: "stock",
        subject: "k.sku || ' in ' || k.warehouse_id",
        detail: "{object}('on_hand', k.on_hand, 'moved', m.on_hand, 'reserved', k.reserved, \
                 'moved_reserved', m.reserved)",
        broken: "{looked} as k left join moved as m on m.sku = k.sku and m.warehouse_id = k.warehouse_id
  where k.on_hand is distinct from m.on_hand or k.reserved is distinct from m.reserved",
    },
    Rule {
        code: "reserved_is_the_live_reservations",
        sentence: "What is reserved of a SKU is the sum of its live reservations.",
        look_at: "the SKU's reservations: goods are kept from sale for nobody, or sold twice",
        walk: "stock",
        subject: "k.sku || ' in ' || k.warehouse_id",
        detail: "{object}('reserved', k.reserved, 'live', coalesce(h.quantity, 0))",
        broken: "{looked} as k left join held as h on h.sku = k.sku and h.warehouse_id = k.warehouse_id where k.reserved <> coalesce(h.quantity, 0)",
    },
    Rule {
        code: "movement_has_a_counter",
        sentence: "A movement is of a SKU and warehouse that are counted.",
        look_at: "who removed the row of `stock`",
        walk: "movements",
        subject: "m.movement_id || ''",
        detail: "{object}('sku', m.sku, 'warehouse_id', m.warehouse_id)",
        broken: "{looked} as m where not exists (select 1 from stock as k where k.sku = m.sku and k.warehouse_id = m.warehouse_id)",
    },
    Rule {
        code: "no_reservation_is_half_released",
        sentence: "A reservation is active, committed or released.",
        look_at: "the SKU's stock: the counter may or may not have moved",
        walk: "reservations",
        subject: "r.reservation_id",
        detail: "{object}('status', r.status)",
        broken: "{looked} as r where r.status not in ('active', 'committed', 'released')",
    },
    Rule {
        code: "committed_reservation_has_an_order",
        sentence: "A committed reservation has an order that is not cancelled.",
        look_at: "the SKU's stock: goods have left it for nobody",
        walk: "reservations",
        subject: "r.reservation_id",
        detail: "{object}('order_id', r.order_id)",
        broken: "{looked} as r left join orders as o on o.order_id = r.order_id
  where r.status = 'committed' and (o.order_id is null or o.status = 'cancelled')",
    },
    Rule {
        code: "live_reservation_is_held_for_somebody",
        sentence: "Stock is held for an open session, and from stock that is counted.",
        look_at: "the session: nobody can buy what is held, and it goes back when it expires",
        walk: "reservations",
        subject: "r.reservation_id",
        detail: "{object}('session_id', r.session_id, 'sku', r.sku)",
        broken: "{looked} as r where r.status = 'active' and (
    not exists (select 1 from checkout_session as s where s.session_id = r.session_id and s.status = 'open')
    or not exists (select 1 from stock as k where k.sku = r.sku and k.warehouse_id = r.warehouse_id))",
    },
    Rule {
        code: "expired_reservation_is_given_back",
        sentence: "A reservation that has expired is given back in time.",
        look_at: "whether the worker reservation-cleanup runs",
        walk: "live_reservations",
        subject: "r.reservation_id",
        detail: "{object}('late_ms', now.ms - r.expires_at_ms)",
        broken: "{looked} as r, now where coalesce(r.expires_at_ms, 0) < now.ms - cast({doc} ->> 'overdue_ms' as bigint)",
    },
];
