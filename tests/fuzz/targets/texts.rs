//! Every text that is parsed to a type of the shop's, and every variable. What is taken is written
//! as it was read (or as its one canonical form), reads back the same, keeps its bounds, is taken
//! or refused alike by JSON, and a refusal repeats none of it.
#![no_main]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a target says by a panic that something does not hold"
)]

use domain::{
    address::{Email, Notes, PersonalText},
    cart::CartStatus,
    compensation::CompensationKind,
    ids::*,
    merge::MergeReason,
    money::Currency,
    order::OrderStatus,
    payment::PaymentState,
    quantity::Quantity,
    saga::SagaState,
    tax::TaxRate,
    totals::AdjustmentKind,
};
use fuzz::{World, chosen, text};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{fmt::Display, str::FromStr};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (kind, data) = chosen(data);
    let text = text(data);
    match kind % 8 {
        0 => {
            for taken in [
                plain::<CartId>(text),
                plain::<CompensationId>(text),
                plain::<EventId>(text),
                plain::<LineId>(text),
                plain::<OrderId>(text),
                plain::<PaymentId>(text),
                plain::<PaymentMethodId>(text),
                plain::<ReservationId>(text),
                plain::<SagaId>(text),
                plain::<SessionId>(text),
                plain::<ShareId>(text),
                plain::<ShippingMethodId>(text),
                plain::<Sku>(text),
                plain::<TaxClass>(text),
                plain::<WarehouseId>(text),
            ] {
                let is_id = (1..=64).contains(&text.len())
                    && text
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
                assert_eq!(taken, is_id && !text.trim_matches('.').is_empty(), "{text:?}");
            }
        }
        1 => {
            if plain::<CustomerId>(text) {
                assert!(
                    text.len() <= 255
                        && !text.contains('@')
                        && text.bytes().all(|byte| byte.is_ascii_graphic())
                );
            }
            assert_eq!(
                plain::<Country>(text),
                text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
            );
            assert_eq!(
                plain::<Currency>(text),
                text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
            );
            if plain::<Region>(text) {
                assert!(text.len() <= 10);
            }
        }
        2 => order_numbers(text),
        3 => {
            let taken = personal::<Email>(text, 254, |email| email.as_str());
            assert!(!taken || text.trim().matches('@').count() == 1, "{text:?}");
        }
        4 => {
            let line = personal::<PersonalText<200>>(text, 200, PersonalText::as_str);
            personal::<PersonalText<20>>(text, 20, PersonalText::as_str);
            let notes = personal::<Notes>(text, 1_000, Notes::as_str);
            assert!(!line || notes, "a line is a note");
            assert!(!line || !text.trim().contains(char::is_control), "{text:?}");
        }
        5 => numbers(text, data),
        6 => names(text),
        _ => variables(text),
    }
});

/// A type whose text is what was given.
fn plain<T: FromStr + Display + Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
    text: &str,
) -> bool
where
    T::Err: Display,
{
    let in_json = json::read::<T>(&serde_json::to_vec(text).expect("JSON"));
    match text.parse::<T>() {
        Ok(value) => {
            assert_eq!(value.to_string(), text);
            assert_eq!(serde_json::to_value(&value).expect("JSON"), Value::from(text));
            assert_eq!(in_json.expect("what is taken as a text"), value);
            true
        }
        Err(error) => {
            assert!(in_json.is_err(), "{text:?} is taken in JSON");
            assert!(
                !telling(text) || !error.to_string().contains(text),
                "{error} repeats {text:?}"
            );
            false
        }
    }
}

/// By a character that our own words do not have, and longer than the one character a refusal
/// names.
fn telling(text: &str) -> bool {
    text.chars().count() > 3 && text.contains(|it: char| !it.is_ascii() || "%#!".contains(it))
}

/// A type that trims, and shows nothing of what it holds.
fn personal<T: FromStr + Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
    text: &str,
    max: usize,
    shown: impl Fn(&T) -> &str,
) -> bool
where
    T::Err: Display,
{
    match text.parse::<T>() {
        Ok(value) => {
            let known = shown(&value);
            assert!(
                known == text.trim() && (1..=max).contains(&known.chars().count()),
                "{known:?} of {text:?}"
            );
            assert_eq!(
                known.parse::<T>().ok(),
                Some(
                    json::read::<T>(&serde_json::to_vec(&value).expect("JSON"))
                        .expect("its own JSON")
                )
            );
            assert_eq!(format!("{value:?}"), "(redacted)");
            true
        }
        Err(error) => {
            assert!(
                !telling(text) || !error.to_string().contains(text),
                "{error} repeats {text:?}"
            );
            false
        }
    }
}

