//! Orders, against what they were made of and what was agreed to.

use crate::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "order_is_the_sum_of_its_lines",
        sentence: "An order's subtotal and total are the sums of its lines', its fees' and the shipping's.",
        look_at: "the order, its lines and the saga's plan: what was charged is the plan's total",
        walk: "orders",
        subject: "o.order_id",
        detail: "{object}('subtotal', o.subtotal_minor, 'total', o.total_minor, 'shipping', o.shipping_minor,
    'lines', (select cast(sum(l.total_minor) as bigint) from order_line as l where l.order_id = o.order_id))",
        broken: "{looked} as o where
    o.subtotal_minor is distinct from (select sum(l.subtotal_minor) from order_line as l where l.order_id = o.order_id)
    or o.total_minor is distinct from (select sum(l.total_minor) from order_line as l where l.order_id = o.order_id)
      + coalesce(cast(o.detail -> 'shipping' -> 'total' ->> 'amount_minor' as bigint), o.shipping_minor)
      + coalesce((select sum(cast(fee.value -> 'total' ->> 'amount_minor' as bigint)) from {order_fees}), 0)",
    },
    Rule {
        code: "order_is_what_was_agreed",
        sentence: "An order's money is what its saga's plan says the buyer agreed to.",
        look_at: "the order beside the plan of its saga; the difference is owed to one side",
        walk: "orders",
        subject: "o.order_id",
        detail: "{object}('total', o.total_minor, 'agreed', cast(g.plan ->> 'total_minor' as \
                 bigint))",
        broken: "{looked} as o join saga as g on g.saga_id = o.detail ->> 'saga_id' where o.order_id is distinct from g.plan ->> 'order_id'
    or o.currency is distinct from g.plan ->> 'currency'
    or o.subtotal_minor is distinct from cast(g.plan ->> 'subtotal_minor' as bigint)
    or o.discount_minor is distinct from cast(g.plan ->> 'discount_minor' as bigint)
    or o.tax_minor is distinct from cast(g.plan ->> 'tax_minor' as bigint)
    or o.total_minor is distinct from cast(g.plan ->> 'total_minor' as bigint)",
    },
    Rule {
        code: "order_has_the_lines_agreed",
        sentence: "An order has the lines of its saga's plan: the same goods, quantities and \
                   money.",
        look_at: "the order's lines beside the plan of its saga, before anything is shipped",
        walk: "orders",
        subject: "o.order_id",
        detail: "{object}('lines', (select count(*) from order_line as l where l.order_id = o.order_id))",
        broken: "{looked} as o join saga as g on g.saga_id = o.detail ->> 'saga_id'
  where (select count(*) from {plan_lines}) <> (select count(*) from order_line as l where l.order_id = o.order_id)
    or exists (select 1 from {plan_lines} where not exists (select 1 from order_line as l
      where l.order_id = o.order_id and l.line_no = cast(line.value ->> 'line_no' as bigint) and l.sku = line.value ->> 'sku'
        and l.quantity = cast(line.value ->> 'quantity' as bigint) and l.total_minor = cast(line.value ->> 'total_minor' as bigint)
        and l.reservation_id = line.value ->> 'reservation_id'))",
    },
    Rule {
        code: "shipping_is_what_was_agreed",
        sentence: "An order is shipped by the method of its session, for what its saga's plan \
                   says.",
        look_at: "the order's shipping beside its session's and the plan's",
        walk: "orders",
        subject: "o.order_id",
        detail: "{object}('method', o.detail -> 'shipping' ->> 'method_id', 'chosen', \
                 s.shipping_method, 'shipping', o.shipping_minor)",
        broken: "{looked} as o left join checkout_session as s on s.session_id = o.session_id left join saga as g on g.saga_id = o.detail ->> 'saga_id'
  where (o.detail -> 'shipping' ->> 'method_id') is distinct from s.shipping_method
    or o.shipping_minor is distinct from cast(g.plan ->> 'shipping_minor' as bigint)
    or (o.detail -> 'shipping' -> 'total' ->> 'amount_minor') is distinct from (g.plan -> 'detail' -> 'shipping' -> 'total' ->> 'amount_minor')",
    },
    Rule {
        code: "cart_of_an_order_is_completed",
        sentence: "The cart and the session of an order are completed.",
        look_at: "whether the buyer can still change or sell the cart: it must not be",
        walk: "orders",
        subject: "o.order_id",
        detail: "{object}('cart_id', o.cart_id, 'cart', c.status, 'session', s.status)",
        broken: "{looked} as o left join cart as c on c.cart_id = o.cart_id left join checkout_session as s on s.session_id = o.session_id
  where c.status is distinct from 'completed' or s.status is distinct from 'completed'",
    },
    Rule {
        code: "order_has_its_saga_and_payment",
        sentence: "An order has one saga with one payment that names it.",
        look_at: "the payments of the cart's sagas, and the provider by their references",
        walk: "orders",
        subject: "o.order_id",
        detail: "{object}('saga_id', o.detail ->> 'saga_id')",
        broken: "{looked} as o where not exists (select 1 from saga as g join payment as p on p.saga_id = g.saga_id
    where g.saga_id = o.detail ->> 'saga_id' and g.cart_id = o.cart_id and p.order_id = o.order_id)",
    },
    Rule {
        code: "order_was_charged_what_it_costs",
        sentence: "An order's payment, what was waived of it and what accounts have paid are its total, in its currency.",
        look_at: "the payment at the provider; the difference is owed to one side",
        walk: "orders",
        subject: "o.order_id",
        detail: "{object}('total', o.total_minor, 'amount', p.amount_minor, 'waived', p.waived_minor, 'currency', p.currency, \
                 'drawn', (select cast(sum(d.amount_minor) as bigint) from draw as d where d.order_id = o.order_id))",
        broken: "{looked} as o join payment as p on p.saga_id = o.detail ->> 'saga_id' where p.currency <> o.currency
    or p.amount_minor + p.waived_minor + coalesce((select sum(d.amount_minor) from draw as d where d.order_id = o.order_id), 0) <> o.total_minor",
    },
    Rule {
        code: "order_that_stands_has_its_money",
        sentence: "An order that is not cancelled has its money held or taken, its capture given up \
                   with an alert, or is paid at the door, unless it waits for its money, or all of it was refunded.",
        look_at: "the payment at the provider, before anything is shipped",
        walk: "orders",
        subject: "o.order_id",
        detail: "{object}('status', o.status, 'payment', p.state)",
        broken: "{looked} as o join payment as p on p.saga_id = o.detail ->> 'saga_id'
  where o.status not in ('cancelled', 'refunded') and p.state in ('pending', 'requires_action', 'voided', 'failed', 'refunded')
    and not (p.state = 'refunded' and o.total_minor = (select sum(r.amount_minor) from refund as r where r.order_id = o.order_id))
    and not (p.state = 'pending' and p.provider = 'none' and (p.method = 'cash_on_delivery' or o.status in ('pending', 'on_hold')))",
    },
    Rule {
        code: "pending_order_waits_for_its_money",
        sentence: "An order is pending while its money is awaited from elsewhere, and no longer.",
        look_at: "who said that it is paid; move the order on, or give the money back",
        walk: "orders",
        subject: "o.order_id",
        detail: "{object}('payment', p.state, 'method', p.method)",
        broken: "{looked} as o join payment as p on p.saga_id = o.detail ->> 'saga_id'
  where o.status = 'pending' and not (p.state = 'pending' and p.method = 'external')",
    },
    Rule {
        code: "due_order_is_not_late",
        sentence: "An order that nobody has paid stands no longer than until it is due.",
        look_at: "whether the worker unpaid-orders runs, and its alerts",
        walk: "due_orders",
        subject: "o.order_id",
        detail: "{object}('status', o.status)",
        broken: "{looked} as o, now where o.due_at_ms < now.ms - cast({doc} ->> 'overdue_ms' as bigint)",
    },
    Rule {
        code: "order_on_hold_is_not_captured",
        sentence: "Of an order that waits for a person no money is being taken, and none was of one that \
                   rules of fraud have stopped.",
        look_at: "who asked for the money; release the order, or deny it and give the money back",
        walk: "orders",
        subject: "o.order_id",
        detail: "{object}('payment', p.state, 'captured', p.captured_minor)",
        broken: "{looked} as o join payment as p on p.saga_id = o.detail ->> 'saga_id'
  where o.status = 'on_hold' and (p.state = 'capture_pending' or (o.version = 1 and (p.captured_minor > 0 or p.state = 'capture_failed')))",
    },
    Rule {
        code: "order_line_counts_its_shipments",
        sentence: "A line of an order counts as shipped and as delivered what its shipments hold.",
        look_at: "the order's shipments: a customer is told of goods that have not left, or of none that have",
        walk: "orders",
        subject: "l.order_id || '/' || l.line_no",
        detail: "{object}('shipped', l.shipped_quantity, 'delivered', l.delivered_quantity)",
        broken: "{looked} as o cross join order_line as l where l.order_id = o.order_id
    and (l.shipped_quantity <> coalesce((select sum(cast(part.value ->> 'quantity' as bigint)) from {shipment_lines}
        where s.order_id = o.order_id and cast(part.value ->> 'line_no' as bigint) = l.line_no), 0)
      or l.delivered_quantity <> coalesce((select sum(cast(part.value ->> 'quantity' as bigint)) from {shipment_lines}
        where s.order_id = o.order_id and s.delivered_at_ms is not null and cast(part.value ->> 'line_no' as bigint) = l.line_no), 0))",
    },
    Rule {
        code: "order_is_where_its_pieces_are",
        sentence: "An order is processing, partially shipped, shipped or delivered as its lines have counted.",
        look_at: "the order's lines and its history: who moved it without saying what has left",
        walk: "orders",
        subject: "o.order_id",
        detail: "{object}('status', o.status)",
        broken: "{looked} as o join (select l.order_id, sum(l.quantity - l.cancelled_quantity) as ordered, sum(l.shipped_quantity) as shipped, sum(l.delivered_quantity) as delivered
      from order_line as l where l.order_id in (select order_id from {looked}) group by l.order_id) as n on n.order_id = o.order_id
  where (o.status in ('processing', 'partially_shipped', 'shipped', 'delivered') or n.shipped > 0) and o.status <> 'refunded'
    and o.status <> case when n.shipped = 0 then 'processing' when n.shipped < n.ordered then 'partially_shipped' when n.delivered < n.shipped then 'shipped' else 'delivered' end",
    },
    Rule {
        code: "cancelled_order_gives_its_money_back",
        sentence: "A cancelled order's money was given back, is owed back, or an operator has \
                   settled it.",
        look_at: "the payment at the provider: refund or void it by hand",
        walk: "orders",
        subject: "o.order_id",
        detail: "{object}('payment', p.state)",
        broken: "{looked} as o join payment as p on p.saga_id = o.detail ->> 'saga_id'
  where o.status = 'cancelled' and p.amount_minor > 0 and p.state not in ('voided', 'failed', 'refunded')
    and not exists (select 1 from owed as w where w.payment_id = p.payment_id)",
    },
    Rule {
        code: "order_counts_its_refunds",
        sentence: "A line of an order counts as refunded what its refunds hold; each refund is the sum of \
                   its parts, and of whom it goes to.",
        look_at: "the order's refunds: somebody has back more or less than they were told",
        walk: "orders",
        subject: "o.order_id",
        detail: "{object}('refunds', (select count(*) from refund as r where r.order_id = o.order_id))",
        broken: "{looked} as o where exists (select 1 from order_line as l where l.order_id = o.order_id and (
      l.refunded_minor <> coalesce((select sum(cast(part.value -> 'amount' ->> 'amount_minor' as bigint))
        from {refund_lines} where r.order_id = o.order_id and cast(part.value ->> 'line_no' as bigint) = l.line_no), 0)
      or l.refunded_quantity <> coalesce((select sum(cast(part.value ->> 'quantity' as bigint))
        from {refund_lines} where r.order_id = o.order_id and cast(part.value ->> 'line_no' as bigint) = l.line_no), 0)))
    or exists (select 1 from refund as r where r.order_id = o.order_id and (
      r.amount_minor <> cast(r.detail -> 'shipping' ->> 'amount_minor' as bigint) + cast(r.detail -> 'fees' ->> 'amount_minor' as bigint)
        + coalesce((select sum(cast(part.value -> 'amount' ->> 'amount_minor' as bigint)) from {lines_of_refund}), 0)
      or r.amount_minor <> cast(r.detail -> 'to_payment' ->> 'amount_minor' as bigint) + coalesce(cast(r.detail -> 'waived' ->> 'amount_minor' as bigint), 0)
        + coalesce((select sum(cast(part.value -> 'amount' ->> 'amount_minor' as bigint)) from {accounts_of_refund}), 0)))",
    },
    Rule {
        code: "order_line_counts_its_cancellations",
        sentence: "A line of an order counts as cancelled what its refunds say was cancelled.",
        look_at: "the order's refunds and the stock of the line's SKU: goods are packed that nobody pays, or sold twice",
        walk: "orders",
        subject: "l.order_id || '/' || l.line_no",
        detail: "{object}('cancelled', l.cancelled_quantity)",
        broken: "{looked} as o cross join order_line as l where l.order_id = o.order_id
    and l.cancelled_quantity <> coalesce((select sum(cast(part.value ->> 'quantity' as bigint)) from {cancelled_lines}
      where r.order_id = o.order_id and cast(part.value ->> 'line_no' as bigint) = l.line_no), 0)",
    },
    Rule {
        code: "order_waives_what_its_refunds_say",
        sentence: "What is not asked for any more of an order's payment is what its refunds say.",
        look_at: "the order's refunds, before its money is taken: the buyer pays too much or too little",
        walk: "orders",
        subject: "o.order_id",
        detail: "{object}('waived', p.waived_minor)",
        broken: "{looked} as o join payment as p on p.saga_id = o.detail ->> 'saga_id'
  where p.waived_minor <> coalesce((select sum(cast(r.detail -> 'waived' ->> 'amount_minor' as bigint)) from refund as r where r.order_id = o.order_id), 0)",
    },
    Rule {
        code: "order_line_counts_its_returns",
        sentence: "A line of an order counts as returned what its returns say is back.",
        look_at: "the order's returns and the stock of the line's SKU",
        walk: "orders",
        subject: "l.order_id || '/' || l.line_no",
        detail: "{object}('returned', l.returned_quantity)",
        broken: "{looked} as o cross join order_line as l where l.order_id = o.order_id
    and l.returned_quantity <> coalesce((select sum(cast(part.value ->> 'received_quantity' as bigint)) from {return_lines}
      where b.order_id = o.order_id and cast(part.value ->> 'line_no' as bigint) = l.line_no), 0)",
    },
    Rule {
        code: "refunded_order_has_its_money_back",
        sentence: "Of a refunded order all that was taken has gone back.",
        look_at: "the payment at the provider, and the order's refunds",
        walk: "orders",
        subject: "o.order_id",
        detail: "{object}('payment', p.state, 'total', o.total_minor)",
        broken: "{looked} as o join payment as p on p.saga_id = o.detail ->> 'saga_id' where o.status = 'refunded'
    and (p.captured_minor <> p.refunded_minor or o.total_minor is distinct from (select sum(r.amount_minor) from refund as r where r.order_id = o.order_id))",
    },
    Rule {
        code: "order_line_has_its_reservation",
        sentence: "Each line of an order has a reservation of its goods, warehouse and quantity: \
                   committed, or released with the order's cancel.",
        look_at: "the stock of the line's SKU: it was sold without being held, or held and not sold",
        walk: "orders",
        subject: "l.order_id || '/' || l.line_no",
        detail: "{object}('quantity', l.quantity, 'reserved', r.quantity, 'status', r.status, \
                 'order', o.status)",
        broken: "{looked} as o cross join order_line as l left join reservation as r on r.reservation_id = l.reservation_id
  where l.order_id = o.order_id and (r.reservation_id is null or r.quantity <> l.quantity or r.sku <> l.sku or r.warehouse_id <> l.warehouse_id
    or r.order_id is distinct from l.order_id or r.status <> case o.status when 'cancelled' then 'released' else 'committed' end
    or exists (select 1 from order_line as other where other.order_id = l.order_id and other.line_no <> l.line_no and other.reservation_id = l.reservation_id))",
    },
    Rule {
        code: "order_history_tells_its_status",
        sentence: "An order's history has a row for each of its versions, and the last leads to \
                   its status.",
        look_at: "who changed the order without saying so",
        walk: "orders",
        subject: "o.order_id",
        detail: "{object}('status', o.status, 'version', o.version)",
        broken: "{looked} as o where (select count(*) from order_history as h where h.order_id = o.order_id) <> o.version
    or not exists (select 1 from order_history as h where h.order_id = o.order_id and h.seq = o.version and h.to_status = o.status)",
    },
    Rule {
        code: "contact_of_an_order_opens",
        sentence: "An order's contact is sealed with its owner's data key, or was erased.",
        look_at: "what deleted the data key: nobody can send the order",
        walk: "orders",
        subject: "o.order_id",
        detail: "{object}('status', o.status)",
        broken: "{looked} as o where o.contact > '' and not exists (select 1 from data_key as k
    where k.owner = o.owner and substr(o.contact, 1, length(k.data_key_id) + 4) = 'v2.' || k.data_key_id || '.')",
    },
    Rule {
        code: "order_line_has_an_order",
        sentence: "A line belongs to an order.",
        look_at: "the outbox and the saga for the order that is gone",
        walk: "order_lines",
        subject: "l.order_id || '/' || l.line_no",
        detail: "{object}('sku', l.sku)",
        broken: "{looked} as l where not exists (select 1 from orders as o where o.order_id = l.order_id)",
    },
];
