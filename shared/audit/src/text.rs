//! From rules to statements, in either dialect: `{doc}` is the one JSON parameter, `{now}` the
//! clock in milliseconds, `{object}(` what makes an object, `{json}(` what reads one back,
//! `{plan_lines}` a plan's lines, `{order_fees}` an order's fees, `{shipment_lines}` what
//! left together, `{cancelled_lines}` what was cancelled of lines, `{return_lines}` what came back, `{refund_lines}` what was paid back of lines, `{lines_of_refund}` and `{accounts_of_refund}` the
//! same of one refund, `{looked}` a walk's rows.

use crate::{Order, Rule, WALKS, Walk, rules};
use ports::Dialect;

/// The clock, tests' offset in it.
const NOW: &str = "now (ms) as (select {now} + offset_ms from clock)";

/// What is owed to a provider: what is to be tried, what was given up, and what an operator has
/// settled since, found by their state. These are few; to walk all compensations there ever were
/// would be no bounded look.
const OWED: &str = "pending (compensation_id, payment_id, saga_id) as materialized (
  select compensation_id, payment_id, saga_id from compensation where state = 'pending'),
owed (payment_id) as materialized (
  select payment_id from pending
  union all select payment_id from compensation where state not in ('pending', 'done') and state in ('dead', 'resolved'))";

/// What refunds of a payment are to give back yet, found likewise.
const GOING_BACK: &str = "going_back (payment_id, amount_minor) as materialized (
  select payment_id, amount_minor from compensation where state = 'pending' and kind = 'refund_payment'
  union all select payment_id, amount_minor from compensation where state not in ('pending', 'done') and state = 'dead' and kind = 'refund_payment')";

/// What stock is held, found by the index of what expires.
const HELD: &str = "held (sku, warehouse_id, quantity) as materialized (
  select sku, warehouse_id, sum(quantity) from reservation where status = 'active' group by sku, warehouse_id)";

/// What all movements have led to.
const MOVED_BY_ALL: &str = "moved (sku, warehouse_id, on_hand, reserved) as materialized (
  select sku, warehouse_id, sum(on_hand_delta), sum(reserved_delta) from stock_movement group by sku, warehouse_id)";

/// The same from the sums that [`fold`] keeps, and the movements it has not read.
const MOVED_SINCE: &str = "since (sku, warehouse_id, on_hand, reserved) as materialized (
  select sku, warehouse_id, sum(on_hand_delta), sum(reserved_delta) from stock_movement
  where movement_id > coalesce((select value from counter where name = 'audit/movement'), 0) group by sku, warehouse_id),
moved (sku, warehouse_id, on_hand, reserved) as (
  select k.sku, k.warehouse_id,
    coalesce((select value from counter where name = 'audit/on_hand/' || k.warehouse_id || '/' || k.sku), 0) + coalesce(s.on_hand, 0),
    coalesce((select value from counter where name = 'audit/reserved/' || k.warehouse_id || '/' || k.sku), 0) + coalesce(s.reserved, 0)
  from {looked} as k left join since as s on s.sku = k.sku and s.warehouse_id = k.warehouse_id)";

/// Every rule over every row, as one snapshot.
#[must_use]
pub fn whole(dialect: Dialect) -> String {
    let mut parts: Vec<String> =
        [NOW, OWED, GOING_BACK, HELD, MOVED_BY_ALL].map(str::to_owned).to_vec();
    for walk in WALKS {
        parts.push(format!(
            "looked_{} as (select * from {} where {})",
            walk.name, walk.table, walk.only
        ));
    }
    let found: Vec<String> = rules().map(Rule::select).collect();
    parts.push(format!("violation (rule, subject, detail) as ({})", found.join(" union all ")));
    in_dialect(&format!("with {} {SAID}", parts.join(", ")), dialect)
}

