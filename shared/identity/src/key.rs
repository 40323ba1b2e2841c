//! One published key (RFC 7517), if it is one of ours: RS256 of 2048 to 4096 bits, ES256, or EdDSA
//! on Ed25519.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use callers::jwt::{Expected, Refusal, Untrusted, Verified, by_any};
use config::Keys;
use jwt_compact::{
    Renamed,
    alg::{Ed25519, Es256, Hs256, Hs256Key, Rsa, RsaPublicKey},
    jwk::JsonWebKey,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// RFC 7518 §3.3 asks for no less; more than the upper one only costs time.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=4_096;

/// What tokens and keys call the one algorithm of an Ed25519 key: RFC 8037 §3.1, and RFC 9864 §2.2,
/// which has the curve in the name.
const ED25519_NAMES: [&str; 2] = ["EdDSA", "Ed25519"];

type P256Key = <Es256 as jwt_compact::Algorithm>::VerifyingKey;
type Ed25519Key = <Ed25519 as jwt_compact::Algorithm>::VerifyingKey;

/// A key as its provider publishes it; members of no interest are not read.
#[derive(Debug, Deserialize)]
struct Published {
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// A key that can verify, with the one algorithm it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key {
    kid: Option<String>,
    #[serde(flatten)]
    material: Material,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "alg", rename_all = "UPPERCASE")]
enum Material {
    Rs256 { n: String, e: String },
    Es256 { x: String, y: String },
    Ed25519 { x: String },
}

/// A key made ready.
enum Verifier {
    Rs256(Box<RsaPublicKey>),
    Es256(Box<P256Key>),
    Ed25519(Box<Ed25519Key>),
}

impl Key {
    /// The key in one element of a key set; none when it is of another kind, for another use, too
    /// short, or no key at all. A set may hold what others need (RFC 7517 §5), so that is no error.
    pub(crate) fn of(element: &serde_json::Value) -> Option<Self> {
        let key = Published::deserialize(element).ok()?;
        let to_verify = key.usage.as_deref().is_none_or(|usage| usage == "sig")
            && key
                .key_ops
                .as_ref()
                .is_none_or(|operations| operations.iter().any(|operation| operation == "verify"));
        let is_for = |names: &[&str]| key.alg.as_deref().is_none_or(|named| names.contains(&named));
        let material = match key.kty.as_str() {
            "RSA" if is_for(&["RS256"]) => Material::Rs256 { n: key.n?, e: key.e? },
            "EC" if is_for(&["ES256"]) && key.crv.as_deref() == Some("P-256") => {
                Material::Es256 { x: key.x?, y: key.y? }
            }
            "OKP" if is_for(&ED25519_NAMES) && key.crv.as_deref() == Some("Ed25519") => {
                Material::Ed25519 { x: key.x? }
            }
            _ => return None,
        };
        let key = Self { kid: key.kid, material };
        (to_verify && key.verifier().is_some()).then_some(key)
    }

    /// Whether it has this id.
    pub(crate) fn is_called(&self, kid: &str) -> bool {
        self.kid.as_deref() == Some(kid)
    }

    /// Verifies `token` with this key, by its own algorithm.
    pub(crate) fn verify(
        &self,
        token: &Untrusted<'_>,
        expected: Expected<'_>,
    ) -> Result<Verified, Refusal> {
        match self.verifier() {
            Some(Verifier::Rs256(key)) => token.verify(&Rsa::rs256(), &*key, expected),
            Some(Verifier::Es256(key)) => token.verify(&Es256, &*key, expected),
            Some(Verifier::Ed25519(key)) => {
                let named = ED25519_NAMES.into_iter().find(|name| *name == token.algorithm());
                let name = named.ok_or(Refusal::Signature)?;
                token.verify(&Renamed::new(Ed25519, name), &*key, expected)
            }
            None => Err(Refusal::Signature),
        }
    }

    fn verifier(&self) -> Option<Verifier> {
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        match &self.material {
            Material::Rs256 { n, e } => {
                let (n, e) = (bytes(n)?, bytes(e)?);
                if !RSA_BITS.contains(&bits(&n)) {
                    return None;
                }
                let key = JsonWebKey::Rsa {
                    modulus: Cow::Owned(n),
                    public_exponent: Cow::Owned(e),
                    private_parts: None,
                };
                RsaPublicKey::try_from(&key).ok().map(|key| Verifier::Rs256(Box::new(key)))
            }
            Material::Es256 { x, y } => {
                let (x, y) = (Cow::Owned(bytes(x)?), Cow::Owned(bytes(y)?));
                let key = JsonWebKey::EllipticCurve { curve: "P-256".into(), x, y, secret: None };
                P256Key::try_from(&key).ok().map(|key| Verifier::Es256(Box::new(key)))
            }
            Material::Ed25519 { x } => {
                let x = Cow::Owned(bytes(x)?);
                let key = JsonWebKey::KeyPair { curve: "Ed25519".into(), x, secret: None };
                let key = Ed25519Key::try_from(&key).ok()?;
                // A point of small order takes the same signature for many messages.
                (!key.is_weak()).then(|| Verifier::Ed25519(Box::new(key)))
            }
        }
    }
}

/// Verifies `token` by one of the secrets shared with the provider.
pub(crate) fn verify_by_secret(
    secrets: &Keys,
    token: &Untrusted<'_>,
    expected: Expected<'_>,
) -> Result<Verified, Refusal> {
    by_any(secrets.all(), |secret| token.verify(&Hs256, &Hs256Key::new(secret), expected))
}

/// The length of a number in bits, leading zeros not counted.
fn bits(number: &[u8]) -> usize {
    let mut significant = number.iter().skip_while(|byte| **byte == 0);
    let Some(first) = significant.next() else { return 0 };
    let zeros = usize::try_from(first.leading_zeros()).unwrap_or(0);
    (significant.count() + 1) * 8 - zeros
}
