//! The client of Stripe's PaymentIntents API: manual capture, cancel, refunds; and of its customers
//! with the cards they saved.
//!
//! The simulator speaks the same part of that API, so the base URL is all that differs between a
//! test and money. An answer is believed only if its amount and currency are the ones asked for.
//!
//! Stripe has no question "what became of key K?". It has something as good: the same request under
//! the same key is answered with the stored first result, failures included (Stripe API reference,
//! "Idempotent requests"). That is what [`Stripe::look_up`] sends. One case is left: if the first
//! attempt ended in a 5xx, that 5xx is what Stripe stored. Then the payment is searched by its
//! metadata (API reference, "Search PaymentIntents"); search lags by up to a minute, so not finding
//! it proves nothing and the outcome stays unknown.
//!
//! Keys are forgotten after a day, and then the same request would be a second payment: whoever
//! comes late asks [`Stripe::find`] first. Refunds are listed by payment (API reference, "List all
//! refunds"), which does not lag.

use std::cmp::Reverse;

use form_urlencoded::Serializer;
use ports::{Http, HttpError, HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    breaker::Breaker,
    payment::{
        Authorization, AuthorizeRequest, Capture, Card, Payment, PaymentProvider, PaymentState,
        ProviderError, Refund, SavedCard, UnknownReason, Void, Wallets,
    },
};

/// The API version this client was written against; Stripe answers in its shape whatever the
/// account's default is.
pub const API_VERSION: &str = "2025-03-31.basil";

/// The field, of a form and of a refund's metadata, that carries our own name for a refund.
const REFERENCE_FIELD: &str = "metadata[reference]";

/// A payment's refunds are looked through page by page, a hundred each; nobody gives back in more
/// parts.
const REFUND_PAGES_MAX: u32 = 10;

/// Where and as whom to call. Has no `Debug`: the key must not reach a log.
#[derive(Clone)]
pub struct StripeSettings {
    /// `https://api.stripe.com`, or the simulator's base; without `/v1`.
    pub base_url: String,
    /// The secret API key.
    pub secret_key: String,
    /// Limit of each call.
    pub timeout_ms: u64,
}

/// Stripe, or whoever speaks its API at the base URL.
pub struct Stripe<'a> {
    settings: StripeSettings,
    http: &'a dyn Http,
    breaker: Breaker<'a>,
}

impl<'a> Stripe<'a> {
    /// A client over `http`, guarded by `breaker`.
    #[must_use]
    pub fn new(settings: StripeSettings, http: &'a dyn Http, breaker: Breaker<'a>) -> Self {
        Self { settings, http, breaker }
    }

    /// One call: gate, send, sort the answer by whether anything may have happened.
    async fn call(&self, call: Call<'_>) -> Result<Answer, ProviderError> {
        let pass = self.breaker.admit().map_err(|blocked| ProviderError::CircuitOpen {
            retry_after_ms: blocked.retry_after_ms,
        })?;
        let result = self.http.send(self.request(call)).await;
        match &result {
            Ok(response) if response.status < 500 => self.breaker.succeeded(pass),
            Ok(_) | Err(_) => self.breaker.failed(pass),
        }
        match result {
            Ok(response) => sort(response),
            Err(HttpError::NotSent(detail)) => {
                Err(ProviderError::NotSent { detail, retry_after_ms: None })
            }
            Err(HttpError::Timeout(detail)) => Err(unknown(UnknownReason::Timeout, detail)),
            Err(HttpError::Lost(detail)) => Err(unknown(UnknownReason::Lost, detail)),
        }
    }

    fn request(&self, call: Call<'_>) -> HttpRequest {
        let mut headers = vec![
            ("authorization".to_owned(), format!("Bearer {}", self.settings.secret_key)),
            ("stripe-version".to_owned(), API_VERSION.to_owned()),
        ];
        let url = format!("{}/v1/{}", self.settings.base_url, call.path);
        match call.effect {
            None => HttpRequest {
                method: call.method,
                url,
                headers,
                body: Vec::new(),
                timeout_ms: self.settings.timeout_ms,
            },
            Some(effect) => {
                headers.push((
                    "content-type".to_owned(),
                    "application/x-www-form-urlencoded".to_owned(),
                ));
                headers.push(("idempotency-key".to_owned(), effect.idempotency_key.to_owned()));
                HttpRequest {
                    method: call.method,
                    url,
                    headers,
                    body: effect.form.into_bytes(),
                    timeout_ms: self.settings.timeout_ms,
                }
            }
        }
    }

