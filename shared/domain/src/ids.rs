//! The registry of names: every id the shop knows, alphabetical, one type each.
//!
//! A cart id cannot be passed where an order id is meant, and holding any of them is the proof that
//! it is short, not empty, and safe to put in a URL, a header or a log line as it is.

use crate::text::{self, TextProblem};

const ID_LENGTH_MAX: usize = 64;
const CUSTOMER_ID_LENGTH_MAX: usize = 255;
const CATEGORY_LENGTH_MAX: usize = 200;

fn id_rule(text: &str) -> Result<(), TextProblem> {
    text::check(text, ID_LENGTH_MAX, "letters, digits, '.', '_' and '-'", |c| {
        c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
    })?;
    // `.` and `..` mean something else in a path, so a thing named so could not be reached.
    if text.bytes().all(|b| b == b'.') {
        return Err(TextProblem::Shape { expected: "more than dots" });
    }
    Ok(())
}

/// What OpenID Connect allows (255 ASCII characters), less what would make an owner's key hard to
/// read or personal: an id stands in rows and events, where no e-mail address may be (SEC-3).
fn customer_rule(text: &str) -> Result<(), TextProblem> {
    const ALLOWED: &str = "letters, digits and -._~|:+/=";
    match text::check(text, CUSTOMER_ID_LENGTH_MAX, ALLOWED, |c| {
        c.is_ascii_alphanumeric() || "-._~|:+/=".contains(c)
    }) {
        Err(TextProblem::Character { allowed, character: _ }) => {
            Err(TextProblem::Characters { allowed })
        }
        checked => checked,
    }
}

/// What the catalog takes for one.
fn category_rule(text: &str) -> Result<(), TextProblem> {
    text::check(text, CATEGORY_LENGTH_MAX, "one line of text", |c| !c.is_control())
}

/// What a checkout takes for one, but that it may not be a card number need not be asked here.
fn payment_method_rule(text: &str) -> Result<(), TextProblem> {
    if !text.starts_with("pm_") {
        return Err(TextProblem::Shape { expected: "a payment provider's token, pm_…" });
    }
    text::check(text, CUSTOMER_ID_LENGTH_MAX, "letters, digits and '_'", |c| {
        c.is_ascii_alphanumeric() || c == '_'
    })
}

fn owner_rule(text: &str) -> Result<(), TextProblem> {
    let named = ["customer:", "guest:", "service:"].iter().find_map(|of| text.strip_prefix(of));
    customer_rule(named.ok_or(TextProblem::Shape {
        expected: "customer:, guest: or service: and who it is, such as customer:248289761001",
    })?)
}

