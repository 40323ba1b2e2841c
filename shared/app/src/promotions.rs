//! `/api/v1/promotions`: the rules by which orders cost less, their codes, and what they did
//! (PROMO-1 … PROMO-8).

use crate::{Change, change::Apply as _, page::PageSize, problem::refused, shop::Shop};
use callers::Service;
use domain::{
    ids::{CustomerId, PromotionId},
    money::Currency,
    promotion::{Code as PromotionCode, Rule, Terms},
};
use json::{Value, json};
use ports::Ports;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use store::{Refusal, sql};
use terms::{Code, Done, Problem, Rendered};

const PAGE: PageSize = PageSize { default: 50, max: 500 };

/// Codes that one request makes at most.
const CODES_MADE_MAX: u32 = 1_000;

/// Characters of a made code beside its prefix: 32 to the power of 12 are 60 bits, so that nobody
/// finds one by guessing.
const MADE_LENGTH: usize = 12;

const PREFIX_MAX: usize = 20;

/// What made codes are made of: no letter or digit that is read as another.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// When a promotion without an end ends: the last moment that every JSON reader knows.
const NEVER_MS: i64 = 9_007_199_254_740_991;

/// A promotion to be.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PutPromotion {
    /// Its rule.
    rule: Rule,
    /// Whether it runs; `false` ends it for every cart at once.
    active: bool,
}

/// A promotion.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Promotion {
    /// The promotion.
    pub promotion_id: PromotionId,
    /// Which of its rules this is, from 1.
    pub version: i64,
    /// Whether it runs.
    pub active: bool,
    /// Its rule.
    pub rule: Rule,
    /// In how many orders it was used, confirms under way among them.
    pub uses: i64,
    /// What it took off together, in the rule's currency; 0 for a rule without one.
    pub spent_minor: i64,
}

/// A promotion, and what it did.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PromotionView {
    /// The promotion.
    pub promotion: Promotion,
    /// How many codes it has.
    pub codes: i64,
    /// What it did, by the currency of the orders.
    pub figures: Vec<Figures>,
}

/// What a promotion did to orders in one currency.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Figures {
    /// The currency.
    pub currency: Currency,
    /// Confirms under way that hold a use.
    pub held: i64,
    /// Orders that have it and were not cancelled.
    pub orders: i64,
    /// What it took off them.
    pub discount_minor: i64,
    /// What they cost together.
    pub revenue_minor: i64,
}

/// Which page of a list.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListPage {
    /// Where the page before ended (`next_cursor`).
    cursor: Option<String>,
    /// Entries a page has, 1 to 500.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 500)))]
    limit: Option<i64>,
}

/// A page of promotions.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PromotionPage {
    /// The promotions, by their ids.
    promotions: Vec<Rendered<Promotion>>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// A code that was given out.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GivenCode {
    /// The code.
    pub code: PromotionCode,
    /// The one customer it is for; null for whoever has it.
    pub customer_id: Option<CustomerId>,
    /// How many orders may have it; null for any number.
    pub uses_limit: Option<i64>,
    /// How many have, confirms under way among them.
    pub uses: i64,
    /// Whether it may be used.
    pub active: bool,
    /// When it was given out.
    pub created_at_ms: i64,
}

/// A page of codes.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CodePage {
    /// The codes, in the order of the alphabet.
    codes: Vec<Rendered<GivenCode>>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// Codes that were given out or changed.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CodesGiven {
    /// The promotion they are of.
    pub promotion_id: PromotionId,
    /// The codes.
    pub codes: Vec<GivenCode>,
}

/// What is said of a code.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PutCode {
    /// The one customer it is for; for whoever has it, when left out.
    customer_id: Option<CustomerId>,
    /// How many orders may have it; any number, when left out.
    uses_limit: Option<NonZeroU32>,
    /// Whether it may be used.
    active: bool,
}

/// Codes to be made.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MakeCodes {
    /// How many.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1_000)))]
    count: u32,
    /// What each begins with, such as `MAY-`.
    #[cfg_attr(
        feature = "schema",
        schemars(length(min = 1, max = 20), regex(pattern = "^[A-Z0-9_-]+$"))
    )]
    prefix: Option<String>,
    /// The one customer they are for; for whoever has one, when left out.
    customer_id: Option<CustomerId>,
    /// How many orders may have each; one, when left out.
    uses_limit: Option<NonZeroU32>,
}

