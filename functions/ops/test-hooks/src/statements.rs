//! The SQL of the hooks, written once for both databases: `{doc}` is the one JSON parameter, `{now}` the clock in
//! milliseconds, `{object}(` what makes an object, `{json}(` what reads one back. Each answers one column of JSON texts.

use ports::Dialect;

/// `statement` as `dialect` has it; on PostgreSQL with a null where it would answer no row (`ports::Sql::query` says why).
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
    let [doc, now, object, json] = match dialect {
        Dialect::Sqlite => ["?1", "cast(unixepoch('subsec') * 1000 as integer)", "json_object", "json"],
        Dialect::Postgres => ["$1::text::jsonb", "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)", "jsonb_build_object", ""],
    };
    statement.replace("{doc}", doc).replace("{now}", now).replace("{object}", object).replace("{json}", json)
}

/// The database's clock, and how far tests have moved it.
pub const CLOCK: &str = "
select cast({object}('now_ms', {now} + offset_ms, 'offset_ms', offset_ms) as text)
from clock where {doc} is not null";

/// Moves the database's clock forward.
pub const ADVANCE_CLOCK: &str = "
update clock set offset_ms = offset_ms + cast({doc} ->> 'advance_ms' as bigint)
returning cast({object}('now_ms', {now} + offset_ms, 'offset_ms', offset_ms) as text)";

/// The schema of the release before.
pub const VERSION_BEFORE: i64 = 2;

/// Takes away what is newer than [`VERSION_BEFORE`], the same on both databases. The ledger of a shop that began with the newest knows
/// of no other.
pub const BACK_TO_VERSION_BEFORE: [&str; 3] = [
    "drop table if exists cart_share",
    "delete from migration where version > 2",
    "insert into migration (version, applied_at_ms) select 2, 0 where not exists (select 1 from migration)",
];

/// How many connections idle inside a transaction. SQLite's end with their guest, so there are none to find.
#[must_use]
pub fn idle_transactions(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "select json_object('idle_in_transaction', 0) where {doc} is not null",
        Dialect::Postgres => {
            "select cast({object}('idle_in_transaction', count(*)) as text) from pg_stat_activity
             where datname = current_database() and state like 'idle in transaction%' and {doc} is not null"
        }
    }
}

/// Every table there is, whoever made it.
#[must_use]
pub fn tables(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "select json_quote(name) from sqlite_schema where type = 'table' and {doc} is not null order by name",
        Dialect::Postgres => {
            "select cast(to_jsonb(table_name) as text) from information_schema.tables
             where table_schema not in ('information_schema', 'pg_catalog') and table_type = 'BASE TABLE' and {doc} is not null order by table_name"
        }
    }
}

/// The columns of a table.
#[must_use]
pub fn columns(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "select json_quote(name) from pragma_table_info({doc} ->> 'table') order by cid",
        Dialect::Postgres => {
            "select cast(to_jsonb(column_name) as text) from information_schema.columns
             where table_schema = current_schema() and table_name = {doc} ->> 'table' order by ordinal_position"
        }
    }
}

/// The most rows one look shows.
pub const ROWS_MAX: usize = 5_000;

/// A statement that reads whole rows of `table` behind the first `from`, those whose `column` reads `value` if a column is given. The
/// names come from [`tables`] and [`columns`], never from a client. JSON is shown as the text it is on SQLite.
#[must_use]
pub fn rows_of(dialect: Dialect, table: &str, columns: &[String], column: Option<&str>) -> String {
    let row = match dialect {
        Dialect::Sqlite => {
            let members: Vec<String> = columns.iter().map(|name| format!("'{name}', \"{name}\"")).collect();
            format!("json_object({})", members.join(", "))
        }
        Dialect::Postgres => "(select jsonb_object_agg(key, case when jsonb_typeof(value) in ('object', 'array') then to_jsonb(cast(value as text)) else value end) \
             from jsonb_each(to_jsonb(shown)))"
            .to_owned(),
    };
    let filter = column.map_or_else(|| "{doc} is not null".to_owned(), |name| format!("cast(\"{name}\" as text) = {{doc}} ->> 'value'"));
    // The columns of every key stand first; without an order PostgreSQL shows rows as they were last written.
    let key: Vec<String> = columns.iter().take(2).map(|name| format!("\"{name}\"")).collect();
    let key = key.join(", ");
    format!(
        "select cast({row} as text) from \"{table}\" as shown where {filter} order by {key} limit {ROWS_MAX} offset cast({{doc}} ->> 'from' as bigint)"
    )
}

