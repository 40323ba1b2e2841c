//! Personal data at rest (SEC-3): XChaCha20-Poly1305 under one key, bound to the row it belongs to.
//!
//! A sealed value is `v1.` and the base64url of nonce and ciphertext. The row's id is associated
//! data, so a value moved to another row does not open. Nonces are 192 random bits: no counter is
//! needed and a fresh instance per request may draw its own. The version is part of the text so
//! that a key can be changed by writing `v2.` while `v1.` still opens.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};

/// Bytes of a nonce; the caller draws them from its own source of randomness.
pub const NONCE_BYTES: usize = 24;

const KEY_BYTES: usize = 32;
const VERSION: &str = "v1.";

/// Why something could not be sealed or opened. Carries neither key nor data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The key is not base64 of 32 bytes.
    #[error("the key is not base64 of 32 bytes")]
    Key,
    /// The sealed text is of a version this code does not know.
    #[error("the sealed value is of an unknown version")]
    Version,
    /// The sealed text is damaged, of another row, or of another key.
    #[error("the sealed value does not open: damaged, of another row, or of another key")]
    Closed,
    /// The cipher refused the plain text (longer than it can take).
    #[error("the value is too long to be sealed")]
    TooLong,
}

/// The key that seals and opens. Not printable.
pub struct Key(XChaCha20Poly1305);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(redacted)")
    }
}

impl Key {
    /// Reads a key as it stands in the variable `pii_key`: standard base64 of 32 bytes.
    ///
    /// # Errors
    /// [`SealError::Key`] for anything else.
    pub fn from_base64(text: &str) -> Result<Self, SealError> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| SealError::Key)?;
        if bytes.len() != KEY_BYTES {
            return Err(SealError::Key);
        }
        XChaCha20Poly1305::new_from_slice(&bytes).map(Self).map_err(|_| SealError::Key)
    }

    /// Seals `plain` for the row `row_id`. `nonce` must be fresh random bytes.
    ///
    /// # Errors
    /// [`SealError::TooLong`] beyond the cipher's limit of 256 GiB.
    pub fn seal(
        &self,
        nonce: [u8; NONCE_BYTES],
        row_id: &str,
        plain: &[u8],
    ) -> Result<String, SealError> {
        let payload = Payload { msg: plain, aad: row_id.as_bytes() };
        let ciphertext =
            self.0.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::TooLong)?;
        let mut bytes = nonce.to_vec();
        bytes.extend(ciphertext);
        let mut text = VERSION.to_owned();
        URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
        Ok(text)
    }

    /// Opens what [`Key::seal`] made for the same row.
    ///
    /// # Errors
    /// [`SealError::Version`] for another version, [`SealError::Closed`] for everything that does
    /// not verify.
    pub fn open(&self, row_id: &str, sealed: &str) -> Result<Vec<u8>, SealError> {
        let text = sealed.strip_prefix(VERSION).ok_or(SealError::Version)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| SealError::Closed)?;
        let (nonce, ciphertext) =
            bytes.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Closed)?;
        let payload = Payload { msg: ciphertext, aad: row_id.as_bytes() };
        self.0.decrypt(&XNonce::from(*nonce), payload).map_err(|_| SealError::Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Key {
        Key::from_base64(&STANDARD.encode([byte; 32])).unwrap()
    }

    #[test]
    fn what_was_sealed_for_a_row_opens_for_that_row_only() {
        let sealed = key(1).seal([7; NONCE_BYTES], "order-1", b"An Nguyen").unwrap();
        assert!(sealed.starts_with("v1."));
        assert_eq!(key(1).open("order-1", &sealed), Ok(b"An Nguyen".to_vec()));
        assert_eq!(key(1).open("order-2", &sealed), Err(SealError::Closed));
        assert_eq!(key(2).open("order-1", &sealed), Err(SealError::Closed));
    }

    #[test]
    fn other_versions_and_damage_are_told_apart() {
        let sealed = key(1).seal([7; NONCE_BYTES], "order-1", b"x").unwrap();
        let cases = [
            (sealed.replacen("v1.", "v2.", 1), SealError::Version),
            ("plain text".to_owned(), SealError::Version),
            ("v1.".to_owned(), SealError::Closed),
            ("v1.!!".to_owned(), SealError::Closed),
            (format!("{sealed}AA"), SealError::Closed),
        ];
        for (text, expected) in cases {
            assert_eq!(key(1).open("order-1", &text), Err(expected), "{text}");
        }
    }

    #[test]
    fn a_key_is_exactly_32_bytes_of_base64_and_is_never_printed() {
        for text in ["", "c2hvcnQ=", "not base64!", &STANDARD.encode([0; 33])] {
            assert_eq!(Key::from_base64(text).err(), Some(SealError::Key), "{text}");
        }
        assert_eq!(format!("{:?}", key(1)), "Key(redacted)");
    }
}
