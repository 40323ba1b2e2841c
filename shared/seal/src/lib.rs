//! Personal data at rest (SEC-3, SEC-6): sealed under a key of its owner, which is itself kept
//! wrapped by the shop's keys.
//!
//! ```text
//! pii_key (a variable, a list) ──wraps──▶ an owner's data key (a row) ──seals──▶ their contacts
//! ```
//!
//! * **Erasing is destroying the row of a data key.** What it sealed opens for nobody from then on,
//!   wherever a copy of it lies.
//! * **Changing `pii_key` is wrapping the data keys anew**: short texts, one an owner. No contact
//!   is touched. A wrapped key names the key that wrapped it, so a worker finds what is left.
//!
//! The cipher is XChaCha20-Poly1305. What is sealed is bound to its row, and a wrapped key to its
//! own id, by associated data: neither opens in another's place. Nonces are 192 random bits, so no
//! counter is needed and a fresh instance per request may draw its own.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Bytes of a nonce; the caller draws them from its own source of randomness.
pub const NONCE_BYTES: usize = 24;

/// Bytes of a key; those of a new data key the caller draws likewise.
pub const KEY_BYTES: usize = 32;

/// What a sealed text begins with. Another version would begin with another.
const VERSION: &str = "v2.";

/// Bytes of a key's hash that name it: enough that no two of a shop's few keys share a name.
const NAME_BYTES: usize = 9;

/// Why something could not be sealed or opened. Carries neither key nor data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// A key is not base64 of 32 bytes, or there is none.
    #[error("a key is not base64 of 32 bytes")]
    Key,
    /// None of the keys there are has wrapped it.
    #[error("the data key was wrapped by a key that is not in the list any more")]
    UnknownKey,
    /// The sealed text is of a version this code does not know.
    #[error("the sealed value is of an unknown version")]
    Version,
    /// The text is damaged, of another row, or of another key.
    #[error("the sealed value does not open: damaged, of another row, or of another key")]
    Closed,
    /// The cipher refused the plain text (longer than it can take).
    #[error("the value is too long to be sealed")]
    TooLong,
}

/// A data key as its row keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedKey {
    /// The data key's name. What it seals names it.
    pub data_key_id: String,
    /// The name of the key that wrapped it (see [`Keyring::first`]).
    pub wrapped_by: String,
    /// The key, sealed; base64url of nonce and ciphertext.
    pub wrapped_key: String,
}

/// The shop's keys: the first wraps, all of them unwrap. Not printable.
pub struct Keyring {
    first: Named,
    others: Vec<Named>,
}

/// A key and its name.
struct Named {
    name: String,
    cipher: XChaCha20Poly1305,
}

/// The key of one owner. Not printable.
pub struct DataKey {
    id: String,
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring(redacted)")
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(redacted)")
    }
}

impl Keyring {
    /// Reads keys as they stand in the variable `pii_key`: each the standard base64 of 32 bytes.
    ///
    /// # Errors
    /// [`SealError::Key`] for anything else, and for none at all.
    pub fn read<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, SealError> {
        let mut texts = texts.into_iter();
        let first = Named::read(texts.next().ok_or(SealError::Key)?)?;
        Ok(Self { first, others: texts.map(Named::read).collect::<Result<_, _>>()? })
    }

    /// The name of the key that wraps: a part of its hash, which tells nothing of it.
    #[must_use]
    pub fn first(&self) -> &str {
        &self.first.name
    }

    /// The names of all keys, the first first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.first).chain(&self.others).map(|key| key.name.as_str())
    }

    /// A new data key of `key` bytes, and what its row keeps of it. All random bytes are fresh.
    ///
    /// # Errors
    /// [`SealError::TooLong`], never of so few bytes.
    pub fn wrap(
        &self,
        data_key_id: String,
        key: &[u8; KEY_BYTES],
        nonce: [u8; NONCE_BYTES],
    ) -> Result<(DataKey, WrappedKey), SealError> {
        let cipher = XChaCha20Poly1305::new(key.into());
        let wrapped = WrappedKey {
            wrapped_key: encrypt(&self.first.cipher, nonce, &data_key_id, key)?,
            wrapped_by: self.first.name.clone(),
            data_key_id: data_key_id.clone(),
        };
        Ok((DataKey { id: data_key_id, cipher }, wrapped))
    }

    /// The data key of a row.
    ///
    /// # Errors
    /// [`SealError::UnknownKey`] if what wrapped it is not in the list; [`SealError::Closed`] for
    /// everything that does not verify.
    pub fn unwrap(&self, wrapped: &WrappedKey) -> Result<DataKey, SealError> {
        let cipher = XChaCha20Poly1305::new((&self.bytes_of(wrapped)?).into());
        Ok(DataKey { id: wrapped.data_key_id.clone(), cipher })
    }

    /// The same data key, wrapped by the first of the keys.
    ///
    /// # Errors
    /// As [`Self::unwrap`].
    pub fn rewrap(
        &self,
        wrapped: &WrappedKey,
        nonce: [u8; NONCE_BYTES],
    ) -> Result<WrappedKey, SealError> {
        let key = self.bytes_of(wrapped)?;
        self.wrap(wrapped.data_key_id.clone(), &key, nonce).map(|(_, wrapped)| wrapped)
    }

    fn bytes_of(&self, wrapped: &WrappedKey) -> Result<[u8; KEY_BYTES], SealError> {
        let by = std::iter::once(&self.first)
            .chain(&self.others)
            .find(|key| key.name == wrapped.wrapped_by)
            .ok_or(SealError::UnknownKey)?;
        let bytes = decrypt(&by.cipher, &wrapped.data_key_id, &wrapped.wrapped_key)?;
        bytes.try_into().map_err(|_| SealError::Closed)
    }
}

