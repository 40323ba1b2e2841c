//! `POST /api/v1/checkout`: the cart as the buyer agrees to it, with where it goes and how it is
//! paid.

use crate::{
    Change,
    change::Apply as _,
    change::{Applied, apply_over_attempt},
    contact,
    members::Problems,
    pricing::{Asked, Binding, Priced, PricedCart, PricingFacts, quote_hash},
    problem::refused,
    shop::Shop,
};
use callers::{GuestToken, mark};
use config::{
    CHECKOUT_SESSION_MS, EMAIL_HASH_KEY, GUEST_CHECKOUT_ENABLED, Keys, PII_KEY, PROMOTIONS_ENABLED,
};
use domain::{
    address::{Address, Contact, Email, Notes},
    ids::{CartId, FeeId, PromotionId, Region, SessionId, ShippingMethodId, WarehouseId},
    money::Money,
    payment::OfflineMethod,
    stock::Allocation,
    totals::{Choices, Quote, Totals, Warning, warnings},
};
use json::{Value, json};
use ports::Ports;
use seal::WrappedKey;
use serde::{Deserialize, Serialize};
use store::{Command, Refusal, sql};
use terms::{Code, Done, Problem, Rendered};

/// What a checkout needs to know. No field takes card data: `payment_method` is at most the
/// provider's token (PAY-5).
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BeginCheckout {
    /// Where to write to.
    pub(crate) email: Email,
    /// Where it goes.
    pub(crate) shipping_address: Address,
    /// Whom to bill, if not there.
    pub(crate) billing_address: Option<Address>,
    /// How it goes.
    pub(crate) shipping_method: ShippingMethodId,
    /// How it is wrapped, if at all: one of `gift_wraps` of the cart's totals.
    pub(crate) gift_wrap: Option<FeeId>,
    /// How it is paid; left out where the confirm says it, where the provider's own element asks the
    /// buyer, or where accounts of stored value pay all of it.
    pub(crate) payment_method: Option<PaymentMethod>,
    /// What the buyer wants to say.
    pub(crate) notes: Option<Notes>,
}

/// How something is paid: a provider's token for a payment method, `pm_…`; or `cash_on_delivery` or
/// `external`, where no provider is asked. Anything that could be a card number is refused unseen.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct PaymentMethod(String);

impl TryFrom<String> for PaymentMethod {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_token = text.starts_with("pm_")
            && (4..=255).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            // No token has as many digits in a row as the shortest card number.
            && !text.split(|character: char| !character.is_ascii_digit()).any(|digits| digits.len() >= 12);
        if is_token || text.parse::<OfflineMethod>().is_ok() {
            Ok(Self(text))
        } else {
            Err(
                "must be a payment provider's token, pm_…, or cash_on_delivery or external; never card data",
            )
        }
    }
}

impl PaymentMethod {
    /// The token as the provider knows it; or how it is paid without one.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How it is paid where no provider is asked.
    pub(crate) fn offline(&self) -> Option<OfflineMethod> {
        self.0.parse().ok()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for PaymentMethod {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PaymentMethod".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "pattern": "^(pm_[A-Za-z0-9_]{1,252}|cash_on_delivery|external)$",
            "description": "The payment provider's token for a payment method, never card data: one with twelve digits in a row is refused. Or `cash_on_delivery` or `external`, where the cart's totals offer it.",
        })
    }
}

impl From<PaymentMethod> for String {
    fn from(method: PaymentMethod) -> Self {
        method.0
    }
}

/// Where a checkout session is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// May be confirmed.
    Open,
    /// Past its time.
    Expired,
    /// The checkout was begun anew.
    Replaced,
    /// There is an order.
    Completed,
    /// The buyer closed it.
    Abandoned,
}

/// A checkout session that has begun.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SessionBegun {
    /// The session.
    pub(super) session_id: SessionId,
    /// When it began.
    pub(super) created_at_ms: i64,
    /// When its prices were read.
    pub(super) prices_validated_at_ms: i64,
    /// When it ends.
    pub(super) expires_at_ms: i64,
    /// What was known of it before.
    #[serde(flatten)]
    pub(super) foreseen: Foreseen,
}

