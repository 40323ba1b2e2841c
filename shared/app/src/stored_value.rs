//! `/api/v1/accounts`, `/api/v1/gift-cards`: points, store credit and gift cards (PROMO-13).
//!
//! Programs open accounts, issue gift cards, put more in and correct; customers look at theirs, and
//! make a gift card theirs by its code. Every change is an entry of the account's ledger, with who
//! did it and why. The statement that moves a balance judges it: of many at once those win that fit.

use crate::{
    KeyedChange,
    change::Apply as _,
    contact::{internal, keyring, random, unwrap},
    cursor::Cursor,
    events::{AccountChanged, AccountOpened, Event, GiftCardAssigned},
    guesses::Tried,
    operations::Reason,
    page::PageSize,
    problem::refused,
    shop::Shop,
};
use callers::{Customer, OwnerOrService, Service};
use domain::{
    ids::{AccountId, CustomerId, OrderId, OwnerId},
    money::Currency,
    stored_value::{AccountKind, BALANCE_MAX, EntryKind, GiftCode},
};
use json::json;
use ports::Ports;
use seal::{KEY_BYTES, WrappedKey};
use serde::{Deserialize, Serialize};
use store::{Refusal, sql};
use terms::{Code, Done, Problem, Rendered, fingerprint};

/// Accounts, and entries of one.
const PAGE: PageSize = PageSize { default: 50, max: 200 };
/// A gift card lives so long at most: ten years.
const EXPIRES_IN_DAYS_MAX: i64 = 3_650;
const DAY_MS: i64 = 86_400_000;

/// An account of stored value.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Account {
    /// The account.
    pub account_id: AccountId,
    /// What it holds.
    pub kind: AccountKind,
    /// Whose it is; null for a gift card that is nobody's yet.
    pub customer_id: Option<CustomerId>,
    /// Its currency; null for points.
    pub currency: Option<Currency>,
    /// What there is, in minor units or points.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub balance_minor: i64,
    /// What of it is held for checkouts.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub held_minor: i64,
    /// When it was opened.
    pub created_at_ms: i64,
    /// When a gift card ends; null for never.
    pub expires_at_ms: Option<i64>,
}

/// Which accounts.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListAccounts {
    /// This customer's only; for programs, since a customer sees their own.
    customer_id: Option<CustomerId>,
    /// Where the page before ended (`next_cursor`).
    #[cfg_attr(feature = "schema", schemars(with = "Option<AccountId>"))]
    cursor: Option<Cursor>,
    /// Accounts a page has, 1 to 200.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 200)))]
    limit: Option<i64>,
}

/// A page of accounts, in the order they were opened.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountPage {
    /// The accounts.
    accounts: Vec<Rendered<Account>>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<AccountId>,
}

/// Which page of an account's entries.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListEntries {
    /// Where the page before ended (`next_cursor`).
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    cursor: Option<i64>,
    /// Entries a page has, 1 to 200.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 200)))]
    limit: Option<i64>,
}

/// A page of an account's entries, newest first.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "EntryPage"))]
pub struct Statement {
    /// The account as it is.
    account: Rendered<Account>,
    /// What moved in it.
    entries: Vec<Rendered<Entry>>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<i64>,
}

/// What moved in an account.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AccountEntry"))]
pub struct Entry {
    /// Its number, from 1.
    pub seq: i64,
    /// What it is.
    pub kind: EntryKind,
    /// By how much, in minor units or points; below zero for what was taken.
    pub amount_minor: i64,
    /// Who did it: `service:` and the `sub` of their token, or the customer.
    pub actor: String,
    /// Why; null where nobody had to say.
    pub reason: Option<String>,
    /// The order that was paid with it, or that gave it back; null of others.
    pub order_id: Option<OrderId>,
    /// When.
    pub at_ms: i64,
}

