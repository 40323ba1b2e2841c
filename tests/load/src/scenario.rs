//! What is measured: one request each, and what has to be there before it.

use crate::Target;
use crate::connection::{Answer, Connection, Request};
use anyhow::{Result, ensure};
use jsonwebtoken::Algorithm;
use serde_json::json;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How many SKUs of the demo catalog are bought, in turn: all but the last, which is nearly sold
/// out.
pub const SKUS: usize = 99;

/// Lines of a cart that is looked at or bought.
const LINES: usize = 3;

macro_rules! scenarios {
    ($($(#[doc = $about:literal])+ $scenario:ident $key:literal $name:literal;)+) => {
        /// One measured request.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Scenario { $($(#[doc = $about])+ $scenario,)+ }

        impl Scenario {
            pub const ALL: &[Self] = &[$(Self::$scenario),+];

            /// As arguments and results call it.
            pub fn key(self) -> &'static str {
                match self { $(Self::$scenario => $key,)+ }
            }

            /// As tables call it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$scenario => $name,)+ }
            }
        }
    };
}

scenarios! {
    /// Health, which touches nothing: the runtime's own ceiling.
    Live "live" "live (touches nothing)";
    /// A new guest's cart.
    CreateCart "create-cart" "create cart";
    /// One more of a SKU, by a guest.
    Add "add" "add item, guest token";
    /// The same by a customer.
    AddSession "add-session" "add item, session token";
    /// A cart of three lines.
    GetCart "get-cart" "get cart, 3 lines";
    /// Its totals with tax and shipping.
    Totals "totals" "totals, 3 lines";
    /// The same of a large cart.
    TotalsLarge "totals-large" "totals, 99 lines";
    /// The same in a shop with two hundred live promotions and a thousand codes, which the row brings
    /// about: it comes last.
    TotalsPromoted "totals-promoted" "totals, 99 lines, 200 promotions";
    /// Everything that is wrong with it, if anything.
    Validate "validate" "validate cart, 3 lines";
    /// Its totals with a promotion's code that is tried.
    TryCode "try-code" "totals, 3 lines, a code tried";
    /// A SKU with its prices.
    Price "price" "a SKU and its prices";
    /// The same SKU's stock.
    Stock "stock" "a SKU's stock";
    /// A checkout session.
    Begin "begin" "begin checkout, 3 lines";
    /// The whole confirm: claim, authorization, order, capture. Payment is the simulator, on the
    /// same host.
    Confirm "confirm" "confirm, 3 lines";
    /// A confirm again, answered by the gate.
    Replay "replay" "replay of a confirm";
    /// An order.
    GetOrder "get-order" "get order, 3 lines";
    /// A customer's HS256 token for a session token.
    ExchangeHs256 "exchange-hs256" "exchange, HS256";
    /// A customer's ES256 token for a session token.
    ExchangeEs256 "exchange-es256" "exchange, ES256";
    /// A customer's RS256 token for a session token.
    ExchangeRs256 "exchange-rs256" "exchange, RS256";
    /// A customer's EdDSA token for a session token.
    ExchangeEdDsa "exchange-eddsa" "exchange, EdDSA";
    /// What an add asks of the host, without the shop (`dev/bare`).
    BareAdd "bare-add" "bare add";
    /// The shop's own statements of an add, without the shop.
    SameAdd "same-add" "the same statements, add";
    /// What a look at a cart asks of the host.
    BareGetCart "bare-get-cart" "bare get cart";
    /// The shop's own statement of a look at a cart.
    SameGetCart "same-get-cart" "the same statement, get cart";
    /// What a confirm asks of the host.
    BareConfirm "bare-confirm" "bare confirm";
    /// What of that is the provider's, which is the simulator on the same host: to hold and to take.
    BareProvider "bare-provider" "the provider alone, hold and take";
}

impl Scenario {
    /// Whether it is the shop that is asked, and not the bare component, which only `cargo till
    /// bench` serves.
    pub fn is_of_the_shop(self) -> bool {
        self.bare().is_none()
    }