/// How long a saga may be without a driver before that is a violation. Workers run every few seconds; the suite
/// moves the clock by minutes, and gives them a turn before it looks.
pub const OVERDUE_MS: i64 = 900_000;

/// Every violation of what must hold between any two commands, in one statement and so in one snapshot.
///
/// A reservation holds stock while it is `active`, and none once it is `committed`: the goods are sold by then.
pub const AUDIT: &str = "
with
now (ms) as (select {now} + offset_ms from clock),
moved (sku, warehouse_id, on_hand, reserved) as (
  select sku, warehouse_id, sum(on_hand_delta), sum(reserved_delta) from stock_movement group by sku, warehouse_id),
held (sku, warehouse_id, quantity) as (
  select sku, warehouse_id, sum(quantity) from reservation where status = 'active' group by sku, warehouse_id),
lines (order_id, subtotal_minor, discount_minor, total_minor) as (
  select order_id, sum(subtotal_minor), sum(discount_minor), sum(total_minor) from order_line group by order_id),
violation (rule, subject, detail) as (
  select 'stock counters are the sum of their movements', k.sku || ' in ' || k.warehouse_id,
    {object}('on_hand', k.on_hand, 'moved', m.on_hand, 'reserved', k.reserved, 'moved_reserved', m.reserved)
  from stock as k left join moved as m using (sku, warehouse_id) where k.on_hand is distinct from m.on_hand or k.reserved is distinct from m.reserved
  union all
  select 'a movement has a counter', m.sku || ' in ' || m.warehouse_id, null
  from moved as m left join stock as k using (sku, warehouse_id) where k.sku is null
  union all
  select 'reserved is the sum of active reservations', k.sku || ' in ' || k.warehouse_id,
    {object}('reserved', k.reserved, 'active', coalesce(h.quantity, 0))
  from stock as k left join held as h using (sku, warehouse_id) where k.reserved <> coalesce(h.quantity, 0)
  union all
  select 'no reservation is left half released', reservation_id, null from reservation where status = 'releasing'
  union all
  select 'an order is the sum of its lines and its shipping', o.order_id,
    {object}('total', o.total_minor, 'lines', l.total_minor, 'shipping', o.shipping_minor, 'tax', o.tax_minor, 'discount', o.discount_minor)
  from orders as o left join lines as l using (order_id)
  where l.order_id is null or o.subtotal_minor <> l.subtotal_minor
    or o.total_minor <> l.total_minor + coalesce(cast(o.detail -> 'shipping' -> 'total' ->> 'amount_minor' as bigint), o.shipping_minor)
  union all
  select 'a completed cart has one order', c.cart_id, {object}('orders', (select count(*) from orders where orders.cart_id = c.cart_id))
  from cart as c where c.status = 'completed' and (select count(*) from orders where orders.cart_id = c.cart_id) <> 1
  union all
  select 'the cart of an order is completed', o.order_id, {object}('cart_id', c.cart_id, 'status', c.status)
  from orders as o join cart as c using (cart_id) where c.status <> 'completed'
  union all
  select 'an order has one saga with one payment that names it', o.order_id, {object}('saga_id', o.detail ->> 'saga_id')
  from orders as o where (select count(*) from payment as p join saga as g using (saga_id)
    where p.saga_id = o.detail ->> 'saga_id' and p.order_id = o.order_id and g.cart_id = o.cart_id) <> 1
  union all
  select 'a saga has one payment', g.saga_id, {object}('state', g.state)
  from saga as g where (select count(*) from payment as p where p.saga_id = g.saga_id) <> 1
  union all
  select 'an order was charged what it costs', o.order_id, {object}('total', o.total_minor, 'amount', p.amount_minor, 'currency', p.currency)
  from orders as o join payment as p on p.order_id = o.order_id where p.amount_minor <> o.total_minor or p.currency <> o.currency
  union all
  select 'refunded is within captured, captured within the amount', payment_id,
    {object}('amount', amount_minor, 'captured', captured_minor, 'refunded', refunded_minor)
  from payment where not (0 <= refunded_minor and refunded_minor <= captured_minor and captured_minor <= amount_minor)
  union all
  select 'money is held for an order, a running saga, or is being given back', p.payment_id, {object}('state', p.state, 'saga', g.state)
  from payment as p join saga as g using (saga_id)
  where p.order_id is null and p.state in ('requires_action', 'authorized', 'capture_pending', 'captured')
    and g.state not in ('authorizing', 'awaiting_action', 'capturing')
    and not exists (select 1 from compensation as k where k.payment_id = p.payment_id and k.state in ('pending', 'dead'))
  union all
  select 'a cart is held by a running saga only', c.cart_id, {object}('saga_id', c.saga_id, 'state', g.state)
  from cart as c left join saga as g on g.saga_id = c.saga_id
  where c.saga_id is not null and c.status <> 'completed' and coalesce(g.state, '') not in ('authorizing', 'awaiting_action')
  union all
  select 'a running saga has a driver', g.saga_id,
    {object}('state', g.state, 'lease_late_ms', now.ms - g.lease_until_ms, 'attempt_late_ms', now.ms - g.next_attempt_at_ms, 'attempts', g.attempts)
  from saga as g, now where g.state in ('authorizing', 'awaiting_action', 'capturing')
    and g.lease_until_ms < now.ms - cast({doc} ->> 'overdue_ms' as bigint)
    and g.next_attempt_at_ms < now.ms - cast({doc} ->> 'overdue_ms' as bigint)
  union all
  select 'a line has reserved its quantity', l.order_id || '/' || l.line_no, {object}('quantity', l.quantity, 'reserved', r.quantity, 'status', r.status)
  from order_line as l left join reservation as r using (reservation_id)
  where r.reservation_id is null or r.quantity <> l.quantity or r.sku <> l.sku or r.warehouse_id <> l.warehouse_id or r.order_id is distinct from l.order_id
  union all
  select 'a committed reservation has an order', r.reservation_id, {object}('order_id', r.order_id)
  from reservation as r left join orders as o using (order_id) where r.status = 'committed' and (o.order_id is null or o.status = 'cancelled')
)
select cast({object}('rule', rule, 'subject', subject, 'detail', {json}(detail)) as text) from violation";

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    fn shop() -> Connection {
        let database = Connection::open_in_memory().unwrap();
        database.execute_batch(include_str!("../../../../shared/store/migrations/sqlite/baseline.sql")).unwrap();
        database.execute_batch(include_str!("../../../../shared/store/migrations/sqlite/demo.sql")).unwrap();
        database
    }

    // As Spin binds it: exactly one parameter, which a statement must have.
    fn documents(database: &Connection, statement: &str, input: &str) -> Vec<String> {
        let mut statement = database.prepare(&in_dialect(statement, Dialect::Sqlite)).unwrap();
        statement.query_map([input], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn broken_rules(database: &Connection) -> Vec<String> {
        let rule = |violation: &String| violation.split('"').nth(3).unwrap_or_default().to_owned();
        documents(database, AUDIT, r#"{"overdue_ms":0}"#).iter().map(rule).collect()
    }

    #[test]
    fn every_table_can_be_looked_at() {
        let database = shop();
        let tables = documents(&database, tables(Dialect::Sqlite), "{}");
        assert!(tables.len() > 20, "{tables:?}");
        for table in tables {
            let table = table.trim_matches('"');
            let names: Vec<String> = documents(&database, columns(Dialect::Sqlite), &format!(r#"{{"table":"{table}"}}"#))
                .iter()
                .map(|name| name.trim_matches('"').to_owned())
                .collect();
            assert!(!names.is_empty(), "{table}");
            documents(&database, &rows_of(Dialect::Sqlite, table, &names, None), r#"{"from":0}"#);
            documents(&database, &rows_of(Dialect::Sqlite, table, &names, names.first().map(String::as_str)), r#"{"from":0,"value":"1"}"#);
        }
        let columns = ["sku", "on_hand"].map(str::to_owned);
        let rows = documents(&database, &rows_of(Dialect::Sqlite, "stock", &columns, Some("on_hand")), r#"{"from":0,"value":"10"}"#);
        assert_eq!(rows, [r#"{"sku":"TILL-0100","on_hand":10}"#]);
    }

    /// What is dropped is all that the newest upgrade brings: migrating leads to the same schema again.
    #[test]
    fn the_schema_goes_back_by_one_version() {
        let database = shop();
        let schema = || -> Vec<String> {
            let mut statement = database.prepare("select name from sqlite_schema where name not like 'sqlite_%' order by 1").unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
        };
        let newest = schema();
        BACK_TO_VERSION_BEFORE.iter().for_each(|statement| database.execute_batch(statement).unwrap());
        assert_ne!(schema(), newest);
        database.execute_batch(include_str!("../../../../shared/store/migrations/sqlite/upgrades/3.sql")).unwrap();
        assert_eq!(schema(), newest);
        let upgrades = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/store/migrations/sqlite/upgrades")).unwrap();
        assert_eq!(
            i64::try_from(upgrades.count()).unwrap(),
            VERSION_BEFORE,
            "there is a newer upgrade: this is not the release before any more"
        );
    }

    #[test]
    fn the_clock_moves_forward() {
        let database = shop();
        assert!(documents(&database, ADVANCE_CLOCK, r#"{"advance_ms":60000}"#)[0].contains(r#""offset_ms":60000"#));
        assert!(documents(&database, CLOCK, "{}")[0].contains(r#""offset_ms":60000"#));
    }

    #[test]
    fn the_demo_shop_breaks_no_rule_and_each_break_is_seen() {
        let breaks = [
            ("update stock set on_hand = on_hand + 1 where sku = 'TILL-0001'", "stock counters are the sum of their movements"),
            ("delete from stock where sku = 'TILL-0001'", "a movement has a counter"),
            (
                "insert into reservation values ('r1', 's1', null, 'TILL-0001', 'wh-hanoi', 2, 'active', 1, 1)",
                "reserved is the sum of active reservations",
            ),
            ("insert into cart values ('c1', 'o', 'completed', 'USD', 'VN', 1, null, 1, 1)", "a completed cart has one order"),
            ("insert into cart values ('c1', 'o', 'active', 'USD', 'VN', 1, 'gone', 1, 1)", "a cart is held by a running saga only"),
            (
                "insert into saga values ('g1', 's1', 'c1', 'o', 'authorizing', 'k', 'h', '{}', null, 0, 1, 't', 1, 1, 1)",
                "a running saga has a driver",
            ),
            (
                "insert into saga values ('g1', 's1', 'c1', 'o', 'failed', 'k', 'h', '{}', null, 0, 1, 't', 1, 1, 1)",
                "a saga has one payment",
            ),
            (
                "insert into order_line values ('o1', 1, 'TILL-0001', 'p', 'n', 1, 1, 1, 0, 0, 1, '{}', 'wh-hanoi', 'none')",
                "a line has reserved its quantity",
            ),
        ];
        assert_eq!(broken_rules(&shop()), [""; 0]);
        for (change, rule) in breaks {
            let database = shop();
            database.execute_batch(change).unwrap();
            let broken = broken_rules(&database);
            assert!(broken.iter().any(|known| known == rule), "{change}: {broken:?}");
        }
    }
}
