//! `cargo till token`: a service token, as another program of the operator would mint it.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use hmac::{Hmac, Mac};
use serde::Serialize;
use sha2::Sha256;

use crate::project::Project;
use crate::secrets;
use crate::shop::{CUSTOMER_AUDIENCE, CUSTOMER_ISSUER};

/// Arguments of `token`.
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// Scopes, separated by spaces: "catalog:write workers:run".
    #[arg(
        long,
        required_unless_present = "customer",
        default_value = "",
        hide_default_value = true
    )]
    scope: String,
    /// A customer's token instead, as the identity provider of that shop would sign it: good for
    /// `POST /api/v1/session`.
    #[arg(long, value_name = "ID", conflicts_with_all = ["scope", "sub"])]
    customer: Option<String>,
    /// Whose token it is.
    #[arg(long, default_value = "ops")]
    sub: String,
    /// How long it lives.
    #[arg(long, default_value_t = 3600)]
    ttl_seconds: u64,
    /// Read the signing secret from standard input, and not that of `cargo till up`. It may stand
    /// in EDGETILL_SECRET too; never on the command line, which others can see and the shell
    /// remembers.
    #[arg(long)]
    secret_from_stdin: bool,
}

/// Where the signing secret of another shop may stand.
const SECRET: &str = "EDGETILL_SECRET";

/// The header of every token.
const HEADER: &str = r#"{"typ":"JWT","alg":"HS256"}"#;

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'static str,
    aud: &'static str,
    sub: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    scope: &'a str,
    iat: u64,
    exp: u64,
}

/// Prints the token.
pub fn token(arguments: &TokenArgs) -> Result<()> {
    let key =
        if arguments.customer.is_some() { "customer_jwt_secret" } else { "service_token_secret" };
    let given = match arguments.secret_from_stdin {
        true => {
            Some(std::io::read_to_string(std::io::stdin()).context("the secret cannot be read")?)
        }
        false => std::env::var(SECRET).ok(),
    };
    let secret = match given {
        Some(secret) => secret.trim().to_owned(),
        None => {
            let file = Project::find()?.state().join("secrets.toml");
            let mut kept = secrets::load(&file).context(
                "there is no shop yet: run `cargo till up`, or give --secret-from-stdin",
            )?;
            kept.remove(key).with_context(|| format!("the shop has no {key}"))?
        }
    };
    let signs = secrets::first(&secret);
    let token = match &arguments.customer {
        Some(id) => mint_customer(signs, id, arguments.ttl_seconds)?,
        None => mint(signs, &arguments.sub, &arguments.scope, arguments.ttl_seconds)?,
    };
    println!("{token}");
    Ok(())
}

/// An HS256 token for the shop's services.
pub fn mint(secret: &str, sub: &str, scope: &str, ttl_seconds: u64) -> Result<String> {
    sign(secret, ttl_seconds, "edgetill", "edgetill-service", sub, scope)
}

/// A customer's HS256 token, as the identity provider of till's shops would sign it.
pub fn mint_customer(secret: &str, id: &str, ttl_seconds: u64) -> Result<String> {
    sign(secret, ttl_seconds, CUSTOMER_ISSUER, CUSTOMER_AUDIENCE, id, "")
}

fn sign(
    secret: &str,
    ttl_seconds: u64,
    iss: &'static str,
    aud: &'static str,
    sub: &str,
    scope: &str,
) -> Result<String> {
    let now =
        SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?.as_secs();
    let claims = Claims { iss, aud, sub, scope, iat: now, exp: now + ttl_seconds };
    signed(secret, &claims)
}

fn signed(secret: &str, claims: &Claims<'_>) -> Result<String> {
    let said = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(HEADER),
        URL_SAFE_NO_PAD.encode(serde_json::to_string(claims)?)
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    mac.update(said.as_bytes());
    Ok(format!("{said}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Python's `hmac` signs the same.
    #[test]
    fn a_token_is_what_others_sign() {
        let claims = Claims { iss: "i", aud: "a", sub: "s", scope: "", iat: 1, exp: 2 };
        assert_eq!(
            signed("secret", &claims).unwrap(),
            "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJpIiwiYXVkIjoiYSIsInN1YiI6InMiLCJpYXQiOjEsImV4cCI6Mn0.neq2G_aFVBC_m343Hiyf_vZW4yjv7TGTDIj4P-BUYBA"
        );
    }
}
