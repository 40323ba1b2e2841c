//! Customers and the cards that they have saved.

use std::collections::BTreeMap;

use edge::{Problem, Reply, Request};
use ports::Ports;
use serde_json::Value;

use super::{
    Answer, admitted, answered_before, asked, decide, form, limit, numbered, page,
    refused_by_fault, server_error, wait,
};
use crate::{
    faults::{self, Fault, Operation, Subject},
    ledger::{Books, Card, Customer, Kept},
    objects,
};

/// What is said of a customer and only shown again.
const SAID: [&str; 4] = ["description", "email", "name", "phone"];

/// `POST /v1/customers`.
///
/// # Errors
/// When the simulator itself fails; likewise below.
pub async fn create(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    changed(ports, request, &SAID, |_, form, (new_id, now_s)| {
        let said =
            SAID.iter().filter_map(|name| Some(((*name).to_owned(), form.get(*name)?.clone())));
        let customer = Customer {
            id: format!("cus_{new_id}"),
            created: now_s,
            metadata: decide::metadata(form),
            said: said.collect(),
            deleted: false,
        };
        Ok((200, objects::customer(&customer), Some((Some(customer), None))))
    })
}

/// `GET /v1/customers/:customer_id`: also of one that was deleted.
///
/// # Errors
/// As [`create`].
pub async fn retrieve(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    asked(ports, request, &[], |books, _, _| {
        let customer_id = request.param("customer_id");
        Ok(match books.customer(customer_id)? {
            Some(customer) => Answer::json(200, &objects::customer(&customer)),
            None => Answer::missing(404, "customer", "id", customer_id),
        })
    })
}

/// `DELETE /v1/customers/:customer_id`: with all that they have saved.
///
/// # Errors
/// As [`create`].
pub async fn delete(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let customer_id = request.param("customer_id");
    changed(ports, request, &[], |books, _, _| {
        Ok(match live(books, customer_id)? {
            Some(customer) => {
                let deleted = Customer {
                    metadata: BTreeMap::new(),
                    said: BTreeMap::new(),
                    deleted: true,
                    ..customer
                };
                (200, objects::customer(&deleted), Some((Some(deleted), None)))
            }
            None => refused(Answer::missing(404, "customer", "id", customer_id)),
        })
    })
}

/// `GET /v1/customers/:customer_id/payment_methods?type=&limit=&starting_after=`: the newest first.
///
/// # Errors
/// As [`create`].
pub async fn list_cards(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    asked(ports, request, &["type", "limit", "starting_after"], |books, _, parameters| {
        let Some(limit) = limit(parameters) else { return Ok(Answer::invalid_limit()) };
        let customer_id = request.param("customer_id");
        if live(books, customer_id)?.is_none() {
            return Ok(Answer::missing(404, "customer", "customer", customer_id));
        }
        let after = parameters.get("starting_after").map(String::as_str);
        let is_of_cards = parameters.get("type").is_none_or(|of| of == "card");
        let cards = books.cards(customer_id, after, limit.saturating_add(1))?;
        let shown = cards.iter().filter(|_| is_of_cards).map(objects::card).collect();
        Ok(page(&format!("/v1/customers/{customer_id}/payment_methods"), shown, limit))
    })
}

/// `GET /v1/customers/:customer_id/payment_methods/:card_id`.
///
/// # Errors
/// As [`create`].
pub async fn retrieve_card_of(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    asked(ports, request, &[], |books, _, _| {
        let (customer_id, card_id) = (request.param("customer_id"), request.param("card_id"));
        if live(books, customer_id)?.is_none() {
            return Ok(Answer::missing(404, "customer", "customer", customer_id));
        }
        let card = books.card(card_id)?;
        Ok(match card.filter(|card| card.customer.as_deref() == Some(customer_id)) {
            Some(card) => Answer::json(200, &objects::card(&card)),
            None => Answer::missing(404, "PaymentMethod", "payment_method", card_id),
        })
    })
}

/// `GET /v1/payment_methods/:card_id`.
///
/// # Errors
/// As [`create`].
pub async fn retrieve_card(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    asked(ports, request, &[], |books, _, _| {
        let card_id = request.param("card_id");
        Ok(match books.card(card_id)? {
            Some(card) => Answer::json(200, &objects::card(&card)),
            None => Answer::missing(404, "PaymentMethod", "payment_method", card_id),
        })
    })
}