    async fn question(&self, path: String) -> Result<Answer, ProviderError> {
        self.call(Call { method: "GET", path, effect: None }).await
    }

    async fn effect(
        &self,
        path: String,
        form: &[(&str, &str)],
        idempotency_key: &str,
    ) -> Result<Answer, ProviderError> {
        let form = Serializer::new(String::new()).extend_pairs(form).finish();
        let effect = Some(Effect { form, idempotency_key });
        self.call(Call { method: "POST", path, effect }).await
    }

    /// The intent as it stands, where an error answer did not bring it along.
    async fn intent(&self, reference: &str) -> Result<Intent, ProviderError> {
        match self.question(format!("payment_intents/{}", segment(reference))).await? {
            Answer::Done(body) => read(&body),
            Answer::Refused(refusal) => Err(refusal.into_rejected()),
        }
    }

    /// The intent made under an idempotency key, if search knows it yet. Of several, which a
    /// forgotten key may have led to, the one over which most money moved.
    async fn search(&self, idempotency_key: &str) -> Result<Option<Intent>, ProviderError> {
        let quoted = idempotency_key.replace('\\', "\\\\").replace('\'', "\\'");
        let query = Serializer::new(String::new())
            .append_pair("query", &format!("metadata['idempotency_key']:'{quoted}'"))
            .finish();
        match self.question(format!("payment_intents/search?{query}")).await? {
            Answer::Done(body) => {
                let found: Page<Intent> = read(&body)?;
                // The first of equals: `min_by_key` keeps it.
                Ok(found.data.into_iter().min_by_key(|intent| Reverse(intent.status.weight())))
            }
            Answer::Refused(refusal) => Err(refusal.into_rejected()),
        }
    }

    /// One page of a payment's refunds, the newest first.
    async fn refunds(
        &self,
        reference: &str,
        after: Option<&str>,
    ) -> Result<Page<WireRefund>, ProviderError> {
        let mut query = Serializer::new(String::new());
        query.append_pair("payment_intent", reference).append_pair("limit", "100");
        if let Some(after) = after {
            query.append_pair("starting_after", after);
        }
        match self.question(format!("refunds?{}", query.finish())).await? {
            Answer::Done(body) => read(&body),
            Answer::Refused(refusal) => Err(refusal.into_rejected()),
        }
    }
}

