//! Secrets for a shop on one's own machine: made at random once and kept beside its data.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::manifest::Manifest;

/// Secret variables by name.
pub type Secrets = BTreeMap<String, String>;

/// Secrets that are empty by default and that a shop on one's own machine has: its simulator plays
/// the customers' provider.
const OPTIONAL: [&str; 2] = ["customer_jwt_secret", "payment_webhook_secret"];

/// Secrets that may be several keys.
const LISTS: [&str; 6] = [
    "customer_jwt_secret",
    "event_sink_secret",
    "payment_webhook_secret",
    "pii_key",
    "service_token_secret",
    "session_token_secret",
];

/// A value for each secret of the manifest that has none, kept in `file`; those already there stay.
pub fn keep(manifest: &Manifest, file: &Path) -> Result<Secrets> {
    let mut secrets = if file.exists() { load(file)? } else { Secrets::new() };
    for (name, declared) in &manifest.variables {
        let wanted = declared.secret && (declared.required || OPTIONAL.contains(&name.as_str()));
        if wanted && !secrets.contains_key(name) {
            secrets.insert(name.clone(), make(name)?);
        }
    }
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let text = format!(
        "# Made by till for this machine only. Not in git.\n{}",
        toml::to_string(&secrets)?
    );
    write_private(file, &text).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(secrets)
}

/// Has every key that is a list be in the middle of a rotation: a new one before the old (SEC-5).
pub fn rotate(secrets: &mut Secrets) -> Result<()> {
    for name in LISTS {
        if let Some(old) = secrets.get_mut(name) {
            *old = format!("{} {old}", make(name)?);
        }
    }
    Ok(())
}

/// The first of a list of keys: the one that signs.
pub fn first(list: &str) -> &str {
    list.split([',', ' ', '\n']).find(|key| !key.is_empty()).unwrap_or_default()
}

/// Reads kept secrets.
pub fn load(file: &Path) -> Result<Secrets> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    toml::from_str(&text).with_context(|| format!("in {}", file.display()))
}

/// A random value in the form its reader wants.
fn make(name: &str) -> Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    Ok(match name {
        "pii_key" => STANDARD.encode(bytes),
        _ if name.starts_with("event_sink") || name.ends_with("webhook_secret") => {
            format!("whsec_{}", STANDARD.encode(bytes))
        }
        _ if name.starts_with("payment") => format!("sk_test_{}", URL_SAFE_NO_PAD.encode(bytes)),
        _ => URL_SAFE_NO_PAD.encode(bytes),
    })
}

fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(file)?
        .write_all(text.as_bytes())
}
