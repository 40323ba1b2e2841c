//! From a request to how its sender wants a change applied: `If-Match`, `Idempotency-Key`, and what
//! the request was.

use crate::{Code, Problem, Request};
use json::Value;
use terms::{Change, KeyedChange, fingerprint};

impl Request {
    /// The change as both headers want it. Its fingerprint is over method, path and body: the same
    /// key with another of these is a mistake of the client's.
    ///
    /// # Errors
    /// A malformed header.
    pub fn change(&self) -> Result<Change, Problem> {
        Ok(self.unversioned_change()?.against(self.if_match()?))
    }

    /// As [`Request::change`], whatever `If-Match` says.
    ///
    /// # Errors
    /// A malformed key.
    pub fn unversioned_change(&self) -> Result<Change, Problem> {
        self.change_counting(None)
    }

    /// As [`Request::unversioned_change`], where this header too, if it is sent, makes the request
    /// what it is.
    pub(crate) fn change_counting(&self, header: Option<&str>) -> Result<Change, Problem> {
        let body = canonical(&String::from_utf8_lossy(self.body()));
        let mut parts = vec![self.method().name(), self.path(), &body];
        parts.extend(header.and_then(|name| self.header(name)).map(str::trim));
        Ok(Change::new(self.idempotency_key()?, fingerprint(&parts)))
    }

    /// As [`Request::unversioned_change`], where the key must be there.
    ///
    /// # Errors
    /// `idempotency_key_required`; a malformed key.
    pub fn keyed_change(&self) -> Result<KeyedChange, Problem> {
        self.keyed_counting(None)
    }

    pub(crate) fn keyed_counting(&self, header: Option<&str>) -> Result<KeyedChange, Problem> {
        self.change_counting(header)?.keyed().ok_or_else(|| {
            let why = "send the header Idempotency-Key: without one a request that is sent twice \
                       would be done twice";
            Problem::new(Code::IdempotencyKeyRequired).field("idempotency-key").detail(why)
        })
    }
}

/// JSON without its white space and in one order of keys, so that a client that formats anew still
/// replays.
fn canonical(body: &str) -> String {
    json::read::<Value>(body.as_bytes())
        .map_or_else(|_| body.to_owned(), |value| json::text(&value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Method;

    // SEC-2, CHK-4
    #[test]
    fn a_change_of_money_or_stock_needs_a_key_and_says_so() {
        let request = || Request::new(Method::Post, "/api/v1/orders").with_body("{}");
        let refused = request().keyed_change().unwrap_err();
        assert_eq!((refused.code(), refused.code().status()), (Code::IdempotencyKeyRequired, 400));
        let malformed = request().with_header("Idempotency-Key", "a b").keyed_change().unwrap_err();
        assert_eq!(malformed.code(), Code::InvalidIdempotencyKey);
        let keyed = request().with_header("Idempotency-Key", "\"a\"").keyed_change().unwrap();
        assert_eq!((keyed.key(), keyed.kept_key("o")), ("a", Some(fingerprint(&["o", "a"]))));
    }

    // CHK-1, CHK-4
    #[test]
    fn a_header_that_is_read_is_part_of_what_a_request_was() {
        let request = Request::new(Method::Post, "/api/v1/checkout").with_body("{}");
        let of = |request: &Request, header| {
            request.change_counting(header).unwrap().fingerprint().to_owned()
        };
        let counted = Some("x-warehouse-id");
        let plain = of(&request, None);
        assert_eq!(of(&request, counted), plain, "what is not sent changes nothing");
        let sent = |value: &str| request.clone().with_header("X-Warehouse-ID", value);
        assert_eq!(of(&sent("wh-a"), None), plain, "what is not read neither");
        assert_ne!(of(&sent("wh-a"), counted), plain);
        assert_eq!(of(&sent(" wh-a "), counted), of(&sent("wh-a"), counted));
        assert_ne!(of(&sent("wh-b"), counted), of(&sent("wh-a"), counted));
    }
}
