//! Personal data on its way to and from its sealed column (SEC-3).

use crate::shop::Shop;
use config::PII_KEY;
use domain::{address::Contact, ids::CartId};
use seal::{Key, NONCE_BYTES};
use terms::Problem;

/// Seals `contact` for the cart it belongs to; session and order of that cart carry the same text.
pub(crate) fn seal(shop: &Shop<'_>, cart_id: &CartId, contact: &Contact) -> Result<String, Problem> {
    let plain = serde_json::to_vec(contact).map_err(|error| Problem::internal(format!("contact: {error}")))?;
    let mut nonce = [0; NONCE_BYTES];
    shop.ports.random.fill(&mut nonce);
    key(shop)?.seal(nonce, cart_id.as_str(), &plain).map_err(|error| Problem::internal(format!("contact: {error}")))
}

/// Opens what [`seal`] made for the same cart.
pub(crate) fn open(shop: &Shop<'_>, cart_id: &CartId, sealed: &str) -> Result<Contact, Problem> {
    let plain = key(shop)?.open(cart_id.as_str(), sealed).map_err(|error| Problem::internal(format!("contact: {error}")))?;
    json::read(&plain).map_err(|_| Problem::internal("contact: the sealed value is no contact"))
}

fn key(shop: &Shop<'_>) -> Result<Key, Problem> {
    Key::from_base64(&shop.setting(&PII_KEY)?).map_err(|error| PII_KEY.unusable(error.to_string()).into())
}