/// What an account of a customer may be opened for. A gift card is issued instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum OpenedKind {
    /// Loyalty points.
    Points,
    /// Store credit.
    Credit,
}

/// A customer's account of points or credit.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OpenAccount {
    /// Whose.
    customer_id: CustomerId,
    /// What it holds.
    kind: OpenedKind,
    /// Its currency; left out for points, which have none.
    currency: Option<Currency>,
    /// With how much, in minor units or points.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 100_000_000_000_i64)))]
    amount_minor: i64,
    /// Why, in one line, kept in the open: no personal data.
    #[cfg_attr(feature = "schema", schemars(with = "String", length(min = 1, max = 200)))]
    reason: Reason,
}

/// A gift card.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct IssueGiftCard {
    /// Its currency.
    currency: Currency,
    /// What it is worth, in minor units.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100_000_000_000_i64)))]
    amount_minor: i64,
    /// After how many days it ends; left out for never.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 3_650)))]
    expires_in_days: Option<i64>,
    /// Why, in one line, kept in the open: no personal data.
    #[cfg_attr(feature = "schema", schemars(with = "String", length(min = 1, max = 200)))]
    reason: Reason,
}

/// A gift card that was issued, with its code.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GiftCardIssued {
    /// The account that it is.
    account: Rendered<Account>,
    /// The code, this once: whoever has it has the card.
    code: String,
}

/// More, for an account.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TopUp {
    /// How much, in minor units or points.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100_000_000_000_i64)))]
    amount_minor: i64,
    /// Why, in one line, kept in the open: no personal data.
    #[cfg_attr(feature = "schema", schemars(with = "String", length(min = 1, max = 200)))]
    reason: Reason,
}

/// A correction of an account.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Correct {
    /// By how much, in minor units or points: of either sign, and not 0.
    #[cfg_attr(
        feature = "schema",
        schemars(range(min = -100_000_000_000_i64, max = 100_000_000_000_i64))
    )]
    amount_minor: i64,
    /// Why, in one line, kept in the open: no personal data.
    #[cfg_attr(feature = "schema", schemars(with = "String", length(min = 1, max = 200)))]
    reason: Reason,
}

/// An account after an entry.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountEntered {
    /// The account as it is now.
    #[cfg_attr(feature = "schema", schemars(flatten))]
    pub account: Account,
    /// The number of the entry.
    pub seq: i64,
}

/// A gift card that is to be the caller's.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AssignGiftCard {
    /// Its code: letters and digits as they were read, in whatever groups.
    code: GiftCode,
}

/// What an account was opened with, as it is kept for replays.
#[derive(Deserialize)]
struct Receipt {
    account: Rendered<Account>,
    sealed: Option<SealedCode>,
}

/// A gift card's code, for the replays of its reply: it opens as long as the receipt is kept, and
/// by the shop's keys alone.
#[derive(Serialize, Deserialize)]
struct SealedCode {
    key: WrappedKey,
    code: String,
}

/// An account, as far as an entry has to know it.
#[derive(Deserialize)]
struct Seen {
    kind: AccountKind,
    customer_id: Option<CustomerId>,
    currency: Option<Currency>,
}

impl From<OpenedKind> for AccountKind {
    fn from(kind: OpenedKind) -> Self {
        match kind {
            OpenedKind::Points => Self::Points,
            OpenedKind::Credit => Self::Credit,
        }
    }
}

/// Whose accounts the caller may see: everybody's, or those of a customer. The empty text is nobody.
fn customer_of(caller: &OwnerOrService) -> Option<&str> {
    caller.owner().map(|owner| Customer::id_in(owner).unwrap_or_default())
}

