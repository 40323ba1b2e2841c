//! The simulator's books: payments, an append-only ledger of what money did, stored answers.
//!
//! As in the shop, Rust decides and one statement applies: [`Books::apply`] changes a payment,
//! appends to the ledger and stores the answer under its idempotency key together or not at all.

use std::collections::BTreeMap;

use edge::{Problem, Reply, Request};
use ports::{Ports, Sql, SqlError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::provider::Now;

/// A claim on an idempotency key that is older than this belongs to a request that died.
pub const CLAIM_MS_MAX: i64 = 30_000;

/// One statement each: Spin runs only the first of several.
const SCHEMA: [&str; 17] = [
    "pragma journal_mode = wal",
    "create table if not exists intent (intent_id text primary key, version integer not null, record text not null)",
    "create table if not exists ledger (entry integer primary key autoincrement, at_ms integer not null,
       kind text not null check (kind in ('authorized', 'captured', 'voided', 'refunded')), intent_id text not null,
       amount_minor integer not null check (amount_minor > 0), currency text not null, saga text, order_reference text)",
    "create index if not exists ledger_by_intent on ledger (intent_id)",
    "create index if not exists ledger_by_saga on ledger (saga)",
    "create table if not exists refund (refund_id text primary key, refund text not null)",
    "create table if not exists customer (customer_id text primary key, customer text not null)",
    "create table if not exists card (card_id text primary key, card text not null)",
    "create index if not exists card_of_customer on card (card ->> '$.customer')",
    "create table if not exists answer (idempotency_key text primary key, fingerprint text not null,
       started_ms integer not null, at_ms integer not null, status integer, body text)",
    "create table if not exists provider (one integer primary key check (one = 1), standing text not null default '{}',
       offset_ms integer not null default 0)",
    "create table if not exists attempt (scope text primary key, times integer not null)",
    "create table if not exists fault (fault_id integer primary key autoincrement, fault text not null,
       times_left integer not null check (times_left >= 0))",
    "create table if not exists arrival (position integer primary key autoincrement, subject text, type text,
       arrival text not null)",
    "create table if not exists receiver_arrival (position integer primary key autoincrement, receiver text not null,
       arrival text not null)",
    "create table if not exists identity (one integer primary key check (one = 1), document text not null)",
    "create table if not exists held_webhook (held integer primary key autoincrement, intent_id text not null,
       event text not null)",
];

const APPLY: [&str; 4] = [
    "create view if not exists effect (doc) as select null",
    "create trigger if not exists effect_applies instead of insert on effect begin
       select raise(abort, 'stale') where new.doc ->> '$.seen_version'
         is not coalesce((select version from intent where intent_id = new.doc ->> '$.intent_id'), 0);
       insert into intent (intent_id, version, record)
         values (new.doc ->> '$.intent_id', (new.doc ->> '$.seen_version') + 1, new.doc -> '$.record')
         on conflict (intent_id) do update set version = excluded.version, record = excluded.record;
       insert into ledger (at_ms, kind, intent_id, amount_minor, currency, saga, order_reference)
         select new.doc ->> '$.at_ms', value ->> '$.kind', new.doc ->> '$.intent_id', value ->> '$.amount_minor',
           new.doc ->> '$.record.intent.currency', new.doc ->> '$.record.intent.metadata.saga_id',
           new.doc ->> '$.record.intent.metadata.order_reference'
         from json_each(new.doc, '$.entries');
       insert into refund (refund_id, refund)
         select new.doc ->> '$.refund.id', new.doc -> '$.refund' where new.doc ->> '$.refund' is not null
         on conflict (refund_id) do update set refund = excluded.refund;
       insert into card (card_id, card) select new.doc ->> '$.card.id', new.doc -> '$.card' where new.doc ->> '$.card.id' is not null;
       update answer set status = new.doc ->> '$.status', body = new.doc ->> '$.body'
         where idempotency_key = new.doc ->> '$.idempotency_key';
     end",
    "create view if not exists kept (doc) as select null",
    "create trigger if not exists kept_applies instead of insert on kept begin
       insert into customer (customer_id, customer)
         select new.doc ->> '$.customer.id', new.doc -> '$.customer' where new.doc ->> '$.customer.id' is not null
         on conflict (customer_id) do update set customer = excluded.customer;
       update card set card = json_set(card, '$.customer', null)
         where new.doc ->> '$.customer.deleted' and card ->> '$.customer' = new.doc ->> '$.customer.id';
       insert into card (card_id, card) select new.doc ->> '$.card.id', new.doc -> '$.card' where new.doc ->> '$.card.id' is not null
         on conflict (card_id) do update set card = excluded.card;
       update answer set status = new.doc ->> '$.status', body = new.doc ->> '$.body'
         where idempotency_key = new.doc ->> '$.idempotency_key';
     end",
];