text_type!(
    /// An account of points, of store credit, or of a gift card.
    AccountId, "an account id", id_rule
);
text_type!(
    /// A cart.
    CartId, "a cart id", id_rule
);
text_type!(
    /// A category of the catalog, as the shop writes it: `tableware`, `Tea & Coffee`.
    Category, "a category", category_rule
);
text_type!(
    /// A compensation: a step back, or a step owed to a provider, that is retried until it is done
    /// or dead.
    CompensationId, "a compensation id", id_rule
);
text_type!(
    /// A customer, as the identity provider names them: the `sub` of their token.
    CustomerId, "a customer id", customer_rule
);
text_type!(
    /// An event in the outbox; the `id` of its CloudEvent and the `webhook-id` of its delivery.
    EventId, "an event id", id_rule
);
text_type!(
    /// A fee of an order.
    FeeId, "a fee id", id_rule
);
text_type!(
    /// A reward that was given: one rule's for one order.
    GrantId, "a grant id", id_rule
);
text_type!(
    /// A line of a cart or of an order.
    LineId, "a line id", id_rule
);
text_type!(
    /// An order. People use the [`OrderNumber`].
    OrderId, "an order id", id_rule
);
text_type!(
    /// Whose carts, sessions and orders are, as rows and events name them: `customer:` and a
    /// [`CustomerId`], or `guest:` or `service:` and a hash.
    OwnerId, "an owner", owner_rule
);
text_type!(
    /// A payment: one attempt at a provider.
    PaymentId, "a payment id", id_rule
);
text_type!(
    /// A payment method that was saved: the payment provider's token for it.
    PaymentMethodId, "a payment method id", payment_method_rule
);
text_type!(
    /// Promotions of which an order has one at most.
    PromotionGroup, "a promotion's group", id_rule
);
text_type!(
    /// A promotion, whatever its version.
    PromotionId, "a promotion id", id_rule
);
text_type!(
    /// A refund of an order; what the provider owes of it is the compensation of the same name.
    RefundId, "a refund id", id_rule
);
text_type!(
    /// A receiver of events.
    ReceiverId, "a receiver's id", id_rule
);
text_type!(
    /// A reservation of one SKU in one warehouse.
    ReservationId, "a reservation id", id_rule
);
text_type!(
    /// A return of an order.
    ReturnId, "a return id", id_rule
);
text_type!(
    /// A rule of fraud.
    FraudRuleId, "a fraud rule's id", id_rule
);
text_type!(
    /// A rule of rewards, whatever its version.
    RewardId, "a reward id", id_rule
);
text_type!(
    /// A saga: one confirm, from its first row to its end.
    SagaId, "a saga id", id_rule
);
text_type!(
    /// A part of the shop's customers: a segment or a group, `students`, `wholesale`.
    Segment, "a segment", id_rule
);
text_type!(
    /// A checkout session.
    SessionId, "a session id", id_rule
);
text_type!(
    /// A share of a cart.
    ShareId, "a share id", id_rule
);
text_type!(
    /// A shipment: what of an order left together.
    ShipmentId, "a shipment id", id_rule
);
text_type!(
    /// A shipping method, as in the rate table: `standard`, `express`.
    ShippingMethodId, "a shipping method", id_rule
);
text_type!(
    /// What is sold: one stock-keeping unit.
    Sku, "a SKU", id_rule
);
text_type!(
    /// What a thing is for tax: `standard`, `reduced`, `food`. Shipping has a class of its own.
    TaxClass, "a tax class", id_rule
);
text_type!(
    /// A topic of events, as a path has it: `price-updated`.
    TopicName, "a topic", id_rule
);
text_type!(
    /// A warehouse.
    WarehouseId, "a warehouse id", id_rule
);

text_type!(
    /// A part of the world that is taxed and sent to alike, as the shop calls it: `us-ca`.
    ZoneId, "a zone", id_rule
);

impl TaxClass {
    /// The class that shipping itself is taxed in.
    #[must_use]
    pub fn shipping() -> Self {
        Self("shipping".to_owned())
    }
}

fn country_rule(text: &str) -> Result<(), TextProblem> {
    if text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase()) {
        return Ok(());
    }
    Err(TextProblem::Shape { expected: "two upper-case letters as in ISO 3166-1, such as VN" })
}

text_type!(
    /// A country in the shape of ISO 3166-1 alpha-2. Which ones the shop serves is a table, not a
    /// type.
    Country, "a country", country_rule
);

fn region_rule(text: &str) -> Result<(), TextProblem> {
    text::check(text, 10, "upper-case letters and digits", |c| {
        c.is_ascii_uppercase() || c.is_ascii_digit()
    })
}

text_type!(
    /// A subdivision of a country where tax or shipping differ: `CA`, `NY`.
    Region, "a region", region_rule
);

const ORDER_NUMBER_SHAPE: &str = "of the form ORD-YYYYMMDD-NNNNNN, such as ORD-20260131-000042";
const ORDER_DAY_DIGITS: usize = 8;
const ORDER_SEQUENCE_DIGITS_MIN: usize = 6;
const ORDER_SEQUENCE_DIGITS_MAX: usize = 18;

fn order_number_rule(text: &str) -> Result<(), TextProblem> {
    let well_formed = || {
        let (day, sequence) = text.strip_prefix("ORD-")?.split_once('-')?;
        let is_day = day.len() == ORDER_DAY_DIGITS && day.bytes().all(|b| b.is_ascii_digit());
        let digits = sequence.len();
        // Past a million orders a day the number grows; a leading zero there would be a second name
        // for it.
        let canonical = digits == ORDER_SEQUENCE_DIGITS_MIN
            || (digits > ORDER_SEQUENCE_DIGITS_MIN
                && digits <= ORDER_SEQUENCE_DIGITS_MAX
                && !sequence.starts_with('0'));
        (is_day && canonical && sequence.bytes().all(|b| b.is_ascii_digit())).then_some(())
    };
    well_formed().ok_or(TextProblem::Shape { expected: ORDER_NUMBER_SHAPE })
}