impl PaymentProvider for Stripe<'_> {
    async fn authorize(&self, request: &AuthorizeRequest) -> Result<Authorization, ProviderError> {
        let amount = request.amount_minor.to_string();
        let currency = request.currency.to_ascii_lowercase();
        let mut form = vec![
            ("amount", amount.as_str()),
            ("currency", currency.as_str()),
            ("capture_method", "manual"),
            ("metadata[saga_id]", request.saga_id.as_str()),
            ("metadata[order_reference]", request.order_reference.as_str()),
            ("metadata[idempotency_key]", request.idempotency_key.as_str()),
        ];
        form.extend(request.customer.iter().map(|customer| ("customer", customer.as_str())));
        if request.saves_method {
            // Their next payments are made with them there, as this one is: nothing of it is agreed
            // to that would be taken behind their back.
            form.push(("setup_future_usage", "on_session"));
        }
        match &request.payment_method {
            Some(token) => {
                form.extend([
                    ("payment_method", token.as_str()),
                    ("payment_method_types[]", "card"),
                    ("confirm", "true"),
                ]);
                form.extend(request.return_url.iter().map(|url| ("return_url", url.as_str())));
            }
            // Stripe takes a return_url only with a confirm: the element has its own.
            None => form.push(("automatic_payment_methods[enabled]", "true")),
        }
        match self.effect("payment_intents".to_owned(), &form, &request.idempotency_key).await? {
            Answer::Done(body) => authorization(read(&body)?, request),
            Answer::Refused(refusal) if refusal.status == 402 => Ok(refusal.into_declined()),
            Answer::Refused(refusal) => Err(refusal.into_rejected()),
        }
    }

    async fn look_up(&self, request: &AuthorizeRequest) -> Result<Authorization, ProviderError> {
        let stored = self.authorize(request).await;
        match &stored {
            Err(ProviderError::Unknown { reason: UnknownReason::ServerError(_), .. }) => {
                match self.search(&request.idempotency_key).await {
                    Ok(Some(intent)) => authorization(intent, request),
                    // Not found proves nothing, and a search that failed says even less.
                    Ok(None) | Err(_) => stored,
                }
            }
            Ok(_) | Err(_) => stored,
        }
    }

    async fn find(&self, request: &AuthorizeRequest) -> Result<Option<Payment>, ProviderError> {
        let Some(intent) = self.search(&request.idempotency_key).await? else {
            return Ok(None);
        };
        same_money(
            &intent.id,
            (request.amount_minor, &request.currency),
            (intent.amount, &intent.currency),
        )?;
        Ok(Some(intent.into_payment()))
    }

    async fn retrieve(&self, reference: &str) -> Result<Payment, ProviderError> {
        self.intent(reference).await.map(Intent::into_payment)
    }

    async fn card(&self, reference: &str) -> Result<Option<Card>, ProviderError> {
        let path = format!("payment_intents/{}?expand[]=payment_method", segment(reference));
        let mut intent: Value = match self.question(path).await? {
            Answer::Done(body) => read(&body)?,
            Answer::Refused(refusal) => return Err(refusal.into_rejected()),
        };
        let mut card = intent.get_mut("payment_method").and_then(|method| method.get_mut("card"));
        let mut text = |member: &str| match card.as_mut()?.get_mut(member).map(Value::take) {
            Some(Value::String(text)) => Some(text),
            Some(_) | None => None,
        };
        let country = text("country");
        // What cannot be known again is as good as no card.
        let fingerprint = text("fingerprint");
        Ok(fingerprint.map(|fingerprint| Card { fingerprint, country }))
    }

    async fn capture(
        &self,
        reference: &str,
        amount_minor: i64,
        currency: &str,
        idempotency_key: &str,
    ) -> Result<Capture, ProviderError> {
        let amount = amount_minor.to_string();
        let path = format!("payment_intents/{}/capture", segment(reference));
        let refusal =
            match self.effect(path, &[("amount_to_capture", &amount)], idempotency_key).await? {
                Answer::Done(body) => return captured(read(&body)?, amount_minor, currency),
                Answer::Refused(refusal) => refusal,
            };
        match refusal.error.code.as_deref() {
            Some("payment_intent_unexpected_state") => {
                let intent = match refusal.error.payment_intent {
                    Some(intent) => *intent,
                    None => self.intent(reference).await?,
                };
                if intent.status == Status::Succeeded {
                    return captured(intent, amount_minor, currency);
                }
                Ok(Capture::NotCapturable {
                    reference: reference.to_owned(),
                    code: "payment_intent_unexpected_state".to_owned(),
                    message: format!("the payment is {:?}", intent.state()),
                })
            }
            Some(code) if refusal.status == 402 || code == "charge_expired_for_capture" => {
                Ok(Capture::NotCapturable {
                    reference: reference.to_owned(),
                    code: code.to_owned(),
                    message: refusal.error.message.unwrap_or_default(),
                })
            }
            Some(_) | None => Err(refusal.into_rejected()),
        }
    }

    async fn void(&self, reference: &str, idempotency_key: &str) -> Result<Void, ProviderError> {
        let path = format!("payment_intents/{}/cancel", segment(reference));
        let intent = match self.effect(path, &[], idempotency_key).await? {
            Answer::Done(body) => read(&body)?,
            Answer::Refused(refusal)
                if refusal.error.code.as_deref() == Some("payment_intent_unexpected_state") =>
            {
                match refusal.error.payment_intent {
                    Some(intent) => *intent,
                    None => self.intent(reference).await?,
                }
            }
            Answer::Refused(refusal) => return Err(refusal.into_rejected()),
        };
        let reference = reference.to_owned();
        match intent.status {
            Status::Canceled => Ok(Void::Voided { reference }),
            Status::Succeeded => Ok(Void::Captured { reference }),
            Status::RequiresPaymentMethod
            | Status::RequiresConfirmation
            | Status::RequiresAction
            | Status::RequiresCapture
            | Status::Processing
            | Status::Other => Err(unknown(
                UnknownReason::Unreadable,
                format!("{reference} is {:?} after a cancel", intent.status),
            )),
        }
    }

    async fn refund(
        &self,
        reference: &str,
        amount_minor: i64,
        currency: &str,
        our_reference: &str,
        idempotency_key: &str,
    ) -> Result<Refund, ProviderError> {
        let amount = amount_minor.to_string();
        let form = [
            ("payment_intent", reference),
            ("amount", amount.as_str()),
            (REFERENCE_FIELD, our_reference),
        ];
        match self.effect("refunds".to_owned(), &form, idempotency_key).await? {
            Answer::Done(body) => {
                let refund: WireRefund = read(&body)?;
                same_money(reference, (amount_minor, currency), (refund.amount, &refund.currency))?;
                refund.into_refund()
            }
            Answer::Refused(refusal) => match (refusal.status, refusal.error.code.as_deref()) {
                (_, Some("charge_already_refunded")) => {
                    Ok(Refund::AlreadyRefunded { reference: reference.to_owned() })
                }
                (400 | 402, code) => Ok(Refund::Refused {
                    reference: reference.to_owned(),
                    code: code.unwrap_or("refund_refused").to_owned(),
                    message: refusal.error.message.unwrap_or_default(),
                }),
                (_, _) => Err(refusal.into_rejected()),
            },
        }
    }

    async fn refund_state(&self, refund_reference: &str) -> Result<Refund, ProviderError> {
        match self.question(format!("refunds/{}", segment(refund_reference))).await? {
            Answer::Done(body) => read::<WireRefund>(&body)?.into_refund(),
            Answer::Refused(refusal) => Err(refusal.into_rejected()),
        }
    }

    async fn find_refund(
        &self,
        reference: &str,
        our_reference: &str,
    ) -> Result<Option<Refund>, ProviderError> {
        let mut failed = None;
        let mut after: Option<String> = None;
        for _ in 0..REFUND_PAGES_MAX {
            let page = self.refunds(reference, after.as_deref()).await?;
            after = page.data.last().filter(|_| page.has_more).map(|last| last.id.clone());
            for refund in page
                .data
                .into_iter()
                .filter(|refund| refund.metadata.reference.as_deref() == Some(our_reference))
            {
                let found = refund.into_refund()?;
                if !matches!(found, Refund::Failed { .. }) {
                    return Ok(Some(found));
                }
                failed = failed.or(Some(found));
            }
            if after.is_none() {
                return Ok(failed);
            }
        }
        Err(unknown(
            UnknownReason::Unreadable,
            format!("{reference} has more refunds than are looked through"),
        ))
    }
}