/// What keeps a promotion or a code as it is, in words.
const USED_BY: [(Refusal, &str); 5] = [
    (Refusal::UsedByOrders, "orders have used it"),
    (Refusal::UsedByCodes, "it has codes"),
    (Refusal::NamedByRewards, "a rule of rewards names it"),
    (Refusal::CodeOfAnother, "the code is another promotion's"),
    (
        Refusal::SpentInOtherCurrency,
        "what it took off is counted in the currency that its rule has",
    ),
];

fn told(refusal: Refusal) -> Problem {
    let problem = refused(refusal);
    match USED_BY.iter().find(|(used, _)| *used == refusal) {
        Some((_, by)) => problem.detail(*by),
        None => problem,
    }
}

fn subject(promotion_id: &PromotionId) -> String {
    format!("promotion/{promotion_id}")
}

/// Promotions, those too that do not run, page by page.
///
/// # Errors
/// `invalid_field` for a limit out of range.
pub fn list(ports: &Ports<'_>, query: &ListPage) -> Result<Done<PromotionPage>, Problem> {
    let (promotions, next_cursor) = page(ports, &sql::PROMOTION_LIST, query, None, "promotion_id")?;
    Ok(Done::new(PromotionPage { promotions, next_cursor }))
}

/// A promotion with what it did.
///
/// # Errors
/// `entry_not_found`.
pub fn view(
    ports: &Ports<'_>,
    promotion_id: &PromotionId,
) -> Result<Done<Rendered<PromotionView>>, Problem> {
    let input = json!({ "promotion_id": promotion_id });
    let found = Shop::new(ports).read(&sql::PROMOTION_VIEW, &input)?;
    found.map(Done::new).ok_or_else(|| Problem::new(Code::EntryNotFound))
}

/// Adds or replaces a promotion; the next total is made by it.
///
/// # Errors
/// `limit_below_use`; `in_use` for another currency than what was spent is in.
pub fn put(
    ports: &Ports<'_>,
    service: &Service,
    promotion_id: &PromotionId,
    body: &PutPromotion,
) -> Result<Done<Rendered<Promotion>>, Problem> {
    let Terms { conditions, limits, currency, exchanged, .. } = body.rule.terms();
    let only_currency = currency.as_ref().filter(|_| !exchanged).map_or("", Currency::as_str);
    // Who has had a promotion for a first order has ordered.
    let once = conditions.first_order.then_some(NonZeroU32::MIN);
    let input = json!({
        "subject": subject(promotion_id), "actor": service.actor(), "promotion_id": promotion_id,
        "rule": body.rule, "active": body.active, "by_code": conditions.code, "only_currency": only_currency,
        "starts_at_ms": conditions.starts_at_ms.unwrap_or_default(), "ends_at_ms": conditions.ends_at_ms.unwrap_or(NEVER_MS),
        "uses_limit": limits.uses, "person_limit": limits.uses_per_person.into_iter().chain(once).min(), "budget_minor": limits.budget_minor,
    });
    match Shop::new(ports).apply(&sql::PROMOTION_PUT, &input)? {
        Ok(promotion) => Ok(Done::new(Rendered::new(promotion))),
        Err(refusal) => Err(told(refusal)),
    }
}

/// Deletes a promotion that nothing has used; one that was used is ended by `active`.
///
/// # Errors
/// `entry_not_found`, `in_use`.
pub fn delete(
    ports: &Ports<'_>,
    service: &Service,
    promotion_id: &PromotionId,
    change: &Change,
) -> Result<Done<Rendered<crate::catalog::tables::Deleted>>, Problem> {
    let actor = service.actor();
    let input = json!({
        "subject": subject(promotion_id), "actor": actor, "promotion_id": promotion_id, "events": [],
    });
    change.apply(&Shop::new(ports), &actor, &sql::PROMOTION_DELETE, input)?.done(told)
}

