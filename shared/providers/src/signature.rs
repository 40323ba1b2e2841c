//! Webhook signatures: HMAC-SHA256 as Standard Webhooks and as Stripe write it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use config::Keys;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// A secret that is not `whsec_` followed by base64 of 24 to 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is \"whsec_\" and the base64 of 24 to 64 bytes")]
pub struct MalformedSecret;

/// The `webhook-signature` of a body: `v1,<base64>` over `id.timestamp.body` for each of `secrets`,
/// with a space between. A receiver that knows one of them is content, so the one can be changed
/// without the other being there at the same moment (SEC-5).
///
/// # Errors
/// When one of the secrets is malformed.
pub fn standard_webhooks(
    secrets: &Keys,
    id: &str,
    timestamp_s: i64,
    body: &[u8],
) -> Result<String, MalformedSecret> {
    let signatures: Vec<String> = secrets
        .all()
        .map(|secret| {
            let mac = standard_webhooks_mac(secret, id, timestamp_s, body)?;
            Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
        })
        .collect::<Result<_, _>>()?;
    Ok(signatures.join(" "))
}

/// A secret as a receiver is given one, of fresh random bytes.
#[must_use]
pub fn standard_webhooks_secret(bytes: &[u8; 32]) -> String {
    ["whsec_", &STANDARD.encode(bytes)].concat()
}

/// Whether one of the space-separated signatures in `header` is by one of `secrets`; compared in
/// constant time.
///
/// # Errors
/// When one of the secrets is malformed.
pub fn verify_standard_webhooks(
    secrets: &Keys,
    id: &str,
    timestamp_s: i64,
    body: &[u8],
    header: &str,
) -> Result<bool, MalformedSecret> {
    let macs: Vec<_> = secrets
        .all()
        .map(|secret| standard_webhooks_mac(secret, id, timestamp_s, body))
        .collect::<Result<_, _>>()?;
    Ok(header
        .split(' ')
        .filter_map(|one| one.strip_prefix("v1,"))
        .filter_map(|tag| STANDARD.decode(tag).ok())
        .any(|tag| macs.iter().any(|mac| mac.clone().verify_slice(&tag).is_ok())))
}

/// The `stripe-signature` of a body: `t=<timestamp>,v1=<hex>` over `timestamp.body`. The secret is
/// used as it stands, prefix included.
#[must_use]
pub fn stripe(secret: &str, timestamp_s: i64, body: &[u8]) -> String {
    let mut mac = keyed(secret.as_bytes());
    mac.update(format!("{timestamp_s}.").as_bytes());
    mac.update(body);
    let hex: String =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={timestamp_s},v1={hex}")
}

/// Whether `header`, a `stripe-signature`, signs `body` by one of `secrets`, at a time that is not more
/// than `tolerance_s` from `now_s`; compared in constant time. A header may hold several signatures,
/// while the provider's secret is being changed, and of schemes that are not known here
/// (docs.stripe.com/webhooks#verify-manually).
#[must_use]
pub fn verify_stripe(
    secrets: &Keys,
    header: &str,
    body: &[u8],
    now_s: i64,
    tolerance_s: i64,
) -> bool {
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let mut times = parts().filter(|(name, _)| *name == "t").map(|(_, time)| time);
    // One that names two times says neither.
    let (Some(time), None) = (times.next(), times.next()) else { return false };
    let Ok(timestamp_s) = time.parse::<i64>() else { return false };
    if now_s.saturating_sub(timestamp_s).unsigned_abs() > tolerance_s.unsigned_abs() {
        return false;
    }
    let signed: Vec<Vec<u8>> =
        parts().filter(|(name, _)| *name == "v1").filter_map(|(_, tag)| bytes_of(tag)).collect();
    secrets.all().any(|secret| {
        let mut mac = keyed(secret.as_bytes());
        mac.update(format!("{time}.").as_bytes());
        mac.update(body);
        signed.iter().any(|tag| mac.clone().verify_slice(tag).is_ok())
    })
}

/// The bytes of a text in hexadecimal.
fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = hex
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    Some(pairs.iter().map(|[high, low]| (high << 4) | low).collect())
}

