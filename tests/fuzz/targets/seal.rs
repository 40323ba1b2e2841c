//! What is sealed opens for its row and key, and for nothing else; what opens is what sealing
//! makes, letter for letter; a key has one spelling, and a wrapped one opens in its place alone. (A
//! fuzzer sees what a tag is compared with, and so can make a good one: that it opens is right.)
#![no_main]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a target says by a panic that something does not hold"
)]

use arbitrary::Arbitrary;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use seal::{DataKey, Keyring, NONCE_BYTES, SealError, WrappedKey};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    key: [u8; 32],
    data_key: [u8; 32],
    nonce: [u8; NONCE_BYTES],
    row: &'a str,
    other: &'a str,
    plain: &'a [u8],
    spoil: (usize, u8),
    forged: &'a str,
}

/// The name of the data key.
const ID: &str = "key-1";

fn keyring(key: [u8; 32]) -> Keyring {
    Keyring::read([STANDARD.encode(key).as_str()]).expect("32 bytes")
}

fn made(ring: &Keyring, key: &[u8; 32], nonce: [u8; NONCE_BYTES]) -> (DataKey, WrappedKey) {
    ring.wrap(ID.to_owned(), key, nonce).expect("not too long")
}

libfuzzer_sys::fuzz_target!(|input: Input<'_>| {
    let ring = keyring(input.key);
    if Keyring::read([input.forged]).is_ok() {
        assert_eq!(
            STANDARD.encode(STANDARD.decode(input.forged.trim()).expect("base64")),
            input.forged.trim(),
            "two spellings of a key"
        );
    }
    let (key, wrapped) = made(&ring, &input.data_key, input.nonce);
    let sealed = key.seal(input.nonce, input.row, input.plain).expect("not too long");
    let kept = ring.unwrap(&wrapped).expect("it was wrapped so");
    assert_eq!(kept.open(input.row, &sealed).as_deref(), Ok(input.plain));
    if input.other != input.row {
        assert_eq!(key.open(input.other, &sealed), Err(SealError::Closed));
    }
    let mut other_key = input.data_key;
    other_key[0] ^= 1;
    let (other, _) = made(&ring, &other_key, input.nonce);
    assert_eq!(other.open(input.row, &sealed), Err(SealError::Closed));
    let forged = WrappedKey { wrapped_key: input.forged.to_owned(), ..wrapped.clone() };
    if ring.unwrap(&forged).is_ok() {
        let bytes = URL_SAFE_NO_PAD.decode(input.forged).expect("base64");
        assert_eq!(URL_SAFE_NO_PAD.encode(bytes), input.forged, "two spellings of a wrapped key");
    }

    let mut spoiled = sealed.clone().into_bytes();
    let at = input.spoil.0 % spoiled.len();
    spoiled[at] = input.spoil.1;
    for text in [
        String::from_utf8_lossy(&spoiled).into_owned(),
        input.forged.to_owned(),
        format!("v2.{ID}.{}", input.forged),
    ] {
        let Ok(plain) = key.open(input.row, &text) else { continue };
        let encoded = text.rsplit('.').next().expect("a last part");
        let bytes = URL_SAFE_NO_PAD.decode(encoded).expect("base64");
        let nonce = *bytes.first_chunk::<NONCE_BYTES>().expect("a nonce");
        assert_eq!(
            key.seal(nonce, input.row, &plain).expect("not too long"),
            text,
            "not as it was sealed"
        );
    }
});
