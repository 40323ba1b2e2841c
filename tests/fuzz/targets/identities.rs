//! Customers' tokens and their provider's keys. Of all tokens only those that were really signed
//! are believed, and these only where the key set has the right key, or the secret is the right
//! one: no key set, no header and no other secret (a public key's own text among them) lets one in.
#![no_main]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a target says by a panic that something does not hold"
)]

use arbitrary::Arbitrary;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use edge::{
    Code, Method, Request,
    access::{Admit as _, Customer},
};
use fuzz::{World, refused, signature};
use ports::HttpResponse;
use serde_json::Value;

const RSA: &str = include_str!("../../e2e/keys/test-only-rsa-1.public.json");
const EC: &str = include_str!("../../e2e/keys/test-only-ec-1.public.json");
const OTHERS: [&str; 2] = [
    include_str!("../../e2e/keys/test-only-rsa-2.public.json"),
    include_str!("../../e2e/keys/test-only-rsa-weak.public.json"),
];
/// Signed by the first two, for `sub` `u-1`, until the year 2100.
const BY_RSA: &str = include_str!("../fixtures/by-rsa-1.jwt");
const BY_EC: &str = include_str!("../fixtures/by-ec-1.jwt");
const SESSIONS: &str = "session-secret-0123456789abcdef0123456789";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    keys: Keys<'a>,
    token: Token<'a>,
    secret: bool,
    kept: Option<&'a [u8]>,
}

#[derive(Arbitrary, Debug)]
enum Keys<'a> {
    All,
    Others,
    /// One of the right ones with a member changed.
    Changed {
        rsa: bool,
        member: Member,
        value: &'a str,
    },
    Text(&'a str),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Member {
    Kty,
    Use,
    KeyOps,
    Alg,
    Kid,
    N,
    E,
    Crv,
    X,
    Y,
}

#[derive(Arbitrary, Debug)]
enum Token<'a> {
    Good {
        rsa: bool,
        spoil: Option<(u16, u8)>,
    },
    /// The header and claims of one, and somebody else's signature: by the public key's text, or by
    /// nothing.
    Forged {
        header: &'a str,
        claims: &'a str,
        by: By,
    },
    Text(&'a str),
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum By {
    PublicKey,
    Modulus,
    Nothing,
    Secret,
}

libfuzzer_sys::fuzz_target!(|input: Input<'_>| {
    let mut world = World::bound([
        ("customer_issuer", "https://identity.example"),
        ("customer_audience", "shop"),
        ("customer_jwks_url", "https://identity.example/keys"),
        ("customer_jwt_secret", ""),
        ("customer_jwks_cache_seconds", "300"),
        ("customer_jwks_stale_seconds", "86400"),
        ("customer_jwks_refetch_seconds", "30"),
        ("customer_jwks_timeout_ms", "3000"),
        ("breaker_failures", "5"),
        ("breaker_window_seconds", "30"),
        ("breaker_open_seconds", "10"),
        ("session_token_secret", SESSIONS),
    ]);
    if input.secret {
        world.variables.insert("customer_jwt_secret", SECRET.to_owned());
    }
    let published = key_set(&input.keys);
    world.answers.borrow_mut().push_back(Ok(HttpResponse {
        status: 200,
        headers: Vec::new(),
        body: published.clone().into_bytes(),
    }));
    // Whatever it is, we have written it: what we have not is passed over.
    if let Some(kept) = input.kept {
        let marked = edge::mark::marked(&SESSIONS.parse().expect("a key"), "identity/keys", kept);
        world.values.borrow_mut().insert("identity/keys".to_owned(), marked);
    }
    let token = token(&input.token);
    let request = Request::new(Method::Post, "/api/v1/session")
        .with_header("authorization", &format!("Bearer {token}"));
    let asked = Customer::admit(&world.ports(), &request);
    let customer = match asked
        .and_then(|token| pollster::block_on(identity::customer(&world.ports(), &token)))
    {
        Ok(customer) => customer,
        Err(problem) => {
            let told = refused(problem, &[Code::CredentialInvalid, Code::IdentityUnavailable]);
            let good = matches!(input.token, Token::Good { spoil: None, .. })
                && matches!(input.keys, Keys::All)
                && input.kept.is_none();
            assert!(!good, "{told}: {token}");
            return;
        }
    };
    let known = published + &String::from_utf8_lossy(input.kept.unwrap_or_default());
    let has = |key: &str, member: &str| {
        known.contains(
            serde_json::from_str::<Value>(key).expect("a key")[member].as_str().expect("a text"),
        )
    };
    match token.trim() {
        token if token == BY_RSA.trim() => assert!(has(RSA, "n") && customer.as_str() == "u-1"),
        token if token == BY_EC.trim() => {
            assert!(has(EC, "x") && has(EC, "y") && customer.as_str() == "u-1")
        }
        // A fuzzer sees what a signature is compared with, and so can make a good one.
        token => {
            let (signed, by) = token.rsplit_once('.').expect("a token");
            assert!(
                input.secret && signature(SECRET.as_bytes(), signed) == by,
                "{token} is {customer}"
            );
        }
    }
});

fn key_set(keys: &Keys<'_>) -> String {
    match keys {
        Keys::All => format!(r#"{{"keys":[{RSA},{EC}]}}"#),
        Keys::Others => format!(r#"{{"keys":[{}]}}"#, OTHERS.join(",")),
        Keys::Changed { rsa, member, value } => {
            let mut key: Value = serde_json::from_str(if *rsa { RSA } else { EC }).expect("a key");
            let (name, value) = match member {
                Member::KeyOps => ("key_ops", Value::from(vec![*value])),
                Member::Kty => ("kty", (*value).into()),
                Member::Use => ("use", (*value).into()),
                Member::Alg => ("alg", (*value).into()),
                Member::Kid => ("kid", (*value).into()),
                Member::N => ("n", (*value).into()),
                Member::E => ("e", (*value).into()),
                Member::Crv => ("crv", (*value).into()),
                Member::X => ("x", (*value).into()),
                Member::Y => ("y", (*value).into()),
            };
            key[name] = value;
            format!(r#"{{"keys":[{key}]}}"#)
        }
        Keys::Text(text) => (*text).to_owned(),
    }
}

fn token(token: &Token<'_>) -> String {
    match token {
        Token::Good { rsa, spoil } => {
            let mut bytes = (if *rsa { BY_RSA } else { BY_EC }).trim().as_bytes().to_vec();
            if let Some((at, with)) = spoil {
                let at = usize::from(*at) % bytes.len();
                bytes[at] = *with;
            }
            String::from_utf8_lossy(&bytes).into_owned()
        }
        Token::Forged { header, claims, by } => {
            let signed =
                format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
            let modulus = serde_json::from_str::<Value>(RSA).expect("a key")["n"]
                .as_str()
                .expect("a text")
                .to_owned();
            let key = match by {
                By::PublicKey => RSA.as_bytes().to_vec(),
                By::Modulus => URL_SAFE_NO_PAD.decode(modulus).expect("base64"),
                By::Secret => SECRET.as_bytes().to_vec(),
                By::Nothing => return format!("{signed}."),
            };
            format!("{signed}.{}", signature(&key, &signed))
        }
        Token::Text(text) => (*text).to_owned(),
    }
}
