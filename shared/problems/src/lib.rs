//! Every problem a client can be told, in one table: what it means, its status, its code, its
//! title, and what a client does about it.
//!
//! A code is part of the API: rows are added, and neither code nor status nor title of one is
//! changed or removed. The `type` of a problem is [`Code::type_uri`], stable for the same reason.
//! `docs/problems.md` is made of the table (`shared/api`).

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident: $status:literal $slug:literal $title:literal => $advice:literal,)+) => {
        /// What kind of problem it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable name on the wire (`code`).
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug),+ }
            }

            /// The HTTP status it is answered with.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status),+ }
            }

            /// The title: the same for every occurrence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }

            /// What it means, in a sentence or two.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii()),+ }
            }

            /// What a client does about it.
            #[must_use]
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice),+ }
            }
        }
    };
}

codes! {
    /// The body is not JSON, or is missing.
    MalformedJson: 400 "malformed_json" "The body is not valid JSON"
        => "Send a body that is valid JSON.",
    /// A field, header, query or path value has the wrong form; `field` names it.
    InvalidField: 400 "invalid_field" "A value is not acceptable"
        => "Correct the value that `field` names; `detail` says what would be right.",
    /// A field or query parameter that the endpoint does not know; `field` names it.
    UnknownField: 400 "unknown_field" "A field is not known here"
        => "Remove the field or parameter that `field` names, or correct its name.",
    /// The Idempotency-Key header is malformed.
    InvalidIdempotencyKey: 400 "invalid_idempotency_key" "The Idempotency-Key is malformed"
        => "Send a key of 1 to 255 visible ASCII characters, such as a UUID.",
    /// The Idempotency-Key header is missing where money or stock moves by a program.
    IdempotencyKeyRequired: 400 "idempotency_key_required" "An Idempotency-Key is needed"
        => "Send the header `Idempotency-Key`, a new one for each change and the same one for each \
            try of it.",
    /// The endpoint needs a credential and got none.
    CredentialMissing: 401 "credential_missing" "A credential is needed"
        => "Send `Authorization: Bearer …`.",
    /// The credential is malformed, expired, or not for this service.
    CredentialInvalid: 401 "credential_invalid" "The credential is not valid"
        => "Get a new credential: a customer's session lasts 15 minutes. A guest whose token is \
            refused opens a new cart.",
    /// The payment was declined; `decline_code` says why.
    PaymentDeclined: 402 "payment_declined" "The payment was declined"
        => "Ask the buyer for another payment method and confirm again with it. The stock stays \
            held until `reserved_until_ms`.",
    /// The payer must act first (for instance 3-D Secure).
    PaymentActionRequired: 402 "payment_action_required" "The payment needs an action by the payer"
        => "Let the buyer act until `reserved_until_ms`, with `client_secret` or at \
            `next_action_url`, then confirm again with the same key.",
    /// The credential is valid and not allowed to do this.
    ScopeMissing: 403 "scope_missing" "The credential is not allowed to do this"
        => "Use a credential that may do this; `detail` says which.",
    /// No such path.
    NotFound: 404 "not_found" "There is nothing here"
        => "Correct the path.",
    /// No such cart, or not the caller's.
    CartNotFound: 404 "cart_not_found" "There is no such cart"
        => "Open a cart with `POST /api/v1/cart`; an owner whose cart has expired gets its lines back.",
    /// No such line in the cart.
    LineNotFound: 404 "line_not_found" "There is no such line in the cart"
        => "Read the cart again: the line is gone.",
    /// No such share of the caller's cart.
    ShareNotFound: 404 "share_not_found" "There is no such share of the cart"
        => "Ask the cart's owner for a new link.",
    /// The order has no such shipment.
    ShipmentNotFound: 404 "shipment_not_found" "There is no such shipment of the order"
        => "Read the order: `shipments` are all there are.",
    /// The order has no such return.
    ReturnNotFound: 404 "return_not_found" "There is no such return of the order"
        => "Read the order: `returns` are all there are.",
    /// No such checkout session, or not the caller's.
    SessionNotFound: 404 "session_not_found" "There is no such checkout session"
        => "Begin the checkout again.",
    /// The cart, or the promotion, has no such code.
    CodeNotFound: 404 "code_not_found" "There is no such code here"
        => "Read the codes again.",
    /// No such order, or not the caller's.
    OrderNotFound: 404 "order_not_found" "There is no such order"
        => "Correct the id. Only its owner sees it.",
    /// Nothing of such a customer is kept.
    CustomerNotFound: 404 "customer_not_found" "Nothing is kept of such a customer"
        => "Correct the owner, as events and orders name it: `customer:` or `guest:` and who. After an erasure there is nothing left to erase.",
    /// No such account of stored value, or not the caller's.
    AccountNotFound: 404 "account_not_found" "There is no such account"
        => "Correct the id. Only its customer sees it.",
    /// No gift card that could be assigned has this code.
    GiftCardNotFound: 404 "gift_card_not_found" "There is no such gift card"
        => "Ask the buyer to look at the code again. A card that is somebody else's, or past its \
            time, is answered so too.",
    /// No such payment method, or not one that the caller has saved.
    PaymentMethodNotFound: 404 "payment_method_not_found" "There is no such payment method"
        => "List the payment methods again: it is removed, or was never the caller's.",
    /// No such SKU in the catalog.
    SkuNotFound: 404 "sku_not_found" "There is no such SKU"
        => "Correct the SKU, or add it with `PUT`.",
    /// A table of the catalog has no such entry.
    EntryNotFound: 404 "entry_not_found" "There is no such entry"
        => "Correct what the path names, or add it with `PUT`.",
    /// No such compensation.
    CompensationNotFound: 404 "compensation_not_found" "There is no such compensation"
        => "Correct the id.",
    /// No such event.
    EventNotFound: 404 "event_not_found" "There is no such event"
        => "Correct the id.",
    /// The path exists and does not take this method; `Allow` lists those it takes.
    MethodNotAllowed: 405 "method_not_allowed" "The method is not allowed here"
        => "Use a method that `Allow` lists.",
    /// A confirm is running on this cart.
    CartLocked: 409 "cart_locked" "A confirm is running on this cart"
        => "Wait as `Retry-After` says, then send it again.",
    /// The cart was confirmed already.
    CartCompleted: 409 "cart_completed" "The cart was confirmed already"
        => "Show the order that `order_id` names, if it is there. The next purchase needs a new cart.",
    /// Another payment of the same checkout has taken this one's place; it takes no money any more.
    PaymentSuperseded: 409 "payment_superseded" "Another payment has taken this one's place"
        => "Follow the attempt that took its place; nothing is charged for this one.",
    /// A request with this Idempotency-Key is still running.
    IdempotencyInProgress: 409 "idempotency_in_progress" "A request with this key is still running"
        => "Wait as `Retry-After` says, then send it again with the same key.",
    /// The total moved since the session; `agreed_total` and `current_total` say how.
    PriceChanged: 409 "price_changed" "The total has changed"
        => "Show the buyer `differences` and `current_total`; if they agree, confirm again with this \
            `quote_hash`.",
    /// A promotion that the buyer was shown has ended, or is used up; `agreed_total` and
    /// `current_total` say what that does.
    PromotionExpired: 409 "promotion_expired" "A promotion has ended"
        => "Show the buyer `differences` and `current_total`; if they agree, confirm again with this \
            `quote_hash`.",
    /// A promotion's limit or budget may not be less than what has been used of it.
    LimitBelowUse: 409 "limit_below_use" "More than that has been used already"
        => "Read what has been used, and give a limit that is not below it; or set `active` to `false` to end it now.",
    /// The total the client expected is not the computed one.
    TotalMismatch: 409 "total_mismatch" "The expected total is not the computed one"
        => "Look at `current_total`; if you agree, send it as `expected_total`.",
    /// The checkout session is past its time or was used.
    SessionExpired: 409 "session_expired" "The checkout session has expired"
        => "Begin the checkout again.",
    /// The cart changed since the checkout session began.
    SessionStale: 409 "session_stale" "The cart has changed since the checkout began"
        => "Show the buyer `differences` and `current_total`; if they agree, confirm again with this \
            `quote_hash`, or begin the checkout again.",
    /// The order's state does not allow this; `legal` lists what it does.
    IllegalTransition: 409 "illegal_transition" "The order's state does not allow this"
        => "Read the order again; `legal` lists where it can go.",
    /// The stock held for this confirm went back to the shelf before its order could be made;
    /// nothing is charged.
    ReservationExpired: 409 "reservation_expired" "The reservation has expired"
        => "Confirm again: the stock is reserved again, if there is any.",
    /// The order waits for no money at the door or from elsewhere: it is paid otherwise, was paid, is
    /// cancelled, or waits for a person first.
    PaymentNotDue: 409 "payment_not_due" "No money is waited for"
        => "Read the order: `payment_method` and `payment_status` say how it is paid, and whether it was.",
    /// The shop's rules of fraud have found too much in a confirm: there is no order, and nothing is
    /// held or charged.
    OrderDenied: 422 "order_denied" "The shop does not take this order"
        => "Do not try again: nothing is charged. Whoever thinks that it is a mistake writes to the shop.",
    /// The order's money is not held for it: it was taken, given back, or nobody outside was asked.
    PaymentNotCapturable: 409 "payment_not_capturable" "No money is held for the order"
        => "Read the order: `payment_status` says what has become of its money.",
    /// The order's money was not taken, or the order is over.
    PaymentNotRefundable: 409 "payment_not_refundable" "Nothing of the order can be refunded"
        => "Read the order: `payment_status` says what has become of its money. What is only held is captured first, or goes back with a cancel.",
    /// The shop cancels whole orders only.
    PartialCancellationDisabled: 409 "partial_cancellation_disabled" "The shop cancels no parts of orders"
        => "Cancel the whole order, or write to the shop.",
    /// The time in which goods of the order may be sent back is over.
    ReturnTooLate: 409 "return_too_late" "It is too late to send this back"
        => "Write to the shop: it may still take the goods back.",
    /// The shop takes no goods back, or not from orders in this state.
    ReturnsDisabled: 409 "returns_disabled" "The shop takes no returns"
        => "Write to the shop.",
    /// The return's state does not allow this.
    ReturnStepIllegal: 409 "return_step_illegal" "The return's state does not allow this"
        => "Read the order: `returns` say how far each has come, and `detail` says where it can go.",
    /// The order was paid at the door, or elsewhere: a cancel gives no such money back.
    PaymentCollected: 409 "payment_collected" "The shop has the money already"
        => "Hand the money back by a refund first; a buyer asks the shop.",
    /// The order's money is neither held nor taken: its capture was given up, or it has all gone back.
    OrderUnpaid: 409 "order_unpaid" "The order is not paid"
        => "Read the order: `payment_status` says what has become of its money. Ship it once that is settled.",
    /// The order or its payment is in motion; `Retry-After` says when to try again.
    OrderBusy: 409 "order_busy" "The order is being changed"
        => "Wait as `Retry-After` says, then send it again.",
    /// What was given up has been done, sent or settled meanwhile, or there is nothing left to do
    /// for it.
    AlreadySettled: 409 "already_settled" "It is settled already"
        => "Read it again; there is nothing to do.",
    /// A worker has it, or it was changed just now; `Retry-After` says when to look again.
    BeingTried: 409 "being_tried" "It is being tried"
        => "Wait as `Retry-After` says, then read it again.",
    /// The customer has an account of this kind and currency already.
    AccountExists: 409 "account_exists" "The customer has such an account already"
        => "List the customer's accounts, and top that one up.",
    /// The account's time is over.
    AccountExpired: 409 "account_expired" "The account's time is over"
        => "Issue another gift card.",
    /// The gift card is the caller's already.
    GiftCardAssigned: 409 "gift_card_assigned" "The gift card is yours already"
        => "List the accounts: it is among them.",
    /// Something still refers to this entry, so it stays as it is; `detail` says what.
    InUse: 409 "in_use" "Something still refers to this"
        => "Change or delete first what `detail` names.",
    /// The version in If-Match is not the current one; `current` carries what is.
    VersionConflict: 412 "version_conflict" "It has changed since you read it"
        => "Read it again, decide again, and send it with the version in `ETag` as `If-Match`.",
    /// The body is larger than allowed.
    BodyTooLarge: 413 "body_too_large" "The body is too large"
        => "Send at most `limit_bytes`.",
    /// The body is not announced as JSON.
    UnsupportedMediaType: 415 "unsupported_media_type" "The body must be application/json"
        => "Send `Content-Type: application/json`.",
    /// The same Idempotency-Key came with another request.
    IdempotencyKeyReused: 422 "idempotency_key_reused" "The key was used for another request"
        => "Use a new key: this one is another request's.",
    /// The SKU does not exist or is not sold.
    SkuUnknown: 422 "sku_unknown" "The SKU is not known"
        => "Do not offer it any more: it is not sold, or no longer sold.",
    /// The SKU has no price in the cart's currency.
    SkuNotSoldInCurrency: 422 "sku_not_sold_in_currency" "The SKU is not sold in this currency"
        => "Open a cart in another currency, or give the SKU a price in this one.",
    /// The quantity is outside the limits; `minimum` and `maximum` say which.
    QuantityOutOfRange: 422 "quantity_out_of_range" "The quantity is out of range"
        => "Ask for a quantity from `minimum` to `maximum`.",
    /// The cart is full.
    TooManyLines: 422 "too_many_lines" "The cart has too many lines"
        => "Remove lines, or place two orders.",
    /// The cart has as many live shares as it may; `maximum` says how many.
    TooManyShares: 422 "too_many_shares" "The cart has too many shares"
        => "Revoke a share first; there may be `maximum` at once.",
    /// The shop has as many receivers of events as it may; `maximum` says how many.
    TooManyReceivers: 422 "too_many_receivers" "The shop has too many receivers"
        => "Delete a receiver first; there may be `maximum`.",
    /// The code does nothing for this cart; `refused_code` says why.
    CodeRefused: 422 "code_refused" "The code does nothing for this cart"
        => "Tell the buyer why: `refused_code` has the reason, and what is missing where more in the cart would do.",
    /// The cart has as many codes as it may; `maximum` says how many.
    TooManyCodes: 422 "too_many_codes" "The cart has too many codes"
        => "Remove a code first; there may be `maximum`.",
    /// The attributes of a cart's lines are too long together.
    TooManyAttributes: 422 "too_many_attributes" "The attributes of the cart's lines are too long together"
        => "Send fewer, or shorter ones; `maximum` is how many characters all lines may have together, as JSON.",
    /// There is not enough stock; `lines` lists where.
    InsufficientStock: 422 "insufficient_stock" "There is not enough stock"
        => "Ask for less of what `lines` lists, or remove it.",
    /// The currency is not sold in.
    CurrencyUnsupported: 422 "currency_unsupported" "The currency is not supported"
        => "Use a currency that the shop sells in.",
    /// The cart has no lines.
    CartEmpty: 422 "cart_empty" "The cart is empty"
        => "Add something first.",
    /// The total is above what is accepted.
    AmountAboveCeiling: 422 "amount_above_ceiling" "The amount is above the ceiling"
        => "Buy less in one order; `detail` names the ceiling.",
    /// The total is below what is accepted.
    AmountBelowMinimum: 422 "amount_below_minimum" "The amount is below the minimum"
        => "Buy more in one order; `detail` names the minimum.",
    /// A line's goods have no price above zero: our mistake, with an alert.
    AmountZeroUnpriced: 422 "amount_zero_unpriced" "The goods have no price"
        => "Tell the shop: goods without a price are its mistake, and it has an alert.",
    /// The total is below zero: our mistake, with an alert.
    AmountNegative: 422 "amount_negative" "The amount is negative"
        => "Tell the shop: it is its mistake, and it has an alert.",
    /// The country is not served.
    CountryUnsupported: 422 "country_unsupported" "The country is not served"
        => "Use an address in a country that the shop sends to.",
    /// The shipping method does not exist for this address and cart.
    ShippingMethodUnavailable: 422 "shipping_method_unavailable" "The shipping method is not available"
        => "Choose a method that `GET /api/v1/cart/shipping-methods` lists; `detail` names them too.",
    /// The order cannot be paid on delivery: not there, not in this currency, or not for that much.
    CashOnDeliveryUnavailable: 422 "cash_on_delivery_unavailable" "The order cannot be paid on delivery"
        => "Offer it where the cart's totals have `cash_on_delivery`.",
    /// The order cannot be paid elsewhere: not there, not in this currency, or not for that much.
    ExternalPaymentUnavailable: 422 "external_payment_unavailable" "The order cannot be paid elsewhere"
        => "Offer it where the cart's totals have `external`.",
    /// The gift wrap is none that the shop has in the cart's currency.
    GiftWrapUnavailable: 422 "gift_wrap_unavailable" "The gift wrap is not available"
        => "Choose one of `gift_wraps` in the cart's totals, or none.",
    /// A line has no price any more.
    PriceMissing: 422 "price_missing" "A line has no price"
        => "Remove the line that `detail` names: it is not sold any more.",
    /// The tax class of a line, of a fee, or of shipping has no rate at this destination.
    TaxMissing: 422 "tax_missing" "There is no tax rate for this destination"
        => "Tell the shop: its tax table lacks this destination or class.",
    /// The payment provider does not take the payment method: it does not know it, or it is another
    /// customer's, or nobody's any more.
    PaymentMethodInvalid: 422 "payment_method_invalid" "The payment method is not valid"
        => "Ask the buyer for another payment method, and confirm with that.",
    /// What is said of the money cannot be, by what is known of the payment.
    OutcomeImpossible: 422 "outcome_impossible" "The payment does not allow this outcome"
        => "Read the payment; resolve it with the outcome that it allows.",
    /// The warehouse has no row.
    WarehouseUnknown: 422 "warehouse_unknown" "The warehouse is not known"
        => "Correct the warehouse.",
    /// The adjustment would leave less stock than is reserved.
    StockNegative: 422 "stock_negative" "There is not that much stock to take away"
        => "Read the stock again; less can be taken away than is on hand and not reserved.",
    /// The accounts named would pay more than the order costs.
    StoredValueAboveTotal: 422 "stored_value_above_total" "The accounts would pay more than the total"
        => "Draw less: together at most `current_total`.",
    /// The account has less than that, or what it has is held for a checkout.
    BalanceTooLow: 422 "balance_too_low" "The account has less than that"
        => "Read the account again; no more can be taken than `balance_minor` less `held_minor`.",
    /// The account would have more than one may.
    BalanceTooHigh: 422 "balance_too_high" "The account would have more than one may"
        => "Put less in: an account has at most 100,000,000,000 minor units or points.",
    /// Too many attempts; `Retry-After` says when.
    TooManyRequests: 429 "too_many_requests" "Too many requests"
        => "Wait as `Retry-After` says.",
    /// Our fault. Details are in the log under `correlation_id`.
    Internal: 500 "internal" "Something went wrong on our side"
        => "Send it again later with the same key, and tell the shop the `correlation_id`.",
    /// The promotions cannot be read: our mistake, with an alert. A look at a cart goes on without them; a purchase does not.
    PromotionsUnavailable: 503 "promotions_unavailable" "The promotions cannot be read"
        => "Wait as `Retry-After` says, then send it again with the same key.",
    /// What says that it is from the payment provider is not signed by it, or too long ago.
    SignatureInvalid: 400 "signature_invalid" "The signature is not valid"
        => "Sign the very bytes of the body with the shop's secret, within five minutes.",
    /// The shop has no secret to verify the provider's webhooks with.
    WebhooksDisabled: 503 "webhooks_disabled" "Webhooks are not set up"
        => "Set `payment_webhook_secret`; the provider sends again what was refused.",
    /// The shop lets customers alone check out, and this is a guest.
    GuestCheckoutDisabled: 403 "guest_checkout_disabled" "Guests cannot check out"
        => "Have the buyer sign in; their cart comes along with `guest_token`.",
    /// The shop has switched promotions off.
    PromotionsDisabled: 503 "promotions_disabled" "There are no promotions at the moment"
        => "Do not ask for codes: the shop has switched promotions off.",
    /// The payment provider cannot be used now.
    ProviderUnavailable: 503 "provider_unavailable" "The payment provider is unavailable"
        => "Wait as `Retry-After` says, then send it again with the same key.",
    /// The provider answered with the reference of another payment; this one holds nothing.
    PaymentReferenceTaken: 503 "payment_reference_taken" "The payment provider named another payment"
        => "Wait as `Retry-After` says, then confirm again; nothing is charged for this one.",
    /// The database schema is older than the function: migrate.
    SchemaOutdated: 503 "schema_outdated" "The database has not been migrated"
        => "Wait as `Retry-After` says. The shop's operator migrates with `POST \
            /internal/migrate`.",
    /// The database did not get to it in time.
    DatabaseBusy: 503 "database_busy" "The database is busy"
        => "Wait as `Retry-After` says, then send it again with the same key.",
    /// The database cannot be reached.
    DatabaseUnavailable: 503 "database_unavailable" "The database is unavailable"
        => "Wait as `Retry-After` says, then send it again with the same key: whether it was done \
            is not known.",
    /// A configuration variable has an unusable value.
    ConfigurationInvalid: 503 "configuration_invalid" "The service is not configured correctly"
        => "Tell the shop's operator: `GET /api/v1/config` says which variable is wrong.",
    /// The customers' identity provider cannot be asked for its keys; `Retry-After` says when to
    /// try again.
    IdentityUnavailable: 503 "identity_unavailable" "The identity provider is unavailable"
        => "Wait as `Retry-After` says, then send it again.",
    /// The payment provider gave no answer in time; the payment is being followed up.
    ProviderTimeout: 504 "provider_timeout" "The payment provider did not answer in time"
        => "Wait as `Retry-After` says, then send it again with the same key: the payment is \
            followed up, and is never made twice.",
}

impl Code {
    /// The code with this slug.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.slug() == slug)
    }

    /// The problem's `type`.
    #[must_use]
    pub fn type_uri(self) -> String {
        format!("https://edgetill.dev/problems/{}", self.slug())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn slugs_are_distinct_snake_case_and_found_again() {
        let mut seen = HashSet::new();
        for &code in Code::ALL {
            let slug = code.slug();
            assert!(seen.insert(slug), "{slug} twice");
            assert!(slug.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{slug}");
            assert_eq!(Code::from_slug(slug), Some(code));
            assert!((400..=599).contains(&code.status()), "{slug}");
            assert!(
                code.meaning().ends_with('.')
                    && code.advice().ends_with('.')
                    && !code.title().ends_with('.'),
                "{slug}"
            );
        }
    }
}
