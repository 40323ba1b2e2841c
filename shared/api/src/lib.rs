//! The table of endpoints: each declared once, as types. Which component serves it, where, by which
//! methods, for whom, and what it takes.
//!
//! A row is an [`edge::Operation`]. The function that answers it is an `async fn(Call<'_,
//! api::its_name>)`, and the shell has checked all of the row before it is called; an operation
//! without a function, or a function that takes another row's call, does not compile. [`ENDPOINTS`]
//! is the same as data: the manifests, the suites of the end-to-end tests and the API document are
//! held to it.
//!
//! A worker has no row here: its endpoint is made of its row in `shared/config` (see `workers`).
//!
//! What it answers is part of the row, status and type: a function that answers another type than
//! the document shows does not compile. What stands after `=>` is for the document alone (feature
//! `document`, see the module `document`): headers, links, problems. Components are built without
//! it, and it costs them nothing.

// An operation is named as the API document names it, and an endpoint like the constant it also is.
#![expect(non_camel_case_types, reason = "names of rows, not of things")]

#[cfg(feature = "document")]
pub mod document;
mod headers;
mod ids;
mod names;
mod workers;

/// The API document, as its own endpoint answers it.
#[derive(Debug)]
pub enum Document {}

impl edge::Media for Document {
    const TYPE: &'static str = "application/json";
}

/// The API document as a page.
#[derive(Debug)]
pub enum Page {}

impl edge::Media for Page {
    const TYPE: &'static str = "text/html; charset=utf-8";
}

pub use edge::{Access, Endpoint, Presence, Row};
pub use workers::{Run, Start, Worker};

