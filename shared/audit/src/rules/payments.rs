//! Sagas, payments and compensations: nobody is charged for nothing, and nobody is forgotten.

use crate::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "saga_has_one_payment",
        sentence: "A saga has one payment, of what its plan leaves to be paid, less what was waived since, and of its currency.",
        look_at: "the provider, by the saga's id in the metadata of its payments",
        walk: "sagas",
        subject: "g.saga_id",
        detail: "{object}('state', g.state)",
        broken: "{looked} as g where not exists (select 1 from payment as p where p.saga_id = g.saga_id and p.payment_id = g.plan ->> 'payment_id'
    and p.amount_minor + p.waived_minor = cast(g.plan ->> 'payable_minor' as bigint) and p.currency = g.plan ->> 'currency')",
    },
    Rule {
        code: "running_saga_holds_its_cart",
        sentence: "A saga on its way to an order holds its cart.",
        look_at: "the cart: it may be changed or sold again while it is being paid",
        walk: "sagas",
        subject: "g.saga_id",
        detail: "{object}('state', g.state, 'cart_id', g.cart_id)",
        broken: "{looked} as g where g.state in ('authorizing', 'awaiting_action')
    and not exists (select 1 from cart as c where c.cart_id = g.cart_id and c.saga_id = g.saga_id and c.status = 'checkout')",
    },
    Rule {
        code: "saga_and_order_agree",
        sentence: "A saga that says it has made an order has made it; one that says it has not, \
                   has not.",
        look_at: "the payment of the saga: somebody has paid for nothing, or got something for \
                  nothing",
        walk: "sagas",
        subject: "g.saga_id",
        detail: "{object}('state', g.state, 'order_id', g.plan ->> 'order_id')",
        broken: "{looked} as g where (g.state in ('capturing', 'completed'))
    <> exists (select 1 from orders as o where o.order_id = g.plan ->> 'order_id')",
    },
    Rule {
        code: "saga_going_back_owes_a_void",
        sentence: "A saga that goes back has a void that is waiting to be tried.",
        look_at: "the payment of the saga: void it at the provider by hand",
        walk: "sagas",
        subject: "g.saga_id",
        detail: "null",
        broken: "{looked} as g where g.state = 'voiding' and not exists (select 1 from pending as k where k.saga_id = g.saga_id)",
    },
    Rule {
        code: "running_saga_has_a_driver",
        sentence: "A saga that has not ended is driven, or taken by recovery in time.",
        look_at: "whether the worker saga-recovery runs, and what it logs of this saga",
        walk: "running_sagas",
        subject: "g.saga_id",
        detail: "{object}('state', g.state, 'attempts', g.attempts, 'late_ms', now.ms - \
                 g.next_attempt_at_ms)",
        broken: "{looked} as g, now where g.lease_until_ms < now.ms - cast({doc} ->> 'overdue_ms' as bigint)
    and g.next_attempt_at_ms < now.ms - cast({doc} ->> 'overdue_ms' as bigint)",
    },
    Rule {
        code: "refunded_is_within_captured",
        sentence: "Of a payment no more is refunded than was captured, and no more captured than \
                   authorized.",
        look_at: "the payment at the provider",
        walk: "payments",
        subject: "p.payment_id",
        detail: "{object}('amount', p.amount_minor, 'captured', p.captured_minor, 'refunded', \
                 p.refunded_minor)",
        broken: "{looked} as p where not (0 <= p.refunded_minor and p.refunded_minor <= \
                 p.captured_minor and p.captured_minor <= p.amount_minor)",
    },
    Rule {
        code: "money_on_its_way_back_is_owed",
        sentence: "What of a payment is on its way back is what refunds of it are owed, given up ones among them.",
        look_at: "the compensations of the payment: somebody waits for money that nobody sends, or will have it twice",
        walk: "payments",
        subject: "p.payment_id",
        detail: "{object}('refunding', p.refunding_minor)",
        broken: "{looked} as p where p.refunding_minor <> coalesce((select sum(w.amount_minor) from going_back as w where w.payment_id = p.payment_id), 0)",
    },
    Rule {
        code: "payment_state_tells_its_amounts",
        sentence: "A payment has captured and refunded what its state says; one of nothing is \
                   captured with nothing.",
        look_at: "the payment at the provider",
        walk: "payments",
        subject: "p.payment_id",
        detail: "{object}('state', p.state, 'captured', p.captured_minor, 'refunded', \
                 p.refunded_minor)",
        broken: "{looked} as p where (p.state in ('captured', 'partially_refunded', 'refunded')) <> (p.captured_minor > 0 or (p.amount_minor = 0 and p.state = 'captured'))
    or (p.state in ('partially_refunded', 'refunded')) <> (p.refunded_minor > 0)
    or (p.state = 'refunded' and p.refunded_minor <> p.captured_minor)",
    },
    Rule {
        code: "money_has_a_purpose",
        sentence: "Money is held for an order, for a running saga, is being given back, or an \
                   operator has settled it.",
        look_at: "the payment at the provider: nobody will give it back, so do it by hand",
        walk: "payments",
        subject: "p.payment_id",
        detail: "{object}('state', p.state, 'saga', g.state)",
        broken: "{looked} as p left join saga as g on g.saga_id = p.saga_id
  where p.order_id is null and p.state in ('requires_action', 'authorized', 'capture_pending', 'captured')
    and coalesce(g.state, '') not in ('authorizing', 'awaiting_action', 'capturing')
    and not exists (select 1 from owed as w where w.payment_id = p.payment_id)",
    },
    Rule {
        code: "payment_belongs_to_its_saga_and_order",
        sentence: "A payment has its saga and, where it names an order, an order that names that \
                   saga.",
        look_at: "the provider, by the payment's reference",
        walk: "payments",
        subject: "p.payment_id",
        detail: "{object}('saga_id', p.saga_id, 'order_id', p.order_id)",
        broken: "{looked} as p where not exists (select 1 from saga as g where g.saga_id = p.saga_id) or (p.order_id is not null
    and not exists (select 1 from orders as o where o.order_id = p.order_id and o.detail ->> 'saga_id' = p.saga_id))",
    },
    Rule {
        code: "done_compensation_gave_back",
        sentence: "A compensation that is done has done it: the payment is voided, refused, \
                   refunded by its amount, or taken; a void that came too late has a refund in its \
                   place.",
        look_at: "the payment at the provider",
        walk: "compensations",
        subject: "k.compensation_id",
        detail: "{object}('kind', k.kind, 'amount', k.amount_minor, 'payment', p.state, \
                 'refunded', p.refunded_minor)",
        broken: "{looked} as k left join payment as p on p.payment_id = k.payment_id and p.saga_id = k.saga_id
  where p.payment_id is null or (k.state = 'done' and case k.kind
    when 'capture_payment' then p.state not in ('captured', 'partially_refunded', 'refunded')
    when 'refund_payment' then p.refunded_minor < k.amount_minor
    else p.state not in ('voided', 'failed', 'refunded', 'partially_refunded')
      and not (p.state = 'captured' and exists (select 1 from owed as w where w.payment_id = p.payment_id)) end)",
    },
    Rule {
        code: "dead_compensation_has_its_alert",
        sentence: "A compensation that was given up has raised its alert.",
        look_at: "the compensation: money is owed and nobody was told",
        walk: "compensations",
        subject: "k.compensation_id",
        detail: "{object}('last_error', k.last_error)",
        broken: "{looked} as k where k.state = 'dead'
    and not exists (select 1 from alert as a where a.alert_id = 'compensation_dead:' || k.compensation_id)",
    },
    Rule {
        code: "settled_compensation_has_its_reason",
        sentence: "A compensation that an operator has settled has its history: who, when, why.",
        look_at: "the payment at the provider: nobody will try it again, and nobody says why",
        walk: "compensations",
        subject: "k.compensation_id",
        detail: "{object}('kind', k.kind, 'amount', k.amount_minor)",
        broken: "{looked} as k where k.state = 'resolved' and not exists (select 1 from history as h
    where h.subject = 'compensation/' || k.compensation_id and h.kind = 'resolved')",
    },
    Rule {
        code: "owed_money_is_tried",
        sentence: "What is owed to a provider is tried in time, and nothing else is while money is voided or taken.",
        look_at: "whether the worker compensation-retry runs, and what it logs",
        walk: "owed",
        subject: "k.compensation_id",
        detail: "{object}('attempts', k.attempts, 'late_ms', now.ms - k.next_attempt_at_ms)",
        broken: "{looked} as k, now where (k.next_attempt_at_ms < now.ms - cast({doc} ->> 'overdue_ms' as bigint)
      and k.lease_until_ms < now.ms - cast({doc} ->> 'overdue_ms' as bigint))
    or (k.kind <> 'refund_payment' and exists (select 1 from pending as other where other.payment_id = k.payment_id and other.compensation_id <> k.compensation_id))",
    },
];