impl Named {
    fn read(text: &str) -> Result<Self, SealError> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| SealError::Key)?;
        let key: [u8; KEY_BYTES] = bytes.try_into().map_err(|_| SealError::Key)?;
        let hash = Sha256::digest(key);
        let name = hash.get(..NAME_BYTES).unwrap_or_default();
        Ok(Self {
            name: URL_SAFE_NO_PAD.encode(name),
            cipher: XChaCha20Poly1305::new((&key).into()),
        })
    }
}

impl DataKey {
    /// The name of the key, which what it seals names.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Seals `plain` for the row `row_id`: `v2.`, the key's name, and the base64url of nonce and
    /// ciphertext. `nonce` must be fresh random bytes.
    ///
    /// # Errors
    /// [`SealError::TooLong`] beyond the cipher's limit of 256 GiB.
    pub fn seal(
        &self,
        nonce: [u8; NONCE_BYTES],
        row_id: &str,
        plain: &[u8],
    ) -> Result<String, SealError> {
        let sealed = encrypt(&self.cipher, nonce, row_id, plain)?;
        Ok([VERSION, &self.id, ".", &sealed].concat())
    }

    /// Opens what [`Self::seal`] made for the same row.
    ///
    /// # Errors
    /// [`SealError::Version`] for another version, [`SealError::Closed`] for everything that does
    /// not verify, and for what another key has sealed.
    pub fn open(&self, row_id: &str, sealed: &str) -> Result<Vec<u8>, SealError> {
        let (data_key_id, text) = parts(sealed)?;
        if data_key_id == self.id {
            decrypt(&self.cipher, row_id, text)
        } else {
            Err(SealError::Closed)
        }
    }
}

/// The name of the data key that `sealed` was sealed with. If its owner has another key now, or
/// none, it was erased.
///
/// # Errors
/// [`SealError::Version`] for a text of another version.
pub fn sealed_by(sealed: &str) -> Result<&str, SealError> {
    parts(sealed).map(|(data_key_id, _)| data_key_id)
}

fn parts(sealed: &str) -> Result<(&str, &str), SealError> {
    let named = sealed.strip_prefix(VERSION).and_then(|rest| rest.split_once('.'));
    named.ok_or(SealError::Version)
}

