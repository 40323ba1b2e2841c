//! From a request to who asks. A credential is either absent, or valid, or refused: a bad one never
//! counts as nobody.

use crate::{Caller, Problem, Request};
use callers::{Takes, invalid, of_token};
use ports::Ports;

/// The caller of `request`, by `Authorization: Bearer`, among those whose tokens are taken.
///
/// # Errors
/// `credential_invalid` for anything in that header that does not verify.
pub fn caller(ports: &Ports<'_>, takes: Takes, request: &Request) -> Result<Caller, Problem> {
    match bearer(request)? {
        Some(token) => of_token(ports, takes, token),
        None => Ok(Caller::Nobody),
    }
}

/// The token of `Authorization: Bearer`, whatever it is.
///
/// # Errors
/// `credential_invalid` for two of that header, or another scheme.
pub fn bearer(request: &Request) -> Result<Option<&str>, Problem> {
    let value = match request.single("authorization") {
        Ok(None) => return Ok(None),
        Ok(Some(value)) => value,
        Err(_) => return Err(invalid("more than one Authorization header")),
    };
    match value.trim().split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(invalid("the scheme must be Bearer")),
    }
}