/// The codes of a promotion, page by page.
///
/// # Errors
/// `entry_not_found`; `invalid_field` for a limit out of range.
pub fn codes(
    ports: &Ports<'_>,
    promotion_id: &PromotionId,
    query: &ListPage,
) -> Result<Done<CodePage>, Problem> {
    let (codes, next_cursor) = page(ports, &sql::CODE_LIST, query, Some(promotion_id), "code")?;
    if codes.is_empty() {
        // There is none, or no promotion.
        view(ports, promotion_id).map(drop)?;
    }
    Ok(Done::new(CodePage { codes, next_cursor }))
}

/// Gives out a code, or replaces what is said of it.
///
/// # Errors
/// `entry_not_found`, `limit_below_use`; `in_use` for another promotion's.
pub fn put_code(
    ports: &Ports<'_>,
    service: &Service,
    promotion_id: &PromotionId,
    code: &PromotionCode,
    body: &PutCode,
) -> Result<Done<Rendered<CodesGiven>>, Problem> {
    let said = json!({
        "codes": [code], "customer_id": body.customer_id, "uses_limit": body.uses_limit, "active": body.active,
    });
    give(ports, service, promotion_id, said)
}

/// Makes codes that nobody guesses.
///
/// # Errors
/// `entry_not_found`, `invalid_field`.
pub fn make_codes(
    ports: &Ports<'_>,
    service: &Service,
    promotion_id: &PromotionId,
    body: &MakeCodes,
) -> Result<Done<Rendered<CodesGiven>>, Problem> {
    let MakeCodes { count, prefix, customer_id, uses_limit } = body;
    if !(1..=CODES_MADE_MAX).contains(count) {
        return Err(Problem::invalid_field("/count", format!("must be 1 to {CODES_MADE_MAX}")));
    }
    let prefix = prefix.as_deref().unwrap_or_default();
    let is_plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b"_-".contains(&b);
    if prefix.len() > PREFIX_MAX || !prefix.bytes().all(is_plain) {
        return Err(Problem::invalid_field(
            "/prefix",
            format!("must be at most {PREFIX_MAX} capital letters, digits, - and _"),
        ));
    }
    let codes: Vec<String> = (0..*count).map(|_| format!("{prefix}{}", made(ports))).collect();
    let said = json!({
        "codes": codes, "customer_id": customer_id, "uses_limit": uses_limit.unwrap_or(NonZeroU32::MIN), "active": true,
    });
    give(ports, service, promotion_id, said)
}

/// A code that nobody guesses.
pub(crate) fn made(ports: &Ports<'_>) -> String {
    let mut bytes = [0; MADE_LENGTH];
    ports.random.fill(&mut bytes);
    // 256 is eight times 32: every character is as likely.
    let character = |byte: u8| ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or(b'2');
    bytes.into_iter().map(|byte| char::from(character(byte))).collect()
}

fn give(
    ports: &Ports<'_>,
    service: &Service,
    promotion_id: &PromotionId,
    mut said: Value,
) -> Result<Done<Rendered<CodesGiven>>, Problem> {
    if let Some(input) = said.as_object_mut() {
        json::member(input, "subject", &subject(promotion_id));
        json::member(input, "actor", &service.actor());
        json::member(input, "promotion_id", promotion_id);
    }
    match Shop::new(ports).apply(&sql::CODES_PUT, &said)? {
        Ok(given) => Ok(Done::new(Rendered::new(given))),
        Err(refusal) => Err(told(refusal)),
    }
}

fn page<T>(
    ports: &Ports<'_>,
    list: &store::Statement,
    query: &ListPage,
    promotion_id: Option<&PromotionId>,
    key: &str,
) -> Result<(Vec<Rendered<T>>, Option<String>), Problem> {
    let limit = PAGE.limit(query.limit)?;
    let input = json!({
        "promotion_id": promotion_id, "cursor": query.cursor.as_deref().unwrap_or_default(), "limit": limit.to_read(),
    });
    let mut entries: Vec<Rendered<T>> = Shop::new(ports).list(list, &input)?;
    let next_cursor =
        limit.cut(&mut entries).map(|last| last.text(key).unwrap_or_default().to_owned());
    Ok((entries, next_cursor))
}