    /// The bare component's name for it.
    fn bare(self) -> Option<&'static str> {
        match self {
            Self::BareAdd => Some("add"),
            Self::SameAdd => Some("same-add"),
            Self::BareGetCart => Some("get-cart"),
            Self::SameGetCart => Some("same-get-cart"),
            Self::BareConfirm => Some("confirm"),
            Self::BareProvider => Some("provider"),
            Self::Live
            | Self::CreateCart
            | Self::Add
            | Self::AddSession
            | Self::GetCart
            | Self::Totals
            | Self::TotalsLarge
            | Self::TotalsPromoted
            | Self::Validate
            | Self::TryCode
            | Self::Price
            | Self::Stock
            | Self::Begin
            | Self::Confirm
            | Self::Replay
            | Self::GetOrder
            | Self::ExchangeHs256
            | Self::ExchangeEs256
            | Self::ExchangeRs256
            | Self::ExchangeEdDsa => None,
        }
    }

    /// Its key's scenario.
    pub fn of(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scenario| scenario.key() == key)
    }

    /// Whether what was prepared serves one request only.
    pub fn uses_up(self) -> bool {
        self == Self::Confirm
    }

    fn expected(self) -> u16 {
        let makes = [Self::CreateCart, Self::Begin, Self::Confirm, Self::Replay].contains(&self);
        if makes { 201 } else { 200 }
    }

    /// Makes what the request needs.
    pub async fn prepare(self, target: &Target, connection: &mut Connection) -> Result<Subject> {
        let customer = || format!("customer-{}-{}", std::process::id(), unique());
        let number = unique();
        let mut subject = Subject {
            token: None,
            about: number.to_string(),
            offset: usize::try_from(number)? * 7,
        };
        match self {
            Self::Live | Self::CreateCart => {}
            Self::BareAdd
            | Self::SameAdd
            | Self::BareGetCart
            | Self::SameGetCart
            | Self::BareConfirm
            | Self::BareProvider => {}
            Self::Add => subject.token = Some(guest(connection).await?),
            Self::AddSession => {
                let theirs = target.credentials.customer(&customer(), Algorithm::HS256)?;
                let opened = expect(200, connection.send(&exchange(&theirs)).await?)?;
                subject.token = Some(opened.text("session_token")?);
                let cart = Request { token: subject.token.clone(), ..cart() };
                expect(201, connection.send(&cart).await?)?;
            }
            Self::GetCart | Self::Totals | Self::Validate | Self::TryCode | Self::Begin => {
                subject.token = Some(filled(connection, subject.offset, LINES).await?)
            }
            Self::Price | Self::Stock => {
                subject.token = Some(target.credentials.service("catalog:read")?)
            }
            Self::TotalsLarge => subject.token = Some(filled(connection, 0, SKUS).await?),
            Self::TotalsPromoted => {
                target.promoted.get_or_try_init(|| promote(target)).await?;
                subject.token = Some(filled(connection, 0, SKUS).await?);
            }
            Self::Confirm | Self::Replay | Self::GetOrder => {
                subject.token = Some(filled(connection, subject.offset, LINES).await?);
                let begun = expect(201, connection.send(&subject.begin()).await?)?;
                subject.about = begun.text("session_id")?;
                if self != Self::Confirm {
                    let confirmed = expect(201, connection.send(&subject.confirm()).await?)?;
                    // The gate says "running" until the reply has been stored behind the response.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    if self == Self::GetOrder {
                        subject.about = confirmed.text("order_id")?;
                    }
                }
            }
            Self::ExchangeHs256 => {
                subject.token = Some(target.credentials.customer(&customer(), Algorithm::HS256)?)
            }
            Self::ExchangeEs256 => {
                subject.token = Some(target.credentials.customer(&customer(), Algorithm::ES256)?)
            }
            Self::ExchangeRs256 => {
                subject.token = Some(target.credentials.customer(&customer(), Algorithm::RS256)?)
            }
            Self::ExchangeEdDsa => {
                subject.token = Some(target.credentials.customer(&customer(), Algorithm::EdDSA)?)
            }
        }
        Ok(subject)
    }

    /// The measured request, the `turn`th of its subject.
    pub fn request(self, subject: &Subject, turn: usize) -> Request {
        let get = |path: String| Request {
            method: "GET",
            path,
            token: subject.token.clone(),
            ..Request::default()
        };
        if let Some(bare) = self.bare() {
            return post(format!("/bare/{bare}?{}.{turn}", subject.about), None, None);
        }
        match self {
            Self::Live => get("/health/live".to_owned()),
            Self::CreateCart => cart(),
            Self::Add | Self::AddSession => add(subject.token.clone(), subject.offset + turn),
            Self::GetCart => get("/api/v1/cart".to_owned()),
            Self::Totals | Self::TotalsLarge | Self::TotalsPromoted => {
                get("/api/v1/cart/totals?country=VN&shipping_method=standard".to_owned())
            }
            Self::TryCode => get(format!(
                "/api/v1/cart/totals?country=VN&shipping_method=standard&try_code={CODE}"
            )),
            Self::Validate => {
                let body = json!({ "country": "VN", "shipping_method": "standard" });
                post("/api/v1/cart/validate".to_owned(), subject.token.clone(), Some(body))
            }
            Self::Price => get(format!("/api/v1/catalog/skus/{}", sku(subject.offset + turn))),
            Self::Stock => {
                get(format!("/api/v1/catalog/skus/{}/stock", sku(subject.offset + turn)))
            }
            Self::Begin => subject.begin(),
            Self::Confirm | Self::Replay => subject.confirm(),
            Self::GetOrder => get(format!("/api/v1/orders/{}", subject.about)),
            Self::ExchangeHs256
            | Self::ExchangeEs256
            | Self::ExchangeRs256
            | Self::ExchangeEdDsa
            | Self::BareAdd
            | Self::SameAdd
            | Self::BareGetCart
            | Self::SameGetCart
            | Self::BareConfirm
            | Self::BareProvider => exchange(subject.token.as_deref().unwrap_or_default()),
        }
    }

    /// What was wrong with an answer, if anything.
    pub fn complaint(self, answer: &Answer) -> Option<String> {
        (answer.status != self.expected()).then(|| answer.complaint())
    }
}