/// What is known of a session before it has begun.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Foreseen {
    /// The cart it is of.
    pub(super) cart_id: CartId,
    /// The version of the cart it is of.
    pub(super) cart_version: i64,
    /// `open`.
    pub(super) status: SessionStatus,
    /// How it goes.
    pub(super) shipping_method: ShippingMethodId,
    /// Where the goods come from: chosen now, and kept while it can serve.
    pub(super) origins: Vec<Allocation>,
    /// Equal hashes, equal money.
    pub(super) quote_hash: String,
    /// What is agreed to.
    pub(super) totals: Rendered<Totals>,
    /// What the buyer should know.
    pub(super) warnings: Vec<Warning>,
}

/// What a buyer was shown and agrees to, as the session's row keeps it. The confirm compares with the
/// quote; the totals are shown again as they were.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Agreed {
    pub(super) total: Money,
    /// The money in the totals.
    pub(super) quote: Quote,
    pub(super) totals: Rendered<Totals>,
    pub(super) warnings: Vec<Warning>,
    /// The promotions in it.
    pub(super) promotions: Vec<PromotionId>,
    /// How it is wrapped.
    pub(super) gift_wrap: Option<FeeId>,
    /// Where it comes from; nothing in a row from before that was kept.
    #[serde(default)]
    pub(super) origins: Vec<Allocation>,
}

impl Agreed {
    fn of(Priced { totals, allocations, .. }: Priced, gift_wrap: Option<&FeeId>) -> Self {
        let totals = &totals;
        Self {
            gift_wrap: gift_wrap.cloned(),
            origins: allocations,
            total: totals.total,
            quote: Quote::of(totals),
            totals: Rendered::of(totals),
            warnings: warnings(totals),
            promotions: totals.promotions.iter().map(|used| used.promotion_id.clone()).collect(),
        }
    }
}

/// A session that has begun just now, or by an earlier request under the same key.
pub(crate) struct Begun {
    pub(crate) session_id: SessionId,
    /// What is agreed to now.
    pub(crate) total: Money,
    done: Done<Rendered<SessionBegun>>,
}

/// Begins a checkout of the caller's cart, or begins it anew: a payment that waits for them ends
/// then, and what is held passes on. Everything a confirm would refuse is refused here already, by
/// the same functions (STOCK-7), and all at once: the first of it is the problem, and with it comes
/// the list that the cart's validation gives (CART-18). What the warehouse that is asked for can
/// serve comes from there (CHK-1).
///
/// # Errors
/// `guest_checkout_disabled`, `cart_not_found`, `cart_empty`, `cart_locked`, `session_stale`, and
/// every reason a total cannot be made or charged.
pub fn begin(
    ports: &Ports<'_>,
    owner: &str,
    asked: Option<&WarehouseId>,
    body: BeginCheckout,
    change: &Change,
) -> Result<Done<Rendered<SessionBegun>>, Problem> {
    let from = |shop: &Shop<'_>, pricing: PricingFacts| pricing.asking(shop, asked);
    begin_by(ports, owner, body, change, from, with_all, apply_over_attempt).map(|begun| begun.done)
}

/// Begins a checkout, but not anew while a payment is under way: for who repeats a request and has
/// not changed their mind. Who made the cart in the same request is told the first problem alone.
pub(crate) fn begin_unless_locked(
    ports: &Ports<'_>,
    owner: &str,
    body: BeginCheckout,
    change: &Change,
) -> Result<Begun, Problem> {
    let first = |_: &Shop<'_>, _: &Facts, _: Choices<'_>, problem| problem;
    let from = |shop: &Shop<'_>, pricing: PricingFacts| pricing.asking(shop, None);
    begin_by(ports, owner, body, change, from, first, |shop, owner, change, command, input| {
        change.apply(shop, owner, command, input)
    })
}

/// That an address has what mail to its country needs; `at` is where it stands in the request.
fn complete(address: &Address, at: &str) -> Result<(), Problem> {
    if address.lacks_postal_code() {
        Err(lacks(&format!("{at}/postal_code"), "mail to this country needs one"))
    } else {
        Ok(())
    }
}

fn lacks(field: &str, why: &str) -> Problem {
    Problem::invalid_field(field, format!("must be given: {why}"))
}

