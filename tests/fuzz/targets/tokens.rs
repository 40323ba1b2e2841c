//! `Authorization`. Nobody is a customer or a service without our signature, under our key, for
//! that purpose and in its time; a guest's or a share's secret has one spelling; what we sign we
//! read back.
#![no_main]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a target says by a panic that something does not hold"
)]

use arbitrary::Arbitrary;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use config::Keys;
use edge::{
    Caller, Code, Customer, GuestToken, Method, Request, Service, caller, service_token,
    session_token,
};
use fuzz::{NOW_MS, World, refused, signature};
use serde_json::Value;

const SERVICE: &str = "service-secret-0123456789abcdef0123456789";
const SESSION: &str = "session-secret-0123456789abcdef0123456789";

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    what: What<'a>,
    one_key: bool,
}

#[derive(Arbitrary, Debug)]
enum What<'a> {
    /// Anything at all.
    Header(&'a str),
    /// A secret behind its prefix.
    Secret { share: bool, text: &'a str },
    /// Well signed, whatever it says.
    Signed { session: bool, header: &'a str, claims: &'a str },
    /// What we issue, for a time around now; perhaps spoiled.
    Issued {
        session: bool,
        subject: &'a str,
        scopes: Vec<&'a str>,
        from_s: i16,
        for_s: u16,
        spoil: Option<(u16, u8)>,
    },
}

libfuzzer_sys::fuzz_target!(|input: Input<'_>| {
    // Even under one key no token of a kind is taken for one of the other.
    let service_secret = if input.one_key { SESSION } else { SERVICE };
    let world =
        World::bound([("service_token_secret", service_secret), ("session_token_secret", SESSION)]);
    match input.what {
        What::Header(value) => match ask(&world, value) {
            Ok(Caller::Guest(token)) => canonical(token.reveal(), "gst_"),
            Ok(Caller::Share(token)) => canonical(token.reveal(), "shr_"),
            // A fuzzer sees what a signature is compared with, and so can make a good one.
            Ok(who) => assert!(
                [SESSION, service_secret].iter().any(|secret| is_signed(value, secret)),
                "{value:?} is {who:?}"
            ),
            Err(_) => {}
        },
        What::Secret { share, text } => {
            let token = format!("{}{text}", if share { "shr_" } else { "gst_" });
            match ask(&world, &format!("Bearer {token}")) {
                Ok(Caller::Guest(known)) => {
                    assert!(!share && Some(known) == GuestToken::parse(&keys(SESSION), &token))
                }
                Ok(Caller::Share(_)) => assert!(share),
                Ok(who) => panic!("{token:?} is {who:?}"),
                Err(_) => assert!(
                    GuestToken::parse(&keys(SESSION), &token).is_none(),
                    "{token:?} in a body, and not in a header"
                ),
            }
            if let Some(token) = GuestToken::parse(&keys(SESSION), &token) {
                canonical(token.reveal(), "gst_");
                assert_eq!(token.owner(), format!("guest:{}", token.hash()));
            }
        }
        What::Signed { session, header, claims } => {
            let (secret, audience) = if session {
                (SESSION, "edgetill-session")
            } else {
                (service_secret, "edgetill-service")
            };
            let signed =
                format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
            let token = format!("{signed}.{}", signature(secret.as_bytes(), &signed));
            let Ok(who) = ask(&world, &format!("Bearer {token}")) else { return };
            let (header, said): (Value, Value) = (
                serde_json::from_str(header).expect("a header"),
                serde_json::from_str(claims).expect("claims"),
            );
            assert_eq!(
                (&header["alg"], &said["iss"]),
                (&"HS256".into(), &"edgetill".into()),
                "{header} {said}"
            );
            assert!(header.get("crit").is_none_or(Value::is_null), "{header}");
            let names = |name: &str| {
                said["aud"] == name
                    || said["aud"].as_array().is_some_and(|all| all.iter().any(|one| one == name))
            };
            match &who {
                Caller::Customer(customer) => assert!(
                    names("edgetill-session")
                        && said["sub"] == *customer.id
                        && !customer.id.is_empty()
                ),
                Caller::Service(service) => {
                    assert!(
                        names("edgetill-service")
                            && said["sub"] == *service.subject
                            && !service.subject.is_empty()
                    );
                }
                Caller::Nobody | Caller::Guest(_) | Caller::Share(_) => {
                    panic!("{claims} is {who:?}")
                }
            }
            assert!(names(audience) || input.one_key, "{claims} is {who:?}");
            assert!(
                said["exp"].as_f64().is_some_and(|exp| exp > 1_799_999_939.0),
                "{claims} has ended"
            );
        }
        What::Issued { session, subject, scopes, from_s, for_s, spoil } => {
            let from_ms = NOW_MS + i64::from(from_s) * 1_000;
            let to_ms = from_ms + i64::from(for_s) * 1_000;
            let service = Service {
                subject: subject.to_owned(),
                scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            };
            let token = if session {
                session_token::sign(
                    &keys(SESSION),
                    &Customer { id: subject.to_owned() },
                    from_ms,
                    to_ms,
                )
            } else {
                service_token::sign(&keys(service_secret), &service, from_ms, to_ms)
            }
            .expect("can be written");
            let mut spoiled = token.clone().into_bytes();
            if let Some((at, with)) = spoil {
                let at = usize::from(at) % spoiled.len();
                spoiled[at] = with;
            }
            let Ok(shown) = String::from_utf8(spoiled) else { return };
            let who = ask(&world, &format!("Bearer {shown}"));
            if shown.trim() != token {
                assert!(who.is_err(), "{shown} is {who:?}");
                return;
            }
            let live = i64::from(from_s) <= 60 && i64::from(from_s) + i64::from(for_s) > -60;
            match who {
                Ok(Caller::Customer(customer)) => {
                    assert!(
                        live && session
                            && customer.id == subject
                            && customer.owner() == format!("customer:{subject}")
                    )
                }
                Ok(Caller::Service(known)) => {
                    let words: Vec<String> = scopes
                        .iter()
                        .flat_map(|scope| scope.split_ascii_whitespace())
                        .map(str::to_owned)
                        .collect();
                    assert!(
                        live && !session && known.subject == subject && known.scopes == words,
                        "{known:?}"
                    );
                }
                Ok(who) => panic!("{who:?}"),
                Err(code) => assert!(!live || subject.is_empty(), "{code:?}: {token}"),
            }
        }
    }
});

fn keys(text: &str) -> Keys {
    text.parse().expect("a key")
}

fn is_signed(value: &str, secret: &str) -> bool {
    let token = value.trim().split_once(' ').map_or("", |(_, token)| token.trim());
    token.rsplit_once('.').is_some_and(|(signed, by)| signature(secret.as_bytes(), signed) == by)
}

fn canonical(token: &str, prefix: &str) {
    let bytes =
        URL_SAFE_NO_PAD.decode(token.strip_prefix(prefix).expect("its prefix")).expect("base64");
    assert_eq!(bytes.len(), 48);
    assert_eq!(
        format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)),
        token,
        "two spellings of a secret"
    );
}

fn ask(world: &World, value: &str) -> Result<Caller, Code> {
    let request = Request::new(Method::Get, "/").with_header("authorization", value);
    caller(&world.ports(), edge::Takes::Both, &request).map_err(|problem| {
        let code = problem.code();
        refused(problem, &[Code::CredentialInvalid]);
        code
    })
}