impl Wallets for Stripe<'_> {
    async fn make_customer(&self, idempotency_key: &str) -> Result<String, ProviderError> {
        let form = [(REFERENCE_FIELD, idempotency_key)];
        match self.effect("customers".to_owned(), &form, idempotency_key).await? {
            Answer::Done(body) => read::<Named>(&body).map(|customer| customer.id),
            Answer::Refused(refusal) => Err(refusal.into_rejected()),
        }
    }

    async fn delete_customer(&self, customer: &str) -> Result<(), ProviderError> {
        let path = format!("customers/{}", segment(customer));
        match self.call(Call { method: "DELETE", path, effect: None }).await? {
            Answer::Refused(refusal) if !refusal.is_missing() => Err(refusal.into_rejected()),
            Answer::Done(_) | Answer::Refused(_) => Ok(()),
        }
    }

    async fn saved_cards(&self, customer: &str) -> Result<Option<Vec<SavedCard>>, ProviderError> {
        let customer = segment(customer);
        let path = format!("customers/{customer}/payment_methods?type=card&limit=100");
        match self.question(path).await? {
            Answer::Done(body) => {
                let page: Page<WireMethod> = read(&body)?;
                Ok(Some(page.data.into_iter().map(WireMethod::into_card).collect()))
            }
            Answer::Refused(refusal) if refusal.is_missing() => Ok(None),
            Answer::Refused(refusal) => Err(refusal.into_rejected()),
        }
    }

    async fn has_saved(&self, customer: &str, method: &str) -> Result<bool, ProviderError> {
        let (customer, method) = (segment(customer), segment(method));
        match self.question(format!("customers/{customer}/payment_methods/{method}")).await? {
            Answer::Done(_) => Ok(true),
            Answer::Refused(refusal) if refusal.is_missing() => Ok(false),
            Answer::Refused(refusal) => Err(refusal.into_rejected()),
        }
    }

    async fn detach(&self, method: &str, idempotency_key: &str) -> Result<(), ProviderError> {
        let path = format!("payment_methods/{}/detach", segment(method));
        match self.effect(path, &[], idempotency_key).await? {
            Answer::Done(_) => Ok(()),
            Answer::Refused(refusal) => Err(refusal.into_rejected()),
        }
    }
}

