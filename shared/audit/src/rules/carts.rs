//! Carts and their checkout sessions.

use crate::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "completed_cart_has_one_order",
        sentence: "A completed cart has exactly one order.",
        look_at: "the cart's saga and its payment: is somebody charged for nothing? If so, refund \
                  by hand",
        walk: "carts",
        subject: "c.cart_id",
        detail: "{object}('orders', (select count(*) from orders as o where o.cart_id = c.cart_id))",
        broken: "{looked} as c where c.status = 'completed' and (select count(*) from orders as o where o.cart_id = c.cart_id) <> 1",
    },
    Rule {
        code: "cart_is_held_by_its_running_saga",
        sentence: "A cart is held by a running saga of its own, or by none.",
        look_at: "the saga the cart names: its buyer can neither change the cart nor confirm it",
        walk: "carts",
        subject: "c.cart_id",
        detail: "{object}('saga_id', c.saga_id, 'state', g.state)",
        broken: "{looked} as c left join saga as g on g.saga_id = c.saga_id
  where c.saga_id is not null and c.status <> 'completed'
    and (g.saga_id is null or g.cart_id <> c.cart_id or g.state not in ('authorizing', 'awaiting_action'))",
    },
    Rule {
        code: "cart_in_checkout_has_an_open_session",
        sentence: "A cart in checkout has an open session.",
        look_at: "who closed the session without the cart; the buyer begins the checkout again",
        walk: "carts",
        subject: "c.cart_id",
        detail: "null",
        broken: "{looked} as c where c.status = 'checkout'
    and not exists (select 1 from checkout_session as s where s.cart_id = c.cart_id and s.status = 'open')",
    },
    Rule {
        code: "merged_cart_is_let_go",
        sentence: "A cart that was merged into another is held by no saga and has no open session.",
        look_at: "the cart's session and saga: they could still sell what is in another cart now",
        walk: "carts",
        subject: "c.cart_id",
        detail: "{object}('saga_id', c.saga_id)",
        broken: "{looked} as c where c.status = 'merged' and (c.saga_id is not null
    or exists (select 1 from checkout_session as s where s.cart_id = c.cart_id and s.status = 'open'))",
    },
    Rule {
        code: "abandoned_cart_is_let_go",
        sentence: "A cart that was abandoned has no order, is held by no saga and has no open \
                   session.",
        look_at: "the cart's session and saga: goods are kept from sale for nobody, or somebody \
                  pays for what is given up",
        walk: "carts",
        subject: "c.cart_id",
        detail: "{object}('saga_id', c.saga_id)",
        broken: "{looked} as c where c.status = 'abandoned' and (c.saga_id is not null
    or exists (select 1 from checkout_session as s where s.cart_id = c.cart_id and s.status = 'open')
    or exists (select 1 from orders as o where o.cart_id = c.cart_id))",
    },
    Rule {
        code: "no_cart_is_half_abandoned",
        sentence: "A cart is active, in checkout, completed, merged or abandoned.",
        look_at: "the cart's session and its holds: they may or may not have gone back",
        walk: "carts",
        subject: "c.cart_id",
        detail: "{object}('status', c.status)",
        broken: "{looked} as c where c.status not in ('active', 'checkout', 'completed', 'merged', \
                 'abandoned')",
    },
    Rule {
        code: "open_session_ends_no_later_than_its_cart",
        sentence: "An open session ends no later than its cart does.",
        look_at: "what moved the session's end or the cart's: a buyer may pay for a cart that is gone",
        walk: "sessions",
        subject: "s.session_id",
        detail: "{object}('cart_id', s.cart_id)",
        broken: "{looked} as s where s.status = 'open'
    and exists (select 1 from cart as c where c.cart_id = s.cart_id and c.expires_at_ms < s.expires_at_ms)",
    },
    Rule {
        code: "open_session_is_of_a_cart_in_checkout",
        sentence: "An open session is of its owner's cart, and that is in checkout.",
        look_at: "the session's cart and owner",
        walk: "sessions",
        subject: "s.session_id",
        detail: "{object}('cart_id', s.cart_id)",
        broken: "{looked} as s where s.status = 'open'
    and not exists (select 1 from cart as c where c.cart_id = s.cart_id and c.owner = s.owner and c.status = 'checkout')",
    },
    Rule {
        code: "completed_session_has_its_order",
        sentence: "A completed session has become its cart's order.",
        look_at: "the cart's saga and its payment: is somebody charged for nothing?",
        walk: "sessions",
        subject: "s.session_id",
        detail: "{object}('cart_id', s.cart_id)",
        broken: "{looked} as s where s.status = 'completed'
    and not exists (select 1 from orders as o where o.cart_id = s.cart_id and o.session_id = s.session_id)",
    },
    Rule {
        code: "contact_of_a_session_opens",
        sentence: "A session that is not over with has a contact at most, and that is sealed with its owner's data key.",
        look_at: "what deleted the data key or kept the contact: who is at the checkout cannot be sent anything",
        walk: "sessions",
        subject: "s.session_id",
        detail: "{object}('status', s.status)",
        broken: "{looked} as s where s.contact > '' and (s.status in ('completed', 'replaced') or not exists (select 1 from data_key as k
    where k.owner = s.owner and substr(s.contact, 1, length(k.data_key_id) + 4) = 'v2.' || k.data_key_id || '.'))",
    },
];
