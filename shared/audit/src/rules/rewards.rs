//! Rewards, against their orders and what they gave (PROMO-10, PROMO-11).

use crate::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "reward_is_in_the_ledger",
        sentence: "The points of a reward are an entry of its customer's account, and what was taken \
                   back of them is another.",
        look_at: "the account's entries whose reason is the reward: a customer has points for \
                  nothing, or was given none",
        walk: "rewards",
        subject: "r.grant_id",
        detail: "{object}('points', r.points, 'taken_points', r.taken_points, 'account_id', r.account_id)",
        broken: "{looked} as r where r.account_id is not null and (
    coalesce((select sum(l.amount_minor) from ledger as l where l.account_id = r.account_id and l.reason = r.grant_id and l.kind = 'earned'), 0) <> r.points
    or coalesce((select sum(l.amount_minor) from ledger as l where l.account_id = r.account_id and l.reason = r.grant_id and l.kind = 'taken_back'), 0) <> -coalesce(r.taken_points, 0))",
    },
    Rule {
        code: "reward_stands_with_its_order",
        sentence: "A reward stands while its order does, and is taken back, or about to be, once that \
                   is cancelled or refunded.",
        look_at: "the order's history: a customer has something for an order that is none",
        walk: "rewards",
        subject: "r.grant_id",
        detail: "{object}('state', r.state, 'order', o.status)",
        broken: "{looked} as r left join orders as o on o.order_id = r.order_id
  where o.order_id is null or (r.state = 'given') <> (o.status not in ('cancelled', 'refunded')) or r.state not in ('given', 'owed', 'taken_back')",
    },
];
