//! Personal data on its way to and from its sealed column (SEC-3).

use crate::shop::Shop;
use config::PII_KEY;
use domain::{address::Contact, ids::CartId};
use seal::{Key, NONCE_BYTES, SealError};
use terms::Problem;

/// Seals `contact` for the cart it belongs to; session and order of that cart carry the same text.
pub(crate) fn seal(
    shop: &Shop<'_>,
    cart_id: &CartId,
    contact: &Contact,
) -> Result<String, Problem> {
    let plain = serde_json::to_vec(contact)
        .map_err(|error| Problem::internal(format!("contact: {error}")))?;
    let mut nonce = [0; NONCE_BYTES];
    shop.ports.random.fill(&mut nonce);
    let keys = shop.setting(&PII_KEY)?;
    key(keys.first())?
        .seal(nonce, cart_id.as_str(), &plain)
        .map_err(|error| Problem::internal(format!("contact: {error}")))
}

/// Opens what [`seal`] made for the same cart, with whichever key it was.
pub(crate) fn open(shop: &Shop<'_>, cart_id: &CartId, sealed: &str) -> Result<Contact, Problem> {
    let keys = shop.setting(&PII_KEY)?;
    let mut opened = Err(SealError::Closed);
    for text in keys.all() {
        opened = key(text)?.open(cart_id.as_str(), sealed);
        if opened.is_ok() {
            break;
        }
    }
    let plain = opened.map_err(|error| Problem::internal(format!("contact: {error}")))?;
    json::read(&plain).map_err(|_| Problem::internal("contact: the sealed value is no contact"))
}

fn key(text: &str) -> Result<Key, Problem> {
    Key::from_base64(text).map_err(|error| PII_KEY.unusable(error.to_string()).into())
}
