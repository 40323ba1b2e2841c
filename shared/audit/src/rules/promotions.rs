//! Promotions and codes, against what was used of them (PROMO-4).

use crate::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "promotion_counts_its_uses",
        sentence: "What is counted of a promotion is the sum of its uses that were not given back.",
        look_at: "the promotion's uses: it ends too early, or is given more often than it may be",
        walk: "promotions",
        subject: "p.promotion_id",
        detail: "{object}('uses', p.uses, 'counted', coalesce(u.uses, 0), 'spent', p.spent_minor, \
                 'summed', coalesce(u.spent_minor, 0))",
        broken: "{looked} as p left join (select promotion_id, count(*) as uses, cast(sum(spent_minor) as bigint) as spent_minor
    from promotion_use where state <> 'returned' group by promotion_id) as u on u.promotion_id = p.promotion_id
  where p.uses <> coalesce(u.uses, 0) or p.spent_minor <> coalesce(u.spent_minor, 0)",
    },
    Rule {
        code: "code_counts_its_uses",
        sentence: "What is counted of a code is the number of its uses that were not given back.",
        look_at: "the code's uses: it ends too early, or is given more often than it may be",
        walk: "promotion_codes",
        subject: "k.code",
        detail: "{object}('uses', k.uses, 'promotion_id', k.promotion_id)",
        broken: "{looked} as k where k.uses <> (select count(*) from promotion_use as u where u.code = k.code and u.state <> 'returned')",
    },
    Rule {
        code: "use_is_held_or_ordered",
        sentence: "A use that was not given back is held by a confirm under way, or is of an order \
                   that stands.",
        look_at: "the saga and the order: a use is kept from others for nobody",
        walk: "promotion_uses",
        subject: "u.promotion_id || ' in ' || u.saga_id",
        detail: "{object}('state', u.state, 'saga', g.state, 'order', o.status)",
        broken: "{looked} as u left join saga as g on g.saga_id = u.saga_id left join orders as o on o.order_id = u.order_id
  where (u.state = 'held' and coalesce(g.state, '') not in ('authorizing', 'awaiting_action'))
    or (u.state = 'used' and (coalesce(o.status, 'cancelled') in ('cancelled', 'refunded') or o.detail ->> 'saga_id' <> u.saga_id))
    or u.state not in ('held', 'used', 'returned')",
    },
    Rule {
        code: "discount_is_what_promotions_took_off",
        sentence: "An order's discount is the sum of what its promotions took off.",
        look_at: "the uses of the order's saga beside its adjustments",
        walk: "orders",
        subject: "o.order_id",
        detail: "{object}('discount', o.discount_minor)",
        broken: "{looked} as o where o.discount_minor <> coalesce((select sum(u.amount_minor) from promotion_use as u where u.saga_id = o.detail ->> 'saga_id'), 0)",
    },
];