/// A payment, as far as anything here depends on it. How it is shown is `objects`' to say.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Intent {
    /// `pi_…`
    pub id: String,
    /// Minor units asked for.
    pub amount: i64,
    /// Minor units held.
    pub amount_capturable: i64,
    /// Minor units taken.
    pub amount_received: i64,
    /// Whether any payment method that is enabled will do; without it, cards alone.
    pub automatic_payment_methods: Option<Value>,
    /// Epoch seconds.
    pub canceled_at: Option<i64>,
    /// Stripe's word for why.
    pub cancellation_reason: Option<String>,
    /// `manual`, `automatic` or `automatic_async`.
    pub capture_method: String,
    /// For the browser library.
    pub client_secret: String,
    /// Epoch seconds.
    pub created: i64,
    /// Lower-case code.
    pub currency: String,
    /// Why the issuer refused.
    pub last_payment_error: Option<Value>,
    /// `ch_…`, once an issuer was asked.
    pub latest_charge: Option<String>,
    /// What the shop attached.
    pub metadata: BTreeMap<String, String>,
    /// How the customer authenticates.
    pub next_action: Option<Value>,
    /// The token, once there is one.
    pub payment_method: Option<String>,
    /// Whose it is.
    #[serde(default)]
    pub customer: Option<String>,
    /// Whether what pays it is saved for them: `on_session` or `off_session`.
    #[serde(default)]
    pub setup_future_usage: Option<String>,
    /// Stripe's word for the state.
    pub status: String,
}

/// A customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Customer {
    /// `cus_…`
    pub id: String,
    /// Epoch seconds.
    pub created: i64,
    /// What the shop attached.
    pub metadata: BTreeMap<String, String>,
    /// What was said of them and is only shown again.
    pub said: BTreeMap<String, String>,
    /// Whether nothing is left of them but their name.
    pub deleted: bool,
}

/// A card that is, or was, saved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Card {
    /// `pm_…`
    pub id: String,
    /// Whose it is; nobody's any more once it was detached.
    pub customer: Option<String>,
    /// The token that it was paid with first: what it does.
    pub token: String,
    /// Epoch seconds.
    pub created: i64,
}

/// What is kept of customers by one request.
#[derive(Debug, Default, Serialize)]
pub struct Kept<'a> {
    /// The customer afterwards.
    pub customer: Option<Customer>,
    /// The card afterwards.
    pub card: Option<Card>,
    /// The key to store the answer under.
    pub idempotency_key: Option<&'a str>,
    /// The answer's status.
    pub status: u16,
    /// The answer's body, byte for byte.
    pub body: &'a str,
}

/// A payment as stored, with what Stripe keeps on the charge.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The payment.
    pub intent: Intent,
    /// Minor units given back.
    pub amount_refunded: i64,
    /// What was said of it and is only shown again: a description, where a receipt goes.
    pub said: BTreeMap<String, String>,
}

/// A refund, likewise.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refund {
    /// `re_…`
    pub id: String,
    /// Minor units.
    pub amount: i64,
    /// Epoch seconds.
    pub created: i64,
    /// Lower-case code.
    pub currency: String,
    /// What the shop attached.
    pub metadata: BTreeMap<String, String>,
    /// The payment.
    pub payment_intent: String,
    /// Stripe's word for why.
    pub reason: Option<String>,
    /// Stripe's word for the state.
    pub status: String,
    /// Why it failed.
    pub failure_reason: Option<String>,
}

/// A row to append.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Entry {
    /// `authorized`, `captured`, `voided` or `refunded`.
    pub kind: &'static str,
    /// Minor units.
    pub amount_minor: i64,
}

