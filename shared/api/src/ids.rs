//! What a path may name, and what is told of a name that can be none.

use app::catalog::{
    files::List,
    tables::{EntryName, HistoryOf, QuotedAt},
};
use domain::{
    ids::{
        AccountId, CompensationId, Country, CustomerId, EventId, FeeId, FraudRuleId, LineId,
        OrderId, OrderNumber, OwnerId, PaymentMethodId, PromotionId, ReceiverId, Region, ReturnId,
        RewardId, SessionId, ShareId, ShipmentId, ShippingMethodId, Sku, TaxClass, TopicName,
        WarehouseId, ZoneId,
    },
    money::Currency,
    promotion,
};
use edge::{Code, Problem, Request};
use promotion::Code as PromotionCode;
use std::fmt::Display;

/// What a path names: a type of the shop's.
pub(crate) trait Id: for<'a> TryFrom<&'a str, Error: Display> {
    /// What is told of one that nothing has.
    const UNKNOWN: Code;
}

macro_rules! ids {
    ($($id:ident $unknown:ident;)+) => {$(
        impl Id for $id {
            const UNKNOWN: Code = Code::$unknown;
        }
    )+};
}

ids! {
    AccountId AccountNotFound;
    CompensationId CompensationNotFound;
    Country EntryNotFound;
    Currency EntryNotFound;
    CustomerId CustomerNotFound;
    EntryName EntryNotFound;
    EventId EventNotFound;
    FeeId EntryNotFound;
    HistoryOf EntryNotFound;
    LineId LineNotFound;
    List EntryNotFound;
    OrderId OrderNotFound;
    OrderNumber OrderNotFound;
    OwnerId CustomerNotFound;
    PaymentMethodId PaymentMethodNotFound;
    PromotionId EntryNotFound;
    PromotionCode CodeNotFound;
    QuotedAt EntryNotFound;
    ReceiverId EntryNotFound;
    Region EntryNotFound;
    FraudRuleId EntryNotFound;
    ReturnId ReturnNotFound;
    RewardId EntryNotFound;
    SessionId SessionNotFound;
    ShareId ShareNotFound;
    ShipmentId ShipmentNotFound;
    ShippingMethodId EntryNotFound;
    Sku SkuNotFound;
    TaxClass EntryNotFound;
    TopicName EntryNotFound;
    WarehouseId EntryNotFound;
    ZoneId EntryNotFound;
}

/// The parameter `name` of the path. Nothing is named by what cannot be a name; `makes` what it
/// names is told what it must be.
///
/// # Errors
/// [`Id::UNKNOWN`]; `invalid_field` where it would be made.
pub(crate) fn read<I: Id>(
    request: &Request,
    name: &'static str,
    makes: bool,
) -> Result<I, Problem> {
    I::try_from(request.param(name)).map_err(|error| match makes {
        true => Problem::invalid_field(name, error.to_string()),
        false => Problem::new(I::UNKNOWN),
    })
}