/// A call to make: a question (GET), an effect (POST under a key), or a deletion, which needs none.
struct Call<'a> {
    method: &'static str,
    path: String,
    effect: Option<Effect<'a>>,
}

struct Effect<'a> {
    form: String,
    idempotency_key: &'a str,
}

/// An answer that settles the matter.
enum Answer {
    Done(Vec<u8>),
    Refused(Refusal),
}

/// A 4xx: nothing was done, and Stripe says why.
struct Refusal {
    status: u16,
    error: WireError,
}

impl Refusal {
    fn into_rejected(self) -> ProviderError {
        ProviderError::Rejected {
            status: self.status,
            code: self.error.code.or(self.error.kind).unwrap_or_default(),
            parameter: self.error.param.unwrap_or_default(),
            message: self.error.message.unwrap_or_default(),
        }
    }

    /// Whether what the path names is not there.
    fn is_missing(&self) -> bool {
        self.status == 404
    }

    fn into_declined(self) -> Authorization {
        Authorization::Declined {
            reference: self.error.payment_intent.map(|intent| intent.id),
            decline_code: self
                .error
                .decline_code
                .or(self.error.code)
                .unwrap_or_else(|| "declined".to_owned()),
            message: self.error.message.unwrap_or_default(),
        }
    }
}

#[derive(Deserialize)]
struct ErrorBody {
    error: WireError,
}

#[derive(Default, Deserialize)]
struct WireError {
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<String>,
    decline_code: Option<String>,
    param: Option<String>,
    message: Option<String>,
    payment_intent: Option<Box<Intent>>,
}

/// A list, or what a search found.
#[derive(Deserialize)]
struct Page<T> {
    data: Vec<T>,
    #[serde(default)]
    has_more: bool,
}

/// What has a name, and nothing else that matters.
#[derive(Deserialize)]
struct Named {
    id: String,
}

/// A saved method, of which cards alone are asked for.
#[derive(Deserialize)]
struct WireMethod {
    id: String,
    created: i64,
    card: WireCard,
}

#[derive(Deserialize)]
struct WireCard {
    brand: String,
    last4: String,
    exp_month: i64,
    exp_year: i64,
}

impl WireMethod {
    fn into_card(self) -> SavedCard {
        SavedCard {
            payment_method: self.id,
            brand: self.card.brand,
            last4: self.card.last4,
            expiry_month: self.card.exp_month,
            expiry_year: self.card.exp_year,
            created_at_ms: self.created.saturating_mul(1_000),
        }
    }
}

#[derive(Deserialize)]
struct Intent {
    id: String,
    status: Status,
    amount: i64,
    #[serde(default)]
    amount_received: i64,
    currency: String,
    client_secret: Option<String>,
    next_action: Option<NextAction>,
    last_payment_error: Option<Box<WireError>>,
    automatic_payment_methods: Option<AutomaticPaymentMethods>,
}

/// Whether the buyer chooses among what the shop has enabled at Stripe.
#[derive(Deserialize)]
struct AutomaticPaymentMethods {
    enabled: bool,
}

