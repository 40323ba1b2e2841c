//! JSON Schemas of the types whose rule is code: the same rule as a pattern and bounds. Everything
//! else derives its own.
//!
//! A schema may accept a little more than the type (a text of characters that nobody sees) and a
//! little less (white space around a text, an empty text for one that may be left out): what a
//! client sends by it is right, or is refused by name.

use crate::{
    address::{Email, PersonalText},
    attributes::{AttributeKey, AttributeValue, Attributes},
    exchange::Factor,
    ids::{
        AccountId, CartId, Category, CompensationId, Country, CustomerId, EventId, FeeId,
        FraudRuleId, GrantId, LineId, OrderId, OrderNumber, OwnerId, PaymentId, PaymentMethodId,
        PromotionGroup, PromotionId, ReceiverId, RefundId, Region, ReservationId, ReturnId,
        RewardId, SagaId, Segment, SessionId, ShareId, ShipmentId, ShippingMethodId, Sku, TaxClass,
        TopicName, WarehouseId, ZoneId,
    },
    money::Currency,
    promotion::{Amount, BasisPoints, Code, Codes, PromotionName, Several},
    quantity::Quantity,
    reward::{AfterDays, Orders, Points, RewardName, WithinDays},
    shipment::{Carrier, TrackingNumber, TrackingUrl},
    stock::StockVerdict,
    stored_value::GiftCode,
    tax::TaxRate,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// One line per type: its name there, what it is, and its rule.
macro_rules! schemas {
    ($($type:ty, $name:literal, $schema:tt;)+) => {
        $(impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        })+
    };
}

/// One line that is not blank: no control character, and one that is seen. In classes alone, which
/// programs can make values of.
const ONE_LINE: &str = r"^[^\x00-\x1F\x7F-\x9F]*[^\x00-\x20\x7F-\xA0][^\x00-\x1F\x7F-\x9F]*$";

/// An id: anything but only dots, said without looking ahead, which not every program that reads a
/// pattern can.
const ID: &str = r"^\.*[A-Za-z0-9_-][A-Za-z0-9._-]*$";