text_type!(
    /// The number people read to each other: `ORD-YYYYMMDD-NNNNNN`. The sequence is unique within
    /// its day, may have gaps, and grows past six digits rather than repeat.
    OrderNumber, "an order number", order_number_rule
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_to_sixty_four_plain_characters() {
        for text in
            ["a", "TILL-0001", "0190b0a2-7c1e-7000-8000-000000000000", "..a", &"x".repeat(64)]
        {
            assert_eq!(Sku::try_from(text).map(String::from), Ok(text.to_owned()));
        }
        for text in ["", " ", "a b", "a/b", "é", "a\n", ".", "..", "a'", &"x".repeat(65)] {
            assert!(CartId::try_from(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_customer_id_is_a_subject_that_is_no_email_address() {
        for text in
            ["248289761001", "auth0|5f7c8ec7c33c6c004bbafe82", "a", "urn:x:1", &"x".repeat(255)]
        {
            assert!(CustomerId::try_from(text).is_ok(), "{text:?}");
        }
        for text in ["", " ", "jane@customer.example", "a b", "a\n", "é", &"x".repeat(256)] {
            let refusal = CustomerId::try_from(text).unwrap_err().to_string();
            assert!(!refusal.contains("jane") && !refusal.contains('@'), "{refusal}");
        }
    }

    #[test]
    fn an_owner_is_a_kind_and_who_of_it() {
        for text in ["customer:auth0|5f7c8ec7", "guest:0190b0a2", "service:ab"] {
            assert!(OwnerId::try_from(text).is_ok(), "{text:?}");
        }
        for text in ["", "248289761001", "customer:", "customer:jane@example", "admin:1"] {
            assert!(OwnerId::try_from(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_refusal_says_what_would_be_right() {
        let message = |text: &str| Sku::try_from(text).unwrap_err().to_string();
        assert_eq!(message(""), "a SKU must not be empty");
        assert_eq!(
            message("a/b"),
            "a SKU may hold only letters, digits, '.', '_' and '-', not '/'"
        );
        assert_eq!(
            message(&"x".repeat(65)),
            "a SKU must be at most 64 characters long, this has 65"
        );
        assert_eq!(
            Country::try_from("vn").unwrap_err().to_string(),
            "a country must be two upper-case letters as in ISO 3166-1, such as VN"
        );
    }

    #[test]
    fn json_is_held_to_the_same_rule() {
        assert_eq!(serde_json::from_str::<Sku>("\"A-1\"").unwrap().as_str(), "A-1");
        assert_eq!(serde_json::to_string(&TaxClass::shipping()).unwrap(), "\"shipping\"");
        let refusal = serde_json::from_str::<Sku>("\"a b\"").unwrap_err().to_string();
        assert!(refusal.contains("a SKU may hold only"), "{refusal}");
    }

    #[test]
    fn countries_and_regions_are_upper_case() {
        assert!("VN".parse::<Country>().is_ok());
        assert!("NY".parse::<Region>().is_ok());
        for text in ["", "V", "vn", "VNM", "V1", "VÑ"] {
            assert!(text.parse::<Country>().is_err(), "{text}");
        }
        for text in ["", "ny", "N-Y", "ABCDEFGHIJK"] {
            assert!(text.parse::<Region>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_order_number_has_one_way_to_be_written() {
        for text in ["ORD-20260131-000042", "ORD-20260131-999999", "ORD-20260131-1000000"] {
            assert!(text.parse::<OrderNumber>().is_ok(), "{text}");
        }
        for text in [
            "ORD-20260131-00042",
            "ORD-20260131-0000042",
            "ORD-2026013-000042",
            "ord-20260131-000042",
            "ORD-20260131-00004x",
            "ORD-20260131",
            "",
        ] {
            assert!(text.parse::<OrderNumber>().is_err(), "{text}");
        }
    }
}