impl Intent {
    /// Where it stands. A card of ours that was refused is the end of its payment; where an element
    /// asks the buyer, they choose again as often as they like.
    fn state(&self) -> PaymentState {
        let asks = self.automatic_payment_methods.as_ref().is_some_and(|methods| methods.enabled);
        match self.status {
            Status::RequiresPaymentMethod if asks => PaymentState::RequiresAction,
            Status::RequiresPaymentMethod => PaymentState::Failed,
            Status::RequiresAction => PaymentState::RequiresAction,
            Status::RequiresCapture => PaymentState::Authorized,
            Status::Canceled => PaymentState::Voided,
            Status::Succeeded => PaymentState::Captured,
            Status::RequiresConfirmation | Status::Processing | Status::Other => {
                PaymentState::Processing
            }
        }
    }

    fn into_payment(self) -> Payment {
        Payment {
            state: self.state(),
            reference: self.id,
            amount_minor: self.amount,
            amount_captured_minor: self.amount_received,
            currency: self.currency.to_ascii_uppercase(),
            client_secret: self.client_secret,
            next_action_url: next_action_url(self.next_action),
        }
    }
}

fn next_action_url(action: Option<NextAction>) -> Option<String> {
    action.and_then(|action| action.redirect_to_url).and_then(|redirect| redirect.url)
}

#[derive(Deserialize)]
struct NextAction {
    redirect_to_url: Option<RedirectToUrl>,
}

#[derive(Deserialize)]
struct RedirectToUrl {
    url: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Processing,
    RequiresCapture,
    Canceled,
    Succeeded,
    #[serde(other)]
    Other,
}

impl Status {
    /// How much may hang on an intent in this state: which of several is the one that matters.
    fn weight(self) -> u8 {
        match self {
            Self::Succeeded => 5,
            Self::RequiresCapture => 4,
            Self::Processing | Self::Other => 3,
            Self::RequiresAction | Self::RequiresConfirmation => 2,
            Self::RequiresPaymentMethod => 1,
            Self::Canceled => 0,
        }
    }
}

#[derive(Deserialize)]
struct WireRefund {
    id: String,
    amount: i64,
    currency: String,
    status: RefundStatus,
    failure_reason: Option<String>,
    #[serde(default, deserialize_with = "metadata")]
    metadata: RefundMetadata,
}

#[derive(Default, Deserialize)]
struct RefundMetadata {
    reference: Option<String>,
}

/// Stripe's reference calls the metadata of a refund nullable.
fn metadata<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<RefundMetadata, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