/// Whom the measured requests are about.
#[derive(Debug)]
pub struct Subject {
    token: Option<String>,
    /// The session or the order; for the bare component a number.
    about: String,
    /// Which SKU comes first, so that shoppers do not all buy the same at once.
    offset: usize,
}

impl Subject {
    fn begin(&self) -> Request {
        let body = json!({
            "email": "load@example.com",
            "shipping_address": {
                "name": "Load", "line1": "1 Main St", "city": "Hanoi", "country": "VN",
            },
            "shipping_method": "standard", "payment_method": "pm_card_visa",
        });
        post("/api/v1/checkout".to_owned(), self.token.clone(), Some(body))
    }

    fn confirm(&self) -> Request {
        let path = format!("/api/v1/checkout/{}/confirm", self.about);
        Request { key: Some("load".to_owned()), ..post(path, self.token.clone(), None) }
    }
}

/// Live promotions of the large shop, and codes of those that ask for one.
const PROMOTIONS: usize = 200;
const BY_CODE: usize = 10;
const CODES: usize = 100;

/// The demo shop's code, which takes something off every cart.
const CODE: &str = "WELCOME";

/// SKUs that one request imports.
const IMPORTED: usize = 500;

/// Adds so many goods to the catalog that nobody buys.
pub async fn grow(target: &Target, skus: usize) -> Result<()> {
    let mut connection = Connection::open(&target.url).await?;
    let token = target.credentials.service("catalog:write")?;
    for first in (0..skus).step_by(IMPORTED) {
        let of = |number: usize| {
            json!({
                "sku": format!("GROWN-{number:06}"), "product_id": format!("grown-{}", number / 4),
                "name": format!("Shelf warmer no. {number}"), "category": "shelf-warmers",
                "tax_class": "standard", "weight_g": 100, "active": true,
                "prices": { "USD": 1_000 + number, "VND": 20_000 + number },
            })
        };
        let skus: Vec<_> = (first..skus.min(first + IMPORTED)).map(of).collect();
        let path = "/api/v1/catalog/skus".to_owned();
        let import = post(path, Some(token.clone()), Some(json!({ "skus": skus })));
        expect(200, connection.send(&import).await?)?;
    }
    Ok(())
}