/// Accounts, page by page: the caller's, or for a program everybody's.
///
/// # Errors
/// `invalid_field` for a limit out of range, a cursor that is none, and a customer who asks for
/// somebody's.
pub fn list(
    ports: &Ports<'_>,
    caller: &OwnerOrService,
    query: &ListAccounts,
) -> Result<Done<AccountPage>, Problem> {
    let limit = PAGE.limit(query.limit)?;
    let own = customer_of(caller);
    if own.is_some() && query.customer_id.is_some() {
        let right = "must be left out: a customer sees their own";
        return Err(Problem::invalid_field("customer_id", right));
    }
    let customer_id = own.or(query.customer_id.as_ref().map(CustomerId::as_str));
    let input =
        json!({ "customer_id": customer_id, "cursor": query.cursor, "limit": limit.to_read() });
    let mut accounts: Vec<Rendered<Account>> = Shop::new(ports).list(&sql::ACCOUNT_LIST, &input)?;
    let next_cursor = limit.cut(&mut accounts).map(|last| last.id("account_id")).transpose()?;
    Ok(Done::new(AccountPage { accounts, next_cursor }))
}

/// One account: the caller's, or for a program anybody's.
///
/// # Errors
/// `account_not_found`.
pub fn view(
    ports: &Ports<'_>,
    caller: &OwnerOrService,
    account_id: &AccountId,
) -> Result<Done<Rendered<Account>>, Problem> {
    read(&Shop::new(ports), account_id, customer_of(caller)).map(Done::new)
}

fn read<R: serde::de::DeserializeOwned>(
    shop: &Shop<'_>,
    account_id: &AccountId,
    customer_id: Option<&str>,
) -> Result<R, Problem> {
    let input = json!({ "account_id": account_id, "customer_id": customer_id });
    let found = shop.read(&sql::ACCOUNT_VIEW, &input)?;
    found.ok_or_else(|| Problem::new(Code::AccountNotFound))
}

/// What moved in an account, newest first: of the caller's, or for a program of anybody's.
///
/// # Errors
/// `account_not_found`; `invalid_field` for a limit out of range.
pub fn statement(
    ports: &Ports<'_>,
    caller: &OwnerOrService,
    account_id: &AccountId,
    query: &ListEntries,
) -> Result<Done<Statement>, Problem> {
    let limit = PAGE.limit(query.limit)?;
    let shop = Shop::new(ports);
    let account = read(&shop, account_id, customer_of(caller))?;
    let input =
        json!({ "account_id": account_id, "below": query.cursor, "limit": limit.to_read() });
    let mut entries: Vec<Rendered<Entry>> = shop.list(&sql::LEDGER_LIST, &input)?;
    let next_cursor = limit.cut(&mut entries).and_then(|last| last.number("seq"));
    Ok(Done::new(Statement { account, entries, next_cursor }))
}

/// Opens a customer's account of points or credit.
///
/// # Errors
/// `invalid_field`, `currency_unsupported`, `account_exists`.
pub fn open(
    ports: &Ports<'_>,
    service: &Service,
    body: &OpenAccount,
    change: &KeyedChange,
) -> Result<Done<Rendered<Account>>, Problem> {
    let shop = Shop::new(ports);
    let opening = Opening {
        kind: body.kind.into(),
        customer_id: Some(&body.customer_id),
        currency: body.currency.as_ref(),
        amount_minor: body.amount_minor,
        reason: &body.reason,
        ttl_ms: None,
        code: None,
    };
    let (Receipt { account, sealed: _ }, is_replay) = opening.apply(&shop, service, change)?;
    made(&account, is_replay, account.clone())
}