/// Declares the endpoints, the list of them all, and their part of the document.
macro_rules! endpoints {
    ($(
        $(#[doc = $about:literal])+
        $name:ident: $component:literal $path:literal $(($($parameter:ident: $of:ty),+))? {
            $(
                $(#[doc = $summary:literal])+
                $id:ident: $method:ident $access:ty $(, makes: $makes:literal)? $(, query: $query:ty)? $(, header: $header:ty)? $(, body: $body:ty)? $(, change: $change:ty)?,
                    answer: $status:literal $(| $other:literal)? $outcome:ty => $describe:expr;
            )+
        }
    )+) => {
        $(
            $(#[doc = $about])+
            pub const $name: Endpoint = Endpoint {
                component: $component,
                about: concat!($($about),+),
                path: $path,
                operations: &[$(<$id as Operation>::ROW),+],
            };

            $(#[doc = $about])+
            #[doc = ""]
            #[doc = "What answers each of its operations."]
            #[derive(Debug)]
            pub struct $name<$($id),+> {
                $($(#[doc = $summary])+ pub $id: $id,)+
            }

            impl<$($id: edge::Answer<crate::$id>),+> $name<$($id),+> {
                /// What serves it.
                pub fn route(self) -> edge::Route {
                    edge::Route::at($path)$(.answer::<crate::$id>(self.$id))+
                }
            }

            const _: () = {
                /// The parameters of the path.
                #[derive(Debug)]
                pub struct Path {
                    $($(#[doc = "A segment of the path."] pub $parameter: $of,)+)?
                }

                impl edge::Path for Path {
                    const NAMES: &'static [&'static str] = &[$($(stringify!($parameter)),+)?];

                    fn read(_request: &edge::Request, _makes: bool) -> Result<Self, edge::Problem> {
                        Ok(Self { $($($parameter: ids::read(_request, stringify!($parameter), _makes)?,)+)? })
                    }
                }

                #[cfg(feature = "document")]
                impl document::ShownPath for Path {
                    const PARAMETERS: &'static [document::Parameter] =
                        &[$($((stringify!($parameter), |schemas| schemas.subschema_for::<$of>())),+)?];
                }

                assert!(edge::has_parameters($path, <Path as edge::Path>::NAMES), "the path has other parameters than are named beside it");

                $(
                    impl Operation for $id {
                        const ID: &'static str = stringify!($id);
                        const METHOD: Method = method!($method);
                        type Access = $access;
                        type Path = Path;
                        $(const MAKES: bool = $makes;)?
                        type Query = given!([$($query)?] NoQuery);
                        type Header = given!([$($header)?] NoHeader);
                        type Body = given!([$($body)?] NoBody);
                        type Change = given!([$($change)?] Unconditional);
                        type Outcome = $outcome;
                        const STATUS: u16 = $status;
                        $(const OTHER: u16 = $other;)?
                    }
                )+
            };

            $($(#[doc = $summary])+ #[derive(Debug)] pub enum $id {})+
        )+

        config::each_worker!(and_workers { $($name)+ });

        /// Every operation, for the document.
        #[cfg(feature = "document")]
        fn operations() -> Vec<document::Operation> {
            let mut operations = vec![$($({
                let operation = document::Operation::of::<$id>($name, concat!($($summary, "\n"),+));
                let describe: fn(document::Operation) -> document::Operation = $describe;
                describe(operation)
            }),+),+];
            operations.extend(operations_of_workers());
            operations
        }
    };
}

/// Declares the workers' endpoints, and the list of all.
macro_rules! and_workers {
    ({ $($name:ident)+ } $($worker:ident)+) => {
        $(
            #[doc = concat!("[`config::", stringify!($worker), "`], as a type.")]
            #[derive(Debug)]
            pub enum $worker {}

            impl Worker for $worker {
                const ROW: config::Worker = config::$worker;
                const RUN: &'static str = operation_id!(concat!("run_", stringify!($worker)));
                const START: &'static str = operation_id!(concat!("start_", stringify!($worker)));
            }

            #[doc = concat!("Where [`config::", stringify!($worker), "`] is run over HTTP.")]
            pub const $worker: Endpoint = <$worker as Worker>::ENDPOINT;
        )+

        /// All of them.
        pub const ENDPOINTS: &[Endpoint] = &[$($name,)+ $($worker),+];

        #[cfg(feature = "document")]
        fn operations_of_workers() -> impl Iterator<Item = document::Operation> {
            [$(workers::described::<$worker>()),+].into_iter().flatten()
        }
    };
}

/// A text of ASCII in lower case: an operation's name, of a constant's.
macro_rules! operation_id {
    ($text:expr) => {{
        const TEXT: &str = $text;
        const BYTES: [u8; TEXT.len()] = workers::lower_case(TEXT);
        match std::str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => TEXT,
        }
    }};
}

/// What a row says, or else what it means by saying nothing.
macro_rules! given {
    ([] $otherwise:ty) => {
        $otherwise
    };
    ([$given:ty] $otherwise:ty) => {
        $given
    };
}

macro_rules! method {
    (GET) => {
        Method::Get
    };
    (POST) => {
        Method::Post
    };
    (PUT) => {
        Method::Put
    };
    (DELETE) => {
        Method::Delete
    };
}

use app::{
    Rendered, cart, catalog,
    catalog::{files, tables},
    checkout, customers, fraud, inbox, operations, ops, order, payment_methods, promotions,
    receivers, rewards, session, stored_value,
};
use domain::{
    exchange::ExchangeRate,
    ids::{
        AccountId, CompensationId, Country, CustomerId, EventId, FeeId, FraudRuleId, LineId,
        OrderId, OrderNumber, OwnerId, PaymentMethodId, PromotionId, ReceiverId, Region, ReturnId,
        RewardId, SessionId, ShareId, ShipmentId, ShippingMethodId, Sku, TaxClass, TopicName,
        WarehouseId, ZoneId,
    },
    money::Currency,
    promotion::Code as PromotionCode,
};
use edge::{
    BroughtEvent, BulkJson, CloudEventBody, Done, File, Json, JsonOrDefault, Keyed, Method,
    MustBeKeyed, MustBeKeyedVersioned, NoBody, NoHeader, NoQuery, Operation, Parameters, Rows,
    SheetPage, StripeSigned, Unconditional, Versioned,
    access::{ByDapr, Customer, Newcomer, Open, Owner, OwnerOr, Scope, Signed, Viewer},
};
use headers::FromWarehouse;
use names::{
    CatalogRead, CatalogWrite, ConfigRead, CustomersRead, CustomersWrite, EventsPublish,
    EventsRead, EventsWrite, FraudRead, FraudWrite, MoneyWrite, OperationsRead, OperationsWrite,
    OrdersRead, OrdersWrite, PromotionsRead, PromotionsWrite, SchemaMigrate,
};
#[cfg(feature = "document")]
use {
    document::{BEGIN, CONFIRM, OF_CART, STORED_VALUE, TOTALS, examples},
    edge::Code::{
        AccountExists, AccountExpired, AccountNotFound, AlreadySettled, BalanceTooHigh,
        BalanceTooLow, BeingTried, CartCompleted, CartLocked, CartNotFound, CodeNotFound,
        CodeRefused, CompensationNotFound, CountryUnsupported, CurrencyUnsupported,
        CustomerNotFound, EntryNotFound, EventNotFound, GiftCardAssigned, GiftCardNotFound,
        GuestCheckoutDisabled, IdentityUnavailable, IllegalTransition, InUse, LimitBelowUse,
        LineNotFound, OrderBusy, OrderNotFound, OrderUnpaid, OutcomeImpossible,
        PartialCancellationDisabled, PaymentCollected, PaymentMethodNotFound, PaymentNotCapturable,
        PaymentNotDue, PaymentNotRefundable, PromotionsDisabled, PromotionsUnavailable,
        ProviderTimeout, ProviderUnavailable, QuantityOutOfRange, ReturnNotFound,
        ReturnStepIllegal, ReturnTooLate, ReturnsDisabled, SessionNotFound, ShareNotFound,
        ShipmentNotFound, SkuNotFound, SkuNotSoldInCurrency, SkuUnknown, StockNegative,
        TooManyAttributes, TooManyCodes, TooManyLines, TooManyReceivers, TooManyRequests,
        TooManyShares, TotalMismatch, WarehouseUnknown, WebhooksDisabled,
    },
};

endpoints! {
    /// The caller's cart.
    CART: "cart-current" "/api/v1/cart" {
        /// The cart as it stands now.
        ///
        /// The caller's own, or the one they hold a share of.
        view_cart: GET Viewer, answer: 200 Done<cart::Cart> => |it| it.tagged().problems(OF_CART);
        /// Open a cart.
        ///
        /// Without a credential it makes a guest, whose token is shown this once. Who has a live
        /// cart gets that one, with 200. Whose cart's time is over gets its lines back in a new
        /// one, up to 30 days later, with its currency and country unless others are named.
        open_cart: POST Newcomer, body: JsonOrDefault<cart::CreateCart>,
            answer: 201 | 200 Done<cart::Created> => |it| it.example(examples::open_cart()).tagged().located()
                .problems(&[CartNotFound, CurrencyUnsupported, CountryUnsupported]).stored();
        /// Remove every line.
        clear_cart: DELETE Owner, change: Versioned,
            answer: 200 Done<Rendered<cart::Cleared>> => |it| it.tagged().problems(OF_CART).problems(document::CHANGE);
    }
    /// The lines of the caller's cart.
    CART_ITEMS: "cart-items" "/api/v1/cart/items" {
        /// Add to the cart.
        ///
        /// A quantity is added to what is there: parallel adds never lose one. Short stock is a
        /// warning and no refusal.
        add_to_cart: POST Owner, body: Json<cart::AddLine>, change: Versioned,
            answer: 200 Done<Rendered<cart::LineChanged>> => |it| it.example(examples::add_to_cart()).tagged().problems(OF_CART)
                .problems(document::CHANGE).problems(&[SkuUnknown, SkuNotSoldInCurrency, QuantityOutOfRange, TooManyLines]);
    }
    /// One line of the caller's cart.
    CART_ITEM: "cart-line" "/api/v1/cart/items/:line_id" (line_id: LineId) {
        /// Replace a line's quantity.
        set_quantity: PUT Owner, body: Json<cart::SetQuantity>, change: Versioned,
            answer: 200 Done<Rendered<cart::LineChanged>> => |it| it.example(examples::set_quantity()).tagged().problems(OF_CART)
                .problems(document::CHANGE).problems(&[LineNotFound, QuantityOutOfRange]);
        /// Remove a line.
        remove_line: DELETE Owner, change: Versioned,
            answer: 200 Done<Rendered<cart::LineChanged>> => |it| it.tagged().problems(OF_CART).problems(document::CHANGE)
                .problems(&[LineNotFound]);
    }
    /// What a client keeps with the caller's cart.
    CART_ATTRIBUTES: "cart-attributes" "/api/v1/cart/attributes" {
        /// Keep something with the cart and its lines.
        ///
        /// Nothing of the shop's reads it; the order has it once there is one, and so has its event.
        /// The cart's attributes are replaced as a whole, and so are those of each line that is named.
        set_attributes: PUT Owner, body: Json<cart::SetAttributes>, change: Versioned,
            answer: 200 Done<Rendered<cart::AttributesSet>> => |it| it.example(examples::set_attributes()).tagged().problems(OF_CART)
                .problems(document::CHANGE).problems(&[LineNotFound, TooManyAttributes]);
    }
    /// The currency of the caller's cart.
    CART_CURRENCY: "cart-currency" "/api/v1/cart/currency" {
        /// Put the cart into a currency.
        ///
        /// Every line is at what it costs there now, as if it were added at this moment: all of them
        /// or none. Codes stay. The currency it is in already is no change.
        set_currency: PUT Owner, body: Json<cart::SetCurrency>, change: Versioned,
            answer: 200 Done<Rendered<cart::CurrencyChanged>> => |it| it.example(examples::set_currency()).tagged().problems(OF_CART)
                .problems(document::CHANGE).problems(&[CurrencyUnsupported, SkuNotSoldInCurrency]);
    }
    /// What the cart would cost.
    CART_TOTALS: "cart-totals" "/api/v1/cart/totals" {
        /// The cart with tax, shipping and stock.
        ///
        /// By the engine that the confirm uses. Short stock is a flag on the line; nothing is
        /// silently zero.
        preview_totals: GET Viewer, query: Parameters<cart::Destination>, header: FromWarehouse,
            answer: 200 Done<cart::Preview> => |it| it.tagged().problems(OF_CART).problems(TOTALS).problems(&[TooManyCodes, TooManyRequests, WarehouseUnknown]);
    }
    /// What stands between the cart and its order.
    CART_VALIDATE: "cart-validate" "/api/v1/cart/validate" {
        /// Everything that would stop a checkout of the cart now, and everything the buyer should know.
        ///
        /// All of it at once, by line, with what the cart's own checkout holds in stock. It is no
        /// refusal: a cart with problems is answered with 200 too. Nothing is changed. A checkout
        /// that does not begin carries the same list.
        validate_cart: POST Owner, header: FromWarehouse, body: JsonOrDefault<cart::Destination>,
            answer: 200 Done<cart::Validated> => |it| it.example(examples::validate_cart()).problems(OF_CART).problems(&[TooManyRequests, WarehouseUnknown]);
    }
    /// How the cart could be sent.
    CART_SHIPPING_METHODS: "cart-shipping-methods" "/api/v1/cart/shipping-methods" {
        /// The methods that carry this cart, each with the price the totals will quote.
        list_shipping_methods: GET Viewer, query: Parameters<cart::Destination>, header: FromWarehouse,
            answer: 200 Done<cart::ShippingMethods> => |it| it.problems(OF_CART).problems(TOTALS).problems(&[TooManyCodes, TooManyRequests, WarehouseUnknown]);
    }
    /// The codes of the caller's cart.
    CART_CODES: "cart-codes" "/api/v1/cart/codes" {
        /// Put a promotion's code on the cart.
        ///
        /// One that does nothing for it is refused with why, and with what is missing where more in
        /// the cart would do. A code that is on the cart already stays.
        give_code: POST Owner, body: Json<cart::GiveCode>, change: Versioned,
            answer: 200 Done<Rendered<cart::CodesChanged>> => |it| it.example(examples::give_code()).tagged().problems(OF_CART)
                .problems(TOTALS).problems(document::CHANGE).problems(&[CodeRefused, TooManyCodes, TooManyRequests, PromotionsDisabled, PromotionsUnavailable]);
    }
    /// A code of the caller's cart.
    CART_CODE: "cart-code" "/api/v1/cart/codes/:code" (code: PromotionCode) {
        /// Take a code off the cart.
        take_code: DELETE Owner, change: Versioned,
            answer: 200 Done<Rendered<cart::CodesChanged>> => |it| it.tagged().problems(OF_CART).problems(document::CHANGE)
                .problems(&[CodeNotFound]);
    }
    /// What the cart nearly has.
    CART_SUGGESTIONS: "cart-suggestions" "/api/v1/cart/suggestions" {
        /// The promotions that something more in the cart would bring.
        ///
        /// Said by the rules themselves: "add 5.00 more for free shipping". One that asks for a code
        /// is told to who gave it.
        list_suggestions: GET Viewer, query: Parameters<cart::Destination>, header: FromWarehouse,
            answer: 200 Done<cart::Suggestions> => |it| it.problems(OF_CART).problems(TOTALS).problems(&[TooManyCodes, TooManyRequests, WarehouseUnknown]);
    }
    /// The shares of the caller's cart.
    CART_SHARES: "cart-shares" "/api/v1/cart/shares" {
        /// The shares that open the cart.
        list_shares: GET Owner, answer: 200 Done<Rendered<cart::Shares>> => |it| it.problems(OF_CART);
        /// Share the cart: a link by which others may look at it.
        ///
        /// Its token is shown this once. It reads the cart, its totals and its shipping methods,
        /// and nothing else, until it expires, is revoked, or the cart becomes an order or is
        /// merged into another. There is no `Idempotency-Key`: a share whose reply was lost is in
        /// the list, and can be revoked.
        share_cart: POST Owner, body: JsonOrDefault<cart::ShareCart>,
            answer: 201 Done<cart::Shared> => |it| it.example(examples::share_cart()).located()
                .link("revoke_share", "share_id", "share_id").problems(OF_CART).problems(&[TooManyShares]);
    }
    /// A share of the caller's cart.
    CART_SHARE: "cart-share-by-id" "/api/v1/cart/shares/:share_id" (share_id: ShareId) {
        /// Revoke a share: its token is as if it had never been.
        revoke_share: DELETE Owner, change: Keyed,
            answer: 200 Done<Rendered<cart::ShareRevoked>> => |it| it.problems(OF_CART).problems(&[ShareNotFound]);
    }
    /// Checkouts.
    CHECKOUT: "checkout-sessions" "/api/v1/checkout" {
        /// Begin a checkout, or begin it anew.
        ///
        /// Everything a confirm would refuse is refused here already. Nothing is reserved yet. Where
        /// the goods come from is chosen now, and kept while it can serve.
        begin_checkout: POST Owner, header: FromWarehouse, body: Json<checkout::BeginCheckout>, change: Versioned,
            answer: 201 Done<Rendered<checkout::SessionBegun>> => |it| it.example(examples::begin_checkout()).located()
                .link("view_checkout", "session_id", "session_id").link("confirm_checkout", "session_id", "session_id").problems(OF_CART)
                .problems(TOTALS).problems(BEGIN).problems(&[GuestCheckoutDisabled, WarehouseUnknown]);
    }
    /// What the payment provider tells by itself (PAY-4).
    PAYMENT_WEBHOOKS: "checkout-webhooks" "/api/v1/webhooks/stripe" {
        /// Take in an event of the payment provider, signed by it.
        ///
        /// Nothing of it is believed but that something happened: the provider is asked. It may come
        /// late, twice, or in any order.
        receive_webhook: POST Signed, body: StripeSigned,
            answer: 200 Done<checkout::WebhookReceived> => |it| it.example(examples::receive_webhook()).problems(&[WebhooksDisabled]).stored();
    }
    /// A checkout session.
    CHECKOUT_SESSION: "checkout-session-by-id" "/api/v1/checkout/:session_id" (session_id: SessionId) {
        /// A session, with what is reserved for it and the payment it waits for.
        view_checkout: GET Owner, answer: 200 Done<Rendered<checkout::SessionView>> => |it| it.problems(&[SessionNotFound]).stored();
        /// Close a session that has no order.
        ///
        /// A payment that waits for the buyer is cancelled at the provider, what is held goes free,
        /// and the cart can be changed. Asked again it answers the same.
        abandon_checkout: DELETE Owner,
            answer: 200 Done<checkout::SessionClosed> => |it| it.problems(&[SessionNotFound, CartCompleted, CartLocked]);
    }
    /// From a session to one paid order.
    CHECKOUT_CONFIRM: "checkout-confirm" "/api/v1/checkout/:session_id/confirm" (session_id: SessionId) {
        /// Confirm a session: there is one order, or nothing is held and nothing charged.
        ///
        /// Send an `Idempotency-Key`: the same key has the same reply, byte for byte. After
        /// `payment_declined` the key is free for another try.
        confirm_checkout: POST Owner, body: JsonOrDefault<checkout::Confirm>, change: Keyed,
            answer: 201 Done<Rendered<checkout::OrderPlaced>> => |it| it.example(examples::confirm()).located()
                .link("view_order", "order_id", "order_id").link("view_order_by_number", "order_number", "order_number")
                .link("cancel_order", "order_id", "order_id").problems(&[SessionNotFound]).problems(TOTALS).problems(BEGIN)
                .problems(CONFIRM).problems(STORED_VALUE);
    }
    /// Orders.
    ORDERS: "order-orders" "/api/v1/orders" {
        /// Orders, newest first: the caller's, or for a service everybody's.
        ///
        /// All that is asked for must be so. A page of a search that finds little may have fewer orders
        /// than `limit`, or none, and not be the last: that one's `next_cursor` is null. When an order
        /// was made is what its id says, and its place in the list: when its confirm began.
        list_orders: GET OwnerOr<OrdersRead>, query: Parameters<order::ListOrders>,
            answer: 200 Done<order::OrderPage> => |it| it.stored();
        /// Create an order as a service.
        ///
        /// Through the same cart, session and confirm as a buyer's. `expected_total` is compared
        /// with the total we compute, and never used.
        create_order: POST Scope<OrdersWrite>, body: Json<order::CreateOrder>, change: MustBeKeyed,
            answer: 201 Done<Rendered<checkout::OrderPlaced>> => |it| it.example(examples::create_order()).located()
                .link("view_order", "order_id", "order_id").link("cancel_order", "order_id", "order_id").problems(TOTALS).problems(BEGIN)
                .problems(CONFIRM).problems(&[TotalMismatch, TooManyLines, QuantityOutOfRange]);
    }
    /// Orders as a file.
    ORDER_EXPORT: "order-reports" "/api/v1/orders/export" {
        /// Orders as a file, newest first, page by page: CSV, or JSON lines.
        ///
        /// What the list shows, without anything of a person. While there is more, `Link` has where
        /// the next page is (RFC 8288, `rel="next"`); a page of a search that finds little may be
        /// empty, and not the last.
        export_orders: GET Scope<OrdersRead>, query: Parameters<order::ExportOrders>,
            answer: 200 SheetPage => |it| it.linked().stored();
    }
    /// What orders came to.
    ORDER_STATISTICS: "order-reports" "/api/v1/orders/statistics" {
        /// What the orders of each day came to, by currency, as they stand now; and its carts.
        ///
        /// Of at most 92 days of a zone; of the last 30, if nothing is said. The totals are the sums of
        /// the days. A day has the orders that the list shows for it.
        view_order_statistics: GET Scope<OrdersRead>, query: Parameters<order::AskStatistics>,
            answer: 200 Done<order::OrderStatistics> => |it| it.stored();
    }
    /// One order by its id.
    ORDER: "order-by-id" "/api/v1/orders/:order_id" (order_id: OrderId) {
        /// An order.
        view_order: GET OwnerOr<OrdersRead>,
            answer: 200 Done<Rendered<order::Order>> => |it| it.tagged().problems(&[OrderNotFound]).stored();
    }
    /// One order by its number.
    ORDER_BY_NUMBER: "order-by-number" "/api/v1/orders/number/:order_number" (order_number: OrderNumber) {
        /// An order, by the number people use.
        view_order_by_number: GET OwnerOr<OrdersRead>,
            answer: 200 Done<Rendered<order::Order>> => |it| it.tagged().problems(&[OrderNotFound]).stored();
    }
    /// What became of an order.
    ORDER_STATUS_HISTORY: "order-status-history" "/api/v1/orders/:order_id/status-history" (order_id: OrderId) {
        /// Every state an order has been in, oldest first, with who and why.
        view_order_status_history: GET OwnerOr<OrdersRead>,
            answer: 200 Done<order::StatusHistory> => |it| it.tagged().problems(&[OrderNotFound]).stored();
    }
    /// Cancelling an order.
    ORDER_CANCEL: "order-cancel" "/api/v1/orders/:order_id/cancel" (order_id: OrderId) {
        /// Cancel a whole order that has not been shipped.
        ///
        /// Its stock is back with the same statement; what is owed to the payment provider is tried
        /// at once and then by its worker.
        cancel_order: POST OwnerOr<OrdersWrite>, body: JsonOrDefault<order::CancelOrder>, change: MustBeKeyedVersioned,
            answer: 200 Done<Rendered<order::OrderCancelled>> => |it| it.example(examples::cancel_order()).tagged()
                .problems(&[OrderNotFound, IllegalTransition, PaymentCollected, OrderBusy]).stored();
    }
    /// Cancelling pieces of an order.
    ORDER_CANCEL_ITEMS: "order-cancel" "/api/v1/orders/:order_id/cancel-items" (order_id: OrderId) {
        /// Cancel pieces of an order that have not left.
        ///
        /// They are stock again with the same statement. What was taken for them goes back, to accounts
        /// at once and to the payment provider now and then by its worker; what is only held, or to be
        /// paid at the door, is not asked for any more. Shipping and fees stay.
        cancel_order_items: POST OwnerOr<OrdersWrite>, body: Json<order::CancelLines>, change: MustBeKeyedVersioned,
            answer: 200 Done<Rendered<order::LinesCancelled>> => |it| it.example(examples::cancel_order_items()).tagged()
                .problems(&[OrderNotFound, IllegalTransition, PartialCancellationDisabled, PaymentCollected, PaymentNotRefundable, OrderBusy]).stored();
    }
    /// The money of an order that is held for it.
    ORDER_CAPTURE: "order-capture" "/api/v1/orders/:order_id/capture" (order_id: OrderId) {
        /// Take the money of an order, later than the order.
        ///
        /// Of one whose `payment_status` is `authorized`, and all of it. It is tried at once and then
        /// by its worker; the order says what has become of it.
        capture_order: POST Scope<MoneyWrite>, body: JsonOrDefault<order::CaptureOrder>, change: MustBeKeyedVersioned,
            answer: 200 Done<Rendered<order::CaptureAsked>> => |it| it.example(examples::capture_order()).tagged()
                .problems(&[OrderNotFound, PaymentNotCapturable, OrderBusy]).stored();
    }
    /// An order that waits for a person, and goes on.
    ORDER_RELEASE: "order-review" "/api/v1/orders/:order_id/release" (order_id: OrderId) {
        /// Let an order go on that waits for a review.
        ///
        /// Of one whose `status` is `on_hold`. Its money is taken now, if it would have been with the
        /// order: at once, and then by its worker. An order that nobody reviews is denied after
        /// `fraud_review_seconds`.
        release_order: POST Scope<OrdersWrite>, body: JsonOrDefault<order::ReleaseOrder>, change: MustBeKeyedVersioned,
            answer: 200 Done<Rendered<order::OrderMoved>> => |it| it.example(examples::release_order()).tagged()
                .problems(&[OrderNotFound, IllegalTransition, OrderBusy]).stored();
    }
    /// An order that waits for a person, and ends.
    ORDER_DENY: "order-review" "/api/v1/orders/:order_id/deny" (order_id: OrderId) {
        /// Deny an order that waits for a review: it is cancelled.
        ///
        /// Its stock is back at once; its money, and what it used of codes and accounts, go back as
        /// with any cancel.
        deny_order: POST Scope<OrdersWrite>, body: JsonOrDefault<order::CancelOrder>, change: MustBeKeyedVersioned,
            answer: 200 Done<Rendered<order::OrderCancelled>> => |it| it.example(examples::cancel_order()).tagged()
                .problems(&[OrderNotFound, IllegalTransition, OrderBusy]).stored();
    }
    /// Where an order is.
    ORDER_STATUS: "order-status" "/api/v1/orders/:order_id/status" (order_id: OrderId) {
        /// Say where an order is, where that needs a person.
        ///
        /// A move that is more than a word is made as its own endpoint makes it: `confirmed` releases,
        /// `shipped` sends off all that is left, `delivered` says that all shipments have arrived, and
        /// `cancelled` cancels. To `partially_shipped`, `refunded` and the rest an order comes by itself.
        set_order_status: PUT Scope<OrdersWrite>, body: Json<order::SetStatus>, change: MustBeKeyedVersioned,
            answer: 200 Done<Rendered<order::OrderMoved>> => |it| it.example(examples::set_order_status()).tagged()
                .problems(&[OrderNotFound, IllegalTransition, OrderUnpaid, AlreadySettled, PaymentCollected, OrderBusy]).stored();
    }
    /// What of an order has left.
    ORDER_SHIPMENTS: "order-status" "/api/v1/orders/:order_id/shipments" (order_id: OrderId) {
        /// Write down that a part of an order has left, or all that is left of it.
        ///
        /// Of one whose `status` is `processing` or `partially_shipped`; its status follows from what
        /// its lines have counted. Money that is still held is taken with the first shipment, all of it.
        ship_order: POST Scope<OrdersWrite>, body: JsonOrDefault<order::ShipOrder>, change: MustBeKeyedVersioned,
            answer: 200 Done<Rendered<order::Shipped>> => |it| it.example(examples::ship_order()).tagged()
                .problems(&[OrderNotFound, IllegalTransition, OrderUnpaid, OrderBusy]).stored();
    }
    /// A shipment of an order.
    ORDER_SHIPMENT_DELIVER: "order-status" "/api/v1/orders/:order_id/shipments/:shipment_id/deliver" (order_id: OrderId, shipment_id: ShipmentId) {
        /// Write down that a shipment has arrived.
        ///
        /// With the last of them the order is `delivered`, and complete.
        deliver_shipment: POST Scope<OrdersWrite>, body: JsonOrDefault<order::DeliverShipment>, change: MustBeKeyedVersioned,
            answer: 200 Done<Rendered<order::OrderMoved>> => |it| it.example(examples::deliver_shipment()).tagged()
                .problems(&[OrderNotFound, ShipmentNotFound, AlreadySettled, IllegalTransition, OrderBusy]).stored();
    }
    /// Money of an order that goes back.
    ORDER_REFUNDS: "order-refunds" "/api/v1/orders/:order_id/refunds" (order_id: OrderId) {
        /// Give money of an order back: of lines, of the shipping, of the fees, an amount, or all.
        ///
        /// It goes to whoever paid, by what is left of what each has given: to accounts at once, and to
        /// the payment provider now and then by its worker. The order says what has become of it.
        refund_order: POST Scope<MoneyWrite>, body: Json<order::RefundOrder>, change: MustBeKeyedVersioned,
            answer: 200 Done<Rendered<order::RefundMade>> => |it| it.example(examples::refund_order()).tagged()
                .problems(&[OrderNotFound, PaymentNotRefundable, ReturnStepIllegal, AlreadySettled, OrderBusy]).stored();
    }
    /// What would go back.
    ORDER_REFUND_PREVIEW: "order-refunds" "/api/v1/orders/:order_id/refunds/preview" (order_id: OrderId) {
        /// What a refund would give back, of what and to whom. Nothing is changed.
        preview_refund: POST Scope<MoneyWrite>, body: Json<order::RefundOrder>,
            answer: 200 Done<order::RefundParts> => |it| it.example(examples::refund_order())
                .problems(&[OrderNotFound, PaymentNotRefundable, ReturnStepIllegal, AlreadySettled]).stored();
    }
    /// Goods that come back.
    ORDER_RETURNS: "order-returns" "/api/v1/orders/:order_id/returns" (order_id: OrderId) {
        /// Ask to send goods back that have arrived.
        ///
        /// A buyer may within `return_window_seconds` of the day on which all of the order had arrived,
        /// a service at any time.
        request_return: POST OwnerOr<OrdersWrite>, body: Json<order::RequestReturn>, change: MustBeKeyedVersioned,
            answer: 200 Done<Rendered<order::ReturnMoved>> => |it| it.example(examples::request_return()).tagged()
                .problems(&[OrderNotFound, IllegalTransition, ReturnTooLate, ReturnsDisabled, OrderBusy]).stored();
    }
    /// A return that the shop takes.
    ORDER_RETURN_APPROVE: "order-returns" "/api/v1/orders/:order_id/returns/:return_id/approve" (order_id: OrderId, return_id: ReturnId) {
        /// Take goods back: whoever asked may send them.
        approve_return: POST Scope<OrdersWrite>, body: JsonOrDefault<order::DecideReturn>, change: MustBeKeyedVersioned,
            answer: 200 Done<Rendered<order::ReturnMoved>> => |it| it.example(examples::decide_return()).tagged()
                .problems(&[OrderNotFound, ReturnNotFound, ReturnStepIllegal, IllegalTransition, OrderBusy]).stored();
    }
    /// A return that the shop does not take.
    ORDER_RETURN_REFUSE: "order-returns" "/api/v1/orders/:order_id/returns/:return_id/refuse" (order_id: OrderId, return_id: ReturnId) {
        /// Take no goods back.
        refuse_return: POST Scope<OrdersWrite>, body: JsonOrDefault<order::DecideReturn>, change: MustBeKeyedVersioned,
            answer: 200 Done<Rendered<order::ReturnMoved>> => |it| it.example(examples::decide_return()).tagged()
                .problems(&[OrderNotFound, ReturnNotFound, ReturnStepIllegal, IllegalTransition, OrderBusy]).stored();
    }
    /// A return that is none after all.
    ORDER_RETURN_WITHDRAW: "order-returns" "/api/v1/orders/:order_id/returns/:return_id/withdraw" (order_id: OrderId, return_id: ReturnId) {
        /// Keep the goods after all.
        withdraw_return: POST OwnerOr<OrdersWrite>, body: JsonOrDefault<order::DecideReturn>, change: MustBeKeyedVersioned,
            answer: 200 Done<Rendered<order::ReturnMoved>> => |it| it.example(examples::decide_return()).tagged()
                .problems(&[OrderNotFound, ReturnNotFound, ReturnStepIllegal, IllegalTransition, OrderBusy]).stored();
    }
    /// Goods that are back.
    ORDER_RETURN_RECEIVE: "order-returns" "/api/v1/orders/:order_id/returns/:return_id/receive" (order_id: OrderId, return_id: ReturnId) {
        /// Say that goods are back, and what of them is fit to be sold again.
        ///
        /// That is stock of the warehouse it came from at once. The money goes back by a refund that
        /// names the return.
        receive_return: POST Scope<OrdersWrite>, body: JsonOrDefault<order::ReceiveReturn>, change: MustBeKeyedVersioned,
            answer: 200 Done<Rendered<order::ReturnMoved>> => |it| it.example(examples::receive_return()).tagged()
                .problems(&[OrderNotFound, ReturnNotFound, ReturnStepIllegal, IllegalTransition, OrderBusy]).stored();
    }
    /// The money for an order that is paid on delivery, or elsewhere.
    ORDER_COLLECT: "order-collect" "/api/v1/orders/:order_id/collect" (order_id: OrderId) {
        /// Say that an order was paid at the door, or elsewhere.
        ///
        /// Of one whose `payment_method` is `cash_on_delivery` or `external`: once, and all of it. Its
        /// payment is `captured` then, and one that was `pending` is `confirmed`. It cannot be cancelled
        /// before the money is handed back by a refund.
        collect_order: POST Scope<MoneyWrite>, body: Json<order::CollectCash>, change: MustBeKeyedVersioned,
            answer: 200 Done<Rendered<order::CashCollected>> => |it| it.example(examples::collect_order()).tagged()
                .problems(&[OrderNotFound, PaymentNotDue, OrderBusy]).stored();
    }
    /// The catalog.
    SKUS: "catalog-skus" "/api/v1/catalog/skus" {
        /// The catalog, page by page in order of the codes.
        list_skus: GET Scope<CatalogRead>, query: Parameters<catalog::ListSkus>,
            answer: 200 Done<catalog::SkuPage> => |it| it.stored();
        /// Add or replace many SKUs, all or none.
        import_skus: POST Scope<CatalogWrite>, body: BulkJson<catalog::Import>,
            answer: 200 Done<catalog::Imported> => |it| it.example(examples::import_skus()).problems(&[CurrencyUnsupported]).stored();
    }
    /// One SKU with its prices.
    SKU: "catalog-skus" "/api/v1/catalog/skus/:sku" (sku: Sku) {
        /// A SKU.
        view_sku: GET Scope<CatalogRead>, answer: 200 Done<Rendered<catalog::SkuShown>> => |it| it.problems(&[SkuNotFound]).stored();
        /// Add or replace a SKU. The next read of any cart sees a new price.
        put_sku: PUT Scope<CatalogWrite>, makes: true, body: Json<catalog::SkuFacts>,
            answer: 200 Done<catalog::SkuRecord> => |it| it.example(examples::put_sku()).problems(&[CurrencyUnsupported]).stored();
    }
    /// What there is of a SKU.
    STOCK: "catalog-skus" "/api/v1/catalog/skus/:sku/stock" (sku: Sku) {
        /// A SKU's stock, warehouse by warehouse.
        view_stock: GET Scope<CatalogRead>, answer: 200 Done<catalog::Stock> => |it| it.problems(&[SkuNotFound]).stored();
        /// Receive or adjust stock.
        move_stock: POST Scope<CatalogWrite>, body: Json<catalog::MoveStock>, change: MustBeKeyed,
            answer: 200 Done<Rendered<catalog::StockMoved>> => |it| it.example(examples::move_stock())
                .problems(&[SkuNotFound, WarehouseUnknown, StockNegative]).stored();
    }
    /// Where goods lie.
    WAREHOUSES: "catalog-tables" "/api/v1/catalog/warehouses" {
        /// Warehouses, page by page in order of their ids.
        list_warehouses: GET Scope<CatalogRead>, query: Parameters<tables::ListEntries>,
            answer: 200 Done<tables::Page<tables::Warehouse>> => |it| it.stored();
    }
    /// A place where goods lie.
    WAREHOUSE: "catalog-tables" "/api/v1/catalog/warehouses/:warehouse_id" (warehouse_id: WarehouseId) {
        /// A warehouse.
        view_warehouse: GET Scope<CatalogRead>,
            answer: 200 Done<Rendered<tables::Warehouse>> => |it| it.problems(&[EntryNotFound]).stored();
        /// Add or replace a warehouse.
        put_warehouse: PUT Scope<CatalogWrite>, makes: true, body: Json<tables::WarehouseFacts>,
            answer: 200 Done<Rendered<tables::Warehouse>> => |it| it.example(examples::put_warehouse()).stored();
        /// Delete a warehouse where nothing ever lay, and that no shipping rate names.
        delete_warehouse: DELETE Scope<CatalogWrite>, change: Keyed,
            answer: 200 Done<Rendered<tables::Deleted>> => |it| it.problems(&[EntryNotFound, InUse]).stored();
    }
    /// Which zone of taxes and shipping a place is in.
    ZONES: "catalog-tables" "/api/v1/catalog/zones" {
        /// Countries and regions with their zones, page by page.
        list_zones: GET Scope<CatalogRead>, query: Parameters<tables::ListEntries>,
            answer: 200 Done<tables::Page<tables::Zone>> => |it| it.stored();
    }
    /// Which zone a country is in.
    ZONE_OF_COUNTRY: "catalog-tables" "/api/v1/catalog/zones/:country" (country: Country) {
        /// Say which zone a country is in, but for its regions that are in one of their own.
        put_zone_of_country: PUT Scope<CatalogWrite>, makes: true, body: Json<tables::ZoneFacts>,
            answer: 200 Done<Rendered<tables::Zone>> => |it| it.example(examples::put_zone()).stored();
        /// Take a country out of its zone: nothing is sent there, but to its regions that are in one of their own.
        delete_zone_of_country: DELETE Scope<CatalogWrite>, change: Keyed,
            answer: 200 Done<Rendered<tables::Deleted>> => |it| it.problems(&[EntryNotFound]).stored();
    }
    /// Which zone a region is in.
    ZONE_OF_REGION: "catalog-tables" "/api/v1/catalog/zones/:country/regions/:region" (country: Country, region: Region) {
        /// Say which zone a region of a country is in.
        put_zone_of_region: PUT Scope<CatalogWrite>, makes: true, body: Json<tables::ZoneFacts>,
            answer: 200 Done<Rendered<tables::Zone>> => |it| it.example(examples::put_zone()).stored();
        /// Take a region out of its zone: it is in its country's.
        delete_zone_of_region: DELETE Scope<CatalogWrite>, change: Keyed,
            answer: 200 Done<Rendered<tables::Deleted>> => |it| it.problems(&[EntryNotFound]).stored();
    }
    /// What is taxed how.
    TAXES: "catalog-tables" "/api/v1/catalog/taxes" {
        /// Taxes by zone and class, page by page.
        list_taxes: GET Scope<CatalogRead>, query: Parameters<tables::ListTaxes>,
            answer: 200 Done<tables::Page<tables::Tax>> => |it| it.stored();
    }
    /// How a class is taxed in a zone.
    TAX: "catalog-tables" "/api/v1/catalog/taxes/:zone/:tax_class" (zone: ZoneId, tax_class: TaxClass) {
        /// Say how a class is taxed in a zone. The next total is taxed so.
        put_tax: PUT Scope<CatalogWrite>, makes: true, body: Json<tables::TaxFacts>,
            answer: 200 Done<Rendered<tables::Tax>> => |it| it.example(examples::put_tax()).stored();
        /// Take a tax away: a total that needs it is refused.
        delete_tax: DELETE Scope<CatalogWrite>, change: Keyed,
            answer: 200 Done<Rendered<tables::Deleted>> => |it| it.problems(&[EntryNotFound]).stored();
    }
    /// How goods are sent.
    SHIPPING_METHODS: "catalog-tables" "/api/v1/catalog/shipping-methods" {
        /// Shipping methods, those too that are not offered, page by page.
        list_methods: GET Scope<CatalogRead>, query: Parameters<tables::ListEntries>,
            answer: 200 Done<tables::Page<tables::Method>> => |it| it.stored();
    }
    /// A way to send goods.
    SHIPPING_METHOD: "catalog-tables" "/api/v1/catalog/shipping-methods/:method_id" (method_id: ShippingMethodId) {
        /// Add or replace a shipping method. Buyers see it where it has rates.
        put_method: PUT Scope<CatalogWrite>, makes: true, body: Json<tables::MethodFacts>,
            answer: 200 Done<Rendered<tables::Method>> => |it| it.example(examples::put_method()).stored();
        /// Delete a shipping method that has no rates.
        delete_method: DELETE Scope<CatalogWrite>, change: Keyed,
            answer: 200 Done<Rendered<tables::Deleted>> => |it| it.problems(&[EntryNotFound, InUse]).stored();
    }
    /// What sending costs.
    SHIPPING_RATES: "catalog-tables" "/api/v1/catalog/shipping-rates" {
        /// Rates by zone, currency and method, page by page.
        list_rates: GET Scope<CatalogRead>, query: Parameters<tables::ListRates>,
            answer: 200 Done<tables::Page<tables::Rates>> => |it| it.stored();
    }
    /// What a method costs in a zone and a currency.
    SHIPPING_RATE: "catalog-tables" "/api/v1/catalog/shipping-rates/:zone/:currency/:method_id"
        (zone: ZoneId, currency: Currency, method_id: ShippingMethodId) {
        /// Say what a method costs in a zone and a currency: these rates and no others.
        put_rates: PUT Scope<CatalogWrite>, makes: true, body: Json<tables::RatesFacts>,
            answer: 200 Done<Rendered<tables::Rates>> => |it| it.example(examples::put_rates())
                .problems(&[EntryNotFound, CurrencyUnsupported, WarehouseUnknown]).stored();
        /// Take the rates away: the method is not offered there in that currency.
        delete_rates: DELETE Scope<CatalogWrite>, change: Keyed,
            answer: 200 Done<Rendered<tables::Deleted>> => |it| it.problems(&[EntryNotFound]).stored();
    }
    /// What a SKU costs from a quantity on, for a time, or for a group of customers (PRICE-5).
    SPECIAL_PRICES: "catalog-tables" "/api/v1/catalog/special-prices" {
        /// Special prices by SKU and currency, page by page.
        list_special_prices: GET Scope<CatalogRead>, query: Parameters<tables::ListSpecialPrices>,
            answer: 200 Done<tables::Page<tables::SpecialPrices>> => |it| it.stored();
    }
    /// What a SKU costs in a currency besides its plain price.
    SPECIAL_PRICES_OF_SKU: "catalog-tables" "/api/v1/catalog/special-prices/:sku/:currency" (sku: Sku, currency: Currency) {
        /// Say what a SKU costs in a currency besides its plain price: these prices and no others. The next total is made with them.
        put_special_prices: PUT Scope<CatalogWrite>, makes: true, body: Json<tables::SpecialPricesFacts>,
            answer: 200 Done<Rendered<tables::SpecialPrices>> => |it| it.example(examples::put_special_prices())
                .problems(&[SkuNotFound, CurrencyUnsupported]).stored();
        /// Take the special prices away: the plain price is charged.
        delete_special_prices: DELETE Scope<CatalogWrite>, change: Keyed,
            answer: 200 Done<Rendered<tables::Deleted>> => |it| it.problems(&[EntryNotFound, SkuNotFound]).stored();
    }
    /// What currencies are worth in others (PRICE-8).
    EXCHANGE_RATES: "catalog-tables" "/api/v1/catalog/exchange-rates" {
        /// Exchange rates by currencies and time, page by page.
        list_exchange_rates: GET Scope<CatalogRead>, query: Parameters<tables::ListExchangeRates>,
            answer: 200 Done<tables::Page<ExchangeRate>> => |it| it.stored();
    }
    /// What one currency was worth in another at a time.
    EXCHANGE_RATE: "catalog-tables" "/api/v1/catalog/exchange-rates/:from/:to/:quoted_at_ms"
        (from: Currency, to: Currency, quoted_at_ms: tables::QuotedAt) {
        /// Say what one currency was worth in another at a time. From then on it counts, until a later rate does.
        put_exchange_rate: PUT Scope<CatalogWrite>, makes: true, body: Json<tables::ExchangeRateFacts>,
            answer: 200 Done<Rendered<ExchangeRate>> => |it| it.example(examples::put_exchange_rate())
                .problems(&[CurrencyUnsupported]).stored();
        /// Take a rate away: the one before it counts again. What was exchanged at it has kept it.
        delete_exchange_rate: DELETE Scope<CatalogWrite>, change: Keyed,
            answer: 200 Done<Rendered<tables::Deleted>> => |it| it.problems(&[EntryNotFound]).stored();
    }
    /// What orders cost besides goods and shipping (PRICE-13).
    FEES: "catalog-tables" "/api/v1/catalog/fees" {
        /// Fees by currency and id, page by page.
        list_fees: GET Scope<CatalogRead>, query: Parameters<tables::ListFees>,
            answer: 200 Done<tables::Page<tables::ShopFee>> => |it| it.stored();
    }
    /// One fee in one currency.
    FEE: "catalog-tables" "/api/v1/catalog/fees/:currency/:fee_id" (currency: Currency, fee_id: FeeId) {
        /// Put a fee: every order has one of the kind `handling`, and one of the kind `gift_wrap` whose buyer chooses it.
        put_fee: PUT Scope<CatalogWrite>, makes: true, body: Json<tables::FeeFacts>,
            answer: 200 Done<Rendered<tables::ShopFee>> => |it| it.example(examples::put_fee())
                .problems(&[CurrencyUnsupported]).stored();
        /// Delete a fee. Orders that have it keep it.
        delete_fee: DELETE Scope<CatalogWrite>, change: Keyed,
            answer: 200 Done<Rendered<tables::Deleted>> => |it| it.problems(&[EntryNotFound]).stored();
    }
    /// What is sold in.
    CURRENCIES: "catalog-tables" "/api/v1/catalog/currencies" {
        /// Currencies, page by page.
        list_currencies: GET Scope<CatalogRead>, query: Parameters<tables::ListEntries>,
            answer: 200 Done<tables::Page<tables::CurrencySold>> => |it| it.stored();
    }
    /// A currency that is sold in.
    CURRENCY: "catalog-tables" "/api/v1/catalog/currencies/:currency" (currency: Currency) {
        /// Add or replace a currency. Its digits stay while SKUs have prices in it.
        put_currency: PUT Scope<CatalogWrite>, makes: true, body: Json<tables::CurrencyFacts>,
            answer: 200 Done<Rendered<tables::CurrencySold>> => |it| it.example(examples::put_currency()).problems(&[InUse]).stored();
        /// Delete a currency that nothing has a price or a rate in, and no live cart is in.
        delete_currency: DELETE Scope<CatalogWrite>, change: Keyed,
            answer: 200 Done<Rendered<tables::Deleted>> => |it| it.problems(&[EntryNotFound, InUse]).stored();
    }
    /// What was made of the catalog.
    CATALOG_HISTORY: "catalog-tables" "/api/v1/catalog/history/:table/:entry" (table: tables::HistoryOf, entry: tables::EntryName) {
        /// What was made of an entry, by whom, oldest first.
        ///
        /// The entry is named by the parts of its path with commas between: `warehouse/wh-hanoi`,
        /// `zone/US,CA`, `shipping-rates/us,USD,standard`.
        list_catalog_history: GET Scope<CatalogRead>, query: Parameters<tables::ListHistory>,
            answer: 200 Done<tables::HistoryPage> => |it| it.problems(&[EntryNotFound]).stored();
    }
    /// A list of the catalog, from a file.
    CATALOG_IMPORT: "catalog-tables" "/api/v1/catalog/import/:list" (list: files::List) {
        /// Import a file: each of its rows is put, or refused with its line.
        ///
        /// JSON lines (`application/x-ndjson`) for every list, each line as the list shows an
        /// entry; CSV (`text/csv`) for SKUs. At most 10,000 rows. With 200 every row was put. With
        /// 207 some were refused, and nothing of those was changed. An import can be sent again as
        /// it is.
        import_catalog: POST Scope<CatalogWrite>, body: Rows,
            answer: 200 | 207 Done<files::FileImported> => |it| it.example(examples::skus_as_json_lines()).example(examples::skus_as_csv())
                .problems(&[EntryNotFound]).stored();
    }
    /// A list of the catalog, as a file.
    CATALOG_EXPORT: "catalog-tables" "/api/v1/catalog/export/:list" (list: files::List) {
        /// Export a list, page by page, as files that an import takes.
        ///
        /// While there is more, `Link` has where the next page is (RFC 8288, `rel="next"`).
        export_catalog: GET Scope<CatalogRead>, query: Parameters<files::ExportPage>,
            answer: 200 SheetPage => |it| it.linked().problems(&[EntryNotFound]).stored();
    }
    /// Promotions.
    PROMOTIONS: "promotion-rules" "/api/v1/promotions" {
        /// Promotions, those too that do not run, page by page.
        list_promotions: GET Scope<PromotionsRead>, query: Parameters<promotions::ListPage>,
            answer: 200 Done<promotions::PromotionPage> => |it| it.stored();
    }
    /// A promotion.
    PROMOTION: "promotion-rules" "/api/v1/promotions/:promotion_id" (promotion_id: PromotionId) {
        /// A promotion with what it did.
        view_promotion: GET Scope<PromotionsRead>,
            answer: 200 Done<Rendered<promotions::PromotionView>> => |it| it.problems(&[EntryNotFound]).stored();
        /// Add or replace a promotion. The next total is made by it.
        ///
        /// Another rule is another version; what was used stays used. A rule that does not hold
        /// together is refused with why. `active: false` ends it at once.
        put_promotion: PUT Scope<PromotionsWrite>, makes: true, body: Json<promotions::PutPromotion>,
            answer: 200 Done<Rendered<promotions::Promotion>> => |it| it.example(examples::put_promotion()).problems(&[LimitBelowUse, InUse]).stored();
        /// Delete a promotion that no order has used, that has no codes, and that no rule of rewards names.
        delete_promotion: DELETE Scope<PromotionsWrite>, change: Keyed,
            answer: 200 Done<Rendered<tables::Deleted>> => |it| it.problems(&[EntryNotFound, InUse]).stored();
    }
    /// The codes of a promotion.
    PROMOTION_CODES: "promotion-rules" "/api/v1/promotions/:promotion_id/codes" (promotion_id: PromotionId) {
        /// The codes of a promotion, page by page.
        list_codes: GET Scope<PromotionsRead>, query: Parameters<promotions::ListPage>,
            answer: 200 Done<promotions::CodePage> => |it| it.problems(&[EntryNotFound]).stored();
        /// Make codes that nobody guesses, up to 1,000 at once.
        ///
        /// There is no `Idempotency-Key`: codes whose reply was lost are in the list, with the time
        /// they were made, and can be ended by `active`.
        make_codes: POST Scope<PromotionsWrite>, body: Json<promotions::MakeCodes>,
            answer: 201 Done<Rendered<promotions::CodesGiven>> => |it| it.example(examples::make_codes()).problems(&[EntryNotFound]).stored();
    }
    /// A code of a promotion.
    PROMOTION_CODE: "promotion-rules" "/api/v1/promotions/:promotion_id/codes/:promotion_code" (promotion_id: PromotionId, promotion_code: PromotionCode) {
        /// Give out a code, or replace what is said of it.
        put_code: PUT Scope<PromotionsWrite>, makes: true, body: Json<promotions::PutCode>,
            answer: 200 Done<Rendered<promotions::CodesGiven>> => |it| it.example(examples::put_code()).problems(&[EntryNotFound, LimitBelowUse, InUse]).stored();
    }
    /// Rules of fraud.
    FRAUD_RULES: "checkout-fraud" "/api/v1/fraud/rules" {
        /// Rules of fraud, those too that are not asked, page by page.
        list_fraud_rules: GET Scope<FraudRead>, query: Parameters<fraud::ListFraudRules>,
            answer: 200 Done<fraud::FraudRulePage> => |it| it.stored();
    }
    /// A rule of fraud.
    FRAUD_RULE: "checkout-fraud" "/api/v1/fraud/rules/:rule_id" (rule_id: FraudRuleId) {
        /// Add or replace a rule of fraud.
        ///
        /// It is asked for every confirm from now on. The scores of the rules that a confirm meets are
        /// added up: from `fraud_review_score` on its order waits for a person (`on_hold`), from
        /// `fraud_deny_score` on there is none.
        put_fraud_rule: PUT Scope<FraudWrite>, makes: true, body: Json<fraud::FraudRuleFacts>,
            answer: 200 Done<Rendered<fraud::FraudRule>> => |it| it.example(examples::put_fraud_rule()).problems(&[CurrencyUnsupported]).stored();
        /// Delete a rule of fraud. Orders keep what it found.
        delete_fraud_rule: DELETE Scope<FraudWrite>, change: Keyed,
            answer: 200 Done<Rendered<tables::Deleted>> => |it| it.problems(&[EntryNotFound]).stored();
    }
    /// Confirms that were denied.
    FRAUD_DENIED: "checkout-fraud" "/api/v1/fraud/denied" {
        /// Confirms that rules of fraud have denied, the newest first.
        list_denied_confirms: GET Scope<FraudRead>, query: Parameters<fraud::ListDenied>,
            answer: 200 Done<fraud::DeniedPage> => |it| it.stored();
    }
    /// Rules of rewards.
    REWARDS: "promotion-rewards" "/api/v1/rewards" {
        /// Rules of rewards, those too that do not run, page by page.
        list_rewards: GET Scope<PromotionsRead>, query: Parameters<rewards::ListRewards>,
            answer: 200 Done<rewards::RewardPage> => |it| it.stored();
    }
    /// A rule of rewards.
    REWARD: "promotion-rewards" "/api/v1/rewards/:reward_id" (reward_id: RewardId) {
        /// A rule of rewards with what it did.
        view_reward: GET Scope<PromotionsRead>,
            answer: 200 Done<Rendered<rewards::RewardView>> => |it| it.problems(&[EntryNotFound]).stored();
        /// Add or replace a rule of rewards. What is given from now on is given by it.
        ///
        /// Another rule is another version; a reward keeps the one it was given by. It is for orders
        /// whose confirm begins from now on. `active: false` ends it, for orders too that wait for
        /// their time.
        put_reward: PUT Scope<PromotionsWrite>, makes: true, body: Json<rewards::PutReward>,
            answer: 200 Done<Rendered<rewards::Reward>> => |it| it.example(examples::put_reward()).problems(&[CurrencyUnsupported]).stored();
        /// Delete a rule of rewards that has given nothing.
        delete_reward: DELETE Scope<PromotionsWrite>, change: Keyed,
            answer: 200 Done<Rendered<tables::Deleted>> => |it| it.problems(&[EntryNotFound, InUse]).stored();
    }
    /// What a customer was given.
    EARNED_REWARDS: "account-rewards" "/api/v1/earned-rewards" {
        /// The caller's points, codes and badges, newest first, with what waits for its time.
        ///
        /// For customers; a guest has none. Beside them the codes that they share.
        list_earned_rewards: GET Owner, query: Parameters<rewards::ListEarned>,
            answer: 200 Done<rewards::Earned> => |it| it.stored();
    }
    /// Codes that customers share.
    SHARE_CODES: "account-rewards" "/api/v1/share-codes" {
        /// The caller's code of a promotion, to be shared: made, if they have none yet.
        ///
        /// For customers, of a promotion whose friends a rule rewards. It stays the same, however
        /// often it is asked for.
        share_code: POST Owner, body: Json<rewards::AskShareCode>,
            answer: 200 Done<Rendered<rewards::ShareCode>> => |it| it.example(examples::share_code()).problems(&[EntryNotFound]).stored();
    }
    /// Sessions of customers.
    SESSION: "account-session" "/api/v1/session" {
        /// A customer's session: their identity provider's token for ours.
        ///
        /// The session token is good for 15 minutes and opens everything that is the customer's.
        /// With a guest's token their cart is merged into the customer's, and that token is dead.
        open_session: POST Customer, body: JsonOrDefault<session::OpenSession>,
            answer: 200 Done<session::Opened> => |it| it.example(examples::open_session()).problems(&[CartLocked, IdentityUnavailable])
                .stored();
    }
    /// Customers.
    CUSTOMERS: "account-customers" "/api/v1/customers" {
        /// Customers with their groups and segments, page by page.
        ///
        /// Whoever has had a session, and whom a program has put.
        list_customers: GET Scope<CustomersRead>, query: Parameters<customers::ListCustomers>,
            answer: 200 Done<customers::CustomerPage> => |it| it.stored();
    }
    /// One customer.
    CUSTOMER: "account-customers" "/api/v1/customers/:customer_id" (customer_id: CustomerId) {
        /// A customer, by the `sub` of their provider's token.
        view_customer: GET Scope<CustomersRead>,
            answer: 200 Done<Rendered<customers::Customer>> => |it| it.problems(&[CustomerNotFound]).stored();
        /// Say which group and segments a customer is in, and no others.
        ///
        /// Before their first session too. What changes nothing is no history.
        put_customer: PUT Scope<CustomersWrite>, makes: true, body: Json<customers::CustomerFacts>,
            answer: 200 Done<Rendered<customers::Customer>> => |it| it.example(examples::put_customer()).stored();
    }
    /// What was made of a customer.
    CUSTOMER_HISTORY: "account-customers" "/api/v1/customers/:customer_id/history" (customer_id: CustomerId) {
        /// What was made of a customer, by whom, oldest first.
        list_customer_history: GET Scope<CustomersRead>, query: Parameters<tables::ListHistory>,
            answer: 200 Done<tables::HistoryPage> => |it| it.problems(&[CustomerNotFound]).stored();
    }
    /// What is kept of a person.
    CUSTOMER_EXPORT: "account-customers" "/api/v1/customers/:owner/export" (owner: OwnerId) {
        /// All that is kept of a person: group and segments, carts, contacts, orders.
        ///
        /// A person is a customer, or a guest, or who a service ordered for, as events and orders
        /// name the owner. Orders come in pages; what else there is stands on each.
        export_customer: GET Scope<CustomersRead>, query: Parameters<customers::ExportPage>,
            answer: 200 Done<customers::Export> => |it| it.problems(&[CustomerNotFound]).stored();
    }
    /// Erasing a person.
    CUSTOMER_ERASE: "account-customers" "/api/v1/customers/:owner/erase" (owner: OwnerId) {
        /// Erase a person: names, addresses, e-mails and notes of theirs, for good.
        ///
        /// A customer's group and segments go too. Orders, money and what happened stay, under the
        /// owner's id. A checkout of theirs that is open ends. Orders that are not sent yet cannot be sent any more: export first.
        erase_customer: POST Scope<CustomersWrite>, body: Json<operations::Act>, change: MustBeKeyed,
            answer: 200 Done<Rendered<customers::Erased>> => |it| it.example(examples::act())
                .problems(&[CustomerNotFound, CartLocked]).stored();
    }
    /// Payment methods that are saved.
    PAYMENT_METHODS: "account-payment-methods" "/api/v1/payment-methods" {
        /// The cards that the caller has saved, newest first.
        ///
        /// For customers, who save one by a confirm with `save_payment_method`; a guest has none.
        /// The payment provider keeps them and is asked each time, unless nothing was ever saved.
        list_payment_methods: GET Owner,
            answer: 200 Done<payment_methods::PaymentMethods> => |it| it.problems(&[ProviderUnavailable, ProviderTimeout]).stored();
    }
    /// One payment method that is saved.
    PAYMENT_METHOD: "account-payment-methods" "/api/v1/payment-methods/:payment_method_id" (payment_method_id: PaymentMethodId) {
        /// Remove a saved card of the caller's: nobody can pay with it any more.
        ///
        /// One that is not theirs is 404, and so is one that is removed already.
        remove_payment_method: DELETE Owner,
            answer: 200 Done<payment_methods::PaymentMethodRemoved> => |it| it
                .problems(&[PaymentMethodNotFound, ProviderUnavailable, ProviderTimeout]).stored();
    }
    /// Accounts of stored value.
    ACCOUNTS: "account-stored-value" "/api/v1/accounts" {
        /// Accounts of points, credit and gift cards, page by page.
        ///
        /// A customer's own; everybody's for a service, or one customer's.
        list_accounts: GET OwnerOr<CustomersRead>, query: Parameters<stored_value::ListAccounts>,
            answer: 200 Done<stored_value::AccountPage> => |it| it.stored();
        /// Open a customer's account of points or credit.
        ///
        /// A customer has one account of a kind and currency.
        open_account: POST Scope<MoneyWrite>, body: Json<stored_value::OpenAccount>, change: MustBeKeyed,
            answer: 201 Done<Rendered<stored_value::Account>> => |it| it.example(examples::open_account()).located()
                .link("view_account", "account_id", "account_id").problems(&[AccountExists, CurrencyUnsupported]).stored();
    }
    /// One account of stored value.
    ACCOUNT: "account-stored-value" "/api/v1/accounts/:account_id" (account_id: AccountId) {
        /// An account as it is.
        view_account: GET OwnerOr<CustomersRead>,
            answer: 200 Done<Rendered<stored_value::Account>> => |it| it.problems(&[AccountNotFound]).stored();
    }
    /// What moved in an account.
    ACCOUNT_ENTRIES: "account-stored-value" "/api/v1/accounts/:account_id/entries" (account_id: AccountId) {
        /// An account's statement: its entries, newest first, page by page.
        list_account_entries: GET OwnerOr<CustomersRead>, query: Parameters<stored_value::ListEntries>,
            answer: 200 Done<stored_value::Statement> => |it| it.problems(&[AccountNotFound]).stored();
    }
    /// More for an account.
    ACCOUNT_TOP_UPS: "account-stored-value" "/api/v1/accounts/:account_id/top-ups" (account_id: AccountId) {
        /// Put more into an account.
        top_up_account: POST Scope<MoneyWrite>, body: Json<stored_value::TopUp>, change: MustBeKeyed,
            answer: 200 Done<Rendered<stored_value::AccountEntered>> => |it| it.example(examples::top_up_account())
                .problems(&[AccountNotFound, AccountExpired, BalanceTooHigh]).stored();
    }
    /// Corrections of an account.
    ACCOUNT_CORRECTIONS: "account-stored-value" "/api/v1/accounts/:account_id/corrections" (account_id: AccountId) {
        /// Correct an account by a difference of either sign.
        ///
        /// Never below zero, nor below what is held of it.
        correct_account: POST Scope<MoneyWrite>, body: Json<stored_value::Correct>, change: MustBeKeyed,
            answer: 200 Done<Rendered<stored_value::AccountEntered>> => |it| it.example(examples::correct_account())
                .problems(&[AccountNotFound, BalanceTooHigh, BalanceTooLow]).stored();
    }
    /// Gift cards.
    GIFT_CARDS: "account-stored-value" "/api/v1/gift-cards" {
        /// Issue a gift card: an account that is whose who has its code.
        ///
        /// The code is shown this once, and to replays of the same key. It is kept hashed.
        issue_gift_card: POST Scope<MoneyWrite>, body: Json<stored_value::IssueGiftCard>, change: MustBeKeyed,
            answer: 201 Done<stored_value::GiftCardIssued> => |it| it.example(examples::issue_gift_card()).located()
                .problems(&[CurrencyUnsupported]).stored();
    }
    /// Gift cards that customers make theirs.
    GIFT_CARD_ASSIGN: "account-stored-value" "/api/v1/gift-cards/assign" {
        /// Make a gift card the caller's, by its code.
        ///
        /// For customers. A card that is somebody else's, or past its time, is as if it had never
        /// been. Who tries 10 codes in an hour that are none waits for the next.
        assign_gift_card: POST Owner, body: Json<stored_value::AssignGiftCard>, change: MustBeKeyed,
            answer: 200 Done<Rendered<stored_value::Account>> => |it| it.example(examples::assign_gift_card())
                .problems(&[GiftCardNotFound, GiftCardAssigned, TooManyRequests]).stored();
    }
    /// What is owed to the payment provider.
    COMPENSATIONS: "ops-operations" "/api/v1/operations/compensations" {
        /// Voids, refunds and captures in one state, oldest first.
        ///
        /// Those that were given up, when no state is named.
        list_compensations: GET Scope<OperationsRead>, query: Parameters<operations::ListCompensations>,
            answer: 200 Done<operations::CompensationPage> => |it| it.stored();
    }
    /// One thing that is owed to the payment provider.
    COMPENSATION: "ops-operations" "/api/v1/operations/compensations/:compensation_id" (compensation_id: CompensationId) {
        /// A compensation with its payment, its order, and what operators did to it.
        view_compensation: GET Scope<OperationsRead>,
            answer: 200 Done<Rendered<operations::CompensationView>> => |it| it.problems(&[CompensationNotFound]).stored();
    }
    /// Trying again what is owed.
    RETRY_COMPENSATION: "ops-operations" "/api/v1/operations/compensations/:compensation_id/retry" (compensation_id: CompensationId) {
        /// Have a compensation tried again.
        ///
        /// One that was given up begins anew; one that waits for its time is due now.
        /// `compensation-retry` takes it within seconds.
        retry_compensation: POST Scope<OperationsWrite>, body: Json<operations::Act>, change: MustBeKeyed,
            answer: 200 Done<Rendered<operations::CompensationRetried>> => |it| it.example(examples::act())
                .problems(&[CompensationNotFound, AlreadySettled, BeingTried]).stored();
    }
    /// Settling what is owed.
    RESOLVE_COMPENSATION: "ops-operations" "/api/v1/operations/compensations/:compensation_id/resolve" (compensation_id: CompensationId) {
        /// Settle a compensation: nobody tries it any more.
        ///
        /// `done_by_hand` moves the payment to where it is now by the provider's own desk;
        /// `written_off` leaves it as it is.
        resolve_compensation: POST Scope<OperationsWrite>, body: Json<operations::ResolveCompensation>, change: MustBeKeyed,
            answer: 200 Done<Rendered<operations::CompensationResolved>> => |it| it.example(examples::resolve_compensation())
                .problems(&[CompensationNotFound, AlreadySettled, BeingTried, OutcomeImpossible]).stored();
    }
    /// Events on their way.
    EVENTS: "ops-operations" "/api/v1/operations/events" {
        /// Events in one state that are not published, oldest first.
        ///
        /// Those that were given up, when no state is named.
        list_events: GET Scope<OperationsRead>, query: Parameters<operations::ListEvents>,
            answer: 200 Done<operations::EventPage> => |it| it.stored();
    }
    /// One event.
    EVENT: "ops-operations" "/api/v1/operations/events/:event_id" (event_id: EventId) {
        /// An event in whatever state, with its data and what operators did to it.
        view_event: GET Scope<OperationsRead>, answer: 200 Done<Rendered<operations::EventView>> => |it| it.problems(&[EventNotFound]).stored();
    }
    /// Sending an event again.
    RETRY_EVENT: "ops-operations" "/api/v1/operations/events/:event_id/retry" (event_id: EventId) {
        /// Have an event sent again.
        ///
        /// It goes before those of its subject that still wait, and comes after those that went out
        /// while it was given up: a receiver tells by `sequence`.
        retry_event: POST Scope<OperationsWrite>, body: Json<operations::Act>, change: MustBeKeyed,
            answer: 200 Done<Rendered<operations::EventRetried>> => |it| it.example(examples::act())
                .problems(&[EventNotFound, AlreadySettled, BeingTried]).stored();
    }
    /// Giving an event up for good.
    RESOLVE_EVENT: "ops-operations" "/api/v1/operations/events/:event_id/resolve" (event_id: EventId) {
        /// Give an event up for good: nobody sends it, and the next of its subject goes.
        resolve_event: POST Scope<OperationsWrite>, body: Json<operations::Act>, change: MustBeKeyed,
            answer: 200 Done<Rendered<operations::EventResolved>> => |it| it.example(examples::act())
                .problems(&[EventNotFound, AlreadySettled, BeingTried]).stored();
    }
    /// What other programs have told (EVT-3).
    INBOX: "ops-operations" "/api/v1/operations/inbox" {
        /// Events of other programs in one state, by when they are due.
        ///
        /// Those that could not be worked, when no state is named.
        list_inbox: GET Scope<OperationsRead>, query: Parameters<operations::ListInbox>,
            answer: 200 Done<operations::InboxPage> => |it| it.stored();
    }
    /// Working an event of another program anew.
    RETRY_TOLD: "ops-operations" "/api/v1/operations/inbox/retry" {
        /// Have an event of another program tried anew.
        retry_told_event: POST Scope<OperationsWrite>, body: Json<operations::ActOnTold>, change: MustBeKeyed,
            answer: 200 Done<Rendered<operations::ToldActedOn>> => |it| it.example(examples::act_on_told())
                .problems(&[EventNotFound, AlreadySettled, BeingTried]).stored();
    }
    /// Giving an event of another program up for good.
    RESOLVE_TOLD: "ops-operations" "/api/v1/operations/inbox/resolve" {
        /// Give an event of another program up for good.
        resolve_told_event: POST Scope<OperationsWrite>, body: Json<operations::ActOnTold>, change: MustBeKeyed,
            answer: 200 Done<Rendered<operations::ToldActedOn>> => |it| it.example(examples::act_on_told())
                .problems(&[EventNotFound, AlreadySettled, BeingTried]).stored();
    }
    /// Telling the shop (EVT-3).
    TOLD_EVENTS: "event-inbox" "/api/v1/events" {
        /// Tell what has happened elsewhere: a CloudEvent, structured or binary.
        ///
        /// It is kept, once for its source and id, and worked within seconds: 202. What was told before
        /// is answered with 200. What comes too early is tried again for `give_up_seconds`.
        publish_event: POST Scope<EventsPublish>, body: CloudEventBody,
            answer: 202 | 200 Done<inbox::EventTaken> => |it| it.example(examples::publish_event()).example(examples::told_customer()).binary().stored();
    }
    /// What Dapr asks for.
    DAPR_SUBSCRIPTIONS: "event-inbox" "/dapr/subscribe" {
        /// The topics that the shop wants to be told of by Dapr, and where.
        list_subscriptions: GET Open, answer: 200 Done<Vec<inbox::Subscription>> => |it| it;
    }
    /// What Dapr brings.
    DAPR_EVENTS: "event-inbox" "/events/:topic" (topic: TopicName) {
        /// Take in an event that Dapr brings for a topic.
        ///
        /// Dapr says its `APP_API_TOKEN`, which is a service token of ours, in `dapr-api-token`. What is no
        /// event is dropped, with an alert; what cannot be worked is kept for an operator.
        receive_dapr_event: POST ByDapr<EventsPublish>, body: BroughtEvent,
            answer: 200 Done<inbox::DaprAnswer> => |it| it.example(examples::publish_event()).example(examples::told_customer()).binary().problems(&[EntryNotFound]).stored();
    }
    /// Receivers of events.
    RECEIVERS: "event-receivers" "/api/v1/receivers" {
        /// Receivers of events, those too that are paused, with the sink and the hosts they may be at.
        list_receivers: GET Scope<EventsRead>, query: Parameters<receivers::ListReceivers>,
            answer: 200 Done<receivers::ReceiverPage> => |it| it.stored();
    }
    /// A receiver of events.
    RECEIVER: "event-receivers" "/api/v1/receivers/:receiver_id" (receiver_id: ReceiverId) {
        /// A receiver, and how it is doing. Its secrets are shown to nobody.
        view_receiver: GET Scope<EventsRead>,
            answer: 200 Done<receivers::ReceiverView> => |it| it.problems(&[EntryNotFound]).stored();
        /// Add or replace a receiver.
        ///
        /// A new one is given its secret with the reply, and nowhere else: whose reply was lost asks
        /// for another. It is sent what happens from now on.
        put_receiver: PUT Scope<EventsWrite>, makes: true, body: Json<receivers::ReceiverFacts>,
            answer: 200 Done<receivers::ReceiverPut> => |it| it.example(examples::put_receiver()).problems(&[TooManyReceivers]).stored();
        /// Delete a receiver with its secrets and all that waits for it.
        delete_receiver: DELETE Scope<EventsWrite>, change: Keyed,
            answer: 200 Done<Rendered<tables::Deleted>> => |it| it.problems(&[EntryNotFound]).stored();
    }
    /// Asking whether a receiver takes events.
    TEST_RECEIVER: "event-receivers" "/api/v1/receivers/:receiver_id/test" (receiver_id: ReceiverId) {
        /// Send a receiver an event of its own, now, and tell what it answered.
        ///
        /// The event is of the type `receivers.receiver.tested` and goes to it alone, whatever its
        /// filter, once.
        test_receiver: POST Scope<EventsWrite>,
            answer: 200 Done<receivers::ReceiverTest> => |it| it.problems(&[EntryNotFound]).stored();
    }
    /// Secrets of a receiver.
    RECEIVER_SECRETS: "event-receivers" "/api/v1/receivers/:receiver_id/secrets" (receiver_id: ReceiverId) {
        /// Give a receiver another secret.
        ///
        /// Its events are signed with the new one and, for `old_valid_seconds`, with those before it.
        /// There is no `Idempotency-Key`, since a secret is kept nowhere in the open: whose reply was
        /// lost asks again, and the old ones go on as they would have.
        rotate_receiver_secret: POST Scope<EventsWrite>, body: Json<receivers::Rotate>,
            answer: 201 Done<receivers::Rotated> => |it| it.example(examples::rotate_receiver_secret()).problems(&[EntryNotFound]).stored();
    }
    /// What a receiver was or is to be sent.
    DELIVERIES: "event-receivers" "/api/v1/receivers/:receiver_id/deliveries" (receiver_id: ReceiverId) {
        /// What a receiver was or is to be sent, in one state, newest first.
        ///
        /// What was given up, when no state is named.
        list_deliveries: GET Scope<EventsRead>, query: Parameters<receivers::ListDeliveries>,
            answer: 200 Done<receivers::DeliveryPage> => |it| it.problems(&[EntryNotFound]).stored();
    }
    /// Sending a receiver again what was given up.
    RETRY_DELIVERIES: "event-receivers" "/api/v1/receivers/:receiver_id/retry" (receiver_id: ReceiverId) {
        /// Have what was given up for a receiver sent again: one event, or all, 1,000 at once.
        ///
        /// They go before those of their subjects that still wait, and come after those that went out
        /// meanwhile: a receiver tells by `sequence`.
        retry_deliveries: POST Scope<EventsWrite>, body: Json<receivers::ActOnDeliveries>, change: MustBeKeyed,
            answer: 200 Done<Rendered<receivers::ActedOn>> => |it| it.example(examples::act())
                .problems(&[EntryNotFound, AlreadySettled]).stored();
    }
    /// Giving up for good what a receiver did not take.
    RESOLVE_DELIVERIES: "event-receivers" "/api/v1/receivers/:receiver_id/resolve" (receiver_id: ReceiverId) {
        /// Give what was given up for a receiver up for good: one event, or all, 1,000 at once.
        resolve_deliveries: POST Scope<EventsWrite>, body: Json<receivers::ActOnDeliveries>, change: MustBeKeyed,
            answer: 200 Done<Rendered<receivers::ActedOn>> => |it| it.example(examples::act())
                .problems(&[EntryNotFound, AlreadySettled]).stored();
    }
    /// What somebody has to look at.
    ALERTS: "ops-operations" "/api/v1/operations/alerts" {
        /// Alerts, oldest first.
        list_alerts: GET Scope<OperationsRead>, query: Parameters<operations::ListAlerts>,
            answer: 200 Done<operations::AlertPage> => |it| it.stored();
    }
    /// Does the component run?
    HEALTH_LIVE: "ops-health" "/health/live" {
        /// The component runs.
        live: GET Open, answer: 200 Done<ops::Live> => |it| it;
    }
    /// Can requests be served?
    HEALTH_READY: "ops-health" "/health/ready" {
        /// The database answers and has the schema.
        ready: GET Open, answer: 200 | 503 Done<ops::Health> => |it| it.later();
    }
    /// As ready.
    HEALTH: "ops-health" "/health" {
        /// As `/health/ready`.
        health: GET Open, answer: 200 | 503 Done<ops::Health> => |it| it.later();
    }
    /// Everything we call, each timed.
    HEALTH_DEPENDENCIES: "ops-health" "/health/dependencies" {
        /// Database, key-value store, payment provider and event sink, each timed.
        ///
        /// For who looks after the shop: each look is a call to all of them.
        health_dependencies: GET Scope<OperationsRead>, answer: 200 | 503 Done<ops::Health> => |it| it.later();
    }
    /// The variables in force, secrets masked.
    CONFIG: "ops-config" "/api/v1/config" {
        /// Every variable in force, secrets masked, and those that will not do.
        show_config: GET Scope<ConfigRead>, answer: 200 Done<ops::Variables> => |it| it;
    }
    /// The schema of the database.
    MIGRATE: "ops-migrate" "/internal/migrate" {
        /// The version of the database's schema, and the one that is needed.
        show_schema: GET Scope<SchemaMigrate>, answer: 200 Done<ops::SchemaVersion> => |it| it.stored();
        /// Set up an empty database, or lead an older one to the schema that is needed.
        migrate: POST Scope<SchemaMigrate>, answer: 200 Done<ops::Migrated> => |it| it.stored();
    }
    /// What answers here.
    INDEX: "ops-openapi" "/" {
        /// What answers here, and where it is described.
        index: GET Open, answer: 200 Done<ops::Index> => |it| it;
    }
    /// This document.
    OPENAPI: "ops-openapi" "/openapi.json" {
        /// This document.
        openapi: GET Open, answer: 200 File<Document> => |it| it.tagged();
    }
    /// This document as a page.
    DOCS: "ops-openapi" "/docs" {
        /// This document as a page to read.
        docs: GET Open, answer: 200 File<Page> => |it| it.tagged();
    }
}
