//! What is sealed opens for its row and key, and for nothing else; what opens is what sealing
//! makes, letter for letter; a key has one spelling. (A fuzzer sees what a tag is compared with,
//! and so can make a good one: that it opens is right.)
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
use seal::{Key, NONCE_BYTES, SealError};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    key: [u8; 32],
    nonce: [u8; NONCE_BYTES],
    row: &'a str,
    other: &'a str,
    plain: &'a [u8],
    spoil: (usize, u8),
    forged: &'a str,
}

libfuzzer_sys::fuzz_target!(|input: Input<'_>| {
    let text = STANDARD.encode(input.key);
    let key = Key::from_base64(&text).expect("32 bytes");
    if Key::from_base64(input.forged).is_ok() {
        assert_eq!(
            STANDARD.encode(STANDARD.decode(input.forged.trim()).expect("base64")),
            input.forged.trim(),
            "two spellings of a key"
        );
    }
    let sealed = key.seal(input.nonce, input.row, input.plain).expect("not too long");
    assert_eq!(key.open(input.row, &sealed).as_deref(), Ok(input.plain));
    if input.other != input.row {
        assert_eq!(key.open(input.other, &sealed), Err(SealError::Closed));
    }
    let mut other_key = input.key;
    other_key[0] ^= 1;
    assert_eq!(
        Key::from_base64(&STANDARD.encode(other_key)).expect("32 bytes").open(input.row, &sealed),
        Err(SealError::Closed)
    );

    let mut spoiled = sealed.clone().into_bytes();
    let at = input.spoil.0 % spoiled.len();
    spoiled[at] = input.spoil.1;
    for text in [
        String::from_utf8_lossy(&spoiled).into_owned(),
        input.forged.to_owned(),
        format!("v1.{}", input.forged),
    ] {
        let Ok(plain) = key.open(input.row, &text) else { continue };
        let bytes = URL_SAFE_NO_PAD.decode(&text["v1.".len()..]).expect("base64");
        let nonce = *bytes.first_chunk::<NONCE_BYTES>().expect("a nonce");
        assert_eq!(
            key.seal(nonce, input.row, &plain).expect("not too long"),
            text,
            "not as it was sealed"
        );
    }
});