/// Issues a gift card. Its code is in this reply, and in those of the same key; else it is kept
/// hashed.
///
/// # Errors
/// `invalid_field`, `currency_unsupported`.
pub fn issue(
    ports: &Ports<'_>,
    service: &Service,
    body: &IssueGiftCard,
    change: &KeyedChange,
) -> Result<Done<GiftCardIssued>, Problem> {
    let shop = Shop::new(ports);
    let days = body.expires_in_days;
    if days.is_some_and(|days| !(1..=EXPIRES_IN_DAYS_MAX).contains(&days)) {
        let right = format!("must be 1 to {EXPIRES_IN_DAYS_MAX}");
        return Err(Problem::invalid_field("/expires_in_days", right));
    }
    let opening = Opening {
        kind: AccountKind::GiftCard,
        customer_id: None,
        currency: Some(&body.currency),
        amount_minor: body.amount_minor,
        reason: &body.reason,
        ttl_ms: days.map(|days| days.saturating_mul(DAY_MS)),
        code: Some(random(&shop)),
    };
    let (Receipt { account, sealed }, is_replay) = opening.apply(&shop, service, change)?;
    let sealed = sealed.ok_or_else(|| Problem::internal("a gift card without its code"))?;
    let code = unsealed(&shop, &account, &sealed)?.reveal();
    made(&account, is_replay, GiftCardIssued { account: account.clone(), code })
}

fn made<T>(account: &Rendered<Account>, is_replay: bool, body: T) -> Result<Done<T>, Problem> {
    let account_id: AccountId = account.id("account_id")?;
    Ok(Done::new(body).replay(is_replay).location(format!("/api/v1/accounts/{account_id}")))
}

/// An account to be.
struct Opening<'a> {
    kind: AccountKind,
    customer_id: Option<&'a CustomerId>,
    currency: Option<&'a Currency>,
    amount_minor: i64,
    reason: &'a Reason,
    ttl_ms: Option<i64>,
    /// The bits of a gift card's code.
    code: Option<[u8; 16]>,
}

impl Opening<'_> {
    fn apply(
        &self,
        shop: &Shop<'_>,
        service: &Service,
        change: &KeyedChange,
    ) -> Result<(Receipt, bool), Problem> {
        let Self { kind, customer_id, currency, amount_minor, reason, ttl_ms, code } = self;
        let wrong_currency = |error: domain::stored_value::AccountError| {
            Problem::invalid_field("/currency", error.to_string())
        };
        kind.check(*currency).map_err(wrong_currency)?;
        check(EntryKind::Opened, *kind, *amount_minor)?;
        let account_id: AccountId = shop.new_id()?;
        let opened = AccountOpened {
            account_id: &account_id,
            kind: *kind,
            balance_minor: *amount_minor,
            customer_id: customer_id.cloned(),
            currency: currency.copied(),
        };
        let actor = service.actor();
        let input = json!({
            "account_id": account_id, "kind": kind, "customer_id": customer_id, "currency": currency.map_or("", Currency::as_str),
            "amount_minor": amount_minor, "ttl_ms": ttl_ms, "code_hash": code.map(|bits| code_hash(&GiftCode::of(bits))),
            "sealed": code.map(|bits| sealed(shop, &account_id, bits)).transpose()?,
            "actor": actor, "reason": reason.0, "events": [Event::of(shop, &opened)],
        });
        change.apply(shop, &actor, &sql::ACCOUNT_OPEN, input)?.receipt(refused)
    }
}

fn check(entry: EntryKind, of: AccountKind, amount_minor: i64) -> Result<(), Problem> {
    entry
        .check(of, amount_minor)
        .map_err(|error| Problem::invalid_field("/amount_minor", error.to_string()))
}

/// What a gift card's code is found by. Of 128 random bits a plain hash leads nowhere back.
pub(crate) fn code_hash(code: &GiftCode) -> String {
    fingerprint(&["gift-card", &code.reveal()])
}

fn sealed(shop: &Shop<'_>, account_id: &AccountId, bits: [u8; 16]) -> Result<SealedCode, Problem> {
    let (key, wrapped) = keyring(shop)?
        .wrap(shop.id(), &random::<KEY_BYTES>(shop), random(shop))
        .map_err(internal)?;
    let code = key.seal(random(shop), account_id.as_str(), &bits).map_err(internal)?;
    Ok(SealedCode { key: wrapped, code })
}