/// Everything one request changes.
#[derive(Debug, Serialize)]
pub struct Effect<'a> {
    /// The payment.
    pub intent_id: &'a str,
    /// The version the decision was made on; 0 for a new payment.
    pub seen_version: i64,
    /// The payment afterwards.
    pub record: &'a Record,
    /// What money did.
    pub entries: &'a [Entry],
    /// A refund made.
    pub refund: Option<&'a Refund>,
    /// A card saved.
    pub card: Option<&'a Card>,
    /// The key to store the answer under.
    pub idempotency_key: Option<&'a str>,
    /// The answer's status.
    pub status: u16,
    /// The answer's body, byte for byte.
    pub body: &'a str,
    /// When.
    pub at_ms: i64,
}

/// What a claim on an idempotency key found.
pub enum Claim {
    /// Nobody had it: go on.
    Ours,
    /// A request with it is still running.
    Running,
    /// It was used with other parameters.
    OtherRequest,
    /// The stored answer.
    Answered {
        /// Status.
        status: u16,
        /// Body, byte for byte.
        body: String,
    },
}

/// The simulator's database.
#[derive(Clone, Copy)]
pub struct Books<'a>(&'a dyn Sql);

impl<'a> Books<'a> {
    /// Opens the books, and rules the first page if they are new.
    ///
    /// # Errors
    /// When the database fails; likewise in every method below.
    pub fn open(ports: &Ports<'a>) -> Result<Self, Problem> {
        let books = Self(ports.sql);
        let known = books.query(
            "select name from sqlite_schema where name = ?1 ->> '$.name'",
            &json!({"name": "kept_applies"}),
        )?;
        if known.is_empty() {
            // By several at once, perhaps: whatever is there is as it should be.
            for statement in SCHEMA.iter().chain(&APPLY) {
                books.0.run(statement).map_err(failed)?;
            }
        }
        Ok(books)
    }

    /// Runs a statement with one JSON document; gives its first column.
    pub fn query(&self, sql: &str, doc: &Value) -> Result<Vec<String>, Problem> {
        self.0.query(sql, &doc.to_string()).map_err(failed)
    }

    /// Claims an idempotency key for a request with this fingerprint. One that was used before
    /// `forgotten_before_ms`, by the provider's clock, is as good as new; whether a request still
    /// runs is a matter of the real one.
    pub fn claim(
        &self,
        key: &str,
        fingerprint: &str,
        wall_ms: i64,
        now: &Now,
    ) -> Result<Claim, Problem> {
        #[derive(Deserialize)]
        struct Stored {
            fingerprint: String,
            status: Option<u16>,
            body: Option<String>,
        }
        let doc = json!({
            "key": key, "fingerprint": fingerprint, "wall_ms": wall_ms,
            "dead_before_ms": wall_ms - CLAIM_MS_MAX,
            "now_ms": now.now_ms, "forgotten_before_ms": now.forgotten_before_ms(),
        });
        let claimed = self.query(
            "insert into answer (idempotency_key, fingerprint, started_ms, at_ms)
             values (?1 ->> '$.key', ?1 ->> '$.fingerprint', ?1 ->> '$.wall_ms', ?1 ->> '$.now_ms')
             on conflict (idempotency_key) do update set fingerprint = excluded.fingerprint, started_ms = excluded.started_ms,
                 at_ms = excluded.at_ms, status = null, body = null
               where (body is null and fingerprint = excluded.fingerprint and started_ms < ?1 ->> '$.dead_before_ms')
                 or (body is not null and at_ms < ?1 ->> '$.forgotten_before_ms')
             returning idempotency_key",
            &doc,
        )?;
        if !claimed.is_empty() {
            return Ok(Claim::Ours);
        }
        let stored = self.query(
            "select json_object('fingerprint', fingerprint, 'status', status, 'body', body)
             from answer where idempotency_key = ?1 ->> '$.key'",
            &doc,
        )?;
        let stored = stored.first().map(|text| decode::<Stored>(text)).transpose()?;
        Ok(match stored {
            Some(stored) if stored.fingerprint != fingerprint => Claim::OtherRequest,
            Some(Stored { status: Some(status), body: Some(body), .. }) => {
                Claim::Answered { status, body }
            }
            // No row: its owner has just given it back; the client comes again.
            Some(_) | None => Claim::Running,
        })
    }

    /// Gives a claim back without an answer: the request was refused before it began.
    pub fn release(&self, key: &str) -> Result<(), Problem> {
        self.query(
            "delete from answer where idempotency_key = ?1 ->> '$.key' and body is null",
            &json!({"key": key}),
        )?;
        Ok(())
    }