/// Makes the shop one with many promotions: of four one takes something off one SKU, one is for more
/// goods than there are, one for other people, and one for another currency. A few are for who has a
/// code.
async fn promote(target: &Target) -> Result<()> {
    let mut connection = Connection::open(&target.url).await?;
    let token = target.credentials.service("promotions:write")?;
    let request = |method, path, body| Request {
        method,
        path,
        token: Some(token.clone()),
        body: Some(body),
        ..Request::default()
    };
    for number in 0..PROMOTIONS {
        let by_code = number < BY_CODE;
        let (currency, minimum, audience) = match number % 4 {
            0 => ("USD", None, json!("everyone")),
            1 => ("USD", Some(100_000_000), json!("everyone")),
            2 => ("USD", None, json!({ "segments": ["press"] })),
            _ => ("EUR", None, json!("everyone")),
        };
        let rule = json!({
            "name": format!("Promotion no. {number}"), "kind": { "percent": { "basis_points": 100 } },
            "target": { "selected": { "skus": [sku(number)] } }, "currency": currency,
            "conditions": { "code": by_code, "minimum_subtotal_minor": minimum, "audience": audience },
        });
        let path = format!("/api/v1/promotions/load-{number}");
        let put = request("PUT", path.clone(), json!({ "active": true, "rule": rule }));
        expect(200, connection.send(&put).await?)?;
        if by_code {
            let codes = json!({ "count": CODES, "prefix": "LOAD-" });
            let made = connection.send(&request("POST", format!("{path}/codes"), codes)).await?;
            ensure!((200..300).contains(&made.status), "no codes: {}", made.complaint());
        }
    }
    Ok(())
}

/// Goods that come in.
pub fn delivery(number: usize, token: &str) -> Request {
    let body = json!({ "warehouse_id": "wh-hanoi", "kind": "receive", "quantity": 1_000_000 });
    let path = format!("/api/v1/catalog/skus/{}/stock", sku(number));
    Request {
        key: Some(format!("delivery-{}-{}", std::process::id(), unique())),
        ..post(path, Some(token.to_owned()), Some(body))
    }
}

fn post(path: String, token: Option<String>, body: Option<serde_json::Value>) -> Request {
    Request { method: "POST", path, token, body, ..Request::default() }
}

fn cart() -> Request {
    post("/api/v1/cart".to_owned(), None, None)
}

fn add(token: Option<String>, number: usize) -> Request {
    post("/api/v1/cart/items".to_owned(), token, Some(json!({ "sku": sku(number), "quantity": 1 })))
}

fn exchange(token: &str) -> Request {
    post("/api/v1/session".to_owned(), Some(token.to_owned()), Some(json!({})))
}

fn sku(number: usize) -> String {
    format!("TILL-{:04}", number % SKUS + 1)
}

/// A new guest's token.
async fn guest(connection: &mut Connection) -> Result<String> {
    expect(201, connection.send(&cart()).await?)?.text("guest_token")
}

/// A new guest with so many lines in the cart.
async fn filled(connection: &mut Connection, offset: usize, lines: usize) -> Result<String> {
    let token = guest(connection).await?;
    for line in 0..lines {
        expect(200, connection.send(&add(Some(token.clone()), offset + line)).await?)?;
    }
    Ok(token)
}

fn expect(status: u16, answer: Answer) -> Result<Answer> {
    ensure!(answer.status == status, "what a row needs could not be made: {}", answer.complaint());
    Ok(answer)
}

fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
