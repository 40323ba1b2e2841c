//! The payment provider, asked as the shop asks it, and believed.

use spin_sdk::variables;
use std::io::Read;
use wasi::http::outgoing_handler;
use wasi::http::types::{Fields, IncomingBody, Method, OutgoingBody, OutgoingRequest, Scheme};

/// Holds 40.00; gives the payment's reference.
pub(crate) fn authorize(id: &str) -> String {
    let form = format!(
        "amount=4000&currency=usd&payment_method=pm_card_visa&payment_method_types%5B%5D=card&capture_method=manual&confirm=true\
         &metadata%5Bsaga_id%5D={id}&metadata%5Border_reference%5D={id}&metadata%5Bidempotency_key%5D={id}%2Fauthorize"
    );
    let answer = post("payment_intents", &form, &format!("{id}/authorize"));
    let (_, rest) = answer.split_once("\"id\":\"").expect("a reference");
    rest.split('"').next().expect("a reference").to_owned()
}

/// Both, of a payment of its own.
pub(crate) fn held_and_taken() -> String {
    let id = crate::id();
    let reference = authorize(&id);
    capture(&id, &reference);
    format!("{{\"reference\":\"{reference}\"}}")
}

/// Takes them.
pub(crate) fn capture(id: &str, reference: &str) {
    post(
        &format!("payment_intents/{reference}/capture"),
        "amount_to_capture=4000",
        &format!("{id}/capture/0"),
    );
}

fn post(path: &str, form: &str, key: &str) -> String {
    let variable = |name: &str| variables::get(name).expect("a variable");
    let url = format!("{}/v1/{path}", variable("payment_base_url"));
    let (authority, target) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .expect("the simulator's address");
    let headers = [
        ("authorization", format!("Bearer {}", variable("payment_api_key"))),
        ("stripe-version", "2025-03-31.basil".to_owned()),
        ("content-type", "application/x-www-form-urlencoded".to_owned()),
        ("idempotency-key", key.to_owned()),
    ];
    let headers =
        Fields::from_list(&headers.map(|(name, value)| (name.to_owned(), value.into_bytes())))
            .expect("headers");
    let request = OutgoingRequest::new(headers);
    request.set_method(&Method::Post).expect("a method");
    request.set_scheme(Some(&Scheme::Http)).expect("a scheme");
    request.set_authority(Some(authority)).expect("an authority");
    request.set_path_with_query(Some(&format!("/{target}"))).expect("a path");
    let body = request.body().expect("a body");
    let stream = body.write().expect("a stream");
    stream.blocking_write_and_flush(form.as_bytes()).expect("room for the form");
    drop(stream);
    OutgoingBody::finish(body, None).expect("a finished body");

    let pending = outgoing_handler::handle(request, None).expect("an allowed host");
    pending.subscribe().block();
    let response =
        pending.get().expect("an answer").expect("one answer").expect("no broken connection");
    assert_eq!(response.status(), 200, "the provider's answer");
    let mut text = String::new();
    let body = response.consume().expect("a body");
    {
        let mut stream = body.stream().expect("a stream");
        stream.read_to_string(&mut text).expect("a body in UTF-8");
    }
    drop(IncomingBody::finish(body));
    text
}