schemas! {
    CustomerId, "CustomerId", {
        "type": "string", "pattern": "^[A-Za-z0-9._~|:+/=-]{1,255}$",
        "description": "A customer, as their identity provider names them."
    };
    AttributeKey, "AttributeKey", {
        "type": "string", "pattern": "^[A-Za-z0-9._:-]{1,40}$", "description": "The name of an attribute."
    };
    AccountId, "AccountId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "An account of stored value."
    };
    CartId, "CartId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "A cart."
    };
    Category, "Category", {
        "type": "string", "pattern": ONE_LINE, "minLength": 1, "maxLength": 200,
        "description": "A category of the catalog."
    };
    CompensationId, "CompensationId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "Something owed to the payment provider."
    };
    EventId, "EventId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "An event: the id of its CloudEvent."
    };
    FeeId, "FeeId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "A fee of an order."
    };
    SagaId, "SagaId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "One confirm."
    };
    GiftCode, "GiftCode", {
        "type": "string", "pattern": "^[ -]*[0-7OoIiLl]([ -]*[0-9A-TV-Za-tv-z]){25}[ -]*$", "maxLength": 80,
        "description": "A gift card's code: 26 letters and digits, however they are grouped."
    };
    LineId, "LineId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "A line of a cart: its SKU."
    };
    OrderId, "OrderId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "An order."
    };
    OwnerId, "OwnerId", {
        "type": "string", "pattern": "^(customer|guest|service):[A-Za-z0-9._~|:+/=-]{1,255}$",
        "description": "Whose it is, such as customer:248289761001."
    };
    PaymentMethodId, "PaymentMethodId", {
        "type": "string", "pattern": "^pm_[A-Za-z0-9_]*$", "minLength": 3, "maxLength": 255,
        "description": "A payment method that was saved: the payment provider's token for it."
    };
    PaymentId, "PaymentId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "A payment."
    };
    PromotionGroup, "PromotionGroup", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "Promotions of which an order has one at most."
    };
    PromotionId, "PromotionId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "A promotion."
    };
    GrantId, "GrantId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "A reward that was given."
    };
    FraudRuleId, "FraudRuleId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "A rule of fraud."
    };
    ReceiverId, "ReceiverId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "A receiver of events."
    };
    RewardId, "RewardId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "A rule of rewards."
    };
    RewardName, "RewardName", {
        "type": "string", "pattern": ONE_LINE, "minLength": 1, "maxLength": 100,
        "description": "What a reward or a badge is called where a customer reads it."
    };
    Points, "Points", {
        "type": "integer", "format": "int64", "minimum": Points::MIN, "maximum": Points::MAX,
        "description": "A number of points."
    };
    AfterDays, "AfterDays", {
        "type": "integer", "format": "int64", "minimum": AfterDays::MIN, "maximum": AfterDays::MAX,
        "description": "Days from an order to what it gives."
    };
    Orders, "Orders", {
        "type": "integer", "format": "int64", "minimum": Orders::MIN, "maximum": Orders::MAX,
        "description": "How many orders."
    };
    WithinDays, "WithinDays", {
        "type": "integer", "format": "int64", "minimum": WithinDays::MIN, "maximum": WithinDays::MAX,
        "description": "Days that a streak may take."
    };
    ReservationId, "ReservationId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "A reservation of stock."
    };
    Segment, "Segment", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "A part of the shop's customers, such as students."
    };
    SessionId, "SessionId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "A checkout session."
    };
    ShareId, "ShareId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "A share of a cart."
    };
    RefundId, "RefundId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "A refund of an order."
    };
    ReturnId, "ReturnId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "A return of an order."
    };
    ShipmentId, "ShipmentId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "A shipment of an order."
    };
    Carrier, "Carrier", {
        "type": "string", "pattern": ONE_LINE, "minLength": 1, "maxLength": 60,
        "description": "Who carries it."
    };
    TrackingNumber, "TrackingNumber", {
        "type": "string", "pattern": ONE_LINE, "minLength": 1, "maxLength": 100,
        "description": "The carrier's number for it."
    };
    TrackingUrl, "TrackingUrl", {
        "type": "string", "pattern": "^https://[A-Za-z0-9][!-~]*$", "maxLength": 500,
        "description": "Where its way can be followed."
    };
    ShippingMethodId, "ShippingMethodId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "A shipping method, such as standard."
    };
    Sku, "Sku", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "What is sold, such as TILL-0001."
    };
    TaxClass, "TaxClass", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "The class it is taxed in, such as standard."
    };
    TopicName, "TopicName", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "A topic of events, such as price-updated."
    };
    WarehouseId, "WarehouseId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "A warehouse."
    };
    ZoneId, "ZoneId", {
        "type": "string", "pattern": ID, "minLength": 1, "maxLength": 64,
        "description": "A zone of taxes and shipping, such as us-ca."
    };
    OrderNumber, "OrderNumber", {
        "type": "string", "pattern": r"^ORD-[0-9]{8}-[0-9]{6,18}$",
        "description": "The number people use for an order."
    };
    Country, "Country", {
        "type": "string", "pattern": "^[A-Z]{2}$",
        "description": "ISO 3166-1, such as VN."
    };
    Region, "Region", {
        "type": "string", "pattern": "^[A-Z0-9]{1,10}$",
        "description": "A part of a country where tax or shipping differ, such as CA."
    };
    Currency, "Currency", {
        "type": "string", "pattern": "^[A-Z]{3}$",
        "description": "ISO 4217, such as USD."
    };
    Quantity, "Quantity", {
        "type": "integer", "format": "int64", "minimum": 1, "maximum": Quantity::HARD_MAX,
        "description": "How many."
    };
    TaxRate, "TaxRate", {
        "type": "string", "pattern": r"^(0(\.[0-9]{1,6})?|1)$",
        "description": "A fraction: 0.1 is ten percent."
    };
    Factor, "Factor", {
        "type": "string", "pattern": r"^[0-9]{1,10}(\.[0-9]{1,12})?$",
        "description": "How many minor units of one currency one of another is."
    };
    PromotionName, "PromotionName", {
        "type": "string", "pattern": ONE_LINE, "minLength": 1, "maxLength": 100,
        "description": "What a promotion is called where a buyer reads it."
    };
    Amount, "Amount", {
        "type": "integer", "format": "int64", "minimum": 1, "maximum": Amount::MAX,
        "description": "An amount in minor units."
    };
    BasisPoints, "BasisPoints", {
        "type": "integer", "format": "int64", "minimum": 1, "maximum": BasisPoints::WHOLE,
        "description": "A part in hundredths of a percent."
    };
    Code, "Code", {
        "type": "string", "pattern": r"^\s*[A-Za-z0-9_-]{1,40}\s*$",
        "description": "A promotion's code. Small letters are read as capitals, and white space around it is taken off."
    };
    Codes, "Codes", {
        "type": "array", "items": { "type": "string", "pattern": r"^\s*[A-Za-z0-9_-]{1,40}\s*$" }, "maxItems": Codes::MAX,
        "description": "Codes, each counted once."
    };
    Email, "Email", {
        "type": "string", "pattern": r"^\s*[^@\s]+@[^@\s.]+(\.[^@\s.]+)+\s*$", "maxLength": 254,
        "description": "An e-mail address."
    };
}

/// In one object with the line that it is about, so that no program that reads the document has to
/// put the two together.
impl JsonSchema for StockVerdict {
    fn schema_name() -> Cow<'static, str> {
        "StockVerdict".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object", "required": ["stock"],
            "properties": {
                "stock": {
                    "type": "string", "enum": ["available", "short", "unknown"],
                    "description": "Whether there is enough; unknown where stock could not be \
                        read, from which a confirm never goes on.",
                },
                "available": {
                    "type": "integer", "format": "int64",
                    "description": "How many there are, where they are too few.",
                },
            },
        })
    }
}

impl JsonSchema for Attributes {
    fn schema_name() -> Cow<'static, str> {
        "Attributes".into()
    }

    fn json_schema(schemas: &mut SchemaGenerator) -> Schema {
        let (key, value) =
            (schemas.subschema_for::<AttributeKey>(), schemas.subschema_for::<AttributeValue>());
        json_schema!({
            "type": "object", "maxProperties": Self::MAX, "propertyNames": key, "additionalProperties": value,
            "description": "What a client keeps with a cart, a line or an order, at most 20 pairs. Nothing of the shop's reads it.",
        })
    }
}

impl<const MAX: usize, const LINES: bool> JsonSchema for PersonalText<MAX, LINES> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Text{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "minLength": 1, "maxLength": MAX, "pattern": r"\S",
            "description": format!(
                "Text of up to {MAX} characters. White space around it is taken off, and does not \
                 count for the service."
            ),
        })
    }
}

impl<T: JsonSchema + Ord> JsonSchema for Several<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Several{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        json_schema!({ "type": "array", "items": items, "minItems": 1, "maxItems": Self::MAX })
    }
}
