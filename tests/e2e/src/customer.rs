//! Customers: their identity provider's tokens, signed as it would sign them, and the sessions they
//! open with those.

use crate::{Guest, Reply, Settings, Shop, eventually, tokens::seconds_now, unique};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// A key of the provider's; each is in `tests/e2e/keys`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningKey {
    /// RS256, published.
    Rsa1,
    /// RS256, what a rotation brings.
    Rsa2,
    /// ES256, published.
    Ec1,
    /// EdDSA on Ed25519, published.
    Ed1,
    /// HS256 by the shared secret.
    Shared,
}

impl SigningKey {
    fn pem(self) -> &'static [u8] {
        match self {
            Self::Rsa1 => include_bytes!("../keys/test-only-rsa-1.pem"),
            Self::Rsa2 => include_bytes!("../keys/test-only-rsa-2.pem"),
            Self::Ec1 => include_bytes!("../keys/test-only-ec-1.pem"),
            Self::Ed1 => include_bytes!("../keys/test-only-ed25519-1.pem"),
            Self::Shared => b"",
        }
    }

    /// Its id.
    #[must_use]
    pub fn kid(self) -> &'static str {
        match self {
            Self::Rsa1 => "rsa-1",
            Self::Rsa2 => "rsa-2",
            Self::Ec1 => "ec-1",
            Self::Ed1 => "ed25519-1",
            Self::Shared => "shared",
        }
    }

    /// As the provider publishes it.
    ///
    /// # Panics
    /// For the shared secret, which nobody publishes.
    #[must_use]
    pub fn published(self) -> Value {
        let text = match self {
            Self::Rsa1 => include_str!("../keys/test-only-rsa-1.public.json"),
            Self::Rsa2 => include_str!("../keys/test-only-rsa-2.public.json"),
            Self::Ec1 => include_str!("../keys/test-only-ec-1.public.json"),
            Self::Ed1 => include_str!("../keys/test-only-ed25519-1.public.json"),
            Self::Shared => panic!("the shared secret is not published"),
        };
        serde_json::from_str(text).expect("a key is JSON")
    }

    /// What signs with it.
    ///
    /// # Panics
    /// When its file is none.
    #[must_use]
    pub fn encoding(self) -> EncodingKey {
        match self {
            Self::Rsa1 | Self::Rsa2 => EncodingKey::from_rsa_pem(self.pem()).expect("an RSA key"),
            Self::Ec1 => EncodingKey::from_ec_pem(self.pem()).expect("a P-256 key"),
            Self::Ed1 => EncodingKey::from_ed_pem(self.pem()).expect("an Ed25519 key"),
            Self::Shared => {
                EncodingKey::from_secret(Settings::get().customer_jwt_secret.as_bytes())
            }
        }
    }

    fn algorithm(self) -> Algorithm {
        match self {
            Self::Rsa1 | Self::Rsa2 => Algorithm::RS256,
            Self::Ec1 => Algorithm::ES256,
            Self::Ed1 => Algorithm::EdDSA,
            Self::Shared => Algorithm::HS256,
        }
    }
}

/// The claims of a customer's token; public so that a test can spoil them.
#[derive(Clone, Debug)]
pub struct CustomerClaims(pub Value);

impl CustomerClaims {
    /// Good claims for five minutes.
    #[must_use]
    pub fn of(customer_id: &str) -> Self {
        let now_s = seconds_now();
        Self(json!({
            "iss": "https://identity.example/", "aud": "edgetill-storefront", "sub": customer_id,
            "iat": now_s, "exp": now_s + 300,
            "name": "Nobody needs this", "email_verified": true,
        }))
    }

    /// With another claim.
    #[must_use]
    pub fn with(mut self, claim: &str, value: Value) -> Self {
        self.0[claim] = value;
        self
    }

    /// Ending so many seconds from now.
    #[must_use]
    pub fn ending_in(self, seconds: i64) -> Self {
        let at = i64::try_from(seconds_now()).expect("a time") + seconds;
        self.with("exp", json!(at))
    }

    /// Without a claim.
    #[must_use]
    pub fn without(mut self, claim: &str) -> Self {
        self.0.as_object_mut().expect("claims are an object").remove(claim);
        self
    }