/// `POST /v1/payment_methods/:card_id/attach {customer}`: of a token of the tests' a card is made.
///
/// # Errors
/// As [`create`].
pub async fn attach(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let card_id = request.param("card_id");
    changed(ports, request, &["customer"], |books, form, (new_id, now_s)| {
        let Some(customer_id) = form.get("customer") else {
            return Ok(refused(Answer::required("customer")));
        };
        if live(books, customer_id)?.is_none() {
            return Ok(refused(Answer::missing(400, "customer", "customer", customer_id)));
        }
        let of = |customer: &Option<String>| customer.as_ref() == Some(customer_id);
        let card = match books.card(card_id)? {
            Some(card) if of(&card.customer) => card,
            Some(Card { customer: Some(_), .. }) => {
                let message = "The payment method you provided has already been attached to a \
                               customer.";
                return Ok(refused(Answer::invalid("payment_method", message)));
            }
            Some(Card { customer: None, .. }) => {
                return Ok(refused(Answer::invalid("payment_method", decide::USED)));
            }
            None if decide::is_card(card_id) => Card {
                id: decide::card_id(&new_id),
                customer: Some(customer_id.clone()),
                token: card_id.to_owned(),
                created: now_s,
            },
            None => {
                let missing = Answer::missing(404, "PaymentMethod", "payment_method", card_id);
                return Ok(refused(missing));
            }
        };
        Ok((200, objects::card(&card), Some((None, Some(card)))))
    })
}

/// `POST /v1/payment_methods/:card_id/detach`.
///
/// # Errors
/// As [`create`].
pub async fn detach(ports: &Ports<'_>, request: &Request) -> Result<Reply, Problem> {
    let card_id = request.param("card_id");
    changed(ports, request, &[], |books, _, _| {
        Ok(match books.card(card_id)? {
            Some(card) if card.customer.is_some() => {
                let card = Card { customer: None, ..card };
                (200, objects::card(&card), Some((None, Some(card))))
            }
            Some(_) => {
                let message = "The payment method you provided is not attached to a customer so \
                               detachment is impossible.";
                refused(Answer::invalid("payment_method", message))
            }
            None => refused(Answer::missing(404, "PaymentMethod", "payment_method", card_id)),
        })
    })
}

/// A customer that was not deleted.
fn live(books: &Books<'_>, customer_id: &str) -> Result<Option<Customer>, Problem> {
    Ok(books.customer(customer_id)?.filter(|customer| !customer.deleted))
}

/// An answer, and what it changes: a customer, a card.
type Decided = (u16, Value, Option<(Option<Customer>, Option<Card>)>);

fn refused(answer: Answer) -> Decided {
    (answer.status, serde_json::from_str(&answer.body).unwrap_or_default(), None)
}

/// The one way of every call that changes something of a customer.
fn changed(
    ports: &Ports<'_>,
    request: &Request,
    known: &[&str],
    decide: impl Fn(&Books<'_>, &BTreeMap<String, String>, (String, i64)) -> Result<Decided, Problem>,
) -> Result<Reply, Problem> {
    let books = Books::open(ports)?;
    let now = match admitted(ports, &books, request)? {
        Ok(now) => now,
        Err(refused) => return Ok(refused),
    };
    let form = form(request);
    let takes_metadata = request.path() == "/v1/customers";
    let is_known = |name: &str| {
        known.contains(&name)
            || takes_metadata && name.starts_with("metadata[") && name.ends_with(']')
    };
    if let Some(name) = form.keys().find(|name| !is_known(name)) {
        return Ok(numbered(ports, Answer::unknown_parameter(name).reply()));
    }
    let key = request.header("idempotency-key");
    let fault = match faults::pick(&books, Operation::Customer, Subject::default(), request.path())?
    {
        Some(fault) => Some(fault),
        None => now.by_chance(&books, Operation::Customer)?,
    };
    let is_lost = fault == Some(Fault::LostAnswer);
    match &fault {
        Some(Fault::Status(status)) => return Ok(refused_by_fault(*status)),
        Some(Fault::Slow(ms)) => wait(*ms),
        Some(_) | None => {}
    }
    if let Some(reply) = answered_before(ports, &books, request, &form, (&now, is_lost))? {
        return Ok(reply);
    }
    let new_id = ports.random.id().replace('-', "");
    let (status, body, change) = match &fault {
        Some(Fault::ServerError { processed: false }) => (500, Value::Null, None),
        Some(_) | None => decide(&books, &form, (new_id, now.now_ms.div_euclid(1_000)))?,
    };
    let answer = match &fault {
        Some(Fault::ServerError { .. }) => server_error(),
        Some(_) | None => Answer::json(status, &body),
    };
    match (change, key) {
        // Refused before it began: the key stays free.
        (None, Some(key)) if status < 500 => books.release(key)?,
        (change, idempotency_key) => {
            let (customer, card) = change.unwrap_or_default();
            books.keep(&Kept {
                customer,
                card,
                idempotency_key,
                status: answer.status,
                body: &answer.body,
            })?;
        }
    }
    if let Some(Fault::Late(ms)) = &fault {
        wait(*ms);
    }
    Ok(numbered(ports, if is_lost { Reply::empty(500) } else { answer.reply() }))
}