fn encrypt(
    cipher: &XChaCha20Poly1305,
    nonce: [u8; NONCE_BYTES],
    bound_to: &str,
    plain: &[u8],
) -> Result<String, SealError> {
    let payload = Payload { msg: plain, aad: bound_to.as_bytes() };
    let ciphertext =
        cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::TooLong)?;
    let mut bytes = nonce.to_vec();
    bytes.extend(ciphertext);
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn decrypt(cipher: &XChaCha20Poly1305, bound_to: &str, text: &str) -> Result<Vec<u8>, SealError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| SealError::Closed)?;
    let (nonce, ciphertext) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Closed)?;
    let payload = Payload { msg: ciphertext, aad: bound_to.as_bytes() };
    cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| SealError::Closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(byte: u8) -> String {
        STANDARD.encode([byte; KEY_BYTES])
    }

    fn keyring(bytes: &[u8]) -> Keyring {
        let texts: Vec<String> = bytes.iter().copied().map(text).collect();
        Keyring::read(texts.iter().map(String::as_str)).unwrap()
    }

    fn wrapped(ring: &Keyring) -> (DataKey, WrappedKey) {
        ring.wrap("key-1".to_owned(), &[9; KEY_BYTES], [3; NONCE_BYTES]).unwrap()
    }

    #[test]
    fn what_was_sealed_for_a_row_opens_for_that_row_and_key_only() {
        let ring = keyring(&[1]);
        let (key, row) = wrapped(&ring);
        let sealed = key.seal([7; NONCE_BYTES], "order-1", b"An Nguyen").unwrap();
        assert!(sealed.starts_with("v2.key-1."), "{sealed}");
        assert_eq!(sealed_by(&sealed), Ok("key-1"));
        let kept = ring.unwrap(&row).unwrap();
        assert_eq!(kept.open("order-1", &sealed), Ok(b"An Nguyen".to_vec()));
        assert_eq!(kept.open("order-2", &sealed), Err(SealError::Closed));
        let (other, _) = ring.wrap("key-1".to_owned(), &[8; KEY_BYTES], [3; NONCE_BYTES]).unwrap();
        assert_eq!(other.open("order-1", &sealed), Err(SealError::Closed));
        let (another, _) =
            ring.wrap("key-2".to_owned(), &[9; KEY_BYTES], [3; NONCE_BYTES]).unwrap();
        assert_eq!(another.open("order-1", &sealed), Err(SealError::Closed), "by its name alone");
    }

    #[test]
    fn a_data_key_opens_by_the_key_that_wrapped_it_for_as_long_as_that_is_in_the_list() {
        let (key, row) = wrapped(&keyring(&[1]));
        let sealed = key.seal([7; NONCE_BYTES], "order-1", b"x").unwrap();
        for ring in [keyring(&[1, 2]), keyring(&[2, 1])] {
            assert_eq!(ring.unwrap(&row).unwrap().open("order-1", &sealed), Ok(b"x".to_vec()));
        }
        assert_eq!(keyring(&[2]).unwrap(&row).err(), Some(SealError::UnknownKey));

        let changed = keyring(&[2, 1]);
        let anew = changed.rewrap(&row, [4; NONCE_BYTES]).unwrap();
        assert_eq!(anew.wrapped_by, keyring(&[2]).first());
        assert_eq!(anew.data_key_id, row.data_key_id);
        let opened = keyring(&[2]).unwrap(&anew).unwrap().open("order-1", &sealed);
        assert_eq!(opened, Ok(b"x".to_vec()), "the old key is not needed any more");
        assert_eq!(keyring(&[1]).unwrap(&anew).err(), Some(SealError::UnknownKey));
    }

    #[test]
    fn a_wrapped_key_that_was_moved_or_damaged_does_not_open() {
        let ring = keyring(&[1, 2]);
        let (_, row) = wrapped(&ring);
        let others = [
            WrappedKey { data_key_id: "key-2".to_owned(), ..row.clone() },
            WrappedKey { wrapped_by: keyring(&[2]).first().to_owned(), ..row.clone() },
            WrappedKey { wrapped_key: row.wrapped_key[2..].to_owned(), ..row.clone() },
            WrappedKey { wrapped_key: String::new(), ..row.clone() },
            WrappedKey { wrapped_key: "!".to_owned(), ..row },
        ];
        for other in others {
            assert_eq!(ring.unwrap(&other).err(), Some(SealError::Closed), "{other:?}");
        }
    }

    #[test]
    fn other_versions_and_damage_are_told_apart() {
        let (key, _) = wrapped(&keyring(&[1]));
        let sealed = key.seal([7; NONCE_BYTES], "order-1", b"x").unwrap();
        let cases = [
            (sealed.replacen("v2.", "v3.", 1), SealError::Version),
            ("plain text".to_owned(), SealError::Version),
            ("v2.".to_owned(), SealError::Version),
            ("v2.key-1.".to_owned(), SealError::Closed),
            ("v2.key-1.!!".to_owned(), SealError::Closed),
            (format!("{sealed}AA"), SealError::Closed),
        ];
        for (text, expected) in cases {
            assert_eq!(key.open("order-1", &text), Err(expected), "{text}");
        }
    }

    #[test]
    fn a_key_is_exactly_32_bytes_of_base64_and_is_never_printed() {
        for text in ["", "c2hvcnQ=", "not base64!", &STANDARD.encode([0; 33])] {
            assert_eq!(Keyring::read([text]).err(), Some(SealError::Key), "{text}");
        }
        assert_eq!(Keyring::read([]).err(), Some(SealError::Key));
        assert_eq!(Keyring::read([text(1).as_str(), "short"]).err(), Some(SealError::Key));
        let ring = keyring(&[1]);
        assert_eq!(
            format!("{ring:?} {:?}", wrapped(&ring).0),
            "Keyring(redacted) DataKey(redacted)"
        );
        assert!(!text(1).contains(ring.first()));
    }
}
