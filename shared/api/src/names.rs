//! The scopes that rules about callers are about.

use edge::access::Named;

macro_rules! names {
    ($($(#[doc = $about:literal])+ $type:ident = $name:expr;)+) => {$(
        $(#[doc = $about])+
        #[derive(Debug)]
        pub enum $type {}

        impl Named for $type {
            const NAME: &'static str = $name;
        }
    )+};
}

names! {
    /// The scope to read the catalog and stock.
    CatalogRead = "catalog:read";
    /// The scope to change the catalog and stock.
    CatalogWrite = "catalog:write";
    /// The scope to see the variables in force.
    ConfigRead = "config:read";
    /// The scope to read customers, and to export what is kept of a person, their contacts too.
    CustomersRead = "customers:read";
    /// The scope to put customers into groups and segments, and to erase a person.
    CustomersWrite = "customers:write";
    /// The scope to tell the shop of what has happened elsewhere.
    EventsPublish = "events:publish";
    /// The scope to see receivers of events, and what they were sent.
    EventsRead = "events:read";
    /// The scope to change receivers of events, and what is done about what they did not take.
    EventsWrite = "events:write";
    /// The scope to see rules of fraud, and what they have denied.
    FraudRead = "fraud:read";
    /// The scope to change rules of fraud.
    FraudWrite = "fraud:write";
    /// The scope to open accounts of stored value, issue gift cards, and change balances.
    MoneyWrite = "money:write";
    /// The scope to see what was given up, and alerts.
    OperationsRead = "operations:read";
    /// The scope to try again or settle what was given up.
    OperationsWrite = "operations:write";
    /// The scope to read anybody's orders.
    OrdersRead = "orders:read";
    /// The scope to create orders, and to change anybody's.
    OrdersWrite = "orders:write";
    /// The scope to see promotions, their codes and what they did.
    PromotionsRead = "promotions:read";
    /// The scope to change promotions and to give out codes.
    PromotionsWrite = "promotions:write";
    /// The scope to see and change the database's schema.
    SchemaMigrate = "schema:migrate";
}