fn order_numbers(text: &str) {
    if plain::<OrderNumber>(text) {
        let (day, sequence) = text["ORD-".len()..].split_once('-').expect("two parts");
        assert!(day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit()));
        let number: u64 = sequence.parse().expect("a number");
        assert_eq!(format!("{number:06}"), sequence, "two names of one order");
    }
}

fn numbers(text: &str, data: &[u8]) {
    let in_json = json::read::<TaxRate>(&serde_json::to_vec(text).expect("JSON"));
    match text.parse::<TaxRate>() {
        Ok(rate) => {
            let decimal = rate.as_decimal();
            assert!(decimal.scale() <= 6 && decimal.to_string().parse::<TaxRate>() == Ok(rate));
            let written = serde_json::to_string(&rate).expect("JSON");
            assert_eq!(json::read::<TaxRate>(written.as_bytes()).expect("its own JSON"), rate);
            assert_eq!(written, format!("\"{decimal}\""));
            assert!(rate.to_string().ends_with('%'));
            assert_eq!(in_json.ok(), Some(rate), "{text:?}");
        }
        // JSON may be rounded to what a decimal holds, and is a rate then.
        Err(_) => drop(in_json),
    }
    if let Ok(number) = text.parse::<i64>() {
        let quantity = Quantity::try_from(number);
        assert_eq!(quantity.is_ok(), (1..=10_000).contains(&number));
        assert_eq!(json::read::<Quantity>(number.to_string().as_bytes()).ok(), quantity.ok());
    }
    if let Some([a, b, c, d, ..]) = data.first_chunk::<4>() {
        let (a, b, limit) =
            (i64::from(*a) * 40, i64::from(*b) * 40, i64::from(u16::from_le_bytes([*c, *d])));
        if let (Ok(a), Ok(b)) = (Quantity::try_from(a), Quantity::try_from(b)) {
            let sum = a.plus(b, limit).ok().map(Quantity::get);
            assert_eq!(sum, Some(a.get() + b.get()).filter(|sum| *sum <= limit.min(10_000)));
        }
    }
}

fn names(text: &str) {
    macro_rules! named {
        ($($name:ident),+) => {$({
            assert_eq!($name::NAMES.contains(&text), plain::<$name>(text), "{text:?}");
            assert!($name::ALL.iter().zip($name::NAMES).all(|(one, name)| one.as_str() == *name && name.parse() == Ok(*one)));
        })+};
    }
    named!(
        CartStatus,
        CompensationKind,
        MergeReason,
        OrderStatus,
        PaymentState,
        SagaState,
        AdjustmentKind
    );
}

fn variables(text: &str) {
    passwords(text);
    let mut world = World::default();
    world
        .variables
        .extend(config::VARIABLES.iter().map(|variable| (variable.name, text.to_owned())));
    let said: Value = serde_json::to_value(app::ops::config(&world.ports()).body).expect("JSON");
    for variable in config::VARIABLES.iter().filter(|variable| variable.form != config::Form::Host)
    {
        let name = variable.name;
        let taken = variable.check(text, |_| Some(text.to_owned()));
        if let (Ok(()), true) = (taken, name.ends_with("_seconds")) {
            let seconds: i64 = text.parse().expect("a number");
            assert!(seconds > 0 && seconds.checked_mul(1_000).is_some());
        }
        assert_eq!(said["invalid"].get(name).is_none(), taken.is_ok(), "{name} {said}");
        let shown = said["variables"][name].as_str().expect("it is bound");
        assert!(!variable.secret || shown == "***", "{name}");
        assert!(shown == text || shown.contains("***"), "{name}: {shown}");
    }
}

/// A password in a URL, written as a URL can hold one.
fn passwords(text: &str) {
    let password: String = text
        .chars()
        .filter(|it| it.is_ascii_alphanumeric() || "-._~%!$&'()*+,;=:@".contains(*it))
        .collect();
    for url in
        [format!("redis://u:{password}~!@host:6379/0"), format!("https://:{password}~!@host/a?b@c")]
    {
        let world = World::bound([("event_sink_url", &url)]);
        let shown = serde_json::to_string(&app::ops::config(&world.ports()).body).expect("JSON");
        assert!(!shown.contains(&format!("{password}~!")) && shown.contains("***@host"), "{shown}");
    }
}