fn standard_webhooks_mac(
    secret: &str,
    id: &str,
    timestamp_s: i64,
    body: &[u8],
) -> Result<Hmac<Sha256>, MalformedSecret> {
    let encoded = secret.strip_prefix("whsec_").ok_or(MalformedSecret)?;
    let key = STANDARD.decode(encoded).map_err(|_| MalformedSecret)?;
    if !(24..=64).contains(&key.len()) {
        return Err(MalformedSecret);
    }
    let mut mac = keyed(&key);
    mac.update(format!("{id}.{timestamp_s}.").as_bytes());
    mac.update(body);
    Ok(mac)
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

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn keys(text: &str) -> Keys {
        text.parse().unwrap()
    }

    #[test]
    fn the_standard_webhooks_crate_accepts_what_we_sign() {
        let body = br#"{"test": 2432232314}"#;
        let signature = standard_webhooks(&keys(SECRET), "msg_1", 1_614_265_330, body).unwrap();
        let theirs = standardwebhooks::Webhook::new(SECRET)
            .unwrap()
            .sign("msg_1", 1_614_265_330, body)
            .unwrap();
        assert_eq!(signature, theirs);
        let rotated = format!("v1,AAAA {signature}");
        let verify = |header: &str, body: &[u8]| {
            verify_standard_webhooks(&keys(SECRET), "msg_1", 1_614_265_330, body, header).unwrap()
        };
        assert!(verify(&rotated, body));
        assert!(!verify(&rotated, b"{}"));
        assert!(!verify("v1,AAAA", body));
    }

    // SEC-5
    #[test]
    fn during_a_rotation_who_knows_either_secret_is_content() {
        let new = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let both = standard_webhooks(&keys(&format!("{new},{SECRET}")), "msg_1", 1, b"{}").unwrap();
        let by = |secret: &str| {
            standardwebhooks::Webhook::new(secret).unwrap().sign("msg_1", 1, b"{}").unwrap()
        };
        assert_eq!(both, format!("{} {}", by(new), by(SECRET)));
        for (secrets, genuine) in [
            (new, true),
            (SECRET, true),
            ("whsec_HxECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", false),
        ] {
            assert_eq!(
                verify_standard_webhooks(&keys(secrets), "msg_1", 1, b"{}", &both),
                Ok(genuine),
                "{secrets}"
            );
        }
    }

    #[test]
    fn secrets_of_another_shape_are_refused() {
        for secret in ["whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%%"] {
            assert_eq!(standard_webhooks(&keys(secret), "a", 1, b"").unwrap_err(), MalformedSecret);
            assert_eq!(
                standard_webhooks(&keys(&format!("{SECRET} {secret}")), "a", 1, b"").unwrap_err(),
                MalformedSecret
            );
        }
    }

    #[test]
    fn the_stripe_signature_matches_one_made_with_openssl() {
        // printf '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test
        assert_eq!(
            stripe("whsec_test", 1_700_000_000, br#"{"id":"evt_1"}"#),
            "t=1700000000,v1=c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925"
        );
    }

    #[test]
    fn what_is_signed_as_stripe_signs_is_known_and_nothing_else() {
        let (body, now) = (br#"{"id":"evt_1"}"#, 1_700_000_000);
        let (old, new) = ("whsec_the-old-one-of-the-provider", "whsec_the-new-one-of-the-provider");
        let by = |secrets: &str, header: &str, now_s: i64| {
            verify_stripe(&keys(secrets), header, body, now_s, 300)
        };
        let header = stripe(old, now, body);
        assert!(by(old, &header, now));
        assert!(by(&format!("{new} {old}"), &header, now), "while ours are changed");
        assert!(!by(new, &header, now));
        // While theirs are changed, and with a scheme that is not ours.
        let both =
            format!("{}, v0=00,{}", stripe(new, now, body), header.split_once(',').unwrap().1);
        assert!(by(old, &both, now) && by(new, &both, now));
        for (later, fits) in [(300, true), (301, false), (-300, true), (-301, false)] {
            assert_eq!(by(old, &header, now + later), fits, "{later}");
        }
        assert!(!verify_stripe(&keys(old), &header, b"{}", now, 300));
        let tag = header.split_once("v1=").unwrap().1;
        for spoiled in [
            String::new(),
            format!("v1={tag}"),
            format!("t={now}"),
            format!("t={now},t={now},v1={tag}"),
            format!("t=x,v1={tag}"),
            format!("t={},v1={tag}", now + 1),
            format!("t=0{now},v1={tag}"),
            format!("t={now},v0={tag}"),
            format!("t={now},v1={}", &tag[1..]),
            format!("t={now},v1=zz{}", &tag[2..]),
            format!("t={now},v1={tag}00"),
            format!("t={now},v1="),
        ] {
            assert!(!by(old, &spoiled, now), "{spoiled}");
        }
    }
}