impl WireRefund {
    fn into_refund(self) -> Result<Refund, ProviderError> {
        let (refund_reference, amount_minor) = (self.id, self.amount);
        Ok(match self.status {
            RefundStatus::Succeeded => Refund::Succeeded { refund_reference, amount_minor },
            RefundStatus::Pending | RefundStatus::RequiresAction => {
                Refund::Pending { refund_reference, amount_minor }
            }
            RefundStatus::Failed | RefundStatus::Canceled => {
                let code = self.failure_reason.unwrap_or_else(|| "refund_failed".to_owned());
                Refund::Failed { refund_reference, amount_minor, code }
            }
            RefundStatus::Other => {
                return Err(unknown(
                    UnknownReason::Unreadable,
                    format!("refund {refund_reference} has a state we do not know"),
                ));
            }
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RefundStatus {
    Pending,
    RequiresAction,
    Succeeded,
    Failed,
    Canceled,
    #[serde(other)]
    Other,
}

fn unknown(reason: UnknownReason, detail: String) -> ProviderError {
    ProviderError::Unknown { reason, detail }
}

/// Sorts an HTTP answer: done, refused without effect, or unknown.
fn sort(response: HttpResponse) -> Result<Answer, ProviderError> {
    let HttpResponse { status, headers, body } = response;
    match status {
        200..=299 => Ok(Answer::Done(body)),
        429 => Err(ProviderError::NotSent {
            detail: "rate limited (429)".to_owned(),
            retry_after_ms: retry_after_ms(&headers),
        }),
        409 => Err(unknown(
            UnknownReason::InProgress,
            "a request with this key is still running (409)".to_owned(),
        )),
        500..=599 => Err(unknown(UnknownReason::ServerError(status), format!("answered {status}"))),
        // 408 comes from a proxy in between that may have passed the request on.
        400..=499 if status != 408 => {
            let error = json::read::<ErrorBody>(&body).map(|body| body.error).unwrap_or_default();
            if error.kind.as_deref() == Some("idempotency_error") {
                return Err(unknown(UnknownReason::KeyConflict, error.message.unwrap_or_default()));
            }
            if matches!(status, 401 | 403) {
                return Err(ProviderError::Unauthorized {
                    status,
                    code: error.code.or(error.kind).unwrap_or_default(),
                    message: error.message.unwrap_or_default(),
                });
            }
            Ok(Answer::Refused(Refusal { status, error }))
        }
        _ => Err(unknown(UnknownReason::Unreadable, format!("answered {status}"))),
    }
}

/// `Retry-After` in whole seconds, from any answer that carries one.
pub(crate) fn retry_after_ms(headers: &[(String, String)]) -> Option<u64> {
    headers
        .iter()
        .find(|(name, _)| name == "retry-after")
        .and_then(|(_, value)| value.trim().parse::<u64>().ok())
        .map(|seconds| seconds.saturating_mul(1_000))
}

fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, ProviderError> {
    json::read(body)
        .map_err(|e| unknown(UnknownReason::Unreadable, format!("unreadable answer: {e}")))
}

/// References come from rows we wrote, yet what goes into a path is encoded all the same.
fn segment(reference: &str) -> String {
    form_urlencoded::byte_serialize(reference.as_bytes()).collect()
}

/// Refuses an answer about other money than was asked for.
fn same_money(
    reference: &str,
    asked: (i64, &str),
    answered: (i64, &str),
) -> Result<(), ProviderError> {
    if asked.0 == answered.0 && asked.1.eq_ignore_ascii_case(answered.1) {
        return Ok(());
    }
    Err(ProviderError::Mismatch {
        reference: reference.to_owned(),
        detail: format!(
            "asked for {} {}, answered {} {}",
            asked.0, asked.1, answered.0, answered.1
        ),
    })
}

fn authorization(
    intent: Intent,
    request: &AuthorizeRequest,
) -> Result<Authorization, ProviderError> {
    same_money(
        &intent.id,
        (request.amount_minor, &request.currency),
        (intent.amount, &intent.currency),
    )?;
    let (state, status, reference) = (intent.state(), intent.status, intent.id);
    match state {
        // Captured: found by a search long after, when someone had gone on to capture, or a method
        // that knows no hold; the money was there.
        PaymentState::Authorized | PaymentState::Captured => {
            Ok(Authorization::Authorized { reference })
        }
        PaymentState::RequiresAction => Ok(Authorization::ActionRequired {
            reference,
            client_secret: intent.client_secret,
            next_action_url: next_action_url(intent.next_action),
        }),
        PaymentState::Failed | PaymentState::Voided => {
            let error = intent.last_payment_error.map(|e| *e).unwrap_or_default();
            Ok(Authorization::Declined {
                reference: Some(reference),
                decline_code: error
                    .decline_code
                    .or(error.code)
                    .unwrap_or_else(|| "declined".to_owned()),
                message: error.message.unwrap_or_default(),
            })
        }
        PaymentState::Processing => Err(unknown(
            UnknownReason::Unreadable,
            format!("{reference} is {status:?}: not decided yet"),
        )),
    }
}

fn captured(intent: Intent, amount_minor: i64, currency: &str) -> Result<Capture, ProviderError> {
    if intent.status != Status::Succeeded {
        return Err(unknown(
            UnknownReason::Unreadable,
            format!("{} is {:?} after a capture", intent.id, intent.status),
        ));
    }
    same_money(&intent.id, (amount_minor, currency), (intent.amount_received, &intent.currency))?;
    Ok(Capture::Captured { reference: intent.id, amount_minor: intent.amount_received })
}

#[cfg(test)]
#[path = "stripe_tests.rs"]
mod tests;
