//! Stored value and its ledger.

use crate::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
    code: "balance_is_the_sum_of_its_entries",
    sentence: "What an account has is the sum of its entries.",
    look_at: "the account's entries: a customer has more or less than anybody has given them. \
              Correct it once it is known which is right",
    walk: "accounts",
    subject: "a.account_id",
    detail: "{object}('balance_minor', a.balance_minor, 'entries', (select sum(l.amount_minor) from ledger as l where l.account_id = a.account_id))",
    broken: "{looked} as a where a.balance_minor <> coalesce((select sum(l.amount_minor) from ledger as l where l.account_id = a.account_id), 0)",
},
    Rule {
        code: "held_is_the_sum_of_its_draws",
        sentence: "What is held of an account is the sum of what confirms under way draw on it.",
        look_at: "the account's draws: a customer cannot spend what they have, or may spend it twice",
        walk: "accounts",
        subject: "a.account_id",
        detail: "{object}('held_minor', a.held_minor, 'draws', (select cast(sum(d.units) as bigint) from draw as d where d.account_id = a.account_id and d.state = 'held'))",
        broken: "{looked} as a where a.held_minor <> coalesce((select sum(d.units) from draw as d where d.account_id = a.account_id and d.state = 'held'), 0)",
    },
    Rule {
        code: "draw_is_held_or_spent",
        sentence: "A draw is held by a confirm under way, spent by an order that stands, or given back; \
                   its account's entries say so.",
        look_at: "the saga, the order and the account's entries: somebody has paid for nothing, or \
                  got something for nothing",
        walk: "draws",
        subject: "d.account_id || ' in ' || d.saga_id",
        detail: "{object}('state', d.state, 'saga', g.state, 'order', o.status)",
        broken: "{looked} as d left join saga as g on g.saga_id = d.saga_id left join orders as o on o.order_id = g.plan ->> 'order_id'
  where (d.state = 'held' and coalesce(g.state, '') not in ('authorizing', 'awaiting_action'))
    or (d.state = 'spent' and (o.order_id is distinct from d.order_id or o.status in ('cancelled', 'refunded')))
    or (d.state = 'returned' and o.status not in ('cancelled', 'refunded'))
    or d.state not in ('held', 'spent', 'returned')
    or coalesce((select sum(l.amount_minor) from ledger as l where l.account_id = d.account_id and l.order_id = d.order_id), 0)
      <> case when d.state = 'spent' then d.returned_units - d.units else 0 end",
    },
];