/// The rules of one walk over its next `limit` rows. One document says how many were looked at and
/// which was the last; the limit is in the text, so that PostgreSQL plans for so few.
#[must_use]
pub fn turn(walk: &Walk, limit: i64, dialect: Dialect) -> String {
    let all = || rules().filter(|rule| rule.walk == walk.name);
    let found: Vec<String> = all().map(Rule::select).collect();
    let found = format!("violation (rule, subject, detail) as ({})", found.join(" union all "));
    let needs = |name: &str| all().any(|rule| rule.broken.contains(name));
    let mut parts = vec![walk.piece(limit)];
    for (named, part) in [
        (" now ", NOW),
        (" pending as ", OWED),
        (" owed as ", OWED),
        (" going_back as ", GOING_BACK),
        (" held as ", HELD),
        (" moved as ", MOVED_SINCE),
    ] {
        if needs(named) && !parts.iter().any(|known| known == part) {
            parts.push(part.to_owned());
        }
    }
    let last = match walk.order {
        Order::ByKey(key) | Order::ByFirstOfKey(key) | Order::ByNumber(key) => {
            format!("cast(max({key}) as text)")
        }
        Order::OldestBy(_) => "null".to_owned(),
    };
    let looked = format!(
        "select cast({{object}}('looked', count(*), 'last', {last}) as text) from {{looked}} union all {SAID}"
    );
    let text = format!("with {}, {found} {looked}", parts.join(", "))
        .replace("{looked}", &format!("looked_{}", walk.name));
    in_dialect(&text, dialect)
}

/// What a violation is told as.
const SAID: &str = "select cast({object}('rule', rule, 'subject', subject, 'detail', {json}(detail)) as text) from violation";

/// Before the first [`fold`]: where it begins.
#[must_use]
pub fn fold_begin(dialect: Dialect) -> String {
    let text = "insert into counter (name, value) select 'audit/movement', 0 where {doc} is not null on conflict (name) do nothing returning '{}'";
    in_dialect(text, dialect)
}

/// How many movements a [`fold`] has left, young ones among them; counted to one beyond `limit`.
#[must_use]
pub fn unfolded(dialect: Dialect) -> String {
    let text = "select cast({object}('left', count(*)) as text) from (
  select 1 from stock_movement where movement_id > (select value from counter where name = 'audit/movement')
  limit cast({doc} ->> 'limit' as bigint) + 1) as unfolded";
    in_dialect(text, dialect)
}

/// Adds the next movements to the sums kept of them, `limit` at most and none younger than
/// `settle_ms`: on PostgreSQL numbers are drawn before they are committed, and a lower one may
/// still come. Who folds at the same time waits, and goes on from there.
#[must_use]
pub fn fold(dialect: Dialect) -> String {
    let text = format!(
        "insert into counter (name, value)
with {NOW},
here (id) as materialized (select value from counter where name = 'audit/movement'{{lock}}),
next as materialized (select * from stock_movement where movement_id > (select id from here)
  order by movement_id limit cast({{doc}} ->> 'limit' as bigint)),
settled as materialized (select * from next where movement_id < coalesce(
  (select min(movement_id) from next where at_ms > (select ms from now) - cast({{doc}} ->> 'settle_ms' as bigint)),
  (select max(movement_id) + 1 from next))),
sum (name, value) as (
  select 'audit/movement', max(movement_id) - (select id from here) from settled having count(*) > 0
  union all select 'audit/on_hand/' || warehouse_id || '/' || sku, cast(sum(on_hand_delta) as bigint) from settled group by sku, warehouse_id
  union all select 'audit/reserved/' || warehouse_id || '/' || sku, cast(sum(reserved_delta) as bigint) from settled group by sku, warehouse_id)
select name, value from sum where true
on conflict (name) do update set value = counter.value + excluded.value
returning '{{}}'"
    );
    let lock = match dialect {
        Dialect::Sqlite => "",
        Dialect::Postgres => " for update",
    };
    in_dialect(&text.replace("{lock}", lock), dialect)
}