fn unsealed(
    shop: &Shop<'_>,
    account: &Rendered<Account>,
    sealed: &SealedCode,
) -> Result<GiftCode, Problem> {
    let account_id: AccountId = account.id("account_id")?;
    let key = unwrap(&keyring(shop)?, &sealed.key)?;
    let bits = key.open(account_id.as_str(), &sealed.code).map_err(internal)?;
    let bits = <[u8; 16]>::try_from(bits)
        .map_err(|_| Problem::internal("a sealed code of another length"))?;
    Ok(GiftCode::of(bits))
}

/// Puts more into an account.
///
/// # Errors
/// `account_not_found`, `invalid_field`, `account_expired`, `balance_too_high`.
pub fn top_up(
    ports: &Ports<'_>,
    service: &Service,
    account_id: &AccountId,
    body: &TopUp,
    change: &KeyedChange,
) -> Result<Done<Rendered<AccountEntered>>, Problem> {
    let TopUp { amount_minor, reason } = body;
    enter(ports, service, account_id, EntryKind::ToppedUp, (*amount_minor, reason), change)
}

/// Corrects an account by a difference of either sign, never below what is held of it.
///
/// # Errors
/// `account_not_found`, `invalid_field`, `balance_too_low`, `balance_too_high`.
pub fn correct(
    ports: &Ports<'_>,
    service: &Service,
    account_id: &AccountId,
    body: &Correct,
    change: &KeyedChange,
) -> Result<Done<Rendered<AccountEntered>>, Problem> {
    let Correct { amount_minor, reason } = body;
    enter(ports, service, account_id, EntryKind::Corrected, (*amount_minor, reason), change)
}

fn enter(
    ports: &Ports<'_>,
    service: &Service,
    account_id: &AccountId,
    entry: EntryKind,
    (amount_minor, reason): (i64, &Reason),
    change: &KeyedChange,
) -> Result<Done<Rendered<AccountEntered>>, Problem> {
    let shop = Shop::new(ports);
    let Seen { kind, customer_id, currency } = read(&shop, account_id, None)?;
    check(entry, kind, amount_minor)?;
    let changed = AccountChanged { account_id, kind, entry, amount_minor, customer_id, currency };
    let actor = service.actor();
    let input = json!({
        "account_id": account_id, "kind": entry, "amount_minor": amount_minor, "limit_minor": BALANCE_MAX, "actor": actor,
        "reason": reason.0, "events": [Event::of(&shop, &changed)],
    });
    change.apply(&shop, &actor, &sql::ACCOUNT_ENTER, input)?.done(refused)
}

/// Makes a gift card the caller's, who has its code.
///
/// # Errors
/// `scope_missing` for a guest; `gift_card_not_found`, `gift_card_assigned`; `too_many_requests`
/// after too many codes that are none.
pub fn assign(
    ports: &Ports<'_>,
    owner: &str,
    body: &AssignGiftCard,
    change: &KeyedChange,
) -> Result<Done<Rendered<Account>>, Problem> {
    let customer_id = Customer::id_in(owner).ok_or_else(|| {
        Problem::new(Code::ScopeMissing)
            .detail("a customer's session is needed: guests have no accounts")
    })?;
    let shop = Shop::new(ports);
    let tried = Tried::begin(&shop, owner)?;
    let who: OwnerId =
        owner.parse().map_err(|_| Problem::internal("a customer who is no owner"))?;
    let assigned = GiftCardAssigned { owner: &who };
    let input = json!({
        "customer_id": customer_id, "code_hash": code_hash(&body.code), "actor": owner, "events": [Event::of(&shop, &assigned)],
    });
    let applied = change.apply(&shop, owner, &sql::GIFT_CARD_ASSIGN, input)?;
    if applied.refusal() != Some(Refusal::GiftCardNotFound) {
        tried.was_right(&shop)?;
    }
    applied.done(refused)
}
