//! `cargo till token`: a service token, as another program of the operator would mint it.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::Args;
use jsonwebtoken::{EncodingKey, Header};
use serde::Serialize;

use crate::cli::project::Project;
use crate::cli::secrets;

/// Arguments of `token`.
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// Scopes, separated by spaces: "catalog:write workers:run".
    #[arg(long)]
    scope: String,
    /// Whose token it is.
    #[arg(long, default_value = "ops")]
    sub: String,
    /// How long it lives.
    #[arg(long, default_value_t = 3600)]
    ttl_seconds: u64,
    /// The signing secret; that of `cargo till up` when not given.
    #[arg(long)]
    secret: Option<String>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'static str,
    aud: &'static str,
    sub: &'a str,
    scope: &'a str,
    iat: u64,
    exp: u64,
}

/// Prints the token.
pub fn token(arguments: &TokenArgs) -> Result<()> {
    let secret = match &arguments.secret {
        Some(secret) => secret.clone(),
        None => {
            let file = Project::find()?.state().join("secrets.toml");
            let mut kept = secrets::load(&file).context("there is no shop yet: run `cargo till up`, or give --secret")?;
            kept.remove("service_token_secret").context("the shop has no service_token_secret")?
        }
    };
    println!("{}", mint(&secret, &arguments.sub, &arguments.scope, arguments.ttl_seconds)?);
    Ok(())
}

/// An HS256 token for the shop's services.
pub fn mint(secret: &str, sub: &str, scope: &str, ttl_seconds: u64) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?.as_secs();
    let claims = Claims { iss: "edgetill", aud: "edgetill-service", sub, scope, iat: now, exp: now + ttl_seconds };
    Ok(jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret.as_bytes()))?)
}