    /// Stores an answer that changed nothing.
    pub fn store_answer(&self, key: &str, status: u16, body: &str) -> Result<(), Problem> {
        self.query(
            "update answer set status = ?1 ->> '$.status', body = ?1 ->> '$.body' where idempotency_key = ?1 ->> '$.key'",
            &json!({"key": key, "status": status, "body": body}),
        )?;
        Ok(())
    }

    /// Applies `effect`. `false`: the payment has changed since it was read; decide again.
    pub fn apply(&self, effect: &Effect<'_>) -> Result<bool, Problem> {
        let doc = serde_json::to_string(effect).map_err(|e| Problem::internal(e.to_string()))?;
        match self.0.query("insert into effect (doc) values (?1)", &doc) {
            Ok(_) => Ok(true),
            Err(error) if error.text.contains("stale") => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    /// The payment and its version.
    pub fn intent(&self, intent_id: &str) -> Result<Option<(i64, Record)>, Problem> {
        #[derive(Deserialize)]
        struct Row {
            version: i64,
            record: Record,
        }
        let rows = self.query(
            "select json_object('version', version, 'record', json(record)) from intent where intent_id = ?1 ->> '$.id'",
            &json!({"id": intent_id}),
        )?;
        rows.first()
            .map(|text| decode::<Row>(text).map(|row| (row.version, row.record)))
            .transpose()
    }

    /// The payments with this metadata that were made until `until_s`, oldest first.
    pub fn search(&self, name: &str, value: &str, until_s: i64) -> Result<Vec<Record>, Problem> {
        let rows = self.query(
            "select record from intent where record ->> '$.intent.created' <= ?1 ->> '$.until_s' and exists (select 1 from json_each(record, '$.intent.metadata')
               where key = ?1 ->> '$.name' and value = ?1 ->> '$.value') order by intent_id limit 10",
            &json!({"name": name, "value": value, "until_s": until_s}),
        )?;
        rows.iter().map(|text| decode(text)).collect()
    }

    /// Payments, the newest first, from behind the one named.
    pub fn intents(&self, after: Option<&str>, limit: u32) -> Result<Vec<Record>, Problem> {
        let rows = self.query(
            "select record from intent where ?1 ->> '$.after' is null or rowid < (select rowid from intent where intent_id = ?1 ->> '$.after')
             order by rowid desc limit ?1 ->> '$.limit'",
            &json!({"after": after, "limit": limit}),
        )?;
        rows.iter().map(|text| decode(text)).collect()
    }

    /// Keeps what a request made of a customer and their cards.
    pub fn keep(&self, kept: &Kept<'_>) -> Result<(), Problem> {
        self.query("insert into kept (doc) values (?1)", &json!(kept)).map(drop)
    }

    /// A customer.
    pub fn customer(&self, customer_id: &str) -> Result<Option<Customer>, Problem> {
        let rows = self.query(
            "select customer from customer where customer_id = ?1 ->> '$.id'",
            &json!({"id": customer_id}),
        )?;
        rows.first().map(|text| decode(text)).transpose()
    }

    /// A card that is or was saved.
    pub fn card(&self, card_id: &str) -> Result<Option<Card>, Problem> {
        let rows = self.query(
            "select card from card where card_id = ?1 ->> '$.id'",
            &json!({"id": card_id}),
        )?;
        rows.first().map(|text| decode(text)).transpose()
    }

    /// A customer's cards, the newest first, from behind the one named.
    pub fn cards(
        &self,
        customer_id: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Card>, Problem> {
        let rows = self.query(
            "select card from card where card ->> '$.customer' = ?1 ->> '$.customer'
               and (?1 ->> '$.after' is null or rowid < (select rowid from card where card_id = ?1 ->> '$.after'))
             order by rowid desc limit ?1 ->> '$.limit'",
            &json!({"customer": customer_id, "after": after, "limit": limit}),
        )?;
        rows.iter().map(|text| decode(text)).collect()
    }

    /// A refund.
    pub fn refund(&self, refund_id: &str) -> Result<Option<Refund>, Problem> {
        let rows = self.query(
            "select refund from refund where refund_id = ?1 ->> '$.id'",
            &json!({"id": refund_id}),
        )?;
        rows.first().map(|text| decode(text)).transpose()
    }

    /// Refunds, of one payment if it is named, the newest first, from behind the one named.
    pub fn refunds(
        &self,
        intent_id: Option<&str>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Refund>, Problem> {
        let rows = self.query(
            "select refund from refund where (?1 ->> '$.intent_id' is null or refund ->> '$.payment_intent' = ?1 ->> '$.intent_id')
               and (?1 ->> '$.after' is null or rowid < (select rowid from refund where refund_id = ?1 ->> '$.after'))
             order by rowid desc limit ?1 ->> '$.limit'",
            &json!({"intent_id": intent_id, "after": after, "limit": limit}),
        )?;
        rows.iter().map(|text| decode(text)).collect()
    }

    /// The refunds that are pending, or the one named if it is, the oldest first.
    pub fn pending_refunds(&self, refund_id: Option<&str>) -> Result<Vec<Refund>, Problem> {
        let rows = self.query(
            "select refund from refund where refund ->> '$.status' = 'pending'
               and (?1 ->> '$.id' is null or refund_id = ?1 ->> '$.id') order by rowid",
            &json!({"id": refund_id}),
        )?;
        rows.iter().map(|text| decode(text)).collect()
    }

    /// Counts one more attempt at `scope`: 1 the first time.
    pub fn attempt(&self, scope: &str) -> Result<u64, Problem> {
        let rows = self.query(
            "insert into attempt (scope, times) values (?1 ->> '$.scope', 1)
             on conflict (scope) do update set times = times + 1 returning cast(times as text)",
            &json!({"scope": scope}),
        )?;
        Ok(rows.first().and_then(|text| text.parse().ok()).unwrap_or(1))
    }
}

/// Which entries to list; all conditions given must hold.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    payment_intent: Option<String>,
    metadata_saga: Option<String>,
    order_reference: Option<String>,
}

/// `GET /ledger?payment_intent=|metadata_saga=|order_reference=`: the entries in their order, at
/// most 1,000, and the totals of all of them by currency.
///
/// # Errors
/// Unknown query parameters, or a failing database.
pub async fn list(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    const MATCHING: &str = "from ledger
        where (?1 ->> '$.payment_intent' is null or intent_id = ?1 ->> '$.payment_intent')
          and (?1 ->> '$.metadata_saga' is null or saga = ?1 ->> '$.metadata_saga')
          and (?1 ->> '$.order_reference' is null or order_reference = ?1 ->> '$.order_reference')";
    let filter: Filter = request.query()?;
    let doc = json!(filter);
    let books = Books::open(ports)?;
    let entries = books.query(
        &format!(
            "select json_object('entry', entry, 'at_ms', at_ms, 'kind', kind, 'payment_intent', intent_id,
               'amount_minor', amount_minor, 'currency', upper(currency), 'metadata_saga', saga,
               'order_reference', order_reference) {MATCHING} order by entry limit 1000"
        ),
        &doc,
    )?;
    let sum =
        |kind: &str| format!("'{kind}', sum(case kind when '{kind}' then amount_minor else 0 end)");
    let totals = books.query(
        &format!(
            "select json_object('currency', upper(currency), {}, {}, {}, {}) {MATCHING} group by currency order by currency",
            sum("authorized"),
            sum("captured"),
            sum("voided"),
            sum("refunded"),
        ),
        &doc,
    )?;
    Ok(Reply::json(200, &json!({"entries": decode_all(&entries)?, "totals": decode_all(&totals)?})))
}

/// `GET /requests?since=`: what the provider was sent, path and form in the order of its names, at
/// most 1,000: all that were taken in under an idempotency key, which is all that move money.
///
/// # Errors
/// As [`list`].
pub async fn requests(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    #[derive(Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    struct Page {
        since: Option<i64>,
    }
    let page: Page = request.query()?;
    let rows = Books::open(ports)?.query(
        "select json_object('position', rowid, 'idempotency_key', idempotency_key, 'request', fingerprint)
         from answer where rowid > coalesce(?1 ->> '$.since', 0) order by rowid limit 1000",
        &json!(page),
    )?;
    Ok(Reply::json(200, &json!({"requests": decode_all(&rows)?})))
}

/// A column of JSON texts as values.
///
/// # Errors
/// When one is not JSON.
pub fn decode_all(rows: &[String]) -> Result<Vec<Value>, Problem> {
    rows.iter().map(|text| decode(text)).collect()
}

/// A JSON text of the database's.
///
/// # Errors
/// When it is not one of a `T`.
pub fn decode<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(|e| Problem::internal(format!("simulator row: {e}")))
}

fn failed(error: SqlError) -> Problem {
    Problem::internal(format!("simulator database: {error}"))
}