    /// Signed with `key`, by its id and its algorithm.
    #[must_use]
    pub fn signed(&self, key: SigningKey) -> String {
        let mut header = Header::new(key.algorithm());
        header.kid = (key != SigningKey::Shared).then(|| key.kid().to_owned());
        self.signed_as(&header, &key.encoding())
    }

    /// Signed with `key`, without a word on which key that is.
    #[must_use]
    pub fn signed_namelessly(&self, key: SigningKey) -> String {
        self.signed_as(&Header::new(key.algorithm()), &key.encoding())
    }

    /// Signed under another header.
    ///
    /// # Panics
    /// When header and key do not fit.
    #[must_use]
    pub fn signed_as(&self, header: &Header, key: &EncodingKey) -> String {
        jsonwebtoken::encode(header, &self.0, key).expect("claims can be signed")
    }

    /// Under this header, with this as the signature: what no library will write.
    #[must_use]
    pub fn forged(&self, header: &Value, signature: &str) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.{signature}", part(header), part(&self.0))
    }
}

/// What the provider publishes, changed for the length of a test.
#[derive(Debug)]
pub struct KeySet<'s>(&'s Shop);

impl<'s> KeySet<'s> {
    /// Publishes these keys.
    #[must_use]
    pub fn of(shop: &'s Shop, keys: &[SigningKey]) -> Self {
        let set = Self(shop);
        set.publish(&json!({ "keys": keys.iter().map(|key| key.published()).collect::<Vec<_>>() }));
        set
    }

    /// Publishes this document.
    pub fn publish(&self, document: &Value) {
        self.0.simulator("PUT", "/identity/keys").json(document).send().expect(204);
    }
}

impl Drop for KeySet<'_> {
    fn drop(&mut self) {
        let restored = self.0.simulator("DELETE", "/identity/keys").send();
        if std::thread::panicking() {
            return;
        }
        assert!(restored.is_success(), "{restored:?}");
        // Whoever comes next finds the shop as it was.
        let token = CustomerClaims::of("customer-after").signed(SigningKey::Ec1);
        eventually("the first keys are known again", || {
            (self.0.open_session(&token).status == 200).then_some(())
        });
    }
}

impl Shop {
    /// Asks for a session with a token of the identity provider.
    pub fn open_session(&self, token: &str) -> Reply {
        self.call("POST", "/api/v1/session").bearer(token).json(&json!({})).send()
    }

    /// A session token of a customer.
    #[track_caller]
    #[must_use]
    pub fn session_of(&self, customer_id: &str) -> String {
        let opened =
            self.open_session(&CustomerClaims::of(customer_id).signed(SigningKey::Ec1)).expect(200);
        opened["session_token"]
            .as_str()
            .unwrap_or_else(|| panic!("no session_token: {opened}"))
            .to_owned()
    }

    /// A new customer with an empty cart, in Vietnam, paying in US dollars.
    #[track_caller]
    #[must_use]
    pub fn customer(&self) -> Guest<'_> {
        self.customer_called(&unique("customer-"), "USD")
    }

    /// This customer, with a new cart in Vietnam.
    #[track_caller]
    #[must_use]
    pub fn customer_called(&self, customer_id: &str, currency: &str) -> Guest<'_> {
        let token = self.session_of(customer_id);
        let cart = json!({ "currency": currency, "country": "VN" });
        let opened =
            self.call("POST", "/api/v1/cart").bearer(&token).json(&cart).send().expect(201);
        assert!(opened.get("guest_token").is_none(), "a customer is no guest: {opened}");
        let cart_id =
            opened["cart"]["cart_id"].as_str().unwrap_or_else(|| panic!("no cart_id: {opened}"));
        Guest::new(self, token.clone(), cart_id.to_owned())
    }

    /// How often the identity provider's keys have been fetched.
    #[must_use]
    pub fn key_fetches(&self) -> u64 {
        let shown = self.simulator("GET", "/identity").send().expect(200);
        shown["fetches"].as_u64().unwrap_or_else(|| panic!("no count: {shown}"))
    }
}
