//! A request's body, into each of the types that are read. `serde_json` is the judge: what it
//! refuses is not taken, what is taken is the same value, and what only we refuse is a list or an
//! object where a struct or a name belongs. A refusal names a place that is there, and repeats no
//! text of the document.
#![no_main]
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a target says by a panic that something does not hold"
)]

use edge::{Code, Method, Request};
use fuzz::{chosen, refused};
use json::ReadError;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::fmt::Debug;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (kind, text) = chosen(data);
    match kind % 16 {
        0 => read::<app::cart::AddLine>(text, debug),
        1 => read::<app::cart::SetQuantity>(text, debug),
        2 => read::<app::cart::CreateCart>(text, debug),
        3 => read::<app::cart::ShareCart>(text, debug),
        4 => read::<app::checkout::Confirm>(text, debug),
        5 => read::<app::checkout::BeginCheckout>(text, debug),
        6 => read::<app::order::CreateOrder>(text, debug),
        7 => read::<app::order::CancelOrder>(text, debug),
        8 => read::<app::catalog::Import>(text, debug),
        9 => read::<app::catalog::SkuFacts>(text, written),
        10 => read::<app::catalog::MoveStock>(text, debug),
        11 => read::<app::session::OpenSession>(text, debug),
        12 => read::<domain::address::Contact>(text, written),
        13 => read::<domain::address::Address>(text, written),
        14 => read::<domain::money::Money>(text, written),
        _ => read::<Value>(text, written),
    }
});

fn debug<T: Debug>(value: &T) -> String {
    format!("{value:?}")
}

fn written<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("JSON")
}

fn read<T: DeserializeOwned>(text: &[u8], shown: fn(&T) -> String) {
    let theirs = serde_json::from_slice::<T>(text);
    match (json::read::<T>(text), &theirs) {
        (Ok(ours), Ok(theirs)) => {
            assert_eq!(shown(&ours), shown(theirs));
            // As `Debug` or JSON writes it: PostgreSQL has none, so no value that comes in may hold
            // one.
            assert!(!holds_a_nul(&serde_json::from_slice(text).expect("JSON")), "{}", shown(&ours));
        }
        (Ok(ours), Err(error)) => panic!("taken as {}, and no such thing: {error}", shown(&ours)),
        (Err(ReadError::Malformed(error)), Ok(theirs)) => {
            panic!("called malformed ({error}): {}", shown(theirs))
        }
        (Err(ReadError::Mismatch(mismatch)), Ok(_)) => {
            let document: Value = serde_json::from_slice(text).expect("JSON");
            let at = document.pointer(mismatch.pointer()).expect("a place in the document");
            let nul = at.as_str().is_some_and(|text| text.contains('\0'));
            assert!(nul || at.is_array() || at.is_object(), "refused ({mismatch}): {at}");
        }
        (Err(_), Err(_)) => {}
    }
    let request = Request::new(Method::Post, "/")
        .with_header("content-type", "application/json")
        .with_body(text);
    let Err(problem) = request.json::<T>() else { return };
    let told = refused(problem, &[Code::MalformedJson, Code::UnknownField, Code::InvalidField]);
    if let Ok(document) = serde_json::from_slice::<Value>(text) {
        names_a_place::<T>(&document);
        repeats_nothing(&document, &told);
    }
}

fn holds_a_nul(document: &Value) -> bool {
    let (mut names, mut texts) = (Vec::new(), Vec::new());
    gather(document, &mut names, &mut texts);
    texts.iter().any(|text| text.contains('\0'))
}

/// Of the document written anew, in which no member stands twice.
fn names_a_place<T: DeserializeOwned>(document: &Value) {
    if let Err(ReadError::Mismatch(mismatch)) =
        json::read::<T>(&serde_json::to_vec(document).expect("JSON"))
    {
        let pointer = mismatch.pointer();
        assert!(document.pointer(pointer).is_some(), "{pointer:?} is nowhere in {document}");
    }
}

/// As far as a text can be told from our own words: by a character that none of them has.
fn repeats_nothing(document: &Value, told: &Value) {
    let (mut names, mut texts) = (Vec::new(), Vec::new());
    gather(document, &mut names, &mut texts);
    let telling = |text: &&str| {
        text.chars().count() > 3 && text.contains(|it: char| !it.is_ascii() || "%#!".contains(it))
    };
    for text in texts
        .into_iter()
        .filter(telling)
        .filter(|text| !names.iter().any(|name| name.contains(text)))
    {
        let repeated = ["detail", "field"]
            .iter()
            .any(|member| told[*member].as_str().is_some_and(|told| told.contains(text)));
        assert!(!repeated, "{told} repeats {text:?}");
    }
}

fn gather<'v>(value: &'v Value, names: &mut Vec<&'v str>, texts: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| gather(item, names, texts)),
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            names.push(name);
            gather(value, names, texts);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
