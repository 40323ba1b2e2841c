//! Marks: what only we can have made is known by its MAC (SEC-5).
//!
//! The keys are those of `session_token_secret` but where another is named, and none of them is used as it stands: each
//! purpose has a key of its own that is derived from it, so that no mark is good for anything else,
//! and none is a session token's signature.

use config::Keys;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// The mark of `content` for `purpose`, by the first of `keys`.
#[must_use]
pub fn of(keys: &Keys, purpose: &str, content: &[u8]) -> [u8; 32] {
    mac(keys.first(), purpose, content).finalize().into_bytes().into()
}

/// The marks of `content` for `purpose` by each of `keys`, the first's first.
pub fn by_each(keys: &Keys, purpose: &str, content: &[u8]) -> impl Iterator<Item = [u8; 32]> {
    keys.all().map(move |key| mac(key, purpose, content).finalize().into_bytes().into())
}

/// Whether `mark`, or what it begins with, is that of `content` for `purpose` by one of `keys`;
/// compared in constant time.
#[must_use]
pub fn is_ours(keys: &Keys, purpose: &str, content: &[u8], mark: &[u8]) -> bool {
    keys.all().any(|key| mac(key, purpose, content).verify_truncated_left(mark).is_ok())
}

/// `content` behind its mark, for a store that others may write to.
#[must_use]
pub fn marked(keys: &Keys, purpose: &str, content: &[u8]) -> Vec<u8> {
    [of(keys, purpose, content).as_slice(), content].concat()
}

/// What [`marked`] has marked for `purpose`; nothing of what somebody else has put there.
#[must_use]
pub fn genuine<'c>(keys: &Keys, purpose: &str, marked: &'c [u8]) -> Option<&'c [u8]> {
    let (mark, content) = marked.split_first_chunk::<32>()?;
    is_ours(keys, purpose, content, mark).then_some(content)
}

fn mac(key: &str, purpose: &str, content: &[u8]) -> Hmac<Sha256> {
    let mut derived = keyed(key.as_bytes());
    derived.update(b"edgetill/");
    derived.update(purpose.as_bytes());
    let mut mac = keyed(&derived.finalize().into_bytes());
    mac.update(content);
    mac
}

#[expect(
    clippy::expect_used,
    reason = "HMAC takes keys of any length; the error type belongs to other MACs"
)]
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("any key length")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Keys {
        text.parse().unwrap()
    }

    #[test]
    fn a_mark_is_good_for_its_content_its_purpose_and_its_keys() {
        let record = marked(&keys("new,old"), "a/b", b"content");
        assert_eq!(genuine(&keys("new"), "a/b", &record), Some(&b"content"[..]));
        assert_eq!(
            genuine(&keys("newer new"), "a/b", &record),
            Some(&b"content"[..]),
            "an old key verifies"
        );
        assert_eq!(genuine(&keys("old"), "a/b", &record), None, "the first marks");
        assert_eq!(genuine(&keys("new"), "a/c", &record), None);
        for at in [0, 31, 32, record.len() - 1] {
            let mut spoiled = record.clone();
            spoiled[at] ^= 1;
            assert_eq!(genuine(&keys("new"), "a/b", &spoiled), None, "{at}");
        }
        for short in [&record[..32], &record[..31], b""] {
            assert_eq!(genuine(&keys("new"), "a/b", short), None);
        }
        assert!(!is_ours(&keys("new"), "a/b", b"content", b""), "no mark is no mark");
    }

    /// As Python's `hmac` makes it.
    #[test]
    fn a_mark_is_what_others_make() {
        assert_eq!(
            terms::hex(&of(&keys("key"), "gst_", &[7; 32])),
            "47a9a9cb0f49229f58dbd119670278e9fe44eade3cd82a14008a15fbc0f10d35"
        );
    }
}