/// How often a checkout is begun over: another tab has made the owner's data key meanwhile, or it
/// was erased. Each round reads it anew.
const ROUNDS: usize = 3;

fn begin_by(
    ports: &Ports<'_>,
    owner: &str,
    body: BeginCheckout,
    change: &Change,
    from: impl Fn(&Shop<'_>, PricingFacts) -> Result<PricingFacts, Problem>,
    refuse: impl Fn(&Shop<'_>, &Facts, Choices<'_>, Problem) -> Problem,
    apply: impl Fn(&Shop<'_>, &str, &Change, &Command, Value) -> Result<Applied, Problem>,
) -> Result<Begun, Problem> {
    let shop = Shop::relaxed(ports)?;
    if GuestToken::owns(owner) && !shop.setting(&GUEST_CHECKOUT_ENABLED)? {
        return Err(Problem::new(Code::GuestCheckoutDisabled));
    }
    complete(&body.shipping_address, "/shipping_address")?;
    if let Some(billed) = &body.billing_address {
        complete(billed, "/billing_address")?;
    }
    let wanted = Wanted {
        shipping_method: body.shipping_method,
        gift_wrap: body.gift_wrap,
        payment_method: body.payment_method,
        contact: Contact {
            email: body.email,
            shipping_address: body.shipping_address,
            billing_address: body.billing_address,
            notes: body.notes,
        },
    };
    let mut rounds = 1..ROUNDS;
    loop {
        let (begun, total) = attempt(&shop, owner, &wanted, &from, &refuse, |shop, input| {
            apply(shop, owner, change, &sql::CHECKOUT_BEGIN, input)
        })?;
        if begun.refusal() == Some(Refusal::DataKeyReplaced) && rounds.next().is_some() {
            continue;
        }
        return answer(begun, total);
    }
}

/// What a checkout is begun with.
struct Wanted {
    shipping_method: ShippingMethodId,
    gift_wrap: Option<FeeId>,
    payment_method: Option<PaymentMethod>,
    contact: Contact,
}

impl Wanted {
    fn choices(&self) -> Choices<'_> {
        Choices {
            shipping_method: Some(&self.shipping_method),
            gift_wrap: self.gift_wrap.as_ref(),
            offline: self.payment_method.as_ref().and_then(PaymentMethod::offline),
        }
    }
}

/// What is read for it.
#[derive(Deserialize)]
struct Facts {
    pricing: PricingFacts,
    data_key: Option<WrappedKey>,
    /// What the cart's own checkout holds: read only to say why one does not begin.
    held: Value,
}

/// One round: what came of it, and what was agreed to.
fn attempt(
    shop: &Shop<'_>,
    owner: &str,
    wanted: &Wanted,
    from: impl Fn(&Shop<'_>, PricingFacts) -> Result<PricingFacts, Problem>,
    refuse: impl Fn(&Shop<'_>, &Facts, Choices<'_>, Problem) -> Problem,
    apply: impl FnOnce(&Shop<'_>, Value) -> Result<Applied, Problem>,
) -> Result<(Applied, Money), Problem> {
    let Wanted { shipping_method, gift_wrap, payment_method, contact } = wanted;
    let Address { country, region, .. } = &contact.shipping_address;
    let region = region.as_ref().map_or("", Region::as_str);
    let (email_hashes, address_hash) = hashes(shop, contact)?;
    let billing_country = contact.billing_address.as_ref().map_or("", |at| at.country.as_str());
    let input = json!({ "owner": owner, "country": country, "region": region, "email_hashes": email_hashes });
    let mut facts: Facts =
        shop.read(&sql::BEGIN_FACTS, &input)?.ok_or_else(crate::cart::not_found)?;
    facts.pricing = from(shop, facts.pricing)?;
    let priced = priced(shop, &facts.pricing, wanted.choices())
        .map_err(|problem| refuse(shop, &facts, wanted.choices(), problem))?;

    let Facts { pricing: facts, data_key, .. } = facts;
    let PricedCart { cart_id, version: cart_version, .. } = facts.cart;
    let sealed = contact::seal(shop, data_key.as_ref(), &cart_id, contact)?;
    let agreed = Agreed::of(priced, gift_wrap.as_ref());
    let foreseen = Foreseen {
        cart_id: cart_id.clone(),
        cart_version,
        status: SessionStatus::Open,
        shipping_method: shipping_method.clone(),
        origins: agreed.origins.clone(),
        quote_hash: quote_hash(&agreed.quote),
        totals: agreed.totals.clone(),
        warnings: agreed.warnings.clone(),
    };
    let input = json!({
        "session_id": shop.id(), "cart_id": cart_id, "owner": owner, "cart_version": cart_version,
        "country": country, "region": region, "shipping_method": shipping_method, "payment_method": payment_method.as_ref().map_or("", PaymentMethod::as_str),
        "contact": sealed.contact, "email_hashes": email_hashes, "address_hash": address_hash, "billing_country": billing_country, "data_key_id": sealed.data_key_id, "data_key": sealed.data_key,
        "totals": agreed, "session_ttl_ms": shop.setting(&CHECKOUT_SESSION_MS)?,
        "cart_idle_ms": crate::cart::idle_ms(shop, owner)?, "reply": foreseen, "events": [],
    });
    Ok((apply(shop, input)?, agreed.total))
}

/// What it costs now, if it may be charged.
fn priced(shop: &Shop<'_>, facts: &PricingFacts, choices: Choices<'_>) -> Result<Priced, Problem> {
    if facts.cart.lines.is_empty() {
        return Err(Problem::new(Code::CartEmpty));
    }
    facts.served("/shipping_address/country")?;
    let priced = facts.price(shop, choices, Binding::Binding)?;
    facts.payable(shop, &priced.totals)?;
    Ok(priced)
}

/// Why a checkout does not begin, with all that stands in its way (CART-18).
fn with_all(shop: &Shop<'_>, facts: &Facts, choices: Choices<'_>, problem: Problem) -> Problem {
    let Ok(promotions_enabled) = shop.setting(&PROMOTIONS_ENABLED) else { return problem };
    let Ok(held) = Vec::deserialize(&facts.held) else { return problem };
    let all = facts.pricing.check(&Asked {
        choices,
        destination_at: "/shipping_address",
        held: &held,
        promotions_enabled,
    });
    // What cannot be listed is a mistake of ours that the first problem does not become worse by.
    match all {
        Ok(all) => problem.with(Problems, &all),
        Err(_) => problem,
    }
}

/// By what a buyer is known again (PROMO-14), and what a place is (CHK-16).
fn hashes(shop: &Shop<'_>, contact: &Contact) -> Result<(Vec<String>, String), Problem> {
    let keys = hash_keys(shop)?;
    let place = mark::of(&keys, "address", contact.shipping_address.place().as_bytes());
    Ok((email_hashes(&keys, &contact.email), terms::hex(&place)))
}

/// The keys of those hashes.
pub(crate) fn hash_keys(shop: &Shop<'_>) -> Result<Keys, Problem> {
    match shop.setting(&EMAIL_HASH_KEY)? {
        Some(keys) => Ok(keys),
        None => shop.setting(&PII_KEY),
    }
}

/// The keyed hash of an e-mail, by each of the shop's keys, the one that is written down first.
pub(crate) fn email_hashes(keys: &Keys, email: &Email) -> Vec<String> {
    let email = email.as_str().to_lowercase();
    mark::by_each(keys, "email", email.as_bytes()).map(|mark| terms::hex(&mark)).collect()
}

fn answer(begun: Applied, total: Money) -> Result<Begun, Problem> {
    let done: Done<Rendered<SessionBegun>> = begun.done(|refusal| {
        if refusal == Refusal::RegionNeeded {
            lacks(
                "/shipping_address/region",
                "where in this country it is, such as CA, decides the tax",
            )
        } else if refusal == Refusal::CartNotFound {
            crate::cart::not_found()
        } else if refusal == Refusal::DataKeyReplaced {
            Problem::new(Code::CartLocked).retry_after(1)
        } else {
            refused(refusal)
        }
    })?;
    // A replay is of the first time's session, not of this one's.
    let session_id: SessionId = done.body.id("session_id")?;
    let done = done.location(format!("/api/v1/checkout/{session_id}"));
    Ok(Begun { session_id, total, done })
}