impl Rule {
    fn select(&self) -> String {
        let Self { code, subject, detail, broken, walk, .. } = self;
        format!("select '{code}', {subject}, {detail} from {broken}")
            .replace("{looked}", &format!("looked_{walk}"))
    }
}

impl Walk {
    /// Its next rows.
    fn piece(&self, limit: i64) -> String {
        let Self { table, only, order, .. } = self;
        let after = "({doc} ->> 'after')";
        let rows = match order {
            Order::ByKey(key) => {
                format!("select * from {table} where {key} > {after} order by {key} limit {limit}")
            }
            Order::ByNumber(key) => {
                format!(
                    "select * from {table} where {key} > cast(coalesce(nullif({after}, ''), '0') as bigint) order by {key} limit {limit}"
                )
            }
            Order::ByFirstOfKey(key) => format!(
                "select * from {table} where {key} > {after} and {key} <= (select max({key}) from (
  select {key} from {table} where {key} > {after} order by {key} limit {limit}) as next)"
            ),
            Order::OldestBy(column) => {
                format!("select * from {table} where {only} order by {column} limit {limit}")
            }
        };
        format!("{{looked}} as materialized ({rows})")
    }
}

/// `statement`, written with the words above, as `dialect` has it; on PostgreSQL with a null where
/// it would answer no row (`ports::Sql::query` says why).
#[must_use]
pub fn in_dialect(statement: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => spelled(statement, dialect),
        Dialect::Postgres => format!(
            "with answer (doc) as ({}) select doc from answer union all select null where not exists (select from answer)",
            spelled(statement, dialect)
        ),
    }
}

fn spelled(statement: &str, dialect: Dialect) -> String {
    let words = match dialect {
        Dialect::Sqlite => [
            ("{doc}", "?1"),
            ("{now}", "cast(unixepoch('subsec') * 1000 as integer)"),
            ("{object}", "json_object"),
            ("{json}", "json"),
            ("{plan_lines}", "json_each(g.plan, '$.lines') as line"),
            ("{order_fees}", "json_each(o.detail, '$.fees') as fee"),
            ("{shipment_lines}", "shipment as s, json_each(s.lines) as part"),
            ("{refund_lines}", "refund as r, json_each(r.detail, '$.lines') as part"),
            ("{cancelled_lines}", "refund as r, json_each(r.detail, '$.cancelled') as part"),
            ("{return_lines}", "order_return as b, json_each(b.detail, '$.lines') as part"),
            ("{lines_of_refund}", "json_each(r.detail, '$.lines') as part"),
            ("{accounts_of_refund}", "json_each(r.detail, '$.to_accounts') as part"),
        ],
        Dialect::Postgres => [
            ("{doc}", "$1::text::jsonb"),
            ("{now}", "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)"),
            ("{object}", "jsonb_build_object"),
            ("{json}", ""),
            ("{plan_lines}", "jsonb_array_elements(g.plan -> 'lines') as line (value)"),
            ("{order_fees}", "jsonb_array_elements(o.detail -> 'fees') as fee (value)"),
            ("{shipment_lines}", "shipment as s, jsonb_array_elements(s.lines) as part (value)"),
            (
                "{refund_lines}",
                "refund as r, jsonb_array_elements(r.detail -> 'lines') as part (value)",
            ),
            (
                "{cancelled_lines}",
                "refund as r, jsonb_array_elements(r.detail -> 'cancelled') as part (value)",
            ),
            (
                "{return_lines}",
                "order_return as b, jsonb_array_elements(b.detail -> 'lines') as part (value)",
            ),
            ("{lines_of_refund}", "jsonb_array_elements(r.detail -> 'lines') as part (value)"),
            (
                "{accounts_of_refund}",
                "jsonb_array_elements(r.detail -> 'to_accounts') as part (value)",
            ),
        ],
    };
    words.iter().fold(statement.to_owned(), |text, (word, spelled)| text.replace(word, spelled))
}
