//! Personal data on its way to and from its sealed column (SEC-3), under its owner's data key
//! (SEC-6).

use crate::shop::Shop;
use config::PII_KEY;
use domain::{address::Contact, ids::CartId};
use seal::{DataKey, KEY_BYTES, Keyring, SealError, WrappedKey};
use terms::Problem;

/// A contact, sealed, and the key it was sealed with.
pub(crate) struct Sealed {
    /// What goes into the column.
    pub(crate) contact: String,
    /// The key's name, by which a statement sees that it is its owner's still.
    pub(crate) data_key_id: String,
    /// The key, if it is the owner's first.
    pub(crate) data_key: Option<WrappedKey>,
}

/// Seals `contact` for the cart it belongs to, with its owner's key or with a new one; session and
/// order of that cart carry the same text.
pub(crate) fn seal(
    shop: &Shop<'_>,
    owners: Option<&WrappedKey>,
    cart_id: &CartId,
    contact: &Contact,
) -> Result<Sealed, Problem> {
    let plain = serde_json::to_vec(contact)
        .map_err(|error| Problem::internal(format!("contact: {error}")))?;
    let keys = keyring(shop)?;
    let (key, made) = match owners {
        Some(wrapped) => (unwrap(&keys, wrapped)?, None),
        None => {
            let (key, wrapped) =
                keys.wrap(shop.id(), &random::<KEY_BYTES>(shop), random(shop)).map_err(internal)?;
            (key, Some(wrapped))
        }
    };
    Ok(Sealed {
        contact: key.seal(random(shop), cart_id.as_str(), &plain).map_err(internal)?,
        data_key_id: key.id().to_owned(),
        data_key: made,
    })
}

/// Opens what [`seal`] made for the same cart; none if the key that it was sealed with is its
/// owner's no more: they were erased.
pub(crate) fn open(
    shop: &Shop<'_>,
    owners: Option<&WrappedKey>,
    cart_id: &CartId,
    sealed: &str,
) -> Result<Option<Contact>, Problem> {
    let Some(wrapped) = owners.filter(|_| !sealed.is_empty()) else { return Ok(None) };
    if seal::sealed_by(sealed).map_err(internal)? != wrapped.data_key_id {
        return Ok(None);
    }
    let key = unwrap(&keyring(shop)?, wrapped)?;
    let plain = key.open(cart_id.as_str(), sealed).map_err(internal)?;
    json::read(&plain)
        .map(Some)
        .map_err(|_| Problem::internal("contact: the sealed value is no contact"))
}

/// The shop's keys, as its variable has them.
pub(crate) fn keyring(shop: &Shop<'_>) -> Result<Keyring, Problem> {
    let keys = shop.setting(&PII_KEY)?;
    Keyring::read(keys.all()).map_err(|error| PII_KEY.unusable(error.to_string()).into())
}

/// Fresh random bytes.
pub(crate) fn random<const N: usize>(shop: &Shop<'_>) -> [u8; N] {
    let mut bytes = [0; N];
    shop.ports.random.fill(&mut bytes);
    bytes
}

/// A key that was taken out of the list too early is for an operator to put back.
pub(crate) fn unwrap(keys: &Keyring, wrapped: &WrappedKey) -> Result<DataKey, Problem> {
    keys.unwrap(wrapped).map_err(|error| match error {
        SealError::UnknownKey => PII_KEY.unusable(error.to_string()).into(),
        SealError::Key | SealError::Version | SealError::Closed | SealError::TooLong => {
            internal(error)
        }
    })
}

pub(crate) fn internal(error: SealError) -> Problem {
    Problem::internal(format!("sealed: {error}"))
}
